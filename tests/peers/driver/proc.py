"""What processes cost, from /proc."""

import os

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat after the name, which may hold blanks; the first is the state (field 3)."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def _all():
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                yield int(name), _stat(name)
            except OSError:
                continue  # It has just ended.


def session(leader):
    """The processes of one session."""
    return [pid for pid, fields in _all() if int(fields[3]) == leader and fields[0] != "Z"]


def family(root):
    """A process and its children."""
    return [root, *(pid for pid, fields in _all() if int(fields[1]) == root)]


def parent(pid):
    return int(_stat(pid)[1])


def cpu_seconds(pids):
    """CPU seconds of these processes and of the children they have already reaped."""
    total = 0
    for pid in pids:
        try:
            total += sum(int(field) for field in _stat(pid)[11:15])
        except OSError:
            continue
    return total / TICKS


def memory_mib(pids):
    """Resident memory, in which pages that forked processes share count once (PSS); of one process it is its RSS, but
    for what it shares with strangers."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total / 1024
