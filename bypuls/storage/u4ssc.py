"""Reads what is known of a city's U4SSC year and has it judged; sets what it is scored against."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from bypuls.errors import NotFound, SettingsError
from bypuls.storage.cities import require_city
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from bypuls.u4ssc.assessment import Assessment, Benchmark, Fact
from bypuls.u4ssc.benchmarks import BenchmarkSetting
from bypuls.u4ssc.candidates import CityYear, KpiYear, Stated
from bypuls.u4ssc.catalogue import U4sscCatalogue, load_catalogue
from bypuls.u4ssc.judging import judge

_SQL = queries("bypuls.storage.sql", "u4ssc.sql")


def assess(
    connection: Connection,
    city: str,
    year: int,
    catalogue: U4sscCatalogue | None = None,
    *,
    as_of: datetime | None = None,
) -> Assessment:
    """The assessment of a city's year: every KPI and data point of U4SSC, whatever is known of it.

    Reads our KPI values of the whole city, what is reported and read from registers, facts and benchmarks; all in one
    transaction where the caller has one open. With `as_of` each as it stood then, judged by the catalogue of today.

    Raises:
        NotFound: no such city.
    """
    whole = catalogue or load_catalogue()
    return judge(whole, city_year(connection, whole, city, year, as_of=as_of))


def city_year(
    connection: Connection, catalogue: U4sscCatalogue, city: str, year: int, *, as_of: datetime | None = None
) -> CityYear:
    """What is known of a city's year, or was at a time.

    Raises:
        NotFound: no such city.
    """
    asked = {"city": city, "year": year, "kpis": _kpis_of(catalogue), "as_of": as_of}
    with translated():
        require_city(connection, city)
        with connection.cursor(row_factory=dict_row) as cursor:
            facts = [Fact(**row) for row in cursor.execute(_SQL["facts"], asked)]
            measured = [KpiYear(**row) for row in cursor.execute(_SQL["measured"], asked)]
            stated = [Stated(**row) for row in cursor.execute(_SQL["stated"], asked)]
            before = [Stated(**row) for row in cursor.execute(_SQL["stated"], asked | {"year": year - 1})]
        marks = connection.execute(_SQL["benchmarks"], asked).fetchall()
    return CityYear(
        city=city,
        year=year,
        facts={fact.name: fact for fact in facts},
        measured={row.kpi: row for row in measured},
        stated=stated,
        last_year=before,
        benchmarks={
            (code, data_point): Benchmark(start=start, target=target, source=source, valid_from=valid_from)
            for code, data_point, start, target, source, valid_from in marks
        },
    )


def _kpis_of(catalogue: U4sscCatalogue) -> list[str]:
    computed = {point.computed_by.kpi for point in catalogue.points.values() if point.computed_by}
    return sorted(computed | {name for kpi in catalogue.kpis.values() for name in kpi.beside})


def benchmarks_of(connection: Connection, city: str) -> list[BenchmarkSetting]:
    """Every benchmark of a city, by data point and day."""
    with translated():
        return [BenchmarkSetting(*row) for row in connection.execute(_SQL["all_benchmarks"], {"city": city})]


def set_benchmarks(connection: Connection, city: str, settings: Iterable[BenchmarkSetting], who: str) -> int:
    """Set benchmarks, each with an audit row; how many differ from what stood.

    Raises:
        NotFound: no such city, KPI or data point.
        SettingsError: start and target are the same, or no source is named.
    """
    catalogue, changed = load_catalogue(), 0
    with translated(), connection.transaction():
        require_city(connection, city)
        for one in settings:
            changed += _set_benchmark(connection, catalogue, city, one, who)
    return changed


def _set_benchmark(
    connection: Connection, catalogue: U4sscCatalogue, city: str, one: BenchmarkSetting, who: str
) -> bool:
    point = catalogue.point(one.code, one.data_point)
    code, data_point = point.key
    if one.start == one.target or not one.source.strip():
        wrong = "start and target are the same" if one.start == one.target else "it names no source"
        message = (
            f"benchmark of {code} {data_point}: {wrong}; U4SSC publishes no targets, so each says where it is from"
        )
        raise SettingsError(message)
    key = {"city": city, "code": code, "data_point": data_point, "valid_from": one.valid_from}
    before = connection.execute(_SQL["benchmark"], key).fetchone()
    given = {"start": one.start, "target": one.target, "source": one.source}
    if connection.execute(_SQL["set_benchmark"], key | given | {"who": who}).fetchone() is None:
        return False
    old = dict(zip(given, before, strict=True)) if before else None
    _audit(connection, who, city, "u4ssc_benchmark.set", key, old, given)
    return True


def remove_benchmark(connection: Connection, city: str, code: str, data_point: str, valid_from: date, who: str) -> None:
    """Take a benchmark away, with an audit row.

    Raises:
        NotFound: there is none for this day.
    """
    point = load_catalogue().point(code, data_point)
    key = {"city": city, "code": point.kpi.code, "data_point": point.data_point, "valid_from": valid_from}
    with translated(), connection.transaction():
        before = connection.execute(_SQL["benchmark"], key).fetchone()
        if before is None:
            message = f"{city} has no benchmark of {' '.join(point.key).strip()} from {valid_from} on"
            raise NotFound(message)
        connection.execute(_SQL["remove_benchmark"], key)
        old = dict(zip(("start", "target", "source"), before, strict=True))
        _audit(connection, who, city, "u4ssc_benchmark.remove", key, old, None)


def _audit(
    connection: Connection,
    who: str,
    city: str,
    what: str,
    key: dict[str, object],
    before: dict[str, object] | None,
    after: dict[str, object] | None,
) -> None:
    target = f"{key['code']} {key['data_point']}".strip() + f" from {key['valid_from']}"
    row = (who, city, what, target, Jsonb(before) if before else None, Jsonb(after) if after else None)
    connection.execute(_SQL["audit"], row)
