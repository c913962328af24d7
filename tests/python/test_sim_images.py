"""Images and snapshots of the simulated region through boto3, as EC2.md says."""

from botocore.exceptions import ClientError

from conftest import start_sim
from region import (
    AL2023,
    base_image,
    capture,
    image,
    image_in_state,
    launch,
    refused,
    running,
    tagged,
    wait_until,
)


def test_create_image(ec2, base):
    instance = running(ec2, base)
    request = dict(InstanceId=instance, Name="ingot-web-1", NoReboot=True)
    ami = ec2.create_image(**request, TagSpecifications=[
        tagged("image", intent="img-1"), tagged("snapshot", intent="img-1")])["ImageId"]
    wait_until(lambda: image(ec2, ami), "the new image is visible")
    found = image_in_state(ec2, ami, "available")
    assert found["SourceImageId"] == base
    assert found["Tags"] == [{"Key": "intent", "Value": "img-1"}]
    (snapshot,) = [d["Ebs"]["SnapshotId"] for d in found["BlockDeviceMappings"]]
    (shown,) = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    assert (shown["State"], shown["Progress"]) == ("completed", "100%")
    assert shown["Tags"] == [{"Key": "intent", "Value": "img-1"}]
    with refused("InvalidAMIName.Duplicate"):
        ec2.create_image(**request)
    for name in ["n" * 129, "with:colon"]:
        with refused("InvalidAMIName.Malformed"):
            ec2.create_image(InstanceId=instance, Name=name)
    with refused("InvalidParameterValue"):
        ec2.create_image(InstanceId=instance, Name="volume-tags",
                         TagSpecifications=[tagged("volume", a="b")])
    with refused("InvalidInstanceID.NotFound"):
        ec2.create_image(InstanceId="i-0123456789abcdef0", Name="of-nothing")


def test_a_pending_image_cannot_be_launched_and_holds_its_name(sim, ec2, base):
    instance = running(ec2, base)
    sim.control("POST", "next_image", {"hold": True})
    ami = ec2.create_image(InstanceId=instance, Name="held", NoReboot=True)["ImageId"]
    found = image_in_state(ec2, ami, "pending")
    snapshot = found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] == "pending"
    with refused("InvalidAMIID.Unavailable"):
        ec2.run_instances(ImageId=ami, MinCount=1, MaxCount=1, InstanceType="t3.micro")
    with refused("InvalidAMIName.Duplicate"):
        ec2.create_image(InstanceId=instance, Name="held", NoReboot=True)
    sim.control("POST", f"images/{ami}", {"state": "available"})
    image_in_state(ec2, ami, "available")


def test_a_failed_image_says_why(sim, ec2, base):
    instance = running(ec2, base)
    sim.control("POST", "next_image", {"state": "failed", "reason": "key is disabled"})
    ami = ec2.create_image(InstanceId=instance, Name="doomed", NoReboot=True)["ImageId"]
    found = image_in_state(ec2, ami, "failed")
    assert found["StateReason"]["Message"] == "key is disabled"


def test_describe_images(ec2, base):
    (noble,) = ec2.describe_images(Owners=["099720109477"], Filters=[
        {"Name": "name", "Values": ["ubuntu/images/*noble-24.04-arm64*"]}])["Images"]
    assert noble["Description"].startswith("Canonical, Ubuntu, 24.04, arm64 noble image")
    assert {"137112412989", "099720109477", "309956199498"} <= {
        i["OwnerId"] for i in ec2.describe_images(Owners=["amazon"])["Images"]}, "verified too"
    assert not ec2.describe_images(Owners=["amazon"], Filters=[
        {"Name": "name", "Values": ["debian-*"]}])["Images"]
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    instance = running(ec2, base)
    mine = {capture(ec2, instance, f"page-{n}") for n in range(3)}
    pages = list(ec2.get_paginator("describe_images").paginate(
        Owners=["self"], PaginationConfig={"PageSize": 2}))
    assert [len(p["Images"]) for p in pages] == [2, 1]
    assert {i["ImageId"] for p in pages for i in p["Images"]} == mine
    by_source = [{"Name": "source-instance-id", "Values": [instance]}]
    assert len(ec2.describe_images(Filters=by_source)["Images"]) == 3
    with refused("InvalidAMIID.NotFound"):
        ec2.describe_images(ImageIds=["ami-0123456789abcdef0"])


def test_copy_image(sim, ec2, base):
    instance = running(ec2, base)
    source = capture(ec2, instance, "ingot-src", TagSpecifications=[tagged("image", k="v")])
    there = sim.client("ec2", region="eu-west-1")
    request = dict(SourceImageId=source, SourceRegion="us-east-1", Name="ingot-copy",
                   ClientToken="copy-1", CopyImageTags=True)
    copy = there.copy_image(**request)["ImageId"]
    assert there.copy_image(**request)["ImageId"] == copy
    with refused("IdempotentParameterMismatch"):
        there.copy_image(**{**request, "Name": "another"})
    found = image_in_state(there, copy, "available")
    assert (found["SourceImageId"], found["SourceImageRegion"]) == (source, "us-east-1")
    assert found["Tags"] == [{"Key": "k", "Value": "v"}]
    twin = there.copy_image(**{**request, "ClientToken": "copy-2"})["ImageId"]
    assert twin != copy, "names of copies need not be unique (EC2.md 3)"
    with refused("InvalidAMIID.NotFound"):
        ec2.describe_images(ImageIds=[copy])
    with refused("InvalidAMIID.NotFound"):
        there.copy_image(**{**request, "SourceImageId": "ami-0123456789abcdef0",
                            "ClientToken": "copy-3"})


def test_copies_into_one_region_at_a_time_are_limited(sim, ec2, base):
    source = capture(ec2, running(ec2, base), "ingot-src")
    there = sim.client("ec2", region="eu-west-1")
    order = {"quotas": {"snapshot_copies": 1}, "region": "eu-west-1"}
    sim.control("POST", "quotas", order)
    sim.control("POST", "next_image", {"hold": True})
    request = dict(SourceImageId=source, SourceRegion="us-east-1")
    first = there.copy_image(**request, Name="held", ClientToken="held")["ImageId"]
    with refused("ResourceLimitExceeded"):
        there.copy_image(**request, Name="second", ClientToken="second")
    assert there.copy_image(**request, Name="held", ClientToken="held")["ImageId"] == first
    there = sim.client("ec2", region="us-west-2")
    sim.control("POST", "next_image", {"state": "failed", "reason": "Client.InternalError"})
    failed = there.copy_image(**request, Name="failing", Encrypted=True, ClientToken="failing",
                              TagSpecifications=[tagged("image", k="v"), tagged("snapshot", k="v")])
    found = image_in_state(there, failed["ImageId"], "failed")
    assert found["StateReason"]["Message"] == "Client.InternalError"
    assert found["Tags"] == [{"Key": "k", "Value": "v"}]
    (device,) = found["BlockDeviceMappings"]
    assert device["Ebs"]["Encrypted"]
    (shown,) = there.describe_snapshots(SnapshotIds=[device["Ebs"]["SnapshotId"]])["Snapshots"]
    assert (shown["State"], shown["Tags"]) == ("error", [{"Key": "k", "Value": "v"}])


def test_deregister_and_snapshots(ec2, base):
    instance = running(ec2, base)
    ami = capture(ec2, instance, "short-lived")
    snapshot = image(ec2, ami)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    with refused("InvalidSnapshot.InUse"):
        ec2.delete_snapshot(SnapshotId=snapshot)
    ec2.deregister_image(ImageId=ami)
    with refused("InvalidAMIID.Unavailable"):
        ec2.deregister_image(ImageId=ami)
    ec2.delete_snapshot(SnapshotId=snapshot)
    with refused("InvalidSnapshot.NotFound"):
        ec2.delete_snapshot(SnapshotId=snapshot)
    second = capture(ec2, instance, "short-lived-2")
    snapshot = image(ec2, second)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    answer = ec2.deregister_image(ImageId=second, DeleteAssociatedSnapshots=True)
    assert answer["DeleteSnapshotResults"] == [
        {"SnapshotId": snapshot, "ReturnCode": "success"}]
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []


def test_the_name_is_free_again_after_deregistration(ec2, base):
    instance = running(ec2, base)
    ec2.deregister_image(ImageId=capture(ec2, instance, "again"))

    def free():
        try:
            return ec2.create_image(InstanceId=instance, Name="again", NoReboot=True)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidAMIName.Duplicate"
            return None

    assert wait_until(free, "the name is free")["ImageId"]


def test_base_images_are_not_ours(ec2, base):
    with refused("AuthFailure", 403):
        ec2.deregister_image(ImageId=base)
    with refused("InvalidAMIID.NotFound"):
        ec2.create_tags(Resources=[base], Tags=[{"Key": "a", "Value": "b"}])


def test_a_base_image_moves(sim, ec2, base):
    moved = sim.control("POST", "base_images", {"parameter": AL2023})
    assert moved["image_id"] != base
    assert base_image(sim) == moved["image_id"]
    newest = max(ec2.describe_images(Owners=["amazon"], Filters=[
        {"Name": "architecture", "Values": ["x86_64"]}])["Images"],
        key=lambda i: i["CreationDate"])
    assert newest["ImageId"] == moved["image_id"]


def test_one_snapshot_of_a_volume_in_fifteen_seconds():
    slow = start_sim("--no-buckets", "--pace", "1")
    try:
        theirs = slow.client("ec2")
        machine = launch(theirs, base_image(slow))[0]
        slow.control("POST", f"instances/{machine}", {"state": "running"})
        theirs.create_image(InstanceId=machine, Name="first", NoReboot=True)
        with refused("SnapshotCreationPerVolumeRateExceeded"):
            theirs.create_image(InstanceId=machine, Name="second", NoReboot=True)
        with refused("InvalidAMIName.Duplicate"):
            theirs.create_image(InstanceId=machine, Name="first", NoReboot=True)
    finally:
        slow.stop()


def test_descriptions_of_images(ec2, base):
    instance = running(ec2, base)
    for description in ("d" * 256, "ünsere", "two\nlines"):
        with refused("InvalidParameterValue"):
            ec2.create_image(InstanceId=instance, Name="described", Description=description)
    ami = capture(ec2, instance, "described", Description="d" * 255)
    with refused("InvalidParameterValue"):
        ec2.copy_image(SourceImageId=ami, SourceRegion="us-east-1", Name="copy",
                       Description="ünsere")
