"""Who else lives in the account: backups, people who copy, and the Recycle Bin."""

import pytest

from region import capture, image, image_in_state, in_state, refused, running, tagged, wait_until

OURS = {"ManagedBy": "KamiwazaDeploymentManager", "Template": "web", "ingot:effect": "e-1"}


@pytest.fixture
def instance(ec2, base):
    return running(ec2, base, ClientToken="ours", TagSpecifications=[
        tagged("instance", **OURS), tagged("volume", **OURS)])


def tags_of(thing):
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


def snapshot(ec2, found):
    ids = [device["Ebs"]["SnapshotId"] for device in found["BlockDeviceMappings"]]
    return ec2.describe_snapshots(SnapshotIds=ids)["Snapshots"][0]


def test_aws_backup_copies_tags_and_keeps_what_it_made(sim, ec2, instance):
    made = sim.control("POST", "backups", {"instance": instance, "by": "aws_backup"})
    found = image_in_state(ec2, made["image_id"], "available")
    assert found["Name"].startswith(f"AwsBackup_{instance}")
    assert found["ImageOwnerAlias"] == "aws-backup-vault"
    assert found["SourceInstanceId"] == instance
    assert tags_of(found) == {**OURS, "aws:backup:source-resource": instance}
    own = ec2.describe_images(Owners=["self"])["Images"]
    assert [one["ImageId"] for one in own] == [made["image_id"]]
    theirs = snapshot(ec2, found)
    assert theirs["OwnerAlias"] == "aws-backup-vault"
    assert tags_of(theirs) == {**OURS, "aws:backup:source-resource": instance}
    with refused("InvalidParameterValue"):
        ec2.deregister_image(ImageId=made["image_id"])
    with refused("InvalidParameterValue"):
        ec2.delete_snapshot(SnapshotId=theirs["SnapshotId"])
    assert image(ec2, made["image_id"])
    with refused("InvalidParameterValue"):
        ec2.delete_tags(Resources=[made["image_id"]], Tags=[{"Key": "aws:backup:source-resource"}])
    ec2.delete_tags(Resources=[made["image_id"]])
    assert tags_of(image(ec2, made["image_id"])) == {"aws:backup:source-resource": instance}


def test_dlm_copies_tags(sim, ec2, instance):
    made = sim.control("POST", "backups", {"instance": instance, "by": "dlm"})
    found = image_in_state(ec2, made["image_id"], "available")
    tags = tags_of(found)
    assert OURS.items() <= tags.items()
    assert {"aws:dlm:lifecycle-policy-id", "aws:dlm:lifecycle-schedule-name"} <= tags.keys()
    assert "ImageOwnerAlias" not in found
    theirs = snapshot(ec2, found)
    assert OURS.items() <= tags_of(theirs).items()
    ec2.deregister_image(ImageId=made["image_id"])
    ec2.delete_snapshot(SnapshotId=theirs["SnapshotId"])


def test_backups_without_tags_and_by_scripts(sim, ec2, instance):
    for by, copy, tags in (("script", True, OURS), ("dlm", False, None)):
        order = {"instance": instance, "by": by, "copy_tags": copy, "name": f"by {by}"}
        made = sim.control("POST", "backups", order)
        found = image_in_state(ec2, made["image_id"], "available")
        assert found["Name"] == f"by {by}"
        if tags is not None:
            assert tags_of(found) == tags
        else:
            assert not OURS.keys() & tags_of(found).keys()


def test_a_person_launches_more_like_this(sim, ec2, instance):
    made = sim.control("POST", "launch_like", {"instance": instance})["instance_id"]
    model, found = (in_state(ec2, each, "running") for each in (instance, made))
    assert made != instance
    assert tags_of(found) == OURS and not found.get("ClientToken")
    for name in ("ImageId", "InstanceType", "SubnetId"):
        assert found[name] == model[name]
    assert found["PublicIpAddress"] != model["PublicIpAddress"]
    volumes = ec2.describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [made]}])["Volumes"]
    assert tags_of(volumes[0]) == OURS


def test_a_copy_has_the_tags_of_the_image_only(ec2, instance):
    ami = capture(ec2, instance, "golden", TagSpecifications=[
        tagged("image", **OURS), tagged("snapshot", **OURS)])
    copy = ec2.copy_image(SourceImageId=ami, SourceRegion="us-east-1", Name="golden",
                          CopyImageTags=True)["ImageId"]
    found = image_in_state(ec2, copy, "available")
    assert tags_of(found) == OURS and found["SourceImageId"] == ami
    assert "SourceInstanceId" not in found
    assert tags_of(snapshot(ec2, found)) == {}


def test_a_person_tags_something_else_as_ours(ec2, base):
    other = running(ec2, base)
    ec2.create_tags(Resources=[other], Tags=[{"Key": k, "Value": v} for k, v in OURS.items()])
    assert tags_of(in_state(ec2, other, "running")) == OURS


def test_the_recycle_bin_gives_back_the_same_image(sim, ec2, instance):
    day = 24 * 3600
    sim.control("POST", "recycle_bin", {"images": day, "snapshots": day})
    ami = capture(ec2, instance, "golden", Description="of web", TagSpecifications=[
        tagged("image", **OURS), tagged("snapshot", **OURS)])
    before = image(ec2, ami)
    held = snapshot(ec2, before)["SnapshotId"]
    ec2.deregister_image(ImageId=ami)
    ec2.delete_snapshot(SnapshotId=held)
    wait_until(lambda: not ec2.describe_images(Owners=["self"])["Images"], "gone")
    (kept,) = ec2.list_images_in_recycle_bin()["Images"]
    assert (kept["ImageId"], kept["Name"]) == (ami, "golden")
    assert kept["RecycleBinExitTime"] > kept["RecycleBinEnterTime"]
    with refused("InvalidSnapshot.NotFound"):
        ec2.restore_image_from_recycle_bin(ImageId=ami)
    (bits,) = ec2.list_snapshots_in_recycle_bin()["Snapshots"]
    assert bits["SnapshotId"] == held
    assert ec2.restore_snapshot_from_recycle_bin(SnapshotId=held)["SnapshotId"] == held
    assert ec2.restore_image_from_recycle_bin(ImageId=ami)["Return"]
    after = image(ec2, ami)
    assert after == before, "the same id, name, tags and snapshots"
    assert tags_of(snapshot(ec2, after)) == OURS
    assert ec2.list_images_in_recycle_bin()["Images"] == []
    with refused("InvalidAMIID.NotFound"):
        ec2.restore_image_from_recycle_bin(ImageId=ami)
    ec2.deregister_image(ImageId=ami, DeleteAssociatedSnapshots=True)
    assert ec2.list_snapshots_in_recycle_bin()["Snapshots"], "kept like one deleted by itself"


def test_without_a_rule_nothing_is_kept(sim, ec2, instance):
    first = capture(ec2, instance, "unruly")
    ec2.deregister_image(ImageId=first)
    with refused("InvalidAMIID.NotFound"):
        ec2.restore_image_from_recycle_bin(ImageId=first)
    sim.control("POST", "recycle_bin", {"images": 60})
    second = wait_until(lambda: capture(ec2, instance, "short"), "captured")
    ec2.deregister_image(ImageId=second)
    wait_until(lambda: not ec2.list_images_in_recycle_bin()["Images"], "its time is over")
    with refused("InvalidAMIID.NotFound"):
        ec2.restore_image_from_recycle_bin(ImageId=second)
