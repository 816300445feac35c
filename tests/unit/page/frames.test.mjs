// Frames, fields and layout: from the server's answer to what a panel draws.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alignedSeries, hasValues, reduce, rowsOf, runsOf, singleValues, withGaps } from "../../../dashboards/control_room/static/js/frames.js";
import { configOf, filledLink, shown } from "../../../dashboards/control_room/static/js/fieldconfig.js";
import { sectionsOf } from "../../../dashboards/control_room/static/js/layout.js";
import { blocksOf } from "../../../dashboards/control_room/static/js/panels/text.js";
import { pathOf } from "../../../dashboards/control_room/static/js/panels/sparkline.js";
import { rangeOf } from "../../../dashboards/control_room/static/js/panels/chart.js";
import { seriesOf } from "../../../dashboards/control_room/static/js/pages/rollups.js";

const field = (name, type, values, labels = {}) => ({ name, type, values, labels });
const frame = (...fields) => ({ refId: "A", rows: fields[0]?.values.length ?? 0, fields });
const reader = { language: "en", zone: "UTC", translate: (text) => text };

test("rows are objects by name", () => {
  assert.deepEqual(rowsOf(frame(field("a", "number", [1, 2]), field("b", "string", ["x", "y"]))), [{ a: 1, b: "x" }, { a: 2, b: "y" }]);
  assert.deepEqual(rowsOf(undefined), []);
});

test("nothing but nulls is no data, and zero is data", () => {
  assert.equal(hasValues([frame(field("time", "time", [1]), field("v", "number", [null]))]), false);
  assert.equal(hasValues([frame(field("v", "number", [0]))]), true);
});

test("series of several frames share one axis, without gaps of their own making", () => {
  const { times, series } = alignedSeries([frame(field("Time", "time", [1, 3]), field("v", "number", [10, null])), frame(field("Time", "time", [2]), field("w", "number", [5]))]);
  assert.deepEqual(times, [1, 2, 3]);
  assert.deepEqual(series.map((one) => one.values), [[10, undefined, null], [undefined, 5, undefined]]);
});

test("a gap is kept, with a time of its own where no series has one", () => {
  const kept = withGaps([0, 10, 20, 70, 80], [[1, 1, 1, 1, 1]]);
  assert.deepEqual(kept.times, [0, 10, 20, 30, 70, 80]);
  assert.deepEqual(kept.columns, [[1, 1, 1, null, 1, 1]]);
});

test("a sparse series is no gap of a dense one", () => {
  const dense = Array.from({ length: 9 }, (_, at) => at);
  const sparse = dense.map((at) => (at % 4 === 0 ? 7 : undefined));
  assert.deepEqual(withGaps(dense, [dense, sparse]).columns[1], sparse);
});

test("reductions ignore nulls where their name says so", () => {
  assert.equal(reduce([1, null], "last"), null);
  assert.equal(reduce([1, null], "lastNotNull"), 1);
  assert.equal(reduce([null], "max"), null);
  assert.equal(reduce([2, 4, null], "mean"), 3);
});

test("a bar gauge has one bar per row, named by its text", () => {
  const found = singleValues([frame(field("site", "string", ["Torget", "Brua"]), field("v", "number", [1, 2]))], { values: true });
  assert.deepEqual(found.map(({ name, value }) => [name, value]), [["Torget", 1], ["Brua", 2]]);
});

test("a state runs until the next, the last until the end, and nothing leaves a hole", () => {
  assert.deepEqual(runsOf([0, 10, 20, 30], [1, 1, null, 2], 40), [{ from: 0, to: 20, value: 1 }, { from: 30, to: 40, value: 2 }]);
});

test("overrides hold for the fields they match", () => {
  const panel = { fieldConfig: { defaults: { unit: "none", custom: { width: 1 } }, overrides: [{ matcher: { id: "byName", options: "b" }, properties: [{ id: "unit", value: "percent" }, { id: "custom.hidden", value: true }] }] } };
  assert.equal(configOf(panel, field("a", "number", [])).unit, "none");
  assert.deepEqual(configOf(panel, field("b", "number", [])).custom, { width: 1, hidden: true });
  assert.deepEqual(panel.fieldConfig.defaults.custom, { width: 1 });
});

test("no value is shown in words and has no colour", () => {
  const config = { unit: "percent", noValue: "no data", thresholds: { steps: [{ value: null, color: "green" }] } };
  assert.deepEqual(shown(null, config, reader), { text: "no data", unit: "", full: "no data", colour: null, nothing: true, mapped: false });
  assert.equal(shown(0, config, reader).colour, "green");
});

test("links carry the range, the row and the variables, and slashes only where a path begins", () => {
  const data = { row: { site: "a b", link: "/site/x" }, range: { from: "now-24h", to: "now" }, variables: { area: ["x", "y"] } };
  assert.equal(filledLink("/site/${__data.fields.site}?${__url_time_range}&${__all_variables}", data), "/site/a%20b?from=now-24h&to=now&var-area=x&var-area=y");
  assert.equal(filledLink("http://127.0.0.1:8080${__data.fields.link}", data), "http://127.0.0.1:8080/site/x");
  assert.equal(filledLink("/site/${__data.fields.link}", data), "/site/%2Fsite%2Fx");
  assert.equal(filledLink("/d/air?${__all_variables}", {}), "/d/air");
});

test("rows are sections, folded ones with their own panels", () => {
  const sections = sectionsOf([
    { id: 1, type: "stat", gridPos: { x: 0, y: 0, w: 6, h: 4 } },
    { id: 2, type: "row", title: "More", gridPos: { x: 0, y: 4, w: 24, h: 1 } },
    { id: 3, type: "table", gridPos: { x: 0, y: 5, w: 24, h: 8 } },
    { id: 4, type: "row", title: "Folded", collapsed: true, gridPos: { x: 0, y: 13, w: 24, h: 1 }, panels: [{ id: 5, gridPos: { x: 0, y: 14, w: 12, h: 8 } }] },
  ]);
  assert.deepEqual(sections.map((one) => [one.title, one.collapsed, one.panels.map(({ panel }) => panel.id)]), [[null, false, [1]], ["More", false, [3]], ["Folded", true, [5]]]);
  assert.equal(sections[1].panels[0].row, 1);
});

test("panels move up into free room, never over each other", () => {
  const [{ panels }] = sectionsOf([{ id: 1, gridPos: { x: 0, y: 0, w: 12, h: 5 } }, { id: 2, gridPos: { x: 12, y: 0, w: 12, h: 8 } }, { id: 3, gridPos: { x: 0, y: 8, w: 12, h: 8 } }, { id: 4, gridPos: { x: 0, y: 16, w: 24, h: 3 } }]);
  assert.deepEqual(panels.map(({ row }) => row), [1, 1, 6, 14]);
});

test("Markdown is blocks of text; HTML stays text", () => {
  assert.deepEqual(blocksOf("# Title\n\nOne\ntwo\n- a\n- b\n<script>"), [
    { kind: "heading", level: 1, lines: ["Title"] }, { kind: "paragraph", lines: ["One", "two"] }, { kind: "list", lines: ["a", "b"] }, { kind: "paragraph", lines: ["<script>"] },
  ]);
});

test("a sparkline breaks where values are missing", () => {
  const box = { from: 0, to: 3, low: 0, high: 1, width: 30, height: 10 };
  assert.equal(pathOf([0, 1, 2, 3], [0, 1, null, 1], box), "M0.0 10.0L10.0 0.0M30.0 0.0");
});

test("an axis has zero in view unless that flattens the lines, and bars always begin there", () => {
  assert.equal(rangeOf({}, 10, 50)[0], 0);
  assert.ok(rangeOf({}, 1000, 1010)[0] > 990);
  assert.equal(rangeOf({ lines: [{ style: "bars" }] }, 1000, 1010)[0], 0);
  assert.deepEqual(rangeOf({ min: 0, max: 100 }, 40, 50), [0, 100]);
  assert.ok(rangeOf({ limits: [{ value: 80 }] }, 10, 50)[1] > 80);
});

test("rollups are one line per device and channel", () => {
  const row = (bucket, device, mean, channel = "") => ({ bucket, device, channel, mean });
  const { times, lines } = seriesOf([row("2026-01-01T00:00:00Z", "a", 1), row("2026-01-01T01:00:00Z", "a", 2), row("2026-01-01T00:00:00Z", "b", 3, "1")]);
  assert.equal(times.length, 2);
  assert.deepEqual(lines.map((line) => [line.label, line.values]), [["a", [1, 2]], ["b · 1", [3, undefined]]]);
});
