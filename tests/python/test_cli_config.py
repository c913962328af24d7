"""Which API and which token a command takes: options, variables, the configuration file, and what `ingot up` left."""

import json
import sqlite3

import pytest

from cli import Cli
from region import wait_until


@pytest.fixture
def far(tmp_path):
    """A person on another machine than the one `ingot up` runs on."""
    (tmp_path / "home").mkdir()
    return Cli(tmp_path / "home", tmp_path / "data")


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def configure(home, text):
    folder = home / ".config/ingot"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(text)


def shown(cli, *words, **environment):
    rows = cli.json("config", "show", *words, **environment)
    return {row["name"]: (row["value"], row["from"]) for row in rows}


def test_profiles_are_taken_and_said(ingot, far, home):
    (home / "t").write_text(ingot.token + "\n")
    configure(home, f"""
profile = "work"
[profiles.work]
url = "{ingot.url}"
token_file = "~/t"
[profiles.prod]
url = "https://ingot.example.org"
token = "nonsense"
""")
    assert far.json("templates", "list") == ingot.get("/v1/templates")
    told = shown(far)
    assert told["profile"][0] == "work" and told["url"][0] == ingot.url
    assert "profile work in " in told["url"][1] and told["token"][1].endswith("/t")
    token_id = ingot.rows("SELECT id FROM token")[0][0]
    assert token_id in told["token"][0]
    assert ingot.token not in far("config", "show").stdout
    for words, environment in ((["--profile", "prod"], {}), ([], {"INGOT_PROFILE": "prod"})):
        told = shown(far, *words, **environment)
        assert (told["profile"][0], told["url"][0]) == ("prod", "https://ingot.example.org")
    said = far("templates", "list", "--profile", "dev", code=2).stderr
    assert "no profile `dev`" in said and "prod, work" in said
    # A profile's token goes to its own server only.
    told = shown(far, "--url", "https://elsewhere.example")
    assert told["token"] == (None, None)


def test_the_command_line_beats_the_environment_and_that_the_file(ingot, far, home):
    configure(home, 'url = "http://file"\ntoken = "file"\n')
    assert shown(far)["url"][0] == "http://file"
    told = shown(far, INGOT_URL="http://variable", INGOT_TOKEN="variable")
    assert (told["url"], told["token"][1]) == (("http://variable", "INGOT_URL"), "INGOT_TOKEN")
    told = shown(far, "--url", "http://option", INGOT_URL="http://variable")
    assert told["url"] == ("http://option", "--url")
    file = home / "token"
    file.write_text(ingot.token)
    told = shown(far, "--token-file", str(file), INGOT_TOKEN="variable")
    assert told["token"][1] == f"--token-file: {file}"
    far("templates", "list", "--url", ingot.url, "--token-file", str(file))
    far("--url", ingot.url, "templates", "list", INGOT_TOKEN_FILE=str(file))
    far("templates", "list", "--token-file", str(file), "--token", "x", code=2)
    assert "cannot be read" in far("templates", "list", "--token-file", str(home / "no"), code=3).stderr
    (home / "empty").write_text("\n")
    assert "should be a token" in far("status", "--token-file", str(home / "empty"), code=3).stderr


def test_a_file_with_a_mistake_is_refused(far, home):
    configure(home, 'urll = "x"\n')
    said = far("templates", "list", code=3).stderr
    assert "config.toml" in said and "urll" in said
    xdg = home / "xdg/ingot"
    xdg.mkdir(parents=True)
    (xdg / "config.toml").write_text('url = "http://xdg"\n')
    assert shown(far, XDG_CONFIG_HOME=str(home / "xdg"))["url"][0] == "http://xdg"


def test_tokens_end_and_say_when_they_were_used(ingot, far):
    """On the ledger of a running one: SQLite takes a second connection."""
    where = {"DATABASE_URL": f"sqlite://{ingot.data / 'simulated.sqlite3'}"}
    made = far.json("token", "create", "--name", "ci", "--expires", "90d", **where)
    assert made["expires_at"] > "2026"
    api = ["--url", ingot.url, "--token", made["token"]]

    def row():
        (found,) = [one for one in far.json("token", "list", **where) if one["id"] == made["id"]]
        return found

    assert (row()["state"], row()["last_used_at"]) == ("valid", None)
    far("templates", "list", *api)
    assert row()["last_used_at"] is not None
    table = far("token", "list", COLUMNS="80", **where).stdout
    assert "EXPIRES" in table and "LAST USED" in table and "in 89d" in table and "never" in table

    ledger = sqlite3.connect(ingot.data / "simulated.sqlite3", timeout=20)
    with ledger:
        ledger.execute("UPDATE token SET expires_at = '2026-01-01 00:00:00+00:00' WHERE id = ?", (made["id"],))
    ledger.close()
    assert row()["state"] == "expired"
    # An API knows a token for a second before it asks the ledger again.
    refused = lambda: ingot.call("GET", "/v1/templates", token=made["token"]).status == 401
    wait_until(refused, "the expired token is refused", 10)
    problem = json.loads(far("templates", "list", *api, "--json", code=5).stderr)
    assert f"the token {made['id']} expired at 2026-01-01T00:00:00Z" in problem["detail"]
    far("token", "revoke", made["id"], **where)
    assert "was revoked at" in far("templates", "list", *api, code=5).stderr
    far("token", "create", "--expires", "soon", code=2, **where)


def test_the_views(ingot, far):
    """The SQL of the document runs on the ledger, and the other views read."""
    made = ingot.create(version="v6.1.0")
    done = ingot.finished(made["id"])
    query = "SELECT id, job_name, ami_creation_status, created_ami_id FROM jobs WHERE deployment_type = 'kamiwaza'"
    assert (done["id"], done["job_name"], "completed", done["created_ami_id"]) in ingot.rows(query)
    (row,) = ingot.rows(
        "SELECT ami_creation_error, instance_type, volume_size_gb, completed_at FROM jobs WHERE id = ?", done["id"]
    )
    assert row[:3] == (None, done["instance_type"], done["volume_size_gb"]) and row[3]
    (image,) = ingot.rows("SELECT id, status FROM v_images WHERE ami_id = ?", done["created_ami_id"])
    assert image[1] == "available"
    kinds = ingot.rows("SELECT kind FROM v_tasks WHERE deployment_id = ?", done["id"])
    assert {kind for (kind,) in kinds} >= {"launch", "readiness", "ami"}
    assert ingot.rows("SELECT status FROM v_deployments WHERE id = ?", done["id"]) == [("success",)]
