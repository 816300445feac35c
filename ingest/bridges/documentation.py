"""docs/bridges.md: one section per bridge, from its definition.

python -m ingest.bridges.documentation     write it; a test fails when that was forgotten
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import msgspec

from ingest.bridges.definition import Definition, Definitions, ReadingRule, Words, as_meaning

FILE = Path(__file__).parents[2] / "docs" / "bridges.md"

_HEAD = """# Bridges

Generated from `bypuls/catalogue/bridges`; do not edit. A bridge asks a service that publishes nothing by itself,
and republishes on the broker what is new, as SenML on `bypuls/v1/<city>/<device>/observations` (older than 30 days:
`…/history`). From there it goes the way of every message: decoded, judged, stored, or in quarantine with a reason.

**Not tried live.** The bridges were written from public documentation and tested against answers composed from it.
Whether a service answers so today is found out by the first who runs `bypuls bridge check`; a different answer is
one clear line, and nothing is stored of it.

## Set one up

```yaml
# storvik-air.yaml
name: storvik-air
bridge: nilu                          # one of those below
city: storvik                         # must be there: bypuls city add FILE
contact: environment@storvik.example  # goes into the user agent: whom the service may ask
since: 2026-01-01                     # the first day that is asked for
stations: {Torvet: torvet}            # the service's station: our device
options: {controlled: [true, false]}  # may be left out
```

```sh
bypuls bridge check storvik-air.yaml   # asks once, shows what would be published, publishes nothing
bypuls bridge add storvik-air.yaml     # again after every change of the file; `enabled: false` stops it
bypuls bridge list                     # last run, newest value, how far behind, last error
bypuls bridge run                      # asks when it is time; `bypuls up` does so by itself
bypuls bridge run storvik-air --once --since 2025-01-01   # asks for it all again; what is the same changes nothing
```

With Docker: `docker compose run --rm -v "$PWD/storvik-air.yaml:/bridge.yaml:ro" migrate bridge add /bridge.yaml`,
then `docker compose --profile bridges up -d --wait`. `GET /v1/bridges` says the same as `bypuls bridge list`.

## What holds for all

- **Nothing lost, nothing double.** The values and how far a station is are written in one transaction, the values
  as rows of the outbox, which ingest publishes. An answer that cannot be read, a refusal or a crash moves nothing:
  it is asked for again.
- **Late values and corrections.** What lies less than *looks back* behind is asked for each time; only what is new
  or different is published. A station that falls silent is waited for at its last value, for as long as *silence*
  says. Beyond that: `--since`.
- **Politeness.** One request at a time, a distance between two, the user agent names you, `Retry-After` is obeyed,
  pauses double after failures (1 minute to 6 hours), stations are spread over a tenth of the interval.
- **Secrets** come from the variable that the file names (`secret_variable`), or from a file of that name in small
  letters in the folder `BYPULS_SECRETS`; never from the bridge's file.
- **What a device is** stands in the city's file: its site, its class (a legal limit is judged only with reference
  or equivalent instruments). Devices that it does not name come as pending ones.
- `base: https://proxy.example/frost` asks another address of the same service.
"""


def page(definitions: Definitions) -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(definition) for definition in definitions.values())])


def _section(definition: Definition) -> str:
    secret = "none" if definition.secret is None else f"{definition.secret.about} (`secret_variable`)"
    facts = {
        "documented at": definition.documentation,
        "licence": definition.licence,
        "to be named": definition.attribution,
        "limits": " ".join(definition.limits.split()),
        "a station is": definition.stations,
        "secret": secret,
        "asked": f"every {_span(definition.interval)}, {_span(definition.offset)} after its beginning"
        + (f" (`interval` in the file: {_span(definition.fastest)} at least)" if definition.fastest else ""),
        "looks back": _span(definition.look_back),
        "silence": _span(definition.silence),
        "one question spans": f"{_span(definition.window)} at most",
        "tried live": "yes" if definition.tried_live else "**not tried live**",
    }
    parts = [f"## `{definition.id}`: {definition.title}", " ".join(definition.about.split())]
    parts.append(_table(("", ""), [[name, text] for name, text in facts.items()]))
    if definition.options:
        rows = [
            [
                f"`{name}`",
                option.about,
                f"`{_json(option.default)}`",
                f"`{_json(option.choices)}`" if option.choices not in ([], option.default) else "",
            ]
            for name, option in definition.options.items()
        ]
        parts += ["### Options", _table(("option", "what", "unless chosen", "may be"), rows)]
    parts += ["### What becomes of it", _table(("there", "here", "channel", "of", "taken where"), _rules(definition))]
    return "\n\n".join(parts) + "\n"


def _rules(definition: Definition) -> list[list[str]]:
    rows = []
    for rule in definition.readings:
        taken = [f"`{name}` is {_json(value)}" for name, value in rule.chosen.items()]
        for path, condition in rule.when.items():
            member = path.removesuffix("?")
            if condition.one_of is not None:
                taken.append(f"`{member}` is one of `{condition.one_of}`")
            elif condition.at_least is not None:
                taken.append(f"`{member}` is at least `{condition.at_least}`")
            else:
                taken.append(f"`{member}` is {_json(condition.is_)}")
        channel = f"`{rule.channel.at}`" if isinstance(rule.channel, Words) else rule.channel
        words = rule.property.words if isinstance(rule.property, Words) else {rule.value: rule.property}
        for word, meant in words.items():
            meaning = as_meaning(meant)
            rows.append([f"`{word}`", f"`{meaning.property}`", channel, _of(rule, meaning.interval), ", ".join(taken)])
    return rows


def _of(rule: ReadingRule, interval: timedelta | None) -> str:
    if rule.until is not None:
        return "its own interval"
    found = interval or rule.interval
    return "an instant" if found is None else f"{_span(found)}{', stamped at its end' if rule.stamp == 'end' else ''}"


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "d"), (hours, "h"), (minutes % 60, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "nothing"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    FILE.write_text(page(Definitions.load()), encoding="utf-8")
    sys.stdout.write(f"{FILE}: written\n")
