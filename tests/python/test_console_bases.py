"""The console's pages of base images, updates and advisories in a real browser: what is done on them, what the banner says,
and that no word of a feed is ever more than text."""

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import expect

from chromium import browser, console, faults_of, path_of, visitor  # noqa: F401 (fixtures)
from cli import Cli
from region import wait_until
from test_advisories import usn

TRACK = "ubuntu-22.04"
WHERE = {"regions": ["us-east-1"]}
RUNS = "document.documentElement.dataset.ran = 'yes'"
MARKUP = f"<script>{RUNS}</script><img src=x onerror=\"{RUNS}\">'\">"
# Text that turns around what stands behind it, hides letters and ends the line of a terminal.
HIDDEN = "safe\u202egnp.exe\u2066\u200b\u00ad\u001b[31m"
LINK = f"javascript:{RUNS}"
LONG = "W" * 10_240
HOSTILE = [MARKUP, HIDDEN, LINK, LONG, f"\"><a href=\"{LINK}\">{MARKUP}</a>", "{{7*7}}${7*7}%0d%0a&lt;script&gt;"]


def day(back):
    """A day so long ago, as feeds and vendors write it."""
    return datetime.now(timezone.utc) - timedelta(days=back)


def notices():
    """Notices of the days between the two builds, with each hostile text in every field that takes text."""
    every = [usn(6859, cve="CVE-2024-6387")]
    for number, words in enumerate(HOSTILE):
        one = usn(9000 + number, package="openssh-server", cve=f"CVE-2026-{1000 + number}")
        one |= {"summary": words, "details": words, "aliases": [words], "related": [words], "database_specific": {"url": words}}
        one["references"] = [{"type": "ADVISORY", "url": words}]
        package = one["affected"][0]
        package["ranges"][0]["events"][1]["fixed"] = words
        package["ecosystem_specific"]["binaries"] = [
            {"binary_name": "openssh-server", "binary_version": words},
            {"binary_name": words, "binary_version": words},
        ]
        package["database_specific"]["cves_map"]["cves"][0]["severity"] = [{"type": "Ubuntu", "score": words}]
        every.append(one)
        # Of a package that is named by the hostile text alone.
        alone = usn(9100 + number, package=words, cve=f"CVE-2026-{2000 + number}")
        alone["affected"][0]["package"]["name"] = words
        every.append(alone)
    for one in every:
        one["published"] = day(10).isoformat()
    bad = usn(9200)
    bad["id"] = f"USN-{MARKUP}"
    return [*every, bad, f"{{no json {MARKUP}"]


def looked(ingot, build=None):
    """Waits until a look has shown a build, or any."""
    assert ingot.call("POST", f"/v1/base-images/{TRACK}/scan", WHERE).status == 202

    def shows():
        track = ingot.get(f"/v1/base-images/{TRACK}")
        return track["current_build"] and build in (None, track["current_build"])

    wait_until(shows, f"{TRACK} is at {build}", 60)


def release(ingot, back):
    """Lets Canonical publish a build that was made so many days ago."""
    track = ingot.get(f"/v1/base-images/{TRACK}")
    build = day(back).strftime("%Y%m%d")
    order = {"owner": track["owner"], "filter": track["aws_filter"], "architecture": "x86_64"}
    order["name"] = track["aws_filter"].replace("*", build)
    ingot.control("POST", "releases", {**order, "created": day(back).isoformat()})
    return build


@pytest.fixture(scope="module")
def cli(ingot, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), ingot.data)


@pytest.fixture(scope="module")
def update(ingot, cli, tmp_path_factory):
    """An update that was judged by hostile notices; a template stands on the older build."""
    # The folder's name is shown as where the records are from.
    folder = tmp_path_factory.mktemp("feeds") / "<img src=x onerror=alert(1)>"
    (folder / "ubuntu").mkdir(parents=True)
    (folder / "kev").mkdir()
    lines = [one if isinstance(one, str) else json.dumps(one) for one in notices()]
    (folder / "ubuntu/usn.jsonl").write_text("\n".join(lines) + "\n")
    kev = ["cveID,dateAdded,knownRansomwareCampaignUse", f"CVE-2026-1000,{day(9):%Y-%m-%d},Known", f"{MARKUP},{MARKUP},{MARKUP}"]
    (folder / "kev/kev.csv").write_text("\n".join(kev) + "\n")
    cli("advisories", "load", str(folder), "--fewer")
    yaml = f"""name: on-jammy
base_image: {{ track: {TRACK} }}
instance_types: [t3.micro]
user_data: |
  #!/bin/sh
  true
probe: {{ scheme: http, port: 80, path: / }}
install_finished: none
"""
    ingot.apply(yaml)
    # The newest that the simulated region has is 16 days old.
    looked(ingot)
    build = release(ingot, 5)
    looked(ingot, build)

    def judged():
        updates = ingot.get("/v1/base-updates", base=TRACK)["items"]
        return [one for one in updates if one["to"] == build and one["judged_at"]]

    (one,) = wait_until(judged, "the update is judged", 60)
    words = {"level": "medium", "reason": f"{MARKUP} {HIDDEN}"}
    assert ingot.call("POST", f"/v1/base-updates/{one['id']}/level", words).status == 200
    return one["id"]


def paths(update):
    return ["/security", f"/updates/{update}", "/advisories", "/base-images", f"/base-images/{TRACK}", "/"]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_looks_well_with_hostile_feeds(console, update, width, scheme):
    page = console.page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    wrong = []
    for path in paths(update):
        wrong += faults_of(console, path)
        if folder := os.environ.get("INGOT_SHOTS"):
            name = path.strip("/").replace("/", "-").replace(update, "one") or "front"
            page.screenshot(path=str(Path(folder) / f"{name}-{width}-{scheme}.png"), full_page=True)
    assert not wrong, wrong


def test_words_of_feeds_are_text_on_every_page(console, ingot, update):
    page = console.page
    shown = ingot.get(f"/v1/base-updates/{update}")
    told = json.dumps(shown)
    assert RUNS in told, "the feed's words came as far as the judgement"
    for path in paths(update):
        console.open(path)
        ran = page.evaluate("document.documentElement.dataset.ran")
        assert ran is None, path
        assert page.locator("main script, main img[src=x], [onerror], iframe, style").count() == 0, path
        leads = page.eval_on_selector_all("a[href]", "all => all.map(one => one.protocol)")
        assert set(leads) <= {"http:", "https:"}, path
        text = page.locator("main").inner_text()
        for letter in "\u202e\u2066\u200b\u00ad\u001b":
            assert letter not in text, (path, repr(letter))
    console.open(f"/updates/{update}")
    evidence = page.get_by_role("table", name="Evidence")
    expect(evidence).to_contain_text("USN-9000-1")
    expect(evidence).to_contain_text(f"<script>{RUNS}</script>")
    expect(evidence.get_by_role("link", name="USN-9000-1")).to_have_attribute(
        "href", "https://ubuntu.com/security/notices/USN-9000-1"
    )
    expect(page.get_by_role("table", name="Judgements")).to_contain_text("<script>")
    console.open("/advisories")
    row = page.get_by_role("table", name="Feeds").get_by_role("row").filter(has_text="ubuntu")
    expect(row).to_contain_text("<img src=x onerror=alert(1)>")
    expect(row).to_contain_text("not read: ubuntu/usn.jsonl line")


def test_a_base_image_is_paused_resumed_and_looked_at_on_its_page(console, ingot, update):
    page = console.page
    console.open("/base-images")
    watched = page.get_by_role("table", name="Base images that are watched")
    row = watched.get_by_role("row").filter(has=page.get_by_role("link", name=TRACK, exact=True))
    expect(row).to_contain_text("on-jammy")
    expect(row).to_contain_text("ago")
    row.get_by_role("link", name=TRACK, exact=True).click()
    track = ingot.get(f"/v1/base-images/{TRACK}")
    main = page.locator("main")
    for known in (track["owner"], track["aws_filter"], track["pattern"], track["current_build"], track["current_image_id"]):
        expect(main).to_contain_text(known)
    expect(page.get_by_role("table", name="Regions that are watched")).to_contain_text("us-east-1")
    expect(page.get_by_role("table", name="Templates that start from it")).to_contain_text("on-jammy")
    history = page.get_by_role("table", name="Its updates")
    expect(history).to_contain_text("medium")
    page.get_by_text("Pause…").click()
    page.get_by_label("Why").fill(f"holidays {MARKUP}")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused by")).to_contain_text("holidays <script>")
    expect(page.get_by_role("log")).to_contain_text("paused it: holidays <script>")
    assert ingot.get(f"/v1/base-images/{TRACK}")["paused_reason"].startswith("holidays")
    expect(page.get_by_role("button", name="Look now")).to_have_count(0)
    page.get_by_text("Resume…").click()
    page.get_by_label("Why").fill("back")
    page.get_by_role("button", name="Resume").click()
    before = ingot.get(f"/v1/base-images/{TRACK}")["last_checked"]
    page.get_by_role("button", name="Look now").click()
    assert path_of(page) == f"/base-images/{TRACK}"
    wait_until(lambda: ingot.get(f"/v1/base-images/{TRACK}")["last_checked"] > before, "a look", 60)
    history.get_by_role("link").first.click()
    assert path_of(page).startswith("/updates/upd_")


def test_a_banner_says_on_every_page_what_cannot_be_relied_on(console, ingot, cli, update, tmp_path):
    page = console.page
    banner = page.get_by_role("complementary", name="What cannot be relied on")
    old = tmp_path / "old"
    (old / "debian").mkdir(parents=True)
    notice = {"id": "DSA-5724-1", "summary": "openssh - security update", "published": "2024-07-01T00:00:00Z", "modified": "2024-07-01T00:00:00Z"}
    notice["affected"] = [
        {
            "package": {"ecosystem": "Debian:12", "name": "openssh"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:9.2p1-2+deb12u3"}]}],
        }
    ]
    (old / "debian/DSA-5724-1.json").write_text(json.dumps(notice))
    (old / "debian/dsa.jsonl").write_text(json.dumps(notice) + "\n")
    cli("advisories", "load", str(old), "--feed", "debian", "--fewer")
    told = [one["name"] for one in ingot.get("/v1/status")["doubts"]]
    assert "debian" in told, told
    # A page believes for a second what it saw.
    page.wait_for_timeout(1_100)
    for path in ["/", "/images", "/base-images", "/docs", f"/updates/{update}", "/nope"]:
        console.open(path)
        if path != "/nope":
            expect(banner).to_contain_text("debian")
            expect(banner).to_contain_text("since 2024-07-22")
            expect(banner).to_contain_text("What to do: `ingot advisories")
    console.wrong = [said for said in console.wrong if "404" not in said]
    console.open("/")
    banner.get_by_role("link", name="Advisories").click()
    assert path_of(page) == "/advisories"
    assert "debian" in cli("doctor").stdout

    # A look that fails says so, and which; the next one takes it back.
    fault = {"action": "DescribeImages", "times": 0, "kind": "error", "code": "InvalidParameterValue"}
    for owner in ("Owner.1", "Owner.2"):
        ingot.control("POST", "faults", {**fault, "match": {owner: "099720109477"}})
    assert ingot.call("POST", f"/v1/base-images/{TRACK}/scan", WHERE).status == 202

    def failed():
        regions = ingot.get(f"/v1/base-images/{TRACK}")["regions"]
        return [one["error"] for one in regions if one["region"] == "us-east-1"][0]

    wait_until(failed, "the look fails", 60)
    wait_until(lambda: any(one["kind"] == "base_image" for one in ingot.get("/v1/status")["doubts"]), "it is told", 10)
    page.wait_for_timeout(1_100)
    console.open("/tasks")
    expect(banner).to_contain_text(f"{TRACK} in us-east-1")
    expect(banner).to_contain_text("not looked at since 20")
    ingot.control("DELETE", "faults")
    assert ingot.call("POST", f"/v1/base-images/{TRACK}/scan", WHERE).status == 202
    wait_until(lambda: not failed(), "the next look succeeds", 60)
    page.wait_for_timeout(1_100)
    console.open("/tasks")
    expect(banner).not_to_contain_text(f"{TRACK} in us-east-1")
