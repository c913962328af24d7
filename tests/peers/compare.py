#!/usr/bin/env python3
"""Measures Ingot's engine and its peers side by side and prints a table.

Rounds are interleaved: each peer in turn, each on an empty database and an empty Redis, the order turning from round
to round, so that what else the machine does falls on all of them. README.md says what each figure means.
"""

import argparse
import json
import pathlib
import signal
import sys
import tempfile
import time

from driver import figures, servers, table
from driver.peer import PEERS, Peer, Stage, Trouble

# Its default.
SUBJECT_CONCURRENCY = 64


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words = lambda text: [word for word in text.split(",") if word]
    usual = [name for name in figures.FIGURES if name not in figures.LONG]
    parser.add_argument("--figures", type=words, default=usual, help=f"of {','.join(figures.FIGURES)}; default without recovery")
    parser.add_argument("--peers", type=words, default=list(PEERS), help=f"of {','.join(PEERS)}")
    parser.add_argument("--ingot", type=pathlib.Path, help="the command that speaks the protocol for Ingot")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--recovery", action="store_true", help="also kill a worker that holds 50 tasks; 11 minutes for some")
    parser.add_argument("--concurrency", type=words, default=[], help="tasks at a time, as PEER=N,…")
    parser.add_argument("--quick", action="store_true", help="small counts: shows that it works, measures nothing")
    parser.add_argument("--json", type=pathlib.Path, help="write every number there")
    options = parser.parse_args()
    if options.recovery and "recovery" not in options.figures:
        options.figures.append("recovery")
    for name in options.figures:
        if name not in figures.FIGURES:
            parser.error(f"no figure `{name}`")
    for name in options.peers:
        if name not in PEERS:
            parser.error(f"no peer `{name}`")
    return options


def chosen(options):
    peers = {name: PEERS[name] for name in options.peers}
    if options.ingot:
        peers = {table.SUBJECT: Peer(table.SUBJECT, options.ingot.resolve(), SUBJECT_CONCURRENCY)} | peers
    for pair in options.concurrency:
        name, _, number = pair.partition("=")
        peers[name] = peers[name]._replace(concurrency=int(number))
    return list(peers.values())


def turned(items, by):
    by %= len(items)
    return items[by:] + items[:by]


class Run:
    def __init__(self, options, postgres, redis, folder):
        self.options, self.postgres, self.redis, self.folder = options, postgres, redis, folder
        self.sizes = figures.QUICK if options.quick else figures.SIZES
        self.results, self.troubles = {}, []

    def one(self, name, measure, peer, number):
        began = time.monotonic()
        try:
            with Stage(peer, self.postgres, self.redis, self.folder) as stage:
                told = measure(stage, self.sizes)
        except Trouble as trouble:
            self.troubles.append(f"{name}, {peer.name}, round {number}: {trouble}")
            told = {}
        for what, value in told.items():
            self.results.setdefault(what, {}).setdefault(peer.name, []).append(value)
        shown = ", ".join(f"{what} {table.number(value)}" for what, value in told.items())
        print(f"{number} {name} {peer.name} ({time.monotonic() - began:.0f} s): {shown or self.troubles[-1]}", file=sys.stderr, flush=True)

    def all(self, peers):
        for number in range(1, self.options.rounds + 1):
            for name in self.options.figures:
                # What is slow and hardly varies is measured once.
                if name in figures.LONG and number > 1:
                    continue
                for peer in turned(peers, number - 1):
                    self.one(name, figures.FIGURES[name], peer, number)
                if name == "tx":
                    self.one(name, figures.bare, Peer("bare", "true", 32), number)


def main():
    options = arguments()
    peers = chosen(options)
    # So that whatever was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    with tempfile.TemporaryDirectory(prefix="ingot-peers.") as folder:
        postgres = servers.Postgres()
        redis = servers.Redis()
        try:
            run = Run(options, postgres, redis, pathlib.Path(folder))
            machine = table.machine(postgres)
            run.all(peers)
        finally:
            redis.stop()
            postgres.stop()
    print(table.markdown(run.results, [peer.name for peer in peers] + ["bare"] * ("tx" in options.figures)))
    print(f"\nMedians of {options.rounds} interleaved rounds (least–most); × is Ingot's number over the peer's.")
    for what, facts in machine.items():
        told = ", ".join(f"{name} {value}" for name, value in facts.items()) if isinstance(facts, dict) else facts
        print(f"- {what}: {told}")
    for trouble in run.troubles:
        print(f"- left out: {trouble}")
    if options.json:
        told = {"machine": machine, "rounds": options.rounds, "results": run.results, "troubles": run.troubles}
        options.json.write_text(json.dumps(told, indent=2) + "\n")
    return 1 if run.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
