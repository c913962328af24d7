"""`ingot plan --scenario` and `ingot policy …`: without server and ledger, as AUTO-AMI says them."""

import json

import pytest

from cli import Cli

# The example at the end of AUTO-AMI 6.
EXAMPLE = {
    "now": "2026-11-27T12:00:00Z",
    "policy": {"daily_budget": 25},
    "templates": [
        {"name": "a", "region": "us-east-1", "build_minutes": 25, "cost": "8.50"},
        {"name": "b", "region": "us-east-1", "build_minutes": 40, "cost": 10},
    ],
    "requests": [
        {
            "id": "r1",
            "template": "a",
            "trigger": "security",
            "security_level": "critical",
            "requested_at": "2026-11-27T11:30:00Z",
        },
        {"id": "r2", "template": "b", "trigger": "popularity", "requested_at": "2026-11-27T11:00:00Z"},
        {
            "id": "r3",
            "template": "b",
            "trigger": "security",
            "security_level": "medium",
            "requested_at": "2026-11-27T11:00:00Z",
        },
    ],
}
POLICY = """auto_ami_policy:
  timezone: America/New_York
  build_window: "02:30-04:00"
  urgent_window: "sun 02:00-03:00, wed 22:00-02:00"
  daily_budget: 10.10
"""


@pytest.fixture
def cli(tmp_path):
    """Nothing runs, and there is no data directory."""
    return Cli(tmp_path, tmp_path / "nothing")


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


def test_the_example_of_the_document(cli, tmp_path):
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(EXAMPLE))
    plan = cli.json("plan", "--scenario", str(path))
    assert plan == cli.json("plan", "--scenario", "-", stdin=json.dumps(EXAMPLE, indent="\t"))
    common = {"trigger": "security", "late": False}
    assert plan == {
        "builds": [
            {
                **common,
                "id": "r1",
                "template": "a",
                "urgency": "critical",
                "priority": 100,
                "state": "start",
                "scheduled_for": "2026-11-27T12:00:00Z",
                "latest_start": "2026-11-27T15:05:00Z",
                "deadline": "2026-11-27T15:30:00Z",
                "budget_source": "urgent",
                "estimated_cost": "8.50",
                "window": None,
                "coalesced": [],
                "why": [],
            },
            {
                **common,
                "id": "r2",
                "template": "b",
                "urgency": "normal",
                "priority": 60,
                "state": "scheduled",
                "scheduled_for": "2026-11-28T02:00:00Z",
                "latest_start": "2026-12-04T10:20:00Z",
                "deadline": "2026-12-04T11:00:00Z",
                "budget_source": "daily",
                "estimated_cost": "10.00",
                "window": "build",
                "coalesced": ["r3"],
                "why": [{"on": "window", "until": "2026-11-28T02:00:00Z"}],
            },
        ]
    }


def test_people_read_what_each_waits_for(cli):
    scenario = {
        **EXAMPLE,
        "spent": {"daily": 20, "monthly": 20, "urgent": 99},
        "running": [{"region": "us-east-1", "until": "2026-11-28T05:00:00Z"}] * 2,
    }
    lines = cli("plan", "--scenario", "-", stdin=json.dumps(scenario)).stdout.splitlines()
    assert lines[0].split() == "ID TEMPLATE TRIGGER URGENCY STATE START PURSE COST WHY".split()
    assert "places are held by a running build, a running build until 2026-11-28T05:00:00Z" in lines[1]
    assert "late: the latest start is 2026-11-27T15:05:00Z" in lines[1]
    assert "daily_budget lacks" in lines[2] or "with r3" in lines[2]
    empty = {**EXAMPLE, "requests": []}
    assert cli("plan", "--scenario", "-", stdin=json.dumps(empty)).stdout == "nothing waits\n"


def test_what_is_wrong_is_3_with_every_place(cli, tmp_path):
    path = tmp_path / "scenario.yaml"
    path.write_text("now: noon\ntemplates: []\nrequests: []\npolicy: {daily_budget: -1}\n")
    said = cli("plan", "--scenario", str(path), code=3)
    assert "scenario.yaml has 2 mistakes" in said.stderr and not said.stdout
    assert "scenario.yaml:1:6: now: `noon`" in said.stderr
    assert "scenario.yaml:4:24: policy.daily_budget: `-1`: an amount is never negative" in said.stderr
    run = cli("plan", "--scenario", str(path), "--json", code=3)
    told = json.loads(run.stdout)
    assert not told["ok"] and [one["field"] for one in told["problems"]] == ["now", "policy.daily_budget"]
    assert json.loads(run.stderr)["exit_code"] == 3
    assert "cannot reach the API" in cli("plan", code=5).stderr, "without a scenario the ledger's queue is planned"


def test_a_policy_has_a_normal_form(cli, policy):
    run = cli("policy", "check", str(policy), "--json")
    form = json.loads(run.stdout)["auto_ami_policy"]
    assert form["build_window"] == [
        {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "02:30", "end": "04:00"}
    ]
    assert form["urgent_window"][1] == {"days": ["wed"], "start": "22:00", "end": "02:00"}
    money = [form[f"{name}_budget"] for name in ("daily", "monthly", "emergency")]
    assert money == ["10.10", "202.00", "40.40"]
    assert form["security_updates"]["critical_window"] == 14_400
    assert form["notify_lead"] == 1_800
    # A Sunday in spring swallows the first item of the urgent window.
    assert "policy.yaml:4:18: warning: auto_ami_policy.urgent_window: `sun 02:00-03:00`" in run.stderr
    assert "build window" in cli("policy", "check", str(policy)).stdout
    assert cli("policy", "check", "-", stdin=POLICY.replace("daily_budget", "dayly_budget"), code=3)


def test_windows_open_at_a_gaps_end(cli, policy):
    words = ["--from", "2026-03-08T00:00:00Z", "--to", "2026-03-09T00:00:00Z"]
    assert cli.json("policy", "windows", str(policy), *words) == [
        {
            "window": "build",
            "opens": "2026-03-08T07:00:00Z",
            "closes": "2026-03-08T08:00:00Z",
            "opens_local": "2026-03-08T03:00:00-04:00",
            "closes_local": "2026-03-08T04:00:00-04:00",
        }
    ]
    # A week from now on without either.
    assert len(cli.json("policy", "windows", str(policy))) >= 8
    assert "is not after" in cli("policy", "windows", str(policy), *words[:2], "--to", words[1], code=2).stderr


def test_cron_fires(cli):
    words = ["--zone", "America/New_York", "--from", "2026-10-31T12:00:00Z", "--count", "2"]
    assert cli.json("policy", "fires", "30 1 * * *", *words) == ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
    assert len(cli.json("policy", "fires", "weekly", "--zone", "UTC")) == 5
    assert "never fires" in cli("policy", "fires", "0 0 30 2 *", "--zone", "UTC", code=2).stderr
    assert "no such time zone" in cli("policy", "fires", "weekly", "--zone", "Mars", code=2).stderr
