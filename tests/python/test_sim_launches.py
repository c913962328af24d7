"""RunInstances takes what EC2 takes and no more: volumes, profiles, keys, interfaces, quotas."""

import pytest

from region import in_state, instances, launch, refused, running, tagged, wait_until

ROOT = "/dev/xvda"


def root(**ebs):
    return [{"DeviceName": ROOT, "Ebs": ebs}]


def run(ec2, base, **more):
    request = {"ImageId": base, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, **more}
    return ec2.run_instances(**request)["Instances"]


VALUE, COMBINATION = "InvalidParameterValue", "InvalidParameterCombination"


@pytest.mark.parametrize("code, ebs", [
    (COMBINATION, dict(VolumeType="io1", VolumeSize=8)),
    (COMBINATION, dict(VolumeType="io2", VolumeSize=8)),
    (VALUE, dict(VolumeType="io1", VolumeSize=8, Iops=401)),
    (VALUE, dict(VolumeType="gp3", VolumeSize=8, Iops=1)),
    (COMBINATION, dict(VolumeType="gp2", VolumeSize=8, Iops=300)),
    (COMBINATION, dict(VolumeType="gp2", VolumeSize=8, Throughput=125)),
    (VALUE, dict(VolumeType="gp3", VolumeSize=8, Throughput=2001)),
    (VALUE, dict(VolumeType="st1", VolumeSize=500)),
    (VALUE, dict(VolumeType="zz9", VolumeSize=8)),
    ("InvalidParameterDependency", dict(KmsKeyId="alias/mine")),
    ("InvalidBlockDeviceMapping", dict(VolumeSize=7)),
])
def test_volumes_ebs_does_not_make(ec2, base, code, ebs):
    with refused(code):
        run(ec2, base, BlockDeviceMappings=root(**ebs))


def test_volumes_ebs_makes(ec2, base):
    for ebs in (dict(VolumeType="io1", VolumeSize=8, Iops=400),
                dict(VolumeType="io2", VolumeSize=8, Iops=1000),
                dict(VolumeType="gp3", VolumeSize=40, Iops=8000, Throughput=2000),
                dict(VolumeType="standard")):
        instance = running(ec2, base, BlockDeviceMappings=root(**ebs))
        wanted = [{"Name": "attachment.instance-id", "Values": [instance]}]
        (volume,) = ec2.describe_volumes(Filters=wanted)["Volumes"]
        for name in ("VolumeType", "Iops", "Throughput"):
            assert volume.get(name) == ebs.get(name), ebs


def test_the_same_device_twice(ec2, base):
    with refused("InvalidBlockDeviceMapping"):
        run(ec2, base, BlockDeviceMappings=root(VolumeSize=9) + root(VolumeSize=10))


def test_options_have_their_words_and_ranges(ec2, base):
    for more in (dict(InstanceInitiatedShutdownBehavior="explode"),
                 dict(MetadataOptions={"HttpPutResponseHopLimit": 65}),
                 dict(MetadataOptions={"HttpPutResponseHopLimit": 0}),
                 dict(MetadataOptions={"HttpTokens": "maybe"}),
                 dict(InstanceType="t3.gigantic")):
        with refused(VALUE):
            run(ec2, base, **more)
    run(ec2, base, MetadataOptions={"HttpPutResponseHopLimit": 64})


def test_key_pairs_must_exist(ec2, base):
    with refused("InvalidKeyPair.NotFound"):
        run(ec2, base, KeyName="mine")
    ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=b"ssh-ed25519 AAAA")
    with refused("InvalidKeyPair.Duplicate"):
        ec2.create_key_pair(KeyName="mine")
    (found,) = run(ec2, base, KeyName="mine")
    assert found["KeyName"] == "mine"
    ec2.delete_key_pair(KeyName="mine")
    assert ec2.describe_key_pairs()["KeyPairs"] == []


def test_instance_profiles(sim, ec2, base):
    (found,) = run(ec2, base, IamInstanceProfile={"Name": "web"})
    arn = found["IamInstanceProfile"]["Arn"]
    assert arn == "arn:aws:iam::123456789012:instance-profile/web"
    run(ec2, base, IamInstanceProfile={"Arn": arn})
    with refused(VALUE):
        run(ec2, base, IamInstanceProfile={"Name": arn})
    with refused(COMBINATION):
        run(ec2, base, IamInstanceProfile={"Name": "web", "Arn": arn})


def test_a_young_instance_profile_is_unknown_for_a_while(sim, ec2, base):
    order = {"name": "young", "state": "missing", "seconds": 120}
    sim.control("POST", "instance_profiles", order)
    with pytest.raises(ec2.exceptions.ClientError) as refusal:
        run(ec2, base, IamInstanceProfile={"Name": "young"})
    assert str(refusal.value).endswith(
        "Value (young) for parameter iamInstanceProfile.name is invalid. "
        "Invalid IAM Instance Profile name")

    def launched():
        try:
            return run(ec2, base, IamInstanceProfile={"Name": "young"})
        except ec2.exceptions.ClientError:
            return None

    wait_until(launched, "IAM has caught up")
    sim.control("POST", "instance_profiles", {"name": "bare", "state": "no_role"})
    with refused(VALUE):
        run(ec2, base, IamInstanceProfile={"Name": "bare"})
    sim.control("POST", "instance_profiles", {"name": "bare", "state": "ready"})
    run(ec2, base, IamInstanceProfile={"Name": "bare"})


def test_interfaces_and_the_instance_are_not_mixed(ec2, base):
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    groups = [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]]
    interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": groups}
    for more in (dict(SecurityGroupIds=groups), dict(SubnetId=subnet)):
        with refused(COMBINATION):
            run(ec2, base, NetworkInterfaces=[interface], **more)
    (found,) = run(ec2, base, NetworkInterfaces=[interface])
    assert found["SubnetId"] == subnet
    assert [group["GroupId"] for group in found["SecurityGroups"]] == groups


def test_five_groups_per_interface(sim, ec2, base):
    groups = [ec2.create_security_group(GroupName=f"g{n}", Description="d")["GroupId"]
              for n in range(6)]
    wait_until(lambda: len(ec2.describe_security_groups()["SecurityGroups"]) == 7, "all visible")
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        run(ec2, base, SecurityGroupIds=groups)
    run(ec2, base, SecurityGroupIds=groups[:5])
    sim.control("POST", "quotas", {"quotas": {"groups_per_interface": 16}})
    run(ec2, base, SecurityGroupIds=groups)


def test_vcpu_quotas(sim, ec2, base):
    sim.control("POST", "quotas", {"quotas": {"vcpus": 4, "spot_vcpus": 2}})
    spot = {"InstanceMarketOptions": {"MarketType": "spot"}}
    first = running(ec2, base)
    running(ec2, base)
    with refused("VcpuLimitExceeded"):
        run(ec2, base)
    run(ec2, base, InstanceType="g4dn.xlarge")
    run(ec2, base, **spot)
    with refused("MaxSpotInstanceCountExceeded"):
        run(ec2, base, **spot)
    ec2.terminate_instances(InstanceIds=[first])
    run(ec2, base)


@pytest.mark.parametrize("code, message", [
    ("Client.InternalError", "Client.InternalError: Client error on launch"),
    ("Client.VolumeLimitExceeded", "Client.VolumeLimitExceeded: Volume limit exceeded"),
    ("Server.InternalError", "Server.InternalError: Internal error on launch"),
    ("Server.InsufficientInstanceCapacity",
     "Server.InsufficientInstanceCapacity: Insufficient capacity to launch instance"),
])
def test_launches_ec2_ends_by_itself(sim, ec2, base, code, message):
    sim.control("POST", "next_instance", {"ends": code})
    (instance,) = launch(ec2, base)
    found = in_state(ec2, instance, "terminated")
    assert found["StateReason"] == {"Code": code, "Message": message}
    assert found["StateTransitionReason"] == code
    states = {i["state"] for i in sim.state()["instances"]}
    assert states == {"terminated"}, "it never ran"


def test_ends_later_and_by_people(sim, ec2, base):
    order = {"ends": "Server.SpotInstanceTermination", "ends_after": 120, "spot": True}
    sim.control("POST", "next_instance", order)
    reclaimed = running(ec2, base)
    ended = in_state(ec2, reclaimed, "terminated")
    assert ended["StateReason"]["Code"] == "Server.SpotInstanceTermination"
    instance = running(ec2, base)
    ec2.terminate_instances(InstanceIds=[instance])
    ended = in_state(ec2, instance, "terminated")
    assert ended["StateReason"] == {
        "Code": "Client.UserInitiatedShutdown",
        "Message": "Client.UserInitiatedShutdown: User initiated shutdown"}
    assert ended["StateTransitionReason"].startswith("User initiated (20")


def test_tags_of_aws_are_not_for_users(ec2, base):
    with refused(VALUE):
        run(ec2, base, TagSpecifications=[tagged("instance", **{"aws:mine": "1"})])
    instance = running(ec2, base)
    with refused(VALUE):
        ec2.create_tags(Resources=[instance], Tags=[{"Key": "AWS:mine", "Value": "1"}])
    with refused(VALUE):
        ec2.delete_tags(Resources=[instance], Tags=[{"Key": "aws:cloudformation:stack-name"}])


def test_fifty_tags_in_every_call(ec2, base):
    def tags(count):
        return [{"Key": f"k{n}", "Value": "v"} for n in range(count)]

    for kind in ("instance", "volume"):
        specification = [{"ResourceType": kind, "Tags": tags(51)}]
        with refused("TagLimitExceeded"):
            run(ec2, base, TagSpecifications=specification)
    instance = running(ec2, base, TagSpecifications=[
        {"ResourceType": "instance", "Tags": tags(50)}])
    with refused("TagLimitExceeded"):
        ec2.create_tags(Resources=[instance], Tags=[{"Key": "more", "Value": "v"}])
    with refused("TagLimitExceeded"):
        ec2.create_image(InstanceId=instance, Name="many-tags", TagSpecifications=[
            {"ResourceType": "snapshot", "Tags": tags(51)}])
    with refused("TagLimitExceeded"):
        ec2.create_security_group(GroupName="many", Description="d", TagSpecifications=[
            {"ResourceType": "security-group", "Tags": tags(51)}])
    assert len(instances(ec2, [instance])[0]["Tags"]) == 50
