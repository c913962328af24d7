"""What a form of the console may send, without a browser: no NUL, no key or word that the form itself never sends, nothing of
a size that a person does not write; and which requests leave things as they are."""

import http.client
import json
import subprocess
import threading
import time
import urllib.parse

import pytest

from ingot_up import PATIENCE, Up, fresh_key, ingot_binary, own_environment, template

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
GOOD = {"template": "kamiwaza", "version": "v0.9.2", "region": "us-east-1"}


def send(ingot, path, **fields):
    headers = {**FORM, "Cookie": f"ingot_session={ingot.token}"}
    return ingot.call("POST", path, urllib.parse.urlencode(fields), headers, token=False)


def page(ingot, path, method="GET"):
    return ingot.call(method, path, headers={"Cookie": f"ingot_session={ingot.token}"}, token=False)


# (path, fields, words of the page)
REFUSED = {
    "NUL in a name": ("/deployments", {**GOOD, "job_name": "a\0b"}, "remove the NUL character"),
    "NUL in a version": ("/deployments", {**GOOD, "version": "v1\0"}, "remove the NUL character"),
    "NUL in a key": ("/deployments", {**GOOD, "key": "a\0b"}, "remove the NUL character"),
    "NUL in a template": ("/templates/new", {"yaml": "name: a\0b", "do": "apply"}, "remove the NUL character"),
    "NUL in a reason": ("/images/img_1/actions/withdraw", {"reason": "a\0b"}, "remove the NUL character"),
    "a long key": ("/deployments", {**GOOD, "key": "k" * 129}, "1 to 128 visible ASCII"),
    "a key of other letters": ("/deployments", {**GOOD, "key": "é"}, "1 to 128 visible ASCII"),
    "another word": ("/deployments", {**GOOD, "create_ami": "maybe"}, "say `yes`, `no` or nothing"),
    "a long mode": ("/deployments", {**GOOD, "mode": "m" * 5000}, "at most 4096 bytes; this has 5000"),
    "a long reason": ("/findings/fnd_1/settle", {"reason": "r" * 5000, "verdict": "keep"}, "at most 4096 bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_form_never_sends_is_refused(ingot, name):
    path, fields, says = REFUSED[name]
    before = len(ingot.rows("SELECT id FROM deployment"))
    answer = send(ingot, path, **fields)
    assert answer.status == 422, answer
    assert says in answer.text.replace("&#39;", "'"), answer
    assert len(ingot.rows("SELECT id FROM deployment")) == before


def test_a_request_that_writes_a_long_mode_often_is_refused_at_once(ingot):
    name = "writes-its-mode-often"
    ingot.apply(template(name, user_data="#!/bin/sh\n# " + "{{mode}}" * 400 + "\n"))
    order = {"template": name, "version": "v1.0.0", "region": "us-east-1", "mode": "m" * 900_000}
    began = time.monotonic()
    answer = ingot.call("POST", "/v1/deployments", order, {"Idempotency-Key": fresh_key()})
    assert answer.status == 422 and time.monotonic() - began < 2, answer
    assert [error["field"] for error in answer.json()["errors"]] == ["mode"]


def test_only_an_empty_field_asks_for_nothing(ingot):
    assert page(ingot, "/?status=&template=").status == 200
    for query in ("cursor=abc=", "nonsense=1", "nonsense"):
        assert page(ingot, f"/?{query}").status == 400, query


def test_the_list_of_deployments_is_at_the_root(ingot):
    answer = page(ingot, "/deployments")
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_a_look_at_the_one_time_link_does_not_use_it_up(tmp_path):
    up = Up(tmp_path / "up", terminal=True)
    try:
        link = urllib.parse.urlsplit(up.link)
        path = f"{link.path}?{link.query}"
        looked = up.call("HEAD", path, token=False)
        assert looked.status == 200 and "set-cookie" not in looked.headers
        assert "set-cookie" in up.call("GET", path, token=False).headers
    finally:
        up.stop()


def test_a_live_log_ends_soon_after_its_token(ingot):
    made = ingot.create(start=False, version="v3.1.4")
    where = own_environment(DATABASE_URL=f"sqlite://{ingot.data}/simulated.sqlite3")

    def cli(*words):
        done = subprocess.run([ingot_binary(), *words, "--json"], env=where, capture_output=True, timeout=60)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    token = cli("token", "create", "--name", "soon-revoked")
    connection = http.client.HTTPConnection(ingot.address, timeout=PATIENCE)
    try:
        path = f"/v1/deployments/{made['id']}/events/stream"
        connection.request("GET", path, headers={"Authorization": f"Bearer {token['token']}"})
        answer = connection.getresponse()
        assert answer.status == 200
        ended = threading.Event()
        reader = threading.Thread(target=lambda: (answer.read(), ended.set()), daemon=True)
        reader.start()
        assert not ended.wait(5), "it lives while its token does"
        cli("token", "revoke", token["id"])
        assert ended.wait(10), "it outlives its token"
    finally:
        connection.close()


def test_a_long_template_is_refused_and_a_comment_is_kept(ingot):
    long = template("long") + "\n# x" * 5_000
    answer = ingot.call("POST", "/v1/templates", long, {"Content-Type": "application/yaml"})
    assert answer.status == 422 and "a template at most 5000" in answer.text, answer
    named = ingot.call("POST", "/v1/templates", template("new"), {"Content-Type": "application/yaml"})
    assert named.status == 422 and "/templates/new" in named.text, named

    text = template("commented")
    first = ingot.apply(text)
    second = ingot.apply(text + "\n# why" * 4_000)
    assert (first["revision"], second["revision"]) == (1, 2)
    assert first["fingerprint"] == second["fingerprint"]
    shown = page(ingot, "/templates/commented?revision=2&against=1")
    assert shown.status == 200 and "These are the first 3000 lines" in shown.text
    assert '/v1/templates/commented/yaml?revision=2"' in shown.text


def test_what_cannot_be_seen_is_no_part_of_a_job_name_or_of_a_script(ingot):
    for fields in ({"job_name": "safe\u202egnp"}, {"user_data": "#!/bin/sh\necho \u2066x\n"}):
        answer = ingot.call("POST", "/v1/deployments", {**GOOD, **fields}, {"Idempotency-Key": fresh_key()})
        assert answer.status == 422, answer
        (error,) = answer.json()["errors"]
        assert error["field"] in fields and "`U+20" in error["message"], error
