"""Documents work: every fenced block of README and of docs/ runs, from the first line on, as a reader would type it.

The reader's ports, database and Redis are the test's, the region is the simulated one, and a minute takes a tenth of a
second. README starts from a clone that is built; the reader of a page of docs/ has `ingot` on the PATH, and an `ingot up
--cloud sim` unless the page starts one. What may be left out, and with which mark, says `documents`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import pipelines
from documents import LANGUAGES, REASONS, Shell, blocks, compare
from ingot_up import ingot_binary, own_environment
from region import free_port, wait_until

ROOT = Path(__file__).parents[2]
PACE = "600"
PAGES = ["README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
# What the reader of a document has before him: the clone.
CLONE = ("Makefile", "docs", "templates", "samples", "deploy")
# Where `ingot up` keeps its things under a reader's home.
HOME = ".local/share/ingot"
# A page that needs the scaled shape's servers.
SERVED = ("docs/operations.md",)


def running(page):
    """The blocks of a page that run."""
    return [block for block in blocks(ROOT / page, page) if block.reason is None]


@pytest.fixture
def servers(request):
    """A Postgres and a Redis of our own, as the words that documents use for them."""
    started, words = [], {}
    for name, word in (("postgres", "db/ingot"), ("redis", "redis:6379")):
        command = [str(ROOT / f"tests/servers/{name}.sh")]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        port = process.stdout.readline().split()[0].removeprefix("port=")
        words[word] = f"127.0.0.1:{port}/postgres" if name == "postgres" else f"127.0.0.1:{port}"
    yield words
    for process in started:
        process.stdin.close()
        process.wait(timeout=30)


def environment(folder, listen):
    """What a reader's shell has: the binary where `make` builds it, and the AWS CLI."""
    for name in CLONE:
        (folder / name).symlink_to(ROOT / name)
    built = folder / "target" / "debug"
    built.mkdir(parents=True)
    (built / "ingot").symlink_to(ingot_binary())
    tools = Path(sys.executable).parent
    return own_environment(
        HOME=str(folder),
        PATH=f"{tools}:{os.environ['PATH']}",
        # `make demo` finds the binary built, and prints nothing of its own.
        CARGO="true",
        MAKEFLAGS="--silent",
        CARGO_TARGET_DIR="target",
        INGOT_PACE=PACE,
        INGOT_LISTEN=listen,
        AWS_ACCESS_KEY_ID="AKIATEST",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_EC2_METADATA_DISABLED="true",
    )


def test_every_block_runs_or_says_why_not():
    wrong = []
    for page in PAGES:
        for block in blocks(ROOT / page, page):
            if block.language not in LANGUAGES:
                wrong.append(f"{block.place}: `{block.language}` is none of {LANGUAGES}")
            if block.reason is not None and not REASONS.match(block.reason):
                wrong.append(f"{block.place}: no reason to leave a block out: {block.reason}")
    assert not wrong, "\n".join(wrong)
    assert len(running("README.md")) > 15


class Reader:
    """Plays one page."""

    def __init__(self, page, folder, words):
        self.page, self.folder = page, folder
        # Ways by which the AMI's id left Ingot.
        self.ports, self.taken = {}, set()
        for port in (8080, 8081, 9090, 9091, 9464, 9465):
            self.ports[f"127.0.0.1:{port}"] = f"127.0.0.1:{free_port()}"
        self.environment = environment(folder, self.ports["127.0.0.1:8080"])
        self.shell = Shell(folder, self.environment, {**self.ports, **words})

    def play(self):
        page = running(self.page)
        if self.page != "README.md":
            self.shell.run('export PATH="$PWD/target/debug:$PATH"', self.page)
            if not any(block.text.startswith("ingot up") for block in page):
                self.start("ingot up --cloud sim", self.page)
        for block in page:
            getattr(self, block.language)(block)

    def sh(self, block):
        if not block.stays:
            self.shell.run(block.text, block.place)
            return
        if block.text.startswith("make demo"):
            out = self.shell.stay(block.text)
            wait_until(lambda: "Console: " in out.read_text(), "the demo is over", 400)
            self.shell.output = out.read_text()
            self.shell.leave(self.shell.staying[-1])
        else:
            self.start(block.text, block.place)

    def start(self, text, place):
        """Starts what stays, and waits until it says where it listens."""
        out = self.shell.stay(text)
        err = Path(f"{self.shell.staying[-1]}.err")
        said = lambda: out.exists() and out.read_text().endswith("\n")
        try:
            wait_until(said, f"{place} is up", 60)
        except AssertionError as late:
            raise AssertionError(f"{late}: {err.read_text()}") from None
        started = json.loads(out.read_text().splitlines()[0])
        if "sim" in started:
            token = (self.folder / HOME / "token").read_text().strip()
            more = {"INGOT_URL": started["listening"], "INGOT_TOKEN": token}
            self.environment.update(more, AWS_ENDPOINT_URL=started["sim"])
            self.shell.export(AWS_ENDPOINT_URL=started["sim"])

    def text(self, block):
        compare(block.text, self.shell.output, block.place)

    def json(self, block):
        json.loads(block.text)

    def yaml(self, block):
        assert yaml.safe_load(block.text)
        if block.path is None:
            return
        path = self.folder / block.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        # The binary is on the runner's PATH.
        own = {**self.environment, "PATH": f"{self.folder / 'target/debug'}:{self.environment['PATH']}"}
        if ".github/workflows" in block.path:
            left = pipelines.github(block.text, self.folder, own, "v1.1.0")
            assert "ami=ami-" in left, left
            self.taken.add("GitHub Actions")
        if block.path == ".gitlab-ci.yml":
            left = pipelines.gitlab(block.text, self.folder, own, "v1.1.0")
            assert "AMI=ami-" in left, left
            self.taken.add("GitLab CI")
        if "AWSTemplateFormatVersion" in block.text:
            pipelines.cloudformation(path)
            self.taken.add("CloudFormation")

    def hcl(self, block):
        for result in pipelines.terraform(block.text, self.folder, self.environment):
            assert result["id"].startswith("ami-"), result
            self.taken.add("Terraform")


@pytest.mark.parametrize("page", [page for page in PAGES if running(page)])
def test_a_page_runs_from_its_first_line(page, tmp_path, request):
    words = request.getfixturevalue("servers") if page in SERVED else {}
    reader = Reader(page, tmp_path, words)
    try:
        reader.play()
    finally:
        reader.shell.close()
    if page == "docs/ami-id.md":
        assert reader.taken == {"GitHub Actions", "GitLab CI", "Terraform", "CloudFormation"}
