"""A queue is paused on its page, what waits says why, and many tasks are handled at once after a preview."""

from playwright.sync_api import expect

from chromium import browser, console, faults_of, path_of, visitor  # noqa: F401 (fixtures)
from region import wait_until

MARKUP = "<script>alert(1)</script>"


def test_a_pause_is_told_where_people_wait_and_tasks_are_handled_together(console, ingot):
    page = console.page
    console.open("/queues/readiness")
    page.get_by_text("Pause…").click()
    page.get_by_label("Why").fill(f"AWS event {MARKUP}")
    page.get_by_role("button", name="Pause").click()
    assert path_of(page) == "/queues/readiness"
    expect(page.get_by_text("Paused by")).to_contain_text("AWS event <script>")
    expect(page.get_by_role("log")).to_contain_text("paused it: AWS event <script>")
    made = ingot.create(version="6.6.0", create_ami=False)
    asked = {"deployment_id": made["id"], "queue": "readiness"}
    (task,) = wait_until(lambda: ingot.get("/v1/tasks", **asked)["items"], "its check waits", 60)
    console.open(f"/deployments/{made['id']}")
    expect(page.locator("main")).to_contain_text("AWS event <script>")
    console.open("/tasks?queue=readiness")
    expect(page.locator("#tasks tbody tr").first).to_contain_text("paused by")

    page.get_by_label("State").select_option(task["state"])
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Handle all of these…").click()
    expect(page.get_by_role("heading", name=f"Handle {task['state']} readiness tasks")).to_be_visible()
    sample = page.get_by_role("table", name="The newest of them")
    expect(sample.get_by_role("row").filter(has_text="readiness")).to_have_count(1)
    page.locator("select[name=action]").select_option("run-now")
    page.get_by_label("Why").fill("no need to wait")
    page.get_by_role("button", name="Do it to 1 tasks").click()
    assert path_of(page) == "/operations"
    row = page.locator("#operations tbody tr").first
    expect(row).to_contain_text("run-now")
    expect(row).to_contain_text("1 of 1", timeout=20_000)

    console.open(f"/tasks/{task['id']}")
    ask = page.locator("#ask-cancel")
    ask.get_by_text("cancel…").click()
    ask.get_by_label("Why").fill("ordered twice")
    ask.get_by_role("button", name="Do it").click()
    expect(page.locator("main")).to_contain_text("cancelled")
    assert ingot.get(f"/v1/deployments/{made['id']}")["status"] == "failed"
    console.open("/queues/readiness")
    page.get_by_text("Resume…").click()
    page.get_by_label("Why").fill("it is over")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("log")).to_contain_text("resumed it: it is over")
