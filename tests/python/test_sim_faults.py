"""Refusals, throttling and ordered faults, as boto3 without retries sees them."""

import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from region import base_image, refused, running, wait_until


def test_throttling(throttled_sim):
    ec2 = throttled_sim.client("ec2")
    request = dict(ImageId=base_image(throttled_sim), InstanceType="t3.micro",
                   MinCount=1, MaxCount=1)
    started = time.monotonic()
    outcomes = []
    for _ in range(12):
        try:
            ec2.run_instances(**request)
            outcomes.append("ok")
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
            outcomes.append(error.response["Error"]["Code"])
    seconds = time.monotonic() - started
    passed = outcomes.count("ok")
    assert 5 <= passed <= 5 + 2 * seconds + 1, outcomes
    assert outcomes.count("RequestLimitExceeded") == 12 - passed
    patient = throttled_sim.client("ec2", retries=8)
    patient.run_instances(**request)


def test_a_lost_answer_leaves_the_effect(sim, ec2, base):
    instance = running(ec2, base)
    sim.fault("CreateImage", "lost_answer", match={"Name": "lost-*"})
    with pytest.raises(ConnectionClosedError):
        ec2.create_image(InstanceId=instance, Name="lost-1", NoReboot=True)
    with refused("InvalidAMIName.Duplicate"):
        ec2.create_image(InstanceId=instance, Name="lost-1", NoReboot=True)
    (first, second) = sim.calls("CreateImage")
    assert (first["outcome"], first["fault"]) == ("ok", "lost_answer")
    assert first["params"]["Name"] == "lost-1"
    assert first["effect"].startswith("ami-")
    assert second["outcome"] == "InvalidAMIName.Duplicate"
    sim.fault("RunInstances", "lost_answer")
    request = dict(ImageId=base, InstanceType="t3.micro", MinCount=1, MaxCount=1, ClientToken="q")
    with pytest.raises(ConnectionClosedError):
        ec2.run_instances(**request)
    again = ec2.run_instances(**request)["Instances"][0]["InstanceId"]
    living = [i for i in sim.state()["instances"] if i["client_token"] == "q"]
    assert [i["id"] for i in living] == [again]


def test_a_dropped_call_has_no_effect(sim, ec2, base):
    instance = running(ec2, base)
    sim.fault("CreateImage", "drop", after_calls=1)
    ec2.create_image(InstanceId=instance, Name="first", NoReboot=True)
    with pytest.raises(ConnectionClosedError):
        ec2.create_image(InstanceId=instance, Name="second", NoReboot=True)
    assert [i["name"] for i in sim.state()["images"]] == ["first"]


def test_errors_delays_and_halves(sim, ec2, base):
    sim.fault("DescribeRegions", "error", code="InternalError", message="sorry")
    with refused("InternalError", 500):
        ec2.describe_regions()
    sim.fault("DescribeRegions", "delay", ms=300)
    started = time.monotonic()
    ec2.describe_regions()
    assert time.monotonic() - started >= 0.3
    sim.fault("CreateSecurityGroup", "half_answer")
    with pytest.raises((BotoCoreError, ClientError)):
        ec2.create_security_group(GroupName="half", Description="d")
    assert any(g["name"] == "half" for g in sim.state()["security_groups"])
    sim.fault("DescribeRegions", "error", code="Unavailable", times=0)
    sim.control("DELETE", "faults")
    ec2.describe_regions()


def test_a_late_effect(sim, base):
    """A client that gives up does not stop what it asked for."""
    sim.fault("CreateSecurityGroup", "delay", ms=500)
    body = b"Action=CreateSecurityGroup&GroupName=late&GroupDescription=d&Version=2016-11-15"
    request = urllib.request.Request(sim.endpoint, data=body, method="POST")
    scope = "AKIATEST/20261122/us-east-1/ec2/aws4_request"
    request.add_header("authorization", f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0")
    with pytest.raises(OSError):
        urllib.request.urlopen(request, timeout=0.1)
    wait_until(
        lambda: any(g["name"] == "late" for g in sim.state()["security_groups"]),
        "the effect arrives late",
    )


def test_calls_without_a_place(sim, ec2):
    with refused("UnauthorizedOperation", 403):
        sim.client("ec2", key="AKIADENIEDXX").describe_regions()
    with refused("AuthFailure", 401):
        sim.client("ec2", key="AKIAINVALIDX").describe_regions()
    with refused("InvalidAction"):
        ec2.describe_account_attributes()


def test_user_data_must_be_base64(sim, base):
    body = f"Action=RunInstances&Version=2016-11-15&ImageId={base}&MinCount=1&MaxCount=1" \
        "&UserData=not%20base64"
    request = urllib.request.Request(sim.endpoint, data=body.encode(), method="POST")
    with pytest.raises(urllib.error.HTTPError) as unsigned:
        urllib.request.urlopen(request, timeout=10)
    assert unsigned.value.code == 403
    assert b"MissingAuthenticationToken" in unsigned.value.read()
    scope = "AKIATEST/20261122/us-east-1/ec2/aws4_request"
    request.add_header("authorization", f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0")
    with pytest.raises(urllib.error.HTTPError) as malformed:
        urllib.request.urlopen(request, timeout=10)
    assert b"InvalidUserData.Malformed" in malformed.value.read()
