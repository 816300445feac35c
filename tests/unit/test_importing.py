"""Files of history: headers, numbers, times, series; what is said where something is wrong."""

from __future__ import annotations

import contextlib
import gzip
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from bypuls.errors import SettingsError
from bypuls.properties import find
from ingest.importing import csv_files
from ingest.importing.block import EMPTY, FAULTS, FINE, FIRST_FAULT, Sent
from ingest.importing.columns import Given, layout
from ingest.importing.csv_files import CsvFile
from ingest.importing.numbers import read_numbers
from ingest.importing.parquet_files import ParquetFile
from ingest.importing.series import Parts, flags_of, series_of
from ingest.importing.times import from_local, read_times, to_datetime, to_microseconds
from ingest.timestamps import read_time


def known(word):
    return find(word) is not None


def names(faults):
    return [None if code == FINE else "empty" if code == EMPTY else FAULTS[code - FIRST_FAULT] for code in faults]


def columns(header, **given_):
    return layout(header, Given(**given_), known, "a.csv")


@pytest.mark.parametrize(
    "header",
    [
        ["time", "device", "property", "value", "unit"],
        ["\ufeffTimestamp", "Sensor ID", "Parameter", "Value", "UoM"],
        ["Tidspunkt", "Stasjon", "Komponent", "Verdi", "Enhet"],
        ["time", "station", "quantity", "value", "unit"],
    ],
)
def test_headers_are_read_in_the_words_people_use(header):
    found = columns(header)
    assert found.roles == {"time": 0, "device": 1, "quantity": 2, "value": 3, "unit": 4}
    assert found.unused == ()


def test_wide_tables_have_a_column_per_property_with_its_unit():
    found = columns(["time", "station", "PM2.5 [ug/m3]", "NO2 (ug/m3)", "wind_speed", "remark"])
    assert [(wide.quantity, wide.unit) for wide in found.wide] == [
        ("PM2.5", "ug/m3"),
        ("NO2", "ug/m3"),
        ("wind_speed", ""),
    ]
    assert found.unused == ("remark",)


def test_a_series_of_its_own_needs_no_more_than_time_and_a_number():
    assert columns(["Tid", "Målt"], device="bakke", quantity="pm10").roles == {"time": 0, "value": 1}
    assert columns(["a", "b", "c"], columns={"time": "b", "value": "c"}, device="x", quantity="pm10").roles == {
        "time": 1,
        "value": 2,
    }


@pytest.mark.parametrize(
    ("header", "given_", "message"),
    [
        (["device", "property", "value"], {}, r"no column for time \(--column time=NAME\)"),
        (["time", "property", "value"], {}, "or --device"),
        (["time", "device", "value"], {}, "or --property"),
        (["time", "timestamp", "device", "property", "value"], {}, "both read as time"),
        (["time"], {"columns": {"value": "x"}}, "there is no column 'x'"),
        (["time"], {"columns": {"colour": "time"}}, "there is no colour"),
    ],
)
def test_what_a_header_lacks_is_said_with_how_to_mend_it(header, given_, message):
    with pytest.raises(SettingsError, match=message):
        columns(header, **given_)


def test_numbers_as_written():
    texts = ["1", " 2.5 ", "-3e2", ".5", "", "NA", "NaN", "1,5", "abc", "inf", "1e400", "0x10", "1_000"]
    values, faults = read_numbers(pa.array(texts))
    assert names(faults) == [
        None, None, None, None, "empty", "empty", "empty", "wrong_type", "wrong_type", "non_finite", "non_finite",
        "wrong_type", "wrong_type",
    ]  # fmt: skip
    assert values[:4].tolist() == [1.0, 2.5, -300.0, 0.5]
    assert np.isnan(values[4:]).all()
    assert read_numbers(pa.array(["1", "2.25"]))[0].tolist() == [1.0, 2.25]


SPELLINGS = [
    "2026-01-05T10:00:00Z", "2026-01-05 10:00:00+01:00", "2026-01-05T10:00:00.123456Z", "2026-01-05T10:00Z",
    "20260105T100000Z", "1767607200", "1767607200000", "1767607200.5", "2026-01-05T10:00:00.123456789Z",
    " 2026-01-05T10:00:00Z ",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_times_mean_what_they_mean_in_messages(spelling):
    expected = to_microseconds(read_time(spelling))
    for texts in ([spelling] * 3, [spelling, "1767607200", "2026-01-05T10:00:00Z"]):
        times, faults = read_times(pa.array(texts), None)
        assert (int(times[0]), int(faults[0])) == (expected, FINE)


def test_times_that_cannot_be_read_say_why():
    _, faults = read_times(pa.array(["", "soon", "2026-01-05T10:00:00", "2026-01-05T10:00:00Z"]), None)
    assert names(faults) == ["time_missing", "time_unreadable", "time_without_zone", None]


@given(
    st.lists(st.datetimes(*(datetime(year, 1, 1) for year in (1901, 2038))), min_size=1, max_size=20),  # noqa: DTZ001
    st.sampled_from(["Europe/Oslo", "UTC", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_wall_clock_times_are_those_of_messages_in_every_zone(moments, zone):
    """Also in hours that the clock shows twice or never."""
    expected = [to_microseconds(read_time(moment.isoformat(), zone)) for moment in moments]
    naive = np.array([to_microseconds(moment.replace(tzinfo=UTC)) for moment in moments], np.int64)
    assert from_local(naive, zone).tolist() == expected
    assert read_times(pa.array([moment.isoformat() for moment in moments]), zone)[0].tolist() == expected


@pytest.mark.parametrize("moment", ["2025-10-26T02:30:00", "2025-03-30T02:30:00", "2025-10-26T00:00:00"])
def test_the_hours_of_a_changed_clock(moment):
    assert to_datetime(int(read_times(pa.array([moment]), "Europe/Oslo")[0][0])) == read_time(moment, "Europe/Oslo")


def test_series_are_found_once_whatever_the_order():
    devices = pa.array(["a", "b ", "a", None, "b"]).dictionary_encode()
    series, sent = series_of(Parts(device=devices, quantity=pa.array(["x", "x", "y", "x", "x"]), unit="ug/m3"), 5)
    assert [sent[place][1:5] for place in series] == [
        ("a", "x", "", "ug/m3"),
        ("b", "x", "", "ug/m3"),
        ("a", "y", "", "ug/m3"),
        ("", "x", "", "ug/m3"),
        ("b", "x", "", "ug/m3"),
    ]
    assert series_of(Parts(device="a"), 0) == (pytest.approx([]), [])


def test_flags_are_qartods():
    flags, faults = flags_of(pa.array(["1", "4", "", None, "3.0", "ok"]))
    assert flags.tolist() == [1, 4, 0, 0, 3, 0]
    assert names(faults) == [None, None, None, None, None, "wrong_type"]


def blocks_of(path, **reading):
    return list(CsvFile(path, Given(), known, **reading).blocks())


@pytest.mark.parametrize("piece", [40, 100, 1_000_000])
def test_lines_are_counted_through_empty_and_broken_ones_wherever_the_file_is_cut(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(csv_files, "_PIECE", piece)
    text = ["time,device,property,value,unit"]
    expected, odd = [], []
    for line in range(2, 60):
        if line % 7 == 0:
            text.append("")
        elif line % 11 == 0:
            text.append("2026-01-05T10:00:00Z,a,pm10")
            odd.append(line)
        else:
            text.append(f"2026-01-05T10:00:00Z,a,pm10,{line},ug/m3")
            expected.append((line, float(line)))
    (tmp_path / "a.csv").write_text("\r\n".join(text))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress("\n".join(text).encode()))
    for name in ("a.csv", "a.csv.gz"):
        blocks = blocks_of(tmp_path / name)
        assert [(int(n), v) for block in blocks for n, v in zip(block.lines, block.value, strict=True)] == expected
        assert [stray.line for block in blocks for stray in block.strays] == odd
        assert blocks[-1].read == (tmp_path / name).stat().st_size


def test_a_wide_table_is_as_many_series(tmp_path):
    (tmp_path / "a.csv").write_text(
        "time;station;pm10 [ug/m3];NO2\n2026-01-05T10:00:00Z;a;1,5;\n2026-01-05T11:00:00Z;a;2;3\n"
    )
    pm10, no2 = blocks_of(tmp_path / "a.csv", decimal_comma=True)
    assert (pm10.value.tolist(), pm10.sent) == ([1.5, 2.0], [Sent("", "a", "pm10", "", "ug/m3", "")])
    assert names(no2.fault) == ["empty", None]


def test_another_encoding_is_asked_for_and_read(tmp_path):
    (tmp_path / "a.csv").write_bytes(
        "time,device,property,value,unit\n2026-01-05T10:00:00Z,Åsane,pm10,1,µg/m³\n".encode("latin-1")
    )
    with pytest.raises(SettingsError, match="name its encoding"):
        blocks_of(tmp_path / "a.csv")
    (block,) = blocks_of(tmp_path / "a.csv", encoding="latin-1")
    assert block.sent == [Sent("", "Åsane", "pm10", "", "µg/m³", "")]


def test_files_that_are_none_are_said_to_be(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        CsvFile(tmp_path / "none.csv", Given(), known)
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(SettingsError, match="cannot be read as Parquet"):
        ParquetFile(tmp_path / "a.parquet", Given(), known)


def test_parquet_takes_the_types_that_tables_have(tmp_path):
    moment = datetime(2026, 1, 5, 10, tzinfo=UTC)
    times = {
        "zoned": pa.array([moment, None], pa.timestamp("ms", "Europe/Oslo")),
        "naive": pa.array([moment.replace(tzinfo=None) + timedelta(hours=1), None], pa.timestamp("us")),
        "unix": pa.array([1767607200, None], pa.int64()),
        "text": pa.array(["2026-01-05T10:00:00Z", None]),
    }
    values = {
        "float": pa.array([1.5, None], pa.float32()),
        "decimal": pa.array(["1.5", None]).cast(pa.decimal128(5, 2)),
        "text": pa.array(["1.5", None]),
    }
    for time in times.values():
        for value in values.values():
            table = pa.table({"time": time, "device": [7, 7], "property": ["pm10"] * 2, "value": value})
            parquet.write_table(table, tmp_path / "a.parquet")
            (block,) = ParquetFile(tmp_path / "a.parquet", Given(), known, zone="Europe/Oslo").blocks()
            assert (int(block.time[0]), float(block.value[0])) == (to_microseconds(moment), 1.5)
            assert block.sent == [Sent("", "7", "pm10", "", "", "")]
            assert names(block.fault) == [None, "empty"]


def test_naive_times_in_parquet_need_a_zone(tmp_path):
    times = pa.array([0], pa.timestamp("us"))
    table = pa.table({"time": times, "device": ["a"], "property": ["pm10"], "value": [1.0]})
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(SettingsError, match="--zone"):
        ParquetFile(tmp_path / "a.parquet", Given(), known)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=400),
        st.text(st.sampled_from('time,device;value"property\n\r0123456789-:TZ. \t\0éx'), max_size=400).map(str.encode),
        st.lists(st.text(max_size=12), min_size=1, max_size=12).map(
            lambda cells: ("time,device,property,value\n" + ",".join(cells) + "\n1,a,pm10,2\n").encode()
        ),
    )
)
def test_whatever_a_file_holds_it_is_read_or_said_to_be_unreadable(tmp_path, data):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with contextlib.suppress(SettingsError):
        for block in blocks_of(path):
            assert len(block.lines) == len(block.series) == len(block.time) == len(block.value) == len(block.fault)
            for row in range(len(block)):
                block.wrote(row)
