"""The AWS CLI drives the simulated region: an independent client with its own parser."""

import json

import pytest

from region import AL2023, capture, image_in_state, in_state, running, wait_until

# A refusal by the service: version 2 ends with 254, version 1 (the one on PyPI) with 255.
REFUSED = (254, 255)


@pytest.fixture
def aws(sim, aws_cli):
    """Runs one command that must succeed and gives its JSON or text."""

    def run(*words):
        done = aws_cli(sim.endpoint, *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def test_from_parameter_to_copy(sim, aws, ec2):
    base = aws("ssm", "get-parameter", "--name", AL2023, "--query", "Parameter.Value")
    instance = aws(
        "ec2", "run-instances", "--image-id", base, "--instance-type", "t3.micro",
        "--client-token", "cli-1", "--user-data", "#!/bin/sh",
        "--tag-specifications", "ResourceType=instance,Tags=[{Key=intent,Value=cli}]",
        "--query", "Instances[0].InstanceId",
    )
    in_state(ec2, instance, "running")
    found = aws(
        "ec2", "describe-instances", "--filters", "Name=tag:intent,Values=cli",
        "--query", "Reservations[].Instances[].[InstanceId,State.Name,ClientToken]",
    )
    assert found == [[instance, "running", "cli-1"]]
    ami = aws(
        "ec2", "create-image", "--instance-id", instance, "--name", "cli-image", "--no-reboot",
        "--query", "ImageId",
    )
    image_in_state(ec2, ami, "available")
    aws("ec2", "create-tags", "--resources", ami, "--tags", "Key=channel,Value=stable")
    tags = aws("ec2", "describe-images", "--image-ids", ami, "--query", "Images[0].Tags")
    assert tags == [{"Key": "channel", "Value": "stable"}]
    copy = aws(
        "ec2", "copy-image", "--region", "eu-west-1", "--source-region", "us-east-1",
        "--source-image-id", ami, "--name", "cli-copy", "--client-token", "cli-copy-1",
        "--copy-image-tags", "--query", "ImageId",
    )
    image_in_state(sim.client("ec2", region="eu-west-1"), copy, "available")
    answer = aws("ec2", "deregister-image", "--image-id", ami, "--delete-associated-snapshots")
    assert [r["ReturnCode"] for r in answer["DeleteSnapshotResults"]] == ["success"]
    aws("ec2", "terminate-instances", "--instance-ids", instance)
    in_state(ec2, instance, "terminated")


def test_waiters(aws, ec2, sim):
    base = aws("ssm", "get-parameter", "--name", AL2023, "--query", "Parameter.Value")
    ami = capture(ec2, running(ec2, base), "waited-for")
    aws("ec2", "wait", "image-available", "--image-ids", ami)


def test_pages(sim, aws, ec2):
    base = aws("ssm", "get-parameter", "--name", AL2023, "--query", "Parameter.Value")
    ids = {i["InstanceId"] for _ in range(2) for i in ec2.run_instances(
        ImageId=base, InstanceType="t3.micro", MinCount=6, MaxCount=6)["Instances"]}

    def listed():
        got = aws("ec2", "describe-instances", "--page-size", "5",
                  "--query", "Reservations[].Instances[].InstanceId")
        return set(got) == ids and len(got) == len(ids)

    wait_until(listed, "both pages hold all instances once")
    sim.control("DELETE", "journal")
    assert listed()
    assert len(sim.calls("DescribeInstances")) == 2
    first = aws("ec2", "describe-instances", "--max-items", "1")
    assert len(first["Reservations"]) == 1 and first["NextToken"]


def test_errors_have_their_code_and_status(sim, aws_cli):
    table = [
        (["ec2", "describe-instances", "--instance-ids", "i-0123456789abcdef0"],
         "InvalidInstanceID.NotFound"),
        (["ec2", "describe-images", "--image-ids", "ami-0123456789abcdef0"],
         "InvalidAMIID.NotFound"),
        (["ec2", "delete-snapshot", "--snapshot-id", "snap-0123456789abcdef0"],
         "InvalidSnapshot.NotFound"),
        (["ec2", "describe-regions", "--dry-run"], "DryRunOperation"),
        (["ssm", "get-parameter", "--name", "/none"], "ParameterNotFound"),
    ]
    for words, code in table:
        done = aws_cli(sim.endpoint, *words)
        assert done.returncode in REFUSED, (words, done.stderr)
        assert f"({code})" in done.stderr, (words, done.stderr)


def test_caller_and_role(sim, aws):
    assert aws("sts", "get-caller-identity", "--query", "Account") == "123456789012"
    keys = aws("sts", "assume-role", "--role-arn", "arn:aws:iam::444455556666:role/builder",
               "--role-session-name", "cli", "--query", "Credentials")
    assert keys["AccessKeyId"].startswith("ASIA") and keys["Expiration"]
