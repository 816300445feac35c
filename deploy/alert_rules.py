"""Prometheus' alert rules, out of the catalogue and the settings: `python -m deploy.alert_rules` writes them.

Numbers are not typed in here: what a domain must deliver is the standards' data capture, what may be late is what makes
`/health/ready` say no, when a series is silent is the database's own rule.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from bypuls.properties import Properties
from bypuls.settings import HealthSettings
from bypuls.standards import Standards

FILE = Path(__file__).parent / "prometheus" / "alerts.yml"
HOW_TO = "docs/how-to/watch-the-platform.md"
_LONGEST_NIGHTS = 2
_REFUSED_SHARE = 0.05
_REFUSED_FEWEST = 20
_HEAD = """\
# Made by 'python -m deploy.alert_rules' out of the catalogue and the settings' defaults: do not edit, make it again.
# Which alert means what, and what to do: docs/how-to/watch-the-platform.md
"""


def rules() -> dict[str, Any]:
    """The groups as Prometheus reads them."""
    limits = {name: field.default for name, field in HealthSettings.model_fields.items()}
    return {
        "groups": [
            {"name": "bypuls-platform", "rules": [*_platform(limits)]},
            {"name": "bypuls-data", "rules": [*_cities(), *_domains()]},
            {"name": "bypuls-audit", "rules": [*_audits()]},
        ]
    }


def _alert(name: str, expression: str, lasting: str, severity: str, summary: str, what_to_do: str) -> dict[str, Any]:
    anchor = "bypulssilentdomain" if name.startswith("BypulsSilent") else name.lower()
    return {
        "alert": name,
        "expr": expression,
        "for": lasting,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": what_to_do, "runbook": f"{HOW_TO}#{anchor}"},
    }


def _platform(limits: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    yield _alert(
        "BypulsDatabaseAway",
        "min(bypuls_database_up) == 0",
        "1m",
        "critical",
        "The API cannot reach the database",
        "Messages wait at the broker and are lost only when its queue is full: bring the database back first.",
    )
    yield _alert(
        "BypulsNotAnswering",
        'up{job=~"bypuls-.+"} == 0',
        "2m",
        "critical",
        "{{ $labels.job }} at {{ $labels.instance }} does not answer Prometheus",
        "It ended, hangs, or serves no metrics (BYPULS_…_METRICS_PORT); what it alone tells raises no alert meanwhile.",
    )
    yield _alert(
        "BypulsProcessSilent",
        f"max by (process, worker) (bypuls_heartbeat_age_seconds) > {limits['silent_seconds']:g}",
        "1m",
        "critical",
        "{{ $labels.process }} ({{ $labels.worker }}) was last heard of {{ $value | humanizeDuration }} ago",
        "It did not end as it should: look at its log and start it again.",
    )
    yield _alert(
        "BypulsProcessTroubled",
        "max by (process, worker) (bypuls_process_problems) > 0",
        "2m",
        "warning",
        "{{ $labels.process }} ({{ $labels.worker }}) says what keeps it from its work",
        "GET /health/ready has the words.",
    )
    yield _alert(
        "BypulsIngestBehind",
        f"max by (worker) (bypuls_ingest_oldest_seconds) > {limits['ingest_lag_seconds']:g}",
        "2m",
        "critical",
        "Ingest {{ $labels.worker }}: a message waits {{ $value | humanizeDuration }} to be stored",
        "The database is slow or away, or more comes than one process stores: start another one.",
    )
    for queue, what in (("rollup", "a reading"), ("kpi", "an indicator")):
        yield _alert(
            f"BypulsBehindWith{queue.capitalize()}s",
            f'max(bypuls_lag_seconds{{queue="{queue}"}}) > {limits[f"{queue}_lag_seconds"]:g}',
            "5m",
            "critical",
            f"{what.capitalize()} of now waits {{{{ $value | humanizeDuration }}}} to be computed",
            "Is the processor running? Start another one beside it: they share the queues.",
        )


def _cities() -> Iterator[dict[str, Any]]:
    yield _alert(
        "BypulsCityHeardNothing",
        "max by (city) (bypuls_newest_observation_age_seconds) > max by (city) "
        "(bypuls_newest_observation_allowed_age_seconds)",
        "5m",
        "critical",
        "{{ $labels.city }}: the newest observation is {{ $value | humanizeDuration }} old",
        "Not one series has spoken in the time in which its most frequent one should have: broker, network or ingest.",
    )
    refused = 'sum by (source) (rate(bypuls_ingest_messages_total{outcome="refused"}[15m]))'
    every = "sum by (source) (rate(bypuls_ingest_messages_total[15m]))"
    many = 'sum by (source) (increase(bypuls_ingest_messages_total{outcome="refused"}[15m]))'
    yield _alert(
        "BypulsMessagesRefused",
        f"{refused} / {every} > {_REFUSED_SHARE:g} and {many} >= {_REFUSED_FEWEST}",
        "10m",
        "warning",
        "Source {{ $labels.source }}: {{ $value | humanizePercentage }} of its messages are refused",
        "GET /v1/quarantine says of each why, and how to mend it; then have them replayed.",
    )


def _domains() -> Iterator[dict[str, Any]]:
    """More silent series than leave the share of a period that must be measured."""
    standard = Standards.load().rule("data_capture")
    needed = {"air": float(standard.values["year_quality_objective"])}
    for domain in sorted({one.domain for one in Properties.load().values()}):
        share = needed.get(domain, float(standard.values["year_fraction"]))
        yield _alert(
            f"BypulsSilent{domain.capitalize()}",
            f'max by (city) (bypuls_silent_datastreams{{domain="{domain}"}}) / '
            f'max by (city) (bypuls_datastreams{{domain="{domain}"}}) > {1 - share:.2g}',
            "30m",
            "warning",
            f"{{{{ $labels.city }}}}: {{{{ $value | humanizePercentage }}}} of the {domain} series are silent",
            f"A year needs {share:.0%} of its values ({standard.source.split(',')[0]}): GET /v1/silent names them.",
        )


def _audits() -> Iterator[dict[str, Any]]:
    yield _alert(
        "BypulsAuditFoundDifferences",
        "max by (city) (bypuls_audit_differences) > 0",
        "0m",
        "critical",
        "{{ $labels.city }}: the audit found {{ $value }} stored numbers that are not what they rest on",
        "They were queued to be computed again. `bypuls check rollups` says whether they stand; why it came is a bug.",
    )
    yield _alert(
        "BypulsAuditOverdue",
        f"time() - max by (city) (bypuls_audit_timestamp_seconds) > {_LONGEST_NIGHTS * 86_400}",
        "1h",
        "warning",
        "{{ $labels.city }}: no audit has ended for {{ $value | humanizeDuration }}",
        "Did the processor run at night (BYPULS_PROCESS_AUDIT_HOUR)? `bypuls check rollups` does it now.",
    )
    yield _alert(
        "BypulsNeverAudited",
        "max by (city) (bypuls_newest_observation_timestamp_seconds) "
        "unless max by (city) (bypuls_audit_timestamp_seconds)",
        f"{_LONGEST_NIGHTS}d",
        "warning",
        "{{ $labels.city }}: it has data, and no audit has ever ended",
        "Does the processor run at night (BYPULS_PROCESS_AUDIT, BYPULS_PROCESS_AUDIT_HOUR)?",
    )
    yield _alert(
        "BypulsAuditIncomplete",
        "min by (city) (bypuls_audit_complete) == 0",
        f"{_LONGEST_NIGHTS}d",
        "warning",
        "{{ $labels.city }}: the nightly audit does not come to its end",
        "Each night goes on where the last one stopped, but no older week has its turn meanwhile "
        "(bypuls_audit_unreached_days): give it more time (BYPULS_PROCESS_AUDIT_MINUTES).",
    )


def text() -> str:
    """The file."""
    return _HEAD + yaml.safe_dump(rules(), sort_keys=False, allow_unicode=True, width=1000)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{FILE}: {sum(len(group['rules']) for group in rules()['groups'])} rules\n")
