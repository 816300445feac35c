"""A year computed again writes out what differs and nothing else, and finds whatever somebody changed by hand."""

from datetime import timedelta

import pytest

from processors.calculation import Catalogue
from processors.columns import Columns
from processors.recomputation import Year, recompute
from processors.schedule import sync_definitions
from tests.integration.processing import utc

pytestmark = pytest.mark.lane("plain")

KPIS = (
    "air.pm10.mean",
    "air.pm10.running_24h",
    "air.pm10.mean.rolling_year",
    "air.eaqi",
    "noise.lden",
    "traffic.volume",
)
SITES = (("a", "traffic", "pm10"), ("b", "road", "sound_level_laeq"), ("c", "road", "vehicle_count"))
START, NOW = utc(2024, 4, 30, 22), utc(2024, 9, 1)
HOURS = 60
ROWS = "city, kpi, scope_kind, scope, period, start"


@pytest.fixture
def computed(town, catalogue):
    """Two and a half days of three sites in a district, their values computed once."""
    sync_definitions(town.connection, catalogue)
    town.area("sentrum")
    town.connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (START, START + timedelta(hours=HOURS)))
    streams = [town.datastream(town.site(site, kind, "sentrum"), name) for site, kind, name in SITES]
    streams += [town.datastream("c", "pm10"), town.datastream("a", "no2")]
    town.connection.execute(
        """INSERT INTO rollup_1h (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, expected, buckets,
                                  sum, sum_squares, min, max, first, first_time, last, last_time, energy_sum,
                                  computed_at)
           SELECT d, b, 1, 0, 0, 0, 1, 1, v, v * v, v, v, v, b, v, b, power(10, v / 10), b
           FROM unnest(%s::integer[]) d, generate_series(%s, %s, interval '1 hour') b
           CROSS JOIN LATERAL (SELECT 20 + d + extract(hour FROM b)::float8 AS v) x""",
        (streams, START, START + timedelta(hours=HOURS - 1)),
    )
    town.connection.execute(
        "UPDATE datastream SET first_time = %s, last_time = %s", (START, START + timedelta(hours=HOURS))
    )
    assert again(town).written > 300
    return town


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def again(town):
    return recompute(town.url, Year(town.slug, 2024, ("PT1H", "P1D", "P1M", "P1Y")), NOW, workers=1, kpis=KPIS)


def stand(town):
    return dict(town.all(f"SELECT ({ROWS})::text, (kpi_value.*)::text FROM kpi_value"))


def differing(one, other):
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def test_what_stands_is_not_written_out_again(computed, monkeypatch):
    before, made, values = stand(computed), [], Columns.values
    monkeypatch.setattr(Columns, "values", lambda self, rows: made.append(len(rows)) or values(self, rows))
    done = again(computed)
    assert (done.values, done.written, sum(made)) == (len(before), 0, 0)
    assert stand(computed) == before


def test_every_row_is_marked_and_a_row_without_a_mark_gets_it_again_and_nothing_else(computed):
    before = stand(computed)
    assert computed.one("SELECT count(*) FROM kpi_value WHERE content IS NULL") == 0
    computed.connection.execute("UPDATE kpi_value SET content = NULL")
    assert again(computed).written == 0
    assert stand(computed) == before


def test_one_changed_hour_changes_what_comparing_everything_would_change(computed):
    before = stand(computed)
    hour = START + timedelta(hours=30)
    computed.connection.execute(
        """UPDATE rollup_1h SET sum = sum + 7, min = min + 7, max = max + 7, last = last + 7
           WHERE bucket = %s AND datastream IN (SELECT id FROM datastream WHERE site = 'a' AND property = 'pm10')""",
        (hour,),
    )
    done = again(computed)
    after = stand(computed)
    assert done.written == len(differing(before, after)) > 0
    # The site's hours, day, month, year and running means, and those of its district and city.
    assert not [key for key in differing(before, after) if "noise" in key or "volume" in key or ",c," in key]
    computed.connection.execute("UPDATE kpi_value SET content = NULL")
    assert again(computed).written == 0, "nothing that should have changed was left"


CHANGES = (
    "value = value + 1",
    "quality = 'insufficient', reason = 'low_coverage'",
    "band = 'else'",
    "status = 'provisional'",
    "evidence = evidence || '{\"hours\": {}}'",
    'detail = \'{"site": "z"}\'',
    "coverage = 0.5",
)


@pytest.mark.parametrize("guarded", [True, False])
def test_what_somebody_changed_by_hand_is_found(computed, guarded):
    changes = CHANGES
    if not guarded:  # value, quality, band and status are compared whatever the mark says
        computed.connection.execute("ALTER TABLE kpi_value DISABLE TRIGGER kpi_value_says_else")
        changes = CHANGES[:4]
    said = "value, band, detail, quality, reason, coverage, evidence, version, content"
    right = dict(computed.all(f"SELECT ({ROWS})::text, ({said})::text FROM kpi_value"))
    for hour, change in enumerate(changes):
        done = computed.connection.execute(
            f"""UPDATE kpi_value SET {change}
                WHERE kpi = 'air.pm10.mean' AND period = 'PT1H' AND scope <> 'c' AND start = %s""",
            (START + timedelta(hours=3 + hour),),
        )
        assert done.rowcount == 3  # site, district, city
    assert again(computed).written == 3 * len(changes)
    assert dict(computed.all(f"SELECT ({ROWS})::text, ({said})::text FROM kpi_value")) == right
