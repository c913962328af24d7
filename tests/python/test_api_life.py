"""The life of deployments over HTTP, on the embedded shape with its simulated region."""

import json
import re
import time
import urllib.parse

import pytest

from ingot_up import CLOCKWORK, problem, template

# Every GET of the document, with what fills its path.
GETS = [
    "/v1/advisories/feeds",
    "/v1/advisories/feeds/{feed}/events",
    "/v1/advisories/{advisory}",
    "/v1/advisories/{advisory}/affected",
    "/v1/auto-ami/status",
    "/v1/aws/checks",
    "/v1/aws/checks/{check}",
    "/v1/base-images",
    "/v1/base-images/{track}",
    "/v1/base-images/{track}/events",
    "/v1/base-updates",
    "/v1/base-updates/{update}",
    "/v1/builds",
    "/v1/builds/{build}",
    "/v1/builds/{build}/events",
    "/v1/budget",
    "/v1/budget/history",
    "/v1/deployments",
    "/v1/deployments/{deployment}",
    "/v1/deployments/{deployment}/events",
    "/v1/deployments/{deployment}/events/stream",
    "/v1/findings",
    "/v1/images",
    "/v1/images/{image}",
    "/v1/images/{image}/copies",
    "/v1/images/{image}/events",
    "/v1/images/{image}/security",
    "/v1/images/{ami}",
    "/v1/invariants",
    "/v1/notifications",
    "/v1/notifications/{notification}",
    "/v1/plan",
    "/v1/policy",
    "/v1/policy/diff",
    "/v1/policy/events",
    "/v1/policy/revisions",
    "/v1/policy/simulation",
    "/v1/prices",
    "/v1/prices/events",
    "/v1/operations",
    "/v1/operations/{operation}",
    "/v1/operations/{operation}/events",
    "/v1/queues",
    "/v1/queues/{queue}",
    "/v1/queues/{queue}/events",
    "/v1/receivers",
    "/v1/receivers/{receiver}",
    "/v1/security-status",
    "/v1/settings/retention",
    "/v1/settings/scan-interval",
    "/v1/status",
    "/v1/tasks",
    "/v1/tasks/{task}",
    "/v1/templates",
    "/v1/templates/{template}",
    "/v1/templates/{template}/events",
    "/v1/templates/{template}/revisions",
    "/v1/templates/{template}/yaml",
]
PAGES = [
    "/",
    "/advisories",
    "/advisories/{advisory}",
    "/auto-ami",
    "/aws",
    "/base-images",
    "/base-images/{track}",
    "/builds",
    "/builds/{build}",
    "/budget",
    "/deployments/new",
    "/deployments/{deployment}",
    "/docs",
    "/findings",
    "/images",
    "/images/{image}",
    "/login",
    "/notifications",
    "/openapi.json",
    "/operations",
    "/operations/new?state=discarded",
    "/plan",
    "/policy",
    "/policy/simulation",
    "/prices",
    "/queues/{queue}",
    "/security",
    "/system",
    "/tasks",
    "/tasks/{task}",
    "/templates",
    "/templates/new",
    "/templates/{template}",
    "/updates/{update}",
]
HEALTH = ["/healthz", "/readyz", "/metrics"]


@pytest.fixture(autouse=True)
def no_faults_left(ingot):
    """No test's faults hit another's calls."""
    yield
    ingot.control("DELETE", "faults")


@pytest.fixture(scope="module")
def first(ingot):
    """The finished first deployment of v0.9.2, which left an AMI."""
    return ingot.finished(ingot.create(job_name="Job 19", tags={"team": "web"})["id"])


def test_a_whole_life_seen_live(ingot):
    """From the request to the AMI, read from the stream while it happens."""
    created = ingot.create(version="v0.9.1", job_name="seen live")
    assert (created["status"], created["finished"], created["run"]) == ("queued", False, 1)
    path = f"/v1/deployments/{created['id']}/events/stream"
    *heard, last = ingot.stream(path)
    assert last == ("end", None, "{}")
    lines = [json.loads(data) for _, _, data in heard]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [seq for _, seq, _ in heard] == [str(line["seq"]) for line in lines]
    assert lines == ingot.events(created["id"])
    kinds = [line["kind"] for line in lines]
    assert kinds.index("deployment.requested") < kinds.index("deployment.ready")
    assert kinds.index("deployment.ready") < kinds.index("ami.starting")
    assert kinds[-1] == "ami.completed"

    done = ingot.deployment(created["id"])
    assert (done["status"], done["stage"], done["finished"]) == ("success", "ready", True)
    assert (done["launch_path"], done["ami_creation_status"]) == ("fresh", "completed")
    assert (done["readiness_class"], done["error_message"]) == ("ready", None)
    assert done["access_url"] == f"https://{done['public_ip']}/"
    assert 180 <= done["time_to_ready_seconds"] < 5400 and done["readiness_checks"] >= 1
    stamps = ["created_at", "started_at", "launched_at", "ready_at", "ami_created_at"]
    stamps = [done[name] for name in stamps]
    assert stamps == sorted(stamps) and done["finished_at"] == done["ready_at"]

    # The API's word against the region's.
    instance = ingot.instance(done["instance_id"])
    assert (instance["state"], instance["address"]) == ("running", done["public_ip"])
    assert instance["instance_type"] == done["instance_type"] == "m6i.xlarge"
    images = {image["id"]: image for image in ingot.control("GET", "state")["images"]}
    ami = images[done["created_ami_id"]]
    assert (ami["state"], ami["source_instance"]) == ("available", done["instance_id"])
    assert re.fullmatch(r"kamiwaza-golden-v0\.9\.1-\d{8}-\d{6}", ami["name"]), ami["name"]
    wanted = {
        "KamiwazaVersion": "v0.9.1",
        "CreatedFrom": done["instance_id"],
        "CreatedFromJob": done["id"],
        "ManagedBy": "KamiwazaDeploymentManager",
        "AutoCreated": "true",
    }
    assert wanted.items() <= ami["tags"].items()

    # A late listener hears the same, and one that goes on hears the rest.
    assert list(ingot.stream(path)) == [*heard, last]
    assert list(ingot.stream(f"{path}?after={len(lines) - 2}")) == [*heard[-2:], last]
    assert list(ingot.stream(f"{path}?after={len(lines)}")) == [last]
    # A browser that reconnects says what it heard last; its address is still the old one.
    resumed = {"Last-Event-ID": str(len(lines) - 1)}
    assert list(ingot.stream(f"{path}?after=1", headers=resumed)) == [heard[-1], last]
    for nonsense in ("", "x", "-1", "9" * 30):
        assert list(ingot.stream(path, headers={"Last-Event-ID": nonsense})) == [*heard, last]


def test_the_story_by_polling(ingot, first):
    """`after` and `limit` give the story in pieces, without gap or repetition."""
    path = f"/v1/deployments/{first['id']}/events"
    story = ingot.get(path, limit=200)
    assert "next_cursor" not in story
    for limit in (1, 4, len(story["items"])):
        assert ingot.events(first["id"], limit=limit) == story["items"]
    page = ingot.get(path, after=3, limit=2)
    assert [event["seq"] for event in page["items"]] == [4, 5]
    assert page["next_cursor"] == "5"
    assert ingot.get(path, after=10_000) == {"items": []}


def test_the_second_deployment_skips_and_the_next_launches_from_the_ami(ingot, first):
    """The document's examples 2 and 1 again, told apart by what was asked for."""
    second = ingot.finished(ingot.create(image="fresh")["id"])
    assert (second["launch_path"], second["ami_creation_status"]) == ("fresh", "skipped")
    assert second["ami_skip_reason"] == "exists"
    assert second["created_ami_id"] == first["created_ami_id"]
    said = ingot.messages(second["id"])
    assert f"Found existing AMI: {first['created_ami_id']}" in said
    assert "Status: skipped (AMI already exists)" in said

    cached = ingot.finished(ingot.create()["id"])
    assert (cached["launch_path"], cached["status"]) == ("cached", "success")
    assert cached["source_ami_id"] == first["created_ami_id"]
    assert (cached["ami_creation_status"], cached["ami_skip_reason"]) == ("skipped", "from_image")
    assert cached["time_to_ready_seconds"] < first["time_to_ready_seconds"]
    assert ingot.instance(cached["instance_id"])["image_id"] == first["created_ami_id"]

    kept = ingot.get("/v1/images", template="kamiwaza", version="v0.9.2", status="available")
    assert [image["ami_id"] for image in kept["items"]] == [first["created_ami_id"]]
    times = ingot.get("/v1/templates/kamiwaza")["launch_times"]
    assert times["cached_seconds"] < times["fresh_seconds"] and times["samples"] >= 3


def test_an_image_by_either_id(ingot, first):
    (image,) = ingot.get("/v1/images", version="v0.9.2")["items"]
    assert (
        image
        == ingot.get(f"/v1/images/{image['id']}")
        == ingot.get(f"/v1/images/{image['ami_id']}")
    )
    assert (image["status"], image["origin"]) == ("available", "auto")
    assert image["source_deployment_id"] == first["id"]
    assert image["source_instance_id"] == first["instance_id"]
    story = ingot.get(f"/v1/images/{image['ami_id']}/events")["items"]
    assert [line["kind"] for line in story] == ["image.claimed", "image.pending", "image.available"]
    assert [line["seq"] for line in story] == [1, 2, 3]
    assert first["id"] in story[0]["message"] and image["ami_id"] in story[2]["message"]
    assert (image["size_gb"], len(image["snapshot_ids"])) == (10, 1)


def test_a_failed_launch_is_retried_by_hand(ingot):
    fault = {"action": "RunInstances", "kind": "error", "code": "InvalidParameterValue"}
    ingot.control("POST", "faults", {**fault, "message": "that <b>volume</b> is no good"})
    failed = ingot.finished(ingot.create(version="1.0.1")["id"])
    assert (failed["status"], failed["instance_id"]) == ("failed", None)
    assert "that <b>volume</b> is no good" in failed["error_message"]
    assert failed["ami_creation_status"] in (None, "skipped")
    story = ingot.events(failed["id"])
    assert [e["message"] for e in story if e["level"] == "error"]

    again = ingot.act(failed["id"], "retry")
    assert (again["status"], again["run"], again["error_message"]) == ("queued", 2, None)
    assert not again["finished"] and again["finished_at"] is None
    done = ingot.finished(failed["id"])
    assert (done["status"], done["ami_creation_status"]) == ("success", "completed")
    assert ingot.events(failed["id"])[: len(story)] == story, "the story stays"
    launches = ingot.get("/v1/tasks", deployment_id=failed["id"], queue="launch")["items"]
    # EC2's refusal is an answer, not a failure of the task: each run's launch was done in one attempt.
    assert [(task["state"], task["attempt"]) for task in launches] == [("completed", 1)] * 2
    for task in launches:
        (attempt,) = ingot.get(f"/v1/tasks/{task['id']}")["attempts"]
        assert attempt["outcome"] == "completed", attempt


def test_a_pending_deployment_waits_to_be_started(ingot):
    waits = ingot.create(version="1.0.2", start=False, create_ami=False)
    assert (waits["status"], waits["run"], waits["started_at"]) == ("pending", 0, None)
    assert not ingot.get("/v1/tasks", deployment_id=waits["id"])["items"]
    assert ingot.act(waits["id"], "start")["status"] == "queued"
    done = ingot.finished(waits["id"])
    assert (done["status"], done["ami_skip_reason"]) == ("success", "disabled")


def test_what_a_state_does_not_allow_is_a_409_with_the_way_out(ingot, first):
    """And what is so already is accepted again."""
    ingot.control("POST", "next_instance", {"hold_install": True})
    runs = ingot.create(version="1.0.3")["id"]
    ingot.status(runs, "running")
    for verb in ("start", "retry"):
        for deployment, status in ((runs, "running"), (first["id"], "success")):
            answer = ingot.call("POST", f"/v1/deployments/{deployment}/{verb}")
            problem(answer, 409, says=[f"`{status}`", "pending, failed and readiness_timeout"])
    answer = ingot.call("POST", f"/v1/deployments/{first['id']}/cancel")
    problem(answer, 409, says=["`success`", "`destroy`"])
    assert ingot.deployment(first["id"]) == first

    ingot.act(runs, "cancel")
    story = ingot.messages(runs)
    assert ingot.act(runs, "cancel")["status"] == "cancelled"
    assert [m for m in story if m.startswith("Cancelled by")] == ["Cancelled by ingot up"]


def test_cancelling_terminates_the_instance(ingot):
    ingot.control("POST", "next_instance", {"hold_install": True})
    runs = ingot.create(version="1.0.4")["id"]
    instance = ingot.status(runs, "running")["instance_id"]
    assert ingot.instance(instance)["state"] == "running"
    cancelled = ingot.act(runs, "cancel")
    assert (cancelled["status"], cancelled["ami_skip_reason"]) == ("cancelled", "ended")

    def gone(_):
        return (ingot.instance(instance) or {"state": "terminated"})["state"] == "terminated"

    ingot.reaches(runs, "has no instance in the region", gone)
    after = ingot.reaches(runs, "has cleared its instance", lambda d: d["instance_id"] is None)
    assert (after["status"], after["public_ip"], after["finished"]) == ("cancelled", None, True)
    assert after["finished_at"]


def test_destroying_clears_the_instance_and_keeps_the_ami(ingot):
    done = ingot.finished(ingot.create(version="1.0.5")["id"])
    accepted = ingot.act(done["id"], "destroy")
    assert accepted["id"] == done["id"]
    gone = ingot.status(done["id"], "destroyed")
    for cleared in ("instance_id", "public_ip", "private_ip", "access_url"):
        assert gone[cleared] is None, cleared
    assert gone["created_ami_id"] == done["created_ami_id"]
    assert gone["ami_creation_status"] == "completed"
    state = ingot.control("GET", "state")
    states = {thing["id"]: thing["state"] for thing in state["instances"] + state["images"]}
    assert states.get(done["instance_id"], "terminated") in ("shutting-down", "terminated")
    assert states[done["created_ami_id"]] == "available"
    assert ingot.get(f"/v1/images/{done['created_ami_id']}")["status"] == "available"
    assert ingot.act(done["id"], "destroy")["status"] == "destroyed"
    problem(ingot.call("POST", f"/v1/deployments/{done['id']}/start"), 409, says="`destroyed`")

    cached = ingot.finished(ingot.create(version="1.0.5")["id"])
    assert cached["source_ami_id"] == done["created_ami_id"]


def test_destroying_what_never_had_an_instance(ingot):
    waits = ingot.create(version="1.0.6", start=False)["id"]
    ingot.act(waits, "destroy")
    gone = ingot.finished(waits)
    assert gone["status"] in ("cancelled", "destroyed") and gone["instance_id"] is None


def test_readiness_gives_up_after_its_attempts_and_can_be_retried(ingot):
    ingot.apply(template("impatient", probe={"max_attempts": 3}))
    ingot.control("POST", "next_instance", {"serve": "wrong_content"})
    late = ingot.finished(ingot.create(template="impatient", version="1.0.0")["id"])
    assert (late["status"], late["readiness_checks"]) == ("readiness_timeout", 3)
    assert late["readiness_class"] not in (None, "ready")
    assert late["error_message"] and late["ready_at"] is None
    assert (late["ami_creation_status"], late["created_ami_id"]) in (
        (None, None),
        ("skipped", None),
    )
    assert ingot.instance(late["instance_id"])["state"] == "running", "kept for a look at it"
    said = [m for m in ingot.messages(late["id"]) if m.startswith("Check ")]
    assert [m.split(":")[0] for m in said] == ["Check 1/3", "Check 2/3", "Check 3/3"]

    # The retry is allowed, and does away with the instance of the failed run. This one needs more attempts.
    ingot.control("POST", "next_instance", {"serve": "ok"})
    ingot.act(late["id"], "retry")
    done = ingot.finished(late["id"])
    assert (done["status"], done["run"]) == ("success", 2)
    assert done["instance_id"] != late["instance_id"]

    def dropped(_):
        old = ingot.instance(late["instance_id"])
        return old is None or old["state"] in ("shutting-down", "terminated")

    ingot.reaches(late["id"], "has dropped its first instance", dropped)


def test_what_is_no_golden_image_is_not_imaged(ingot):
    ingot.apply(template("containers", kind="docker"))
    done = ingot.finished(ingot.create(template="containers", version="1.0.0")["id"])
    assert (done["status"], done["ami_creation_status"]) == ("success", "skipped")
    assert (done["ami_skip_reason"], done["created_ami_id"]) == ("not_golden", None)
    assert not ingot.get("/v1/images", template="containers")["items"]
    journal = ingot.control("GET", "journal?action=CreateImage")["calls"]
    assert done["instance_id"] not in json.dumps(journal)


def test_an_image_that_ec2_fails_once_is_made_again(ingot):
    ingot.control("POST", "next_image", {"state": "failed", "reason": "first: no luck"})
    done = ingot.finished(ingot.create(version="2.0.1")["id"])
    assert (done["status"], done["ami_creation_status"]) == ("success", "completed")
    images = ingot.get("/v1/images", version="v2.0.1")["items"]
    assert [(i["status"], i["generation"]) for i in images] == [("available", 2), ("failed", 1)]
    assert images[0]["ami_id"] == done["created_ami_id"]
    assert "first: no luck" in images[1]["error"]
    assert images[0]["name"] != images[1]["name"]
    assert any("first: no luck" in said for said in ingot.messages(done["id"]))


def test_an_image_that_ec2_fails_three_times_is_given_up_with_the_reason(ingot):
    order = {"state": "failed", "reason": "Client.InternalError: the volume broke", "times": 3}
    ingot.control("POST", "next_image", order)
    done = ingot.finished(ingot.create(version="2.0.2")["id"])
    assert (done["status"], done["ami_creation_status"]) == ("success", "failed")
    assert "the volume broke" in done["ami_creation_error"]
    assert done["created_ami_id"] is None
    images = ingot.get("/v1/images", version="v2.0.2")["items"]
    assert [i["status"] for i in images] == ["failed"] * 3
    assert not ingot.get("/v1/images", version="v2.0.2", status="available")["items"]
    # Nothing of the failed images is left to be paid for.
    fresh = ingot.finished(ingot.create(version="2.0.2")["id"])
    assert (fresh["launch_path"], fresh["ami_creation_status"]) == ("fresh", "completed")


def test_more_than_two_hundred_deployments_in_pages(ingot):
    made = [
        ingot.create(version="3.0.0", start=False, job_name=f"many {n}")["id"] for n in range(205)
    ]
    seen, cursor = [], None
    for size in (100, 100, 5):
        more = {"cursor": cursor} if cursor else {}
        page = ingot.get("/v1/deployments", version="v3.0.0", limit=100, **more)
        assert len(page["items"]) == size
        seen += [item["id"] for item in page["items"]]
        cursor = page.get("next_cursor")
        # What is made while a client pages does not shift the pages.
        late = ingot.create(version="3.0.0", start=False)["id"]
    assert seen == made[::-1]
    assert cursor is None
    longest = ingot.get("/v1/deployments", limit=200)
    assert len(longest["items"]) == 200 and longest["next_cursor"] == longest["items"][-1]["id"]
    usual = ingot.get("/v1/deployments")
    assert len(usual["items"]) == 50 and usual["next_cursor"] == usual["items"][-1]["id"]
    one = ingot.get("/v1/deployments", status="pending", version="v3.0.0", limit=1)
    assert one["items"][0]["id"] == late
    assert ingot.get("/v1/deployments", version="v3.0.0", region="eu-west-1") == {"items": []}
    unknown = ingot.call("GET", "/v1/deployments?version=v3.0.0&template=nope")
    problem(unknown, 400, "template", "nope", "choose one of")
    assert ingot.get("/v1/deployments", version="v99.0.0", template="kamiwaza") == {"items": []}


def checked(ingot):
    """A check of the account, waited for to its end."""
    asked = ingot.call("POST", "/v1/aws/checks", {"region": "us-east-1"})
    assert asked.status == 202, asked
    path = f"/v1/aws/checks/{asked.json()['id']}"
    for _ in range(300):
        if ingot.get(path)["state"] in ("done", "failed"):
            return asked.json()["id"]
        time.sleep(0.1)
    raise AssertionError("the check does not end")


def moved(ingot):
    """The update of a base image that no other test stands on."""
    where = {"regions": ["us-east-1"]}

    def looked(build=None):
        assert ingot.call("POST", "/v1/base-images/debian-12/scan", where).status == 202
        for _ in range(300):
            track = ingot.get("/v1/base-images/debian-12")
            if track["current_build"] and build in (None, track["current_build"]):
                return track
            time.sleep(0.1)
        raise AssertionError("no look shows the build")

    track = looked()
    order = {"owner": track["owner"], "filter": track["aws_filter"], "architecture": "x86_64"}
    ingot.control("POST", "releases", {**order, "name": "debian-12-amd64-20991231-9999"})
    looked("20991231-9999")
    for _ in range(300):
        (update,) = ingot.get("/v1/base-updates", base="debian-12")["items"]
        if update["judged_at"]:
            return update["id"]
        time.sleep(0.1)
    raise AssertionError("the update is not judged")


def receiver(ingot):
    """A receiver that nothing but a test is sent to."""
    body = {
        "name": "life",
        "channel": "slack",
        "url": "https://hooks.example.org/x",
        "preferences": {"topics": ["test"]},
    }
    assert ingot.call("POST", "/v1/receivers", body).status in (201, 409)
    return "life"
def skipped(ingot):
    """A build that never starts: its template was switched off when it was asked for."""
    switch = "/v1/templates/kamiwaza/auto-ami"
    assert ingot.call("POST", f"{switch}/disable", {"reason": "a build that stays"}).status == 200
    asked = ingot.call("POST", "/v1/builds", {"template": "kamiwaza"})
    assert asked.status == 202 and asked.json()["status"] == "skipped", asked.text
    assert ingot.call("POST", f"{switch}/enable", {"reason": "again"}).status == 200
    return asked.json()["id"]


def operation(ingot):
    """One over nothing."""
    new = {"action": "retry", "filter": {"queue": "check", "state": "dead"}, "expected": 0, "reason": "a page of its own"}
    begun = ingot.call("POST", "/v1/operations", new)
    assert begun.status == 202, begun
    return begun.json()["id"]


def filled(ingot, first):
    """Every GET there is, for things that exist; the document must know no other."""
    image = ingot.get(f"/v1/images/{first['created_ami_id']}")
    task = ingot.get("/v1/tasks", deployment_id=first["id"])["items"][0]
    names = {
        "deployment": first["id"],
        "image": image["id"],
        "ami": image["ami_id"],
        "task": task["id"],
        "notification": ingot.get("/v1/notifications", limit=1)["items"][0]["id"],
        "receiver": receiver(ingot),
        "template": "kamiwaza",
        "track": "ubuntu-24.04",
        "queue": "ami",
        "operation": operation(ingot),
        "build": skipped(ingot),
        "check": checked(ingot),
        "advisory": "CVE-2024-6387",
        "feed": "ubuntu",
        "update": moved(ingot),
    }
    document = ingot.get("/openapi.json")["paths"]
    known = {re.sub(r"\{\w+\}", "{}", path) for path, item in document.items() if "get" in item}
    assert known == {re.sub(r"\{\w+\}", "{}", path) for path in GETS}, "a GET is missing here"
    return [path.format(**names) for path in GETS + PAGES + HEALTH]


def still(ingot):
    """Waits until the monitor has written down what earlier tests did to images."""
    for _ in range(15):
        rows = ingot.dump(CLOCKWORK)
        time.sleep(2)
        if ingot.dump(CLOCKWORK) == rows:
            return
    raise AssertionError("rows change without a request")


def test_gets_never_write(ingot, first):
    """All tables are the same before and after, but for the clockwork's own rows."""
    for deployment in ingot.get("/v1/deployments", limit=200)["items"]:
        if deployment["status"] != "pending":
            ingot.finished(deployment["id"])
    paths = filled(ingot, first)
    still(ingot)
    rows, writes = ingot.dump(CLOCKWORK), ingot.writes()
    cookie = {"Cookie": f"ingot_session={ingot.token}"}
    for path in paths:
        if path.endswith("/stream"):
            assert list(ingot.stream(path))[-1][0] == "end"
            continue
        for headers, token in (({}, True), (cookie, False), ({}, False)):
            for method in ("GET", "HEAD"):
                answer = ingot.call(method, path, headers=headers, token=token)
                assert answer.status in (200, 303, 401), (method, path, answer)
    assert ingot.dump(CLOCKWORK) == rows
    assert ingot.writes() == writes
    assert all(rows[table] for table in ("deployment", "event", "image", "effect", "template"))


def test_metrics_count_what_happened(ingot, first):
    """Names and labels only from closed sets: no id, no version, no address is a label."""
    ingot.deployment(first["id"])
    text = ingot.call("GET", "/metrics").text
    labels = re.findall(r'(\w+)="([^"]*)"', text)
    assert any(name == "route" and value == "/v1/deployments/{id}" for name, value in labels), text
    for _, value in labels:
        assert not re.search(r"dep_|tsk_|img_|ami-[0-9a-f]{8}|i-[0-9a-f]{8}|127\.", value), value
    assert urllib.parse.urlsplit(ingot.url).port and "ingot_" in text
