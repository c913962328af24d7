"""Queues and tasks from the command line: what is typed, what is seen, what is refused."""

import json

import pytest

from cli import Cli
from region import wait_until


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


def test_a_queue_is_paused_told_and_resumed(ingot, cli):
    said = cli("queues", "pause", "readiness", "--reason", "AWS event").stdout
    assert said.startswith("readiness is paused; ") and "ingot queues resume readiness" in said
    again = json.loads(cli("queues", "pause", "readiness", "--reason", "x", "--json", code=3).stderr)
    assert "paused by" in again["detail"] and "AWS event" in again["detail"], again
    kept = cli("queues", "pause", "launch", "--reason", "x", code=3).stderr
    assert "--even-cleanup" in kept
    made = ingot.create(version="7.0.0", create_ami=False)
    asked = {"deployment_id": made["id"], "queue": "readiness"}
    (task,) = wait_until(lambda: ingot.get("/v1/tasks", **asked)["items"], "its check waits", 60)
    why = cli("why", made["id"]).stdout
    assert "paused by" in why and "AWS event" in why and "ingot queues resume" in why
    shown = cli.json("queues", "show", "readiness")
    assert shown["paused"]["reason"] == "AWS event" and shown["events"][-1]["kind"] == "queue.paused"
    ready = cli.json("status")
    assert ready["ready"] and any("AWS event" in check["detail"] for check in ready["checks"])
    doctor = cli.json("doctor")
    assert {"queues"} == {part["name"] for part in doctor["status"]["parts"] if part["state"] == "paused"}
    assert 'ingot_queue_paused{queue="readiness"}' in ingot.call("GET", "/metrics").text

    # A task of it is moved, and counted before many are.
    moved = cli.json("tasks", "reschedule", task["id"], "--at", "2099-01-01T00:00:00Z", "--reason", "much later")
    assert moved["run_at"].startswith("2099-01-01") and moved["state"] == "scheduled"
    of = ["--deployment", made["id"]]
    preview = cli.json("tasks", "run-now", *of, "--queue", "readiness", "--dry-run")
    assert preview["matching"] == 1 and preview["sample"][0]["id"] == task["id"]
    few = cli("tasks", "run-now", *of, "--expect", "40", "--reason", "x", code=3).stderr
    assert "there are" in few and "not 40" in few
    assert "--expect" in cli("tasks", "run-now", *of, code=3).stderr
    begun = cli.json("tasks", "run-now", *of, "--queue", "readiness", "--expect", "1", "--reason", "now")
    over = lambda: (one := cli.json("operations", "show", begun["id"]))["state"] == "done" and one
    assert (wait_until(over, "the operation is done", 30)["done"], begun["matching"]) == (1, 1)
    assert begun["id"] in cli("operations", "list").stdout

    resumed = cli("queues", "resume", "readiness", "--reason", "it is over").stdout
    assert resumed.startswith("readiness goes on")
    assert ingot.finished(made["id"])["status"] == "success"
    set_to = cli("queues", "set-concurrency", "readiness", "3", "--reason", "slowly").stdout
    assert "3 visits at once" in set_to
    assert cli.json("queues", "set-concurrency", "readiness", "default")["concurrency"] is None
    cli("queues", "set-concurrency", "readiness", "0", code=2)


def test_listed_tasks_are_judged_one_by_one(ingot, cli):
    made = ingot.finished(ingot.create(version="7.0.1", create_ami=False)["id"])
    tasks = [task["id"] for task in ingot.get("/v1/tasks", deployment_id=made["id"])["items"]]
    acted = json.loads(cli("tasks", "retry", *tasks, "--reason", "again", "--json", code=1).stdout)
    assert not acted["done"] and {one["why"] for one in acted["refused"]} == {"retry: it is done"}
    over = cli("tasks", "retry", tasks[0], "--reason", "again", code=3).stderr
    assert "it is done" in over
    assert "--reason" in cli("tasks", "retry", tasks[0], code=3).stderr
