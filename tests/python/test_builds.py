"""Builds over HTTP and on the command line: asked for, shown, decided, and what is refused."""

import re

import pytest

from cli import Cli
from ingot_up import fresh_key, problem, template
from region import wait_until

NOBODY = "bld_" + "0" * 32


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


def ask(ingot, expect=202, key=None, **body):
    headers = {"Idempotency-Key": key} if key else {}
    answer = ingot.call("POST", "/v1/builds", body, headers)
    assert answer.status == expect, answer.text
    return answer


def switch(ingot, name, to):
    return ingot.call("POST", f"/v1/templates/{name}/auto-ami/{to}", {"reason": f"{to} for a test"})


@pytest.fixture(scope="module")
def off(ingot):
    """A template whose builds are switched off: what is asked for stays as it is."""
    ingot.apply(template("quiet"))
    assert switch(ingot, "quiet", "disable").status == 200
    yield "quiet"
    assert switch(ingot, "quiet", "enable").status == 200


def test_what_cannot_be_built_is_refused_with_its_field(ingot):
    ingot.apply(template("fresh"))
    for body, field, says in [
        ({}, "version", "--version"),
        ({"version": "1.0.0"}, "region", "us-east-1"),
        ({"version": "1.0.0", "region": "mars-1"}, "region", "us-east-1"),
        ({"version": "1.0.0", "region": "us-east-1", "mode": "odd"}, "mode", ""),
        ({"version": "1.0.0", "region": "us-east-1", "architecture": "mips"}, "architecture", "arm64"),
        ({"version": "1.0.0", "region": "us-east-1", "urgent": True}, "reason", "urgent"),
        ({"version": "1.0.0", "region": "us-east-1", "reason": "x" * 501}, "reason", "500"),
        ({"version": "1.0.0", "region": "us-east-1", "max_cost": "-1"}, "max_cost", "negative"),
        ({"version": "1.0.0", "region": "us-east-1", "max_cost": "1.1234567"}, "max_cost", "decimals"),
    ]:
        answer = ask(ingot, 422, template="fresh", **body)
        errors = {error["field"]: error["message"] for error in answer.json()["errors"]}
        assert field in errors and says in errors[field], (body, errors)
    problem(ask(ingot, 404, template="nothing"), 404, says="ingot templates list")
    assert ingot.call("POST", "/v1/builds", {"template": "fresh", "versoin": "1"}).status == 400


def test_a_key_leads_to_the_same_build_and_another_body_under_it_is_refused(ingot, off):
    key, body = fresh_key(), {"template": off, "version": "1.0.0", "region": "us-east-1", "reason": "once"}
    first = ask(ingot, key=key, **body)
    again = ask(ingot, key=key, **body)
    assert first.json()["id"] == again.json()["id"]
    assert (first.headers["idempotency-replayed"], again.headers["idempotency-replayed"]) == ("false", "true")
    assert first.headers["location"] == f"/v1/builds/{first.json()['id']}"
    for other in ({"reason": "twice"}, {"version": "2.0.0"}, {"max_cost": "3"}):
        ask(ingot, 422, key=key, **{**body, **other})


def test_a_template_that_is_switched_off_says_so_everywhere(ingot, off, cli):
    build = ask(ingot, template=off, version="1.0.0", region="us-east-1", reason="in vain").json()
    assert build["status"] == "skipped" and "disable for a test" in build["error"]
    (request,) = build["requests"]
    assert (request["trigger"], request["reason"], request["approved"]) == ("manual", "in vain", False)
    status = {one["template"]: one for one in ingot.get("/v1/auto-ami/status")["templates"]}
    assert status[off]["enabled"] is False and status[off]["off_reason"] == "disable for a test"
    screen = cli("templates", "auto-ami", "status").stdout
    assert screen.startswith("AUTO-AMI STATUS\n") and f"{off}: disable for a test" in screen
    assert "is skipped" in cli("why", build["id"]).stdout
    for verb in ("approve", "reject", "cancel"):
        refused = ingot.call("POST", f"/v1/builds/{build['id']}/{verb}", {"reason": "x"})
        problem(refused, 409, says="nothing more comes of it")
    again = switch(ingot, off, "disable").json()
    assert again["off_reason"] == "disable for a test"
    page = ingot.call("GET", "/auto-ami", headers={"Accept": "text/html"}).text
    assert "switched off" in page and off in page


def test_lists_are_filtered_and_wrong_filters_are_named(ingot, off):
    mine = [ask(ingot, template=off, version=f"1.0.{n}", region="us-east-1").json()["id"] for n in range(3)]
    seen = [build["id"] for build in ingot.get("/v1/builds", template=off, status="skipped")["items"]]
    assert seen[:3] == mine[::-1]
    page = ingot.get("/v1/builds", template=off, limit=2)
    rest = ingot.get("/v1/builds", template=off, limit=200, cursor=page["next_cursor"])
    assert [build["id"] for build in page["items"] + rest["items"]][:3] == mine[::-1]
    assert ingot.get("/v1/builds", template=off, status="open")["items"] == []
    for query in ({"status": "odd"}, {"cursor": "dep_1"}, {"limit": 0}, {"template": "nothing"}, {"region": "mars-1"}):
        ingot.get("/v1/builds", 400, **query)
    for path in (f"/v1/builds/{NOBODY}", f"/v1/builds/{NOBODY}/events", "/v1/builds/x"):
        problem(ingot.call("GET", path), 404, says="ingot builds list")
    problem(ingot.call("POST", f"/v1/builds/{NOBODY}/cancel", {"reason": "x"}), 404)
    problem(ingot.call("POST", f"/v1/builds/{mine[0]}/cancel", {"reason": " "}), 422, "reason")


def test_a_build_by_hand_makes_an_image_and_its_builder_is_no_deployment_of_people(ingot, cli):
    """Asked for on the command line, followed to its end, paid, and its builder gone."""
    ingot.apply(template("asked"))
    words = ["templates", "auto-ami", "build", "asked", "--version", "1.0.0", "--region", "us-east-1"]
    build = cli.json(*words, "--urgent", "--reason", "a hole", "--wait", "--timeout", "3m")
    assert build["status"] == "completed" and build["image_id"], build
    assert build["ami_id"] == ingot.get(f"/v1/images/{build['image_id']}")["ami_id"], build
    assert build["trigger"] == "manual" and build["budget_source"] == "urgent", build
    assert float(build["actual_cost"]) <= float(build["estimated_cost"]), build
    assert build["reserved_cost"] is None
    builder = ingot.deployment(build["deployment_id"])
    assert builder["build_id"] == build["id"] and builder["build_only"]

    def listed(**query):
        return [one["id"] for one in ingot.get("/v1/deployments", template="asked", **query)["items"]]

    assert builder["id"] not in listed() and builder["id"] not in listed(purpose="use")
    assert listed(purpose="build") == listed(purpose="all") == [builder["id"]]
    ingot.get("/v1/deployments", 400, purpose="odd")
    for verb, body in (("retry", None), ("start", None), ("extend", {"never": True})):
        refused = ingot.call("POST", f"/v1/deployments/{builder['id']}/{verb}", body)
        problem(refused, 409, says=f"builder of {build['id']}")
    assert f"builder of {build['id']}" in re.sub(r"\s+", " ", cli("deployments", "show", builder["id"]).stdout)

    story = cli("builds", "logs", build["id"]).stdout
    assert "a hole" in story and "Completed" in story, story
    assert "estimated" in cli("builds", "show", build["id"]).stdout
    assert "is completed" in cli("why", build["id"]).stdout
    page = ingot.call("GET", f"/builds/{build['id']}", headers={"Accept": "text/html"}).text
    assert "a hole" in page and build["actual_cost"] in page and "Approve" not in page

    def recent():
        return any("asked 1.0.0" in one["said"] or "asked v1.0.0" in one["said"] for one in ingot.get("/v1/auto-ami/status")["recent"])

    wait_until(recent, "the status tells of the build")


def test_a_build_that_waits_is_decided_by_people(ingot, cli):
    """A build that may cost less than it does is blocked, says why, and is rejected or cancelled."""
    ingot.apply(template("dear"))
    words = ["templates", "auto-ami", "build", "dear", "--version", "1.0.0", "--region", "us-east-1"]
    asked = cli.json(*words, "--max-cost", "0.000001")

    def blocked():
        return ingot.get(f"/v1/builds/{asked['id']}")["state"] == "blocked"

    wait_until(blocked, "the plan blocks it")
    build = ingot.get(f"/v1/builds/{asked['id']}")
    assert [why["on"] for why in build["why"]] == ["max_cost"], build
    assert "more than its max_cost" in build["why_not_now"] and build["max_cost"] == "0.000001"
    rows = cli("builds", "list", "--status", "open").stdout
    assert "WHY NOT NOW, AND WHEN" in rows and "max_cost" in rows
    assert "is blocked" in cli("why", build["id"]).stdout
    # A second request joins it.
    joined = cli.json(*words, "--max-cost", "0.000002")
    assert joined["id"] == build["id"] and len(joined["requests"]) == 2 and joined["state"] == "blocked"
    told = cli(*words, "--max-cost", "0.000003").stdout
    assert told.startswith("Asked for, but blocked") and "2 other requests wait" in told, told
    # The way out is whole, and works.
    way = f"ingot builds reject {build['id']} --reason TEXT"
    whole = "ingot templates auto-ami build dear --version"
    assert way in told and way in cli("why", build["id"]).stdout and whole in told, told
    page = ingot.call("GET", f"/builds/{build['id']}", headers={"Accept": "text/html"}).text
    assert way in page and whole in page and "Approval does not lift" in page
    approved = cli("builds", "approve", build["id"], "--reason", "try").stdout
    assert "approval does not lift that" in re.sub(r"\s+", " ", approved), approved
    ended = cli.json("builds", "reject", build["id"], "--reason", "too dear")
    assert (ended["status"], ended["decided_reason"]) == ("rejected", "too dear")
    other = cli.json(*words, "--max-cost", "0.000001")
    assert other["id"] != build["id"]
    assert cli.json("builds", "cancel", other["id"], "--reason", "no need")["status"] == "cancelled"


def test_the_plan_shows_what_waits_and_supposes_what_may_come(ingot, cli):
    """The plan of the ledger's queue, at now and at another instant, and as if a base had moved."""
    ingot.apply(template("planned"))
    words = ["templates", "auto-ami", "build", "planned", "--version", "1.0.0", "--region", "us-east-1"]
    asked = cli.json(*words, "--max-cost", "0.000001")
    plan = ingot.get("/v1/plan")
    (row,) = [one for one in plan["builds"] if one["build_id"] == asked["id"]]
    assert (row["state"], row["trigger"], row["supposed"]) == ("blocked", "manual", False)
    assert [why["on"] for why in row["why"]] == ["max_cost"] and row["scheduled_for"] is None
    assert plan["timezone"] == "UTC" and {one["window"] for one in plan["windows"]} == {"build", "urgent"}
    assert asked["id"] in cli("plan").stdout
    later = cli.json("plan", "--at", "2040-01-01T00:00:00Z")
    assert later["at"] == "2040-01-01T00:00:00Z"
    assert any(one["build_id"] == asked["id"] for one in later["builds"])
    supposed = ingot.get("/v1/plan", **{"if": "base=ubuntu-24.04:20991231"})
    assert [one for one in supposed["builds"] if one["build_id"] == asked["id"]]
    for text in ("ubuntu", "base=", "base=ubuntu-24.04", "base=:1", "base=ubuntu-24.04:banana"):
        ingot.get("/v1/plan", 400, **{"if": text})
    ingot.get("/v1/plan", 404, **{"if": "base=ubuntu-1:1"})
    ingot.get("/v1/plan", 400, at="tomorrow")
    page = ingot.call("GET", "/plan", headers={"Accept": "text/html"}).text
    assert "<svg" in page and f"/builds/{asked['id']}" in page
    cli.json("builds", "cancel", asked["id"], "--reason", "over")
