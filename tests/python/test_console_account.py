"""What the console shows of a shared account, in a real browser: waits, the verdict of a check, whose an image is."""

import re

import pytest
from playwright.sync_api import expect

from chromium import PATIENCE, browser, console, path_of, visitor  # noqa: F401 (fixtures)
from ingot_up import Up
from region import capture, client, wait_until
from test_sim_iam import STATEMENTS, document

QUOTA = {
    "action": "RunInstances",
    "kind": "error",
    "code": "VcpuLimitExceeded",
    "message": "You have requested more vCPU capacity than your current vCPU limit of 32 allows",
}


@pytest.fixture(scope="module")
def ingot(tmp_path_factory):
    """Slower than usual: four hours of waiting for a quota are four minutes, and a browser has time to look."""
    up = Up(tmp_path_factory.mktemp("account"), pace="60")
    yield up
    up.stop()


def facts(console, ami):
    """The facts on an image's page."""
    console.open(f"/images/{ami}")
    return {
        fact.locator("dt").inner_text(): fact.locator("dd").inner_text()
        for fact in console.page.locator("dl > div").all()
    }


def test_what_a_deployment_waits_for_is_shown_and_goes_without_a_reload(console, ingot):
    page = console.page
    ingot.control("POST", "faults", {**QUOTA, "times": 0})
    made = ingot.create(job_name="over the quota", version="v5.0.0")["id"]
    ingot.reaches(made, "waits for the quota", lambda d: d["waiting"] and d["waiting"]["refused"])
    console.open("/?version=v5.0.0")
    row = page.get_by_role("row").filter(has_text="over the quota")
    expect(row).to_contain_text("quota")
    row.get_by_role("link").first.click()
    assert path_of(page) == f"/deployments/{made}"
    page.evaluate("window.sameDocument = true")
    waits = page.locator("#waits")
    # Between two visits the page may be looked at just when nothing waits; it refreshes by itself.
    expect(waits).to_contain_text("Waits:", timeout=PATIENCE)
    expect(waits).to_contain_text("VcpuLimitExceeded")
    clock = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    expect(waits).to_have_text(re.compile(f"since {clock}, until {clock} at most"))
    expect(waits).to_contain_text("What to do:")
    ingot.control("DELETE", "faults")
    expect(page.locator("#waits")).not_to_contain_text("VcpuLimitExceeded", timeout=PATIENCE)
    ingot.act(made, "cancel")
    ingot.reaches(made, "has cleared its instance", lambda d: d["finished"] and not d["instance_id"])
    expect(page.locator("#waits")).to_have_count(0, timeout=PATIENCE)
    expect(page.locator("#live-state")).to_have_text("everything is finished", timeout=PATIENCE)
    assert page.evaluate("window.sameDocument") is True


def test_the_verdict_of_a_check_with_its_age_denied_calls_first(console, ingot):
    page = console.page
    console.open("/aws")
    expect(page.get_by_text("No account has been checked yet.")).to_be_visible()
    allowed = [statement for name, statement in STATEMENTS.items() if name != "pass role"]
    ingot.control("POST", "iam", {"access_key": "*", "policy": document(*allowed)})
    try:
        asked = ingot.call("POST", "/v1/aws/checks", {"region": "us-east-1"})
        assert asked.status == 202, asked
        path = f"/v1/aws/checks/{asked.json()['id']}"
        wait_until(lambda: ingot.get(path)["state"] in ("done", "failed"), "the check ends", 60)
    finally:
        ingot.control("POST", "iam", {"access_key": "*", "policy": None})
    told = ingot.get(path)
    page.reload()
    section = page.locator("main section").first
    expect(section.get_by_role("heading")).to_contain_text("us-east-1")
    expect(section).to_contain_text(re.compile(r"Checked .* ago\."))
    rows = section.get_by_role("table", name="Permissions, denied ones first").locator("tbody tr")
    shown = [tuple(row.locator("th, td").nth(n).inner_text() for n in (0, 1)) for row in rows.all()]
    words = [verdict for _, verdict in shown]
    assert "denied" in words and words == sorted(words, key=lambda word: word != "denied"), words
    denied = {name for name, verdict in shown if verdict == "denied"}
    assert denied == {p["action"] for p in told["permissions"] if p["verdict"] == "denied"}
    assert "iam:PassRole" in denied, denied
    expect(section.get_by_role("table", name="Facts of the account")).to_contain_text("vpc")


def test_whose_an_image_is(console, ingot):
    """Ours, the Kamiwaza scripts', and a person's copy with our tags: the page says each, and what to type."""
    page = console.page
    ours = ingot.finished(ingot.create(version="v5.2.0")["id"])
    other = ingot.finished(ingot.create(version="v5.2.1", create_ami=False)["id"])
    ec2 = client("ec2", ingot.sim, retries=10)
    five = {
        "KamiwazaVersion": "v5.2.1",
        "CreatedFrom": other["instance_id"],
        "CreatedFromJob": "job-17",
        "ManagedBy": "KamiwazaDeploymentManager",
        "AutoCreated": "true",
    }
    tags = [{"Key": key, "Value": value} for key, value in five.items()]
    theirs = capture(
        ec2,
        other["instance_id"],
        "kamiwaza-golden-v5.2.1-20260121-180000",
        TagSpecifications=[{"ResourceType": "image", "Tags": tags}],
    )
    skipped = ingot.finished(ingot.create(version="v5.2.1")["id"])
    assert skipped["ami_skip_reason"] == "exists", skipped
    own = facts(console, ours["created_ami_id"])
    assert own["By its own facts"].startswith("made by this installation: effect"), own
    console.open("/images")
    expect(page.get_by_role("row").filter(has_text=theirs)).to_contain_text("mode unknown")
    kamiwaza = facts(console, theirs)
    assert "made by the Kamiwaza scripts" in kamiwaza["By its own facts"], kamiwaza
    assert kamiwaza["Origin"] == "found in the account", kamiwaza
    page.locator("summary").filter(has_text="Adopt").click()
    page.get_by_label("Why").first.fill("checked by hand")
    page.get_by_role("button", name="Adopt the image").click()
    expect(page.get_by_text("adopted by a person", exact=True)).to_be_visible()
    decided = facts(console, theirs)
    assert decided["Origin"] == "adopted by a person", decided
    assert decided["Decided"].endswith(": checked by hand"), decided
    console.open(f"/deployments/{skipped['id']}")
    expect(page.locator("[data-live]")).to_contain_text(f"ingot images adopt {theirs}")
