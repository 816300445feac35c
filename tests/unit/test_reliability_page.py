"""docs/reliability.md is what the fault suite found, and says it of every fault."""

from __future__ import annotations

import json

from tests.chaos.faults import FAULTS
from tests.chaos.report import DOCUMENT, document
from tests.chaos.results import RESULTS, add
from tests.chaos.run import Row


def rows():
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_page_is_made_of_the_results():
    assert DOCUMENT.read_text(encoding="utf-8") == document(rows()), "run 'python -m tests.chaos.report'"


def test_every_fault_is_told_of_and_none_of_ours_lost_anything():
    page = DOCUMENT.read_text(encoding="utf-8")
    assert [fault.name for fault in FAULTS if fault.words not in page] == []
    assert len(rows()) > 15
    for row in rows():
        if not row["loses"] and not row["skipped"]:
            counts = row["counts"]
            assert row["faultless"], row["name"]
            assert counts["stored"] + counts["quarantined"] == counts["acknowledged"] > 0


def test_a_loss_is_told_where_it_happened_and_a_later_run_takes_the_place_of_an_older(tmp_path):
    counts = dict.fromkeys(rows()[0]["counts"], 0)
    file = tmp_path / "results.json"
    add(file, Row("ingest-killed", "ingest killed", loses=False, counts=counts))
    add(file, Row("none", "nothing", loses=False, counts=counts | {"acknowledged": 12_345, "lost": 2}, rate=300))
    add(file, Row("disk-full", "disk full", loses=False, skipped="no right to mount"))
    add(file, Row("ingest-killed", "ingest killed", loses=False, counts=counts | {"lost": 40}, ended=["it gave up"]))
    page = document(json.loads(file.read_text(encoding="utf-8")))
    assert "12,345 messages acknowledged, **42 lost, 0 twice**" in page
    assert "| nothing | 12,345 | 0 | 0 | 2 |" in page
    assert "- disk full: not run, no right to mount" in page
    assert "- ingest killed: it gave up" in page
