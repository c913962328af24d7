"""A private Postgres and a private Redis, both durable, started by the scripts of tests/servers."""

import pathlib
import subprocess
import time

import psycopg
import redis

from . import proc

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "servers"

TABLES = """
CREATE TABLE bench_row (id integer PRIMARY KEY, n bigint NOT NULL DEFAULT 0, touched timestamptz);
CREATE TABLE bench_event (id bigserial PRIMARY KEY, row_id integer NOT NULL, at timestamptz NOT NULL, message text NOT NULL);
INSERT INTO bench_row (id) SELECT generate_series(0, 9999);
"""


class _Server:
    """It lives as long as our end of its pipe."""

    def __init__(self, script, *options):
        self.process = subprocess.Popen(
            [SCRIPTS / script, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{script} did not start")
        self.facts = dict(fact.split("=") for fact in line.split())
        self.port = int(self.facts["port"])

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)


class Postgres(_Server):
    def __init__(self):
        super().__init__("postgres.sh")
        self.admin = psycopg.connect(self.url("postgres"), autocommit=True)
        self.pid = proc.parent(self.admin.info.backend_pid)
        # Checkpoints come between the measurements, not in some of them.
        for setting in ("max_wal_size = '8GB'", "checkpoint_timeout = '1h'"):
            self.admin.execute(f"ALTER SYSTEM SET {setting}")
        self.admin.execute("SELECT pg_reload_conf()")
        self.admin.execute("CREATE DATABASE bench_template")
        with psycopg.connect(self.url("bench_template")) as template:
            template.execute(TABLES)
        self.made = 0

    def url(self, database):
        return f"postgres://ingot@127.0.0.1:{self.port}/{database}"

    def database(self):
        """A new database with the bench's tables, and a server with nothing left to write."""
        self.made += 1
        name = f"bench_{self.made}"
        self.admin.execute(f"CREATE DATABASE {name} TEMPLATE bench_template")
        self.admin.execute("CHECKPOINT")
        return name

    def drop(self, name):
        self.admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def events(self, name):
        with psycopg.connect(self.url(name)) as connection:
            return connection.execute("SELECT count(*) FROM bench_event").fetchone()[0]

    def stop(self):
        self.admin.close()
        super().stop()

    def settings(self):
        names = ("server_version", "fsync", "synchronous_commit", "wal_sync_method", "shared_buffers")
        return {name: self.admin.execute(f"SHOW {name}").fetchone()[0] for name in names}


class Redis(_Server):
    def __init__(self):
        super().__init__("redis.sh", "", "--appendonly", "yes", "--appendfsync", "everysec")
        self.pid = int(self.facts["pid"])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port)
        told = self.client.config_get("append*")
        if (told["appendonly"], told["appendfsync"]) != ("yes", "everysec"):
            raise SystemExit(f"Redis is not durable: {told}")

    def empty(self):
        """Nothing in it and nothing to rewrite, so that no rewrite falls into a measurement."""
        self.client.flushall()
        # One that Redis began by itself is refused company.
        self._rewritten()
        self.client.bgrewriteaof()
        self._rewritten()

    def _rewritten(self):
        while self.client.info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(0.05)

    def used_memory(self):
        return self.client.info("memory")["used_memory"]

    def stop(self):
        self.client.close()
        super().stop()
