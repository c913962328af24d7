"""`ingot advisories assess`: the worked examples and the replay on real data, the repository's own folder, and bad input."""

import csv
import json
import re
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli import Cli

ROOT = Path(__file__).resolve().parents[2]
OWN = ROOT / "samples" / "advisories"
BESIDE = [above / "shared" / "advisories" for above in list(ROOT.parents)[:2]]
REAL = next((folder for folder in BESIDE if folder.is_dir()), BESIDE[0])

real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the real advisories are not beside the checkout: {REAL} is missing")


@pytest.fixture(scope="module")
def cli(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return Cli(home, home)


@pytest.fixture(scope="module")
def assess(cli):
    def run(base, old, new, data, **options):
        more = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        return cli.json("advisories", "assess", "--base", base, "--from", old, "--to", new, "--data", str(data), *more)

    return run


def kinds(said):
    return said["update_type"], said["security_level"]


CREATED = "2024-07-01T16:36:59Z"


@real
def test_regresshion_in_jammy_is_critical_by_r3(assess):
    said = assess("ubuntu-22.04", "20240629", "20240701", REAL, created=CREATED)
    assert kinds(said) == ("security", "critical")
    head = said["headline"]
    assert (head["advisory"], head["cve"], head["package"]) == ("USN-6859-1", "CVE-2024-6387", "openssh-server")
    assert head["rules"] == ["R3"] and head["status"] == "likely" and head["grade"] == "C"
    assert head["vendor_level"] == "high" and head["exploited_since"] is None
    assert said["upper_bound"] == "critical" and said["confidence"] == "medium"
    assert said["changelog_url"] == "https://cloud-images.ubuntu.com/releases/jammy/release-20240701/"


@real
def test_pwnkit_in_focal_is_high_and_critical_since_it_is_known_to_be_exploited(assess):
    at = lambda time: assess("ubuntu-20.04", "20220118", "20220131", REAL, at=time)  # noqa: E731
    before, after = at("2022-06-26T23:59:59Z"), at("2022-06-27T00:00:00Z")
    assert (kinds(before), kinds(after)) == (("security", "high"), ("security", "critical"))
    assert after["headline"]["advisory"] == "USN-5252-1" and after["headline"]["rules"] == ["R1"]


@real
@pytest.mark.parametrize("base", ["ubuntu-20.04", "ubuntu-22.04"])
def test_a_critical_record_of_a_cve_without_an_advisory_is_no_evidence(assess, base):
    said = assess(base, "20240319", "20240405", REAL, at="2024-04-10T00:00:00Z")
    assert kinds(said) == ("maintenance", "none") and not said["evidence"]


@real
def test_a_minor_release_without_a_fix_in_base_packages_is_a_feature(assess):
    said = assess("almalinux-9", "9.6.20251113", "9.7.20251118", REAL, at="2025-11-19T00:00:00Z")
    assert kinds(said) == ("feature", "none")
    assert said["tags"] == ["feature:9.6->9.7"] and len(said["outside"]) == 3


@real
def test_the_replay_of_almalinux_is_spread_as_measured(assess):
    lines = {"8": [], "9": []}
    with (REAL / "almalinux" / "images_us_east_1.csv").open() as rows:
        for row in csv.DictReader(rows):
            version = row["version"]
            if re.search(r"\d{8}", version) and version.split(".")[0] in lines:
                lines[version.split(".")[0]].append(version)
    pairs = []
    for major, versions in lines.items():
        versions.sort(key=lambda version: [int(part) for part in version.split(".")])
        pairs += [(f"almalinux-{major}", *pair) for pair in zip(versions, versions[1:], strict=False)]
    assert len(pairs) == 36

    def judged(pair):
        base, old, new = pair
        day = re.search(r"(\d{4})(\d\d)(\d\d)", new)
        return assess(base, old, new, REAL, at="{}-{}-{}T23:59:59Z".format(*day.groups()))

    with ThreadPoolExecutor(2) as pool:
        spread = Counter(said["security_level"] for said in pool.map(judged, pairs))
    assert spread == {"critical": 12, "high": 20, "medium": 3, "none": 1}


@pytest.mark.parametrize(
    ("old", "new", "options", "wanted", "advisory"),
    [
        ("20240629", "20240701", {"created": CREATED}, ("security", "critical"), "USN-6859-1"),
        ("20240708", "20240719", {}, ("maintenance", "none"), None),
        ("20240719", "20240726", {}, ("security", "medium"), "USN-6909-1"),
        ("20240726", "20240808", {}, ("security", "medium"), "USN-6944-1"),
        ("20240808", "20240914", {}, ("maintenance", "none"), None),
        ("20240914", "20250815", {"at": "2025-08-20T00:00:00Z"}, ("security", "high"), "USN-7604-1"),
        ("20250715", "20250815", {"at": "2025-08-20T00:00:00Z"}, ("unknown", "unknown"), None),
    ],
)
def test_the_repositorys_own_folder_tells_its_story(assess, old, new, options, wanted, advisory):
    said = assess("ubuntu-22.04", old, new, OWN, **options)
    assert kinds(said) == wanted
    assert (said["headline"] or {}).get("advisory") == advisory
    if wanted[1] == "unknown":
        assert any("older than the build" in reason for reason in said["reasons"]), said["reasons"]


def test_a_base_without_a_feed_is_unknown_and_says_why(assess):
    said = assess("debian-12", "20240701-1795", "20240717-1811", OWN)
    assert kinds(said) == ("unknown", "unknown") and said["confidence"] == "none"
    assert any("no DSA feed" in reason for reason in said["reasons"])


def test_people_read_what_why_and_where(cli):
    words = ["--base", "ubuntu-22.04", "--from", "20240629", "--to", "20240701", "--created", CREATED, "--data", str(OWN)]
    said = cli("advisories", "assess", *words).stdout
    for part in ["critical", "USN-6859-1", "CVE-2024-6387", "openssh-server", "R3", "https://ubuntu.com/security/notices/USN-6859-1"]:
        assert part in said, said


WORDS = {"--base": "ubuntu-22.04", "--from": "20240629", "--to": "20240701", "--data": str(OWN)}


@pytest.mark.parametrize(
    ("change", "code", "parts"),
    [
        ({"--base": "ubuntu-22.4"}, 2, ["--base", "ubuntu-22.4", "ubuntu-24.04"]),
        ({"--base": "centos-7"}, 2, ["--base", "centos-7", "almalinux-9"]),
        ({"--from": "yesterday"}, 2, ["--from", "yesterday", "20240629"]),
        ({"--to": "20241332"}, 2, ["--to", "20241332"]),
        ({"--at": "soon"}, 2, ["--at", "soon"]),
        ({"--created": "2024"}, 2, ["--created", "2024"]),
        ({"--to": "20240629"}, 3, ["--to", "20240629", "--from", "one build"]),
        ({"--to": "20240628"}, 3, ["--to", "20240628", "--from", "20240629", "not newer"]),
        ({"--from": "9.6.20251113"}, 3, ["--from", "9.6.20251113", "ubuntu-22.04"]),
        ({"--base": "almalinux-8", "--from": "9.6.20251113", "--to": "9.7.20251118"}, 3, ["--from", "almalinux-8"]),
        ({"--at": "2024-07-02"}, 2, ["--at", "2024-07-02T00:00:00Z", "2024-07-02T23:59:59Z"]),
        ({"--created": "2024-07-01T16:36:59Z", "--at": "2024-07-01T12:00:00Z"}, 3, ["--created", "2024-07-01T16:36", "--at"]),
        ({"--from": "debian-12-amd64-20240629-1"}, 3, ["--from", "debian-12-amd64-20240629-1", "ubuntu-22.04", "20240629"]),
        ({"--from": "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20240629"}, 3, ["--from", "focal", "ubuntu-22.04"]),
        ({"--from": "latest"}, 2, ["--from", "latest"]),
        ({"--created": "2024-06-01T00:00:00Z"}, 3, ["--created", "2024-06-01", "20240629"]),
        ({"--data": "/nowhere/at/all"}, 3, ["--data", "/nowhere/at/all"]),
        ({"--data": str(OWN / "README.md")}, 3, ["--data", "README.md"]),
        ({"--packages-from": "/nowhere/list"}, 3, ["--packages-from", "/nowhere/list"]),
    ],
)
def test_bad_input_is_refused_by_field_value_and_way_out(cli, change, code, parts):
    words = [word for pair in {**WORDS, **change}.items() for word in pair]
    said = cli("advisories", "assess", *words, code=code).stderr
    assert all(part in said for part in parts), said
    assert json.loads(cli("advisories", "assess", *words, "--json", code=code).stderr)["exit_code"] == code


UBUNTU = """# uname -r: 5.15.0-1063-aws
base-files	12ubuntu4.6	amd64	base-files	12ubuntu4.6
util-linux	2.37.2-4ubuntu3.4	amd64	util-linux	2.37.2-4ubuntu3.4
zlib1g:amd64	1:1.2.11.dfsg-2ubuntu9.2	amd64	zlib	1:1.2.11.dfsg-2ubuntu9.2
dpkg	1.21.1ubuntu2.3	amd64	dpkg	1.21.1ubuntu2.3
libc6:amd64	2.35-0ubuntu3.8	amd64	glibc	2.35-0ubuntu3.8
bash	5.1-6ubuntu1.1	amd64	bash	5.1-6ubuntu1.1
{ssh}"""


def lists(tmp_path, old, new):
    paths = tmp_path / "old.txt", tmp_path / "new.txt"
    for path, text in zip(paths, (old, new), strict=True):
        path.write_text(text)
    return {"packages_from": paths[0], "packages_to": paths[1]}


def sshd(version):
    return UBUNTU.format(ssh=f"openssh-server\t1:{version}\tamd64\topenssh\t1:{version}\n")


@pytest.mark.parametrize(
    ("old", "new", "wanted", "status"),
    [
        (sshd("8.9p1-3ubuntu0.7"), sshd("8.9p1-3ubuntu0.10"), ("security", "critical"), "fixed"),
        (sshd("8.9p1-3ubuntu0.7"), sshd("8.9p1-3ubuntu0.7"), ("maintenance", "none"), "still_vulnerable"),
        (sshd("8.9p1-3ubuntu0.10"), sshd("8.9p1-3ubuntu0.11"), ("maintenance", "none"), None),
        (UBUNTU.format(ssh=""), UBUNTU.format(ssh=""), ("maintenance", "none"), None),
    ],
)
def test_lists_of_both_builds_are_exact(assess, tmp_path, old, new, wanted, status):
    said = assess("ubuntu-22.04", "20240629", "20240701", OWN, created=CREATED, **lists(tmp_path, old, new))
    assert kinds(said) == wanted and said["confidence"] == "high"
    rows = [row for row in said["evidence"] if row["advisory"] == "USN-6859-1"]
    assert [row["status"] for row in rows] == ([status] if status else [])
    if status:
        row = rows[0]
        assert (row["package"], row["grade"], row["basis"]) == ("openssh-server", "A", "manifest_diff")
        assert (row["old"], row["fixed"]) == ("1:8.9p1-3ubuntu0.7", "1:8.9p1-3ubuntu0.10") and row["rules"] == ["R3"]


def test_a_list_that_cannot_be_the_builds_is_refused(cli, tmp_path):
    words = [word for pair in WORDS.items() for word in pair]
    rpm = "glibc\t0:2.34-100.el9\nopenssh-server\t0:8.7p1-38.el9\n"
    every = "dpkg\t1.21.1ubuntu2.3\t{arch}\nlibc6\t{libc}\t{arch}\n"
    arm, noble = every.format(arch="arm64", libc="2.35-0ubuntu3"), every.format(arch="amd64", libc="2.39-0ubuntu8")
    refused = [("", "lists no package"), ("nothing here\n", "lists no package"), (rpm, "Enterprise Linux 9"), (arm, "arm64"), (noble, "24.04")]
    for text, said in refused:
        path = tmp_path / "list.txt"
        path.write_text(text)
        told = cli("advisories", "assess", *words, "--packages-to", str(path), code=3).stderr
        assert all(part in told for part in ("--packages-to", str(path), said)), told
    path.write_bytes(b"\xff\xfe\0")
    assert "UTF-8" in cli("advisories", "assess", *words, "--packages-to", str(path), code=3).stderr


SAMPLES = ROOT / "crates" / "advisories" / "tests" / "samples"


@pytest.mark.parametrize(
    ("base", "old", "new", "options", "wanted", "advisory"),
    [
        # KEV lists CVE-2030-0001 on the 5th: before it, the vendor's word alone.
        ("ubuntu-22.04", "20300101", "20300103", {"at": "2030-01-03T09:00:00Z"}, "high", "USN-9001-1"),
        ("ubuntu-22.04", "20300101", "20300103", {"at": "2030-01-05T00:00:00Z"}, "critical", "USN-9001-1"),
        # R2 with the EPSS of the day: 0.2 over the network makes medium high.
        ("ubuntu-22.04", "20300103", "20300104", {"at": "2030-01-03T12:00:00Z", "created": "2030-01-03T12:00:00Z"}, "medium", "USN-9002-1"),
        ("ubuntu-22.04", "20300103", "20300104", {"at": "2030-01-04T09:00:00Z", "created": "2030-01-04T09:00:00Z"}, "high", "USN-9002-1"),
        ("ubuntu-22.04", "20300104", "20300107", {"at": "2030-01-05T12:00:00Z"}, "critical", "USN-9003-1"),
        ("ubuntu-24.04", "20300102", "20300105", {}, "low", "USN-9003-1"),
        ("ubuntu-20.04", "20300102", "20300105", {}, "none", None),
        ("almalinux-9", "9.4.20300102", "9.4.20300103", {"at": "2030-01-04T00:00:00Z"}, "high", "ALSA-2030:0001"),
        ("almalinux-9", "9.4.20300103", "9.4.20300104", {"at": "2030-01-05T00:00:00Z"}, "medium", "ALSA-2030:A002"),
        ("rocky-9", "9.4.20300102.0", "9.4.20300103.0", {}, "critical", "RLSA-2030:0001"),
        ("rhel-9", "9.4.20300102", "9.4.20300104", {"at": "2030-01-04T12:00:00Z"}, "medium", "RHSA-2030:0001"),
        ("rhel-8", "8.10.20300102", "8.10.20300104", {}, "none", None),
        ("amazon-linux-2023", "2023.5.20240624.0", "2023.5.20240701.0", {}, "critical", "ALAS2023-2030-002"),
        ("amazon-linux-2", "2.0.20300101.0", "2.0.20300103.0", {"at": "2030-01-03T12:00:00Z"}, "high", "ALAS2KERNEL-5.10-2030-070"),
        ("windows-2019", "2029.12.13", "2030.01.09", {}, "critical", "2030-Jan"),
        ("windows-2022", "2029.12.13", "2030.01.09", {}, "medium", "2030-Jan"),
        ("windows-2025", "2029.12.13", "2030.01.30", {}, "critical", "2030-Jan"),
        ("windows-2025", "2030.01.30", "2030.02.13", {}, "unknown", None),
    ],
)
def test_every_vendors_advisories_are_judged_by_its_own_words(assess, base, old, new, options, wanted, advisory):
    said = assess(base, old, new, SAMPLES, **{"at": "2030-02-20T00:00:00Z", **options})
    assert (said["security_level"], (said["headline"] or {}).get("advisory")) == (wanted, advisory), json.dumps(said, indent=1)
    if wanted == "unknown":
        assert said["reasons"] and said["update_type"] == "unknown"


def test_two_repositories_of_amazon_linux_2023_are_exact(assess):
    said = assess("amazon-linux-2023", "2023.5.20240624.0", "2023.5.20240701.0", SAMPLES, at="2030-02-20T00:00:00Z")
    assert said["confidence"] == "high"
    rows = {(row["advisory"], row["status"], row["grade"], row["basis"]) for row in said["evidence"]}
    assert rows == {("ALAS2023-2030-002", "fixed", "A", "repo_diff")}


def test_a_point_release_without_an_advisory_counts_by_its_versions(assess, tmp_path):
    every = "base-files\t12.4\nutil-linux\t2.38.1-5\nzlib1g\t1:1.2.13.dfsg-1\n"
    old = every + "dpkg\t1.21.22\nlibc6\t2.36-9\nlibpam-modules:amd64\t1.5.2-6+deb12u1\tamd64\tpam\nless\t590-2.1~deb12u9+b1\n"
    more = lists(tmp_path, old, old.replace("deb12u1\t", "deb12u2\t"))
    said = assess("debian-12", "20300101-1", "20300106-2", SAMPLES, at="2030-01-06T12:00:00Z", **more)
    assert kinds(said) == ("security", "medium")
    [row] = said["evidence"]
    assert (row["cve"], row["package"], row["status"], row["grade"]) == ("CVE-2030-0010", "libpam-modules", "fixed", "A")
    assert row["link"] == "https://security-tracker.debian.org/tracker/CVE-2030-0010"


def test_only_a_subscriptions_fix_is_unfixed(assess):
    said = assess("ubuntu-20.04", "20300102", "20300105", SAMPLES, at="2030-02-20T00:00:00Z")
    assert {(row["package"], row["status"]) for row in said["evidence"]} == {("needrestart", "unfixed")}


def test_an_images_whole_name_is_its_build(assess):
    name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-{}".format
    said = assess("ubuntu-22.04", name("20240629"), name("20240701"), OWN, created=CREATED)
    assert (said["from"], said["to"], said["security_level"]) == ("20240629", "20240701", "critical")
    said = assess("amazon-linux-2023", "al2023-ami-2023.5.20240624.0-kernel-6.1-x86_64", "2023.5.20240701.0", SAMPLES)
    assert said["from"] == "2023.5.20240624.0"


def test_an_archive_is_told_from_a_folder(cli, assess, tmp_path):
    archive = tmp_path / "all.zip"
    archive.write_bytes(b"PK\3\4")
    words = [word for pair in {**WORDS, "--data": str(archive)}.items() for word in pair]
    said = cli("advisories", "assess", *words, code=3).stderr
    assert str(archive) in said and "unpack" in said and "folder" in said, said
    # One inside a folder is not passed over in silence: it may hold what is missing.
    (tmp_path / "ubuntu").mkdir()
    (tmp_path / "ubuntu" / "usn.jsonl").write_bytes((OWN / "ubuntu" / "usn.jsonl").read_bytes())
    (tmp_path / "ubuntu" / "osv-all.tar.xz").write_bytes(b"\xfd7zXZ\0")
    said = assess("ubuntu-22.04", "20240708", "20240719", tmp_path)
    assert said["security_level"] == "unknown" and any("osv-all.tar.xz is an archive" in reason for reason in said["reasons"]), said["reasons"]


def test_names_alone_never_make_none_certain(assess, tmp_path):
    names = "\n".join(line.split("\t")[0] for line in sshd("1").splitlines()[1:]) + "\n"
    more = lists(tmp_path, names, names)
    said = assess("ubuntu-22.04", "20240629", "20240701", OWN, created=CREATED, **more)
    assert kinds(said) == ("security", "critical") and said["confidence"] == "low"
    assert any("tells no version of 7 packages" in reason for reason in said["reasons"]), said["reasons"]
    said = assess("ubuntu-22.04", "20240708", "20240719", OWN, **more)
    assert kinds(said) == ("maintenance", "none") and said["confidence"] == "low"


@real
def test_a_machines_upgrade_is_what_its_changelogs_name(assess):
    """132 real upgrades of Debian 12: each CVE that the changelogs between the versions name, and no urgency as a severity."""
    said = assess(
        "debian-12",
        "20250601-1",
        "20261110-1",
        REAL,
        at="2026-11-20T00:00:00Z",
        packages_from=REAL / "debian" / "debian12_old.manifest",
        packages_to=REAL / "debian" / "debian12_new.manifest",
    )
    told = json.loads((REAL / "debian" / "debian12_upgrade_changelog_cves.json").read_text())
    wanted = {(cve, package["source"]) for package in told for cve in package["cves"]}
    assert {(row["cve"], row["source"]) for row in said["evidence"] if row["status"] == "fixed"} == wanted
    assert {row["vendor_severity"] for row in said["evidence"]} == {None}
    assert kinds(said) == ("security", "unknown") and said["confidence"] == "low"
