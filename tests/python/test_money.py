"""Policies, budgets and prices as people and programs meet them: over HTTP and on the command line."""

import json

import pytest
from cli import Cli

UNIVERSITY = """auto_ami_policy:
  # Semester preparation
  seasonal_precompilation:
    enabled: true
    schedule: "2 weeks before semester start"
    templates: ["python-basic", "r-stats", "java-dev", "data-science"]

  # Security update policy
  security_updates:
    critical_window: "1 hour"     # Rebuild critical updates within 1 hour
    high_window: "6 hours"        # High priority updates within 6 hours
    medium_window: "24 hours"     # Medium updates daily

    # Notification preferences
    notify_instructors: true      # Alert course instructors
    notify_students: false        # Don't alarm students

  # Budget controls
  daily_budget: 100.00           # Higher budget during semester prep
  emergency_budget: 250.00       # For critical security updates

  # Timing optimization
  build_window: "01:00-05:00"    # Build during minimal usage
  semester_prep_window: "summer" # Heavy building during summer break
"""
LAB = """# Auto-AMI policy for research lab
auto_ami_policy:
  # Research-focused settings
  popularity_threshold: 3        # Lower threshold for research templates

  # Security prioritization
  security_updates:
    critical_window: "immediate"  # Zero tolerance for critical vulnerabilities
    high_window: "2 hours"       # Fast response for research security

  # Cost optimization for grant funding
  budget_tracking: true         # Track compilation costs against grants
  prefer_off_peak: true         # Minimize costs during off-peak hours

  # Research continuity
  preserve_running_instances: true  # Don't force restart running research
  notify_before_rebuild: true       # Warn researchers about updates
"""


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


@pytest.fixture
def policy(tmp_path):
    def written(text):
        path = tmp_path / "policy.yaml"
        path.write_text(text)
        return str(path)

    return written


def says(cli, *words):
    return {line["key"]: line["text"] for line in cli.json("policy", "show", *words)["says"]}


def test_the_policies_of_the_document_are_imported_shown_and_gone_back_to(cli, policy):
    first = cli("policy", "import", policy(UNIVERSITY), "--reason", "new semester")
    assert "revision 1 is in force, in place of the defaults" in first.stdout
    assert "no semester is to come, so the campaign sleeps" in first.stderr, "imported with its warning"
    university = says(cli)
    assert university["build_window"] == university["urgent_window"] == "01:00-05:00"
    assert university["security_updates.critical_window"] == "1 hour"
    assert university["security_updates.medium_window"] == "1 day"
    assert university["security_updates.low_window"] == "30 days"
    assert university["daily_budget"] == "100.00 USD" and university["monthly_budget"] == "2000.00 USD"
    assert university["emergency_budget"] == "250.00 USD"
    assert university["seasonal_precompilation.schedule"] == "2 weeks before semester start"
    assert university["semester_prep_window"] == "summer"
    again = cli("policy", "import", policy(UNIVERSITY))
    assert "revision 1 was in force already" in again.stdout
    assert "critical_window" in cli("policy", "diff", policy(LAB)).stdout
    cli("policy", "import", policy(LAB), "--expect", "1")
    lab = says(cli)
    assert lab["security_updates.critical_window"] == "immediate" and lab["prefer_off_peak"] == "true"
    assert lab["popularity_threshold"] == "3" and lab["daily_budget"] == "25.00 USD"
    late = cli("policy", "import", policy(UNIVERSITY + "  max_parallel_builds: 1\n"), "--expect", "1", code=3)
    assert "revision 2 of the policy is in force by now, not 1" in late.stderr
    changes = {one["key"]: (one["before"], one["after"]) for one in cli.json("policy", "diff")["changes"]}
    assert changes["security_updates.critical_window"] == ("1 hour", "immediate")
    assert changes["seasonal_precompilation.enabled"] == ("true", "-")
    assert "revision 1" in cli("policy", "activate", "1", "--reason", "too eager").stdout
    assert says(cli) == university and says(cli, "--revision", "2") == lab
    assert cli("policy", "show", "--yaml").stdout.strip() == UNIVERSITY.strip()
    revisions = cli.json("policy", "list")["items"]
    assert [(one["revision"], one["active"]) for one in revisions] == [(2, False), (1, True)]
    assert revisions[1]["created_reason"] == "new semester"
    assert "there is no revision 9" in cli("policy", "activate", "9", "--reason", "x", code=4).stderr


def test_what_is_refused_leaves_the_policy_in_force(ingot, cli, policy):
    before = cli.json("policy", "show")
    bad = policy("auto_ami_policy:\n  daily_budget: -1\n  build_window: 25:00-26:00\n  nonsense: 1\n")
    refused = cli("policy", "import", bad, code=3).stderr
    assert "policy.yaml:2:" in refused and "policy.yaml:3:" in refused and "policy.yaml:4:" in refused
    yaml = {"Content-Type": "application/yaml"}
    call = ingot.call("POST", "/v1/policy", "auto_ami_policy: {daily_budget: NaN}", headers=yaml)
    assert call.status == 422 and "US dollars" in call.text, call.text
    assert cli.json("policy", "show") == before


def test_budgets_are_shown_and_one_is_allowed_more(ingot, cli):
    shown = cli.json("budget", "show")
    assert [one["budget"] for one in shown["budgets"]] == ["daily", "monthly", "urgent"]
    day = shown["budgets"][0]
    assert day["spent"] == day["reserved"] == "0.00" and day["left"] == day["limit"]
    assert day["ends"] > shown["at"] >= day["starts"]
    said = cli("budget", "allow", "12.50", "--reason", "exam week").stdout
    assert "daily" in said
    more = {"budget": "daily", "amount": "0.5", "reason": "twice"}
    for _ in range(2):
        answer = ingot.call("POST", "/v1/budget/allow", more, headers={"Idempotency-Key": "once"})
        assert answer.status == 200, answer.text
    after = cli.json("budget", "show")["budgets"][0]
    assert float(after["limit"]) == float(day["policy_limit"]) + 13 and after["allowed"] == "13.00"
    (period,) = cli.json("budget", "history", "--budget", "daily")["items"]
    assert {(one["kind"], one["amount"], one["decided_reason"]) for one in period["entries"]} == {
        ("allowance", "12.50", "exam week"),
        ("allowance", "0.50", "twice"),
    }
    for field, value, word in [
        ("amount", "0", "more than nothing"),
        ("amount", "-1", "negative"),
        ("amount", "1.0000001", "six"),
        ("budget", "weekly", "choose one of"),
        ("reason", " ", "say why"),
    ]:
        answer = ingot.call("POST", "/v1/budget/allow", {**more, field: value})
        assert answer.status == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["field"] == field and word in error["message"], error


def test_prices_are_shown_and_loaded_and_a_type_without_one_says_how(cli, tmp_path):
    (one,) = cli.json("prices", "show", "c5.large")["items"]
    assert one["usd_per_hour"] == "0.085" and not one["assumed"] and one["as_of"] == "2026-07-20"
    (one,) = cli.json("prices", "show", "c5.large", "--region", "eu-north-1")["items"]
    assert one["usd_per_hour"] == "0.1275" and one["assumed"]
    assert "ingot prices load FILE" in cli("prices", "show", "x99.large", code=4).stderr
    file = tmp_path / "prices.csv"
    file.write_text("region,instance_type,usd_per_hour\nus-east-1,x99.large,1.5\neu-north-1,c5.large,0.1\n")
    assert "2 prices loaded" in cli("prices", "load", str(file), "--as-of", "2026-11-01").stdout
    (one,) = cli.json("prices", "show", "c5.large", "--region", "eu-north-1")["items"]
    assert one["usd_per_hour"] == "0.10" and one["source"] == "prices.csv" and not one["assumed"]
    assert len(cli.json("prices", "show")["items"]) == 1368
    file.write_text(
        "region,instance_type,usd_per_hour,os\neu-north-1,c5.large,0.12,linux\neu-north-1,c5.large,0.14,rhel\n"
    )
    assert "2 prices loaded: 1 new, 1 changed" in cli("prices", "load", str(file), "--as-of", "2026-11-02").stdout
    told = cli("prices", "history").stdout
    assert "c5.large with Linux in eu-north-1 costs 0.12 USD an hour, before 0.10 (prices.csv of 2026-11-02" in told
    assert "new are c5.large with RHEL in eu-north-1" in told, told
    (one,) = cli.json("prices", "show", "c5.large", "--region", "eu-north-1", "--os", "rhel")["items"]
    assert one["usd_per_hour"] == "0.14" and one["os"] == "rhel" and not one["assumed"]
    (one,) = cli.json("prices", "show", "m5.large", "--os", "windows")["items"]
    assert one["usd_per_hour"] == "0.188" and one["assumed"] and "surcharge of Windows" in one["source"]
    assert "`m5.large` with SUSE" in cli("prices", "show", "m5.large", "--os", "suse", code=4).stderr
    file.write_text("region,instance_type,usd_per_hour\nus-east-1,x99,1\nmoon-1,c5.large,0\n")
    wrong = json.loads(cli("prices", "load", str(file), "--as-of", "2026-13-01", "--json", code=3).stderr)
    told = json.dumps(wrong)
    for word in ("as_of", "prices[0].instance_type", "prices[1].region", "prices[1].usd_per_hour"):
        assert word in told, told
    file.write_text("type,price\n")
    assert "first line" in cli("prices", "load", str(file), "--as-of", "2026-11-01", code=3).stderr
