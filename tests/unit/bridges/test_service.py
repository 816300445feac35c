"""How a service is asked: against a real HTTP server on this machine, with answers composed from the documentation."""

import base64
import socket
from datetime import UTC, date, datetime, timedelta

import pytest

from bypuls.errors import SettingsError
from ingest.bridges.configuration import BridgeFile
from ingest.bridges.definition import Definitions
from ingest.bridges.paths import ChangedShape
from ingest.bridges.service import Service, ServiceError
from ingest.bridges.windows import Window
from tests.pretended_service import pretended_service

DEFINITIONS = Definitions.load()
WINDOW = Window(datetime(2026, 1, 15, 8, tzinfo=UTC), datetime(2026, 1, 15, 10, tzinfo=UTC))


def new_bridge(of, base, **changes):
    fields = {"name": "b", "bridge": of, "city": "storvik", "stations": {"S": "s"}, "since": date(2026, 1, 1)}
    return BridgeFile(**(fields | {"contact": "env@storvik.example", "base": base} | changes))


@pytest.fixture
def web():
    with pretended_service() as service:
        yield service


@pytest.fixture
def ask(web):
    """Asks the pretended service as one bridge does; the pauses it would have made are kept, not slept."""
    made = []

    def ask(of, station="S", window=WINDOW, **changes):
        service = Service(new_bridge(of, web.base, **changes), DEFINITIONS[of], {}, wait=ask.pauses.append)
        made.append(service)
        return list(service.pages(station, window))

    ask.pauses = []
    yield ask
    for service in made:
        service.close()


def volume(more, after, edges=()):
    page = {"pageInfo": {"hasNextPage": more, "endCursor": after}, "edges": list(edges)}
    return {"data": {"trafficData": {"volume": {"byHour": page}}}}


def test_nilu_is_asked_by_path_in_norwegian_normal_time(ask, web):
    web.reply([])
    assert ask("nilu", "Bakke kirke/øst", options={"components": ["NO2", "PM2.5"]}) == [[]]
    (request,) = web.requests
    assert request.path == "/obs/historical/2026-01-15 09:00/2026-01-15 11:00/Bakke kirke/øst"
    assert request.query == {"components": "NO2;PM2.5"}


def test_the_user_agent_says_whom_to_ask(ask, web):
    web.reply([])
    ask("nilu")
    assert web.requests[0].headers["User-Agent"].startswith("Bypuls/")
    assert "env@storvik.example" in web.requests[0].headers["User-Agent"]


def test_trafikkdata_is_asked_with_variables_page_by_page(ask, web):
    web.reply(volume(True, "c1"), volume(True, "c2"), volume(False, "c3"))
    pages = ask("trafikkdata", "44656V72812")
    assert len(pages) == 3
    variables = [request.body["variables"] for request in web.requests]
    assert [one["after"] for one in variables] == [None, "c1", "c2"]
    assert variables[0]["id"] == "44656V72812"
    assert (variables[0]["from"], variables[0]["to"]) == ("2026-01-15T08:00:00Z", "2026-01-15T10:00:00Z")
    assert "{station}" not in web.requests[0].body["query"]
    assert web.requests[0].headers["X-Client"] == "Bypuls"


def test_requests_keep_their_distance(ask, web):
    web.reply(volume(True, "c1"), volume(False, None))
    ask("trafikkdata")
    assert len(ask.pauses) == 1
    assert 0.5 < ask.pauses[0] <= 1


def test_a_page_that_comes_again_and_again_ends(ask, web):
    web.reply(volume(True, "c1"))
    with pytest.raises(ServiceError, match="names the same page again"):
        ask("trafikkdata")


def test_an_error_of_graphql_is_an_error_although_the_status_is_200(ask, web):
    web.reply({"errors": [{"message": "Variable 'from' has an invalid value\nfor ZonedDateTime"}], "data": None})
    with pytest.raises(ServiceError, match=r"refuses the question: Variable 'from' has an invalid value for Zoned"):
        ask("trafikkdata")


@pytest.fixture
def client_id(monkeypatch):
    monkeypatch.setenv("BYPULS_SECRET_FROST", "0000-1111")


def frost(data, **more):
    return {"@type": "ObservationResponse", "data": data, **more}


@pytest.mark.usefixtures("client_id")
def test_frost_is_asked_with_the_client_id_as_user(ask, web):
    web.reply(frost([]))
    ask("frost", "SN68860", secret_variable="BYPULS_SECRET_FROST", options={"elements": ["air_temperature"]})
    (request,) = web.requests
    assert request.path == "/observations/v0.jsonld"
    assert request.query == {
        "sources": "SN68860", "referencetime": "2026-01-15T08:00:00Z/2026-01-15T10:00:00Z",
        "elements": "air_temperature", "timeresolutions": "PT1H", "timeoffsets": "default", "levels": "default",
    }  # fmt: skip
    kind, word = request.headers["Authorization"].split()
    assert (kind, base64.b64decode(word)) == ("Basic", b"0000-1111:")


@pytest.mark.usefixtures("client_id")
def test_links_to_the_next_page_are_followed_on_the_same_host_only(ask, web):
    web.reply(frost([], nextLink=f"{web.base}/observations/v0.jsonld?offset=100"), frost([]))
    assert len(ask("frost", secret_variable="BYPULS_SECRET_FROST")) == 2
    assert web.requests[1].query == {"offset": "100"}
    web.answers.clear()
    web.reply(frost([], nextLink="https://elsewhere.example/observations"))
    with pytest.raises(ServiceError, match=r"another host for the next page \(elsewhere\.example\)"):
        ask("frost", secret_variable="BYPULS_SECRET_FROST")


@pytest.mark.usefixtures("client_id")
@pytest.mark.parametrize("status", [404, 412])
def test_some_statuses_say_that_there_is_nothing(ask, web, status):
    web.reply({"error": {"code": status, "message": "No data found"}}, status=status)
    assert ask("frost", secret_variable="BYPULS_SECRET_FROST") == []


@pytest.mark.usefixtures("client_id")
def test_a_wrong_client_id_is_named_as_such_and_not_shown(ask, web):
    web.reply({"error": {"code": 401, "message": "Unauthorized", "reason": "Invalid client ID"}}, status=401)
    with pytest.raises(ServiceError) as raised:
        ask("frost", secret_variable="BYPULS_SECRET_FROST")
    assert "status 401" in str(raised.value)
    assert "is the client id right?" in str(raised.value)
    assert "0000-1111" not in str(raised.value)


def test_a_secret_that_is_not_set_is_said_before_anything_is_asked(web):
    with pytest.raises(SettingsError, match="BYPULS_SECRET_NOWHERE, which is not set"):
        Service(new_bridge("frost", web.base, secret_variable="BYPULS_SECRET_NOWHERE"), DEFINITIONS["frost"], {})


def test_a_secret_may_stand_in_the_folder_of_secrets(ask, web, monkeypatch, tmp_path):
    (tmp_path / "bypuls_secret_frost").write_text("of-a-file\n")
    monkeypatch.setenv("BYPULS_SECRETS", str(tmp_path))
    web.reply(frost([]))
    ask("frost", secret_variable="BYPULS_SECRET_FROST")
    assert base64.b64decode(web.requests[0].headers["Authorization"].split()[1]) == b"of-a-file:"


@pytest.mark.parametrize(
    ("status", "headers", "busy", "wanted"),
    [
        (429, {"Retry-After": "120"}, True, timedelta(seconds=120)),
        (503, {}, True, None),
        (500, {}, False, None),
        (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, True, timedelta()),
        (429, {"Retry-After": "soon"}, True, None),
        (429, {"Retry-After": "-5"}, True, None),
        (429, {"Retry-After": "nan"}, True, None),
    ],
)
def test_a_service_that_wants_to_be_left_alone_is_heard(ask, web, status, headers, busy, wanted):
    web.reply({"message": "slow down"}, status=status, headers=headers)
    with pytest.raises(ServiceError, match=f"status {status}: .*slow down") as raised:
        ask("nilu")
    assert (raised.value.busy, raised.value.wanted) == (busy, wanted)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html><body>\nMaintenance</body></html>", "something else than JSON"),
        (b'[{"values": [', "something else than JSON"),
        (b"", "something else than JSON"),
        (b"\xff\xfe\x00", "something else than JSON"),
        (b"[" * 100_000, "something else than JSON"),
    ],
    ids=["html", "cut", "empty", "no text", "deep"],
)
def test_what_is_no_json_is_one_clear_line(ask, web, body, said):
    web.reply(body)
    with pytest.raises(ServiceError, match=said) as raised:
        ask("nilu")
    assert str(raised.value).isprintable()


def test_a_service_that_has_moved_is_not_followed(ask, web):
    web.reply({}, status=301, headers={"Location": "https://new.example/"})
    with pytest.raises(ServiceError, match=r"status 301.*moved to https://new\.example/: set base"):
        ask("nilu")


def test_nobody_there_is_an_error_of_one_line():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    service = Service(new_bridge("nilu", f"http://127.0.0.1:{port}"), DEFINITIONS["nilu"], {})
    with pytest.raises(ServiceError, match="cannot be reached"):
        list(service.pages("S", WINDOW))
    service.close()


def test_pages_that_are_not_marked_as_documented_are_a_changed_shape(ask, web):
    web.reply({"data": {"trafficData": {"volume": {"byHour": {"edges": []}}}}})
    with pytest.raises(ChangedShape, match="no 'pageInfo' any more"):
        ask("trafikkdata")
