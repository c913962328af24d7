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


def test_two_who_edit_one_template_do_not_overwrite_each_other(ingot):
    mine = template("edited-twice")
    ingot.apply(mine)
    desk = page(ingot, "/templates/new?template=edited-twice").text
    assert 'name="of" value="edited-twice"' in desk and 'name="revision" value="1"' in desk
    tab = {"of": "edited-twice", "do": "apply"}
    first = send(ingot, "/templates/new", yaml=mine + "\n# by the first tab\n", revision=1, **tab)
    assert (first.status, first.headers["location"]) == (303, "/templates/edited-twice")

    second = send(ingot, "/templates/new", yaml=mine + "\n# by the second <tab>\n", revision=1, **tab)
    assert second.status == 409, second
    assert "at revision 2 by now; your text was taken from revision 1" in second.text
    assert "# by the second &#60;tab&#62;" in second.text, "what was typed stays"
    assert '<span class="mark">-</span># by the first tab' in second.text, "and what it would undo is shown"
    assert "/templates/edited-twice?revision=2&#38;against=1" in second.text
    assert 'name="revision" value="2"' in second.text
    over = send(ingot, "/templates/new", yaml=mine + "\n# by the second tab\n", revision=2, **tab)
    assert over.status == 303 and ingot.get("/v1/templates/edited-twice")["revision"] == 3

    # A new text under a name that is taken, from a desk that was opened for another.
    taken = send(ingot, "/templates/new", yaml=mine, of="", revision=0, do="apply")
    assert taken.status == 409 and "is there already, at revision 3" in taken.text
    checked = send(ingot, "/templates/new", yaml=mine, revision=1, of="edited-twice", do="check")
    assert checked.status == 200 and 'name="revision" value="1"' in checked.text


def test_a_template_is_applied_over_the_revision_that_a_program_read(ingot):
    text = template("matched")
    ingot.apply(text)
    tag = ingot.call("GET", "/v1/templates/matched").headers["etag"]
    assert tag == ingot.call("GET", "/v1/templates/matched/yaml").headers["etag"] == '"1"'

    def apply(more, query="", **headers):
        kind = {"Content-Type": "application/yaml", "Idempotency-Key": fresh_key()}
        return ingot.call("POST", f"/v1/templates{query}", text + more, {**kind, **headers})

    second = apply("\n# second\n", **{"If-Match": tag})
    assert (second.status, second.headers["etag"]) == (201, '"2"')
    for stale in (apply("\n# third\n", **{"If-Match": tag}), apply("\n# third\n", "?expected_revision=1")):
        assert stale.status == 409 and stale.json()["type"] == "urn:ingot:problem:revision-moved", stale
        assert "--from 1 --to 2" in stale.json()["detail"]
    assert apply("", **{"If-Match": "*"}).status == 400
    assert apply("", "?expected_revision=3", **{"If-Match": '"2"'}).status == 400
    assert apply("\n# third\n", "?expected_revision=2").json()["revision"] == 3


def test_the_revisions_of_a_template_are_paged_through(ingot):
    text = template("often")
    for number in range(60):
        ingot.apply(f"{text}\n# {number}\n")
    newest = page(ingot, "/templates/often").text
    assert "/templates/often?revision=60&#38;before=11#revisions-title" in newest and ">Newest<" not in newest
    older = page(ingot, "/templates/often?revision=60&before=11").text
    assert 'href="/templates/often?revision=10"' in older and 'href="/templates/often?revision=11"' not in older
    assert 'href="/templates/often?revision=60#revisions-title">Newest<' in older and "Older revisions" not in older
    assert page(ingot, "/templates/often?before=x").status == 400
    assert ingot.call("GET", "/v1/templates/often/revisions?cursor=x").status == 400
