"""Writes the parts of docs/ that list every command, endpoint and metric, from the binary and the sources themselves.

    INGOT_BIN=target/debug/ingot .venv/bin/python tests/python/pages.py

Each part stands between two marks; the text around it is written by hand. `test_documents_reference` holds them equal.
"""

import json
import re
import subprocess
from pathlib import Path

from ingot_up import ingot_binary, own_environment

ROOT = Path(__file__).parents[2]
BEGIN = "<!-- written by tests/python/pages.py: begin -->"
END = "<!-- written by tests/python/pages.py: end -->"
# What the page says once, for all commands under whose heading it stands.
HEADING = "Connection and output:"
SHARED = ("--url", "--token", "--token-file", "--profile", "--data-dir", "--json", "--output")
OPTION = re.compile(r"^\s{2,6}(?:(-\w), )?(?:    )?(--[\w-]+)( \[?<[^>]+>\]?\S*|\[=\S+)?(?:\s{2,}(.*))?$")
ARGUMENT = re.compile(r"^  ([<\[][^ ]+[>\]](?:\.\.\.)?)(?:\s{2,}(.*))?$")


class Command:
    """What `--help` of one command says."""

    def __init__(self, words):
        self.words = words
        shown = subprocess.run(
            [ingot_binary(), *words, "--help"],
            env=own_environment(HOME="/nowhere", COLUMNS="1000"),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
        self.text = shown
        self.about = shown.split("\n\nUsage:")[0].strip().replace("\n\n", ". ").replace("\n", " ")
        usage = re.search(r"^Usage: (.*)$", shown, re.M).group(1)
        # Whatever the file of the binary is called here.
        self.usage = re.sub(r"^\S+", "ingot", usage)
        self.commands = bool(re.search(r"^Commands:$", shown, re.M))
        self.arguments, self.options, self.shared = [], [], []
        self._lists()

    def _lists(self):
        entry, section = None, ""
        for line in self.text.splitlines():
            if re.match(r"^\S.*:$", line):
                entry, section = None, line
            elif section.startswith(("Example", "Exit", "Commands")) or not section:
                continue
            elif option := OPTION.match(line):
                entry = [option.group(2) + (option.group(3) or ""), option.group(4) or ""]
                shared = section == HEADING and option.group(2) in SHARED
                own = not shared and entry[0] not in ("--help", "--version")
                (self.options if own else self.shared).append(entry)
            elif argument := ARGUMENT.match(line):
                entry = [argument.group(1), argument.group(2) or ""]
                self.arguments.append(entry)
            elif entry and line.startswith("    ") and line.strip():
                entry[1] = f"{entry[1]} {line.strip()}".strip()
            elif line.strip():
                entry = None


def tree():
    """Every command, as `ingot help --json` tells; what is hidden there is no part of it."""
    words = [ingot_binary(), "help", "--json"]
    told = subprocess.run(words, env=own_environment(), capture_output=True, timeout=30, check=True)
    commands = []

    def walk(node):
        for below in node["subcommands"]:
            commands.append(Command(below["command"].split()[1:]))
            walk(below)

    walk(json.loads(told.stdout))
    return commands


def cell(text):
    """Text for a cell of a table."""
    text = re.sub(r"\s*\[env: (\w+)=?[^\]]*\]", r" (`\1`)", text)
    return text.replace("|", "\\|").replace("<", "&lt;")


def cli():
    """Every command with its arguments and options."""
    lines = []
    for command in tree():
        if command.commands:
            lines += [f"### ingot {' '.join(command.words)}", "", f"{command.about}.", ""]
            continue
        level = "###" if len(command.words) == 1 else "####"
        lines += [f"{level} ingot {' '.join(command.words)}", "", f"{command.about.rstrip('.')}.", ""]
        lines += [f"`{command.usage}`", ""]
        rows = [*command.arguments, *command.options]
        if rows:
            lines += ["| | |", "| --- | --- |"]
            lines += [f"| `{name.replace('|', chr(92) + '|')}` | {cell(text)} |" for name, text in rows]
            lines.append("")
    return "\n".join(lines)


def api():
    """Every operation with its parameters."""
    document = json.loads((ROOT / "tests/openapi.json").read_text())
    lines = ["| endpoint | what it does | parameters |", "| --- | --- | --- |"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            given = [p["name"] for p in operation.get("parameters", []) if p["in"] != "path"]
            given = ", ".join(f"`{name}`" for name in given)
            lines.append(f"| `{method.upper()} {path}` | {operation['summary']} | {given} |")
    return "\n".join(lines) + "\n"


def metric_rows():
    """Name, kind, labels and meaning of every metric, from the list in the sources."""
    source = (ROOT / "crates/telemetry/src/metrics.rs").read_text()
    row = r'^\s+\w+: (\w+) = "(ingot_\w+)" \[([^\]]*)\] "([^"]+)"'
    rows = [
        (name, kind, re.findall(r'"(\w+)"', labels), meaning)
        for kind, name, labels, meaning in re.findall(row, source, re.M)
    ]
    logs = (ROOT / "crates/telemetry/src/logs.rs").read_text()
    meaning = re.search(r'let help = "([^"]+)"', logs).group(1)
    return [*rows, ("ingot_log_lines_dropped_total", "IntCounter", [], meaning)]


def metrics():
    """Every metric."""
    lines = ["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |"]
    for name, kind, labels, meaning in sorted(metric_rows()):
        kind = next(k for k in ("counter", "gauge", "histogram") if k in kind.lower())
        labels = ", ".join(f"`{label}`" for label in labels)
        lines.append(f"| `{name}` | {kind} | {labels} | {meaning} |")
    return "\n".join(lines) + "\n"


PARTS = {"docs/cli.md": cli, "docs/api.md": api, "docs/metrics.md": metrics}


def parted(text):
    """The text before, within and after the marks."""
    before, rest = text.split(BEGIN)
    within, after = rest.split(END)
    return before, within, after


def main():
    """Writes every part."""
    for page, part in PARTS.items():
        path = ROOT / page
        before, _, after = parted(path.read_text())
        path.write_text(f"{before}{BEGIN}\n\n{part()}\n{END}{after}")


if __name__ == "__main__":
    main()
