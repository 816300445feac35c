"""The application itself: its description, its own pages, what other rooms lend it."""

import base64
import re

import pytest
from fastapi import APIRouter

from api.access import is_local
from api.openapi import FILE, document, render
from api.problems import KINDS, kind_of
from bypuls import errors
from bypuls.errors import BypulsError, Refusal


def test_the_committed_description_is_the_one_the_code_gives():
    assert FILE.read_text(encoding="utf-8") == render(), "run: python -m api.openapi"


def test_every_operation_is_described_tagged_and_answers_with_a_schema():
    found = document()
    tags = {tag["name"] for tag in found["tags"]}
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"].strip().endswith("."), where
            assert set(operation["tags"]) <= tags, where
            assert "application/problem+json" in operation["responses"]["422"]["content"], where
            answered = operation["responses"]
            kinds = [answered[code].get("content") for code in ("200", "201", "202") if code in answered]
            assert kinds == [] if "204" in answered else kinds and all(kinds), where
            if method != "get" and path not in {"/v1/check/decode", "/v1/check/draft"}:
                assert operation["security"] == [{"token": []}], where


def test_every_number_in_an_answer_says_its_unit():
    schemas = document()["components"]["schemas"]
    for name in ("Observation", "Rollup", "KpiValue", "Property"):
        assert "unit" in schemas[name]["properties"]
    for name, field in schemas["Datastream"]["properties"].items():
        kinds = {one.get("type") for one in [field, *field.get("anyOf", [])]}
        assert "number" not in kinds or name.endswith("_seconds")


def test_the_documentation_page_lists_everything_and_needs_nothing_from_elsewhere(new_app, ask):
    page = ask(new_app(), "GET", "/docs").text
    for path in document()["paths"]:
        assert f" {path}</code>" in page
    for kind in KINDS:
        assert f'id="problem-{kind.name}"' in page
    assert not re.search(r"(src|href)=[\"'](https?:)?//|<script|@import", page)


def test_the_first_page_says_what_lives_where_to_people_and_programs(new_app, ask):
    app = new_app()
    assert "/v1/cities" in ask(app, "GET", "/").json()["places"]
    page = ask(app, "GET", "/", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text


def test_another_rooms_pages_come_first(new_app, ask):
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def control_room() -> str:
        return "control room"

    assert ask(new_app(routers=[router]), "GET", "/").json() == "control room"


def test_a_message_is_checked_where_a_decoder_is_lent(new_app, ask):
    seen = []

    def check_decode(topic, payload):
        seen.append((topic, payload))
        return [{"error": "unknown_unit", "detail": "no"}]

    app = new_app(check_decode=check_decode)
    answer = ask(app, "POST", "/v1/check/decode", json={"topic": "t", "payload": "å"})
    assert (answer.status_code, answer.json()) == (200, {"readings": [{"error": "unknown_unit", "detail": "no"}]})
    encoded = base64.b64encode(b"\xff\0").decode()
    ask(app, "POST", "/v1/check/decode", json={"topic": "t", "payload_base64": encoded})
    assert seen == [("t", "å".encode()), ("t", b"\xff\0")]
    assert ask(new_app(), "POST", "/v1/check/decode", json={"topic": "t", "payload": ""}).status_code == 404


def test_a_profile_is_drafted_where_ingest_lends_it(new_app, ask):
    drafted = {"id": "draft-t", "profile": "id: draft-t", "guesses": [], "readings": []}

    def draft_profile(topic, payload):
        if payload == b"{}":
            raise Refusal("empty", "it holds no number")
        return drafted if topic == "t" else {}

    app = new_app(draft_profile=draft_profile)
    answer = ask(app, "POST", "/v1/check/draft", json={"topic": "t", "payload": '{"temp_C": 1}'})
    assert (answer.status_code, answer.json()) == (200, drafted)
    refused = ask(app, "POST", "/v1/check/draft", json={"topic": "t", "payload": "{}"})
    assert refused.status_code == 422
    assert "it holds no number" in refused.json()["detail"]
    assert ask(new_app(), "POST", "/v1/check/draft", json={"topic": "t", "payload": ""}).status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"topic": "t"}, "one of the two"),
        ({"topic": "t", "payload": "x", "payload_base64": "eA=="}, "one of the two"),
        ({"topic": "t", "payload_base64": "!"}, "not base64"),
        ({"topic": "", "payload": "x"}, "body topic"),
        ({"payload": "x"}, "body topic: it is missing"),
    ],
)
def test_a_message_that_cannot_be_checked_is_refused(new_app, ask, body, words):
    answer = ask(new_app(check_decode=lambda *_: []), "POST", "/v1/check/decode", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_a_failure_of_ours_says_nothing_of_its_inside(new_app, ask):
    def check_decode(*_):
        raise RuntimeError("secret inside")

    answer = ask(new_app(check_decode=check_decode), "POST", "/v1/check/decode", json={"topic": "t", "payload": ""})
    assert answer.status_code == 500
    assert answer.json()["type"] == "/docs#problem-internal"
    assert "secret" not in answer.text


def test_every_error_of_the_family_is_a_problem():
    def family(error):
        yield error
        for child in error.__subclasses__():
            yield from family(child)

    ours = [one for one in family(BypulsError) if one.__module__ == errors.__name__]
    assert len(ours) > 10
    statuses = {
        one.__name__: kind_of(one("x", "y") if issubclass(one, errors.Refusal) else one("x")).status for one in ours
    }
    assert statuses["NotFound"] == 404
    assert statuses["NotAllowed"] == 403
    assert statuses["SettingsError"] == 400
    assert statuses["UnitError"] == 422
    assert statuses["DatabaseUnreachable"] == statuses["SchemaError"] == 503
    assert statuses["BypulsError"] == 500


class Request:
    def __init__(self, address, headers):
        self.client = type("Client", (), {"host": address}) if address else None
        self.headers = headers


@pytest.mark.parametrize(
    ("address", "headers", "local"),
    [
        ("127.0.0.1", {"host": "127.0.0.1:8080"}, True),
        ("127.8.0.1", {"host": "localhost"}, True),
        ("::1", {"host": "[::1]:8080"}, True),
        ("::ffff:127.0.0.1", {"host": "[::1]"}, True),
        ("::ffff:10.0.0.1", {"host": "localhost"}, False),
        ("10.0.0.1", {"host": "localhost"}, False),
        ("127.0.0.1", {"host": "localhost.evil.example"}, False),
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": ""}, False),
        (None, {"host": "localhost"}, False),
        ("testclient", {"host": "localhost"}, False),
    ],
)
def test_who_is_local(address, headers, local):
    assert is_local(Request(address, headers)) is local
