"""Who did it: every line that a request causes names the token it came with, and every operation says what it needs."""

import datetime
import itertools
import json
import re
import sqlite3
import time

import pytest

from cli import Cli
from ingot_up import template
from region import wait_until
from test_api_schema import DOCUMENT, OPERATIONS, operation

PERMITS = {"view", "operate", "administer"}
CHANGES = {
    operation(method, path)["operationId"]: (method, path)
    for method, path in OPERATIONS
    if method != "GET"
}
# What a request changes here has no story: the row itself says who did it, or no person wants to know.
WITHOUT_A_STORY = {
    "addBaseImage": "the track says who added it",
    "addFeedPage": "a part of a load",
    "applyTemplate": "revisions are listed",
    "askAwsCheck": "the check says who asked",
    "beginFeedLoad": "a part of a load",
    "endFeedLoad": "a part of a load",
    "loadPrices": "each price says who loaded it",
    "markNotificationsRead": "it is the reader's own",
    "removeReceiver": "its story ends with it",
    "previewOperation": "it changes nothing",
    "scanBaseImage": "a look only",
    "scanBaseImages": "a look only",
    "setRetention": "settings have no story yet",
    "setScanInterval": "settings have no story yet",
    "simulateGivenPolicy": "it changes nothing",
    "settleFinding": "the finding says who decided",
    "syncFeed": "a look only",
    "testReceiver": "the notification says who asked",
}
# Moments that pass in an instant: their lines are written through the same handle (`it/ledger/actors.rs`).
IN_THE_LEDGER = {"adoptImage", "dropImage", "cancelImageOfDeployment", "imageDeployment", "enableReceiver"}
NUMBER = itertools.count(1)


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


def lines_of(ingot, request):
    """What a request wrote into any story."""
    with sqlite3.connect(f"file:{ingot.data / 'simulated.sqlite3'}?mode=ro", uri=True, timeout=30) as ledger:
        ledger.row_factory = sqlite3.Row
        return ledger.execute("SELECT * FROM event WHERE request_id = ?", [request]).fetchall()


class Acting:
    """Asks for changes and looks for their lines."""

    def __init__(self, ingot):
        self.ingot, self.done = ingot, set()

    def __call__(self, name, body=None, /, expect=(200, 201, 202), headers=None, **parts):
        method, path = CHANGES[name]
        request = f"test-actor-{next(NUMBER):06}"
        path = re.sub(r"\{(\w+)\}", lambda part: str(parts[part[1]]), path)
        answer = self.ingot.call(method, path, body, {"X-Request-Id": request, **(headers or {})})
        assert answer.status in expect, (name, answer)
        lines = lines_of(self.ingot, request)
        assert lines, f"{name} tells nothing, or does not say who did it"
        for line in lines:
            assert line["actor"].startswith("tok_") and line["actor_name"], (name, dict(line))
            assert line["actor_way"] == "api", (name, dict(line))
        self.done.add(name)
        return answer.json()


def an_update(ingot):
    """The judged update of a base image that no other test stands on."""
    path, where = "/v1/base-images/debian-11", {"regions": ["us-east-1"]}

    def looked(build=None):
        assert ingot.call("POST", f"{path}/scan", where).status == 202

        def seen():
            track = ingot.get(path)
            return track["current_build"] and build in (None, track["current_build"]) and track

        return wait_until(seen, "a look shows the build", 30)

    track = looked()
    order = {"owner": track["owner"], "filter": track["aws_filter"], "architecture": "x86_64"}
    ingot.control("POST", "releases", {**order, "name": "debian-11-amd64-20991231-9999"})
    looked("20991231-9999")

    def judged():
        (update,) = ingot.get("/v1/base-updates", base="debian-11")["items"]
        return update["judged_at"] and update["id"]

    return wait_until(judged, "the update is judged", 30)


def test_every_change_names_its_actor(ingot):
    because = {"reason": "who did it"}
    act = Acting(ingot)
    dep = act("createDeployment", {"template": "kamiwaza", "version": "v0.9.2", "region": "us-east-1", "start": False})
    act("startDeployment", id=dep["id"])
    ingot.finished(dep["id"])
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    act("extendDeployment", {"until": tomorrow.isoformat()}, id=dep["id"])
    act("destroyDeployment", id=dep["id"])
    dep = ingot.create(start=False)
    act("retryDeployment", id=dep["id"])
    act("cancelDeployment", id=dep["id"])

    copied = ingot.create(version="v7.7.1")
    ingot.finished(copied["id"])
    image = ingot.deployment(copied["id"])["created_ami_id"]
    (copy,) = act("copyImage", {"to": ["eu-central-1"]}, id=image)["copies"]
    wait_until(lambda: ingot.get(f"/v1/images/{copy['image_id']}")["status"] == "available", "the copy is there", 60)
    ingot.act(copied["id"], "destroy")

    def asked():
        body = {"template": "whose", "version": "1.0.0", "region": "us-east-1", "max_cost": "0.000001", **because}
        return act("askBuild", body)["id"]

    ingot.apply(template("whose"))
    act("disableAutoAmi", because, name="whose")
    act("enableAutoAmi", {"popularity_threshold": 3, **because}, name="whose")
    act("rejectBuild", because, id=asked())
    act("cancelBuild", because, id=asked())
    build = asked()
    act("approveBuild", because, id=build)
    act("cancelBuild", because, id=build)

    track = {"name": "whose", "owner": "123456789012", "aws_filter": "whose-*", "like": "ubuntu-22.04"}
    added = ingot.call("POST", "/v1/base-images", {**track, "pattern": r"whose-(?<build>\d{8})"})
    assert added.status == 201, added
    act("pauseBaseImage", because, name="whose")
    act("resumeBaseImage", because, name="whose")
    act("removeBaseImage", because, name="whose")
    act("pauseQueue", because, name="feeds")
    act("setQueueConcurrency", {"concurrency": 3, **because}, name="feeds")
    act("setQueueConcurrency", {"concurrency": None, **because}, name="feeds")
    act("resumeQueue", because, name="feeds")
    act("pauseQueue", {"even_cleanup": True, **because}, name="launch")
    act("pauseQueue", because, name="operations")
    waits = ingot.create()
    (task,) = ingot.get("/v1/tasks", deployment_id=waits["id"])["items"]
    act("actOnTask", because, id=task["id"], action="run-now")
    act("actOnTasks", {"action": "run-now", "ids": [task["id"]], **because})
    meant = {"action": "cancel", "filter": {"deployment_id": waits["id"]}, "expected": 1}
    operation = act("beginOperation", {**meant, **because})["id"]
    act("stopOperation", because, id=operation)
    act("resumeQueue", because, name="operations")
    act("resumeQueue", because, name="launch")
    act("setBaseUpdateLevel", {"level": "low", **because}, id=an_update(ingot))

    yaml = {"Content-Type": "application/yaml"}
    for limit in (31, 32):
        policy = f"auto_ami_policy:\n  daily_budget: {limit}\n"
        revision = act("importPolicy", policy, headers=yaml)["revision"]
    edited = act("editPolicy", {"changes": {"daily_budget": "33"}})["revision"]
    assert edited > revision
    act("activatePolicy", {"revision": revision - 1, **because})
    act("allowBudget", {"budget": "daily", "amount": "0.5", **because})

    act("addReceiver", {"name": "whose", "channel": "slack", "url": "https://hooks.example.org/x"})
    act("setReceiverPreferences", {"topics": ["test"]}, name="whose")
    act("setFeed", {"enabled": False}, feed="kev")
    seen = act.done | set(WITHOUT_A_STORY) | IN_THE_LEDGER
    assert seen == set(CHANGES), "say of a new operation whose line it writes"
    assert not act.done & set(WITHOUT_A_STORY)


def test_a_story_says_who_and_by_what_way_and_what_ingot_did_itself(ingot, cli):
    dep = ingot.create(start=False)
    cli("deployments", "start", dep["id"])
    ingot.finished(dep["id"])
    from_a_page = {"Cookie": f"ingot_session={ingot.token}", "Sec-Fetch-Site": "same-origin"}
    answer = ingot.call("POST", f"/deployments/{dep['id']}/actions/destroy", headers=from_a_page, token=False)
    assert answer.status == 303, answer
    story = ingot.events(dep["id"])
    ways = [(line["kind"], line["actor"]["way"]) for line in story if line["actor"]["kind"] == "token"]
    assert ways[0] == ("deployment.requested", "api")
    assert ("deployment.queued", "cli") in ways and ("deployment.destroy_requested", "console") in ways
    assert {line["actor"]["kind"] for line in story} == {"token", "worker"}
    (name,) = {line["actor"]["name"] for line in story if line["actor"]["kind"] == "token"}
    # The CLI and the page show it, too.
    shown = [json.loads(line) for line in cli("logs", dep["id"], "--json").stdout.splitlines()]
    assert [line["actor"] for line in shown[: len(story)]] == [line["actor"] for line in story]
    page = ingot.call("GET", f"/deployments/{dep['id']}").text
    assert f'<span class="by">{name} · cli</span>' in page

    # One asks for one's own lines, by name, by token, or for a part's; and hears of no other's.
    path = f"/v1/deployments/{dep['id']}/events"
    mine = [line for line in story if line["actor"]["kind"] == "token"]
    for who in (name, mine[0]["actor"]["token"]):
        assert ingot.get(path, actor=who)["items"] == mine
    theirs = ingot.get(path, actor="worker", limit=200)["items"]
    assert theirs and all(line["actor"] == {"kind": "worker"} for line in theirs)
    assert ingot.get(path, actor="no-such-actor")["items"] == []
    assert ingot.get(path, actor="' OR 1=1 --")["items"] == []
    first = ingot.get(path, actor=name, limit=1)
    assert ingot.get(path, actor=name, after=first["next_cursor"])["items"] == mine[1:]


def test_an_actor_is_what_the_token_says_and_nothing_else(ingot):
    """A client that claims to be another is still itself."""
    claims = {"X-Request-Id": f"claim-{time.time_ns()}", "X-Actor": "root", "User-Agent": "ingot/9.9.9"}
    answer = ingot.call("POST", "/v1/deployments", {"template": "kamiwaza", "version": "v0.9.2", "region": "us-east-1", "start": False}, claims)
    assert answer.status == 202, answer
    (line,) = ingot.events(answer.json()["id"])
    actor = line["actor"]
    assert actor["name"] != "root" and actor["kind"] == "token"
    assert (actor["way"], actor["request_id"]) == ("cli", claims["X-Request-Id"])
    odd = ingot.call("POST", f"/v1/deployments/{answer.json()['id']}/start", headers={"X-Request-Id": "no way <b>"})
    assert odd.status == 202, odd
    line = ingot.events(answer.json()["id"])[1]
    assert line["actor"]["request_id"] == odd.headers["x-request-id"] != "no way <b>"


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_says_which_permit_it_needs(method, path):
    one = operation(method, path)
    assert one["x-permit"] in PERMITS, (method, path)
    assert "403" in one["responses"], (method, path)
    if method == "GET":
        assert one["x-permit"] == "view", path


def test_what_only_looks_needs_no_more_than_to_view():
    needs = {name: operation(*where)["x-permit"] for name, where in CHANGES.items()}
    looks = {name for name, permit in needs.items() if permit == "view"}
    assert looks == {"markNotificationsRead", "previewOperation", "simulateGivenPolicy"}
    for name in ("importPolicy", "allowBudget", "addReceiver", "setRetention", "loadPrices", "setFeed"):
        assert needs[name] == "administer", name
    for name in ("createDeployment", "destroyDeployment", "approveBuild", "applyTemplate", "adoptImage"):
        assert needs[name] == "operate", name
    assert DOCUMENT["paths"]
