"""A year of a city as ingest and processors leave it, made in the database within seconds: for boards and pages.

Not measured and not computed: numbers that look right, made by SQL. `NOW` is the moment at which it stands; nothing is
younger. `seed(connection)` fills a migrated database with Fjordvik (about 100 datastreams; `times=10` makes ten times
the roads, buildings and households) and a small second city, Nabo, that nobody asked for.

Troubles it holds: a silent and a late sensor, an outage of six hours two days ago, a day that is insufficient, refused
messages for three reasons, one of no known city, a pending device, empty batteries, queues that wait.
"""

# ruff: noqa: E501 - an indicator, a trouble is one line

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime

from psycopg.types.json import Jsonb

NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
CITY, OTHER = "fjordvik", "nabo"

# kind, how many, properties; `*` after the count: multiplied.
_SITES = (
    ("traffic", 4, "", ("pm10", "pm25", "no2", "sound_level_laeq")),
    ("background", 2, "", ("pm10", "pm25", "no2", "o3")),
    ("industrial", 1, "", ("pm10", "pm25", "no2")),
    ("road", 8, "*", ("vehicle_count", "vehicle_speed_mean")),
    ("building", 8, "*", ("active_energy_import", "active_power", "heat_energy", "battery_level")),
    ("household", 5, "*", ("active_energy_import",)),
    ("weather", 1, "", ("air_temperature", "relative_humidity", "wind_speed", "wind_direction", "precipitation")),
)  # fmt: skip

# property: value of an hour (a mean) over h (hour of the day, UTC) and n (number of the site); then per 5 minutes how many.
_PROPERTIES = {
    "pm10": ("18 + 9*sin((h-8)*0.52) + 4*n", 1),
    "pm25": ("8 + 4*sin((h-8)*0.52) + n", 1),
    "no2": ("22 + 15*sin((h-8)*0.52) + 2*n", 1),
    "o3": ("48 - 12*sin((h-8)*0.52)", 1),
    "sound_level_laeq": ("58 + 7*sin((h-9)*0.26) + n", 5),
    "vehicle_count": ("400 + 350*sin((h-9)*0.26) + 20*n", 1),
    "vehicle_speed_mean": ("46 - 8*sin((h-9)*0.26)", 1),
    "active_energy_import": ("30 + 20*sin((h-9)*0.26) + 3*n", 1),
    "active_power": ("30000 + 20000*sin((h-9)*0.26) + 3000*n", 5),
    "heat_energy": ("20 + 5*cos((h-5)*0.26) + 2*n", 1),
    "battery_level": ("70 - 6*n", 1),
    "air_temperature": ("1 + 4*sin((h-9)*0.26)", 1),
    "relative_humidity": ("80 - 15*sin((h-9)*0.26)", 1),
    "wind_speed": ("3 + sin(h)", 1),
    "wind_direction": ("200 + 10*sin(h)", 1),
    "precipitation": ("greatest(0, sin(h*1.3)-0.6)", 1),
}

_AIR, _ROAD, _NOISE, _BUILDING = "{traffic,background,industrial}", "{road}", "{traffic}", "{building}"
_LIMITED = """jsonb_build_object('limit', 50, 'allowed', 25)"""
_PROFILE = """jsonb_build_object('hours', (SELECT jsonb_agg(round(300 + 260*sin((i-9)*0.26)::numeric + 10*n)) FROM generate_series(0,23) i),
    'n', (SELECT jsonb_agg(15) FROM generate_series(0,23)), 'days', 15)"""
_CLASSES = "(ARRAY['Good','Fair','Moderate','Poor','Very poor','Extremely poor'])[v::int]"

# KPI: unit, kinds of sites, calendar, periods, value over h, n (0 for a scope) and d (day of the year), band, detail.
# fmt: off
_KPIS = (
    ("air.eaqi", "class", _AIR, "air", "PT1H", "1 + ((h / 6 + n) % 4)", _CLASSES,
     "jsonb_build_object('pollutants', jsonb_build_object('PM10', v), 'decided_by', jsonb_build_array('PM10'), 'complete', true)"),
    ("air.pm10.mean", "ug/m3", _AIR, "air", "PT1H P1D P1M P1Y", "18 + 9*sin((h-8)*0.52) + 4*n + 25*((d % 9)=0)::int", "NULL", "NULL"),
    ("air.pm25.mean", "ug/m3", _AIR, "air", "PT1H P1D P1M P1Y", "8 + 4*sin((h-8)*0.52) + n", "NULL", "NULL"),
    ("air.no2.mean", "ug/m3", _AIR, "air", "PT1H P1D P1M P1Y", "22 + 15*sin((h-8)*0.52) + 2*n", "NULL", "NULL"),
    ("air.o3.mean", "ug/m3", "{background}", "air", "PT1H P1D P1M P1Y", "48 - 12*sin((h-8)*0.52)", "NULL", "NULL"),
    ("air.o3.max_8h", "ug/m3", "{background}", "air", "P1D", "62 + n", "NULL", "NULL"),
    ("air.pm10.exceedance_days.national", "days", _AIR, "air", "P1D P1M P1Y", "CASE p WHEN 'P1D' THEN ((d % 9)=0)::int ELSE 14 END", "CASE p WHEN 'P1D' THEN NULL ELSE 'open' END", _LIMITED),
    ("air.pm10.exceedance_days.eu2008", "days", _AIR, "air", "P1D P1M P1Y", "CASE p WHEN 'P1D' THEN ((d % 9)=0)::int ELSE 14 END", "CASE p WHEN 'P1D' THEN NULL ELSE 'open' END", _LIMITED),
    ("air.pm10.exceedance_days.eu2030", "days", _AIR, "air", "P1D P1M P1Y", "CASE p WHEN 'P1D' THEN ((d % 9)=0)::int ELSE 19 END", "CASE p WHEN 'P1D' THEN NULL ELSE 'above' END", _LIMITED),
    ("air.pm25.exceedance_days.eu2030", "days", _AIR, "air", "P1D P1M P1Y", "CASE p WHEN 'P1D' THEN 0 ELSE 4 END", "CASE p WHEN 'P1D' THEN NULL ELSE 'open' END", _LIMITED),
    ("air.no2.exceedance_days.eu2030", "days", _AIR, "air", "P1D P1Y", "CASE p WHEN 'P1D' THEN 0 ELSE 2 END", "CASE p WHEN 'P1D' THEN NULL ELSE 'open' END", _LIMITED),
    ("air.no2.exceedance_hours.national", "hours", _AIR, "air", "P1D P1Y", "CASE p WHEN 'P1D' THEN 0 ELSE 1 END", "CASE p WHEN 'P1D' THEN NULL ELSE 'open' END", _LIMITED),
    ("air.o3.exceedance_days.eu2008", "days", "{background}", "air", "P1D P1Y", "0", "NULL", _LIMITED),
    ("air.pm10.data_capture", "%", _AIR, "air", "P1M P1Y", "97 - 4*n", "'enough'", "NULL"),
    ("air.pm25.data_capture", "%", _AIR, "air", "P1M P1Y", "95 - 2*n", "'enough'", "NULL"),
    ("air.no2.data_capture", "%", _AIR, "air", "P1M P1Y", "92 - 3*n", "'enough'", "NULL"),
    ("traffic.volume", "{vehicle}", _ROAD, "civil", "PT1H P1D P1M P1Y", "(400 + 350*sin((h-9)*0.26) + 20*n) * CASE p WHEN 'PT1H' THEN 1 ELSE 24 END", "NULL", "NULL"),
    ("traffic.volume.against_normal", "%", _ROAD, "civil", "P1D", "12 - 3*n + (d % 5)", "NULL", "jsonb_build_object('volume', 9600 + 300*n, 'normal', 8900 + 300*n, 'weeks', 4)"),
    ("traffic.volume.mean_daily", "{vehicle}", _ROAD, "civil", "P1M P1Y", "9600 + 500*n", "NULL", "NULL"),
    ("traffic.volume.weekday_profile", "{vehicle}", _ROAD, "civil", "P1M P1Y", "9600 + 500*n", "NULL", _PROFILE),
    ("traffic.volume.weekend_profile", "{vehicle}", _ROAD, "civil", "P1M P1Y", "6100 + 500*n", "NULL", _PROFILE),
    ("traffic.travel_time_index", "1", _ROAD, "civil", "PT1H P1D", "1.05 + 0.2*greatest(0, sin((h-9)*0.52))", "NULL", "jsonb_build_object('speed', 43.5, 'free_flow_speed', 50)"),
    ("traffic.peak_hour_factor", "1", _ROAD, "civil", "P1D", "0.86", "NULL", "NULL"),
    ("noise.laeq", "dB[A]", _NOISE, "civil", "PT1H P1D P1M", "58 + 7*sin((h-9)*0.26) + n", "NULL", "NULL"),
    ("noise.lden", "dB[A]", _NOISE, "civil", "P1D P1M P1Y", "56 + 3*n", "CASE WHEN v >= 65 THEN 'red' WHEN v >= 55 THEN 'yellow' ELSE 'below' END", "jsonb_build_object('day', 57, 'evening', 55, 'night', 49, 'guideline', 53)"),
    ("noise.lnight", "dB[A]", _NOISE, "civil", "P1D P1M P1Y", "47 + 2*n", "CASE WHEN v > 45 THEN 'above' ELSE 'within' END", "jsonb_build_object('limit', 45)"),
    ("energy.electricity.consumption", "kW.h", _BUILDING, "civil", "P1D P1M P1Y", "720 + 70*n", "NULL", "NULL"),
    ("energy.electricity.peak", "kW", _BUILDING, "civil", "P1D P1M P1Y", "52 + 4*n", "NULL", "NULL"),
    ("energy.electricity.load_factor", "1", _BUILDING, "civil", "P1D P1M P1Y", "0.58", "NULL", "NULL"),
    ("energy.electricity.per_m2", "kW.h/m2", _BUILDING, "civil", "P1D P1M P1Y", "0.3 + 0.02*n", "NULL", "NULL"),
    ("energy.electricity.against_normal", "%", _BUILDING, "civil", "P1D", "3 + (d % 7) - n", "NULL", "jsonb_build_object('volume', 720, 'normal', 699, 'weeks', 4)"),
    ("energy.heat.consumption", "kW.h", _BUILDING, "civil", "P1D P1M P1Y", "480 + 50*n + 10*(d % 11)", "NULL", "NULL"),
    ("energy.heat.per_m2", "kW.h/m2", _BUILDING, "civil", "P1D P1M P1Y", "0.2 + 0.01*n", "NULL", "NULL"),
    ("energy.heat.degree_day_corrected", "kW.h", _BUILDING, "civil", "P1M P1Y", "14000 + 1000*n", "NULL", "NULL"),
    ("energy.degree_days", "K.d", "{weather}", "civil", "P1D P1M P1Y", "15 + (d % 6)", "NULL", "NULL"),
    ("weather.temperature.mean", "Cel", "{weather}", "civil", "P1D P1M P1Y", "2", "NULL", "NULL"),
    ("weather.temperature.min", "Cel", "{weather}", "civil", "P1D P1M P1Y", "-3", "NULL", "NULL"),
    ("weather.temperature.max", "Cel", "{weather}", "civil", "P1D P1M P1Y", "5", "NULL", "NULL"),
    ("weather.precipitation.sum", "mm", "{weather}", "civil", "P1D P1M P1Y", "d % 4", "NULL", "NULL"),
    ("weather.wind.mean", "m/s", "{weather}", "civil", "P1D P1M P1Y", "3.2", "NULL", "NULL"),
    ("weather.wind.direction", "deg", "{weather}", "civil", "P1D P1M P1Y", "210", "NULL", "jsonb_build_object('steadiness', 0.8)"),
    ("sensors.silent", "datastreams", "{traffic,road,building}", "civil", "P1D", "(n % 5 = 0)::int", "NULL", "NULL"),
)
# fmt: on
_JUDGED_BY = {
    "national": {"standard": "norway_legal_limits", "standard_status": "unverified"},
    "eu2008": {"standard": "eu_2008_50"},
    "eu2030": {"standard": "eu_2024_2881"},
    "lden": {"standard": "norway_t1442", "standard_status": "unverified"},
}
_HOURS = """SELECT 'PT1H' AS p, t AS start, t + interval '1 hour' AS ends FROM generate_series(
    date_trunc('hour', %(now)s::timestamptz) - interval '30 days', %(now)s::timestamptz, '1 hour') t WHERE 'PT1H' = ANY(%(periods)s)"""
_DAYS = """SELECT w.p, (t AT TIME ZONE %(zone)s), ((t + w.long) AT TIME ZONE %(zone)s)
    FROM (VALUES ('P1D', interval '1 day', interval '365 days', 'day'), ('P1M', '1 month', '12 months', 'month'),
                 ('P1Y', '1 year', '1 year', 'year')) w (p, long, back, unit)
    CROSS JOIN LATERAL generate_series(date_trunc(w.unit, (%(now)s::timestamptz - w.back) AT TIME ZONE %(zone)s),
                                       %(now)s::timestamptz AT TIME ZONE %(zone)s, w.long) t WHERE w.p = ANY(%(periods)s)"""
_EVIDENCE = """jsonb_build_object('sites', 1, 'sites_expected', 1, 'datastreams', 1, 'left_out', '{}'::jsonb, 'hours',
    jsonb_build_object('expected', 24, 'valid', CASE WHEN w.ends > %(now)s THEN 13 ELSE 23 END),
    'class', jsonb_build_array('reference'), 'origin', jsonb_build_array('simulated'), 'version', 'sha256:seeded',
    'window', jsonb_build_array(w.start, w.ends), 'inputs_hash', 'sha256:seeded',
    'inputs', '/v1/kpis/' || %(kpi)s || '/inputs?city=' || s.city)"""


def seed(connection, *, now=NOW, times=1):
    """Fill a migrated, empty database; one transaction. `connection` is the owner's."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # no look-up per row for foreign keys
        _places(connection, CITY, times, now)
        _places(connection, OTHER, 0, now)
        with _without_indexes(connection, "rollup_1h"), _without_indexes(connection, "kpi_value"):
            _rollups(connection, now)
            for spec in _KPIS:
                _kpi(connection, spec, now)
        _troubles(connection, now)
    connection.commit()
    connection.execute("ANALYZE")
    connection.commit()


@contextmanager
def _without_indexes(connection, table):
    """A million rows go in some times faster when their indexes are made at the end."""
    keys = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'",
        (table,),
    ).fetchall()
    indexes = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass AND NOT indisprimary",
        (table,),
    ).fetchall()
    for name, _ in keys:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    for name, definition in keys:
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _, definition in indexes:
        connection.execute(definition)


def _places(connection, city, times, now):
    connection.execute(
        """INSERT INTO city (slug, name, country, time_zone, national_limits, languages, document)
           VALUES (%s, jsonb_build_object('en', initcap(%s), 'nb', initcap(%s)), 'NO', 'Europe/Oslo', 'norway_legal_limits',
                   '{nb,en}', '{}')""",
        (city, city, city),
    )
    for number, area in enumerate(("sentrum", "nordre", "vestre")):
        connection.execute(
            "INSERT INTO area (city, slug, name, population) VALUES (%s, %s, initcap(%s), %s)",
            (city, area, area, 9000 + 2000 * number),
        )
    for kind, count, more, properties in _SITES:
        wanted = count * (times if more else 1) if times else 1
        connection.execute(
            """INSERT INTO site (city, slug, name, kind, latitude, longitude, area, class, attributes)
               SELECT %(city)s, %(kind)s || '-' || n, initcap(%(kind)s) || ' ' || n, %(kind)s, 61.44 + 0.003 * (n %% 9),
                      5.84 + 0.004 * (n %% 7), (ARRAY['sentrum', 'nordre', 'vestre'])[1 + n %% 3], 'reference',
                      jsonb_build_object('street', 'Gate ' || n, 'floor_area', 2400 + 100 * n, 'free_flow_speed', 50,
                                         'owner', 'municipal')
               FROM generate_series(1, %(count)s) n""",
            {"city": city, "kind": kind, "count": wanted},
        )
        connection.execute(
            """INSERT INTO device (city, external_id, site, status, origin, first_seen, last_seen, battery)
               SELECT city, 'dev-' || slug, slug, 'active', 'simulated', %(now)s::timestamptz - interval '1 year',
                      %(now)s::timestamptz - interval '1 minute', 70 - row_number() OVER () * 6
               FROM site WHERE city = %(city)s AND kind = %(kind)s""",
            {"city": city, "kind": kind, "now": now},
        )
        connection.execute(
            """INSERT INTO datastream (city, device, property, site, interval, class, origin, expected_spacing, first_time,
                                       last_time)
               SELECT d.city, d.id, p, d.site, interval '5 minutes', 'reference', 'simulated', interval '5 minutes',
                      %(now)s::timestamptz - interval '1 year', %(now)s::timestamptz - interval '7 minutes'
               FROM device d JOIN site t ON t.city = d.city AND t.slug = d.site
               CROSS JOIN unnest(%(properties)s::text[]) p WHERE d.city = %(city)s AND t.kind = %(kind)s""",
            {"city": city, "kind": kind, "properties": list(properties), "now": now},
        )


_ROLLUP = """INSERT INTO {table} (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, {expected} sum,
    sum_squares, min, max, first, last, energy_sum, sin_sum, cos_sum, increase)
SELECT s.id, t, e.amount, 0, 0, 0, {values} CASE p.aggregation WHEN 'sum' THEN v ELSE v * e.amount END, v * v * e.amount, v - 1, v + 1, v, v,
       CASE p.aggregation WHEN 'energy_mean' THEN e.amount * power(10, v / 10) END,
       CASE p.aggregation WHEN 'circular_mean' THEN e.amount * sind(v) END,
       CASE p.aggregation WHEN 'circular_mean' THEN e.amount * cosd(v) END,
       CASE p.aggregation WHEN 'counter' THEN v END
FROM datastream s JOIN observed_property p ON p.id = s.property
CROSS JOIN LATERAL (SELECT split_part(s.site, '-', 2)::int AS number) site
CROSS JOIN LATERAL (SELECT {count} AS amount) e
CROSS JOIN generate_series({first}, %(now)s::timestamptz - interval '{step}', interval '{step}') t
CROSS JOIN LATERAL (SELECT extract(hour FROM t)::int AS h, site.number AS n) x
CROSS JOIN LATERAL (SELECT ({formula}) / {parts} AS v) y
WHERE s.property = %(property)s
  AND (s.city = 'fjordvik' OR t > %(now)s::timestamptz - interval '3 days')
  AND NOT t BETWEEN %(now)s::timestamptz - interval '54 hours' AND %(now)s::timestamptz - interval '48 hours'"""


def _rollups(connection, now):
    connection.execute("SELECT bypuls_ensure_partitions(%s::timestamptz - interval '3 days', %s)", (now, now))
    for name, (formula, per_five) in _PROPERTIES.items():
        adds = name in {"vehicle_count", "active_energy_import", "heat_energy", "precipitation"}
        for table, step, first, parts, count in (
            ("rollup_1h", "1 hour", "date_trunc('hour', %(now)s::timestamptz) - interval '1 year'", 1, 12 * per_five),
            ("rollup_5m", "5 minutes", "date_trunc('hour', %(now)s::timestamptz) - interval '3 days'", 12, per_five),
        ):
            hourly = table == "rollup_1h"
            query = _ROLLUP.format(
                table=table, step=step, first=first, count=count, formula=formula, parts=parts if adds else 1,
                expected="expected, buckets," if hourly else "", values=f"{count}, 12," if hourly else "",
            )  # fmt: skip
            connection.execute(query, {"property": name, "now": now})


def _kpi(connection, spec, now):
    kpi, unit, kinds, calendar, periods, *sql = spec
    value, band, detail = (part.replace("%", "%%") for part in sql)
    zone = "Etc/GMT-1" if calendar == "air" else "Europe/Oslo"
    connection.execute(
        f"""INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, status,
                                   quality, reason, coverage, evidence, version, final_at)
            SELECT s.city, %(kpi)s, s.kind, s.scope, w.p, w.start, w.ends,
                   CASE WHEN bad AND NOT running THEN NULL ELSE v END, %(unit)s, {band}, {detail},
                   CASE WHEN w.ends > %(now)s THEN 'provisional' ELSE 'final' END,
                   CASE WHEN bad THEN 'insufficient' ELSE 'ok' END, CASE WHEN bad THEN 'low_coverage' END,
                   CASE WHEN bad THEN 0.5 ELSE 0.97 END, {_EVIDENCE} || %(judged_by)s, 'sha256:seeded', w.ends + interval '6 hours'
            FROM (SELECT city, 'site' AS kind, slug AS scope, split_part(slug, '-', 2)::int AS n FROM site
                  WHERE kind = ANY(%(kinds)s)
                  UNION ALL SELECT city, 'district', slug, 0 FROM area
                  UNION ALL SELECT slug, 'city', slug, 0 FROM city) s
            CROSS JOIN ({_HOURS} UNION ALL {_DAYS}) w (p, start, ends)
            CROSS JOIN LATERAL (
                SELECT extract(hour FROM w.start)::int AS h, extract(doy FROM w.start)::int AS d,
                       w.p = 'P1D' AND w.ends > %(now)s AS running) x
            CROSS JOIN LATERAL (SELECT running OR (w.p = 'P1D' AND d = 300) AS bad) b
            CROSS JOIN LATERAL (SELECT ({value})::double precision AS v) y
            WHERE s.city = 'fjordvik' OR w.ends > %(now)s::timestamptz - interval '3 days'""",
        {
            "kpi": kpi,
            "unit": unit,
            "kinds": kinds,
            "periods": periods.split(),
            "zone": zone,
            "now": now,
            "judged_by": Jsonb(_JUDGED_BY.get(kpi.rpartition(".")[2], {})),
        },
    )
    if kpi in {"air.eaqi", "noise.lden"}:
        connection.execute(
            "UPDATE kpi_value SET detail = detail || '{\"site\": \"traffic-1\"}' WHERE kpi = %s AND scope_kind = 'city'",
            (kpi,),
        )


def _troubles(connection, now):
    parameters = {"now": now, "city": CITY}
    for statement in (
        "UPDATE datastream SET last_time = %(now)s::timestamptz - interval '48 minutes' WHERE city = %(city)s AND site = 'traffic-2'",
        "UPDATE datastream SET last_time = %(now)s::timestamptz - interval '18 minutes' WHERE city = %(city)s AND site = 'road-3'",
        "UPDATE datastream SET last_time = %(now)s::timestamptz - interval '3 days' WHERE city = %(city)s AND site = 'building-2'",
        """INSERT INTO device (city, external_id, status, first_seen, last_seen)
           VALUES (%(city)s, 'stranger-1', 'pending', %(now)s::timestamptz - interval '2 hours', %(now)s)""",
        """INSERT INTO device_event (device, time, kind)
           SELECT id, %(now)s::timestamptz - interval '5 hours', 'offline' FROM device WHERE external_id = 'dev-traffic-2'""",
        """INSERT INTO quarantine (received_at, last_received_at, occurrences, city, source, topic, payload, payload_hash, reason,
                                   detail, hint, refusals, device)
           SELECT %(now)s::timestamptz - n * interval '50 minutes', %(now)s::timestamptz - n * interval '50 minutes', 1 + n %% 3,
                  CASE WHEN n < 30 THEN %(city)s END, 'own', 'bypuls/v1/fjordvik/dev/observations', 'secret raw bytes',
                  sha256(n::text::bytea), (ARRAY['unknown_unit', 'time_unreadable', 'invalid_json'])[1 + n %% 3],
                  'pm10: no unit is written ''ug/cm''', 'send ug/m3', '[]', 'dev-traffic-' || (1 + n %% 4)
           FROM generate_series(0, 40) n""",
        """INSERT INTO changed_bucket (datastream, bucket, queued_at)
           SELECT id, %(now)s, %(now)s::timestamptz - interval '2 seconds' FROM datastream LIMIT 20""",
        """INSERT INTO kpi_due (kpi, city, site, period, start, queued_at, due_at)
           SELECT 'air.eaqi', city, slug, 'PT1H', %(now)s, %(now)s::timestamptz - interval '5 seconds',
                  %(now)s::timestamptz - interval '1 second' FROM site WHERE kind = 'traffic'""",
        """INSERT INTO audit_run (city, night, spans, started_at, finished_at, complete, checked, differences, repaired)
           SELECT %(city)s, (%(now)s::timestamptz - n * interval '1 day')::date, '[]', %(now)s::timestamptz - n * interval '1 day'
                  - interval '12 hours', %(now)s::timestamptz - n * interval '1 day' - interval '11 hours', true,
                  '{"kpi_values": 41250, "not_compared": 12}', CASE n WHEN 1 THEN '{"rollup_1h": 2}'::jsonb ELSE '{}' END,
                  CASE n WHEN 1 THEN 2 ELSE 0 END FROM generate_series(0, 2) n""",
    ):  # fmt: skip
        connection.execute(statement, parameters)
