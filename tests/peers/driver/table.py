"""The table: per figure and peer the median, and its ratio to Ingot's."""

import json
import os
import platform
import re
import statistics
import subprocess

from .peer import HERE

SUBJECT = "ingot"


def number(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"


def cell(values, subject):
    if not values:
        return "–"
    median = statistics.median(values)
    spread = f" ({number(min(values))}–{number(max(values))})" if len(values) > 1 else ""
    if subject:
        ingot = statistics.median(subject)
        # Ingot's number over the peer's: 2 is twice as much of it, whether that is good or bad.
        ratio = f", × {ingot / median:.2f}" if median else ""
        return number(median) + spread + ratio
    return number(median) + spread


def markdown(results, peers):
    """`results` is figure's name → peer → values of the rounds."""
    lines = [f"| figure | {' | '.join(peers)} |", f"| --- |{' --- |' * len(peers)}"]
    for name, by_peer in results.items():
        subject = by_peer.get(SUBJECT)
        cells = [cell(by_peer.get(peer), subject if peer != SUBJECT else None) for peer in peers]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _told(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "?"


def _first(pattern, path):
    found = re.search(pattern, path.read_text(), re.MULTILINE)
    return found[1] if found else "?"


def machine(postgres):
    cpu = re.search(r"^model name\s*:\s*(.*)$", open("/proc/cpuinfo", encoding="utf-8").read(), re.MULTILINE)
    packages = json.loads((HERE / "bullmq" / "package.json").read_text())["dependencies"]
    python = HERE / "celery" / "requirements.txt"
    rust = HERE / "rust" / "Cargo.toml"
    return {
        "cpu": f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores",
        "kernel": platform.release(),
        # What else it does while it measures; below 0.5 or so no other program disturbs.
        "load at the start": f"{os.getloadavg()[0]:.1f}",
        "postgres": postgres.settings(),
        "redis": _told("redis-server", "--version") + ", appendonly yes, appendfsync everysec",
        "celery": {name: _first(rf"^{name}==(.*)$", python) for name in ("celery", "redis", "SQLAlchemy", "psycopg", "fastapi", "uvicorn")}
        | {"python": platform.python_version()},
        "bullmq": packages | {"node": _told("node", "--version")},
        "graphile": {"graphile_worker": _first(r'^graphile_worker = .*"=([\d.]+)"', rust)},
        "apalis": {"apalis-redis": _first(r'^apalis-redis = "=([\d.]+)"', rust)},
    }
