"""Feeds of advisories: a folder loaded into the ledger through the API, shown again, and what is refused."""

import json

import pytest

from cli import Cli
from ingot_up import Up

CVE, USN = "CVE-2024-6387", "USN-6859-1"


def usn(number=6859, package="openssh-server", cve=CVE):
    """A notice in Canonical's form, for 22.04."""
    affected = {
        "package": {"ecosystem": "Ubuntu:22.04:LTS", "name": "openssh"},
        "ranges": [{"events": [{"introduced": "0"}, {"fixed": "1:8.9p1-3ubuntu0.10"}]}],
        "ecosystem_specific": {"binaries": [{"binary_name": package, "binary_version": "1:8.9p1-3ubuntu0.10"}]},
        "database_specific": {"cves_map": {"cves": [{"id": cve, "severity": [{"type": "Ubuntu", "score": "high"}]}]}},
    }
    return {
        "id": f"USN-{number}-1",
        "published": "2024-07-01T09:06:31Z",
        "upstream": [f"UBUNTU-{cve}"],
        "affected": [affected],
    }


def write(folder, notices, kev=((CVE, "2024-07-02", "Known"),)):
    """A folder of feeds as vendors' files."""
    (folder / "ubuntu").mkdir(parents=True, exist_ok=True)
    (folder / "kev").mkdir(exist_ok=True)
    lines = [one if isinstance(one, str) else json.dumps(one) for one in notices]
    (folder / "ubuntu/usn.jsonl").write_text("\n".join(lines) + "\n")
    rows = ["cveID,dateAdded,knownRansomwareCampaignUse", *[",".join(row) for row in kev]]
    (folder / "kev/kev.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    up = Up(tmp_path_factory.mktemp("up"))
    yield up
    up.stop()


@pytest.fixture(scope="module")
def cli(up, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("home"), up.data)


def feed(cli, name):
    (one,) = [one for one in cli.json("advisories", "feeds")["items"] if one["name"] == name]
    return one


def test_a_simulated_installation_has_feeds_at_once(cli, up):
    """Those of the repository's samples, which lie in the data directory, too."""
    ubuntu = feed(cli, "ubuntu")
    assert ubuntu["records"] > 0 and ubuntu["source"].startswith("samples of Ingot")
    known = cli.json("advisories", "show", CVE)
    assert USN in {one["id"] for one in known["advisories"]}
    folder = up.data / "samples/advisories"
    cli("advisories", "load", str(folder))
    assert feed(cli, "ubuntu")["records"] == ubuntu["records"]


def test_a_folder_is_loaded_shown_and_loaded_again(cli, tmp_path):
    folder = write(tmp_path, [usn(number) for number in range(6859, 6869)])
    said = cli("advisories", "load", str(folder), "--fewer")
    assert "ubuntu: 1 of 1 pages, 10 records in all" in said.stderr
    ubuntu = feed(cli, "ubuntu")
    assert (ubuntu["records"], ubuntu["holds"], ubuntu["source"]) == (10, "USN", str(folder))
    # Loaded a moment ago, but what it holds is years old, and that is said.
    assert ubuntu["state"] == "stale"
    assert "its newest record is" in " ".join(ubuntu["why"])
    assert feed(cli, "debian")["state"] in ("empty", "stale")

    shown = cli("advisories", "show", USN.lower()).stdout
    for word in (USN, CVE, "ubuntu-22.04", "high", "openssh-server 1:8.9p1-3ubuntu0.10", "feed ubuntu: stale"):
        assert word in shown, (word, shown)
    assert f"https://ubuntu.com/security/notices/{USN}" in shown
    known = cli.json("advisories", "show", CVE)
    assert len(known["advisories"]) == 10
    (cve,) = known["cves"]
    assert (cve["exploited_since"], cve["ransomware"]) == ("2024-07-02T00:00:00Z", True)
    assert {one["name"] for one in known["feeds"]} >= {"ubuntu", "kev"}

    again = cli("advisories", "load", str(folder), "--json")
    assert "the same 10 records are loaded already" in again.stderr
    assert {one["name"] for one in json.loads(again.stdout)["items"]} == {"ubuntu", "kev"}
    after = feed(cli, "ubuntu")
    assert after["fetched_at"] > ubuntu["fetched_at"]


def test_a_folder_that_was_cut_keeps_the_old_records(cli, tmp_path):
    whole = write(tmp_path / "whole", [usn(number) for number in range(7000, 7010)])
    cli("advisories", "load", str(whole), "--fewer")
    cut = write(tmp_path / "cut", [usn(number) for number in range(7000, 7003)])
    said = cli("advisories", "load", str(cut), "--feed", "ubuntu", code=3).stderr
    assert "3 records where there were 10" in said and "--fewer" in said
    ubuntu = feed(cli, "ubuntu")
    assert (ubuntu["records"], ubuntu["state"]) == (10, "stale")
    assert "refused" in ubuntu["why"][0]
    cli("advisories", "load", str(cut), "--feed", "ubuntu", "--fewer")
    assert feed(cli, "ubuntu")["records"] == 3


def test_hostile_files_harm_only_themselves(cli, tmp_path):
    bad = usn(8001)
    bad["id"] = "../../etc/passwd"
    markup = usn(8002, package="<script>\u001b[31m", cve="CVE-2024-1234")
    twice = [usn(8003), usn(8003)]
    folder = write(tmp_path, ["{no json", bad, markup, *twice, usn(8004)])
    said = cli("advisories", "load", str(folder), "--feed", "ubuntu", "--fewer")
    assert "not read" in said.stderr and "etc/passwd" in said.stderr
    assert feed(cli, "ubuntu")["records"] == 3
    ubuntu = feed(cli, "ubuntu")
    assert (len(ubuntu["unread"]), ubuntu["state"]) == (2, "stale")
    assert "2 parts of it could not be read" in ubuntu["why"]
    assert "\x1b" not in cli("advisories", "show", "USN-8002-1").stdout


def test_what_cannot_be_loaded_is_said(cli, up, tmp_path):
    assert "holds no feed" in cli("advisories", "load", str(tmp_path), code=3).stderr
    assert "cannot be read" in cli("advisories", "load", str(tmp_path / "gone"), code=3).stderr
    folder = write(tmp_path, [usn()])
    said = cli("advisories", "load", str(folder), "--feed", "suse", code=3).stderr
    assert "files of: ubuntu, kev" in said
    assert "ingot advisories feeds" in cli("advisories", "show", "CVE-1999-0001", code=4).stderr

    base = "/v1/advisories/feeds/ubuntu/loads"
    assert up.call("POST", "/v1/advisories/feeds/suse/loads", {}).status == 404
    load = up.call("POST", base, {}).json()["generation"]
    foreign = {"page": {"signals": {"exploited": {"CVE-<b>": {"since": "2024-07-02T00:00:00Z", "ransomware": True}}}}}
    refused = up.call("PUT", f"{base}/{load}/pages/0", foreign)
    assert refused.status == 422 and "no CVE" in refused.text
    for number in (-1, 1_000_000):
        refused = up.call("PUT", f"{base}/{load}/pages/{number}", {"page": {}})
        assert refused.status == 422 and "number" in refused.text
    assert "send page 0 first" in up.call("PUT", f"{base}/{load}/pages/1", {"page": {}}).text
    newer = up.call("POST", base, {}).json()["generation"]
    assert newer > load
    assert up.call("POST", f"{base}/{load}/end", {"source": "x"}).status == 409


def test_a_feed_is_off_beside_a_simulated_region_and_its_mirror_is_checked(cli, up):
    said = cli("advisories", "sync", "epss", code=1).stderr
    assert "off on this worker" in said and "--feeds network" in said
    assert feed(cli, "epss")["state"] in ("ok", "stale"), "what is loaded stays as it is"
    for bad in ("http://mirror.example.com/x", "file:///etc/passwd", "https://u:p@mirror.example.com/"):
        assert "urls" in cli("advisories", "set", "epss", "--mirror", bad, code=3).stderr
    cli("advisories", "set", "epss", "--mirror", "https://mirror.example.com/epss.csv", "--off")
    one = feed(cli, "epss")
    assert (one["urls"], one["enabled"]) == (["https://mirror.example.com/epss.csv"], False)
    assert "--on" in cli("advisories", "sync", "epss", code=3).stderr
    cli("advisories", "set", "epss", "--publisher", "--on")
    assert "empiricalsecurity" in feed(cli, "epss")["urls"][0]
    assert "say what to set" in cli("advisories", "set", "epss", code=2).stderr
    told = cli("advisories", "logs", "epss").stdout
    assert "is off by" in told and "from its publisher" in told
    assert up.call("PATCH", "/v1/advisories/feeds/epss", {}).status == 422
    assert up.call("POST", "/v1/advisories/feeds/suse/sync").status == 404
