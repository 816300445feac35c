"""Rounds by the API: opened, asked, entered, checked, signed by a second person; questions; what is missing."""

from __future__ import annotations

import csv
import io
import threading

import pytest

from tests.integration.api.seed import NOW

pytestmark = pytest.mark.lane("plain")

ROUND = "/v1/collection-rounds/alpha/2023"
EMF = "EN: EN: EQ: 1C"
KPI = f"{ROUND}/assignments/EN:EN:EQ:1C"
VALUE = f"/v1/reported-values?city=alpha&year=2023&code={EMF}"
CONTACT = "Kari Nordmann, kari@example.org"


@pytest.fixture
def api(own_api):
    for name in ("ola", "kari", "per"):
        token = own_api.new_token(name, ["report"], "alpha")
        setattr(own_api, name, {"Authorization": f"Bearer {token}"})
    own_api.put = own_api.client.put
    body = {"deadline": "2024-06-01", "asked": {EMF: {"unit": "Environment", "contact": CONTACT}}}
    answer = own_api.put(ROUND, json=body, headers=own_api.admin)
    assert answer.status_code == 200, answer.text
    own_api.opened = answer.json()
    return own_api


def enter(api, value, who, **more):
    return api.put(VALUE, json={"value": value} | more, headers=who)


def state(api):
    (row,) = api.data(f"{ROUND}/assignments?code={EMF}")
    return row["state"]


def audit(api, what):
    return api.sql("SELECT who, target, before, after FROM audit_log WHERE what = %s ORDER BY id", [what])


def test_a_round_asks_for_every_kpi(api):
    opened = api.opened
    assert (opened["kpis"], opened["asked"], opened["signed"], opened["deadline"]) == (91, 91, 0, "2024-06-01")
    assert [row["code"] for row in api.data(f"{ROUND}/assignments?unit=Environment")] == [EMF]
    assert len(api.data(f"{ROUND}/assignments")) == 91
    assert [row["year"] for row in api.data("/v1/collection-rounds?city=alpha")] == [2023]
    assert api.data("/v1/collection-rounds?city=beta") == []
    assert api.get("/v1/collection-rounds/alpha/2020").status_code == 404
    for odd in ({"note": "\u0007"}, {"asked": {EMF: {"unit": "\u0007"}}}):
        assert "no letter" in api.put(ROUND, json=odd, headers=api.admin).json()["detail"]


def test_the_next_round_asks_whom_the_last_one_asked(api):
    body = {"deadline": "2025-06-01", "asked": {"EN: EN: EQ: 2A": {"unit": "Health"}}}
    assert api.put("/v1/collection-rounds/alpha/2024", json=body, headers=api.admin).status_code == 200
    people = api.get("/v1/collection-rounds/alpha/2024/people", headers=api.kari).json()
    asked = {one["code"]: (one["unit"], one["contact"]) for one in people if one["unit"]}
    assert asked == {EMF: ("Environment", CONTACT), "EN: EN: EQ: 2A": ("Health", None)}


def test_a_second_person_signs(api):
    assert state(api) == "asked"
    assert enter(api, 100, api.ola).status_code == 200
    assert state(api) == "entered"
    assert api.post(f"{KPI}/sign", headers=api.kari).status_code == 409, "not checked yet"
    assert api.post(f"{KPI}/check", headers=api.ola).status_code == 200
    refused = api.post(f"{KPI}/sign", headers=api.ola)
    assert (refused.status_code, refused.json()["type"]) == (403, "/docs#problem-not-allowed")
    assert "a second person signs" in refused.json()["detail"]
    signed = api.post(f"{KPI}/sign", headers=api.kari).json()
    names = (signed["entered_by"], signed["checked_by"], signed["signed_by"])
    assert (signed["state"], *names) == ("signed", "ola", "ola", "kari")
    assert [row[0] for row in audit(api, "assignment.sign")] == ["kari"]


def test_a_mended_comment_does_not_make_anothers_number_ones_own(api):
    enter(api, 100, api.ola)
    enter(api, 100, api.per, comment="a typo mended")
    api.post(f"{KPI}/check", headers=api.kari)
    for who in (api.ola, api.per):
        assert api.post(f"{KPI}/sign", headers=who).status_code == 403
    assert api.post(f"{KPI}/sign", headers=api.kari).status_code == 200


def test_what_is_signed_stays_until_it_is_reopened_with_a_reason(api):
    enter(api, 100, api.ola)
    for step, who in (("check", api.ola), ("sign", api.kari)):
        api.post(f"{KPI}/{step}", headers=who)
    for refused in (enter(api, 90, api.ola), api.client.delete(VALUE, headers=api.ola)):
        assert refused.status_code == 409
        assert "reopen it, with a reason" in refused.json()["detail"]
    content = f"KPI code,Result\r\n{EMF},90\r\n".encode()
    file = api.post("/v1/reported-values/file?city=alpha&year=2023", content=content, headers=api.ola)
    assert file.status_code == 422
    assert file.json()["errors"][0]["where"] == "B2"
    assert enter(api, 100, api.per, verified="yes").json()["changed"] is True, "a verifier's word is no new value"
    assert state(api) == "signed"
    assert api.post(f"{KPI}/reopen", json={"why": " "}, headers=api.per).status_code == 422
    assert api.post(f"{KPI}/reopen", json={"why": "two sites were left out"}, headers=api.per).status_code == 200
    assert enter(api, 90, api.kari).status_code == 200
    assert state(api) == "entered"
    ((who, _, before, after),) = audit(api, "assignment.reopen")
    assert (who, before["state"], after) == ("per", "signed", {"state": "entered", "why": "two sites were left out"})
    assert api.post(f"{KPI}/reopen", json={"why": "again"}, headers=api.per).status_code == 409


def test_a_value_entered_anew_has_been_checked_by_nobody(api):
    enter(api, 100, api.ola)
    api.post(f"{KPI}/check", headers=api.kari)
    enter(api, 99, api.per)
    assert state(api) == "entered"
    assert api.post(f"{KPI}/sign", headers=api.kari).status_code == 409


def test_what_is_wrong_or_missing_is_not_checked(api):
    waste = f"{ROUND}/assignments/EN:EN:WS:4C"  # primary, secondary, tertiary treatment
    value = "/v1/reported-values?city=alpha&year=2023&code=EN: EN: WS: 4C&data_point="
    assert api.post(f"{waste}/check", headers=api.ola).status_code == 409
    for point, share in (("primary", 50), ("secondary", 60)):
        assert api.put(value + point, json={"value": share}, headers=api.ola).status_code == 200
    assert "tertiary" in api.post(f"{waste}/check", headers=api.ola).json()["detail"]
    assert api.put(value + "tertiary", json={"not_reported": True}, headers=api.ola).status_code == 200
    refused = api.post(f"{waste}/check", headers=api.ola)
    assert refused.status_code == 409
    assert "more than the 50 % of the step before" in refused.json()["detail"]
    checks = api.get(f"{ROUND}/checks").json()
    assert checks["wrong"] == 1
    assert "over_20_percent_unreported" in {one["rule"] for one in checks["findings"]}
    assert checks["label"]["nb"] == "beregnet av Bypuls, ikke verifisert av U4SSC"
    assert api.put(value + "secondary", json={"value": 40}, headers=api.ola).status_code == 200
    assert api.post(f"{waste}/check", headers=api.ola).status_code == 200


def test_a_closed_round_takes_nothing_until_it_is_open_again(api):
    api.put(ROUND, json={"closed": True}, headers=api.admin)
    assert enter(api, 100, api.ola).status_code == 409
    assert api.put(ROUND, json={"closed": False, "note": "again"}, headers=api.admin).json()["closed"] is False
    assert enter(api, 100, api.ola).status_code == 200


def test_what_was_entered_before_the_round_counts_as_entered(api):
    for year in (2021,):
        api.put(VALUE.replace("2023", str(year)), json={"value": 90}, headers=api.ola)
        path = f"/v1/collection-rounds/alpha/{year}"
        opened = api.put(path, json={"deadline": "2024-01-01"}, headers=api.admin).json()
        assert (opened["asked"], opened["entered"]) == (90, 1)
    assert api.put("/v1/collection-rounds/alpha/2020", json={}, headers=api.admin).status_code == 400


def test_questions_are_answered(api):
    asked = api.post(f"{KPI}/questions", json={"question": "All sites?"}, headers=api.kari)
    assert asked.status_code == 201
    number = asked.json()[0]["id"]
    assert api.get(ROUND).json()["open_questions"] == 1
    answered = api.put(f"{ROUND}/questions/{number}", json={"answer": "All but two."}, headers=api.ola).json()
    assert (answered[0]["answer"], answered[0]["answered_by"]) == ("All but two.", "ola")
    assert api.get(ROUND).json()["open_questions"] == 0
    assert api.get(f"{ROUND}/questions").status_code == 401
    assert api.put(f"{ROUND}/questions/99", json={"answer": "?"}, headers=api.ola).status_code == 404


def test_what_is_missing_names_who_is_late(api):
    assert NOW.date().isoformat() > "2024-06-01"
    enter(api, 100, api.ola)
    found = api.get(f"{ROUND}/missing", headers=api.kari).json()
    keys = {(one["code"], one["data_point"]) for one in found["data"]}
    assert (EMF, "") not in keys
    assert found["missing"] == len(keys) == 111
    assert found["late"] == 111
    noise = f"{ROUND}/assignments/EN:EN:EQ:2A"
    body = {"unit": "Health", "contact": "=HYPERLINK(1)"}
    assert api.patch(noise, json=body, headers=api.admin).status_code == 200
    rows = csv.DictReader(io.StringIO(api.get(f"{ROUND}/missing?format=csv", headers=api.kari).text))
    (row,) = [row for row in rows if row["code"] == "EN: EN: EQ: 2A"]
    assert (row["unit"], row["contact"], row["late"]) == ("Health", "'=HYPERLINK(1)", "true")
    api.put(ROUND, json={"deadline": "2024-12-31"}, headers=api.admin)
    assert api.get(f"{ROUND}/missing").json()["late"] == 0


def test_nobodys_name_is_in_an_open_read(api):
    enter(api, 100, api.ola)
    api.post(f"{KPI}/questions", json={"question": "Asked by Kari?"}, headers=api.kari)
    for path in (ROUND, f"{ROUND}/assignments", f"{ROUND}/missing", f"{ROUND}/missing?format=csv", f"{ROUND}/checks"):
        text = api.get(path).text
        assert not [word for word in ("Nordmann", "kari", "ola", "operations", "Kari") if word in text], path
    of_beta = {"Authorization": f"Bearer {api.new_token('b', ['report'], 'beta')}"}
    assert "Nordmann" not in api.get(f"{ROUND}/missing", headers=of_beta).text
    assert api.get(f"{ROUND}/people").status_code == 401
    assert api.get(f"{ROUND}/people", headers=of_beta).status_code == 403
    with pytest.raises(Exception, match="permission denied"):
        api.sql("SET ROLE bypuls_reader; SELECT contact FROM assignment")
    with pytest.raises(Exception, match="permission denied"):
        api.sql("SET ROLE bypuls_reader; SELECT question FROM assignment_question")


def test_a_contact_is_forgotten_everywhere(api):
    api.put("/v1/collection-rounds/alpha/2024", json={"deadline": "2025-06-01"}, headers=api.admin)
    assert api.client.delete("/v1/collection-rounds/alpha/contacts", params={"contact": CONTACT}).status_code == 401
    api.patch(
        f"{ROUND}/assignments/EN:EN:EQ:2A", json={"unit": "", "contact": f" {CONTACT.upper()}"}, headers=api.admin
    )
    typed = CONTACT.replace(" ", "  ")
    done = api.client.delete("/v1/collection-rounds/alpha/contacts", params={"contact": typed}, headers=api.admin)
    assert done.json() == {"assignments": 3}, "with other blanks and capitals, too"
    assert api.sql("SELECT count(*) FROM assignment WHERE contact IS NOT NULL") == [(0,)]
    everything = str(api.sql("SELECT to_jsonb(a)::text FROM audit_log a"))
    assert "Nordmann" not in everything, "the audit log never had the name"


def test_only_an_admin_opens_rounds_and_asks(api):
    assert api.put(ROUND, json={"deadline": "2030-01-01"}, headers=api.ola).status_code == 403
    assert api.patch(KPI, json={"unit": "x"}, headers=api.ola).status_code == 403
    assert enter(api, 100, api.ola).status_code == 200
    of_beta = {"Authorization": f"Bearer {api.new_token('b', ['report'], 'beta')}"}
    for step in ("check", "sign"):
        assert api.post(f"{KPI}/{step}", headers=of_beta).status_code == 403
        assert api.post(f"{KPI}/{step}").status_code == 401


def test_two_who_sign_at_once_leave_one_signature(api):
    enter(api, 100, api.ola)
    api.post(f"{KPI}/check", headers=api.ola)
    start, outcomes = threading.Barrier(2), []

    def sign(who):
        start.wait()
        outcomes.append(api.post(f"{KPI}/sign", headers=who).status_code)

    threads = [threading.Thread(target=sign, args=(who,)) for who in (api.kari, api.per)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == [200, 409]
    assert len(audit(api, "assignment.sign")) == 1


def test_a_signature_and_a_new_value_at_once_never_leave_a_signed_unseen_value(api):
    enter(api, 50, api.ola)
    for n in range(8):
        api.post(f"{KPI}/check", headers=api.ola)
        start, outcomes = threading.Barrier(2), {}

        def sign(start=start, outcomes=outcomes):
            start.wait()
            outcomes["sign"] = api.post(f"{KPI}/sign", headers=api.kari).status_code

        def change(start=start, outcomes=outcomes, value=51 + n):
            start.wait()
            outcomes["enter"] = enter(api, value, api.ola).status_code

        threads = [threading.Thread(target=one) for one in (sign, change)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        # One of them came second, and was refused (by the database where the look before it came too early).
        assert (outcomes["sign"] == 200) != (outcomes["enter"] == 200), outcomes
        assert state(api) == ("signed" if outcomes["sign"] == 200 else "entered")
        if outcomes["sign"] == 200:
            api.post(f"{KPI}/reopen", json={"why": "next try"}, headers=api.per)


def measured(api, kpi, value, unit, status="final"):
    api.sql(
        """INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, status, quality,
                                  coverage, evidence, version, final_at)
           VALUES ('alpha', %s, 'city', 'alpha', 'P1Y', '2022-12-31 23:00Z', '2023-12-31 23:00Z', %s, %s, %s, 'ok',
                   0.96, '{"origin": ["measured"], "class": ["reference"]}', 'sha256:1', now())""",
        [kpi, value, unit, status],
    )


def test_what_sensors_give_is_checked_by_one_and_signed_by_another(api):
    travel = f"{ROUND}/assignments/EC:I:T:5A"
    assert "enter its value first, or NR" in api.post(f"{travel}/check", headers=api.ola).json()["detail"]
    measured(api, "traffic.travel_time_index.peak", 1.31, "1")
    assert api.post(f"{travel}/check", headers=api.ola).status_code == 200
    assert api.post(f"{travel}/sign", headers=api.ola).status_code == 403
    signed = api.post(f"{travel}/sign", headers=api.kari).json()
    assert (signed["state"], signed["checked_by"], signed["signed_by"]) == ("signed", "ola", "kari")
    assert [row[3] for row in audit(api, "assignment.check")] == [{"state": "checked", "measured": {"": 1.31}}]


def test_sensors_and_people_give_a_kpi_together(api):
    air, put = (
        f"{ROUND}/assignments/EN:EN:AQ:1C",
        "/v1/reported-values?city=alpha&year=2023&code=EN:EN:AQ:1C&data_point=",
    )
    for name in ("pm25", "pm10", "no2"):
        measured(api, f"air.{name}.mean", 9, "ug/m3", "provisional" if name == "no2" else "final")
    for point in ("so2", "o3"):
        assert api.put(put + point, json={"not_reported": True}, headers=api.ola).status_code == 200
    refused = api.post(f"{air}/check", headers=api.ola)
    assert (refused.status_code, "its data points no2 first" in refused.json()["detail"]) == (409, True), (
        "part of a year"
    )
    assert api.put(put + "no2", json={"value": 12}, headers=api.ola).status_code == 200
    assert api.post(f"{air}/check", headers=api.ola).status_code == 200


def test_nobodys_number_is_replaced_unseen(api):
    def put(body, who, seen):
        return api.put(f"{VALUE}&seen={seen}", json=body, headers=who)

    first = put({"value": 90}, api.ola, "none").json()["value"]["changed_at"]
    beaten = put({"value": 80}, api.per, "none")
    assert (beaten.status_code, beaten.json()["type"]) == (409, "/docs#problem-conflict")
    assert f"ola entered {EMF} of 2023 meanwhile, at {first}: it is 90 % now" in beaten.json()["detail"]
    assert put({"value": 91}, api.ola, first).status_code == 200
    assert "it is 91 % now" in put({"value": 80}, api.per, first).json()["detail"]
    (row,) = api.data("/v1/reported-values?city=alpha&year=2023")
    assert row["value"] == 91
    assert api.client.delete(f"{VALUE}&seen={first}", headers=api.per).status_code == 409
    assert api.client.delete(f"{VALUE}&seen={row['changed_at']}", headers=api.per).status_code == 204
    assert "taken back meanwhile" in put({"value": 92}, api.ola, row["changed_at"]).json()["detail"]
    assert put({"value": 92}, api.ola, "2023-01-01").status_code == 422


def test_a_comment_alone_leaves_the_number_as_it_is(api):
    refused = api.put(VALUE, json={"comment": "of what?"}, headers=api.ola)
    assert (refused.status_code, "no value can be worked out" in refused.json()["detail"]) == (422, True)
    enter(api, 90, api.ola)
    said = api.put(VALUE, json={"comment": "Nkom"}, headers=api.per).json()["value"]
    assert (said["value"], said["comment"]) == (90, "Nkom")
    api.put(VALUE, json={"not_reported": True}, headers=api.ola)
    assert api.put(VALUE, json={"comment": "no register"}, headers=api.per).json()["value"]["not_reported"] is True


def test_whether_a_number_is_verified_is_said_by_another_than_who_entered_it(api):
    refused = enter(api, 100, api.ola, verified="yes")
    assert (refused.status_code, "is said by somebody else" in refused.json()["detail"]) == (403, True)
    enter(api, 100, api.ola)
    assert enter(api, 100, api.ola, verified="yes").status_code == 403
    assert enter(api, 99, api.kari, verified="yes").status_code == 403, "not of a number of their own beside it"
    assert enter(api, 100, api.kari, verified="yes").json()["value"]["verified"] == "yes"
    file = "/v1/reported-values/file?city=alpha&year=2023"
    filled = api.get(f"{file}&kind=csv&language=en").content
    api.client.delete(VALUE, headers=api.ola)
    taken = api.client.post(file, content=filled, headers=api.ola).json()
    assert (taken["stored"], [one["where"] for one in taken["warnings"] if "did not enter it" in one["message"]]) != (
        0,
        [],
    )
    assert api.data("/v1/reported-values?city=alpha&year=2023")[0]["verified"] == "unknown"
    assert api.client.post(file, content=filled, headers=api.kari).json()["stored"] == 1
    assert api.data("/v1/reported-values?city=alpha&year=2023")[0]["verified"] == "yes"
