"""Norwegian municipalities' published U4SSC values as a page of the documentation, with the wheel.

`python -m tests.published_wheel` writes docs/reports/wheel-norwegian-municipalities.{md,svg} anew.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bypuls.u4ssc.assessment import Benchmark
from bypuls.u4ssc.candidates import CityYear, Stated
from bypuls.u4ssc.catalogue import load_catalogue
from bypuls.u4ssc.judging import judge
from processors.reports.assessed import as_assessed
from processors.reports.front import state_of, wheel_figure
from processors.reports.results import every_point, result_of
from processors.reports.wording import Wording

FOLDER = Path(__file__).parents[1] / "docs" / "reports"
PAGE, PICTURE = FOLDER / "wheel-norwegian-municipalities.md", FOLDER / "wheel-norwegian-municipalities.svg"
NORWEGIAN = ("Asker", "Karmøy", "Kristiansund", "Stavanger", "Ålesund")

_SDG = "full achievement of SDG target {}, as we read it"
TARGETS = {
    ("EC: ICT: ICT: 1C", ""): (100.0, _SDG.format("9.c (universal access to the internet)")),
    ("EC: ICT: ICT: 4C", "3g"): (100.0, _SDG.format("9.c (universal access to the internet)")),
    ("EC: ICT: ICT: 4C", "4g"): (100.0, _SDG.format("9.c (universal access to the internet)")),
    ("EC: I: WS: 1C", ""): (100.0, _SDG.format("6.1 (drinking water for all)")),
    ("EC: I: WS: 2C", ""): (100.0, _SDG.format("6.1 (drinking water for all)")),
    ("EC: I: WS: 5C", ""): (100.0, _SDG.format("6.2 (sanitation for all)")),
    ("EC: I: WA: 1C", ""): (100.0, _SDG.format("11.6 (indicator 11.6.1: all waste regularly collected)")),
    ("SC: SH: SI: 1C", ""): (1.0, _SDG.format("8.5 (equal pay for work of equal value)")),
    ("SC: SH: SI: 5A", ""): (100.0, _SDG.format("4.2 (early childhood care for all)")),
    ("SC: SH: SA: 3A", ""): (1.0, _SDG.format("11.b (every city has a plan of resilience)")),
}
"""Target values; the start is 0. U4SSC's own are not published, so none of these is one."""


def published():
    """(KPI, data point) -> [(municipality, year, value, source)], the newest report first, then by name."""
    found = {}
    for kpi in load_catalogue().kpis.values():
        for example, said in kpi.reported_examples.items():
            name, year = example.rsplit(" ", 1)
            if name not in NORWEGIAN:
                continue
            source = next(text for text in kpi.source if name in text)
            for point, value in said.items() if isinstance(said, dict) else [("", said)]:
                number = {"yes": 1.0, "no": 0.0}.get(value, value)
                found.setdefault((kpi.code, point), []).append((name, int(year), float(number), source))
    return {key: sorted(values, key=lambda value: (-value[1], value[0])) for key, values in found.items()}


def assessed():
    stated = [
        Stated(code, point, "reported", values[0][2], source=f"{values[0][0]} {values[0][1]}: {values[0][3]}")
        for (code, point), values in published().items()
    ]
    benchmarks = {
        key: Benchmark(start=0.0, target=target, source=source, valid_from=date(2015, 9, 25))
        for key, (target, source) in TARGETS.items()
    }
    return as_assessed(judge(load_catalogue(), CityYear("norway", 2020, stated=stated, benchmarks=benchmarks)), {})


def picture():
    return wheel_figure(assessed().assessment, "Norway", "2020 and 2021", Wording("en"))


def page():
    words, known, star = Wording("en"), published(), " \\*"
    rows = []
    for kpi, point in every_point(assessed().assessment):
        state = state_of(point)
        if state == "unreported":
            continue
        name, year, _, source = known[kpi.code, point.id][0]
        others = "; ".join(
            f"{other} {their_year}: {words.number(value)}"
            for other, their_year, value, _ in known[kpi.code, point.id][1:]
        )
        label = words.text(kpi.name) + (f": {words.text(point.name)}" if len(kpi.data_points) > 1 else "")
        band = words(f"band.{state}") + (f" ({point.points})" if point.points else "")
        target = point.benchmark
        against = f"{words.number(target.target)}: {target.source}" if target else ""
        rows.append(
            f"| {kpi.code.replace(' ', '')} {label}{star if point.unverified else ''} | {name} {year} | "
            f"{result_of(point, words)} | {band} | {against} | {source} | {others} |"
        )
    figure = picture()
    return "\n".join([_HEAD.format(alt=figure.alt, count=len(rows), unreported=112 - len(rows)), *rows, ""])


_HEAD = """# The wheel with published values of Norwegian municipalities

**Computed by Bypuls, not U4SSC-verified.** The values are those that Asker, Karmøy, Kristiansund, Stavanger and Ålesund
reported and that ITU's verification reports and factsheets of 2020 and 2021 print; the scores are ours.

![{alt}](wheel-norwegian-municipalities.svg)

- This is no municipality's wheel: no report was readable as a whole, so each data point shows one municipality's
  value, that of the newest report, then the first by name. The table names it, and the others' values beside it.
- {count} of 112 data points have a published value that was read; {unreported} do not, and are hatched.
- U4SSC's own target values are not published. The targets here are full achievement of the linked Sustainable
  Development Goal where its target says so in words ("for all", "universal", "equal"; UN General Assembly resolution
  70/1, 2015), with 0 as the start. That is our reading. Where a goal names no such number the data point is blue and
  dotted: no target.
- Points: under 33 % of the target 1, from 33 % 2, from 66 % 3, from 95 % 4 (Verification Report Kristiansund, 2020,
  p. 12).
- \\* The unit, the terms or the direction of the definition were not read in a document of ITU.

The page and the picture are made from the catalogue by `python -m tests.published_wheel`; a test compares them.

| KPI or data point | Municipality | Result | Band (points) | Target, its source | Source of the value | Others |
|---|---|---:|---|---|---|---|"""


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    PICTURE.write_text(picture().svg, encoding="utf-8")
