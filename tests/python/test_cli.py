"""The client commands as people and scripts use them, against `ingot up`."""

import json
import re

import pytest

from cli import NOBODY, Cli
from ingot_up import Up, template
from region import free_port

# The Kamiwaza document's section *Via Web UI*, word for word, with its example's ids and time stamps.
EIGHT_LINES = """
[ami-creation] Starting automatic AMI creation...
[ami-creation] Checking for existing AMI for Kamiwaza v0.9.2...
[ami-creation] No existing AMI found, creating new AMI...
[ami-creation] Creating AMI: kamiwaza-golden-v0.9.2-20260121-180000
[ami-creation] ✓ AMI creation initiated: ami-0123456789abcdef
[ami-creation] Waiting for AMI to become available...
[ami-creation] ✓ AMI is now available! Size: 10 GB
[ami-creation] ✓ AMI Created Successfully: ami-0123456789abcdef
""".strip().splitlines()
# Said between the document's lines; its section 4 announces it ("brief downtime ~2 min").
DOWNTIME = "[ami-creation] The instance reboots for a consistent image: brief downtime ~2 min"
COMMANDS = {
    "deploy": [],
    "deployments": ["list", "show", "logs", "watch", "start", "retry", "cancel", "image", "extend", "destroy"],
    "watch": [],
    "logs": [],
    "images": ["list", "show", "logs", "adopt", "drop", "copy"],
    "builds": ["list", "show", "logs", "approve", "reject", "cancel"],
    "base-images": ["list", "show", "updates", "update", "set-level", "logs", "scan", "add", "pause", "resume", "remove", "interval"],
    "findings": ["list", "settle"],
    "templates": ["apply", "auto-ami", "catalogue", "check", "diff", "import", "list", "logs", "revisions", "show"],
    "plan": [],
    "policy": ["check", "windows", "fires", "import", "show", "list", "diff", "activate", "simulate"],
    "budget": ["show", "history", "allow"],
    "prices": ["show", "load", "history"],
    "why": [],
    "status": [],
    "doctor": [],
    "operations": ["list", "show", "stop"],
    "queues": ["list", "show", "pause", "resume", "set-concurrency"],
    "tasks": ["list", "show", "retry", "cancel", "run-now", "reschedule", "discard"],
    "retention": ["show", "set"],
    "aws": ["check", "policy", "calls"],
    "advisories": ["assess", "feeds", "sync", "load", "set", "logs", "show", "affects"],
    "notifications": [
        "list", "show", "read", "receivers", "add", "remove", "test", "enable", "preferences",
    ],
    "up": [],
    "api": [],
    "worker": [],
    "migrate": ["up", "down", "status"],
    "token": ["create", "list", "revoke"],
    "keys": ["list", "rotate", "new"],
    "sim": ["release"],
    "identity": [],
    "openapi": [],
    "config": ["show"],
    "help": [],
    "version": [],
    "completions": [],
    "man": [],
}


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


@pytest.fixture(scope="module")
def done(cli):
    """One finished deployment, with its AMI."""
    words = ["deploy", "kamiwaza", "--version", "v0.9.1", "--region", "us-east-1", "--watch"]
    *_, end = cli(*words, "--json").stdout.splitlines()
    return json.loads(end)


def cells(text):
    """A printed table as a list of rows; cells are at least two blanks apart."""
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]


def pairs(text):
    return dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in text.splitlines())


def as_pattern(line):
    """The document's line with any id and any time stamp."""
    line = re.escape(line).replace("ami\\-0123456789abcdef", r"(ami-[0-9a-f]{8,17})")
    return line.replace("20260121\\-180000", r"\d{8}-\d{6}")


def test_deploy_and_watch_tells_the_story_in_the_documents_words(cli):
    """The command of the issue, word for word."""
    line = "deploy kamiwaza --version v0.9.2 --mode full --region us-east-1 --watch"
    first, *story, outcome, image = cli(*line.split()).stdout.splitlines()
    made = re.fullmatch(r"(dep_\w{32}) queued kamiwaza v0\.9\.2 in us-east-1 \(.+\)", first)
    assert made, first
    for each in story:
        assert re.fullmatch(r"\d\d:\d\d:\d\d \[[a-z-]+\] .+", each), each
    story = [each[9:] for each in story]
    about = [each for each in story if each.startswith("[ami-creation]") and each != DOWNTIME]
    assert len(about) == 8, about
    ids = []
    for said, wanted in zip(about, EIGHT_LINES, strict=True):
        found = re.fullmatch(as_pattern(wanted), said)
        assert found, (said, wanted)
        ids += found.groups()
    assert len(ids) == 2 and len(set(ids)) == 1
    assert story.count(DOWNTIME) == 1
    assert outcome.startswith("kamiwaza v0.9.2 success, ready after ")
    assert "from a fresh install: https://" in outcome
    assert image == f"AMI {ids[0]} is ready: the next deployment of v0.9.2 launches from it"

    shown = cli.json("deployments", "show", made.group(1))
    assert (shown["mode"], shown["created_ami_id"]) == ("full", ids[0])


def test_deploy_and_watch_as_json_lines(ingot, cli, done):
    words = ["--version", "v0.9.1", "--region", "us-east-1", "--name", "from the AMI"]
    out = cli("deploy", "kamiwaza", *words, "--tag", "team=web", "--watch", "--json").stdout
    first, *events, last = [json.loads(line) for line in out.splitlines()]
    assert (first["status"], first["tags"]) == ("queued", {"team": "web"})
    assert events == ingot.events(first["id"])
    assert (last["id"], last["launch_path"], last["finished"]) == (first["id"], "cached", True)
    assert last["source_ami_id"] == done["created_ami_id"]


def test_deploy_without_watch_says_what_comes_next(ingot, cli):
    run = cli("deploy", "kamiwaza", "--version", "v9.0.0", "--no-start", AWS_REGION="us-west-2")
    (line,) = run.stdout.splitlines()
    made = line.split()[0]
    assert line == f"{made} pending kamiwaza v9.0.0 in us-west-2 (kamiwaza v9.0.0)"
    assert run.stderr.strip() == f"next: ingot deployments start {made}"
    words = ["deploy", "kamiwaza", "--version", "9.0.1", "--region", "eu-west-1", "--no-start"]
    made = cli.json(*words, "--idempotency-key", "cli-once")
    assert cli.json(*words, "--idempotency-key", "cli-once")["id"] == made["id"]
    again = cli(*words, "--idempotency-key", "cli-once", "--name", "other", code=3)
    assert "Idempotency-Key: `cli-once`: this key was used" in again.stderr
    assert ingot.deployment(made["id"])["status"] == "pending"


def test_user_data_from_a_file_and_from_stdin(ingot, cli, tmp_path):
    script = tmp_path / "install.sh"
    script.write_text("#!/bin/sh\necho from-file\n")
    words = ["deploy", "kamiwaza", "--version", "9.1.0", "--region", "us-east-1", "--no-start"]
    for source, stdin in ((str(script), None), ("-", "#!/bin/sh\necho from-stdin\n")):
        made = cli.json(*words, "--user-data", source, stdin=stdin)["id"]
        ((order,),) = ingot.rows('SELECT "order" FROM deployment WHERE id = ?', made)
        assert json.loads(order)["user_data"] == (stdin or script.read_text())
    script.write_text("x" * 16_385)
    assert "16384" in cli(*words, "--user-data", str(script), code=3).stderr
    assert "no-such-file" in cli(*words, "--user-data", "no-such-file", code=3).stderr


def test_deployments_list_and_show(ingot, cli, done):
    head, *rows = cells(
        cli("deployments", "list", "--version", "v0.9.1", "--status", "success").stdout
    )
    assert head[:6] == ["ID", "NAME", "TEMPLATE", "VERSION", "REGION", "STATUS"]
    row = dict(zip(head, next(row for row in rows if row[0] == done["id"]), strict=True))
    assert (row["STATUS"], row["AMI"]) == ("success", done["created_ami_id"])
    assert (row["AMI STATUS"], row["LAUNCHED"]) == ("completed", "fresh")

    page = cli.json("deployments", "list", "--limit", "1")
    assert page == ingot.get("/v1/deployments", limit=1)
    whole = cli.json("deployments", "list", "--limit", "1", "--all")
    assert whole["items"] == ingot.get("/v1/deployments", limit=200)["items"]
    more = cli("deployments", "list", "--limit", "1").stderr
    assert f"--all, or --cursor {page['next_cursor']}" in more
    empty = cli("deployments", "list", "--template", "kamiwaza", "--version", "98.0")
    assert (empty.stderr.strip(), len(empty.stdout.splitlines())) == ("nothing found", 1)

    assert cli.json("deployments", "show", done["id"]) == done
    shown = pairs(cli("deployments", "show", done["id"]).stdout)
    assert shown["status"] == "success" and shown["ami"] == done["created_ami_id"]
    assert shown["url"] == done["access_url"] and shown["instance"] == done["instance_id"]


def test_logs_in_every_form(ingot, cli, done):
    story = ingot.events(done["id"])
    told = [f"{e['at'][11:19]} [{e['source']}] {e['message']}" for e in story]
    for words in (["deployments", "logs"], ["logs"]):
        assert cli(*words, done["id"]).stdout.splitlines() == told
    for words in (["deployments", "watch"], ["watch"]):
        # Checks that see the same are shown now and then.
        lines = cli(*words, done["id"]).stdout.splitlines()
        shown = [line for line in told if line in lines]
        assert lines[: len(shown)] == shown
        assert [line for line in told if "] Check " not in line] == [one for one in shown if "] Check " not in one]
        checks = [line for line in told if "] Check " in line]
        assert checks[0] in shown and len(checks) > sum(line in shown for line in checks)
    out = cli("logs", done["id"], "--json", "--follow", "--after", "3").stdout
    assert [json.loads(line) for line in out.splitlines()] == story[3:]


def test_images(ingot, cli, done):
    head, *rows = cells(cli("images", "list", "--version", "v0.9.1").stdout)
    (row,) = [dict(zip(head, row, strict=True)) for row in rows]
    assert (row["AMI"], row["STATUS"], row["SIZE"]) == (
        done["created_ami_id"],
        "available",
        "10 GB",
    )
    (image,) = cli.json("amis", "list", "--version", "v0.9.1", "--status", "available")["items"]
    assert image == ingot.get(f"/v1/images/{image['id']}")
    for name in (image["id"], image["ami_id"]):
        shown = cli.json("images", "show", name)
        assert shown.pop("security")["builds_behind"] == 0
        assert shown.pop("copies") == []
        assert shown == image
        assert image["name"] in cli("images", "show", name).stdout
        assert f"{image['ami_id']} is available" in cli("images", "logs", name).stdout
    assert "ingot images list" in cli("images", "show", "ami-12345678", code=4).stderr


def test_tasks_queues_and_status(ingot, cli, done):
    head, *rows = cells(cli("tasks", "list", "--deployment", done["id"]).stdout)
    assert {row[1] for row in rows} == {"launch", "readiness", "ami"}
    assert {row[head.index("STATE")] for row in rows} == {"completed"}
    tasks = cli.json("tasks", "list", "--deployment", done["id"], "--queue", "ami")["items"]
    assert tasks == ingot.get("/v1/tasks", deployment_id=done["id"], queue="ami")["items"]
    task = cli.json("tasks", "show", tasks[0]["id"])
    assert task["attempts"] and task["kind"] == "ami"
    shown = cli("tasks", "show", task["id"]).stdout
    assert task["id"] in shown and "OUTCOME" in shown

    names = {"launch", "readiness", "ami", "monitor", "scheduler"}
    assert names <= {queue["name"] for queue in cli.json("queues", "list")["items"]}
    head, *rows = cells(cli("queues", "list").stdout)
    assert names <= {row[0] for row in rows} and "OLDEST DUE" in head
    ready = cli.json("status")
    assert ready["ready"] and {"database"} <= {check["name"] for check in ready["checks"]}
    calendar, table = cli("status").stdout.split("\n\n", 1)
    assert calendar.startswith("Calendar: ")
    head, *rows = cells(table)
    assert {row[1] for row in rows} == {"ok"}


def test_doctor_finds_nothing_wrong(ingot, cli, done):
    report = cli.json("doctor")
    assert report["ok"] and not [one for one in report["findings"] if one["violated"]], report
    assert {part["state"] for part in report["status"]["parts"]} == {"up"}
    assert {"database", "workers", "queues", "cloud"} <= {
        part["name"] for part in report["status"]["parts"]
    }
    (worker,) = [one for one in report["status"]["workers"] if one["state"] == "alive"]
    said = cli("doctor").stdout
    assert worker["name"] in said and "Nothing is wrong." in said
    assert "not applicable" not in said
    assert re.search(r"I8 +not applicable yet +there is no audit log yet", cli("doctor", "--all").stdout)
    assert len(report["invariants"]) == 12 and {one["violations"] for one in report["invariants"]} == {0}


def test_retention_is_seen_and_set(ingot, cli):
    assert cli.json("retention", "show") == {"finished_tasks_days": 30, "cleared_findings_days": 90}
    said = cli("retention", "set", "--tasks-days", "14").stdout
    assert pairs(said)["finished tasks"] == "14 days"
    assert ingot.get("/v1/settings/retention") == {
        "finished_tasks_days": 14,
        "cleared_findings_days": 90,
    }
    assert "give 1 to 3650 days" in cli("retention", "set", "--tasks-days", "0", code=3).stderr
    cli("retention", "set", code=2)
    assert cli.json("retention", "set", "--tasks-days", "30")["finished_tasks_days"] == 30


SHOP = """
name: shop
base_image: { ami: ami-0123456789abcdef0 }
instance_types: [t3.micro]
instance_profile: ingot-ssm
parameters:
  - { name: database, default: postgres, choices: [postgres, mysql] }
  - { name: host, description: Where it answers, pattern: "[a-z.]+" }
steps:
  - { name: "install {{database}}", run: "echo {{host}}" }
probe: { tcp: 80 }
"""


def test_parameters(ingot, cli, tmp_path):
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP)
    cli("templates", "apply", str(file))
    shown = pairs(cli("templates", "show", "shop").stdout)["parameters"]
    assert shown == "database=postgres (postgres, mysql); host"
    order = ("deploy", "shop", "--version", "1.0.0", "--region", "us-east-1", "--no-start")
    missing = cli(*order, code=3).stderr
    assert "parameters.host" in missing and "--set host=VALUE" in missing
    assert "postgres, mysql" in cli(*order, "--set", "host=a.b", "--set", "database=x", code=3).stderr
    assert "did you mean `host`?" in cli(*order, "--set", "hots=a.b", code=3).stderr
    cli(*order, "--set", "host=a", "--set", "host=b", code=2)
    cli(*order, "--set", "host", code=2)
    given = {"host": "a.b", "database": "mysql"}
    asked = cli.json(*order, "--set", "host=a.b", "--set", "database=mysql")
    assert asked["template"] == "shop" and asked["parameters"] == given
    assert cli.json("deployments", "show", asked["id"])["parameters"] == given
    shown = pairs(cli("deployments", "show", asked["id"]).stdout)["parameters"]
    assert shown == "database=mysql host=a.b"
    assert " with database=mysql, host=a.b in " in cli("deployments", "logs", asked["id"]).stdout


CHILD = "name: web-child\ninherits: web-parent\ndescription: child\nsteps: [{ name: two, run: id }]\n"
PARENT = """name: web-parent
base_image: { track: ubuntu-24.04 }
instance_types: [t3.micro]
instance_profile: ingot-ssm
packages: { system: [git] }
steps: [{ name: one, run: id }]
probe: { tcp: 80 }
"""


def test_templates_inherit(ingot, cli, tmp_path):
    parent, child = tmp_path / "web-parent.yaml", tmp_path / "child.yaml"
    child.write_text(CHILD)
    assert "web-parent.yaml" in cli("templates", "check", str(child), code=3).stderr
    assert "no such template" in cli("templates", "apply", str(child), code=3).stderr
    parent.write_text(PARENT)
    assert "template `web-child` is fine" in cli("templates", "check", str(child)).stdout
    cli("templates", "apply", str(parent))
    assert cli("templates", "apply", str(child)).stdout == "web-child is at revision 1\n"
    assert cli("templates", "apply", str(child)).stdout == "web-child is unchanged at revision 1\n"
    shown = ingot.get("/v1/templates/web-child")
    assert shown["inherits"] == "web-parent@1"
    assert {"field": "steps", "from": ["web-parent@1", "web-child@1"]} in shown["parts"]
    told = pairs(cli("templates", "show", "web-child").stdout)["inherits"]
    assert "web-child@1 (steps, description)" in told and told.startswith("web-parent@1 (base_image,")
    assert cli("templates", "show", "web-child", "--yaml").stdout == CHILD
    merged = cli("templates", "show", "web-child", "--yaml", "--merged").stdout
    assert merged.index("name: one") < merged.index("name: two") and "web-parent@1" in merged

    parent.write_text(PARENT.replace("git", "curl"))
    cli("templates", "apply", str(parent))
    assert ingot.get("/v1/templates/web-child")["inherits"] == "web-parent@2", "it followed"
    assert cli("templates", "apply", str(child)).stdout == "web-child is unchanged at revision 2\n"
    parent.write_text("name: web-parent\ninherits: web-child\n")
    refused = cli("templates", "apply", str(parent), code=3).stderr
    assert "web-parent → web-child → web-parent" in refused
    child.write_text(CHILD.replace("web-parent", "web-parent@9"))
    assert "it is at 2" in cli("templates", "apply", str(child), code=3).stderr
    child.write_text(CHILD.replace("run: id", "run: 'echo {{verison}}'"))
    assert "line 4" in cli("templates", "apply", str(child), code=3).stderr


PRISM = """name: "Notebook Server"
base: ubuntu-22.04
package_manager: apt
packages: [jupyter-notebook]
services: [{ name: jupyter, port: 8888 }]
users: [{ name: researcher, password: secret-word }]
post_install: echo done
"""


def test_a_folder_is_imported(ingot, cli, tmp_path):
    cli("templates", "import", str(tmp_path), code=3)
    cli("templates", "import", str(tmp_path / "nope"), code=3)
    (tmp_path / "a-child.yaml").write_text(CHILD.replace("web-", "import-"))
    (tmp_path / "b-parent.yml").write_text(PARENT.replace("web-", "import-"))
    (tmp_path / "c-prism.yaml").write_text(PRISM)
    (tmp_path / "notes.txt").write_text("no template")
    said = cli("templates", "import", str(tmp_path)).stdout
    assert "import-child applied at revision 1" in said and "import-parent applied at revision 1" in said
    assert "notebook-server applied at revision 1, from Prism's form" in said
    assert "not carried over: services[0].port" in said and "secret-word" not in said
    assert "secret-word" not in cli("templates", "show", "notebook-server", "--yaml").stdout
    (tmp_path / "d-bad.yaml").write_text("name: bad\nnonsense: 1\n")
    refused = cli("templates", "import", str(tmp_path), code=3)
    assert "d-bad.yaml: REFUSED" in refused.stdout and "line 2, column 1" in refused.stdout
    assert "1 of 4 files were refused" in refused.stderr
    done = json.loads(cli("templates", "import", str(tmp_path), "--json", code=3).stdout)
    assert [one["outcome"] for one in done] == ["unchanged", "unchanged", "unchanged", "refused"]


def test_what_an_import_refuses(ingot, cli, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside.yaml").write_text(PARENT)
    (folder / "a-out.yaml").symlink_to(tmp_path / "outside.yaml")
    own = PARENT.replace("web-parent", "taken-name")
    (folder / "b-own.YAML").write_text(own)
    (folder / "c-prism.yaml").write_text(PRISM.replace("Notebook Server", "Taken Name"))
    (folder / "d-mixed.yaml").write_text(own.replace("taken-name", "mixed") + "services: [nginx]\n")
    (folder / "e-nameless.yaml").write_text("services: [nginx]\n")
    (folder / "f-one.yaml").write_text("name: round-one\ninherits: round-two\n")
    (folder / "g-two.yaml").write_text("name: round-two\ninherits: round-one\n")
    done = json.loads(cli("templates", "import", str(folder), "--json", code=3).stdout)
    assert [one["outcome"] for one in done] == ["passed over", "applied", *["refused"] * 5]
    told = [" ".join(one.get("problems", [])) for one in done]
    assert "leads out of the folder" in told[0]
    assert "b-own.YAML" in told[2] and "c-prism.yaml" in told[2], told[2]
    assert "unknown key `services`" in told[3] and "add `name:`" in told[4]
    assert "round-one → round-two → round-one" in told[5]
    (folder / "b-own.YAML").unlink()
    done = json.loads(cli("templates", "import", str(folder), "--json", code=3).stdout)
    assert "not made from Prism's form" in done[1]["problems"][0]
    nameless = tmp_path / "nameless.yaml"
    nameless.write_text("inherits: python-basic\n")
    assert "name: the key is missing" in cli("templates", "check", str(nameless), code=3).stderr
    nameless.write_text("name: selfish\ninherits: selfish\n")
    assert "selfish → selfish" in cli("templates", "apply", str(nameless), code=3).stderr


def test_the_catalogue(ingot, cli):
    names = [row[0] for row in cells(cli("templates", "catalogue").stdout)[1:]]
    assert names[:2] == ["ubuntu-basic", "python-basic"] and len(names) == 8
    found = cli.json("templates", "catalogue", "PyTorch", "gpu")["items"]
    assert [one["name"] for one in found] == ["deep-learning-gpu"]
    assert "lists all" in cli("templates", "catalogue", "cobol").stdout
    yaml = cli("templates", "catalogue", "--yaml", "java-dev").stdout
    assert cli("templates", "apply", "--catalogue", "java-dev").stdout == "java-dev is at revision 1\n"
    assert cli("templates", "show", "java-dev", "--yaml").stdout == yaml
    assert "did you mean `java-dev`?" in cli("templates", "apply", "--catalogue", "java-dew", code=3).stderr
    cli("templates", "catalogue", "--yaml", "nope", code=3)
    cli("templates", "apply", code=2)


def test_templates(ingot, cli, tmp_path):
    _, *rows = cells(cli("templates", "list").stdout)
    assert "kamiwaza" in [row[0] for row in rows]
    assert cli.json("templates", "list") == ingot.get("/v1/templates")
    assert cli.json("templates", "show", "kamiwaza") == ingot.get("/v1/templates/kamiwaza")
    assert pairs(cli("templates", "show", "kamiwaza").stdout)["built in"] == "yes"

    file = tmp_path / "mine.yaml"
    yaml = cli("templates", "show", "kamiwaza", "--yaml").stdout
    file.write_text(yaml)
    refused = cli("templates", "apply", str(file), code=3)
    assert "`kamiwaza` comes with Ingot; give your variant another name (409)" in refused.stderr
    file.write_text(re.sub(r"(?m)^name: .*$", "name: mine", yaml))
    assert "template `mine` is fine" in cli("templates", "check", str(file)).stdout
    assert cli.json("templates", "check", str(file)) == {"ok": True, "problems": []}
    file.write_text("progress: console\n" + re.sub(r"(?m)^name: .*$", "name: mine", yaml))
    told = cli("templates", "check", str(file)).stdout
    assert f"  {file}:1:11: warning: progress: " in told and "ec2:GetConsoleOutput" in told
    (warning,) = cli.json("templates", "check", str(file))["warnings"]
    assert (warning["line"], warning["column"], warning["field"]) == (1, 11, "progress")
    file.write_text(re.sub(r"(?m)^name: .*$", "name: mine", yaml))
    assert cli("templates", "apply", str(file)).stdout == "mine is at revision 1\n"
    assert cli.json("templates", "apply", str(file))["revision"] == 1, "the same is no revision"
    assert cli("templates", "apply", str(file)).stdout == "mine is unchanged at revision 1\n"
    file.write_text(file.read_text().replace("size_gb: 10", "size_gb: 12"))
    assert cli.json("templates", "apply", "-", stdin=file.read_text())["revision"] == 2
    cli("templates", "show", "nope", code=4)

    _, *rows = cells(cli("templates", "revisions", "mine").stdout)
    assert [row[0] for row in rows] == ["2", "1"]
    assert cli.json("templates", "revisions", "mine") == ingot.get("/v1/templates/mine/revisions")
    assert cli.json("templates", "show", "mine", "--revision", "1")["volume_size_gb"] == 10
    changed = cli("templates", "diff", "mine").stdout
    assert "--- mine revision 1\n+++ mine revision 2" in changed
    assert re.search(r"(?m)^-\s+size_gb: 10$", changed) and re.search(r"(?m)^\+\s+size_gb: 12$", changed)
    assert cli.json("templates", "diff", "mine", "--from", "2", "--to", "2")["text"] == ""
    assert "revision 9" in cli("templates", "diff", "mine", "--to", "9", code=4).stderr
    cli("templates", "revisions", "nope", code=4)
    first = cli.json("templates", "revisions", "mine", "--limit", "1")
    assert [one["revision"] for one in first["items"]] == [2]
    rest = cli.json("templates", "revisions", "mine", "--limit", "1", "--cursor", first["next_cursor"])
    assert [one["revision"] for one in rest["items"]] == [1] and "next_cursor" not in rest

    # Two who edit the same revision: the second hears of the first, and goes over it knowingly.
    over = ("templates", "apply", str(file), "--expect-revision")
    file.write_text(file.read_text() + "# by the first\n")
    assert cli(*over, "2").stdout == "mine is at revision 3\n"
    file.write_text(file.read_text() + "# by the second\n")
    said = cli(*over, "2", code=3).stderr
    assert "`mine` is at revision 3 by now, not at 2" in said, said
    assert "ingot templates diff mine --from 2 --to 3" in said
    assert "is there already, at revision 3" in cli(*over, "0", code=3).stderr
    assert cli(*over, "3").stdout == "mine is at revision 4\n"
    assert cli(*over, "3").stdout == "mine is unchanged at revision 4\n", "a repeat is no conflict"


def test_a_template_is_checked_against_a_region(ingot, cli, tmp_path):
    aws = {
        "AWS_ENDPOINT_URL": ingot.sim,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-east-1",
    }
    file = tmp_path / "mine.yaml"

    def check(*words, code=0, **changes):
        file.write_text(template("mine", ingress=[{"port": 443, "cidr": "0.0.0.0/0"}], **changes))
        done = cli("templates", "check", str(file), "--against", "eu-west-1", *words, code=code, **aws)
        return done

    good = check(instance_profile="ingot-ssm", zones=["eu-west-1a", "us-east-1a"]).stdout
    assert "against eu-west-1 (account " in good
    for field in ("base_image.ssm", "instance_types[0] t3.micro", "zones[0] eu-west-1a", "instance_profile ingot-ssm"):
        assert re.search(rf"(?m)^  {re.escape(field)}.* fits", good), (field, good)
    assert "al2023-ami-" in good and "us-east-1a" not in good

    bad = {
        "base_image": {"ssm": "/aws/service/nowhere"},
        "instance_types": ["t3.micro", "m9.huge", "c9.huge"],
        "regions": ["us-east-1"],
        "zones": ["eu-west-1z"],
    }
    said = check(code=3, **bad).stderr
    for field in ("base_image.ssm", "instance_types[1]", "instance_types[2]", "regions", "zones[0]"):
        assert re.search(rf"mine\.yaml:\d+:\d+: {re.escape(field)}: .*eu-west-1", said), (field, said)
    assert "has 5 mistakes" in said and "instance_types[0]" not in said
    answers = json.loads(check("--json", code=3, **bad).stdout)
    assert not answers["ok"] and len(answers["problems"]) == 5
    assert answers["against"]["region"] == "eu-west-1"

    key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    unasked = check(volume={"kms_key_id": key}).stdout
    assert "volume.kms_key_id" in unasked and "could not be asked" in unasked and "--kms-key" in unasked


def test_what_is_right_and_yet_worth_a_word(ingot, cli, tmp_path):
    file = tmp_path / "mine.yaml"
    shut = template("mine", user_data="#!/bin/sh\necho {{vers}} {{ version }}\n", ingress=[{"port": 80, "cidr": "0.0.0.0/0"}])
    file.write_text(shut)
    told = cli("templates", "check", str(file)).stdout
    assert "warning: probe.port: no rule under `ingress` opens port 443" in told
    assert "warning: user_data: `{{vers}}` (line 2) is none of Ingot's placeholders" in told
    assert "the nearest is `{{version}}`" in told


def broken(what):
    text = ["name: web", "instance_types:", "  - t3.micro", "probe:", "  port: 443"]
    if what == "tab":
        text[2] = "\t- t3.micro"
    else:
        text.insert(3, "name: again")
    return "\n".join(text) + "\n"


@pytest.mark.parametrize(
    ("what", "place", "says"),
    [
        ("tab", "3:1: ", "a tab can not indent YAML; use spaces"),
        ("duplicate", "4:1: name: ", "the key `name` stands here a second time, first on line 1"),
    ],
)
def test_templates_check_and_apply_name_the_place(ingot, cli, tmp_path, what, place, says):
    file = tmp_path / "bad.yaml"
    file.write_text(broken(what))
    # The command asks no API: it works without any.
    nowhere = {"INGOT_URL": f"http://127.0.0.1:{free_port()}"}
    said = cli("templates", "check", str(file), code=3, **nowhere).stderr
    # What is missing beside it is told, too.
    count = 1 if what == "tab" else 4
    mistakes = "1 mistake" if count == 1 else f"{count} mistakes"
    assert said.splitlines()[0] == f"error: {file} has {mistakes}"
    assert f"  {file}:{place}{says}" in said
    assert says in cli("templates", "check", "-", stdin=file.read_text(), code=3).stderr
    out = json.loads(cli("templates", "check", str(file), "--json", code=3).stdout)
    assert len(out["problems"]) == count
    (wrong,) = [one for one in out["problems"] if says in one["message"]]
    line, column = map(int, place.split(":")[:2])
    assert (out["ok"], wrong["line"], wrong["column"]) == (False, line, column)

    templates = ingot.get("/v1/templates")
    refused = cli("templates", "apply", str(file), code=3).stderr
    assert f"line {line}, column {column}: {says}" in refused and "(422)" in refused
    assert ingot.get("/v1/templates") == templates


def test_the_life_by_hand(ingot, cli):
    """start, cancel, retry and destroy, each with and without --json."""
    words = ["deploy", "kamiwaza", "--version", "9.2.0", "--region", "us-east-1", "--no-start"]
    over = cli.json(*words)["id"]
    cli("deployments", "start", over)
    cli("watch", over)
    assert "it is over" in cli("deployments", "cancel", over, code=3).stderr

    fault = {"action": "RunInstances", "kind": "error", "code": "InvalidParameterValue"}
    ingot.control("POST", "faults", fault)
    made = cli.json(*words)["id"]
    assert "queued" in cli("deployments", "start", made).stdout
    watched = cli("watch", made, code=1)
    assert "failed: " in watched.stdout
    assert f"try again: ingot deployments retry {made}" in watched.stdout
    ingot.control("POST", "next_instance", {"hold_install": True})
    assert cli.json("deployments", "retry", made)["run"] == 2
    ingot.status(made, "running")
    refused = cli("deployments", "retry", made, code=3).stderr
    assert "the deployment is `running`" in refused and "(409)" in refused
    assert cli.json("deployments", "cancel", made)["status"] == "cancelled"
    assert pairs(cli("deployments", "cancel", made).stdout)["status"] == "cancelled"
    assert cli("watch", made, code=1).stdout


def test_destroy_asks_and_waits(ingot, cli):
    """Without a terminal there is no consent."""
    words = ["deploy", "kamiwaza", "--version", "9.3.0", "--region", "us-east-1"]
    made = json.loads(cli(*words, "--no-ami", "--watch", "--json").stdout.splitlines()[-1])
    asked = cli("deployments", "destroy", made["id"], code=2).stderr
    assert "add --yes" in asked
    assert ingot.deployment(made["id"])["status"] == "success"
    ingot.control(
        "POST",
        "faults",
        {"action": "TerminateInstances", "kind": "error", "code": "InternalError", "status": 500, "times": 0},
    )
    late = cli("deployments", "destroy", made["id"], "--yes", "--wait", "--timeout", "1", code=7)
    assert "is not destroyed after 1s" in late.stderr and "goes on" in late.stderr
    ingot.control("DELETE", "faults")
    gone = cli.json("deployments", "destroy", made["id"], "--yes", "--wait")
    assert (gone["status"], gone["instance_id"]) == ("destroyed", None)
    shown = pairs(cli("deployments", "destroy", made["id"], "--yes").stdout)
    assert (shown["status"], shown["instance"]) == ("destroyed", "-")


def test_a_bad_end_of_a_watched_deployment_is_1(ingot, cli):
    words = ["--version", "1.0.0", "--region", "us-east-1", "--watch"]
    ingot.apply(template("patient"))
    ingot.apply(template("short", probe={"max_attempts": 2}))
    ingot.control("POST", "next_instance", {"serve": "500"})
    out = cli("deploy", "short", *words, code=1).stdout
    assert "[readiness] Check 2/2: HTTP 500" in out and "readiness_timeout" in out
    ingot.control("POST", "next_image", {"state": "failed", "reason": "no luck", "times": 3})
    out = cli("deploy", "patient", *words, code=1).stdout
    assert "patient 1.0.0 success" in out and "no AMI: " in out and "no luck" in out


USAGE = [
    [],
    ["explode"],
    ["deploy"],
    ["deploy", "kamiwaza"],
    ["deploy", "kamiwaza", "--version", "1.2.3"],
    ["deploy", "kamiwaza", "--version", "1.2.3", "--region", "r", "--tag", "a=1", "--tag", "a=2"],
    ["deploy", "kamiwaza", "--version", "1.2.3", "--region", "r", "--tag", "nonsense"],
    ["deploy", "kamiwaza", "--version", "1.2.3", "--region", "r", "--ingress", "x:10.0.0.0/8"],
    ["deploy", "kamiwaza", "--version", "1.2.3", "--region", "r", "--volume-size", "ten"],
    ["deployments", "list", "--status", "gone"],
    ["deployments", "list", "--limit", "0"],
    ["deployments", "list", "--limit", "201"],
    ["deployments", "show"],
    ["logs", NOBODY, "--after", "-1"],
    ["tasks", "list", "--state", "gone"],
    ["images", "list", "--url", "nonsense"],
    ["migrate", "up"],
]


@pytest.mark.parametrize("words", USAGE, ids=[" ".join(words) or "nothing" for words in USAGE])
def test_a_command_line_that_cannot_be_used_is_2(cli, words):
    run = cli(*words, code=2)
    assert not run.stdout and len(run.stderr) > 20


REFUSED = [
    (["--ttl", "9999999999h"], "ttl_seconds: `"),
    (["--ttl", "30s"], "ttl_seconds: `30s`: give a minute to a year"),
    (["--version", "newest"], "version: `newest`: write it as `v1.2.3`"),
    (["--region", "mars-1"], "region: `mars-1`: choose one of the regions allowed here: us-east-1"),
    (["--instance-type", "p5.48xlarge"], "instance_type: `p5.48xlarge`: choose one of"),
    (["--volume-size", "7"], "volume_size_gb: `7`: give 8 to 1000 GB"),
    (["--volume-size", "1001"], "volume_size_gb: `1001`: give 8 to 1000 GB"),
    (["--name", "<b>"], "job_name: `<b>`: remove the character"),
    (["--ingress", "22:0.0.0.0/0"], "ingress[0].cidr: `0.0.0.0/0`: port 22 is not opened"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED, ids=[row[1].split(":")[0] for row in REFUSED])
def test_refused_input_is_3(ingot, cli, words, says):
    usual = {"--version": "1.2.3", "--region": "us-east-1"}
    usual |= dict(zip(words[::2], words[1::2], strict=True))
    line = [word for pair in usual.items() for word in pair]
    count = ingot.rows("SELECT count(*) FROM deployment")
    said = cli("deploy", "kamiwaza", *line, code=3).stderr
    assert says in said and "(422)" in said and re.search(r"request id req_\w+", said), said
    assert ingot.rows("SELECT count(*) FROM deployment") == count


def test_filters_read_values_as_requests_do(ingot, cli, done):
    for version in ("v0.9.1", "0.9.1", "release/0.9.1", "V0.9.1"):
        for noun in ("deployments", "images"):
            items = cli.json(noun, "list", "--version", version)["items"]
            assert items and {one["version"] for one in items} == {"v0.9.1"}, (noun, version)
    for noun in ("deployments", "images"):
        said = cli(noun, "list", "--template", "nothing-such", code=3).stderr
        assert "template: `nothing-such`: choose one of" in said and "kamiwaza" in said
        said = cli(noun, "list", "--region", "us-est-1", code=3).stderr
        assert "region: `us-est-1`: choose one of the regions allowed here" in said
        assert "version: `newest`: write it as" in cli(noun, "list", "--version", "newest", code=3).stderr
        empty = cli(noun, "list", "--template", "kamiwaza", "--version", "99.0")
        assert "nothing found" in empty.stderr


def test_versions_as_teams_write_them(ingot, cli):
    ingot.apply(template("by-commit", ordered=False))
    ingot.apply(template("by-number"))
    words = ["--region", "us-east-1", "--no-start"]
    commit = "9fceb02d0ae598e95dc970b74767f19372d61af8"
    for name, text, spelled in (
        ("by-number", "1.2.3+b5", "v1.2.3+b5"),
        ("by-number", "2024.06", "v2024.06"),
        ("by-number", "16.4", "v16.4"),
        ("by-number", "1.2.3.4", "v1.2.3.4"),
        ("by-commit", commit, commit),
        ("by-commit", "1.2.3", "v1.2.3"),
    ):
        made = cli.json("deploy", name, "--version", text, *words)
        assert made["version"] == spelled
        listed = cli.json("deployments", "list", "--template", name, "--version", text)["items"]
        assert [one["id"] for one in listed] == [made["id"]]
    refused = cli("deploy", "by-number", "--version", commit, *words, code=3).stderr
    assert "`ordered: false` in the template" in refused
    assert "`latest`" in cli("deploy", "by-commit", "--version", "latest", *words, code=3).stderr
    started = json.loads(
        cli("deploy", "by-commit", "--version", commit, *words[:2], "--watch", "--json").stdout.splitlines()[-1]
    )
    assert started["ami_creation_status"] == "completed"
    (image,) = cli.json("images", "list", "--version", commit)["items"]
    assert (image["version"], image["ami_id"]) == (commit, started["created_ami_id"])


def test_an_unknown_template_is_3_and_an_unknown_id_4(cli):
    words = ["deploy", "nope", "--version", "1.2.3", "--region", "us-east-1"]
    assert "template: `nope`: choose one of" in cli(*words, code=3).stderr
    for words in (["deployments", "show"], ["logs"], ["watch"], ["deployments", "retry"]):
        assert "ingot deployments list" in cli(*words, NOBODY, code=4).stderr
    assert "ingot deployments list" in cli("deployments", "destroy", NOBODY, "--yes", code=4).stderr
    cli("tasks", "show", "tsk_x", code=4)


def test_a_bad_token_is_5(ingot, cli, tmp_path):
    for token in ("nonsense", f"{ingot.token[:-4]}0000"):
        said = cli("deployments", "list", "--token", token, code=5).stderr
        assert "(401)" in said and "hint: give a token with --token or INGOT_TOKEN" in said
        assert token not in said
        cli("deployments", "list", code=5, INGOT_TOKEN=token)
    said = cli(
        "deployments", "list", "--url", ingot.url, code=5, INGOT_DATA_DIR=str(tmp_path)
    ).stderr
    assert "there is no token" in said


def test_with_json_every_error_is_a_problem(ingot, cli):
    """The exit code is the same; stderr is one JSON document with the fields of RFC 9457."""
    nowhere = ["--url", f"http://127.0.0.1:{free_port()}"]
    newest = ["deploy", "kamiwaza", "--version", "newest", "--region", "us-east-1"]
    cases = [
        (["explode"], 2, "cli:usage"),
        (["deployments", "list", "--limit", "0"], 2, "cli:usage"),
        (["deployments", "destroy", NOBODY], 2, "cli:usage"),
        (["migrate", "up"], 2, "cli:usage"),
        (newest, 3, "invalid-request"),
        (["deployments", "show", NOBODY], 4, "not-found"),
        (["deployments", "list", "--token", "nonsense"], 5, None),
        (["deployments", "list", *nowhere], 5, "cli:unreachable"),
        (["deploy", *newest[1:], "--user-data", "no-such-file"], 3, "cli:refused"),
    ]
    for words, code, kind in cases:
        run = cli(*words, "--json", code=code)
        said = json.loads(run.stderr)
        assert said["exit_code"] == code and said["title"] and said["detail"], said
        assert said["type"].startswith("urn:ingot:problem:"), said
        assert kind is None or said["type"].endswith(kind), said
        if "status" in said:
            assert said["request_id"].startswith("req_"), said
        assert not run.stdout, run
        plain = cli(*words, code=code).stderr
        assert not plain.startswith("{") and "error" in plain, plain
    assert "version" in {error["field"] for error in json.loads(cli(*newest, "--json", code=3).stderr)["errors"]}


def test_an_unreachable_api_is_5(cli):
    url = f"http://127.0.0.1:{free_port()}"
    for words in (["deployments", "list"], ["watch", NOBODY], ["status"], ["templates", "list"]):
        said = cli(*words, "--url", url, code=5).stderr
        assert (
            f"cannot reach the API at {url}" in said and "hint: start one with `ingot up`" in said
        )


def test_another_server_is_not_taken_for_ingot(ingot, cli):
    said = cli("deployments", "list", "--url", ingot.sim, "--token", ingot.token, code=5).stderr
    assert "that is not Ingot's API" in said


@pytest.mark.parametrize(
    "words",
    [[]]
    + [[name] for name in COMMANDS]
    + [[n, sub] for n, subs in COMMANDS.items() for sub in subs],
    ids=" ".join,
)
def test_help_has_examples(cli, words):
    """Enumerated from what the help itself lists, so that no new command is forgotten."""
    said = cli(*words, "--help").stdout
    assert re.search(r"(?m)^Usage: ingot", said)
    if not words:
        listed = re.findall(r"(?m)^  ([a-z-]+) {2,}(?!see the|everything in one process, in)", said)
        assert set(COMMANDS) <= set(listed)
        assert "ingot deploy kamiwaza --version v0.9.2" in said and "Exit codes:" in said
        return
    examples = said.split("\nExamples:\n")[1]
    assert re.search(r"(?m)^ +.*\bingot\b", examples), examples
    named = re.search(r"(?ms)^Commands:\n(.*?)\n\n", said)
    subs = re.findall(r"(?m)^  ([a-z-]+)", named.group(1)) if named else []
    if len(words) == 1:
        assert sorted(set(subs) - {"help"}) == sorted(COMMANDS[words[0]])


def test_the_version(cli):
    assert re.fullmatch(r"ingot \d+\.\d+\.\d+\n", cli("--version").stdout)


def test_where_up_may_listen_and_that_it_says_so(cli, tmp_path):
    """`ingot up` has one user: it stays on loopback, and an address in use is one clear line."""
    up = ["up", "--cloud", "sim", "--data-dir", str(tmp_path)]
    assert "loopback only" in cli(*up, "--listen", "0.0.0.0:0", code=2).stderr
    first = Up(tmp_path / "first")
    said = cli(*up, "--listen", first.address, code=1).stderr
    first.stop()
    assert "choose another address with --listen" in said
