"""The console's further pages in a real browser: what is done on them, how they look at 1280 and 390 px in both schemes,
and that axe finds nothing serious in any."""

import pytest
from playwright.sync_api import expect

from chromium import PATIENCE, browser, console, faults_of, path_of, visitor  # noqa: F401 (fixtures)
from region import wait_until

YAML = """name: {name}
base_image: {{ ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }}
architecture: x86_64
modes: [full]
instance_types: [t3.micro, t3.small]
volume: {{ size_gb: {size} }}
steps:
  - name: install nginx
    run: dnf install -y nginx
probe: {{ scheme: http, port: {port}, path: /, expected_status: [200] }}
install_finished: cloud_init
instance_profile: ingot-ssm
"""


def test_a_deployment_is_requested_from_the_form(console, ingot):
    page = console.page
    console.open("/")
    page.get_by_role("link", name="New deployment").click()
    with page.expect_navigation():
        page.get_by_label("Template", exact=True).select_option("kamiwaza")
    page.get_by_label("Version", exact=True).fill("not a version !")
    page.get_by_label("Name", exact=True).fill("from the form")
    page.get_by_role("button", name="Deploy").click()
    # What was filled in stays, and the mistake stands beside its field.
    expect(page.locator("#wrong-version")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("from the form")
    assert page.get_by_label("Version", exact=True).get_attribute("aria-invalid") == "true"
    page.get_by_label("Version", exact=True).fill("6.0.0")
    page.get_by_label("Make an AMI of it", exact=True).select_option("no")
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_role("heading", name="from the form")).to_be_visible()
    made = ingot.finished(path_of(page).rsplit("/", 1)[1])
    assert (made["version"], made["status"], made["ami_skip_reason"]) == ("v6.0.0", "success", "disabled")
    console.wrong = [said for said in console.wrong if "422" not in said]


SEND = """async ([version]) => {
  const form = new FormData(document.getElementById("order"));
  if (version) form.set("version", version);
  const answer = await fetch("/deployments", { method: "POST", body: new URLSearchParams(form) });
  return [answer.status, new URL(answer.url).pathname, await answer.text()];
}"""


def test_a_form_sent_twice_is_one_deployment(console, ingot):
    page = console.page
    console.open("/deployments/new?template=kamiwaza&version=6.1.0&create_ami=no")
    first = page.evaluate(SEND, [None])
    again = page.evaluate(SEND, [None])
    assert first[0] == again[0] == 200 and first[1].startswith("/deployments/dep_"), first[:2]
    assert again[1] == first[1]
    other = page.evaluate(SEND, ["6.1.1"])
    assert other[0] == 422 and "this form was sent before" in other[2]
    console.wrong = [said for said in console.wrong if "422" not in said]


def test_the_form_offers_what_the_template_and_region_have(console, ingot):
    """An image with its age, the time both ways took, the price; without a reload."""
    page = console.page
    done = ingot.finished(ingot.create(version="6.2.0")["id"])
    console.open("/deployments/new?template=kamiwaza")
    page.evaluate("window.sameDocument = true")
    page.get_by_label("Version", exact=True).fill("6.2.0")
    page.get_by_label("Instance type", exact=True).select_option(index=1)
    takes = page.locator("#takes")
    expect(takes).to_contain_text(f"This version has an image here: {done['created_ami_id']}")
    expect(takes).to_contain_text("Installed fresh, it took")
    expect(takes).to_contain_text("USD per day")
    option = page.locator(f"option[value='{done['created_ami_id']}']")
    expect(option).to_contain_text("v6.2.0 full, made")
    assert page.evaluate("window.sameDocument") is True
    page.get_by_label("Launch from", exact=True).select_option(done["created_ami_id"])
    page.get_by_role("button", name="Deploy").click()
    made = ingot.finished(path_of(page).rsplit("/", 1)[1])
    assert (made["launch_path"], made["source_ami_id"]) == ("cached", done["created_ami_id"])


def test_a_template_is_written_checked_applied_and_its_change_shown(console, ingot):
    page = console.page
    console.open("/templates")
    page.get_by_role("link", name="New template").click()
    expect(page.get_by_label("YAML", exact=True)).to_have_value(Contains("name: hello-web"))
    page.get_by_label("YAML", exact=True).fill(YAML.format(name="written-here", size=1, port=80).replace("t3.small", "m7g.large"))
    page.get_by_role("button", name="Check").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("volume.size_gb")
    expect(alert).to_contain_text("m7g.large")
    expect(alert).to_contain_text("line 6")
    page.get_by_label("YAML", exact=True).fill(YAML.format(name="written-here", size=10, port=80))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status").filter(has_text="is fine")).to_be_visible()
    assert ingot.call("GET", "/v1/templates/written-here").status == 404, "a check stores nothing"
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="written-here")).to_be_visible()
    page.get_by_role("link", name="Write the next revision").click()
    text = page.get_by_label("YAML", exact=True).input_value()
    page.get_by_label("YAML", exact=True).fill(text.replace("size_gb: 10", "size_gb: 12"))
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name="since 1").click()
    expect(page.locator(".yaml .removed")).to_have_text("-volume: { size_gb: 10 }")
    expect(page.locator(".yaml .added")).to_have_text("+volume: { size_gb: 12 }")
    revisions = ingot.get("/v1/templates/written-here/revisions")["items"]
    assert [one["revision"] for one in revisions] == [2, 1]
    assert ingot.get("/v1/templates/written-here?revision=1")["volume_size_gb"] == 10
    console.open("/templates/new?template=kamiwaza")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("comes with Ingot")
    console.wrong = [said for said in console.wrong if "422" not in said]


def test_what_was_written_outlives_the_session(console, ingot):
    page = console.page
    console.open("/templates/new")
    page.get_by_label("YAML", exact=True).fill("name: written-before")
    page.context.clear_cookies()
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("Your session is over.")).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in").click()
    beside = opened.value
    beside.get_by_label("Access token").fill(ingot.token)
    beside.get_by_role("button", name="Sign in").click()
    expect(beside.get_by_role("heading", name="Deployments")).to_be_visible()
    beside.close()
    page.go_back()
    expect(page.get_by_label("YAML", exact=True)).to_have_value("name: written-before")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert")).to_contain_text("base_image")
    console.wrong = [said for said in console.wrong if "401" not in said and "422" not in said]


def test_a_late_answer_takes_no_choice_back_and_a_failure_is_said(console, ingot):
    page = console.page
    console.open("/deployments/new?template=kamiwaza")

    def slow(route):
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/deployments/new?*", slow)
    page.get_by_label("Version", exact=True).fill("6.8.0")
    page.get_by_label("Version", exact=True).blur()
    page.get_by_label("Launch from", exact=True).select_option("fresh")
    page.get_by_label("Make an AMI of it", exact=True).select_option("no")
    page.get_by_label("Name", exact=True).focus()
    expect(page.locator("#takes")).to_contain_text("This version has no image here yet")
    expect(page.get_by_label("Launch from", exact=True)).to_have_value("fresh")
    expect(page.get_by_label("Make an AMI of it", exact=True)).to_have_value("no")
    page.unroute("**/deployments/new?*")
    page.route("**/deployments/new?*", lambda route: route.fulfill(status=500, body="no"))
    page.get_by_label("Instance type", exact=True).select_option(index=1)
    expect(page.locator("#order-said")).to_contain_text("could not be asked for")
    expect(page.locator("#look-again")).to_be_visible()
    console.wrong = [said for said in console.wrong if "500" not in said]


def test_eight_open_stories_leave_the_console_usable(console, ingot):
    """Over HTTP/1.1 a browser has six connections to a host: hidden tabs hold none of them."""
    made = [ingot.create(version="6.9.0", start=False)["id"] for _ in range(8)]
    tabs = [console.page.context.new_page() for _ in made]
    for tab, deployment in zip(tabs, made):
        tab.goto(f"{console.url}/deployments/{deployment}")
        expect(tab.locator("#live-state")).to_have_text("live")
        # A headless browser calls every tab visible.
        tab.evaluate(
            """() => { Object.defineProperty(document, "hidden", { get: () => true });
            document.dispatchEvent(new Event("visibilitychange")); }"""
        )
    console.open("/system")
    expect(console.page.get_by_role("heading", name="System")).to_be_visible()
    for tab in tabs:
        tab.close()


class Contains:
    """Text that has this in it, for `to_have_value`, which takes a pattern."""

    def __new__(cls, part):
        import re

        return re.compile(re.escape(part))


def test_tasks_of_a_deployment_with_their_attempts(console, ingot):
    page = console.page
    fault = {"action": "RunInstances", "kind": "error", "code": "InternalError", "message": "again"}
    ingot.control("POST", "faults", {**fault, "times": 1})
    made = ingot.finished(ingot.create(version="6.3.0", create_ami=False)["id"])
    console.open(f"/tasks?deployment_id={made['id']}")
    rows = page.locator("#tasks tbody tr")
    expect(rows).not_to_have_count(0)
    rows.filter(has_text="launch").first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Task launch")).to_be_visible()
    expect(page.get_by_role("link", name=made["id"])).to_be_visible()
    console.open("/tasks")
    expect(page.locator("#tasks tbody tr").filter(has_text="scheduler")).to_have_count(0)
    page.get_by_label("Housekeeping").select_option("shown")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#tasks tbody tr").filter(has_text="scheduler")).not_to_have_count(0)
    console.open("/system")
    expect(page.locator("#queues")).to_have_count(0)
    expect(page.get_by_role("table", name="Queues")).to_contain_text("readiness")
    expect(page.get_by_role("table", name="Workers of the last hour")).to_contain_text("alive")
    page.get_by_role("link", name="readiness").click()
    assert path_of(page) == "/queues/readiness"
    page.get_by_role("link", name="Its tasks").click()
    assert path_of(page) == "/tasks?queue=readiness"


def test_a_finding_is_settled_on_its_page(console, ingot):
    """An instance that a person started with our tags: the page says what it means and takes the decision."""
    page = console.page
    made = ingot.finished(ingot.create(version="6.4.0")["id"])
    ingot.control("POST", f"images/{made['created_ami_id']}", {"state": "gone"})
    found = wait_until(
        lambda: [f for f in ingot.get("/v1/findings?state=open")["items"] if f.get("verdicts")],
        "a finding that can be settled",
        60,
    )[0]
    console.open("/findings?state=open")
    card = page.locator(f"[id='{found['id']}']")
    expect(card).to_contain_text("What to do:")
    card.locator("summary").click()
    card.get_by_label("Why").fill("looked at it")
    card.get_by_role("button", name="Keep it").click()
    console.open("/findings?state=settled")
    expect(page.locator(f"[id='{found['id']}']")).to_contain_text("looked at it")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_window(console, ingot, width, scheme):
    page = console.page
    done = ingot.finished(ingot.create(version="6.5.0")["id"])
    ingot.control("POST", "faults", {"action": "RunInstances", "kind": "error", "code": "InvalidParameterValue"})
    failed = ingot.finished(ingot.create(version="6.5.1")["id"])
    task = ingot.get("/v1/tasks")["items"][0]["id"]
    paths = [
        "/",
        "/deployments/new",
        f"/deployments/{done['id']}",
        f"/deployments/{failed['id']}",
        "/images",
        f"/images/{done['created_ami_id']}",
        "/templates",
        "/templates/kamiwaza",
        "/templates/new",
        "/tasks",
        f"/tasks/{task}",
        "/findings",
        "/notifications",
        "/system",
        "/queues/launch",
        "/aws",
        "/nope",
    ]
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    wrong = [one for path in paths for one in faults_of(console, path)]
    assert not wrong, wrong
    console.wrong = [said for said in console.wrong if "404" not in said]


@pytest.mark.parametrize("width, table", [(900, True), (880, False)])
def test_a_list_is_a_table_from_900_px_on(console, ingot, width, table):
    page = console.page
    ingot.finished(ingot.create(version="6.6.0", create_ami=False)["id"])
    page.set_viewport_size({"width": width, "height": 800})
    console.open("/")
    shown = page.locator("table.cards").evaluate("(one) => getComputedStyle(one).display")
    assert (shown == "table") is table
    beside = page.evaluate(
        """() => { const row = document.querySelector("tbody tr");
        return row.children[0].getBoundingClientRect().top === row.children[3].getBoundingClientRect().top; }"""
    )
    assert beside is table


def test_the_log_stands_beside_the_facts(console, ingot):
    page = console.page
    done = ingot.finished(ingot.create(version="6.7.0", create_ami=False)["id"])
    page.set_viewport_size({"width": 1280, "height": 800})
    console.open(f"/deployments/{done['id']}")
    log, facts = page.locator("#log").bounding_box(), page.locator(".groups").bounding_box()
    assert log["x"] > facts["x"] + facts["width"] - 1
    assert log["y"] < 800, "above the fold"
    assert page.locator("header #live-state").inner_text() == "everything is finished"
    expect(page.get_by_text("Destroy…")).to_be_visible(timeout=PATIENCE)
