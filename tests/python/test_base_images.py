"""Base images over HTTP: what is refused, and how it is said."""

import pytest

GOOD = {
    "name": "team-web",
    "owner": "123456789012",
    "aws_filter": "team-web-*",
    "pattern": r"team-web-(?<build>\d{8})",
    "like": "ubuntu-22.04",
}


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("owner", "", "12 digits"),
        ("owner", "amazon", "alias"),
        ("owner", "1234", "12 digits"),
        ("name", "ubuntu-22.04", "every installation has this track"),
        ("name", "../x", "lower-case letters"),
        ("name", "x" * 61, "lower-case letters"),
        ("aws_filter", "*", "three characters"),
        ("pattern", "team-.*", "group"),
        ("pattern", "(", "no pattern"),
        ("pattern", "(?<build>" + "a" * 400 + ")", "300"),
        ("parameter", "x y", "slash"),
        ("like", "centos-7", "no base image"),
        ("architecture", "mips", "x86_64"),
    ],
)
def test_a_wrong_track_is_refused_with_its_field(ingot, field, value, word):
    answer = ingot.call("POST", "/v1/base-images", {**GOOD, field: value})
    assert answer.status == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field and word in error["message"], error


def test_a_track_is_added_once_and_paused_with_a_reason(ingot):
    added = ingot.call("POST", "/v1/base-images", GOOD)
    assert added.status == 201, added.text
    assert added.json()["owner"] == GOOD["owner"] and not added.json()["builtin"]
    again = ingot.call("POST", "/v1/base-images", GOOD)
    assert again.status == 409 and "another name" in again.text
    path = "/v1/base-images/team-web"
    empty = ingot.call("POST", f"{path}/pause", {"reason": " "})
    assert empty.status == 422, empty.text
    paused = ingot.call("POST", f"{path}/pause", {"reason": "a holiday"})
    assert paused.status == 200 and paused.json()["paused_reason"] == "a holiday"
    assert ingot.call("POST", f"{path}/pause", {"reason": "twice"}).status == 409
    assert ingot.call("POST", f"{path}/scan", {}).status == 409
    resumed = ingot.call("POST", f"{path}/resume", {"reason": "over"})
    assert resumed.status == 200 and resumed.json()["paused_at"] is None
    story = [line["message"] for line in ingot.get(f"{path}/events")["items"]]
    assert len(story) == 2 and "a holiday" in story[0]


def test_unknown_tracks_and_regions_are_named(ingot):
    missing = ingot.call("GET", "/v1/base-images/ubuntu-2")
    assert missing.status == 404 and "ingot base-images list" in missing.text
    assert ingot.call("POST", "/v1/base-images/ubuntu-2/scan", {}).status == 404
    answer = ingot.call("POST", "/v1/base-images/scan", {"regions": ["mars-1"]})
    assert answer.status == 422 and "us-east-1" in answer.text
    unknown = ingot.call("POST", "/v1/base-images", {**GOOD, "owners": "x"})
    assert unknown.status == 400, unknown.text


def test_a_template_on_a_track_that_there_is_not_is_refused(ingot):
    yaml = """name: nowhere
base_image: { track: ubuntu-22.4 }
instance_types: [t3.micro]
user_data: |
  #!/bin/sh
  true
probe: { scheme: http, port: 80, path: / }
install_finished: none
"""
    headers = {"Content-Type": "application/yaml"}
    answer = ingot.call("POST", "/v1/templates", yaml, headers)
    assert answer.status == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == "base_image.track" and "ubuntu-22.04" in error["message"], error
    answer = ingot.call("POST", "/v1/templates", yaml.replace("22.4", "22.04"), headers)
    assert answer.status == 201, answer.text


def test_a_track_of_ones_own_is_removed_unless_a_template_starts_from_it(ingot):
    new = {**GOOD, "name": "team-old", "aws_filter": "team-old-*", "pattern": r"team-old-(?<build>\d{8})"}
    assert ingot.call("POST", "/v1/base-images", new).status == 201
    yaml = """name: stands
base_image: { track: team-old }
instance_types: [t3.micro]
user_data: |
  #!/bin/sh
  true
probe: { scheme: http, port: 80, path: / }
install_finished: none
"""
    headers = {"Content-Type": "application/yaml"}
    assert ingot.call("POST", "/v1/templates", yaml, headers).status == 201
    path, why = "/v1/base-images/team-old", {"reason": "the team is gone"}
    held = ingot.call("POST", f"{path}/remove", why)
    assert held.status == 409 and "stands" in held.text and "another base image first" in held.text, held.text
    assert ingot.call("POST", "/v1/templates", yaml.replace("team-old", "ubuntu-22.04"), headers).status == 201
    assert ingot.call("POST", f"{path}/remove", {"reason": " "}).status == 422
    gone = ingot.call("POST", f"{path}/remove", why)
    assert gone.status == 200 and gone.json()["name"] == "team-old", gone.text
    assert ingot.call("GET", path).status == 404
    assert all(one["name"] != "team-old" for one in ingot.get("/v1/base-images")["items"])
    assert ingot.call("POST", f"{path}/remove", why).status == 404
    built_in = ingot.call("POST", "/v1/base-images/ubuntu-22.04/remove", why)
    assert built_in.status == 409 and "paused" in built_in.text
    assert ingot.call("POST", "/v1/base-images", new).status == 201
    story = [line["message"] for line in ingot.get(f"{path}/events")["items"]]
    assert len(story) == 2 and "the team is gone" in story[0] and "again" in story[1], story


def test_the_interval_of_looks_is_a_setting_with_bounds(ingot):
    path = "/v1/settings/scan-interval"
    assert ingot.get(path) == {"scan_interval_seconds": 3600}
    for seconds in (59, 604801):
        answer = ingot.call("PUT", path, {"scan_interval_seconds": seconds})
        assert answer.status == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["field"] == "scan_interval_seconds" and "7 days" in error["message"], error
    assert ingot.call("PUT", path, {"scan_interval_seconds": 1800}).status == 200
    assert ingot.get(path) == {"scan_interval_seconds": 1800}
    assert ingot.call("PUT", path, {"scan_interval_seconds": 3600}).status == 200
