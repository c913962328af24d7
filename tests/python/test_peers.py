"""The arithmetic of the comparison with the engine's peers (tests/peers): a wrong rate would compare nothing."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))

from driver import figures, proc, table  # noqa: E402
from driver.peer import Trouble  # noqa: E402

SECOND = 1_000_000


def test_a_rate_is_of_the_time_at_work_only():
    # Two seconds of starting, 100 a second, then a last look long after the end.
    samples = [(2 * SECOND, 30), (3 * SECOND, 130), (4 * SECOND, 230), (11 * SECOND, 300)]
    assert figures.rate([(0, 1), *samples], 300) == pytest.approx(100)


def test_a_backlog_that_is_gone_at_the_first_look_has_no_rate():
    with pytest.raises(Trouble):
        figures.rate([(SECOND, 300)], 300)


def test_workers_are_added_up_over_the_time_they_share():
    early = SimpleNamespace(samples=[(0, 0), (5 * SECOND, 500)])
    late = SimpleNamespace(samples=[(2 * SECOND, 1), (8 * SECOND, 301)])
    assert figures.together([early, late]) == pytest.approx(150)
    alone = SimpleNamespace(samples=[(6 * SECOND, 1), (7 * SECOND, 2)])
    with pytest.raises(Trouble):
        figures.together([early, alone])


@pytest.mark.parametrize(("part", "value"), [(0.5, 51), (0.99, 100), (1, 100), (0, 1)])
def test_percentiles_are_values_that_were_there(part, value):
    assert figures.percentile(list(range(100, 0, -1)), part) == value


def test_the_table_has_medians_and_ratios_to_ingot():
    results = {"tx per second": {"ingot": [300, 100, 200], "celery": [50]}}
    lines = table.markdown(results, ["ingot", "celery", "bare"]).splitlines()
    assert lines[2] == "| tx per second | 200 (100–300) | 50.0, × 4.00 | – |"


def test_a_process_costs_what_proc_says():
    import os

    spent = proc.cpu_seconds([os.getpid()])
    times = os.times()
    assert spent == pytest.approx(sum(times[:4]), abs=0.5)
    assert os.getpid() in proc.session(os.getsid(0))
    assert proc.memory_mib([os.getpid()]) > 1
    assert proc.parent(os.getpid()) == os.getppid()
