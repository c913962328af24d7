"""Requests made to hurt: too large, too deep, too many (FAULTS F25), and texts that mean something to a database, a page, a
log, a header or a metric (FAULTS F36). The first are refused without costing memory, the second are kept as they are."""

import html
import http.client
import json
import re
import sqlite3
import urllib.parse
from pathlib import Path

import pytest

from ingot_up import CLOCKWORK, MINIMAL, fresh_key, problem, template

JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}
KIB, MIB = 1024, 1024 * 1024
# What one request may take of memory for a while (FAULTS F25).
MOST = 50 * MIB


def order(**more):
    return json.dumps({**MINIMAL, "start": False, **more})


def laughs():
    """Nine anchors of nine aliases each: half a GiB when written out."""
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


# (path, headers, body, status, words of the way out)
HUGE = {
    "many groups": ("deployments", JSON, order(security_group_ids=[f"sg-{n:08x}" for n in range(60_000)]), 422, "EC2 takes 5 groups"),
    "many bad groups": ("deployments", JSON, order(security_group_ids=[f"x{n}" for n in range(100_000)]), 422, "EC2 takes 5 groups"),
    "many rules": (
        "deployments", JSON, order(ingress=[{"port": n, "cidr": "10.0.0.0/8"} for n in range(1, 25_000)]), 422, "EC2 takes 60 rules",
    ),
    "many tags": ("deployments", JSON, order(tags={f"t{n}": "" for n in range(60_000)}), 422, "keep 34"),
    "a long name": ("deployments", JSON, order(job_name="x" * 64 * KIB), 422, "1 to 100"),
    "a long version": ("deployments", JSON, order(version="v" + "1" * 64 * KIB), 422, "v1.2.3"),
    "a long tag": ("deployments", JSON, order(tags={"x" * 64 * KIB: "y" * 64 * KIB}), 422, ""),
    "user data": ("deployments", JSON, order(user_data="x" * 900 * KIB), 422, "16384"),
    "deep lists": ("deployments", JSON, "[" * 500_000, 400, ""),
    "deep objects": ("deployments", JSON, '{"tags":' * 100_000, 400, ""),
    "deep in a field": (
        "deployments", JSON, order()[:-1] + ', "tags": ' + "[" * 1000 + "]" * 1000 + "}", 400, "",
    ),
    "a number of digits": ("deployments", JSON, order()[:-1] + ', "volume_size_gb": ' + "9" * 900_000 + "}", 400, ""),
    "a billion laughs": ("templates", YAML, laughs(), 422, ""),
    "deep flow": ("templates", YAML, "[" * 1000, 422, ""),
    "deep block": ("templates", YAML, "\n".join(" " * n + "a:" for n in range(600)), 422, ""),
    "deep and large flow": ("templates", YAML, "{a: " * 60_000, 422, ""),
    "many anchors": ("templates", YAML, "\n".join(f"k{n}: &n{n} x" for n in range(12_000)), 422, ""),
    "many documents": ("templates", YAML, "---\na: b\n" * 20_000, 422, ""),
    "many modes": ("templates", YAML, template("many", modes=[f"m{n}" for n in range(15_000)]), 422, ""),
}


def memory(ingot, name):
    """A line of what the kernel tells about the process, in bytes."""
    status = Path(f"/proc/{ingot.process.pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+) kB$", status, re.M).group(1)) * KIB


@pytest.mark.parametrize("name", HUGE)
def test_what_is_huge_is_refused_and_costs_no_memory(ingot, name):
    path, headers, body, status, says = HUGE[name]
    rows = ingot.dump(CLOCKWORK)
    # The peak is counted from here.
    Path(f"/proc/{ingot.process.pid}/clear_refs").write_text("5")
    before = memory(ingot, "VmRSS")
    key = {"Idempotency-Key": fresh_key()} if path == "deployments" else {}
    answer = ingot.call("POST", f"/v1/{path}", body, {**headers, **key})
    said = problem(answer, status, says=says)
    grown = memory(ingot, "VmHWM") - before
    assert grown < MOST, f"{grown / MIB:.0f} MiB"
    assert len(answer.body) < 64 * KIB and len(said["errors"]) <= 100, answer
    assert ingot.dump(CLOCKWORK) == rows


def test_a_body_of_10_mib_is_refused_after_the_first(ingot):
    """Whatever is announced, no more is read than what may be there."""
    connection = http.client.HTTPConnection(ingot.address, timeout=20)
    connection.putrequest("POST", "/v1/deployments")
    headers = {**JSON, "Authorization": f"Bearer {ingot.token}", "Content-Length": str(10 * MIB)}
    for header, value in headers.items():
        connection.putheader(header, value)
    connection.endheaders(b" " * (MIB + KIB))
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-type")) == (413, "application/problem+json")
    connection.close()


def test_a_head_of_a_mib_is_refused(ingot):
    connection = http.client.HTTPConnection(ingot.address, timeout=20)
    connection.putrequest("GET", "/healthz")
    connection.putheader("X-Giant", "x" * 256 * KIB)
    try:
        connection.endheaders()
        status = connection.getresponse().status
    except ConnectionError:
        # Hung up on before all of it was sent.
        status = 431
    assert status == 431
    connection.close()
    assert ingot.call("GET", "/healthz", token=False).status == 200


# Texts that are legal names and mean something to another program.
STRANGE = [
    "Robert); DROP TABLE deployment; --",
    "1 OR 1=1; SELECT pg_sleep(9)",
    "{{7*7}} #{7*7} %{7*7}",
    "{jndi:ldap://127.0.0.1/x}",
    "=cmd|calc!A1",
    "%s%n%x %00 %0d%0aX-Injected: yes",
    "job{version=} 1 # HELP ingot_build_info x",
    "../../etc/passwd",
    "\u00e9\u4e2d\U0001f525 \u0440\u0443\u0301",
]


@pytest.mark.parametrize("text", STRANGE)
def test_a_strange_text_is_kept_and_shown_as_it_is(ingot, text):
    made = ingot.create(start=False, job_name=text, tags={"team": text})
    shown = ingot.deployment(made["id"])
    assert shown["job_name"] == text
    assert ingot.rows("SELECT job_name FROM deployment WHERE id = ?", made["id"]) == [(text,)]
    listed = ingot.get("/v1/deployments", limit=5)["items"]
    assert text in [one["job_name"] for one in listed]
    # As a filter it finds nothing and breaks nothing.
    query = urllib.parse.urlencode({"version": text})
    problem(ingot.call("GET", f"/v1/deployments?{query}"), 400, "version")
    query = urllib.parse.urlencode({"template": text})
    problem(ingot.call("GET", f"/v1/deployments?{query}"), 400, "template")
    page = ingot.call("GET", f"/deployments/{made['id']}").text
    assert text in html.unescape(page)
    metrics = ingot.call("GET", "/metrics").text
    assert text not in metrics and "DROP TABLE" not in metrics and "X-Injected" not in metrics


@pytest.mark.parametrize("text", ["${7*7}", "${jndi:ldap://127.0.0.1/x}", "$(id)"])
def test_what_a_shell_would_run_is_refused_in_a_name(ingot, text):
    answer = ingot.call("POST", "/v1/deployments", {**MINIMAL, "start": False, "job_name": text})
    problem(answer, 422, "job_name", says="substitution")


def test_a_text_that_turns_round_is_refused_and_one_of_before_is_shown_without_turning(ingot):
    text = "invoice\u202efdp.exe"
    answer = ingot.call("POST", "/v1/deployments", {**MINIMAL, "start": False, "job_name": text})
    problem(answer, 422, "job_name", says="U+202E")
    # A row of a version that took it.
    made = ingot.create(start=False, job_name="invoice")
    with sqlite3.connect(ingot.data / "simulated.sqlite3", timeout=20) as ledger:
        ledger.execute("UPDATE deployment SET job_name = ? WHERE id = ?", (text, made["id"]))
    assert ingot.deployment(made["id"])["job_name"] == text
    page = html.unescape(ingot.call("GET", f"/deployments/{made['id']}").text)
    assert "invoice" in page and "\u202e" not in page


@pytest.mark.parametrize("bad", ["<b>", "a\nb", "a\rb", "a\x1b[31mb", "a'b", 'a"b', "a`b", "a\\b", "a&b"])
def test_what_would_be_markup_or_a_second_line_is_refused(ingot, bad):
    answer = ingot.call("POST", "/v1/deployments", {**MINIMAL, "start": False, "job_name": bad})
    problem(answer, 422, "job_name", says="remove")


def series(ingot):
    """Every series of the metrics, without its value."""
    lines = ingot.call("GET", "/metrics").text.splitlines()
    return {line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")}


def test_no_stranger_makes_a_metric(ingot):
    """Labels are of closed sets, whatever is asked for."""
    for path in ("/v1/none", "/v1/none?x=1"):
        ingot.call("GET", path)
        ingot.call("BREW", path)
    known = series(ingot)
    for n in range(40):
        ingot.call("GET", f"/v1/none/{n}")
        ingot.call(f"BREW{n}", "/v1/none")
        ingot.call("GET", "/v1/none", headers={"X-Request-Id": f'a"}} {n}'})
        ingot.create(start=False, job_name=f"label {n}", version=f"8.0.{n}", tags={f"k{n}": f"v{n}"})
    made = {one for one in series(ingot) - known if one.startswith(("ingot_http", "ingot_auth"))}
    assert not {one for one in made if "/v1/deployments" not in one}, made
    ours = [one for one in series(ingot) if re.search(r"BREW|/none|label \d|8\.0\.|k3", one)]
    assert not ours, ours


def test_a_line_of_the_log_is_a_line_whatever_the_cloud_says(ingot):
    forged = "ERROR forged: nothing happened here"
    message = f"first\n{forged}\r\n{forged} \x1b[31mred"
    fault = {"action": "RunInstances", "kind": "error", "code": "InsufficientInstanceCapacity"}
    ingot.control("POST", "faults", {**fault, "status": 500, "message": message, "times": 2})
    made = ingot.create(job_name="forged", version="8.1.0")["id"]
    ingot.reaches(made, "is launched", lambda d: d["instance_id"])
    ingot.act(made, "destroy")
    for answer in ("x\nERROR forged: a request id", forged):
        ingot.call("GET", "/v1/none", headers={"X-Request-Id": answer.replace("\n", " ")})
    lines = ingot.log().splitlines()
    assert not [line for line in lines if line.startswith(forged[:12])], ingot.log()
    assert "\x1b[31m" not in ingot.log()
