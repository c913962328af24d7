"""Bad input over HTTP: each mistake is a problem that names field, value and way out, and nothing is written."""

import concurrent.futures
import http.client
import json

import pytest

from ingot_up import CLOCKWORK, MINIMAL, fresh_key, problem, template

JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}
MIB = 1024 * 1024
NOBODY = "01a201362b9b73de80d32bab6d50fa69"
SSH = "SSM Session Manager"


@pytest.fixture
def untouched(ingot):
    """Nothing may be written by the test: no row of the ledger, no call that changes the region."""
    rows, writes = ingot.dump(CLOCKWORK), ingot.writes()
    yield ingot
    assert ingot.dump(CLOCKWORK) == rows
    assert ingot.writes() == writes


def rule(port, cidr, to_port=None):
    rule = {"port": port, "cidr": cidr}
    return {"ingress": [rule if to_port is None else {**rule, "to_port": to_port}]}


# (body over the minimal one, status, field, value, words of the way out)
REFUSED = [
    ({"template": "nope"}, 422, "template", "nope", ["kamiwaza", "ingot templates apply"]),
    ({"template": ""}, 422, "template", "", "kamiwaza"),
    ({"version": "newest"}, 422, "version", "newest", "v1.2.3"),
    ({"version": "1..2"}, 422, "version", "1..2", "v1.2.3"),
    ({"version": "v1.2.3\n"}, 422, "version", "v1.2.3\\n", "v1.2.3"),
    ({"mode": "huge"}, 422, "mode", "huge", "full, lite"),
    ({"region": "mars-1"}, 422, "region", "mars-1", "us-east-1"),
    ({"instance_type": "p5.48xlarge"}, 422, "instance_type", "p5.48xlarge", "m6i.xlarge"),
    ({"volume_size_gb": 7}, 422, "volume_size_gb", "7", "8 to 1000"),
    ({"volume_size_gb": 1001}, 422, "volume_size_gb", "1001", "8 to 1000"),
    ({"volume_size_gb": -1}, 400, "volume_size_gb", "-1", "u32"),
    ({"volume_size_gb": 2**40}, 400, "volume_size_gb", str(2**40), "u32"),
    ({"volume_size_gb": 10.5}, 400, "volume_size_gb", "10.5", "u32"),
    ({"volume_size_gb": "10"}, 400, "volume_size_gb", "10", "u32"),
    ({"user_data": "x" * 16_385}, 422, "user_data", "16385 bytes", ["16384", "S3"]),
    ({"user_data": "é" * 8_193}, 422, "user_data", "16386 bytes", "16384"),
    ({"user_data": "echo hello\n"}, 422, "user_data", "echo hello", ["line 1", "#!/bin/bash"]),
    ({"user_data": "#!/bin/sh\r\necho\r\n"}, 422, "user_data", None, ["line 1", "CRLF"]),
    ({"user_data": "\ufeff#!/bin/sh\n"}, 422, "user_data", None, ["line 1", "byte order mark"]),
    ({"user_data": "\n"}, 422, "user_data", None, "empty"),
    ({"user_data": "a\0b"}, 422, "user_data", None, "NUL"),
    ({"tags": {"a\0b": "c"}}, 422, None, None, "NUL"),
    ({"nonsense": "here"}, 400, "nonsense", "here", "`job_name`"),
    (
        {"ingress": [{"port": 443, "cidr": "10.0.0.0/8", "from": 1}]},
        400,
        "ingress[0].from",
        "1",
        "`to_port`",
    ),
    ({"template": 1}, 400, "template", "1", "expected a string"),
    ({"start": "yes"}, 400, "start", "yes", "expected a boolean"),
    ({"tags": []}, 400, "tags", "[]", "expected a map"),
    ({"tags": {"team": 1}}, 400, "tags.team", "1", "expected a string"),
    ({"ingress": rule("443", "10.0.0.0/8")["ingress"]}, 400, "ingress[0].port", "443", "u16"),
    (rule(70_000, "10.0.0.0/8"), 400, "ingress[0].port", "70000", "u16"),
    (
        {"job_name": "<script>alert(1)</script>"},
        422,
        "job_name",
        "<script>alert(1)</script>",
        "remove",
    ),
    ({"job_name": "one\ntwo"}, 422, "job_name", "one\\ntwo", "remove"),
    ({"job_name": ""}, 422, "job_name", "", "1 to 100"),
    ({"job_name": "x" * 101}, 422, "job_name", "x" * 80 + "…", "1 to 100"),
    ({"tags": {"team": "a\x1bb"}}, 422, "tags.team", None, "remove"),
    ({"tags": {"team": "a\nb"}}, 422, "tags.team", "a\\nb", "remove"),
    ({"tags": {"a\x1bb": "x"}}, 422, None, None, "remove"),
    ({"tags": {"a\nb": "x"}}, 422, "tags.a\\nb", "a\\nb", "remove"),
    ({"tags": {"aws:x": "y"}}, 422, "tags.aws:x", "aws:x", "reserved"),
    ({"tags": {"ManagedBy": "me"}}, 422, "tags.ManagedBy", "ManagedBy", "another key"),
    ({"tags": {f"t{n}": "" for n in range(40)}}, 422, "tags", None, "keep 34"),
    (rule(22, "0.0.0.0/0"), 422, "ingress[0].cidr", "0.0.0.0/0", SSH),
    (rule(22, "::/0"), 422, "ingress[0].cidr", "::/0", SSH),
    (rule(1, "0.0.0.0/0", 65_535), 422, "ingress[0].cidr", "0.0.0.0/0", SSH),
    (rule(22, "1.2.3.4/0"), 422, "ingress[0].cidr", "1.2.3.4/0", SSH),
    (rule(443, "everywhere"), 422, "ingress[0].cidr", "everywhere", "10.0.0.0/8"),
    (rule(443, "10.0.0.0/8", 80), 422, "ingress[0].to_port", "80", None),
    ({"image": "newest"}, 422, "image", "newest", "`fresh`"),
    ({"subnet_id": "net-1"}, 422, "subnet_id", "net-1", "`subnet-`"),
    ({"security_group_ids": ["x"]}, 422, "security_group_ids[0]", "x", "`sg-`"),
    (
        {"security_group_ids": ["sg-12345678"], **rule(443, "10.0.0.0/8")},
        422,
        "ingress",
        "1 rules",
        "not both",
    ),
]


@pytest.mark.parametrize(
    ("wrong", "status", "field", "value", "says"),
    REFUSED,
    ids=[f"{i}-{next(iter(row[0]))}" for i, row in enumerate(REFUSED)],
)
def test_a_bad_request_is_named(ingot, wrong, status, field, value, says):
    before = ingot.writes(), ingot.rows("SELECT count(*), max(id) FROM deployment")
    key = {"Idempotency-Key": fresh_key()}
    answer = ingot.call("POST", "/v1/deployments", {**MINIMAL, "start": False, **wrong}, key)
    problem(answer, status, field, value, says or ())
    assert (ingot.writes(), ingot.rows("SELECT count(*), max(id) FROM deployment")) == before
    # A refused request does not use its key up.
    assert not ingot.rows("SELECT 1 FROM idempotency WHERE key = ?", key["Idempotency-Key"])


def test_the_largest_legal_values_are_taken(ingot):
    for fits in ({"volume_size_gb": 8}, {"volume_size_gb": 1000}, {"user_data": "#!/bin/sh\n#" + "x" * 16_373}):
        ingot.act(ingot.create(start=False, **fits)["id"], "cancel")
    ingot.create(start=False, **rule(22, "203.0.113.0/24"))
    ingot.create(start=False, **rule(443, "0.0.0.0/0"))


def test_everything_wrong_is_named_at_once(untouched):
    wrong = {"version": "x", "region": "y", "volume_size_gb": 1}
    answer = untouched.call("POST", "/v1/deployments", {**MINIMAL, **wrong})
    fields = [error["field"] for error in problem(answer, 422)["errors"]]
    assert fields == ["version", "region", "volume_size_gb"]


def test_a_missing_field_is_named(untouched):
    for name in MINIMAL:
        rest = {key: value for key, value in MINIMAL.items() if key != name}
        problem(
            untouched.call("POST", "/v1/deployments", rest), 400, says=f"missing field `{name}`"
        )


@pytest.mark.parametrize(
    "body", ["", "{", "nonsense", "[]", "1", '"x"', "null", '{"template": "a"} x', '{"a":', "\xff"]
)
def test_what_is_no_json_object(untouched, body):
    body = body.encode("latin-1")
    answer = untouched.call("POST", "/v1/deployments", body, JSON)
    errors = problem(answer, 400)["errors"]
    assert [error["field"] for error in errors] == ["body"] or body == b'{"a":', errors


@pytest.mark.parametrize(
    ("path", "kind"), [("deployments", "application/json"), ("templates", "application/yaml")]
)
def test_another_content_type(untouched, path, kind):
    for given in ("text/plain", "application/x-www-form-urlencoded", "nonsense"):
        answer = untouched.call("POST", f"/v1/{path}", "{}", {"Content-Type": given})
        problem(answer, 415, says=kind)
    problem(untouched.call("POST", f"/v1/{path}", "{}"), 415, says=kind)


@pytest.mark.parametrize(("path", "headers"), [("deployments", JSON), ("templates", YAML)])
def test_a_body_beyond_1_mib(untouched, path, headers):
    filler = json.dumps({**MINIMAL, "user_data": "x" * MIB}).encode()
    problem(untouched.call("POST", f"/v1/{path}", filler, headers), 413, says="1 MiB")

    # Without a length the API cannot know before it has read the body.
    connection = http.client.HTTPConnection(untouched.address, timeout=20)
    token = {"Authorization": f"Bearer {untouched.token}"}
    pieces = (filler[i : i + 65_536] for i in range(0, len(filler), 65_536))
    connection.request("POST", f"/v1/{path}", pieces, {**headers, **token}, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-type")) == (413, "application/problem+json")
    connection.close()


def test_one_key_one_deployment(ingot):
    key = {"Idempotency-Key": fresh_key()}
    body = {**MINIMAL, "start": False, "job_name": "once"}
    first = ingot.call("POST", "/v1/deployments", body, key)
    assert (first.status, first.headers["idempotency-replayed"]) == (202, "false")
    assert first.headers["location"] == f"/v1/deployments/{first.json()['id']}"
    count = ingot.rows("SELECT count(*) FROM deployment")

    again = ingot.call("POST", "/v1/deployments", body, key)
    assert (again.status, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json()["id"] == first.json()["id"]
    # The same request in other words is the same request.
    spelled = json.dumps(dict(reversed(body.items())), indent=3)
    again = ingot.call("POST", "/v1/deployments", spelled, {**JSON, **key})
    assert again.json()["id"] == first.json()["id"]

    other = ingot.call("POST", "/v1/deployments", {**body, "job_name": "twice"}, key)
    problem(other, 422, "Idempotency-Key", key["Idempotency-Key"], ["fresh", "same body"])
    elsewhere = ingot.call("POST", "/v1/templates", template("keyed"), {**YAML, **key})
    problem(elsewhere, 422, "Idempotency-Key", key["Idempotency-Key"], "fresh")
    assert ingot.rows("SELECT count(*) FROM deployment") == count
    assert ingot.call("GET", "/v1/templates/keyed").status == 404


def test_a_replay_is_answered_as_before_whatever_the_template_has_become(ingot):
    ingot.apply(template("narrowing", modes=["full", "lite"]))
    key = {"Idempotency-Key": fresh_key()}
    body = {**MINIMAL, "template": "narrowing", "mode": "lite", "start": False}
    first = ingot.call("POST", "/v1/deployments", body, key)
    assert first.status == 202, first
    ingot.apply(template("narrowing", modes=["full"]))
    count = ingot.rows("SELECT count(*) FROM deployment")

    again = ingot.call("POST", "/v1/deployments", body, key)
    assert (again.status, again.headers["idempotency-replayed"]) == (202, "true"), again
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["location"] == first.headers["location"]
    # A new request is judged by today's template, and so is another one under the same key.
    problem(ingot.call("POST", "/v1/deployments", body, {}), 422, "mode", "lite", "full")
    other = {**body, "job_name": "other"}
    problem(ingot.call("POST", "/v1/deployments", other, key), 422, "mode", "lite", "full")
    assert ingot.rows("SELECT count(*) FROM deployment") == count


def test_twenty_at_once_with_one_key_are_one(ingot):
    key = {"Idempotency-Key": fresh_key()}
    body = {**MINIMAL, "start": False, "job_name": "at once"}
    with concurrent.futures.ThreadPoolExecutor(20) as many:
        asked = [many.submit(ingot.call, "POST", "/v1/deployments", body, key) for _ in range(20)]
        answers = [each.result() for each in asked]
    assert {answer.status for answer in answers} == {202}, answers
    assert len({answer.json()["id"] for answer in answers}) == 1
    fresh = [a for a in answers if a.headers["idempotency-replayed"] == "false"]
    assert len(fresh) == 1
    assert ingot.rows("SELECT count(*) FROM deployment WHERE job_name = 'at once'") == [(1,)]


@pytest.mark.parametrize("key", ["", "with blank", "x" * 129, "umlaut-ä"])
def test_a_bad_key(untouched, key):
    answer = untouched.call(
        "POST", "/v1/deployments", MINIMAL, {"Idempotency-Key": key.encode("latin-1")}
    )
    problem(answer, 400, "Idempotency-Key", says="1 to 128 visible ASCII")


def lines(*changes):
    """The template of the tests in block style, with lines changed or added."""
    text = [
        "name: in-lines",
        "base_image:",
        "  ami: ami-12345678",
        "instance_types: [t3.micro]",
        "user_data: |",
        "  #!/bin/sh",
        "probe:",
        "  port: 443",
        "",
        "install_finished: none",
    ]
    for at, line in changes:
        text[at - 1 : at] = [line] if line is not None else []
    return "\n".join(text)


# (text, field, words: the place and the way out)
RECIPES = [
    (lines((8, "\tport: 443")), "body", ["line 8, column 1", "use spaces"]),
    (
        lines((4, "name: twice\ninstance_types: [t3.micro]")),
        "name",
        ["line 4, column 1", "remove one"],
    ),
    (lines((8, "  port: 443\n  port: 80")), None, ["line 9, column 3", "a second time"]),
    (lines((8, "  prot: 443")), None, ["line 8, column 3", "port"]),
    (lines((9, "nonsense: 1")), "nonsense", ["line 9, column 1"]),
    (lines((8, "  port: many")), None, ["line 8, column"]),
    (lines((8, "  port: 0")), "probe.port", ["line 8, column", "1 to 65535"]),
    (lines((1, "name: Not A Slug")), "name", ["line 1, column", "lower-case"]),
    (lines((4, "instance_types: [nonsense]")), None, ["line 4, column", "m6i.xlarge"]),
    (lines((9, "volume: {size_gb: 7}")), "volume.size_gb", ["line 9, column", "8 to 1000"]),
    (lines((9, "ingress: [{port: 22, cidr: 0.0.0.0/0}]")), None, ["line 9, column", SSH]),
    (lines((9, "description: <b>")), "description", ["line 9, column", "remove"]),
    (lines((9, 'first_boot: "#!/bin/sh\\na\\0b"')), "first_boot", ["NUL"]),
    (lines((2, None), (2, None)), None, ["base_image"]),
    ("", None, []),
    ("- a\n- b\n", None, []),
    ("name: [", None, ["line"]),
    ("# " + "x" * 262_144, "body", ["262144 bytes"]),
]


@pytest.mark.parametrize(
    ("text", "field", "says"), RECIPES, ids=[f"{i}-{r[1]}" for i, r in enumerate(RECIPES)]
)
def test_a_bad_template_is_named_with_its_place(untouched, text, field, says):
    body = problem(untouched.call("POST", "/v1/templates", text, YAML), 422, field, says=says)
    assert body["errors"], body


def test_the_text_the_bad_templates_were_made_of_is_good(ingot):
    assert ingot.apply(lines())["name"] == "in-lines"


def test_the_built_in_template_stays(untouched):
    yaml = untouched.call("GET", "/v1/templates/kamiwaza/yaml")
    assert yaml.headers["content-type"] == "application/yaml"
    answer = untouched.call("POST", "/v1/templates", yaml.body, YAML)
    problem(answer, 409, says=["kamiwaza", "another name"])


LISTS = ["deployments", "images", "tasks"]
QUERIES = [
    *[(f"{name}?limit={n}", "limit", str(n), "1 to 200") for name in LISTS for n in (0, 201)],
    *[(f"{name}?cursor=x", "cursor", "x", "next_cursor") for name in LISTS],
    *[(f"{name}?nonsense=1", "nonsense", "1", "expected one of") for name in LISTS],
    ("deployments?limit=x", "limit", "x", "digit"),
    ("deployments?limit=-1", "limit", "-1", "digit"),
    ("deployments?limit=1&limit=2", "query", "limit=1&limit=2", "limit"),
    ("deployments?status=gone", "status", "gone", "readiness_timeout"),
    ("deployments?template=a%00b", "template", "a\\u{0}b", "NUL"),
    ("images?status=gone", "status", "gone", "available"),
    (f"images?cursor=dep_{NOBODY}", "cursor", f"dep_{NOBODY}", "next_cursor"),
    ("tasks?state=gone", "state", "gone", "discarded"),
    ("tasks?queue=gone", "queue", "gone", "readiness"),
    ("tasks?deployment_id=x", "deployment_id", "x", "`dep_`"),
]


@pytest.mark.parametrize(("path", "field", "value", "says"), QUERIES, ids=[q[0] for q in QUERIES])
def test_a_bad_query_is_named(untouched, path, field, value, says):
    problem(untouched.call("GET", f"/v1/{path}"), 400, field, value, says)


MISSING = [
    ("GET", f"/v1/deployments/dep_{NOBODY}", "ingot deployments list"),
    ("GET", f"/v1/deployments/dep_{NOBODY}/events", "ingot deployments list"),
    ("GET", f"/v1/deployments/dep_{NOBODY}/events/stream", "ingot deployments list"),
    *[
        ("POST", f"/v1/deployments/dep_{NOBODY}/{verb}", "ingot deployments list")
        for verb in ("start", "retry", "cancel", "destroy")
    ],
    ("GET", "/v1/deployments/19", "`dep_`"),
    ("GET", f"/v1/deployments/tsk_{NOBODY}", "`dep_`"),
    ("GET", "/v1/deployments/%2e%2e", "`dep_`"),
    ("GET", f"/v1/images/img_{NOBODY}", "ingot images list"),
    ("GET", "/v1/images/ami-12345678", "ingot images list"),
    ("GET", "/v1/images/ami-%00", "NUL"),
    ("GET", f"/v1/tasks/tsk_{NOBODY}", "ingot tasks list"),
    ("GET", "/v1/templates/nope", "ingot templates list"),
    ("GET", "/v1/templates/nope/yaml", "ingot templates list"),
    ("GET", "/v1/templates/%3Cb%3E", "ingot templates list"),
    ("GET", "/v1/nothing", "/docs"),
    ("POST", f"/v1/deployments/dep_{NOBODY}/explode", "/docs"),
]


@pytest.mark.parametrize(("method", "path", "says"), MISSING, ids=[m[1] for m in MISSING])
def test_what_is_not_there(untouched, method, path, says):
    problem(untouched.call(method, path), 404, says=says)


@pytest.mark.parametrize("path", ["deployments/%ff", "images/%ff", "tasks/%C3%28", "templates/%ff"])
def test_an_address_that_is_no_text(untouched, path):
    problem(untouched.call("GET", f"/v1/{path}"), 400, "path", f"/v1/{path}", "UTF-8")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/deployments", {"GET", "HEAD", "POST"}),
        ("DELETE", f"/v1/deployments/dep_{NOBODY}", {"GET", "HEAD"}),
        ("GET", f"/v1/deployments/dep_{NOBODY}/retry", {"POST"}),
        ("POST", "/v1/queues", {"GET", "HEAD"}),
        ("PATCH", "/v1/templates", {"GET", "HEAD", "POST"}),
    ],
)
def test_another_method(untouched, method, path, allowed):
    answer = untouched.call(method, path)
    problem(answer, 405, says="/docs")
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == allowed
