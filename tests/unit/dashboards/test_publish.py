"""Publishing to a Grafana: what is missing is made, what differs changed, a second run does nothing; clear errors."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

from bypuls.cli import app
from bypuls.errors import SettingsError
from bypuls.server_folder import free_port
from dashboards.files import documents
from dashboards.publish import Done, Publisher, PublishError, holds
from tests.boards_on_a_database import boards
from tests.grafana_server import TOKEN, FakeGrafana, Spec


@pytest.fixture
def grafana():
    fake = FakeGrafana()
    with fake.running() as url:
        fake.url = url
        yield fake


def publish(url, made=None, **options):
    return list(Publisher(url, options.pop("token", TOKEN), "Bypuls", **options).publish(made or boards()))


def test_the_first_run_creates_every_board_in_its_folder_and_the_second_changes_nothing(grafana):
    assert publish(grafana.url) == [Done(uid, "created") for uid in sorted(boards())]
    assert grafana.folders["bypuls"]["title"] == "Bypuls"
    written = grafana.writes
    assert {done.outcome for done in publish(grafana.url)} == {"unchanged"}
    assert grafana.writes == written


def test_a_board_that_differs_is_changed_alone(grafana):
    publish(grafana.url)
    grafana.dashboards["air"]["dashboard"]["panels"][0]["title"] = "changed by hand"
    outcomes = {done.uid: done.outcome for done in publish(grafana.url)}
    assert outcomes.pop("air") == "changed"
    assert set(outcomes.values()) == {"unchanged"}
    assert grafana.dashboards["air"]["dashboard"]["version"] == 2


def test_a_board_in_another_folder_is_moved(grafana):
    publish(grafana.url)
    grafana.dashboards["air"]["meta"]["folderUid"] = ""
    assert Done("air", "changed") in publish(grafana.url)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(grafana):
    assert {done.outcome for done in publish(grafana.url, dry_run=True)} == {"created"}
    assert grafana.writes == 0


def test_a_grafana_under_a_path_is_reached():
    fake = FakeGrafana(prefix="/grafana")
    with fake.running() as url:
        assert len(publish(url + "/")) == len(boards())


def test_a_change_in_between_is_not_overwritten(grafana):
    publish(grafana.url)
    grafana.dashboards["air"]["dashboard"]["title"] = "x"

    def somebody(fake):
        fake.dashboards["air"]["dashboard"]["version"] += 1

    grafana.before_write = somebody
    with pytest.raises(PublishError, match=r"take board air \(412\): somebody changed it in the meantime"):
        publish(grafana.url)
    assert grafana.dashboards["air"]["dashboard"]["title"] == "x"


def test_a_wrong_token_is_said(grafana):
    with pytest.raises(PublishError, match=r"does not accept the token \(401\)"):
        publish(grafana.url, token="wrong")


def test_a_token_that_may_not_edit_is_said(grafana):
    grafana.answers["POST", "/api/folders"] = (403, {"message": "Access denied"})
    with pytest.raises(PublishError, match=r"refuses \(403\): the token's service account needs the role Editor"):
        publish(grafana.url)


def test_a_missing_data_source_is_said_before_anything_is_written(grafana):
    grafana.sources.clear()
    with pytest.raises(PublishError, match="has no data source with uid bypuls-postgres: provision it"):
        publish(grafana.url)
    assert grafana.writes == 0


def test_an_error_of_the_server_is_passed_on_in_one_line(grafana):
    grafana.answers["POST", "/api/dashboards/db"] = (500, {"message": "database is locked"})
    with pytest.raises(PublishError, match=r"did not take board air \(500\): database is locked"):
        publish(grafana.url)


def test_what_is_no_grafana_is_said(grafana):
    grafana.answers["GET", "/api/datasources/uid/bypuls-postgres"] = (200, "<html>log in</html>")
    with pytest.raises(PublishError, match=r"as Grafana does .*is --url right\?"):
        publish(grafana.url)


def test_nobody_there_is_said():
    with pytest.raises(PublishError, match="cannot be reached: is it running"):
        publish(f"http://127.0.0.1:{free_port()}")


def test_an_address_that_is_none_is_said():
    with pytest.raises(SettingsError, match="it is like https://grafana"):
        Publisher("grafana.example.org", TOKEN, "Bypuls")


def test_the_command_takes_the_token_from_the_environment_and_tells_what_it_did(grafana, monkeypatch):
    run = CliRunner()
    monkeypatch.setenv("BYPULS_GRAFANA_TOKEN", TOKEN)
    first = run.invoke(app, ["dashboards", "publish", "--url", grafana.url, "--address", "https://pulse.example.org"])
    assert first.exit_code == 0, first.output
    assert "created: air" in first.output
    assert "https://pulse.example.org/evidence" in str(grafana.dashboards["air"])
    second = run.invoke(app, ["dashboards", "publish", "--url", grafana.url, "--address", "https://pulse.example.org"])
    assert "nothing to do: Grafana has these boards already" in second.output

    monkeypatch.delenv("BYPULS_GRAFANA_TOKEN")
    refused = run.invoke(app, ["dashboards", "publish", "--url", grafana.url])
    assert isinstance(refused.exception, SettingsError)
    assert "into BYPULS_GRAFANA_TOKEN" in str(refused.exception)


def test_what_grafana_adds_is_no_difference_and_what_it_lacks_is():
    assert holds({"a": [{"b": 1, "own": 2}], "c": 3}, {"a": [{"b": 1}]})
    assert not holds({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}]})
    assert not holds({"a": 1}, {"a": 1, "b": None})


@pytest.mark.shared
def test_what_is_sent_and_answered_is_as_grafana_describes_its_api(shared):
    file = shared / "data" / "grafana" / "openapi-11.4-mock.json"
    if not file.is_file():
        pytest.skip(f"lane shared: no description of Grafana's API at {file}")
    fake = FakeGrafana(Spec(file))
    with fake.running() as url:
        assert {done.outcome for done in publish(url)} == {"created"}
        assert {done.outcome for done in publish(url)} == {"unchanged"}


@pytest.mark.skipif(not os.environ.get("GRAFANA_URL"), reason="lane grafana: GRAFANA_URL is not set")
def test_a_live_grafana_takes_the_boards_and_the_second_run_changes_nothing():
    url, token = os.environ["GRAFANA_URL"], os.environ["BYPULS_GRAFANA_TOKEN"]
    publish(url, documents(), token=token)
    assert {done.outcome for done in publish(url, documents(), token=token)} == {"unchanged"}
