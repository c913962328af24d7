"""What users of `gh` and `kubectl` type without thinking: options anywhere, help, version, completions, short ids."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios

import pytest

from cli import NOBODY, Cli
from ingot_up import ingot_binary
from region import free_port

DEPLOY = ["deploy", "kamiwaza", "--region", "us-east-1", "--no-start"]


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


@pytest.fixture
def alone(tmp_path):
    """The same far from any running one."""
    return Cli(tmp_path / "home", tmp_path / "data")


def test_the_options_about_the_api_stand_anywhere(ingot, alone):
    url, token = ["--url", ingot.url], ["--token", ingot.token]
    for words in (
        [*url, *token, "--json", "templates", "list"],
        [*url, "templates", *token, "--json", "list"],
        [*url, "templates", "list", *token, "-o", "json"],
        ["templates", "list", *url, *token, "--output=json"],
        [*token, "-ojson", "templates", "list", *url],
    ):
        assert json.loads(alone(*words).stdout) == ingot.get("/v1/templates"), words
    nowhere = ["--url", f"http://127.0.0.1:{free_port()}"]
    assert json.loads(alone(*nowhere, "-o", "json", "status", code=5).stderr)["exit_code"] == 5
    # The option beats the environment, wherever it stands.
    assert alone(*url, *token, "templates", "list", INGOT_URL=nowhere[1]).stdout
    assert "possible values: json, text" in alone("status", "--output=yaml", code=2).stderr


def test_help_and_its_topics(alone):
    assert alone("help").stdout == alone("--help").stdout
    assert alone("help", "deployments", "list").stdout == alone("deployments", "list", "--help").stdout
    assert "no command `deployments lisst`" in alone("help", "deployments", "lisst", code=4).stderr
    codes = json.loads(alone("help", "exit-codes", "--json").stdout)
    text = alone("help", "exit-codes").stdout
    assert [one["code"] for one in codes] == [0, 1, 2, 3, 4, 5, 6, 7, 130]
    for one in codes:
        line = f"  {one['code']:<4} {one['meaning']}"
        assert line in text and line in alone("--help").stdout
    tree = json.loads(alone("help", "--json").stdout)
    names = {sub["command"] for sub in tree["subcommands"]}
    assert {"ingot deploy", "ingot deployments", "ingot help"} <= names
    one = json.loads(alone("help", "tasks", "show", "--json").stdout)
    assert (one["command"], one["arguments"]) == ("ingot tasks show", ["ID"])
    assert "--url URL" in one["options"] and "--json" in one["options"]


def test_help_of_processes_leaves_out_the_options_about_an_api(alone):
    for name in ("worker", "api", "sim", "up", "openapi"):
        assert "--token" not in alone("help", name).stdout, name
    assert "--token" in alone("help", "status").stdout


def test_the_version_in_each_way(alone):
    plain = alone("version").stdout
    assert re.fullmatch(r"ingot \d+\.\d+\.\d+\n", plain)
    assert alone("--version").stdout == plain
    assert f"ingot {json.loads(alone('version', '--json').stdout)['version']}\n" == plain


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_know_every_command(alone, shell):
    script = alone("completions", shell).stdout
    tree = json.loads(alone("help", "--json").stdout)
    for sub in tree["subcommands"]:
        assert sub["command"].split()[-1] in script
    assert "--idempotency-key" in script or "idempotency-key" in script
    if shutil.which(shell):
        run = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr


def test_bash_completes_a_half_written_command(alone):
    script = alone("completions", "bash").stdout
    typed = """
COMP_WORDS=(ingot deployments sh); COMP_CWORD=2
_ingot ingot sh deployments; echo "${COMPREPLY[@]}"
"""
    run = subprocess.run(["bash"], input=script + typed, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["show"], (run.stdout, run.stderr)


def test_the_manual(alone, tmp_path):
    page = alone("man").stdout
    assert ".TH ingot 1" in page and "deployments" in page
    pages = tmp_path / "man1"
    pages.mkdir()
    alone("man", "--dir", str(pages))
    names = {path.name for path in pages.iterdir()}
    assert {"ingot.1", "ingot-deployments.1", "ingot-deployments-list.1"} <= names
    alone("man", "--dir", str(tmp_path / "none"), code=1)


def test_ids_may_be_cut_short(ingot, cli):
    made = [cli.json(*DEPLOY, "--version", f"7.0.{n}")["id"] for n in range(2)]
    common = len([1 for a, b in zip(*made, strict=True) if a == b])
    first, second = made
    for short in (first[:-1], first[4:20], first[: common + 5]):
        if second.removeprefix("dep_").startswith(short.removeprefix("dep_")):
            continue
        assert cli.json("deployments", "show", short)["id"] == first, short
    short = first[:-1]
    for words in (["logs"], ["why"], ["deployments", "logs"], ["tasks", "list", "--deployment"]):
        assert cli(*words, short).stdout == cli(*words, first).stdout, words
    assert cli.json("deployments", "start", short)["id"] == first
    assert cli.json("deployments", "cancel", short)["id"] == first
    assert cli.json("deployments", "destroy", short, "--yes")["id"] == first
    several = cli("deployments", "show", "dep_0", code=3).stderr
    assert first in several and second in several and "write more" in several
    none = cli("deployments", "show", "dep_fff", code=4).stderr
    assert "no deployment whose id begins with `dep_fff`" in none
    assert cli.json("deployments", "show", second)["id"] == second
    assert "ingot deployments list" in cli("deployments", "show", NOBODY, code=4).stderr
    task = cli.json("tasks", "list")["items"][0]["id"]
    assert cli.json("tasks", "show", task[:-1])["id"] == task


def test_an_images_ids_may_be_cut_short(ingot, cli):
    words = ["deploy", "kamiwaza", "--region", "us-east-1", "--version", "7.1.0", "--watch"]
    cli(*words)
    (image,) = cli.json("images", "list", "--version", "v7.1.0")["items"]
    for short in (image["ami_id"][:-1], image["id"][:-1], image["id"][4:-1]):
        assert cli.json("images", "show", short)["id"] == image["id"], short
    assert "no image whose id begins with `ami-fff`" in cli("images", "show", "ami-fff", code=4).stderr


STAMP = re.compile(r"\d{4}-\d\d-\d\dT")


def on_a_terminal(cli, *words, columns=80, **more):
    """What a person sees: the same command with a terminal of so many columns as its stdout."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in cli.environment.items() if k != "NO_COLOR"}
    process = subprocess.Popen(
        [ingot_binary(), *words],
        env={**environment, "TERM": "xterm", **more},
        stdout=slave,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    os.close(slave)
    said = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(master)
    assert process.wait(60) == 0, process.stderr.read()
    return said.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def lived(cli):
    """A finished deployment with a long name, and one that waits."""
    words = ["deploy", "kamiwaza", "--region", "us-east-1", "--version", "7.5.0"]
    cli(*words, "--watch", "--name", "a name that is as long as the names people give to their machines")
    cli(*words, "--no-start")


LISTS = [
    ["deployments", "list"],
    ["images", "list"],
    ["tasks", "list"],
    ["tasks", "list", "--all"],
    ["findings", "list"],
    ["templates", "list"],
    ["queues", "list"],
    ["status"],
    ["doctor"],
    ["aws", "calls"],
    ["retention", "show"],
    ["templates", "show", "kamiwaza"],
]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_nothing_is_wider_than_the_terminal(cli, lived, words):
    for columns in ("80", "100", "132"):
        for line in cli(*words, COLUMNS=columns).stdout.splitlines():
            assert len(line) <= int(columns), (columns, line)


def test_a_person_sees_ages_and_colours_and_a_script_neither(cli, lived):
    seen = on_a_terminal(cli, "deployments", "list")
    plain = re.sub(r"\x1b\[\d*m", "", seen)
    assert max(len(line) for line in plain.splitlines()) <= 80
    assert "\x1b[32msuccess\x1b[0m" in seen
    assert re.search(r"\d+[sm] ago", plain) and not STAMP.search(plain)
    head = plain.splitlines()[0].split()
    assert {"ID", "TEMPLATE", "VERSION", "STATUS", "CREATED"} <= set(head) and "LAUNCHED" not in head
    wide = on_a_terminal(cli, "deployments", "list", "-o", "wide")
    assert "LAUNCHED" in wide and "machines" in wide

    piped = cli("deployments", "list").stdout
    assert STAMP.search(piped) and " ago" not in piped and "LAUNCHED" in piped
    # What is shown in a narrow terminal is enough to type.
    short = plain.splitlines()[1].split()[0]
    assert short.startswith("dep_") and len(short) < 36
    assert cli.json("deployments", "show", short)["id"].startswith(short)


def test_no_color_is_respected(cli, lived):
    assert "\x1b[" not in on_a_terminal(cli, "deployments", "list", NO_COLOR="1")
    assert "\x1b[" in on_a_terminal(cli, "deployments", "list", NO_COLOR="")


def test_housekeeping_is_hidden_unless_it_is_asked_for(ingot, cli, lived):
    clockwork = {"monitor", "scheduler"}
    queues = lambda *words: {one["queue"] for one in cli.json("tasks", "list", *words)["items"]}
    assert queues() and not queues() & clockwork
    assert not queues("--state", "completed") & clockwork
    assert queues("--all") >= clockwork
    assert queues("--queue", "scheduler") == {"scheduler"}
    assert "--all" in cli("tasks", "list", COLUMNS="80").stderr
    everything = {one["queue"] for one in ingot.get("/v1/tasks", limit=200)["items"]}
    assert everything & clockwork, "the API shows all unless it is told otherwise"


def test_processes_listen_on_loopback_unless_told(alone):
    said = alone("worker", "--help").stdout
    assert "default: 127.0.0.1:9185" in said
    assert "default: 127.0.0.1:8080" in alone("api", "--help").stdout
