"""The figures: each takes a stage of one peer and answers named numbers."""

import json
import time

from .peer import RELEASE, Trouble

# What `--quick` shrinks, to see that everything works.
SIZES = {"tx": 10_000, "noop": 20_000, "burst": 5_000, "idle": 300, "http": 10, "one": 2_000, "four": 8_000, "hold": 50, "memory": 5_000, "rest": 60}
QUICK = {"tx": 1_000, "noop": 4_000, "burst": 200, "idle": 30, "http": 2, "one": 800, "four": 3_200, "hold": 10, "memory": 500, "rest": 5}


def rate(samples, count):
    """Tasks a second between the first and the last look at a worker that was fully at work: it had done a tenth, and
    something was left. Start and end, and how often one looks, are not in it."""
    inner = [sample for sample in samples if count / 10 <= sample[1] < count]
    if len(inner) < 3:
        inner = samples
    if len(inner) < 2:
        raise Trouble(f"{count} tasks are done too soon to be measured")
    (began, first), (ended, last) = inner[0], inner[-1]
    return (last - first) / (ended - began) * 1e6


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def drain(stage, kind, count):
    """Fills the backlog, then lets one worker empty it."""
    stage.enqueue(kind, count)
    worker = stage.worker(kind)
    worker.wait_up()
    cpu = stage.cpu(worker)
    held = 0
    for part in (count / 3, count * 2 / 3, count):
        worker.wait(f"{count} {kind}", 300, lambda: worker.done >= part)
        cost = stage.cpu(worker) - cpu
        held = max(held, worker.memory())
    return worker, cost, held


def tx(stage, sizes):
    count = sizes["tx"]
    worker, cpu, held = drain(stage, "tx", count)
    events = stage.postgres.events(stage.database)
    if events != count:
        raise Trouble(f"{count} tasks made {events} events")
    return {
        "tx per second": rate(worker.samples, count),
        "CPU seconds per 1,000 tx": cpu / count * 1000,
        "worker RSS at load, MiB": held,
    }


def bare(stage, sizes):
    """No queue at all; the driver's own row of the table."""
    told = stage.run("--connections", 32, "--count", sizes["tx"], command=RELEASE / "peer-bare")
    return {"tx per second": json.loads(told)["rate"]}


def noop(stage, sizes):
    worker, _, _ = drain(stage, "noop", sizes["noop"])
    return {"noop per second": rate(worker.samples, sizes["noop"])}


def http(stage, sizes):
    api, port = stage.api("noop")
    stage.load(api, port, "--connections", 4, "--seconds", 1)
    told = stage.load(api, port, "--connections", 32, "--seconds", sizes["http"])
    if told["errors"]:
        raise Trouble(f"{told['errors']} of {told['requests']} requests failed{api.complaint()}")
    return {
        "HTTP enqueue per second": told["rate"],
        "HTTP enqueue p50, ms": told["p50_us"] / 1000,
        "HTTP enqueue p99, ms": told["p99_us"] / 1000,
    }


def recorded(stage, worker, path, count, seconds):
    """Waits for so many starts."""
    until = time.monotonic() + seconds
    while len(found := stage.starts(path)) < count:
        if time.monotonic() > until or worker.process.poll() is not None:
            raise Trouble(f"{len(found)} of {count} starts within {seconds} s{worker.complaint()}")
        time.sleep(0.1)
    return found


def idle(stage, sizes):
    record = stage.folder / f"{stage.peer.name}-idle.starts"
    record.unlink(missing_ok=True)
    worker = stage.worker("noop", record=record)
    worker.wait_up()
    api, port = stage.api("noop")
    warm = 10
    told = stage.load(api, port, "--count", sizes["idle"] + warm)
    if told["errors"]:
        raise Trouble(f"{told['errors']} requests failed{api.complaint()}")
    found = recorded(stage, worker, record, sizes["idle"] + warm, 60)
    took = [(start - due) / 1000 for start, due, _ in sorted(found, key=lambda one: one[1])[warm:]]
    return {"enqueue to start p50, ms": percentile(took, 0.5), "enqueue to start p99, ms": percentile(took, 0.99)}


def burst(stage, sizes):
    record = stage.folder / f"{stage.peer.name}-burst.starts"
    record.unlink(missing_ok=True)
    worker = stage.worker("noop", record=record)
    worker.wait_up()
    # A whole second, because some know nothing finer; far enough for the slowest enqueuer.
    at = (int(time.time()) + 15) * 1000
    stage.enqueue("noop", sizes["burst"], at)
    if time.time() * 1000 > at - 1000:
        raise Trouble("it took too long to enqueue")
    found = recorded(stage, worker, record, sizes["burst"], 90)
    late = [(start - due) / 1e6 for start, due, _ in found]
    return {"late at one instant p50, s": percentile(late, 0.5), "late at one instant p99, s": percentile(late, 0.99)}


def together(workers):
    """Tasks a second of several workers while all of them were at work."""
    began = max(one.samples[0][0] for one in workers)
    ended = min(one.samples[-1][0] for one in workers)
    if ended - began < 500_000:
        raise Trouble("the workers were not at work together for half a second")

    def done(one, at):
        (t0, n0), (t1, n1) = next(pair for pair in zip(one.samples, one.samples[1:]) if pair[0][0] <= at <= pair[1][0])
        return n0 + (n1 - n0) * (at - t0) / (t1 - t0)

    return sum(done(one, ended) - done(one, began) for one in workers) / (ended - began) * 1e6


def _waiting(stage, count, how_many):
    stage.enqueue("wait20", count)
    workers = [stage.worker("wait20", concurrency=8) for _ in range(how_many)]
    for one in workers:
        one.wait_up()
    until = time.monotonic() + 120
    while sum(one.done for one in workers) < count:
        if time.monotonic() > until:
            raise Trouble(f"{sum(one.done for one in workers)} of {count} done in 120 s{workers[0].complaint()}")
        time.sleep(0.05)
    for one in workers:
        one.stop()
    return together(workers)


def scale(stage, sizes):
    one = _waiting(stage, sizes["one"], 1)
    four = _waiting(stage, sizes["four"], 4)
    return {"1 worker of 8, waits per second": one, "4 workers of 8, waits per second": four, "4 workers against 1": four / one}


def recovery(stage, sizes, longest=640):
    count = sizes["hold"]
    paths = [stage.folder / f"{stage.peer.name}-{name}.starts" for name in ("killed", "heir")]
    for path in paths:
        path.unlink(missing_ok=True)
    killed = stage.worker("hold", concurrency=count, record=paths[0])
    killed.wait_up()
    stage.enqueue("hold", count)
    recorded(stage, killed, paths[0], count, 60)
    heir = stage.worker("hold", concurrency=count, record=paths[1])
    heir.wait_up()
    began = time.time_ns() // 1000
    killed.kill()
    until = time.monotonic() + longest
    while True:
        # Per task its first start at the heir: some peers start one twice.
        again = {row: start for start, _, row in reversed(stage.starts(paths[1]))}
        if len(again) == count:
            return {"kill -9: all running again, s": (max(again.values()) - began) / 1e6}
        if time.monotonic() > until:
            raise Trouble(f"{len(again)} of {count} within {longest} s")
        time.sleep(0.5)


def memory(stage, sizes):
    """Redis after so many finished tasks, and a minute for whatever sweeps; what the first ones leave for good (scripts, the
    table of keys) is no task's."""
    count, first = sizes["memory"], sizes["memory"] // 10
    worker = stage.worker("noop")
    worker.wait_up()
    settled = []
    for more in (first, count):
        done = worker.done
        stage.enqueue("noop", more)
        worker.wait(f"{more} noop", 120, lambda: worker.done >= done + more)
        time.sleep(sizes["rest"])
        settled.append(stage.redis.used_memory())
    return {"Redis bytes per finished task": (settled[1] - settled[0]) / count}


FIGURES = {
    "tx": tx,
    "noop": noop,
    "http": http,
    "idle": idle,
    "burst": burst,
    "scale": scale,
    "redis": memory,
    "recovery": recovery,
}
# It takes eleven minutes for each peer that never runs a killed task again.
LONG = {"recovery"}
