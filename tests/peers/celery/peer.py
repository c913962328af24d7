"""Celery, Redis, SQLAlchemy and Postgres behind FastAPI, speaking the protocol of ../README.md.

Durable: acknowledged after the task ran, given back when a pool process dies, one task reserved per process.
"""

import argparse
import datetime
import json
import os
import sys
import threading
import time

import celery
import sqlalchemy
from celery.signals import worker_process_init, worker_ready
from celery.worker.request import Request

# Lines for the driver go here; whatever a library prints goes to standard error.
TOLD = os.dup(1)
os.dup2(2, 1)

app = celery.Celery("peer", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_pool="prefork",
    task_ignore_result=True,
    # The broker may be a moment late at the start; without this Celery warns about its own default.
    broker_connection_retry_on_startup=True,
)


def say(**line):
    os.write(TOLD, (json.dumps(line, separators=(",", ":")) + "\n").encode())


def now():
    return time.time_ns() // 1000


class Counted(Request):
    """Counts tasks when their acknowledgement is in Redis; this runs in the worker's main process."""

    done = 0

    def acknowledge(self):
        first = not self.acknowledged
        super().acknowledge()
        if first:
            Counted.done += 1


class Work:
    """What the pool's processes hold."""

    engine = None
    record = None


def database():
    url = os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg://", 1)
    # One connection per process, which runs one task at a time.
    return sqlalchemy.create_engine(url, pool_size=1, max_overflow=0)


@worker_process_init.connect
def _in_a_process(**_):
    Work.engine = database()


UPDATE = sqlalchemy.text("UPDATE bench_row SET n = n + 1, touched = now() WHERE id = :row")
INSERT = sqlalchemy.text("INSERT INTO bench_event (row_id, at, message) VALUES (:row, now(), 'the task ran')")


def transaction(row):
    with Work.engine.begin() as connection:
        connection.execute(UPDATE, {"row": row})
        connection.execute(INSERT, {"row": row})


KINDS = {
    "tx": transaction,
    "noop": lambda row: None,
    "wait20": lambda row: time.sleep(0.02),
    "hold": lambda row: time.sleep(600),
}


def task(kind):
    def run(row, due):
        if Work.record is not None:
            # One short append is one write: lines of several processes never mix.
            os.write(Work.record, f"{now()} {due} {row}\n".encode())
        KINDS[kind](row)

    return app.task(run, name=kind, Request=f"{__name__}:Counted")


TASKS = {kind: task(kind) for kind in KINDS}


def worker(options):
    if options.record:
        Work.record = os.open(options.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def tell_always():
        said = 0
        while True:
            time.sleep(0.1)
            if Counted.done != said:
                said = Counted.done
                say(done=said, at=now())

    @worker_ready.connect(weak=False)
    def _ready(**_):
        threading.Thread(target=tell_always, daemon=True).start()
        say(up=True)

    consuming = app.Worker(
        concurrency=options.concurrency,
        queues=[options.kind],
        hostname=f"peer-{os.getpid()}@%h",
        loglevel="WARNING",
        quiet=True,
    )
    consuming.start()
    say(done=Counted.done, at=now())
    return consuming.exitcode or 0


def api(options):
    import fastapi
    import pydantic
    import uvicorn

    class Task(pydantic.BaseModel):
        row: int
        due: int

    routes = fastapi.FastAPI()
    enqueued = TASKS[options.kind]

    # Not `async`: publishing blocks, so FastAPI runs it on its thread pool.
    @routes.post("/tasks", status_code=202)
    def enqueue(task: Task):
        return {"id": enqueued.apply_async((task.row, task.due), queue=options.kind).id}

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            say(up=True)

    config = uvicorn.Config(routes, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)
    Server(config).run()
    return 0


def enqueue(options):
    eta, due = None, None
    if options.at is not None:
        eta = datetime.datetime.fromtimestamp(options.at / 1000, datetime.timezone.utc)
        due = options.at * 1000
    enqueued = TASKS[options.kind]
    # Celery has no bulk call; one producer spares the connection pool.
    with app.producer_or_acquire() as producer:
        for i in range(options.count):
            args = (i % 10_000, due or now())
            enqueued.apply_async(args, queue=options.kind, eta=eta, producer=producer)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    commands.add_parser("prepare").set_defaults(run=lambda _: 0)
    one = commands.add_parser("worker")
    one.add_argument("--concurrency", type=int, required=True)
    one.add_argument("--record")
    one.set_defaults(run=worker)
    two = commands.add_parser("api")
    two.add_argument("--port", type=int, required=True)
    two.set_defaults(run=api)
    three = commands.add_parser("enqueue")
    three.add_argument("--count", type=int, required=True)
    three.add_argument("--at", type=int)
    three.set_defaults(run=enqueue)
    for command in (one, two, three):
        command.add_argument("--kind", choices=list(KINDS), required=True)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
