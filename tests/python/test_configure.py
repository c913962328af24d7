"""How builds are configured and what a policy would have done: over HTTP, on the command line and in the console."""

import pytest
from cli import Cli

from ingot_up import problem, template
from region import wait_until

AUTO_AMI = ("templates", "auto-ami")


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


def says(cli):
    return {line["key"]: line["text"] for line in cli.json("policy", "show")["says"]}


def test_configure_shows_and_changes_only_what_is_said(cli):
    shown = cli(*AUTO_AMI, "configure").stdout
    assert shown.startswith("Auto-AMI Configuration (") and "Popularity threshold: 5 launches" in shown
    changed = cli(*AUTO_AMI, "configure", "--daily-budget", "40", "--critical-window", "2 hours", "--reason", "more users")
    assert "daily_budget" in changed.stdout and "40.00" in changed.stdout
    after = says(cli)
    assert (after["daily_budget"], after["monthly_budget"]) == ("40.00 USD", "800.00 USD"), "what follows follows"
    assert after["security_updates.critical_window"] == "2 hours" and after["build_window"] == "02:00-06:00"
    cli(*AUTO_AMI, "configure", "--set", "notify_before_rebuild=true", "--set", "notify_lead=45 minutes")
    after = says(cli)
    assert (after["daily_budget"], after["notify_lead"]) == ("40.00 USD", "45 minutes")
    assert "Announce rebuilds 45 minutes before" in cli(*AUTO_AMI, "preferences").stdout
    (newest, older, *_) = cli.json("policy", "list")["items"]
    assert older["created_reason"] == "more users"
    diff = cli("policy", "diff", str(older["revision"]), str(newest["revision"])).stdout
    assert "notify_lead" in diff and "daily_budget" not in diff
    cli("policy", "diff", "1", "2", "--to", "3", code=2)
    same = cli(*AUTO_AMI, "configure", "--daily-budget", "40", "--set", "notify_lead=45 minutes", "--reason", "again").stdout
    assert "Nothing changes" in same and cli.json("policy", "show")["revision"] == newest["revision"]


@pytest.mark.parametrize(
    ("words", "says_so"),
    [
        (["--daily-budget=-1"], "daily_budget"),
        (["--popularity-threshold", "0"], "popularity_threshold"),
        (["--off-peak-window", "25:00-26:00"], "build_window"),
        (["--timezone", "Mars/Base"], "timezone"),
        (["--set", "prefer_off_peak=no"], "prefer_off_peak"),
        (["--set", "region_priority=us-east-1"], "region_priority"),
        (["--set", "dayly_budget=1"], "dayly_budget"),
    ],
)
def test_what_a_file_may_not_say_configure_may_not_either(cli, words, says_so):
    before = cli.json("policy", "show")["revision"]
    assert says_so in cli(*AUTO_AMI, "configure", *words, code=3).stderr
    assert cli.json("policy", "show")["revision"] == before


def test_configure_refuses_what_contradicts_itself(ingot, cli):
    for words in (["--daily-budget", "1", "--set", "daily_budget=2"], ["--reason", "x"], ["--set", "daily_budget"]):
        cli(*AUTO_AMI, "configure", *words, code=2)
    problem(ingot.call("PATCH", "/v1/policy", {"changes": {}}), 422, "changes")
    stale = {"changes": {"daily_budget": "1"}, "expected_revision": 0}
    problem(ingot.call("PATCH", "/v1/policy", stale), 409, says="ingot policy diff")
    assert ingot.call("PATCH", "/v1/policy", {"chnages": {}}).status == 400


def test_a_template_has_a_threshold_of_its_own_until_it_is_taken_back(ingot, cli):
    ingot.apply(template("loved"))
    one = cli.json(*AUTO_AMI, "enable", "loved", "--popularity-threshold", "3", "--reason", "a course")
    assert one["enabled"] and one["popularity_threshold"] == 3
    story = ingot.get("/v1/templates/loved/events")["items"]
    assert [line["kind"] for line in story] == ["template.popularity_threshold"]
    assert "3 launches" in story[0]["message"] and "a course" in story[0]["message"]
    # Switching says nothing about it.
    assert cli.json(*AUTO_AMI, "enable", "loved")["popularity_threshold"] == 3
    assert "popularity_threshold" not in cli.json(*AUTO_AMI, "enable", "loved", "--popularity-threshold", "0")
    assert len(ingot.get("/v1/templates/loved/events")["items"]) == 2
    # Off and on is told once each, with who and why.
    for words in (["disable", "loved", "--reason", "a pause"], ["enable", "loved", "--reason", "it is over"]):
        for _ in range(2):
            cli(*AUTO_AMI, *words)
    off, on = ingot.get("/v1/templates/loved/events", after=2)["items"]
    assert (off["kind"], on["kind"]) == ("template.builds_off", "template.builds_on")
    assert "a pause" in off["message"] and "it is over" in on["message"]
    said = cli("templates", "logs", "loved", "--after", "2").stdout
    assert "a pause" in said and "a course" not in said
    enable = "/v1/templates/loved/auto-ami/enable"
    problem(ingot.call("POST", enable, {"reason": "x", "popularity_threshold": 1_000_001}), 422, "popularity_threshold")
    problem(ingot.call("GET", "/v1/templates/nothing/events"), 404)


def test_the_console_configures_too(ingot):
    page = ingot.call("GET", "/auto-ami", headers={"Accept": "text/html"}).text
    assert 'action="/auto-ami/configure"' in page and 'name="security_updates.critical_window"' in page
    assert "/policy/simulation" in ingot.call("GET", "/policy", headers={"Accept": "text/html"}).text
    shown = ingot.call("GET", "/policy/simulation?days=7&revision=", headers={"Accept": "text/html"})
    assert shown.status == 200 and "What would have been built" in shown.text


def test_a_policy_is_played_over_days_that_were(ingot, cli, tmp_path):
    """A build that a person asked for is played by a revision, by the defaults and by a file, and nothing is stored."""
    ingot.apply(template("played"))
    words = [*AUTO_AMI, "build", "played", "--version", "1.0.0", "--region", "us-east-1"]
    cli.json(*words, "--reason", "for the play", "--wait", "--timeout", "3m")
    revisions = cli.json("policy", "list")["items"]
    file = tmp_path / "policy.yaml"
    file.write_text("auto_ami_policy:\n  daily_budget: 0\n")

    def mine(simulation, where="builds"):
        return [one for one in simulation[where] if one["template"] == "played"]

    def played():
        return mine(cli.json("policy", "simulate", "0", "--days", "2"))

    wait_until(played, "the request lies before now")
    (one,) = played()
    assert (one["trigger"], one["reason"], one["state"]) == ("manual", "for the play", "completed")
    assert one["started_at"] == one["requested_at"] and float(one["cost"]) <= float(one["reserved_cost"])
    without = cli.json("policy", "simulate", str(file), "--days", "2")
    assert not mine(without) and without["policy_revision"] is None and without["cost"] == "0.00"
    (left,) = mine(without, "waiting")
    assert left["state"] == "blocked" and "budget lacks" in left["why"][0]["said"]
    screen = cli("policy", "simulate", str(file), "--days", "2").stdout
    assert "Still waiting:" in screen and "0 builds, 0.00 USD" in screen
    assert cli.json("policy", "list")["items"] == revisions, "nothing is stored"


def test_what_cannot_be_played_is_named(ingot, cli, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("auto_ami_policy:\n  daily_budget: -1\n")
    refused = cli("policy", "simulate", str(bad), code=3).stderr
    assert "bad.yaml:2:" in refused and "-1" in refused
    cli("policy", "simulate", "--days", "0", code=2)
    cli("policy", "simulate", "--days", "367", code=2)
    for days in ("0", "367", "x"):
        ingot.get("/v1/policy/simulation", 400, days=days)
    ingot.get("/v1/policy/simulation", 404, revision=4711)
    answer = ingot.call("POST", "/v1/policy/simulation", "auto_ami_policy: {daily: 1}", {"Content-Type": "application/yaml"})
    assert answer.status == 422, answer.text
