"""The checks behind deploy/acceptance.sh: uses the running installation as people do, writes one verdict.

    verdict.json: {"schema": 1, "verdict": "pass" | "fail", "revision", "started", "finished", "seconds",
                   "images": {service: "name:tag (id)"}, "checks": [{"name", "ok", "seconds", "detail"}],
                   "panels": [{"board", "panel", "title", "ok", "rows", "milliseconds", "error"}], "pictures": [file]}

`pass` means: every check holds, and there was at least one board. Needs nothing but Python and `docker compose`.
"""

# ruff: noqa: T201 - a command speaks

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from deploy import panel_queries  # noqa: E402 - needs the line above
from deploy.add_device import add  # noqa: E402

CITY, DEVICE = "fjordvik", "acceptance"
NUMBERS = 300
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Broken(Exception):
    """A check that does not hold, with what was found."""


@dataclass
class Verdict:
    """What is written; see the module's text."""

    revision: str
    started: str = field(default_factory=_now)
    images: dict[str, str] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    panels: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)

    def check(self, name: str, do: Callable[[], str]) -> bool:
        """Do one check; whatever it raises is its detail."""
        started = time.monotonic()
        try:
            ok, detail = True, do()
        except Exception as problem:  # noqa: BLE001 - one broken check must not hide the others
            ok, detail = False, f"{type(problem).__name__}: {problem}"
        seconds = round(time.monotonic() - started, 1)
        self.checks.append({"name": name, "ok": ok, "seconds": seconds, "detail": detail})
        print(f"{'ok  ' if ok else 'FAIL'} {seconds:6.1f} s  {name}: {detail}", flush=True)
        return ok

    def as_json(self) -> dict[str, Any]:
        """With the verdict itself: every check holds, every panel answers, and there were some of both."""
        holds = [one["ok"] for one in self.checks] + [one["ok"] for one in self.panels]
        passed = all(holds) and bool(self.checks) and bool(self.panels)
        seconds = (datetime.fromisoformat(_now()) - datetime.fromisoformat(self.started)).total_seconds()
        return {
            "schema": 1,
            "verdict": "pass" if passed else "fail",
            "finished": _now(),
            "seconds": seconds,
        } | asdict(self)


@dataclass
class Installation:
    """The running containers, and how they are reached."""

    run: Run
    api: str
    grafana: str
    secrets: Path

    def compose(self, *words: str, seconds: float = 120, check: bool = True) -> str:
        """Run `docker compose …`; its output."""
        done = self.run(["docker", "compose", *words], cwd=ROOT, capture_output=True, text=True, timeout=seconds)
        if check and done.returncode != 0:
            message = f"docker compose {words[0]}: {done.stderr.strip().splitlines()[-1:] or done.returncode}"
            raise Broken(message)
        return done.stdout if check else f"{done.returncode}"

    def publish(self, topic: str, payload: str, user: tuple[str, str] | None) -> int:
        """mosquitto_pub inside the broker's container; its exit code."""
        who = ["-u", user[0], "-P", user[1]] if user else []
        words = ["mosquitto_pub", "-h", "127.0.0.1", *who, "-q", "1", "-t", topic, "-m", payload]
        return int(self.compose("exec", "-T", "mosquitto", *words, check=False))

    def get(self, path: str, **parameters: str) -> Any:
        """JSON of the API."""
        url = f"{self.api}{path}{'?' + urlencode(parameters) if parameters else ''}"
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - an address of ours
            return json.load(answer)

    def values(self, since: str) -> list[float]:
        """What our device measured since then, as the API has it."""
        path = "/v1/observations"
        try:
            found = self.get(
                path, **{"city": CITY, "device": DEVICE, "property": "pm10", "from": since, "limit": "5000"}
            )
        except urllib.error.HTTPError:  # the device is not known yet
            return []
        return [row["value"] for row in found["data"]]

    def wait(self, what: str, ready: Callable[[], bool], seconds: float = 90) -> None:
        """Until it is so.

        Raises:
            Broken: it is not, in time.
        """
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                message = f"{what}: not within {seconds:.0f} s"
                raise Broken(message)
            time.sleep(1)


def containers(place: Installation, verdict: Verdict) -> str:
    """Everything that runs is healthy, what was to end ended well, nothing listens beyond loopback."""
    found = [json.loads(line) for line in place.compose("ps", "--all", "--format", "json").splitlines() if line.strip()]
    verdict.images = {one["Service"]: one["Image"] for one in found}
    wrong = [
        f"{one['Service']} {one['State']} {one.get('Health', '')}"
        for one in found
        if not (one["State"] == "running" and one.get("Health") == "healthy")
        and not (one["State"] == "exited" and one.get("ExitCode") == 0)
    ]
    beyond = [
        f"{one['Service']} on {port['URL']}:{port['PublishedPort']}"
        for one in found
        for port in one.get("Publishers") or []
        if port.get("PublishedPort") and port.get("URL") not in {"127.0.0.1", "::1"}
    ]
    if wrong or beyond or not found:
        raise Broken("; ".join(wrong + beyond) or "no containers")
    return f"{len(found)} containers"


def message_arrives(place: Installation, user: tuple[str, str]) -> str:
    """A value that is published is in the API."""
    started = time.monotonic()
    since, value = _now(), 41.5
    payload = json.dumps({"time": since, "readings": [{"quantity": "pm10", "value": value, "unit": "ug/m3"}]})
    if place.publish(f"bypuls/v1/{CITY}/{DEVICE}/observations", payload, user) != 0:
        raise Broken("mosquitto_pub was refused")
    place.wait("the value in the API", lambda: value in place.values(since))
    return f"after {time.monotonic() - started:.1f} s, the publisher's start included"


def strangers_are_refused(place: Installation, user: tuple[str, str]) -> str:
    """Nobody without a password; nobody for another device; nobody with a wrong password."""
    topic = f"bypuls/v1/{CITY}/{DEVICE}-forged/observations"
    if place.publish(topic, '{"pm10": 1}', None) == 0:
        raise Broken("the broker let somebody in without a password")
    if place.publish(topic, '{"pm10": 1}', (user[0], "wrong")) == 0:
        raise Broken("the broker let somebody in with a wrong password")
    place.publish(topic, '{"pm10": 1}', user)
    time.sleep(5)
    devices = place.get("/v1/devices", city=CITY, limit="5000")["data"]
    if any(one["device"] == f"{DEVICE}-forged" for one in devices):
        raise Broken("a device published for another one")
    return "without a password, with a wrong one, for another device"


def kill_loses_nothing(place: Installation, user: tuple[str, str]) -> str:
    """Messages go on while ingest is killed and away; all of them are stored in the end, each once."""
    start = datetime.now(UTC).replace(microsecond=0)
    since = start.isoformat()
    for number in range(NUMBERS):
        stamp = start.timestamp() + number / 1000
        payload = json.dumps({"time": datetime.fromtimestamp(stamp, UTC).isoformat(), "pm10": 1 + number / 10})
        if place.publish(f"bypuls/v1/{CITY}/{DEVICE}/observations", payload, user) != 0:
            message = f"message {number} was refused"
            raise Broken(message)
        if number == NUMBERS // 3:
            place.compose("kill", "--signal", "KILL", "ingest")
        if number == 2 * NUMBERS // 3:
            place.compose("up", "--detach", "--no-deps", "ingest")
    wanted = sorted(round(1 + number / 10, 6) for number in range(NUMBERS))
    place.wait("every message stored", lambda: len(place.values(since)) >= NUMBERS)
    if sorted(round(value, 6) for value in place.values(since)) != wanted:
        raise Broken("what is stored is not what was published")
    return f"{NUMBERS} messages, each stored once"


def _boards(folder: Path) -> list[dict[str, Any]]:
    found = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    return [one for one in found if "panels" in one]


def boards(place: Installation, verdict: Verdict, folder: Path) -> str:
    """Every panel of every board answers."""
    password = (place.secrets / "grafana_admin_password").read_text(encoding="ascii").strip()
    ask = panel_queries.grafana(place.grafana, "admin", password)
    for board in _boards(folder):
        verdict.panels += [answer.as_json() for answer in panel_queries.check(board, ask, time.time())]
    wrong = [f"{one['board']}/{one['panel']}: {one['error']}" for one in verdict.panels if not one["ok"]]
    if wrong or not verdict.panels:
        raise Broken("; ".join(wrong[:5]) or f"no boards in {folder}")
    return f"{len(verdict.panels)} panels, {sum(one['rows'] for one in verdict.panels)} rows"


def pictures(place: Installation, verdict: Verdict, out: Path, folder: Path) -> str:
    """The page and every board as a person sees them; left out, saying so, where there is no browser."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        return "left out: no Chromium here"
    pages = {"page": f"{place.api}/"} | {
        f"grafana-{board['uid']}": f"{place.grafana}/d/{board['uid']}?kiosk" for board in _boards(folder)
    }
    for name, url in pages.items():
        words = [browser, "--headless=new", "--no-sandbox", "--hide-scrollbars", "--window-size=1600,1200"]
        words += ["--virtual-time-budget=20000", f"--screenshot={(out / name).resolve()}.png", url]
        place.run(words, capture_output=True, text=True, timeout=120)
        if (out / f"{name}.png").exists():
            verdict.pictures.append(f"{name}.png")
    if len(verdict.pictures) != len(pages):
        message = f"only {len(verdict.pictures)} of {len(pages)} pictures"
        raise Broken(message)
    return f"{len(pages)} pictures"


def main() -> int:
    """Do all checks; 0 when they hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--up", default="ok", help="how `docker compose up --wait` ended")
    parser.add_argument("--revision", default="unknown")
    told = parser.parse_args()
    secrets = Path(os.environ.get("BYPULS_SECRETS_FOLDER") or ROOT / "deploy" / "secrets")
    place = Installation(
        subprocess.run,
        f"http://127.0.0.1:{os.environ.get('BYPULS_API_PORT', '8080')}",
        f"http://127.0.0.1:{os.environ.get('BYPULS_GRAFANA_PORT', '3000')}",
        secrets,
    )
    verdict, folder = Verdict(told.revision), ROOT / "dashboards" / "json"

    def up() -> str:
        if told.up != "ok":
            message = f"docker compose up --wait: {told.up}"
            raise Broken(message)
        return containers(place, verdict)

    if verdict.check("everything runs, is healthy, and listens on loopback only", up):
        user = (f"{CITY}/{DEVICE}", add(secrets / "broker_devices", CITY, DEVICE))
        verdict.check("the broker learns a new device", lambda: _reload(place))
        verdict.check("a published value is in the API", lambda: message_arrives(place, user))
        verdict.check("strangers are refused by the broker", lambda: strangers_are_refused(place, user))
        verdict.check("ingest killed and started again loses nothing", lambda: kill_loses_nothing(place, user))
        verdict.check("every panel of every board answers in Grafana", lambda: boards(place, verdict, folder))
        verdict.check("pictures", lambda: pictures(place, verdict, told.out, folder))
    found = verdict.as_json()
    (told.out / "verdict.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{found['verdict']}: {told.out / 'verdict.json'}")
    return 0 if found["verdict"] == "pass" else 1


def _reload(place: Installation) -> str:
    place.compose("run", "--rm", "--no-deps", "hand-out")
    place.compose("kill", "--signal", "HUP", "mosquitto")
    time.sleep(2)
    return "without a restart"


if __name__ == "__main__":
    sys.exit(main())
