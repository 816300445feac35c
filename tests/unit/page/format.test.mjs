// Numbers, units, times, thresholds: what a reader sees.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatNumber } from "../../../dashboards/control_room/static/js/format/numbers.js";
import { formatDuration, formatQuantity, joined, writtenUnit } from "../../../dashboards/control_room/static/js/format/units.js";
import { approximateInstant, asInstant, compactAge, formatTime, fromLocalInput, intervalFor, localInput, spanOf } from "../../../dashboards/control_room/static/js/format/times.js";
import { bandsOf, classNumber, mapped, stepOf, wordKeyOf, CLASS_COLOURS } from "../../../dashboards/control_room/static/js/format/thresholds.js";
import { contrast, cssColour, SERIES, textOn } from "../../../dashboards/control_room/static/js/format/colours.js";

const plain = (text) => text.replaceAll("\u00a0", " ");

test("numbers have the language's decimal mark, groups and a real minus", () => {
  assert.equal(formatNumber(3120.4, { language: "en", decimals: 1 }), "3,120.4");
  assert.equal(plain(formatNumber(-3120.4, { language: "nb", decimals: 1 })), "−3 120,4");
});

test("without decimals a number keeps about three digits and no idle zeros", () => {
  assert.equal(formatNumber(34.26), "34.3");
  assert.equal(formatNumber(34), "34");
  assert.equal(formatNumber(0.00321), "0.00321");
  assert.equal(formatNumber(1234.5), "1,235");
});

test("a wanted sign is written for more, not for nothing", () => {
  assert.equal(formatNumber(12, { sign: true, decimals: 0 }), "+12");
  assert.equal(formatNumber(0, { sign: true, decimals: 0 }), "0");
});

for (const [value, unit, language, text] of [
  [34.2, "conμgm3", "en", "34.2 µg/m³"], [34.2, "conµgm3", "nb", "34,2 µg/m³"], [34.2, "ug/m3", "nb", "34,2 µg/m³"],
  [12, "percent", "nb", "12 %"], [0.034, "percentunit", "en", "3.4 %"], [-6, "celsius", "nb", "−6 °C"], [270, "degree", "en", "270°"],
  [14820, "kwatth", "nb", "14 820 kWh"], [61, "dB[A]", "en", "61 dB(A)"], [12, "{vehicle}", "nb", "12 kjøretøy"],
  [2583, "s", "en", "43 min"], [7500, "s", "nb", "2 t 5 min"], [5, "suffix: °", "en", "5°"], [4194304, "bytes", "en", "4 MiB"],
]) {
  test(`${value} ${unit} is written ${text} (${language})`, () => {
    assert.equal(plain(joined(formatQuantity(value, unit, { language }))), text);
  });
}

test("durations are rounded into what they are next to", () => {
  assert.equal(formatDuration(59.7), "1 min");
  assert.equal(formatDuration(3599), "1 h");
  assert.equal(formatDuration(200000), "2 d 7 h");
});

test("an unknown unit is shown as it is, braces and dots apart", () => {
  assert.equal(writtenUnit("{bicycle}/h"), "bicycle/h");
  assert.equal(writtenUnit("N.m"), "N·m");
});

test("times are the city's, also when its clock changes", () => {
  const before = Date.UTC(2026, 2, 29, 0, 30);
  assert.equal(formatTime(before, "clock", { language: "nb", zone: "Europe/Oslo" }), "01:30");
  assert.equal(formatTime(before + 3600000, "clock", { language: "nb", zone: "Europe/Oslo" }), "03:30");
});

test("what a date field shows is read back as the same instant, summer and winter", () => {
  for (const at of [Date.UTC(2026, 0, 5, 9, 0), Date.UTC(2026, 6, 5, 9, 0), Date.UTC(2026, 2, 29, 1, 0)]) {
    assert.equal(fromLocalInput(localInput(at, "Europe/Oslo"), "Europe/Oslo"), at);
  }
  assert.equal(fromLocalInput("nonsense", "Europe/Oslo"), null);
});

test("relative bounds are understood for choosing an interval", () => {
  const now = Date.UTC(2026, 10, 22, 14, 5);
  assert.equal(approximateInstant("now-24h", now), now - 86400000);
  assert.equal(approximateInstant("1795356300000", now), 1795356300000);
  assert.equal(spanOf("30d"), 30 * 86400000);
  assert.equal(spanOf("nonsense"), null);
});

test("a chart asks for no more points than it can draw", () => {
  assert.equal(intervalFor(48 * 3600000, 800), 600000);
  assert.equal(intervalFor(3600000, 800, 300000), 300000);
});

test("ages are short, and a time that is none is none", () => {
  assert.equal(compactAge(124000), "2′");
  assert.equal(compactAge(7200000, "nb"), "2 t");
  assert.equal(asInstant(null), null);
  assert.equal(asInstant("2026-01-05T10:00:00Z"), Date.UTC(2026, 0, 5, 10));
});

test("a value has the colour of the step it reaches; no value has none", () => {
  const thresholds = { mode: "absolute", steps: [{ value: null, color: "a" }, { value: 15, color: "b" }, { value: 45, color: "c" }] };
  assert.equal(stepOf(15, thresholds).color, "b");
  assert.equal(stepOf(14.9, thresholds).color, "a");
  assert.equal(stepOf(null, thresholds), null);
  assert.equal(stepOf(NaN, thresholds), null);
  assert.equal(stepOf(60, { mode: "percentage", steps: [{ value: null, color: "a" }, { value: 50, color: "b" }] }, { min: 0, max: 200 }).color, "a");
});

test("bands lie between steps, the last without an end", () => {
  assert.deepEqual(bandsOf([{ value: null, color: "a" }, { value: 5, color: "b" }]), [{ from: -Infinity, to: 5, color: "a" }, { from: 5, to: Infinity, color: "b" }]);
});

test("values are mapped by value, range, pattern and what is special", () => {
  assert.equal(mapped(3, [{ type: "value", options: { 3: { text: "Moderate" } } }]).text, "Moderate");
  assert.equal(mapped(7, [{ type: "range", options: { from: 5, to: null, result: { text: "much" } } }]).text, "much");
  assert.equal(mapped("site-4", [{ type: "regex", options: { pattern: "/site-(\\d)/", result: { text: "no. $1" } } }]).text, "no. 4");
  assert.equal(mapped(null, [{ type: "special", options: { match: "null+nan", result: { text: "nothing" } } }]).text, "nothing");
  assert.equal(mapped(4, [{ type: "value", options: { 3: { text: "Moderate" } } }]), null);
});

test("classes are known by code, word and number; nothing is no class", () => {
  assert.equal(classNumber("very_poor"), 5);
  assert.equal(classNumber("Extremely poor"), 6);
  assert.equal(classNumber(null), null);
  assert.equal(classNumber(0), null);
});

test("a colour's word is the class on the whole scale, and how far from fine elsewhere", () => {
  const step = (number) => ({ color: CLASS_COLOURS[number - 1] });
  assert.equal(wordKeyOf(CLASS_COLOURS[2], { thresholds: { steps: [1, 2, 3, 4, 5, 6].map(step) } }), "class3");
  assert.equal(wordKeyOf(CLASS_COLOURS[2], { thresholds: { steps: [2, 3, 5].map(step) } }), "levelRaised");
  assert.equal(wordKeyOf(CLASS_COLOURS[2], { thresholds: { steps: [5, 3, 2].map(step) } }), "shareRaised");
  assert.equal(wordKeyOf(CLASS_COLOURS[4], { min: -100, thresholds: { steps: [3, 2, 3, 5].map(step) } }), "deviationHigh");
  assert.equal(wordKeyOf("#8894a0", {}), null);
});

test("series stand out from their panel by at least 3:1, and text on a class by 4.5:1", () => {
  for (const [theme, panel] of [["dark", "#171e24"], ["light", "#ffffff"]]) for (const colour of SERIES[theme]) assert.ok(contrast(colour, panel) >= 3);
  for (const colour of CLASS_COLOURS) assert.ok(contrast(colour, textOn(colour)) >= 4.5, colour);
  assert.deepEqual(CLASS_COLOURS.map((colour) => textOn(colour) === "#ffffff"), [false, false, false, false, true, true]);
});

test("a board's colour is one of the page's in each theme", () => {
  assert.notEqual(cssColour("semi-dark-red", "dark"), cssColour("red", "light"));
  assert.equal(cssColour("text", "dark"), null);
});
