"""The verdict, and the checks that can be tried without Docker."""

import json
import subprocess
from pathlib import Path

import pytest

from deploy.acceptance import Broken, Installation, Verdict, containers, strangers_are_refused

HEALTHY = {"Service": "api", "Image": "bypuls:0.1.0", "State": "running", "Health": "healthy", "Publishers": []}
ENDED = {"Service": "migrate", "Image": "bypuls:0.1.0", "State": "exited", "ExitCode": 0, "Health": ""}


def place(*answers):
    """An installation whose `docker compose` says these."""
    left = list(answers)

    def run(command, **_):
        code, out = left.pop(0) if left else (0, "")
        return subprocess.CompletedProcess(command, code, out, "")

    return Installation(run, "http://127.0.0.1:1", "http://127.0.0.1:1", Path())


def listed(*found):
    return (0, "\n".join(json.dumps(one) for one in found))


def test_the_verdict_passes_only_when_every_check_and_every_panel_holds():
    verdict = Verdict("abc")
    assert verdict.as_json()["verdict"] == "fail", "nothing was checked"
    verdict.check("one", lambda: "fine")
    assert verdict.as_json()["verdict"] == "fail", "no board was asked for"
    verdict.panels.append({"ok": True})
    assert verdict.as_json()["verdict"] == "pass"
    verdict.check("two", lambda: 1 / 0)
    found = verdict.as_json()
    assert found["verdict"] == "fail"
    assert found["checks"][1]["detail"].startswith("ZeroDivisionError")
    assert set(found) == {
        *("schema", "verdict", "revision", "started", "finished", "seconds"),
        *("images", "checks", "panels", "pictures"),
    }
    json.dumps(found)


def test_healthy_containers_and_those_that_ended_well_are_fine():
    verdict = Verdict("abc")
    assert containers(place(listed(HEALTHY, ENDED)), verdict) == "2 containers"
    assert verdict.images == {"api": "bypuls:0.1.0", "migrate": "bypuls:0.1.0"}


@pytest.mark.parametrize(
    "wrong",
    [
        HEALTHY | {"Health": "unhealthy"},
        HEALTHY | {"Health": ""},
        ENDED | {"ExitCode": 1},
        HEALTHY | {"Publishers": [{"URL": "0.0.0.0", "PublishedPort": 8080}]},
    ],
)
def test_a_container_that_is_not_well_or_listens_beyond_loopback_is_told(wrong):
    with pytest.raises(Broken, match=wrong["Service"]):
        containers(place(listed(HEALTHY, wrong)), Verdict("abc"))


def test_a_broker_that_lets_anybody_in_is_told():
    with pytest.raises(Broken, match="without a password"):
        strangers_are_refused(place((0, "")), ("fjordvik/x", "word"))
    with pytest.raises(Broken, match="wrong password"):
        strangers_are_refused(place((5, ""), (0, "")), ("fjordvik/x", "word"))


def test_a_compose_command_that_fails_is_one_line():
    with pytest.raises(Broken, match="docker compose ps"):
        place((1, "")).compose("ps")
