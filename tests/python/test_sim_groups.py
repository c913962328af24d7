"""Security groups as EC2 takes them: words, rules in normal form, quotas, late visibility."""

import pytest

from conftest import start_sim
from region import base_image, group, refused, wait_until

VALUE = "InvalidParameterValue"


def rule(protocol, port, *cidrs, **more):
    ranges = [{"CidrIp": cidr} for cidr in cidrs]
    return {"IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": ranges, **more}


@pytest.mark.parametrize("name, description", [
    ("sg-web", "d"), ("n" * 256, "d"), ("käse", "d"), ("it's", "d"), ("default", "d"),
    ("web", "d" * 256), ("web", "ünsere"), ("web", "a < b"), ("web", "it's"),
])
def test_words_ec2_does_not_take(ec2, name, description):
    with refused(VALUE):
        ec2.create_security_group(GroupName=name, Description=description)


def test_words_ec2_takes(ec2):
    legal = "aZ09. _-:/()#,@[]+=&;{}!$*"
    ec2.create_security_group(GroupName=legal.ljust(255, "n"), Description=legal.ljust(255, "d"))


def test_rules_are_the_same_in_normal_form(ec2):
    made = group(ec2)
    ec2.authorize_security_group_ingress(
        GroupId=made, IpPermissions=[rule("tcp", 443, "100.68.0.18/18")])
    for again in (rule("6", 443, "100.68.0.0/18"), rule("TCP", 443, "100.68.63.255/18")):
        with refused("InvalidPermission.Duplicate"):
            ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[again])
    with refused(VALUE):
        ec2.authorize_security_group_ingress(
            GroupId=made, IpPermissions=[rule("tcp", 80, "10.0.0.0/8", "10.1.2.3/8")])
    (shown,) = ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"]
    (permission,) = shown["IpPermissions"]
    assert permission["IpRanges"] == [{"CidrIp": "100.68.0.0/18"}]


def test_rules_name_groups_that_exist(ec2):
    made = group(ec2)
    source = [{"GroupId": "sg-0123456789abcdef0"}]
    with refused("InvalidGroup.NotFound"):
        ec2.authorize_security_group_ingress(
            GroupId=made, IpPermissions=[rule("tcp", 80, UserIdGroupPairs=source)])


def test_sixty_rules_for_each_family(sim, ec2):
    made = group(ec2)
    many = [f"10.0.{n}.0/24" for n in range(60)]
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[rule("tcp", 80, *many)])
    more = dict(GroupId=made, IpPermissions=[rule("tcp", 443, "10.0.0.0/8")])
    with refused("RulesPerSecurityGroupLimitExceeded"):
        ec2.authorize_security_group_ingress(**more)
    six = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
           "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[six])
    sim.control("POST", "quotas", {"quotas": {"rules_per_group": 61}})
    ec2.authorize_security_group_ingress(**more)


def test_groups_are_visible_late():
    server = start_sim("--no-buckets", "--pace", "1")
    try:
        ec2, base = server.client("ec2"), base_image(server)
        # Each object draws its share of the lag: of six, one is late enough to be seen so.
        late = [ec2.create_security_group(GroupName=f"g{n}", Description="d")["GroupId"]
                for n in range(6)]

        def code(call):
            try:
                call()
            except ec2.exceptions.ClientError as error:
                return error.response["Error"]["Code"]
            return None

        unseen = [g for g in late
                  if code(lambda: ec2.describe_security_groups(GroupIds=[g]))]
        assert unseen, "all six were visible at once"
        calls = (
            lambda: ec2.authorize_security_group_ingress(
                GroupId=unseen[-1], IpPermissions=[rule("tcp", 80, "10.0.0.0/8")]),
            lambda: ec2.run_instances(ImageId=base, InstanceType="t3.micro", MinCount=1,
                                      MaxCount=1, SecurityGroupIds=[unseen[-1]]),
        )
        codes = {code(call) for call in calls}
        assert codes <= {"InvalidGroup.NotFound", None}, codes
        with refused("InvalidGroup.Duplicate"):
            ec2.create_security_group(GroupName="g0", Description="d")
        wait_until(lambda: not code(lambda: ec2.describe_security_groups(GroupIds=late)), "seen")
    finally:
        server.stop()


def test_filter_values_are_limited_in_every_describe(ec2):
    many = [f"i{n}" for n in range(201)]
    tag = [{"Name": "tag:any", "Values": many}]
    for describe in ("describe_images", "describe_instances", "describe_snapshots",
                     "describe_security_groups", "describe_subnets", "describe_vpcs",
                     "describe_volumes", "describe_tags", "describe_instance_status"):
        with refused("FilterLimitExceeded"):
            getattr(ec2, describe)(Filters=tag)
    ec2.describe_images(Filters=[{"Name": "image-id", "Values": many[:200]}])
