"""US air quality index and NowCast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bypuls.breakpoints import IndexStandard
from bypuls.formulas import us_aqi
from bypuls.formulas.gases import US_TEMPERATURE, ppb
from bypuls.formulas.nowcast import nowcast
from bypuls.formulas.rounding import exact, truncate
from bypuls.standards import Standards
from processors.vectors.rule import Answer, Given, InputError, rule

_USUAL = {"PM2.5": "24h", "PM10": "24h", "O3": "8h", "CO": "8h", "SO2": "1h", "NO2": "1h"}
_UNIT = {"PM2.5": "ug/m3", "PM10": "ug/m3", "O3": "ppm", "CO": "ppm", "SO2": "ppb", "NO2": "ppb"}
_SPELLINGS = {"ug_m3": "ug/m3", "µg/m3": "ug/m3", "µg/m³": "ug/m3", "ugm3": "ug/m3", "mg_m3": "mg/m3", "mg/m³": "mg/m3"}
_SHARES = {"ppm": 6, "ppb": 9}
_MASSES = {"mg/m3": 3, "ug/m3": 6}


@rule("pollutant", "averaging", "unit", "value", "values", "hourly")
def us_aqi_2024(standards: Standards, given: Given) -> Answer:
    """One pollutant's value, its values by averaging, its hours of a day, or several pollutants' values together."""
    standard = standards.index("us_aqi_2024")
    if "pollutant" not in given:
        index, principal = us_aqi.overall(_of_several(standard, given.each("values")))
        return {"aqi": index, "principal": principal}
    pollutant, unit = given.text("pollutant"), given.text("unit")
    if pollutant not in _USUAL:
        return {"aqi": None, "principal": None}
    if "hourly" in given:
        index = _of_hours(standard, pollutant, [_in_table(pollutant, one, unit) for one in given.numbers("hourly")])
    else:
        averaging = given.text("averaging", _USUAL[pollutant])
        values = given.each("values") if "values" in given else {averaging: given.number("value")}
        index = _of_averagings(
            standard, pollutant, {name: _in_table(pollutant, one, unit) for name, one in values.items()}
        )
    return {"aqi": index, "principal": None if index is None else pollutant}


@rule("hours", "order", "pollutant")
def us_nowcast_pm(standards: Standards, given: Given) -> Answer:
    """NowCast of dust, and the index it stands for."""
    hours, order = given.numbers("hours"), given.text("order", "newest_first")
    if order not in {"newest_first", "oldest_first"}:
        raise InputError(f"input order must be newest_first or oldest_first, not {order!r}")
    value = nowcast(hours if order == "newest_first" else hours[::-1])
    table = standards.index("us_aqi_2024").table(given.text("pollutant", "PM2.5"), "24h")
    cut = None if value is None else float(truncate(value, table.truncate_decimals))
    return {"nowcast": cut, "untruncated": value, "aqi": us_aqi.index_of(table, cut)}


@rule("hourly_2_days", "unit")
def o3_8h_us_start_hour(standards: Standards, given: Given) -> Answer:
    """Ozone of whole days, by the eight-hour means that begin on them; an hour counts by itself from 0.125 ppm."""
    standard = standards.index("us_aqi_2024")
    hours = [_in_table("O3", one, given.text("unit", "ppm")) for one in given.numbers("hourly_2_days")]
    return {"daily_aqi": _ozone_days(standard, hours)}


def _of_several(standard: IndexStandard, values: Mapping[str, float | None]) -> dict[str, int | None]:
    """Values named as O3_8h_ppm, PM2.5_24h_ug_m3: the index of each pollutant."""
    by_pollutant: dict[str, dict[str, float | None]] = {}
    for name, value in values.items():
        pollutant, _, rest = name.partition("_")
        averaging, _, unit = rest.partition("_")
        if pollutant not in _USUAL or not averaging:
            raise InputError(f"input values.{name} is no pollutant_averaging_unit as in O3_8h_ppm")
        by_pollutant.setdefault(pollutant, {})[averaging] = _in_table(pollutant, value, unit)
    return {name: _of_averagings(standard, name, found) for name, found in by_pollutant.items()}


def _of_averagings(standard: IndexStandard, pollutant: str, values: Mapping[str, float | None]) -> int | None:
    if pollutant == "O3":
        return us_aqi.ozone_index(standard, values.get("8h"), values.get("1h"))
    if pollutant == "SO2":
        return us_aqi.sulphur_dioxide_index(standard, values.get("1h"), values.get("24h"))
    averaging = _USUAL[pollutant]
    return us_aqi.index_of(standard.table(pollutant, averaging), values.get(averaging))


def _of_hours(standard: IndexStandard, pollutant: str, hours: Sequence[float | None]) -> int | None:
    """A day's index from its hours, from midnight of local standard time on."""
    known = [hour for hour in hours if hour is not None]
    if pollutant == "O3":
        days = [index for index in _ozone_days(standard, hours) if index is not None]
        return max(days, default=None)
    if pollutant == "SO2":
        return us_aqi.sulphur_dioxide_index(standard, max(known, default=None), us_aqi.day_mean(hours))
    value = {
        "NO2": max(known, default=None),
        "CO": us_aqi.largest_eight_hours(hours),
    }.get(pollutant, us_aqi.day_mean(hours))
    return us_aqi.index_of(standard.table(pollutant, _USUAL[pollutant]), value)


def _ozone_days(standard: IndexStandard, hours: Sequence[float | None]) -> list[int | None]:
    largest = us_aqi.largest_hours(hours)
    return [
        us_aqi.ozone_index(standard, eight, one) for eight, one in zip(us_aqi.ozone_days(hours), largest, strict=True)
    ]


def _in_table(pollutant: str, value: float | None, unit: str) -> float | None:
    """A value in the unit of the pollutant's tables; None where there is none, or no such conversion (dust in ppb).

    A gas in µg/m³ is taken at 25 °C and one atmosphere, to which US concentrations refer.
    """
    wanted, sent = _UNIT[pollutant], _SPELLINGS.get(unit, unit) or _UNIT[pollutant]
    if sent not in _SHARES | _MASSES:
        raise InputError(f"unit {unit!r} is none of {', '.join(_SHARES | _MASSES)}")
    if value is None:
        return None
    if sent in _MASSES:
        micrograms = float(exact(value).scaleb(6 - _MASSES[sent]))
        if wanted in _MASSES:
            return micrograms
        value, sent = ppb(pollutant, micrograms, US_TEMPERATURE), "ppb"
    elif wanted in _MASSES:
        return None
    return float(exact(value).scaleb(_SHARES[wanted] - _SHARES[sent]))
