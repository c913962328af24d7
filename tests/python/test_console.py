"""The console in a real browser: Chromium, driven through playwright."""

import re

from playwright.sync_api import expect

from chromium import PATIENCE, Watched, browser, console, path_of, visitor  # noqa: F401 (fixtures)
from ingot_up import Up
from region import wait_until

MARKUP = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'


def test_who_is_not_signed_in_is_sent_to_the_login(visitor, ingot):
    deployment = ingot.create(start=False)["id"]
    for path in ("/", f"/deployments/{deployment}", "/images", "/aws", "/docs", "/tasks?queue=ami"):
        visitor.open(path)
        assert path_of(visitor.page).split("?")[0] == "/login", path


def test_a_deep_link_is_gone_on_to_after_signing_in(visitor, ingot):
    page = visitor.page
    deployment = ingot.create(start=False)["id"]
    visitor.open(f"/deployments/{deployment}?from=mail")
    page.get_by_label("Access token").fill("nonsense")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Access token").fill(ingot.token)
    page.get_by_role("button", name="Sign in").click()
    assert path_of(page) == f"/deployments/{deployment}?from=mail"
    visitor.page.context.clear_cookies()
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        visitor.open(f"/login?to={elsewhere}")
        page.get_by_label("Access token").fill(ingot.token)
        page.get_by_role("button", name="Sign in").click()
        assert path_of(page) == "/", elsewhere
        page.context.clear_cookies()
    visitor.wrong = [said for said in visitor.wrong if "401 (Unauthorized)" not in said]


def test_a_wrong_token_is_refused_on_the_page(visitor, ingot):
    for token in ("nonsense", f"{ingot.token[:-4]}0000"):
        visitor.open("/login")
        visitor.page.get_by_label("Access token").fill(token)
        visitor.page.get_by_role("button", name="Sign in").click()
        said = visitor.page.get_by_role("alert")
        expect(said).to_contain_text("This token is not accepted")
        assert token not in visitor.page.content()
    assert not [c for c in visitor.page.context.cookies() if c["value"]]
    # The browser itself logs each answer of 401; that is all it may have to say.
    visitor.wrong = [said for said in visitor.wrong if "401 (Unauthorized)" not in said]


def test_the_one_time_link_signs_in_once(browser, tmp_path):
    """On a terminal, as a person starts it."""
    up = Up(tmp_path / "up", terminal=True)
    browser.clear_cookies()
    visitor = Watched(browser.new_page(), up.url)
    page = visitor.page
    page.goto(up.link)
    assert path_of(page) == "/", "the code is gone from the address"
    expect(page.get_by_role("heading", name="Deployments")).to_be_visible()
    (cookie,) = browser.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (
        "ingot_session",
        True,
        "Lax",
    )
    page.reload()
    assert path_of(page) == "/"

    browser.clear_cookies()
    page.goto(up.link)
    expect(page.get_by_role("alert")).to_contain_text("This link was used before")
    visitor.open("/")
    assert path_of(page) == "/login"
    page.close()
    wrong = [said for said in visitor.wrong if "401 (Unauthorized)" not in said]
    up.stop()
    assert not wrong, wrong


def test_the_list_shows_deployments_and_follows_them(console, ingot):
    page = console.page
    made = ingot.create(job_name="in the list", version="4.0.0", create_ami=False)
    console.open("/?version=v4.0.0")
    row = page.get_by_role("row").filter(has_text="in the list")
    expect(row).to_contain_text("v4.0.0")
    expect(row).to_contain_text("us-east-1")
    expect(row).to_contain_text("success", timeout=PATIENCE)
    expect(page.locator("#live-state")).to_have_text("everything is finished", timeout=PATIENCE)
    row.get_by_role("link").first.click()
    assert path_of(page) == f"/deployments/{made['id']}"


def told(event):
    """A line as the log shows it: a level that matters, the sentence, and the person who caused it."""
    level = "" if event["level"] == "info" else f"{event['level']} "
    actor = event.get("actor") or {}
    by = f" {actor['name']} · {actor['way']}" if actor.get("name") else ""
    return re.sub(r"\s+", " ", level + event["message"] + by)


def test_a_deployment_is_followed_live_to_its_end(console, ingot):
    """Without a reload: lines stream in, the stage moves on, and the AMI's facts appear."""
    page = console.page
    ingot.control("POST", "next_instance", {"hold_install": True})
    made = ingot.create(job_name="live one", version="4.1.0")["id"]
    ingot.status(made, "running")
    console.open(f"/deployments/{made}")
    page.evaluate("window.sameDocument = true")
    expect(page.get_by_role("heading", name="live one")).to_be_visible()
    expect(page.locator("#live-state")).to_have_text("live")
    lines = page.locator("[data-live] li")
    expect(lines.filter(has_text="EC2 instance created")).to_have_count(1)
    assert page.locator("#facts").get_attribute("data-finished") == "false"
    # Checks go on arriving while the page is looked at.
    before = int(lines.last.get_attribute("data-seq"))
    newer = page.locator(f'[data-live] li[data-seq="{before + 2}"]')
    expect(newer).to_contain_text(re.compile(r"\[(readiness|install)\]"))

    instance = ingot.deployment(made)["instance_id"]
    ingot.control("POST", f"instances/{instance}", {"installed": True})
    expect(page.locator("#live-state")).to_have_text("everything is finished", timeout=PATIENCE)
    assert page.evaluate("window.sameDocument") is True
    done, story = ingot.deployment(made), ingot.events(made)
    assert done["ami_creation_status"] == "completed"
    shown = [line.split("] ", 1)[1].strip() for line in lines.all_inner_texts()]
    assert [re.sub(r"\s+", " ", line) for line in shown] == [
        told(e)
        for e in story
    ]
    assert [
        int(seq)
        for seq in page.evaluate(
            "[...document.querySelectorAll('[data-live] li')].map((line) => line.dataset.seq)"
        )
    ] == [e["seq"] for e in story]
    facts = page.locator("#facts")
    for fact in (done["created_ami_id"], done["instance_id"], "completed"):
        expect(facts).to_contain_text(fact)
    assert facts.get_attribute("data-finished") == "true"
    assert "success" in page.title()

    # Reloaded, it says the same, without a stream; and the images page knows the AMI.
    page.reload()
    expect(page.locator("#live-state")).to_have_text("everything is finished")
    expect(lines).to_have_count(len(story))
    page.get_by_role("link", name="Images of kamiwaza v4.1.0").click()
    row = page.get_by_role("row").filter(has_text=done["created_ami_id"])
    expect(row).to_have_count(1)
    row.get_by_role("link").first.click()
    page.get_by_role("link", name=made).first.click()
    assert path_of(page) == f"/deployments/{made}"


def test_actions_on_the_page(console, ingot):
    """Cancel while it runs; the page shows what the API says."""
    page = console.page
    ingot.control("POST", "next_instance", {"hold_install": True})
    made = ingot.create(job_name="to be cancelled", version="4.2.0")["id"]
    ingot.status(made, "running")
    console.open(f"/deployments/{made}")
    button = page.get_by_role("button", name=re.compile("cancel", re.IGNORECASE))
    if not button.is_visible():
        page.locator("summary").filter(has_text=re.compile("cancel", re.IGNORECASE)).click()
    button.first.click()
    expect(page.locator("#facts")).to_contain_text("cancelled")
    assert path_of(page) == f"/deployments/{made}"
    ingot.reaches(made, "has cleared its instance", lambda d: d["instance_id"] is None)


def test_markup_from_outside_is_text(console, ingot):
    """A name cannot carry it; an error message of the cloud can, and is shown as it is."""
    page = console.page
    for bad in (MARKUP, "a\nb", "'quoted'"):
        ingot.create(expect=422, job_name=bad)

    fault = {"action": "RunInstances", "kind": "error", "code": "InvalidParameterValue"}
    ingot.control("POST", "faults", {**fault, "message": MARKUP})
    made = ingot.create(job_name="marked up", version="4.3.0", start=False)["id"]
    # Once live, through live.js; once in the page, through the templates.
    console.open(f"/deployments/{made}")
    expect(page.locator("#live-state")).to_have_text("live")
    ingot.act(made, "start")
    ingot.finished(made)
    line = page.locator("[data-live] li").filter(has_text="<img src=x onerror=")
    expect(line.first).to_be_visible()
    expect(page.locator("#live-state")).to_have_text("everything is finished", timeout=PATIENCE)
    for _ in range(2):
        assert page.locator("[data-live] img, #facts img, main script").count() == 0
        assert page.evaluate("window.hit") is None
        expect(line.first).to_be_visible()
        expect(page.get_by_text(MARKUP).first).to_be_visible()
        page.reload()
    assert MARKUP not in page.content()


def test_an_address_of_nothing(console):
    """The pages of failures are pages, and what was typed does not come back as markup."""
    nobody = "dep_01a201362b9b73de80d32bab6d50fa69"
    for path, status in (
        (f"/deployments/{nobody}", 404),
        ("/deployments/%3Cscript%3Ewindow.hit=1%3C%2Fscript%3E", 404),
        ("/?status=%3Cimg%20src=x%20onerror=window.hit=1%3E", 400),
        ("/?limit=201", 400),
        ("/nope", 404),
        ("/images/ami-00000000000000000", 404),
        ("/templates/%3Cb%3E", 404),
        ("/templates/kamiwaza?revision=99", 404),
        ("/tasks/tsk_1", 404),
        ("/login/nope", 404),
    ):
        answer = console.open(path)
        assert answer.status == status, (path, answer.status)
        assert answer.headers["content-type"].startswith("text/html")
        assert console.page.evaluate("window.hit") is None
        expect(console.page.get_by_role("heading").first).to_be_visible()
    console.wrong = [said for said in console.wrong if "Failed to load resource" not in said]


def test_the_documentation_page_has_every_operation(console, ingot):
    console.open("/docs")
    operations = console.page.locator("details.operation")
    document = ingot.get("/openapi.json")["paths"]
    expect(operations).to_have_count(sum(len(item) for item in document.values()))


def test_the_policy_stops_what_gets_in_and_these_tests_hear_of_it(console):
    """Were markup ever to get into a page, nothing of it would run; and the watching is not deaf."""
    console.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hit = 1";
          const image = document.createElement("img");
          image.src = "https://evil.example/x.png";
          document.querySelector("main").append(script, image);
        }"""
    )

    def heard():
        # Only a call lets playwright hand over what the page said meanwhile.
        assert console.page.evaluate("window.hit") is None
        said = " ".join(console.wrong)
        return "CSP: script-src" in said and "CSP: img-src" in said

    wait_until(heard, "the violations")
    console.wrong.clear()


def test_pages_are_whole_without_javascript(browser, ingot):
    """What streams in is in the page, too; only the freshness is lost."""
    done = ingot.finished(ingot.create(version="4.4.0", create_ami=False)["id"])
    page = ingot.call("GET", f"/deployments/{done['id']}", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    for said in ("EC2 instance created", done["instance_id"], "success"):
        assert said in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text), "no inline script"
    assert not re.search(r"\son\w+=|\sstyle=", page.text), "no inline handler or style"


def test_signing_out(console, ingot):
    page = console.page
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{console.url}/login")
    assert not [c for c in page.context.cookies() if c["name"] == "ingot_session" and c["value"]]
    console.open("/")
    assert path_of(page) == "/login"
    page.go_back()
    assert path_of(page) == "/login", "nothing is kept for the back button"
    # The token itself stays good: signing out is the browser's affair.
    assert ingot.get("/v1/queues")
