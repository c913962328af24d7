"""The simulated region through boto3: machines, tags, groups, as EC2.md says."""

from region import group as visible_group
from region import (
    capture,
    image,
    in_state,
    instances,
    launch,
    refused,
    running,
    tagged,
    wait_until,
)


def test_launch_describe_terminate(ec2, base):
    (instance,) = launch(
        ec2,
        base,
        ClientToken="token-1",
        UserData="#!/bin/sh\necho hello\n",
        TagSpecifications=[tagged("instance", intent="dep-1"), tagged("volume", intent="dep-1")],
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 40}}],
        MetadataOptions={"HttpTokens": "required"},
        IamInstanceProfile={"Name": "builder"},
    )
    found = in_state(ec2, instance, "running")
    assert found["PublicIpAddress"] == found["PrivateIpAddress"]
    assert found["PublicIpAddress"].startswith("127.")
    assert found["ClientToken"] == "token-1"
    assert found["Tags"] == [{"Key": "intent", "Value": "dep-1"}]
    assert found["IamInstanceProfile"]["Arn"].endswith(":instance-profile/builder")
    volume = found["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Size"] == 40
    ec2.terminate_instances(InstanceIds=[instance])
    gone = in_state(ec2, instance, "terminated")
    assert "PublicIpAddress" not in gone
    ec2.terminate_instances(InstanceIds=[instance])
    with refused("InvalidVolume.NotFound"):
        ec2.describe_volumes(VolumeIds=[volume])


def test_tokens_of_launches(ec2, base):
    request = dict(ImageId=base, InstanceType="t3.micro", MinCount=1, MaxCount=1, ClientToken="t")
    first = ec2.run_instances(**request)["Instances"][0]["InstanceId"]
    assert ec2.run_instances(**request)["Instances"][0]["InstanceId"] == first
    with refused("IdempotentParameterMismatch"):
        ec2.run_instances(**{**request, "InstanceType": "t3.small"})
    zone = ec2.describe_subnets()["Subnets"][1]["SubnetId"]
    other = ec2.run_instances(**request, SubnetId=zone)["Instances"][0]["InstanceId"]
    assert other != first, "tokens are zonal when a subnet is given (EC2.md 7)"
    wait_until(lambda: instances(ec2, [first]), "visible")
    ec2.terminate_instances(InstanceIds=[first])
    with refused("IdempotentInstanceTerminated"):
        ec2.run_instances(**request)


def test_filters(ec2, base):
    (one,) = launch(ec2, base, ClientToken="a", TagSpecifications=[tagged("instance", k="v1")])
    (two,) = launch(ec2, base, ClientToken="b", TagSpecifications=[tagged("instance", k="v2")])

    def ids(**filters):
        wanted = [{"Name": n.replace("__", ":").replace("_", "-"), "Values": v}
                  for n, v in filters.items()]
        answer = ec2.describe_instances(Filters=wanted)
        return {i["InstanceId"] for r in answer["Reservations"] for i in r["Instances"]}

    assert ids(client_token=["a"]) == {one}
    assert ids(tag__k=["v*"]) == {one, two}
    assert ids(tag__k=["v2"], image_id=[base]) == {two}
    assert ids(tag_key=["k"], client_token=["none"]) == set()
    in_state(ec2, one, "running")
    assert one in ids(instance_state_name=["running"])
    with refused("InvalidParameterValue"):
        ids(nonsense=["x"])


def test_instance_pages(ec2, base):
    want = set()
    for _ in range(3):
        want.update(launch(ec2, base, MinCount=1, MaxCount=4))
    pages = list(ec2.get_paginator("describe_instances").paginate(
        PaginationConfig={"PageSize": 5}))
    assert [sum(len(r["Instances"]) for r in p["Reservations"]) for p in pages] == [8, 4]
    got = {i["InstanceId"] for p in pages for r in p["Reservations"] for i in r["Instances"]}
    assert got == want
    with refused("InvalidParameterCombination"):
        ec2.describe_instances(InstanceIds=[next(iter(want))], MaxResults=5)
    with refused("InvalidNextToken"):
        ec2.describe_instances(MaxResults=5, NextToken="forged")


def test_launch_refusals(ec2, base):
    request = dict(ImageId=base, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    with refused("InvalidAMIID.NotFound"):
        ec2.run_instances(**{**request, "ImageId": "ami-0123456789abcdef0"})
    with refused("InvalidParameterValue"):
        ec2.run_instances(**{**request, "InstanceType": "t3.gigantic"})
    with refused("InvalidParameterValue"):
        ec2.run_instances(**{**request, "InstanceType": "t4g.micro"})
    with refused("InvalidParameterValue"):
        ec2.run_instances(**request, UserData="x" * 16385)
    with refused("InvalidGroup.NotFound"):
        ec2.run_instances(**request, SecurityGroupIds=["sg-0123456789abcdef0"])
    with refused("InvalidSubnetID.NotFound"):
        ec2.run_instances(**request, SubnetId="subnet-0123456789abcdef0")
    with refused("InvalidParameterValue"):
        ec2.run_instances(**request, TagSpecifications=[tagged("image", a="b")])
    with refused("DryRunOperation", 412):
        ec2.run_instances(**request, DryRun=True)
    with refused("InvalidInstanceID.NotFound"):
        ec2.terminate_instances(InstanceIds=["i-0123456789abcdef0"])
    assert not ec2.describe_instances()["Reservations"]


def test_a_batch_with_one_wrong_id_terminates_none(ec2, base):
    instance = running(ec2, base)
    with refused("InvalidInstanceID.NotFound"):
        ec2.terminate_instances(InstanceIds=[instance, "i-0123456789abcdef0"])
    assert instances(ec2, [instance])[0]["State"]["Name"] == "running"


def test_stop_start_and_capture_states(ec2, base):
    (instance,) = launch(ec2, base)
    in_state(ec2, instance, "running")
    ec2.stop_instances(InstanceIds=[instance])
    stopped = in_state(ec2, instance, "stopped")
    assert "PublicIpAddress" not in stopped
    ami = capture(ec2, instance, "of-a-stopped-machine")
    assert image(ec2, ami)["SourceInstanceId"] == instance
    ec2.start_instances(InstanceIds=[instance])
    in_state(ec2, instance, "running")
    ec2.terminate_instances(InstanceIds=[instance])
    in_state(ec2, instance, "terminated")
    with refused("IncorrectState"):
        ec2.create_image(InstanceId=instance, Name="too-late")


def test_tags(ec2, base):
    instance = running(ec2, base)
    ec2.create_tags(Resources=[instance], Tags=[{"Key": k, "Value": "1"} for k in "abc"])
    ec2.delete_tags(Resources=[instance], Tags=[{"Key": "a"}, {"Key": "b", "Value": "2"}])
    rows = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [instance]}])["Tags"]
    assert sorted(r["Key"] for r in rows) == ["b", "c"]
    with refused("InvalidParameterValue"):
        ec2.create_tags(Resources=[instance], Tags=[{"Key": "aws:x", "Value": ""}])
    with refused("InvalidAMIID.NotFound"):
        ec2.create_tags(Resources=["ami-0123456789abcdef0"], Tags=[{"Key": "a", "Value": ""}])


def test_security_groups(ec2, base):
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    request = dict(GroupName="builder", Description="d", VpcId=vpc)
    group = visible_group(ec2, "builder", VpcId=vpc)
    with refused("InvalidGroup.Duplicate"):
        ec2.create_security_group(**request)
    rule = dict(GroupId=group, IpPermissions=[{
        "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}]}])
    ec2.authorize_security_group_ingress(**rule)
    with refused("InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(**rule)
    (found,) = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["builder"]}])["SecurityGroups"]
    assert found["IpPermissions"][0]["IpRanges"][0]["CidrIp"] == "10.0.0.0/8"
    instance = running(ec2, base, SecurityGroupIds=[group])
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    ec2.terminate_instances(InstanceIds=[instance])
    in_state(ec2, instance, "terminated")
    ec2.delete_security_group(GroupId=group)
    with refused("InvalidGroup.NotFound"):
        ec2.describe_security_groups(GroupIds=[group])


def test_reads_about_the_region(ec2, base):
    assert len(ec2.describe_regions()["Regions"]) > 5
    (kind,) = ec2.describe_instance_types(InstanceTypes=["m5.large"])["InstanceTypes"]
    assert kind["VCpuInfo"]["DefaultVCpus"] == 2
    assert kind["MemoryInfo"]["SizeInMiB"] == 8192
    instance = running(ec2, base)
    assert "Linux" in ec2.get_console_output(InstanceId=instance)["Output"]
    ec2.reboot_instances(InstanceIds=[instance])
