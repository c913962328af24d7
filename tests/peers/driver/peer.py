"""A peer's processes, spoken to as README.md says."""

import collections
import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

from . import proc

HERE = pathlib.Path(__file__).resolve().parents[1]
RELEASE = HERE / "rust" / "target" / "release"

Peer = collections.namedtuple("Peer", "name command concurrency")

# Celery's tasks take a process each, so it gets as many as do not fight for two cores; the others wait in one process.
PEERS = {
    "celery": Peer("celery", HERE / "celery" / "peer", 8),
    "bullmq": Peer("bullmq", HERE / "bullmq" / "peer", 32),
    "graphile": Peer("graphile", RELEASE / "peer-graphile", 32),
    "apalis": Peer("apalis", RELEASE / "peer-apalis", 32),
}


class Trouble(Exception):
    """A peer did not do what it was asked; the figure is left out, with this as the reason."""


def _ends_with_us():
    """In the new process: the kernel kills it when the driver dies, however that happens."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Process:
    """One command of a peer in a session of its own, with the lines it told so far."""

    def __init__(self, command, environment, log):
        self.samples = []  # (microseconds, done)
        self.up = None
        self.log = log
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            preexec_fn=_ends_with_us,
        )
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                # Not for us; shown with what it wrote to standard error when something goes wrong.
                self.log.write(line)
                continue
            with self.changed:
                if told.get("up"):
                    self.up = line
                if "done" in told:
                    self.samples.append((told["at"], told["done"]))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    @property
    def done(self):
        return self.samples[-1][1] if self.samples else 0

    def wait(self, what, seconds, holds):
        with self.changed:
            until = time.monotonic() + seconds
            while not holds():
                left = until - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    raise Trouble(f"{what}: not within {seconds:.0f} s, {self.done} done{self.complaint()}")
                self.changed.wait(min(left, 1))

    def wait_up(self):
        self.wait("up", 60, lambda: self.up is not None)

    def complaint(self):
        self.log.flush()
        self.log.seek(0)
        told = self.log.read().strip()
        return f"; it wrote: {told[-600:]}" if told else ""

    def cpu(self):
        return proc.cpu_seconds(proc.session(self.pid))

    def memory(self):
        return proc.memory_mib(proc.session(self.pid))

    def kill(self, how=signal.SIGKILL):
        """The whole session: what a container's end does."""
        for pid in proc.session(self.pid):
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass

    def stop(self):
        """Asks, then kills."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        self.process.wait()
        self.process.stdout.close()


class Stage:
    """One peer on an empty database and an empty Redis, for one figure; everything it started ends with it."""

    def __init__(self, peer, postgres, redis, folder):
        self.peer, self.postgres, self.redis, self.folder = peer, postgres, redis, folder
        self.running = []

    def __enter__(self):
        self.redis.empty()
        self.database = self.postgres.database()
        self.environment = {"DATABASE_URL": self.postgres.url(self.database), "REDIS_URL": self.redis.url}
        self.run("prepare")
        return self

    def __exit__(self, *_):
        for one in self.running:
            one.stop()
        self.postgres.drop(self.database)

    def run(self, *words, command=None, seconds=300):
        """A command that ends by itself; its standard output."""
        try:
            ended = subprocess.run(
                [str(word) for word in (command or self.peer.command, *words)],
                env=os.environ | self.environment,
                capture_output=True,
                text=True,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as late:
            raise Trouble(f"{words[0]}: not within {seconds} s") from late
        if ended.returncode != 0:
            raise Trouble(f"{words[0]}: {ended.stderr[-600:]}")
        return ended.stdout

    def start(self, *words):
        log = open(self.folder / f"{self.peer.name}-{words[0]}.log", "w+", encoding="utf-8", errors="replace")
        one = Process([self.peer.command, *words], self.environment, log)
        self.running.append(one)
        return one

    def worker(self, kind, concurrency=None, record=None):
        words = ["worker", "--kind", kind, "--concurrency", concurrency or self.peer.concurrency]
        return self.start(*words, *(["--record", record] if record else []))

    def api(self, kind):
        port = free_port()
        one = self.start("api", "--port", port, "--kind", kind)
        one.wait_up()
        return one, port

    def enqueue(self, kind, count, at=None):
        self.run("enqueue", "--kind", kind, "--count", count, *(["--at", at] if at else []))

    def load(self, api, port, *words):
        told = self.run("--port", port, "--told", api.up, *words, command=RELEASE / "peer-load")
        return json.loads(told)

    def starts(self, path):
        """(start, due, row) of every whole line of a record."""
        try:
            lines = path.read_text().split("\n")[:-1]
        except FileNotFoundError:
            return []
        return [tuple(int(word) for word in line.split()) for line in lines]

    def cpu(self, worker):
        servers = [self.redis.pid, *proc.family(self.postgres.pid)]
        return worker.cpu() + proc.cpu_seconds(servers)
