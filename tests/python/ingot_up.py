"""`ingot up` with the simulated region, as a process of its own, and its HTTP API as a client sees it."""

import http.client
import json
import os
import pty
import re
import sqlite3
import subprocess
import time
import urllib.parse
import uuid
from pathlib import Path

import pytest

from region import call_json, stop_process, wait_until

PROBLEM = "application/problem+json"
# Simulated seconds per real one: a deployment's half hour is three seconds.
PACE = "600"
# No wait of these tests takes longer than this on an idle machine by far; a busy one may.
PATIENCE = 60.0
# What the tests must not take from the machine they run on.
FOREIGN = ("INGOT_", "AWS_", "DATABASE_URL", "REDIS_URL", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
# Rows that the clockwork of an idle installation goes on writing, by table, as `Up.dump` leaves them out.
CLOCKWORK = {
    "task": "kind IN ('scheduler', 'monitor', 'track', 'judge', 'feed', 'build')",
    "attempt": "task_id NOT IN (SELECT id FROM task WHERE kind NOT IN ('scheduler', 'monitor', 'track', 'judge', 'feed', 'build'))",
    "event": "deployment_id LIKE 'trk_%' OR deployment_id LIKE 'upd_%' OR deployment_id LIKE 'bld_%'",
    "track": "1",
    "track_region": "1",
    "base": "1",
    "base_ami": "1",
    "base_update": "1",
    "assessment": "1",
    "build": "1",
    "build_request": "1",
    "finding": "1",
    "setting": "name = 'builds_looked'",
    "notification": "topic IN ('finding_opened', 'security_update_available')",
    "tick": "1",
    "token_use": "1",
    "worker": "1",
}
LINK = re.compile(r"(http://\S+/login\?code=\S+)")
MINIMAL = {"template": "kamiwaza", "version": "v0.9.2", "region": "us-east-1"}


def ingot_binary():
    """The built binary."""
    binary = os.environ.get("INGOT_BIN")
    if not binary:
        pytest.fail("set INGOT_BIN to the built ingot binary (cargo build; target/debug/ingot)")
    return str(Path(binary).resolve())


def own_environment(**more):
    """This environment without anything that Ingot would read, and `more`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    return {**kept, "NO_COLOR": "1", **more}


class Answer:
    """One HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:2000]!r}>"


class Up:
    """A running `ingot up --cloud sim`. `terminal` gives it a terminal as stdout, as a person has."""

    def __init__(self, folder, pace=PACE, terminal=False, environment=None):
        self.data = Path(folder)
        self.data.mkdir(parents=True, exist_ok=True)
        self.sim = None
        self.master = None
        out, err = self.data / "stdout", self.data / "stderr"
        command = [ingot_binary(), "up", "--cloud", "sim", "--listen", "127.0.0.1:0"]
        command += ["--data-dir", str(self.data), "--pace", pace]
        with open(out, "w") as stdout, open(err, "w") as stderr:
            slave = None
            if terminal:
                self.master, slave = pty.openpty()
            self.process = subprocess.Popen(
                command,
                stdout=stdout if slave is None else slave,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                env=own_environment(**(environment or {})),
            )
            if slave is not None:
                os.close(slave)

        def line():
            return out.read_text().endswith("\n") and out.read_text()

        ready = self._link if terminal else line
        said = wait_until(lambda: self._alive() and ready(), "`ingot up` is up", PATIENCE)
        if terminal:
            self.url = (self.data / "url").read_text().strip()
        else:
            started = json.loads(said)
            self.url, self.sim = started["listening"], started["sim"]
        self.token = (self.data / "token").read_text().strip()
        self.address = urllib.parse.urlsplit(self.url).netloc

    def _alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"`ingot up` ended with {self.process.returncode}:\n{self.log()}")
        return True

    def _link(self):
        found = LINK.search(self.log())
        return found and found.group(1)

    @property
    def link(self):
        """The one-time link that signs a browser in."""
        return wait_until(self._link, "the one-time link on stderr", 5)

    def log(self):
        """What it said on stderr."""
        return (self.data / "stderr").read_text()

    def stop(self):
        """Ends it; it must end well and without having panicked."""
        stop_process(self.process)
        if self.master is not None:
            os.close(self.master)
        assert "panicked" not in self.log(), self.log()
        assert self.process.returncode == 0, self.log()

    # -- HTTP ---------------------------------------------------------------------------------

    def call(self, method, path, body=None, headers=None, token=True, timeout=30):
        """One request. A `body` that is neither bytes nor text is sent as JSON."""
        given = {"Authorization": f"Bearer {self.token}"} if token is True else {}
        if isinstance(token, str):
            given = {"Authorization": f"Bearer {token}"}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            given["Content-Type"] = "application/json"
        if isinstance(body, str):
            body = body.encode()
        given.update(headers or {})
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=given)
            answer = connection.getresponse()
            lower = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, lower, answer.read())
        finally:
            connection.close()

    def get(self, path, expect=200, **query):
        if query:
            path = f"{path}?{urllib.parse.urlencode(query)}"
        answer = self.call("GET", path)
        assert answer.status == expect, (path, answer)
        return answer.json()

    def create(self, expect=202, headers=None, **body):
        """Requests a deployment and gives it."""
        answer = self.call("POST", "/v1/deployments", {**MINIMAL, **body}, headers)
        assert answer.status == expect, answer
        return answer.json()

    def act(self, deployment, verb, expect=202):
        answer = self.call("POST", f"/v1/deployments/{deployment}/{verb}")
        assert answer.status == expect, (verb, answer)
        return answer.json()

    def apply(self, yaml, expect=201):
        answer = self.call("POST", "/v1/templates", yaml, {"Content-Type": "application/yaml"})
        assert answer.status == expect, answer
        return answer.json()

    def deployment(self, deployment):
        return self.get(f"/v1/deployments/{deployment}")

    def reaches(self, deployment, what, reached):
        """Waits until the deployment is as `reached` wants it, and gives it."""
        last = {}

        def look():
            last.update(self.deployment(deployment))
            return reached(last) and dict(last)

        try:
            return wait_until(look, f"{deployment} {what}", PATIENCE)
        except AssertionError as error:
            story = "\n".join(f"[{e['source']}] {e['message']}" for e in self.events(deployment))
            raise AssertionError(f"{error}\n{json.dumps(last, indent=1)}\n{story}") from None

    def status(self, deployment, status):
        return self.reaches(deployment, f"is {status}", lambda d: d["status"] == status)

    def finished(self, deployment):
        return self.reaches(deployment, "is finished", lambda d: d["finished"])

    def events(self, deployment, limit=200):
        """The whole story, page by page."""
        story, after = [], 0
        while True:
            page = self.get(f"/v1/deployments/{deployment}/events", after=after, limit=limit)
            story += page["items"]
            if "next_cursor" not in page:
                return story
            after = page["next_cursor"]

    def messages(self, deployment):
        return [event["message"] for event in self.events(deployment)]

    def stream(self, path, timeout=PATIENCE, headers=None):
        """Server-sent events as (event, id, data), until the server ends or `timeout` passes."""
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        bearer = {"Authorization": f"Bearer {self.token}"}
        connection.request("GET", path, headers={**bearer, **(headers or {})})
        answer = connection.getresponse()
        assert answer.status == 200, (answer.status, answer.read())
        assert answer.getheader("content-type") == "text/event-stream"
        deadline = time.monotonic() + timeout
        try:
            fields = {}
            for line in answer:
                assert time.monotonic() < deadline, f"no end of {path} within {timeout} s"
                line = line.decode().rstrip("\n")
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = fields.get(name, "") + value.removeprefix(" ")
                elif fields:
                    if "data" in fields:
                        yield fields.get("event", "message"), fields.get("id"), fields["data"]
                    fields = {}
        finally:
            connection.close()

    # -- the simulated region -----------------------------------------------------------------

    def control(self, method, path, body=None):
        return call_json(method, f"{self.sim}/_sim/{path}", body)

    def instance(self, instance):
        """An instance of the region, or nothing."""
        found = [i for i in self.control("GET", "state")["instances"] if i["id"] == instance]
        return found[0] if found else None

    def writes(self):
        """How many calls changed, or tried to change, the region."""
        calls = self.control("GET", "journal")["calls"]
        reads = ("Describe", "Get", "List")
        return len([call for call in calls if not call["action"].startswith(reads)])

    # -- the ledger ---------------------------------------------------------------------------

    def rows(self, query, *values):
        """Rows of the ledger's file, read beside the process."""
        file = self.data / "simulated.sqlite3"
        ledger = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)
        try:
            return ledger.execute(query, values).fetchall()
        finally:
            ledger.close()

    def dump(self, leave_out=()):
        """Every table with all its rows, except those of `leave_out` (table name to condition)."""
        names = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        dump = {}
        for (name,) in names:
            condition = dict(leave_out).get(name)
            where = f" WHERE NOT ({condition})" if condition else ""
            dump[name] = sorted(map(repr, self.rows(f'SELECT * FROM "{name}"{where}')))
        return dump


def problem(answer, status, field=None, value=None, says=()):
    """Checks that an answer is a problem that names what is wrong and the way out."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == PROBLEM, answer.headers
    body = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:ingot:problem:") and body["title"] and body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    if field is not None:
        named = {error["field"]: error for error in body["errors"]}
        assert field in named, (field, body)
        error = named[field]
        assert len(error["message"]) > 8, error
        if value is not None:
            assert error["value"] == value, (value, error)
    whole = json.dumps(body, ensure_ascii=False)
    for word in [says] if isinstance(says, str) else says:
        assert word in whole, (word, body)
    return body


def template(name, **more):
    """A template that the simulated region brings up in a second, as YAML (which JSON is)."""
    spec = {
        "name": name,
        "kind": "golden_image",
        "base_image": {
            "ssm": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        },
        "instance_types": ["t3.micro"],
        "user_data": "#!/bin/sh\necho hello\n",
        "probe": {
            "scheme": "https",
            "port": 443,
            "body_contains": ["login"],
            "first_check_seconds": 30,
            "interval_seconds": 30,
            "max_attempts": 60,
        },
        "install_finished": "none",
        "images": {"settle_seconds": 0},
    }
    for key, value in more.items():
        spec[key] = {**spec.get(key, {}), **value} if isinstance(value, dict) else value
    return json.dumps(spec, indent=2)


def fresh_key():
    return f"test-{uuid.uuid4()}"
