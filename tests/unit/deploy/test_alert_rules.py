"""Alert rules: made of the catalogue, about numbers that our processes have, and firing when they should."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from api.observing import metrics_of, new_requests
from bypuls.properties import Properties
from deploy.alert_rules import FILE, rules, text
from ingest.totals import Totals
from processors.measures import Measures

ROOT = Path(__file__).parents[3]
RULES = [rule for group in rules()["groups"] for rule in group["rules"]]
PROMTOOL = shutil.which("promtool")  # Debian's package `prometheus`


def names():
    context = SimpleNamespace(pool=None, write_pool=None)
    measures = [*metrics_of(context, *new_requests()).measures, *Totals().measures(), *Measures().measures()]
    return {one.name for one in measures}


def test_the_file_is_what_the_catalogue_and_the_settings_say():
    assert FILE.read_text(encoding="utf-8") == text(), "run 'python -m deploy.alert_rules'"


def test_there_is_one_for_each_domain_of_the_catalogue():
    domains = {one.domain for one in Properties.load().values()}
    found = {rule["alert"].removeprefix("BypulsSilent").lower() for rule in RULES if "BypulsSilent" in rule["alert"]}
    assert found == domains
    air = next(rule for rule in RULES if rule["alert"] == "BypulsSilentAir")
    assert air["expr"].endswith("> 0.1")  # 90 % data capture (2008/50/EC, Annex I)


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_a_rule_asks_for_numbers_that_are_there_and_says_what_to_do(rule):
    asked = set(re.findall(r"bypuls_\w+|\bup\b", rule["expr"]))
    assert asked
    assert {name.removesuffix("_total") for name in asked} <= names() | {"up"}  # which Prometheus itself counts
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    place, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^### (\w+)$", (ROOT / place).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower() for heading in headings}


def test_prometheus_asks_the_ports_that_compose_opens():
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    targets = {job["static_configs"][0]["targets"][0] for job in config["scrape_configs"]}
    asked = [(name, services[name]["environment"].items()) for name in ("ingest", "process")]
    ports = {f"{name}:{port}" for name, found in asked for variable, port in found if variable.endswith("METRICS_PORT")}
    assert targets == {"api:8080", *ports}
    assert not any("METRICS" in variable for variable in services["api"]["environment"])
    assert "ports" not in services["ingest"]


@pytest.mark.skipif(PROMTOOL is None, reason="lane prometheus: promtool is not installed (apt-get install prometheus)")
def test_the_rules_fire_when_they_should_and_not_otherwise(tmp_path):
    def series(name, values):
        return {"series": name, "values": values}

    def fires(name, at, **labels):
        rule = next(one for one in RULES if one["alert"] == name)
        return {"alertname": name, "eval_time": at,
                "exp_alerts": [{"exp_labels": labels | rule["labels"]}] if labels else []}  # fmt: skip

    cases = [
        ({"series": 'bypuls_newest_observation_age_seconds{city="fjordvik"}', "values": "30x20 700x20"},
         {"series": 'bypuls_newest_observation_allowed_age_seconds{city="fjordvik"}', "values": "600x41"},
         [fires("BypulsCityHeardNothing", "19m"), fires("BypulsCityHeardNothing", "35m", city="fjordvik")]),
        (series('bypuls_silent_datastreams{city="fjordvik",domain="air"}', "1x60 3x60"),
         series('bypuls_datastreams{city="fjordvik",domain="air"}', "20x121"),
         [fires("BypulsSilentAir", "59m"), fires("BypulsSilentAir", "110m", city="fjordvik")]),
        (series('bypuls_ingest_messages_total{source="own",outcome="refused"}', "0+10x60"),
         series('bypuls_ingest_messages_total{source="own",outcome="stored"}', "0+90x60"),
         [fires("BypulsMessagesRefused", "45m", source="own")]),
        (series('bypuls_ingest_messages_total{source="own",outcome="refused"}', "0+1x60"),
         series('bypuls_ingest_messages_total{source="own",outcome="stored"}', "0+90x60"),
         [fires("BypulsMessagesRefused", "45m")]),
        (series('up{job="bypuls-api",instance="api:8080"}', "1x10 0x10"),
         series('up{job="other",instance="other:80"}', "0x20"),
         [fires("BypulsNotAnswering", "12m"),
          fires("BypulsNotAnswering", "14m", job="bypuls-api", instance="api:8080")]),
        (series('bypuls_newest_observation_timestamp_seconds{city="fjordvik"}', "1x4000"),
         series('bypuls_audit_timestamp_seconds{city="nabo"}', "1x4000"),
         [fires("BypulsNeverAudited", "47h"), fires("BypulsNeverAudited", "49h", city="fjordvik")]),
        (series('bypuls_audit_complete{city="fjordvik"}', "0x4000"),
         series('bypuls_audit_complete{city="nabo"}', "0x1440 1x1440 0x1120"),
         [fires("BypulsAuditIncomplete", "47h"), fires("BypulsAuditIncomplete", "49h", city="fjordvik")]),
        (series('bypuls_audit_differences{city="fjordvik"}', "0x10 2x10"),
         series('bypuls_lag_seconds{queue="kpi"}', "10x5 2000x20"),
         [fires("BypulsAuditFoundDifferences", "8m"), fires("BypulsAuditFoundDifferences", "15m", city="fjordvik")]),
    ]  # fmt: skip
    tests = [{"interval": "1m", "input_series": [one, other], "alert_rule_test": asked} for one, other, asked in cases]
    # What is said is not compared here: promtool wants it word by word.
    plain = yaml.safe_load(text())
    for rule in (rule for group in plain["groups"] for rule in group["rules"]):
        del rule["annotations"]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(plain))
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "tests": tests}))
    config = ROOT / "deploy/prometheus"
    for command in (
        ["check", "rules", str(FILE)], ["check", "config", str(config / "prometheus.yml")],
        ["test", "rules", str(tmp_path / "tests.yml")],
    ):  # fmt: skip
        done = subprocess.run([PROMTOOL, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
