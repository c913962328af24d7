"""Fenced blocks of the documents, and a shell that runs them one after the other as a reader would.

A block runs unless the line before it is `<!-- not run: reason -->`. Its language says how:

- `sh`: in one bash for the whole document, which a failing command ends. A block that is one process which stays
  (`ingot up`, `ingot api`, `ingot worker`, `ingot sim`, `make demo`) runs beside it.
- `text`: what the block before it prints, compared in form: ids, numbers and times may differ, and a line `…` stands for
  any lines.
- `yaml`, `json`, `hcl`: a file. Its first line `# path` says where it is kept; continuous integration runs by `pipelines`.
"""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from region import wait_until

MARK = re.compile(r"<!-- not run: (.+) -->")
STAYS = re.compile(r"^(\w+=\S+ )*(ingot (up|api|worker|sim)\b(?!.*--exit)|make demo$)")
LANGUAGES = ("sh", "text", "yaml", "json", "hcl")
# Why a block may be left out; everything else runs.
REASONS = re.compile(r"docker|real AWS|continuous integration|make \w+, which .+ (calls|plays|runs)")


@dataclass
class Block:
    """One fenced block."""

    document: str
    line: int
    language: str
    text: str
    reason: str | None

    @property
    def place(self):
        return f"{self.document}:{self.line}"

    @property
    def stays(self):
        lines = [line for line in self.text.splitlines() if line and not line.startswith("#")]
        return self.language == "sh" and len(lines) == 1 and bool(STAYS.match(lines[0]))

    @property
    def path(self):
        """Where a file of this text is kept, if the block says so."""
        first = self.text.splitlines()[0]
        return first[2:] if re.fullmatch(r"# [\w./-]+\.\w+", first) else None


def blocks(path, name):
    """Every fenced block of a document, in order."""
    found, before, opened = [], "", None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if opened is not None:
            if line.strip() == "```":
                found.append(Block(name, *opened[:2], "\n".join(opened[3]) + "\n", opened[2]))
                opened = None
            else:
                opened[3].append(line)
        elif line.strip().startswith("```"):
            mark = MARK.fullmatch(before)
            opened = [number, line.strip()[3:], mark and mark.group(1), []]
        before = line.strip()
    assert opened is None, f"{name}: a block is not closed"
    return found


def form(line):
    """A line without what differs from one run to the next."""
    line = re.sub(r"\b(dep|tsk|img|fnd|tok|eff)_\w+", r"\1_ID", line)
    line = re.sub(r"\b(ami|i|snap|sg|vol)-[0-9a-f]{8,}", r"\1-ID", line)
    line = re.sub(r"\b[0-9a-f]{16,}\b", "HEX", line)
    line = re.sub(r"\b\d+[hms]( \d+[ms])?(?!\w)", "TIME", line)
    line = re.sub(r"\d+", "N", line.replace("http://127.0.0.1", "http://HERE"))
    return re.sub(r"\s+", " ", line).strip()


def compare(expected, printed, place):
    """Holds `printed` against what a document shows."""
    wanted = [form(line) for line in expected.splitlines()]
    lines = [form(line) for line in printed.splitlines()]
    at, skip = 0, False
    for want in wanted:
        if want == "…":
            skip = True
            continue
        while skip and at < len(lines) and lines[at] != want:
            at += 1
        got = lines[at] if at < len(lines) else "nothing more"
        assert got == want, f"{place} shows\n  {want}\nand\n  {got}\ncame, of\n{printed}"
        at, skip = at + 1, False


class Shell:
    """One bash for the blocks of a document. `replaced` is text that a reader would replace, too."""

    def __init__(self, folder, environment, replaced):
        self.folder, self.environment, self.replaced = Path(folder), environment, replaced
        self.output, self.count = "", 0
        self.staying = []
        self.bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        self.tell("set -e -o pipefail")

    def tell(self, line):
        self.bash.stdin.write(f"{line}\n".encode())
        self.bash.stdin.flush()

    def _write(self, text):
        for word, other in self.replaced.items():
            text = text.replace(word, other)
        self.count += 1
        script = self.folder / f".block-{self.count}"
        script.write_text(text)
        return script

    def run(self, text, place, patience=90):
        """Runs a block to its end, and keeps what it printed on stdout."""
        script = self._write(text)
        out, err, end = (script.with_suffix(f".{kind}") for kind in ("out", "err", "end"))
        self.tell(f'. "{script}" </dev/null >"{out}" 2>"{err}"; : >"{end}"')
        deadline = time.monotonic() + patience
        while not end.exists():
            over = self.bash.poll() is not None or time.monotonic() > deadline
            said = out.read_text() + err.read_text() if out.exists() else ""
            assert not over, f"{place}:\n{text}\ndid not end well:\n{said}"
            time.sleep(0.02)
        self.output = out.read_text()

    def stay(self, text):
        """Starts a block that stays, beside the shell and with its variables. Gives the file it prints to."""
        script = self._write(text)
        out = script.with_suffix(".out")
        self.tell(f'setsid bash "{script}" </dev/null >"{out}" 2>"{script}.err" &')
        self.tell(f'echo $! >"{script}.new"; mv "{script}.new" "{script}.pid"')
        wait_until(Path(f"{script}.pid").exists, f"started: {text}", 30)
        self.staying.append(script)
        return out

    def export(self, **variables):
        for name, value in variables.items():
            self.tell(f"export {name}={value!r}")

    def leave(self, script):
        """Ctrl-C in the terminal of a block that stays, which then ends."""
        self.staying.remove(script)
        number = int(Path(f"{script}.pid").read_text())

        def over():
            state = Path(f"/proc/{number}/stat")
            return not state.exists() or ") Z " in state.read_text()

        if not over():
            os.killpg(number, signal.SIGINT)
            wait_until(over, f"Ctrl-C ends what {script.read_text()!r} started", 60)

    def close(self):
        for script in list(self.staying):
            self.leave(script)
        self.bash.stdin.close()
        self.bash.wait(timeout=60)
