"""Notifications to receivers of other hands: Standard Webhooks' own library checks signatures, an SMTP server takes mail."""

import datetime
import email
import email.policy
import json
import os
import re
import signal
import time

import pytest
from standardwebhooks import Webhook

from cli import Cli
from ingot_up import Up, problem
from region import wait_until
from sinks import Mail, Silent, Sink

CANARY = "canary-6f1c"


@pytest.fixture
def sink():
    sink = Sink()
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


def webhook(ingot, name, url, expect=201, **more):
    answer = ingot.call("POST", "/v1/receivers", {"name": name, "channel": "webhook", "url": url, **more})
    assert answer.status == expect, answer
    return answer.json()


def mailbox(ingot, name, server, **more):
    body = {
        "name": name,
        "channel": "email",
        "to": "ops@example.org",
        "from": "ingot@example.org",
        "server": server,
        **more,
    }
    answer = ingot.call("POST", "/v1/receivers", body)
    assert answer.status == 201, answer
    return answer.json()


def remove(ingot, name):
    assert ingot.call("DELETE", f"/v1/receivers/{name}").status == 200


def sent(ingot, name):
    """Sends a test and gives its delivery once it was tried."""
    told = ingot.call("POST", f"/v1/receivers/{name}/test")
    assert told.status == 200, told
    path = f"/v1/notifications/{told.json()['id']}"

    def look():
        (one,) = ingot.get(path)["deliveries"]
        return (one["attempts"] or one["state"] != "waiting") and one

    return wait_until(look, f"{name} was tried", 30)


def test_a_webhook_is_signed_so_that_another_library_takes_it(ingot, cli, sink):
    said = cli("notifications", "add", "webhook", "ci", "--to", f"{sink.url}/hook?t={CANARY}").stdout
    secret = re.search(r"whsec_\S+", said).group(0)
    assert "✓ ci took it" in cli("notifications", "test", "ci").stdout
    ((path, headers, body),) = sink.posts
    assert path == f"/hook?t={CANARY}"
    read = Webhook(secret).verify(body, headers)
    assert read["type"] == "test" and read["data"]["facts"] == {"receiver": "ci"}
    assert headers["webhook-id"] == read["data"]["id"]
    with pytest.raises(Exception):
        Webhook(secret).verify(body.replace(b"tests", b"wrote"), headers)
    # The address may hold a token: no answer shows it, and the secret was shown once.
    shown = cli("notifications", "show", "ci", "--json").stdout + cli("notifications", "receivers").stdout
    assert CANARY not in shown and secret not in shown
    remove(ingot, "ci")


def test_a_deployment_is_told_once_and_read_by_who_reads_it(ingot, cli, sink):
    webhook(ingot, "dev", sink.url, preferences={"topics": ["deployments", "images"]})
    made = ingot.create()
    ingot.finished(made["id"])
    of = lambda: ingot.get("/v1/notifications", subject=made["id"])["items"]
    wait_until(lambda: len(of()) >= 2 and of(), "two notifications", 30)
    types = sorted(one["type"] for one in of())
    assert types == ["ami_completed", "deployment_ready"], of()
    posted = lambda: sorted(json.loads(body)["type"] for _, _, body in sink.posts)
    wait_until(lambda: posted() == types, f"both are delivered: {posted()}", 30)
    assert all(one["read_at"] is None for one in of())
    unread = ingot.get("/v1/notifications", unread="true", subject=made["id"])["items"]
    assert len(unread) == 2
    cli("notifications", "read", unread[0]["id"])
    assert len(ingot.get("/v1/notifications", unread="true", subject=made["id"])["items"]) == 1
    listed = cli("notifications", "list", "--type", "images").stdout
    assert listed.startswith("IMAGES NOTIFICATIONS") and "AMI completed" in listed
    remove(ingot, "dev")


def test_mail_has_both_forms_and_an_id_of_its_own(ingot, cli, tmp_path):
    mail = Mail()
    mailbox(ingot, "post", f"smtp+plain://127.0.0.1:{mail.port}")
    assert "✓ post took it" in cli("notifications", "test", "post").stdout
    ((sender, to, content),) = mail.taken
    assert (sender, to) == ("ingot@example.org", ["ops@example.org"])
    letter = email.message_from_bytes(content, policy=email.policy.default)
    assert letter["subject"].startswith("[ingot] Test notification: ")
    assert re.fullmatch(r"<ntf_[0-9a-f]{32}\.\w+@example\.org>", letter["message-id"])
    kinds = [part.get_content_type() for part in letter.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    plain, html = (part.get_content() for part in letter.iter_parts())
    assert "tests receiver `post`" in plain and "<h2>Test notification</h2>" in html
    mail.stop()
    remove(ingot, "post")


def test_what_is_wrong_with_a_receiver_is_named_and_no_secret_repeated(ingot):
    for body, field in [
        ({"channel": "webhook", "url": f"http://example.org/{CANARY}"}, "url"),
        ({"channel": "webhook", "url": f"https://u:{CANARY}@example.org/"}, "url"),
        ({"channel": "webhook", "url": "https://example.org", "secret": CANARY}, "secret"),
        ({"channel": "slack"}, "url"),
        ({"channel": "pigeon"}, "channel"),
        ({"channel": "email", "from": "a@b.c", "server": "smtps://x"}, "to"),
        ({"channel": "email", "to": "a@b.c\r\nBcc: x@y.z", "from": "a@b.c", "server": "smtps://x"}, "to"),
        ({"channel": "email", "to": "a@b.c", "from": "a@b.c", "server": "smtp+plain://10.0.0.1"}, "server"),
        ({"channel": "slack", "url": "https://x.org", "preferences": {"quiet": "25:00-07:00"}}, "preferences.quiet"),
        ({"channel": "slack", "url": "https://x.org", "preferences": {"topics": ["weather"]}}, "preferences.topics"),
        ({"channel": "slack", "url": "https://x.org", "preferences": {"zone": "Berlin"}}, "preferences.zone"),
    ]:
        answer = ingot.call("POST", "/v1/receivers", {"name": "x", **body})
        problem(answer, 422, field)
        assert CANARY not in answer.text
    for name in ("../../x", "-x", "rcv_1", "a b"):
        problem(ingot.call("POST", "/v1/receivers", {"name": name, "channel": "slack", "url": "https://x.org"}), 422, "name")
    assert ingot.get("/v1/receivers")["items"] == []


def test_addresses_inside_are_refused_at_each_delivery(ingot, sink):
    """Loopback is open here; the rest of what is inside is not, whether named, or led to by a redirect."""
    sink.answers = [(302, {"location": "http://169.254.169.254/latest/meta-data/"})]
    webhook(ingot, "moved", sink.url)
    one = sent(ingot, "moved")
    assert one["state"] == "waiting" and "redirects, which is not followed" in one["last_error"], one
    assert len(sink.posts) == 1
    webhook(ingot, "metadata", "https://169.254.169.254/latest/meta-data/")
    one = sent(ingot, "metadata")
    assert one["state"] == "waiting" and "an address inside" in one["last_error"], one
    webhook(ingot, "private", "https://10.1.2.3/hook")
    assert "private" in sent(ingot, "private")["last_error"]
    for name in ("moved", "metadata", "private"):
        remove(ingot, name)


def test_a_busy_receiver_is_left_alone_as_long_as_it_asks_and_gets_the_same_id(ingot, sink):
    sink.answers = [(429, {"retry-after": "2"})]
    webhook(ingot, "busy", sink.url)
    begun = time.monotonic()
    one = sent(ingot, "busy")
    assert one["state"] == "waiting" and "429" in one["last_error"], one
    assert ingot.get("/v1/receivers/busy")["state"] == "failing"
    wait_until(lambda: len(sink.posts) == 2, "it is tried again", 40)
    assert time.monotonic() - begun >= 2
    ids = {headers["webhook-id"] for _, headers, _ in sink.posts}
    assert len(ids) == 1
    wait_until(lambda: ingot.get("/v1/receivers/busy")["state"] == "ok", "it is well again", 10)
    remove(ingot, "busy")


def test_one_that_is_gone_is_disabled_with_notice_to_the_others(ingot, sink):
    other = Sink()
    webhook(ingot, "others", other.url, preferences={"topics": ["receivers"]})
    sink.answers = [(410, {})]
    webhook(ingot, "gone", sink.url)
    assert sent(ingot, "gone")["state"] == "dropped"
    row = ingot.get("/v1/receivers/gone")
    assert row["state"] == "disabled" and "410" in row["disabled_reason"]
    told = lambda: [json.loads(body) for _, _, body in other.posts]
    (notice,) = wait_until(told, "the others are told", 20)
    assert notice["type"] == "receiver_disabled" and "`gone`" in notice["data"]["message"]
    problem(ingot.call("POST", "/v1/receivers/gone/test"), 409, says="ingot notifications enable gone")
    assert ingot.call("POST", "/v1/receivers/gone/enable").json()["state"] == "ok"
    assert sent(ingot, "gone")["state"] == "delivered"
    for name in ("gone", "others"):
        remove(ingot, name)
    other.stop()


def test_a_mail_server_that_never_answers_holds_up_no_one(ingot, sink):
    silent = Silent()
    mailbox(ingot, "mute", f"smtp+plain://127.0.0.1:{silent.port}")
    webhook(ingot, "quick", sink.url)
    for _ in range(30):
        assert ingot.call("POST", "/v1/receivers/mute/test").status == 200
    begun = time.monotonic()
    assert sent(ingot, "quick")["state"] == "delivered"
    assert time.monotonic() - begun < 5
    row = lambda: ingot.get("/v1/receivers/mute")
    wait_until(lambda: row()["state"] == "failing", "it fails", 30)
    assert "did not answer" in row()["last_error"] and row()["paused_until"]
    for name in ("mute", "quick"):
        remove(ingot, name)
    silent.stop()


def test_quiet_hours_hold_what_is_not_critical_and_a_test_passes(ingot, cli, sink):
    webhook(ingot, "night", sink.url)
    # All but one minute of the day, in a zone: nearly always quiet.
    cli("notifications", "preferences", "night", "--quiet", "00:01-24:00", "--zone", "Asia/Kolkata")
    shown = cli.json("notifications", "show", "night")["preferences"]
    assert (shown["quiet"], shown["zone"]) == ("00:01-24:00", "Asia/Kolkata")
    assert sent(ingot, "night")["state"] == "delivered"
    remove(ingot, "night")


def test_a_digest_gathers_what_came_before_its_hour(ingot, sink):
    """The calendar runs 600 times as fast: three hours are 18 seconds."""
    calendar = ingot.get("/v1/status")["calendar"]["now"]
    hour = (datetime.datetime.fromisoformat(calendar) + datetime.timedelta(hours=3)).strftime("%H:%M")
    webhook(ingot, "daily", sink.url, preferences={"digest": hour, "topics": ["deployments", "images"]})
    made = ingot.create(version="v0.9.3")
    ingot.finished(made["id"])
    wait_until(lambda: sink.posts, "the digest", 60)
    digest = json.loads(sink.posts[0][2])
    assert digest["type"] == "digest" and sink.posts[0][1]["webhook-id"].startswith("dig_rcv_")
    types = sorted(one["type"] for one in digest["data"]["notifications"])
    assert types == ["ami_completed", "deployment_ready"], digest
    states = lambda: {
        one["state"]
        for told in ingot.get("/v1/notifications", subject=made["id"])["items"]
        for one in ingot.get(f"/v1/notifications/{told['id']}")["deliveries"]
    }
    wait_until(lambda: states() == {"delivered"}, "both are delivered", 20)
    assert len(sink.posts) == 1
    remove(ingot, "daily")


def test_a_letter_is_unsubscribed_from_by_its_link(ingot):
    mail = Mail()
    mailbox(ingot, "post", f"smtp+plain://127.0.0.1:{mail.port}")
    assert sent(ingot, "post")["state"] == "delivered"
    letter = email.message_from_bytes(mail.taken[0][2], policy=email.policy.default)
    link = re.fullmatch(r"<(\S+)>", letter["list-unsubscribe"]).group(1)
    assert letter["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    path = link.removeprefix(ingot.url)
    assert path.startswith("/unsubscribe?")
    asked = ingot.call("GET", path, token=False)
    assert asked.status == 200 and "Unsubscribe" in asked.text
    assert ingot.get("/v1/receivers/post")["preferences"]["muted"] == []
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    done = ingot.call("POST", path, "List-Unsubscribe=One-Click", form, token=False)
    assert done.status == 200, done
    assert ingot.get("/v1/receivers/post")["preferences"]["muted"] == ["test"]
    for wrong in (path[:-1] + ("0" if path[-1] != "0" else "1"), path.replace("type=test", "type=ami_failed")):
        assert ingot.call("POST", wrong, "", form, token=False).status == 404
    mail.stop()
    remove(ingot, "post")


def test_secrets_are_sealed_and_a_lost_key_stops_only_them(tmp_path):
    folder, sink = tmp_path / "data", Sink()
    up = Up(folder)
    try:
        cli = Cli(tmp_path, folder)
        key = folder / "key"
        assert key.stat().st_mode & 0o777 == 0o600
        webhook(up, "ci", f"{sink.url}/{CANARY}")
        files = b"".join(file.read_bytes() for file in folder.glob("*.sqlite3*"))
        assert CANARY.encode() not in files and b"whsec_" not in files
        before = up.get("/v1/receivers/ci")["sealed_under"]
        (listed,) = cli.json("keys", "list")
        assert listed["id"] == before and listed["secrets"] == 1
        assert "1 secrets are sealed under key" in cli("keys", "rotate").stdout
        after = up.get("/v1/receivers/ci")["sealed_under"]
        assert after != before
        # The running process reads the file again.
        assert sent(up, "ci")["state"] == "delivered"
        key.chmod(0o644)
        refused = cli("keys", "list", code=3).stderr
        assert "chmod 600" in refused
        key.chmod(0o600)
        new = cli("keys", "new").stdout
        key.write_text(new)
        lost = [row for row in cli.json("keys", "list") if row["state"] == "lost"]
        assert [row["id"] for row in lost] == [after]
        named = cli("keys", "rotate", code=1).stderr
        assert "receiver `ci`" in named and after in named
        key.unlink()
        assert "is not there" in cli("keys", "list", code=3).stderr
        named = cli("keys", "rotate", code=1).stderr
        assert "receiver `ci`" in named and after in named
        assert not key.exists(), "what lists and rotates keys makes none"
        key.write_text(new)
        key.chmod(0o600)
        assert CANARY not in up.log() and new.strip() not in up.log()
    finally:
        up.stop()
    up = Up(folder)
    try:
        one = sent(up, "ci")
        assert one["state"] == "waiting" and after in one["last_error"], one
        assert "put that key back" in one["last_error"]
        assert up.get("/v1/status")
    finally:
        up.stop()
        sink.stop()


def test_a_process_that_dies_between_sending_and_writing_sends_the_same_once_more(tmp_path):
    sink, folder = Sink(), tmp_path / "data"
    drill = {"INGOT_FAILPOINTS": f"notify.sent=abort*1;shared={tmp_path}"}
    up = Up(folder, environment=drill)
    webhook(up, "ci", sink.url)
    up.call("POST", "/v1/receivers/ci/test")
    assert up.process.wait(20) == -signal.SIGABRT
    assert len(sink.posts) == 1
    up = Up(folder, environment=drill)
    try:
        delivered = lambda: up.rows("SELECT state FROM delivery") == [("delivered",)]
        wait_until(delivered, "it is delivered", 40)
        assert len(sink.posts) == 2
        assert len({headers["webhook-id"] for _, headers, _ in sink.posts}) == 1
    finally:
        up.stop()
        sink.stop()


@pytest.mark.parametrize("how", ["starttls", "tls"])
def test_mail_over_tls_to_a_server_that_is_who_it_says(tmp_path, how):
    mail = Mail(how, tmp_path)
    scheme = {"starttls": "smtp", "tls": "smtps"}[how]
    up = Up(tmp_path / "data", environment={"INGOT_NOTIFY_ROOTS": mail.roots})
    try:
        mailbox(up, "post", f"{scheme}://127.0.0.1:{mail.port}")
        one = sent(up, "post")
        assert one["state"] == "delivered", one
        assert len(mail.taken) == 1
    finally:
        up.stop()
    up = Up(tmp_path / "other")
    try:
        mailbox(up, "post", f"{scheme}://127.0.0.1:{mail.port}")
        one = sent(up, "post")
        assert one["state"] == "waiting" and "certificate" in one["last_error"].lower(), one
    finally:
        up.stop()
        mail.stop()


def test_no_key_in_the_scaled_shape_is_one_sentence(tmp_path):
    cli = Cli(tmp_path, tmp_path)
    made = cli("keys", "new").stdout.strip()
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}=", made)
    assert os.environ.get("INGOT_KEY") is None
