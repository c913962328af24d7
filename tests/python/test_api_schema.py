"""The OpenAPI document: it is the one that was agreed on, it is valid, and the API keeps to it."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from ingot_up import ingot_binary, own_environment, problem, template

COMMITTED = Path(__file__).parent.parent / "openapi.json"
RENEW = f"ingot openapi > {COMMITTED}"
DOCUMENT = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {"paths": {}}
METHODS = ["get", "put", "post", "delete", "patch", "head", "options", "trace"]
OPERATIONS = [
    (method.upper(), path)
    for path, item in DOCUMENT["paths"].items()
    for method in METHODS
    if method in item
]
# Long enough for every template and every id; nothing of it exists.
NOBODY = "dep_01a201362b9b73de80d32bab6d50fa69"
STREAM = "followEvents"


def operation(method, path):
    return DOCUMENT["paths"][path][method.lower()]


def filled(path):
    return re.sub(r"\{\w+\}", NOBODY, path)


def test_the_document_is_the_committed_one():
    printed = subprocess.run(
        [ingot_binary(), "openapi"],
        capture_output=True,
        text=True,
        env=own_environment(),
        check=True,
    ).stdout
    assert COMMITTED.exists(), f"commit the document first: {RENEW}"
    same = json.loads(printed) == json.loads(COMMITTED.read_text())
    assert same, f"the API's document changed; look at the difference, then renew it: {RENEW}"


def test_the_served_document_is_the_committed_one(ingot):
    assert ingot.get("/openapi.json") == DOCUMENT


def test_the_document_is_openapi_3_1():
    assert DOCUMENT["openapi"].startswith("3.1.")
    errors = [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()]
    assert not errors, errors


# Asked for twice they make nothing, or are refused: a track and a receiver have their name once, the same policy and prices
# are the same revision, and a simulation stores nothing.
REPEATED = {
    "/v1/aws/checks",
    "/v1/base-images",
    "/v1/base-images/scan",
    "/v1/notifications/read",
    "/v1/operations",
    "/v1/operations/preview",
    "/v1/policy",
    "/v1/policy/simulation",
    "/v1/prices",
    "/v1/receivers",
    "/v1/tasks/actions",
}


def test_operations_are_complete():
    """Each is named once, demands the token, and has problems where it can fail."""
    scheme = DOCUMENT["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    names = [operation(*each)["operationId"] for each in OPERATIONS]
    assert len(names) == len(set(names)) >= 18
    for method, path in OPERATIONS:
        one = operation(method, path)
        assert one["security"] == [{"token": []}], (method, path)
        assert one["summary"] and one["tags"], (method, path)
        failures = {code: what for code, what in one["responses"].items() if code >= "400"}
        assert {"400", "401", "500", "503"} <= set(failures), (method, path)
        for code, what in failures.items():
            (media,) = what["content"]
            assert media == "application/problem+json", (method, path, code)
        taken = set(re.findall(r"\{(\w+)\}", path))
        given = {p["name"] for p in one.get("parameters", []) if p["in"] == "path"}
        assert taken == given, (method, path)
        if method == "POST" and "{" not in path and path not in REPEATED:
            headers = {p["name"] for p in one.get("parameters", []) if p["in"] == "header"}
            assert "Idempotency-Key" in headers, (method, path)


def unhurried(call):
    """Comes back as told while the address has brought too many unknown tokens: there are more operations than
    the API takes unknown tokens at once."""
    answer = call()
    while answer.status == 429:
        time.sleep(int(answer.headers["retry-after"]))
        answer = call()
    return answer


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_operation_without_a_token(ingot, method, path):
    body = {} if "requestBody" in operation(method, path) else None
    for token in (False, "nonsense", ingot.token[:-1] + ("0" if ingot.token[-1] != "0" else "1")):
        answer = unhurried(lambda: ingot.call(method, filled(path), body, token=token))
        problem(answer, 401, says="ingot token create")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    basic = ingot.call(method, filled(path), body, {"Authorization": "Basic aTp4"}, token=False)
    problem(basic, 401)


@pytest.mark.parametrize("path", ["/metrics", "/openapi.json"])
def test_what_tells_about_us_needs_a_token(ingot, path):
    for token in (False, "nonsense"):
        problem(ingot.call("GET", path, token=token), 401, says="ingot token create")
    assert ingot.call("GET", path).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_token(ingot, path):
    answer = ingot.call("GET", path, token=False)
    assert answer.status == 200, answer
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(("method", "path"), [o for o in OPERATIONS if o[0] == "POST"])
def test_a_browsers_cookie_writes_from_our_own_pages_only(ingot, method, path):
    cookie = {"Cookie": f"ingot_session={ingot.token}"}
    for site in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        answer = ingot.call(method, filled(path), {}, {**cookie, **site}, token=False)
        problem(answer, 403)


def test_every_answer_carries_the_safe_headers(ingot):
    for path in ("/v1/deployments", "/v1/nothing", "/healthz", "/login", "/assets/live.js"):
        headers = ingot.call("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert headers["cache-control"] in ("no-store", "no-cache"), path
    own = ingot.call("GET", "/v1/queues", headers={"X-Request-Id": "my-request-17"})
    assert own.headers["x-request-id"] == "my-request-17"
    bad = ingot.call("GET", "/v1/queues", headers={"X-Request-Id": "no way <b>"})
    assert bad.headers["x-request-id"].startswith("req_")


def test_the_stream_keeps_to_the_document(ingot):
    """The one operation schemathesis cannot read, because it does not end by itself."""
    done = ingot.create(start=False)["id"]
    ingot.act(done, "cancel")
    path = f"/v1/deployments/{done}/events/stream"
    event = {"$ref": "#/components/schemas/Event", "components": DOCUMENT["components"]}
    heard = list(ingot.stream(path, timeout=20))
    assert heard[-1][0] == "end"
    for kind, seq, data in heard[:-1]:
        jsonschema.validate(json.loads(data), event)
        assert (kind, seq) == ("message", str(json.loads(data)["seq"]))
    problem(ingot.call("GET", f"/v1/deployments/{NOBODY}/events/stream"), 404)
    problem(ingot.call("GET", f"{path}?after=x"), 400, "after", "x")
    problem(ingot.call("GET", f"{path}?before=1"), 400, "before", "1")


def resumed(ingot):
    """No queue is paused, whatever random requests asked for."""
    for queue in ingot.get("/v1/queues")["items"]:
        if queue.get("paused"):
            name = queue["name"]
            assert ingot.call("POST", f"/v1/queues/{name}/resume", {"reason": "x"}).status == 200


def found_ids(ingot):
    """Things that exist, so that operations get past their 404, as schemathesis.toml."""
    made = ingot.create()["id"]
    waits = ingot.create(start=False)["id"]
    ingot.apply(template("schema-test"))
    ingot.finished(made)
    image = ingot.get("/v1/images")["items"][0]["id"]
    task = ingot.get("/v1/tasks", deployment_id=made)["items"][0]["id"]
    chosen = {name: made for name in ("showDeployment", "listEvents", "cancelDeployment")}
    chosen |= {"retryDeployment": waits, "startDeployment": waits, "destroyDeployment": waits}
    chosen |= {"showImage": image, "showTask": task}
    lines = []
    for name, value in chosen.items():
        lines += ["[[operations]]", f'include-operation-id = "{name}"']
        lines += [f'parameters = {{ "path.id" = "{value}" }}', ""]
    for name in ("showTemplate", "showTemplateYaml"):
        lines += ["[[operations]]", f'include-operation-id = "{name}"']
        lines += ['parameters = { "path.name" = "kamiwaza" }', ""]
    return "\n".join(lines)


@pytest.mark.parametrize("known", [False, True], ids=["random_ids", "known_ids"])
def test_schemathesis_finds_nothing(ingot, tmp_path, known):
    """No 500, no undocumented status, media type or shape, whatever is sent."""
    resumed(ingot)
    (tmp_path / "schemathesis.toml").write_text(found_ids(ingot) if known else "")
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,"
        "response_schema_conformance,response_headers_conformance,unsupported_method"
    )
    command = [str(Path(sys.executable).with_name("schemathesis"))]
    command += ["run", str(COMMITTED), "--url", ingot.url]
    command += ["--header", f"Authorization: Bearer {ingot.token}"]
    command += ["--exclude-operation-id", STREAM, "--checks", checks]
    command += ["--phases", "coverage,fuzzing" if not known else "coverage,fuzzing,stateful"]
    command += ["--max-examples", "12", "--seed", "1", "--no-shrink", "--continue-on-failure"]
    command += ["--request-timeout", "10", "--warnings", "off"]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env=own_environment(TERM="dumb"),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    tested = re.search(r"Tested:\s+(\d+)", run.stdout)
    assert tested and int(tested.group(1)) == len(OPERATIONS) - 1, run.stdout[-3000:]
    resumed(ingot)
    ingot.get("/readyz")
