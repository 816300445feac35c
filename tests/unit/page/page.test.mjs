// Addresses, refreshing, waiting, words: how the page behaves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { carried, followable, isSafe, rangeOf, routeOf, variablesOf } from "../../../dashboards/control_room/static/js/router.js";
import { backoff } from "../../../dashboards/control_room/static/js/backoff.js";
import { createRefresher } from "../../../dashboards/control_room/static/js/refresh.js";
import { wordsOf } from "../../../dashboards/control_room/static/js/text/words.js";
import { en } from "../../../dashboards/control_room/static/js/text/en.js";
import { nb } from "../../../dashboards/control_room/static/js/text/nb.js";
import { sentenceOf } from "../../../dashboards/control_room/static/js/city/sentences.js";
import { tileOf } from "../../../dashboards/control_room/static/js/city/answer.js";
import { namedBy } from "../../../dashboards/control_room/static/js/reporting/codes.js";
import { bodyOf, readNumber, typedNumber } from "../../../dashboards/control_room/static/js/reporting/values.js";
import { sitesOf, siteText } from "../../../dashboards/control_room/static/js/map/sites.js";

const reader = (language = "en") => {
  const words = wordsOf(language);
  return { language, zone: "Europe/Oslo", translate: words.translate, words };
};
const plain = (text) => text.replaceAll("\u00a0", " ");

test("addresses are routes, and what is none is said so", () => {
  assert.equal(routeOf("/", "").page, "city");
  assert.deepEqual([routeOf("/board/air", "").page, routeOf("/board/air", "").id], ["board", "air"]);
  assert.equal(routeOf("/board/city-now", "").page, "city");
  assert.equal(routeOf("/site/a%20b", "").id, "a b");
  assert.equal(routeOf("/site/%zz", "").id, "%zz");
  assert.equal(routeOf("/elsewhere", "").page, "missing");
});

test("a time range is taken when both ends are times, and the board's otherwise", () => {
  const board = { from: "now-7d", to: "now" };
  assert.deepEqual(rangeOf(new URLSearchParams("from=now-6h&to=now"), board), { from: "now-6h", to: "now" });
  assert.deepEqual(rangeOf(new URLSearchParams("from=yesterday&to=now"), board), board);
});

test("links keep the city everywhere, range and variables on boards and sites, and their own words first", () => {
  const query = new URLSearchParams("city=fjordvik&from=now-6h&to=now&var-area=x&lang=nb&start=9");
  assert.equal(carried("/board/air", query), "/board/air?city=fjordvik&lang=nb&from=now-6h&to=now&var-area=x");
  assert.equal(carried("/board/air?var-area=y", query), "/board/air?var-area=y&city=fjordvik&lang=nb&from=now-6h&to=now");
  assert.equal(carried("/quarantine?reason=empty", query), "/quarantine?reason=empty&city=fjordvik&lang=nb");
  assert.deepEqual(variablesOf(new URLSearchParams("var-a=1&var-a=2&b=3")), { a: ["1", "2"] });
});

test("boards' links are followed within the page, and nothing unsafe is", () => {
  assert.equal(followable("/d/air?x=1"), "/board/air?x=1");
  assert.equal(followable("http://127.0.0.1:8080/site/torget?from=1"), "/site/torget?from=1");
  assert.equal(followable("http://127.0.0.1:8080/quarantine?reason=x?from=1"), "/quarantine?reason=x&from=1");
  assert.equal(followable("javascript:alert(1)"), null);
  assert.equal(isSafe("//elsewhere.example"), false);
});

test("waiting doubles up to half a minute, never all at once", () => {
  assert.deepEqual([0, 1, 5, 20].map((attempt) => backoff(attempt, 1)), [1000, 2000, 30000, 30000]);
  assert.equal(backoff(3, 0), 4000);
});

/** A clock that is turned by hand. */
function handClock() {
  let at = 0;
  let timers = [];
  return {
    now: () => at,
    after: (ms, run) => {
      const timer = { at: at + ms, run };
      timers.push(timer);
      return timer;
    },
    cancel: (timer) => {
      timers = timers.filter((one) => one !== timer);
    },
    async pass(ms) {
      const end = at + ms;
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((one) => one !== next);
        at = next.at;
        next.run();
      }
      at = end;
    },
  };
}

test("a burst of changes is one request, and the next waits its turn", async () => {
  const clock = handClock();
  const refresher = createRefresher(clock);
  let asked = 0;
  refresher.add({}, { visible: () => true, load: async () => (asked += 1), everyMs: 30000 });
  await clock.pass(10000);
  assert.equal(asked, 1);
  for (let change = 0; change < 50; change += 1) refresher.changed();
  await clock.pass(1000);
  assert.equal(asked, 2);
  for (let change = 0; change < 50; change += 1) refresher.changed();
  await clock.pass(1000);
  assert.equal(asked, 2);
  await clock.pass(1000);
  assert.equal(asked, 3);
});

test("without changes a panel asks by the clock", async () => {
  const clock = handClock();
  let asked = 0;
  createRefresher(clock).add({}, { visible: () => true, load: async () => (asked += 1), everyMs: 30000 });
  await clock.pass(95000);
  assert.equal(asked, 4);
});

test("what is not seen is not asked, and is when it comes into view", async () => {
  const clock = handClock();
  const refresher = createRefresher(clock);
  let asked = 0;
  let visible = false;
  refresher.add({}, { visible: () => visible, load: async () => (asked += 1), everyMs: 30000 });
  refresher.changed();
  await clock.pass(60000);
  assert.equal(asked, 0);
  visible = true;
  refresher.seen();
  await clock.pass(100);
  assert.equal(asked, 1);
});

test("a slow panel is never asked twice at once", async () => {
  const clock = handClock();
  const refresher = createRefresher(clock);
  let running = 0;
  let most = 0;
  refresher.add({}, {
    visible: () => true, everyMs: 30000,
    load: () => {
      running += 1;
      most = Math.max(most, running);
      return new Promise((resolve) => clock.after(5000, () => resolve((running -= 1))));
    },
  });
  for (let second = 0; second < 20; second += 1) {
    refresher.changed();
    await clock.pass(1000);
  }
  assert.equal(most, 1);
});

test("both languages have every word, with the same places to fill", () => {
  assert.deepEqual(Object.keys(nb).sort(), Object.keys(en).sort());
  const places = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
  for (const key of Object.keys(en)) assert.deepEqual(places(nb[key]), places(en[key]), key);
});

test("what needs a hand is a sentence", () => {
  const names = new Map([["elgeseter", "Elgeseter"]]);
  assert.equal(plain(sentenceOf({ what: "silent", site: "elgeseter", property: "PM10", minutes: 43, count: 1 }, reader(), names)), "Elgeseter PM10 silent for 43 min");
  assert.equal(plain(sentenceOf({ what: "refused", property: "unknown_unit", count: 12, minutes: 1 }, reader("nb"))), "12 meldinger avvist: ukjent måleenhet");
  assert.equal(plain(sentenceOf({ what: "refused", property: "unknown_unit", count: 1 }, reader())), "1 message refused: unknown unit");
  assert.equal(sentenceOf({ what: "air", site: "elgeseter", property: "Very poor" }, reader(), names), "Elgeseter: air is very poor");
  assert.equal(sentenceOf({ what: "something new", site: "x", count: 1 }, reader()), "something new · x");
});

const AIR = { fieldConfig: { defaults: { mappings: [{ type: "value", options: { 3: { text: "Moderate", color: "#f4d94e" } } }] } } };
const tile = (row, panel = AIR, language = "en") => tileOf(panel, { frames: [{ refId: "A", fields: Object.entries(row).map(([name, value]) => ({ name, type: "number", values: [value], labels: {} })) }] }, reader(language), "dark");

test("a classed tile says the class in words and what was measured as its number", () => {
  const said = tile({ value: 3, secondary_value: 34.2, secondary_unit: "µg/m³", day_so_far: 61.3, hours_so_far: 5, target: 50, days_used: 14, days_allowed: 25 });
  assert.deepEqual([said.word, said.big.text, said.big.unit, said.colour], ["Moderate", "34", "µg/m³", "#f4d94e"]);
  assert.deepEqual(said.notes.map(({ name, value }) => plain(`${name} ${value}`)), ["Day so far 61 µg/m³ (limit 50) · 5/24 h", "Days used 14 of 25"]);
});

test("a tile without a value has neither a number nor a colour", () => {
  const said = tile({ value: null, sites_ok: 0, newest: 1000 });
  assert.equal(said.nothing, true);
  assert.equal(said.word, "");
});

test("a difference has its sign, in the reader's language", () => {
  const said = tile({ value: 12.4 }, { fieldConfig: { defaults: { unit: "percent", decimals: 1, min: -100 } } }, "nb");
  assert.deepEqual(said.big, { text: "+12,4", unit: "%" });
});

test("a silent site says so before anything else, and one without a class says none", () => {
  const [silent, bare] = sitesOf([{ site: "a", name: "A", kind: "traffic", class: 3, silent: true }, { site: "b", kind: "road", class: null, silent: false }]);
  assert.equal(siteText(silent, reader()), "A · traffic · silent");
  assert.equal(bare.classNumber, null);
  assert.equal(siteText(bare, reader(), { short: true }), "No class");
});

test("what the API says of a message that it refuses is a sentence", () => {
  const detail = "invalid_json: Expecting value at character 0 of 5";
  assert.equal(reader("en").words.refusal(detail), "Not JSON: Expecting value at character 0 of 5.");
  assert.equal(reader("nb").words.refusal(detail), "Ikke JSON: Expecting value at character 0 of 5.");
  assert.equal(reader("en").words.refusal("body.topic: too long"), "Body.topic: too long.");
  assert.equal(reader("en").words.refusal(""), "");
});

test("a number is read as people type it in their language, and asked about where it may be a thousand times as much", () => {
  assert.deepEqual(readNumber(" 1\u00a0234,5 ", "nb"), { number: 1234.5, wrong: "" });
  assert.deepEqual(readNumber("84.5 %", "nb"), { number: 84.5, wrong: "" });
  assert.deepEqual(readNumber("1,234", "nb"), { number: 1.234, wrong: "" });
  assert.deepEqual(readNumber("1.234", "nb"), { number: null, wrong: "whichNumber" });
  assert.deepEqual(readNumber("1,234", "en"), { number: null, wrong: "whichNumber" });
  assert.deepEqual(readNumber("0,234", "en"), { number: 0.234, wrong: "" });
  assert.deepEqual(readNumber("−3", "en"), { number: -3, wrong: "" });
  assert.deepEqual(readNumber("", "en"), { number: null, wrong: "" });
  for (const typed of ["12a", "1.2.3", "1,234.5", "1e5", "--1", "."]) assert.equal(readNumber(typed, "en").wrong, "notANumber", typed);
  for (const stored of [0.1 + 0.2, 1234.5, -3, 1e-3]) assert.ok(Math.abs(readNumber(typedNumber(stored, "nb"), "nb").number - stored) < 1e-12 * Math.abs(stored));
});

test("what is typed of a data point becomes a body, or says what is wrong at which field", () => {
  const point = { unit: "%", defined: { denominator: "all", multiplier: 100 } };
  const typed = { value: "", numerator: "15", denominator: "20", unit: "", quality: "", source: " SSB ", origin: "", comment: "", none: false };
  const texts = { data_quality: null, data_origin: null, source: "SSB", comment: null };
  assert.deepEqual(bodyOf(typed, point, "en"), { body: { ...texts, numerator: 15, denominator: 20 }, wrong: {} });
  assert.deepEqual(bodyOf({ ...typed, denominator: "0" }, point, "en").wrong, { denominator: "zeroDenominator" });
  assert.deepEqual(bodyOf({ ...typed, numerator: "" , denominator: "" }, point, "en").wrong, { value: "nothingTyped" });
  assert.deepEqual(bodyOf({ ...typed, none: true }, point, "en").body, { ...texts, not_reported: true });
  assert.equal(bodyOf({ ...typed, value: "no" }, { unit: "yes/no" }, "en").body.value, false);
  assert.deepEqual(bodyOf(typed, { unit: "yes/no" }, "en").wrong, { value: "nothingTyped" });
  assert.deepEqual(bodyOf(typed, point, "en", { ...typed, source: "" }), { body: texts, wrong: {} }, "numbers that nobody touched are not sent");
  assert.equal(bodyOf(typed, point, "en", { ...typed, numerator: "14" }).body.numerator, 15);
});

test("a unit is asked for indicators by their codes or how these begin", () => {
  const kpis = ["EN: EN: AQ: 1C", "EN: E: E: 1C", "EN: EN: EQ: 1C"].map((code) => ({ code }));
  const named = (text) => namedBy(text, kpis)?.map((kpi) => kpis.indexOf(kpi));
  assert.deepEqual([named("en:en"), named("EN: E, EN:EN:AQ:1C"), named("*"), named("EN: EN, EN")], [[0, 2], [1, 0], [0, 1, 2], [0, 2, 1]]);
  assert.deepEqual([named("EN: X"), named(" "), named("EN: EN: AQ: 1C: 2")], [undefined, undefined, undefined]);
});
