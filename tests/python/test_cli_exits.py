"""The table of exit codes, held against every command that clap knows: a new command without a row here fails."""

import json
import sqlite3

import pytest

from cli import NOBODY, Cli
from region import free_port

# What each command needs to get past clap. `{file}` is a template file, `{folder}` one of advisories.
ENOUGH = {
    "advisories affects": ["CVE-2024-6387"],
    "advisories assess": ["--base", "ubuntu-22.04", "--from", "20240629", "--to", "20240701", "--data", "."],
    "advisories feeds": [],
    "advisories load": ["{folder}"],
    "advisories logs": ["kev"],
    "advisories set": ["kev", "--off"],
    "advisories show": ["USN-1-1"],
    "advisories sync": ["kev"],
    "aws calls": [],
    "budget allow": ["1", "--reason", "x"],
    "budget history": [],
    "budget show": [],
    "aws check": [],
    "aws policy": [],
    "base-images add": ["{track}"],
    "base-images interval": [],
    "base-images list": [],
    "base-images logs": ["unknown"],
    "base-images pause": ["unknown", "--reason", "x"],
    "base-images remove": ["unknown", "--reason", "x"],
    "base-images resume": ["unknown"],
    "base-images scan": ["unknown"],
    "base-images set-level": ["upd_" + NOBODY[4:], "--level", "low", "--reason", "x"],
    "base-images show": ["unknown"],
    "base-images update": ["upd_" + NOBODY[4:]],
    "base-images updates": ["unknown"],
    "builds approve": ["bld_" + NOBODY[4:], "--reason", "x"],
    "builds cancel": ["bld_" + NOBODY[4:], "--reason", "x"],
    "builds list": [],
    "builds logs": ["bld_" + NOBODY[4:]],
    "builds reject": ["bld_" + NOBODY[4:], "--reason", "x"],
    "builds show": ["bld_" + NOBODY[4:]],
    "config show": [],
    "deploy": ["kamiwaza", "--version", "1.2.3", "--region", "us-east-1"],
    "deployments cancel": [NOBODY],
    "deployments destroy": [NOBODY, "--yes"],
    "deployments extend": [NOBODY, "--never"],
    "deployments image": [NOBODY],
    "deployments list": [],
    "deployments logs": [NOBODY],
    "deployments retry": [NOBODY],
    "deployments show": [NOBODY],
    "deployments start": [NOBODY],
    "deployments watch": [NOBODY],
    "doctor": [],
    "findings list": [],
    "findings settle": ["fnd_" + NOBODY[4:], "--keep"],
    "images adopt": ["img_" + NOBODY[4:], "--reason", "x"],
    "images copy": ["img_" + NOBODY[4:], "--to", "us-west-2"],
    "images drop": ["img_" + NOBODY[4:]],
    "images list": [],
    "images logs": ["img_" + NOBODY[4:]],
    "images show": ["img_" + NOBODY[4:]],
    "logs": [NOBODY],
    "operations list": [],
    "operations show": ["opr_" + NOBODY[4:]],
    "operations stop": ["opr_" + NOBODY[4:], "--reason", "x"],
    "plan": ["--scenario", "{scenario}"],
    "keys list": [],
    "keys new": [],
    "keys rotate": [],
    "notifications add email": ["ops", "--to", "ops@example.org", "--from", "i@example.org", "--server", "smtp://127.0.0.1:1", "--user", "u", "--password-file", "{address}"],
    "notifications add slack": ["team", "--to-file", "{address}"],
    "notifications add webhook": ["ci", "--to-file", "{address}"],
    "notifications enable": ["ops"],
    "notifications list": [],
    "notifications preferences": ["ops"],
    "notifications read": ["ntf_" + NOBODY[4:]],
    "notifications receivers": [],
    "notifications remove": ["ops"],
    "notifications show": ["ops"],
    "notifications test": ["ops"],
    "policy activate": ["1", "--reason", "x"],
    "policy check": ["{policy}"],
    "policy diff": [],
    "policy fires": ["weekly", "--zone", "UTC"],
    "policy import": ["{policy}"],
    "policy list": [],
    "policy show": [],
    "policy simulate": [],
    "policy windows": ["{policy}"],
    "prices load": ["{prices}", "--as-of", "2026-11-01"],
    "prices show": [],
    "prices history": [],
    "queues list": [],
    "queues pause": ["unknown", "--reason", "x"],
    "queues resume": ["unknown"],
    "queues set-concurrency": ["unknown", "default"],
    "queues show": ["unknown"],
    "retention set": ["--tasks-days", "30"],
    "retention show": [],
    "status": [],
    "tasks list": [],
    "tasks cancel": ["tsk_" + NOBODY[4:], "--reason", "x"],
    "tasks discard": ["tsk_" + NOBODY[4:], "--reason", "x"],
    "tasks reschedule": ["tsk_" + NOBODY[4:], "--at", "2099-01-01T00:00:00Z", "--reason", "x"],
    "tasks retry": ["tsk_" + NOBODY[4:], "--reason", "x"],
    "tasks run-now": ["tsk_" + NOBODY[4:], "--reason", "x"],
    "tasks show": ["tsk_" + NOBODY[4:]],
    "templates apply": ["{file}"],
    "templates auto-ami build": ["unknown", "--reason", "x"],
    "templates auto-ami configure": [],
    "templates auto-ami disable": ["unknown", "--reason", "x"],
    "templates auto-ami enable": ["unknown"],
    "templates auto-ami preferences": [],
    "templates auto-ami security-status": [],
    "templates auto-ami status": [],
    "templates catalogue": [],
    "templates check": ["{file}"],
    "templates import": ["{templates}"],
    "templates list": [],
    "templates logs": ["unknown"],
    "templates show": ["unknown"],
    "templates revisions": ["unknown"],
    "templates diff": ["unknown"],
    "watch": [NOBODY],
    "why": [NOBODY],
    # Beside the API.
    "api": [],
    "worker": [],
    "migrate down": [],
    "migrate status": [],
    "migrate up": [],
    "token create": [],
    "token list": [],
    "token revoke": ["tok_" + NOBODY[4:]],
    "completions": ["bash"],
    "help": [],
    "identity": [],
    "man": [],
    "openapi": [],
    "sim release": ["ubuntu-22.04", "20240701", "--endpoint", "http://127.0.0.1:9"],
    "up": [],
    "version": [],
}
# Take the options about an API, and answer without one.
ASK_NO_API = {
    *("advisories assess", "aws calls", "aws policy", "config show", "templates catalogue", "templates check"),
    *("plan", "policy check", "policy fires", "policy windows"),
}
# What is not there is an answer: a vulnerability that nothing has, a build that no vendor has published before.
ANSWERED = {"advisories affects", "notifications read", "sim release"}
# Ask `/readyz`, which takes no token.
NEED_NO_TOKEN = {"status"}
# Work on the ledger.
LEDGER = {"api", "worker", "keys list", "keys rotate", "migrate down", "migrate status", "migrate up", "token create", "token list", "token revoke"}
NAMED = {"ID", "NAME"}
# Their NAME is a new one.
MADE = {f"notifications add {channel}" for channel in ("email", "slack", "webhook")}
TRACK = """name: team-web
owner: "123456789012"
aws_filter: team-web-*
pattern: team-web-(?<build>\\d{8})
"""


def leaves(node):
    if not node["subcommands"]:
        return [node]
    return [leaf for sub in node["subcommands"] for leaf in leaves(sub)]


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


@pytest.fixture(scope="module")
def tree(cli):
    """Every command, by its words without `ingot`."""
    whole = cli.json("help")
    return {leaf["command"].removeprefix("ingot "): leaf for leaf in leaves(whole)}


@pytest.fixture
def file(tmp_path, cli):
    path = tmp_path / "web.yaml"
    text = cli("templates", "show", "kamiwaza", "--yaml").stdout
    path.write_text(text.replace("name: kamiwaza", "name: web", 1))
    (tmp_path / "advisories/kev").mkdir(parents=True)
    (tmp_path / "advisories/kev/kev.csv").write_text("cveID,dateAdded\nCVE-2024-6387,2024-07-02\n")
    (tmp_path / "address.yaml").write_text("https://ci.example.org/x\n")
    (tmp_path / "policy.yaml").write_text("auto_ami_policy: {}\n")
    (tmp_path / "scenario.yaml").write_text("now: 2026-11-27T12:00:00Z\ntemplates: []\nrequests: []\n")
    (tmp_path / "track.yaml").write_text(TRACK)
    (tmp_path / "prices.yaml").write_text("region,instance_type,usd_per_hour\nus-east-1,x99.metal,1\n")
    return path


def line(name, file):
    """A command's words. What it reads stands beside the template."""
    places = {"{file}": file, "{folder}": file.parent / "advisories", "{templates}": file.parent}
    places |= {f"{{{beside}}}": file.with_name(f"{beside}.yaml") for beside in ("address", "policy", "prices", "scenario", "track")}
    return [*name.split(), *[str(places.get(word, word)) for word in ENOUGH[name]]]


def test_every_command_has_its_row(tree):
    assert sorted(tree) == sorted(ENOUGH), "give the new command a row in ENOUGH"
    assert ASK_NO_API | NEED_NO_TOKEN | LEDGER <= set(tree)


def test_a_word_too_many_is_2(tree, cli):
    for name in tree:
        run = cli(*name.split(), "--no-such-option", code=2)
        assert not run.stdout, name
        said = json.loads(cli(*name.split(), "--no-such-option", "--json", code=2).stderr)
        assert said["exit_code"] == 2, name


def test_an_api_that_is_away_or_refuses_the_token_is_5(tree, cli, file):
    clients = [name for name, leaf in tree.items() if "--url URL" in leaf["options"]]
    assert len(clients) >= 33
    for name in clients:
        words = line(name, file)
        nowhere = ["--url", f"http://127.0.0.1:{free_port()}"]
        if name in ASK_NO_API:
            more = ["--install", "0" * 32, "--region", "us-east-1"] if name == "aws policy" else []
            cli(*words, *more, *nowhere)
            continue
        assert "cannot reach the API" in cli(*words, *nowhere, code=5).stderr, name
        said = json.loads(cli(*words, *nowhere, "-o", "json", code=5).stderr)
        assert said["exit_code"] == 5, name
        if name not in NEED_NO_TOKEN:
            assert "(401)" in cli(*words, "--token", "nonsense", code=5).stderr, name


def test_what_is_not_there_is_4(tree, cli, file):
    for name, leaf in tree.items():
        if NAMED & set(leaf["arguments"]) and name not in LEDGER | ANSWERED | MADE:
            said = cli(*line(name, file), code=4).stderr
            assert said.startswith("error: "), (name, said)
            problem = json.loads(cli(*line(name, file), "--json", code=4).stderr)
            assert problem["exit_code"] == 4, name


def test_a_file_that_cannot_be_read_is_3(tree, cli, tmp_path):
    gone, folder = tmp_path / "gone", tmp_path
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    takers = 0
    for name, leaf in tree.items():
        # A process reads its keys after it has found its ledger.
        taken = [one.split()[0] for one in leaf["options"] if one.endswith(" FILE")]
        option = [one for one in taken if one != "--key-file" and name not in ("api", "up", "worker")]
        for bad in (gone, folder, binary):
            if "FILE" in leaf["arguments"]:
                said = cli(*name.split(), str(bad), code=3).stderr
            elif option:
                words = line(name, gone)
                if option[0] in words:
                    words[words.index(option[0]) + 1] = str(bad)
                else:
                    words += [option[0], str(bad)]
                said = cli(*words, code=3).stderr
            else:
                continue
            takers += 1
            assert str(bad) in said, (name, said)
    assert takers >= 9


@pytest.mark.parametrize("name", sorted(LEDGER))
def test_which_ledger(cli, tmp_path, name):
    """None named, another database, one that is not there, one that does not answer: and no file is left."""
    words = [*name.split(), *ENOUGH[name]]
    redis = {"REDIS_URL": "redis://127.0.0.1:1"} if name in ("api", "worker") else {}
    # `token` takes the ledger of `ingot up`, where there is one.
    nothing = {"INGOT_DATA_DIR": str(tmp_path / "nothing")}
    none = cli(*words, code=2, **nothing, **redis).stderr
    assert "DATABASE_URL" in none
    assert not (tmp_path / "nothing").exists()
    if name == "token list":
        assert "which `ingot up` keeps" in cli(*words).stderr
    other = cli(*words, code=2, DATABASE_URL="mysql://root:s3cret@localhost/x", **redis)
    assert "postgres://" in other.stderr and "s3cret" not in other.stdout + other.stderr
    away = f"postgres://u:s3cret@127.0.0.1:{free_port()}/x"
    said = cli(*words, code=5, DATABASE_URL=away, **redis).stderr
    assert "s3cret" not in said
    if name != "migrate up":
        file = tmp_path / "no.sqlite3"
        for url in (f"sqlite://{file}", f"sqlite:{file}?mode=rwc"):
            said = cli(*words, code=4, DATABASE_URL=url, **redis).stderr
            assert "`ingot migrate up` makes one" in said
        assert not list(tmp_path.iterdir())


def test_a_ledger_by_its_own_commands(cli, tmp_path):
    file = tmp_path / "new.sqlite3"
    where = {"DATABASE_URL": f"sqlite://{file}"}
    empty = tmp_path / "empty.sqlite3"
    sqlite3.connect(empty).close()
    empty.touch()
    steps = cli.json("migrate", "status", DATABASE_URL=f"sqlite://{empty}")
    assert {step["state"] for step in steps} == {"pending"}
    with sqlite3.connect(empty) as db:
        assert not db.execute("SELECT name FROM sqlite_master").fetchall(), "a look makes no table"
    cli("token", "list", code=1, DATABASE_URL=f"sqlite://{empty}")

    assert cli.json("migrate", "up", **where) == {"done": "up", "steps": len(steps)}
    assert {step["state"] for step in cli.json("migrate", "status", **where)} == {"applied"}
    assert cli("migrate", "up", **where).stdout == "the schema is current\n"
    made = cli.json("token", "create", "--name", "ci", **where)
    (row,) = cli.json("token", "list", **where)
    assert (row["id"], row["name"]) == (made["id"], "ci")
    cli("token", "create", "--name", "<b>", code=3, **where)
    unknown = cli("token", "revoke", "tok_" + NOBODY[4:], code=4, **where)
    assert "ingot token list" in unknown.stderr
    assert "ingot token list" in cli("token", "revoke", "nonsense", code=4, **where).stderr
    assert cli.json("token", "revoke", made["id"][:20], **where) == {"id": made["id"], "state": "revoked"}
    cli("token", "revoke", made["id"], code=4, **where)
    assert cli.json("migrate", "down", "--steps", "1", **where) == {"done": "down", "steps": 1}


def test_the_other_ends(ingot, cli, tmp_path):
    assert "loopback only" in cli("up", "--listen", "0.0.0.0:0", code=2).stderr
    taken = ingot.url.removeprefix("http://")
    cli("sim", "--listen", taken, code=1)
    keys = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
    closed = {**keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}", "AWS_MAX_ATTEMPTS": "1"}
    assert json.loads(cli("identity", "--json", code=1, **closed).stderr)["exit_code"] == 1
    assert json.loads(cli("openapi").stdout)["openapi"]


def test_the_document_has_the_same_table(cli):
    """docs/exit-codes.md is written from the code's table."""
    from pathlib import Path

    document = (Path(__file__).parents[2] / "docs/exit-codes.md").read_text()
    for one in cli.json("help", "exit-codes"):
        assert f"| {one['code']} | {one['meaning']} |" in document, one
