"""A real browser for tests of the console: Chromium, driven through playwright, and a page that must not complain."""

import os
import re
import shutil
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = [shutil.which(name) for name in NAMES]
    binary = next((path for path in found if path), None)
    if not binary:
        pytest.fail("no Chromium in PATH: run `make setup`, or apt-get install chromium")
    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("chromium"),
            executable_path=binary,
            args=FLAGS,
            env={**os.environ, "HOME": str(tmp_path_factory.mktemp("home"))},
        )
        context.set_default_timeout(20_000)
        yield context
        context.close()


class Watched:
    """A page that must not complain: no script error, no CSP violation, no request elsewhere."""

    def __init__(self, page, url):
        self.page, self.url, self.wrong = page, url, []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("dialog", self._dialog)
        page.on("request", self._asked)
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) =>"
            " console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`))"
        )

    def _said(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text} ({message.location})")

    def _dialog(self, dialog):
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request):
        if not request.url.startswith(self.url + "/"):
            self.wrong.append(f"asked {request.url}")

    def open(self, path):
        return self.page.goto(self.url + path)

    def sign_in(self, token):
        self.open("/login")
        self.page.get_by_label("Access token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Deployments")).to_be_visible()


@pytest.fixture
def visitor(browser, ingot):
    """A browser that is not signed in."""
    browser.clear_cookies()
    watched = Watched(browser.new_page(), ingot.url)
    yield watched
    watched.page.close()
    assert not watched.wrong, watched.wrong


@pytest.fixture
def console(visitor, ingot):
    """A signed-in browser."""
    visitor.sign_in(ingot.token)
    return visitor


def path_of(page):
    return re.sub(r"^https?://[^/]+", "", page.url)


def faults_of(console, path):
    """What is wrong with a page as it looks now: what axe finds serious, and what is wider than the window."""
    console.open(path)
    page = console.page
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    wrong = [
        (path, one["id"], one["nodes"][0]["html"][:200])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*wrong, (path, f"{wider} px wider than the window")] if wider > 0 else wrong
