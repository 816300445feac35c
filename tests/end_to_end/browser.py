"""Chromium as the tests use it: nothing outside is reached, and what it complains about is kept."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
DESK, PHONE, DOUBLED = (1366, 768), (390, 844), (683, 384)
"""An operator's screen, a phone, and the operator's screen at 200 %, in CSS pixels."""
_ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
    "--font-render-hinting=none", "--disable-lcd-text",
)  # fmt: skip
PANELS = "**/control-room/boards/*/panels/*"
"""Where panels ask for their data."""
PATIENCE_MS = 30_000
"""A busy machine is no defect of the page."""

SLOW_MS = float(os.environ.get("BYPULS_SLOW_ANSWERS") or 0) * 1000
"""`BYPULS_SLOW_ANSWERS=1.5`: every answer comes up to so many seconds late. A test that does not wait fails then."""

_QUIET_FRAMES = 10
"""A page's own effects, and its charts, come in the frames after what they follow from."""

_WATCH = """(slowMs) => {
  let asked = 0, changed = 0, seen = 0, quiet = 0;
  const fetched = window.fetch.bind(window);
  const late = () => new Promise((done) => setTimeout(done, Math.random() * slowMs));
  window.fetch = async (...request) => {
    asked += 1;
    try {
      if (slowMs) await late();
      const answer = await fetched(...request);
      const read = () => { asked -= 1; changed += 1; };
      answer.clone().arrayBuffer().then(read, read);
      return answer;
    } catch (error) {
      asked -= 1;
      changed += 1;
      throw error;
    }
  };
  new MutationObserver(() => { changed += 1; })
    .observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  // Called once a frame.
  window.quietFrames = (settled) => {
    quiet = settled && asked === 0 && seen === changed ? quiet + 1 : 0;
    seen = changed;
    return quiet;
  };
}"""
"""Counts the frames since a page last asked for something or changed: what is read again behind what stands, too."""

STATES = """() => {
  const stateOf = (part) => part.dataset.state
    ?? (part.querySelector(".skeleton") ? "loading" : part.querySelector(".failed") ? "failed"
      : part.querySelector(".old-chip, .old") ? "stale" : part.querySelector(".empty") ? "empty" : "live");
  return [...document.querySelectorAll("[data-panel]")].map((part) => {
    const place = part.getBoundingClientRect();
    return { panel: Number(part.dataset.panel), state: stateOf(part), text: part.innerText,
      label: part.getAttribute("aria-label"), top: place.top, bottom: place.bottom,
      seen: place.bottom > 0 && place.top < innerHeight };
  });
}"""
_SETTLED = f"""(frames) => {{
  const seen = (part) => {{
    const place = part.getBoundingClientRect();
    return place.bottom > 0 && place.top < innerHeight;
  }};
  const settled = document.querySelector("main#content")
    && ![...document.querySelectorAll(".skeleton, .outline")].some(seen)
    && ({STATES})().every(({{ state, seen }}) => state !== "loading" || !seen);
  return window.quietFrames(settled) >= frames;
}}"""
"""Panels below what is seen wait until somebody scrolls there."""


def find_chromium():
    return os.environ.get("BYPULS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium(program):
    """One browser, without anything of the account that runs it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=list(_ARGUMENTS),
            env=os.environ | {"FONTCONFIG_FILE": str(HERE / "fonts.conf")},
        )
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page that somebody has open; `complaints` is what must not happen on it."""

    def __init__(self, page: Page, address: str):
        self.page, self.address = page, address
        self.complaints: list[str] = []
        self.expected: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._complain(f"error: {error}"))
        page.add_init_script(f"({_WATCH})({SLOW_MS})")
        # Whatever is not ours is stopped and told.
        outside = re.compile(rf"^(?!{re.escape(address)}/|data:|blob:|about:)")
        page.context.route(outside, self._stop)

    def _said(self, said):
        if said.type == "error":
            self._complain(f"console: {said.text} {said.location.get('url', '')}")

    def _complain(self, what):
        if not any(re.search(pattern, what) for pattern in self.expected):
            self.complaints.append(what)

    def _stop(self, route):
        self._complain(f"asked outside: {route.request.url}")
        route.abort()

    def expect(self, pattern):
        """This complaint belongs to the test (a server that is away is told by the browser)."""
        self.expected.append(pattern)

    def go(self, path="/", *, settled=True):
        self.page.goto(self.address + path, wait_until="load", timeout=PATIENCE_MS)
        return self.settle() if settled else self

    def settle(self):
        """Until nothing loads, nothing is on its way, and nothing has changed for some frames.

        What somebody did a moment ago has had its effect then, unless the page waits on purpose (a burst of changes,
        a minute that passes) or listens (the server's events).
        """
        self.page.wait_for_function(_SETTLED, arg=_QUIET_FRAMES, timeout=PATIENCE_MS)
        return self

    def panels(self):
        return self.page.evaluate(STATES)

    def panel(self, number):
        return next(panel for panel in self.panels() if panel["panel"] == number)

    def text(self, selector="body"):
        return self.page.inner_text(selector)

    def resize(self, size):
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        return self.settle()

    def resize_to_content(self):
        """Panels load when they are seen: let the window be as high as what it shows."""
        for _ in range(4):
            wanted = self.page.evaluate("Math.ceil(document.documentElement.scrollHeight)")
            size = self.page.viewport_size
            if wanted <= size["height"]:
                break
            self.resize((size["width"], wanted))
        return self
