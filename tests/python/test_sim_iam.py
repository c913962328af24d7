"""IAM of the simulated region: a whole deployment under the documented policy, and what each
missing statement refuses. DryRun asks the same questions and changes nothing."""

import copy
import json
import re
import urllib.error

import pytest
from botocore.exceptions import ClientError

from region import group as visible_group
from region import AL2023, capture, in_state, once_known, refused, running, tagged, wait_until

ACCOUNT = "123456789012"
OURS = "KamiwazaDeploymentManager"
# The template `kamiwaza` keeps its document's word, all others have Ingot's.
BOTH = [OURS, "Ingot"]
REQUESTED = {"StringEquals": {"aws:RequestTag/ManagedBy": BOTH}}
OWNED = {"StringEquals": {"aws:ResourceTag/ManagedBy": BOTH}}


def allow(actions, resources, condition=None):
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


# REAL-AWS.md section D, by what each statement is for.
STATEMENTS = {
    "reads": allow(["ec2:DescribeInstances", "ec2:DescribeImages", "ec2:DescribeSnapshots",
                    "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
                    "ssm:GetCommandInvocation"], "*"),
    "public parameters": allow("ssm:GetParameter", "arn:aws:ssm:*::parameter/aws/service/*"),
    "launch from": allow("ec2:RunInstances", [
        "arn:aws:ec2:*::image/*", "arn:aws:ec2:*::snapshot/*", "arn:aws:ec2:*:*:subnet/*",
        "arn:aws:ec2:*:*:security-group/*", "arn:aws:ec2:*:*:network-interface/*"]),
    "make": allow(["ec2:RunInstances", "ec2:CreateSecurityGroup", "ec2:CreateImage"], [
        "arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:volume/*",
        "arn:aws:ec2:*:*:security-group/*", "arn:aws:ec2:*::image/*",
        "arn:aws:ec2:*::snapshot/*"], REQUESTED),
    "group in vpc": allow("ec2:CreateSecurityGroup", "arn:aws:ec2:*:*:vpc/*"),
    "capture of": allow("ec2:CreateImage", "arn:aws:ec2:*:*:instance/*", OWNED),
    "tag what is made": allow("ec2:CreateTags", "*", {"StringEquals": {
        "ec2:CreateAction": ["RunInstances", "CreateImage", "CreateSecurityGroup"]}}),
    "change ours": allow(["ec2:TerminateInstances", "ec2:DeregisterImage", "ec2:DeleteSnapshot",
                          "ec2:DeleteSecurityGroup", "ec2:AuthorizeSecurityGroupIngress"],
                         "*", OWNED),
    "document": allow("ssm:SendCommand", "arn:aws:ssm:*::document/AWS-RunShellScript"),
    "command ours": allow("ssm:SendCommand", "arn:aws:ec2:*:*:instance/*",
                          {"StringEquals": {"ssm:resourceTag/ManagedBy": BOTH}}),
    "pass role": allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/ingot-ssm",
                       {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
}

# The first call that must be refused without each statement: what for, and on what.
FIRST_REFUSAL = {
    "reads": ("ec2:DescribeImages", r"\*"),
    "public parameters": ("ssm:GetParameter", r"arn:aws:ssm:us-east-1::parameter/aws/service/.*"),
    "launch from": ("ec2:RunInstances", r"arn:aws:ec2:us-east-1::image/ami-.*"),
    "make": ("ec2:CreateSecurityGroup", r"arn:aws:ec2:us-east-1:\d+:security-group/\*"),
    "group in vpc": ("ec2:CreateSecurityGroup", r"arn:aws:ec2:us-east-1:\d+:vpc/vpc-.*"),
    "capture of": ("ec2:CreateImage", r"arn:aws:ec2:us-east-1:\d+:instance/i-.*"),
    "tag what is made": ("ec2:CreateTags", r"arn:aws:ec2:us-east-1:\d+:security-group/\*"),
    "change ours": ("ec2:AuthorizeSecurityGroupIngress",
                    r"arn:aws:ec2:us-east-1:\d+:security-group/sg-.*"),
    "document": ("ssm:SendCommand", r"arn:aws:ssm:us-east-1::document/AWS-RunShellScript"),
    "command ours": ("ssm:SendCommand", r"arn:aws:ec2:us-east-1:\d+:instance/i-.*"),
    "pass role": ("iam:PassRole", rf"arn:aws:iam::{ACCOUNT}:role/ingot-ssm"),
}

WORDS = re.compile(
    r"User: (\S+) is not authorized to perform: (\S+) (?:on resource: (\S+) )?"
    r"(because no identity-based policy allows the (\S+) action"
    r"|with an explicit deny in an identity-based policy)")


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def give(sim, key, *statements):
    sim.control("POST", "iam", {"access_key": key, "policy": document(*statements)})
    return {name: sim.client(name, key=key) for name in ("ec2", "ssm", "sts")}


def denial(call):
    """What a refused call was refused for: action and resource. None if it went through."""
    try:
        call()
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        message = error.response["Error"]["Message"]
        assert (code, status) in (("UnauthorizedOperation", 403), ("AccessDeniedException", 400),
                                  ("AccessDenied", 403)), error
        if code == "UnauthorizedOperation":
            assert message.startswith("You are not authorized to perform this operation. User: ")
        found = WORDS.search(message)
        assert found, message
        encoded = "Encoded authorization failure message: " in message
        assert encoded == (code == "UnauthorizedOperation" and found[3] is not None), message
        return found[2], found[3] or "*"
    return None


def deploy(ec2, ssm):
    """One deployment from base image to its removal, with the calls the product makes."""
    base = ssm.get_parameter(Name=AL2023)["Parameter"]["Value"]
    ec2.describe_images(ImageIds=[base])
    ec2.describe_subnets()
    ec2.describe_vpcs()
    us = {"ManagedBy": OURS, "Name": "web"}
    group = ec2.create_security_group(
        GroupName="ingot-web", Description="d",
        TagSpecifications=[tagged("security-group", **us)])["GroupId"]
    once_known(lambda: ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
         "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]))
    ec2.describe_security_groups(GroupIds=[group])
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    instance = running(
        ec2, base, SubnetId=subnet, SecurityGroupIds=[group],
        IamInstanceProfile={"Name": "ingot-ssm"},
        TagSpecifications=[tagged("instance", **us), tagged("volume", **us)])

    def send():
        try:
            return ssm.send_command(
                InstanceIds=[instance], DocumentName="AWS-RunShellScript", TimeoutSeconds=60,
                Parameters={"commands": ["cloud-init status"]})["Command"]["CommandId"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidInstanceId":
                raise
            return None

    command = wait_until(send, "the agent has registered")
    ssm.get_command_invocation(CommandId=command, InstanceId=instance)
    ami = capture(ec2, instance, "ingot-web-1",
                  TagSpecifications=[tagged("image", **us), tagged("snapshot", **us)])
    snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    ec2.terminate_instances(InstanceIds=[instance])
    in_state(ec2, instance, "terminated")
    ec2.deregister_image(ImageId=ami)
    for snapshot in snapshots:
        ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
    ec2.delete_security_group(GroupId=group)


def test_a_whole_deployment_passes_the_documented_policy(sim):
    clients = give(sim, "AKIAPOLICY", *STATEMENTS.values())
    deploy(clients["ec2"], clients["ssm"])
    refusals = [c for c in sim.calls("*") if c["status"] == 403]
    assert not refusals, "nothing was refused on the way"


@pytest.mark.parametrize("missing", STATEMENTS)
def test_each_missing_statement_refuses_its_own_call(sim, missing):
    rest = [statement for name, statement in STATEMENTS.items() if name != missing]
    clients = give(sim, "AKIAPOLICY", *rest)
    action, resource = FIRST_REFUSAL[missing]
    found = denial(lambda: deploy(clients["ec2"], clients["ssm"]))
    assert found, f"without `{missing}` everything went through"
    assert found[0] == action and re.fullmatch(resource, found[1]), found


@pytest.mark.parametrize("kind", ["instance", "volume", "image", "snapshot"])
def test_every_created_object_must_carry_the_tag(sim, base, kind):
    clients = give(sim, "AKIAPOLICY", *STATEMENTS.values())
    ec2 = clients["ec2"]
    us = {"ManagedBy": OURS}

    def tags(*kinds):
        return [tagged(k, **(us if k != kind else {"Other": "x"})) for k in kinds]

    def both():
        launched = ec2.run_instances(ImageId=base, MinCount=1, MaxCount=1,
                                     TagSpecifications=tags("instance", "volume"))
        instance = launched["Instances"][0]["InstanceId"]
        in_state(ec2, instance, "running")
        ec2.create_image(InstanceId=instance, Name="ours-1", TagSpecifications=tags("image", "snapshot"))

    action, resource = denial(both)
    assert action == ("ec2:RunInstances" if kind in ("instance", "volume") else "ec2:CreateImage")
    assert resource.endswith(f":{kind}/*")


def test_strangers_objects_are_out_of_reach(sim, ec2, base):
    stranger = running(ec2, base, IamInstanceProfile={"Name": "ingot-ssm"},
                       TagSpecifications=[tagged("instance", ManagedBy="them")])
    ami = capture(ec2, stranger, "theirs")
    clients = give(sim, "AKIAPOLICY", *STATEMENTS.values())
    ours, ssm = clients["ec2"], clients["ssm"]
    where = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{stranger}"
    assert denial(lambda: ours.terminate_instances(InstanceIds=[stranger])) == \
        ("ec2:TerminateInstances", where)
    assert denial(lambda: ours.deregister_image(ImageId=ami)) == \
        ("ec2:DeregisterImage", f"arn:aws:ec2:us-east-1::image/{ami}")
    assert denial(lambda: ssm.send_command(
        InstanceIds=[stranger], DocumentName="AWS-RunShellScript",
        Parameters={"commands": ["id"]})) == ("ssm:SendCommand", where)
    assert denial(lambda: ours.create_tags(
        Resources=[stranger], Tags=[{"Key": "ManagedBy", "Value": OURS}]))[0] == "ec2:CreateTags"
    assert in_state(ec2, stranger, "running"), "nothing happened to it"


def test_only_the_callers_key_is_bound(sim, ec2):
    give(sim, "AKIANOTHING", allow("s3:*", "*"))
    bound = sim.client("ec2", key="AKIANOTHING")
    assert denial(bound.describe_instances) == ("ec2:DescribeInstances", "*")
    assert denial(sim.client("sts", key="AKIANOTHING").get_caller_identity) is None
    role = "arn:aws:iam::444455556666:role/builder"
    assume = sim.client("sts", key="AKIANOTHING").assume_role
    assert denial(lambda: assume(RoleArn=role, RoleSessionName="bake")) == ("sts:AssumeRole", role)
    ec2.describe_instances()
    sim.control("POST", "iam", {"access_key": "*", "policy": document(allow("s3:*", "*"))})
    assert denial(ec2.describe_instances), "every other caller is bound by `*`"
    sim.control("POST", "iam", {"access_key": "*", "policy": None})
    ec2.describe_instances()


def test_a_roles_policy_binds_its_sessions(sim):
    role = "arn:aws:iam::444455556666:role/builder"
    sim.control("POST", "iam", {"access_key": role, "policy": document(allow("ec2:DescribeVpcs", "*"))})
    keys = sim.client("sts").assume_role(RoleArn=role, RoleSessionName="bake")["Credentials"]
    session = sim.client("ec2", key=keys["AccessKeyId"], token=keys["SessionToken"])
    session.describe_vpcs()
    with pytest.raises(ClientError, match="User: arn:aws:sts::444455556666:assumed-role/builder/bake"):
        session.describe_subnets()
    sim.client("ec2").describe_subnets()


def test_the_encoded_message_can_be_decoded(sim, base):
    clients = give(sim, "AKIAREADER", allow("sts:DecodeAuthorizationMessage", "*"))
    with pytest.raises(ClientError) as refusal:
        clients["ec2"].terminate_instances(InstanceIds=["i-0123456789abcdef0"])
    encoded = refusal.value.response["Error"]["Message"].split()[-1]
    told = clients["sts"].decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
    context = json.loads(told)["context"]
    assert context["action"] == "ec2:TerminateInstances"
    assert context["resource"].endswith(":instance/i-0123456789abcdef0")
    with refused("InvalidAuthorizationMessageException"):
        clients["sts"].decode_authorization_message(EncodedMessage="nonsense")


def test_an_explicit_deny_says_so(sim, ec2):
    clients = give(sim, "AKIADENYSTOP", allow("*", "*"),
                   {"Effect": "Deny", "Action": "ec2:*", "Resource": "*",
                    "Condition": {"StringLike": {"aws:RequestedRegion": "eu-*"}}})
    clients["ec2"].describe_vpcs()
    abroad = sim.client("ec2", key="AKIADENYSTOP", region="eu-west-1")
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        abroad.describe_vpcs()


def test_a_profile_passes_its_role_not_its_name(sim, base):
    sim.control("POST", "iam", {"profiles": {"ingot-ssm": "the-role"}})
    clients = give(sim, "AKIAPOLICY", allow("ec2:*", "*"), allow(
        "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/ingot-ssm"))
    ec2 = clients["ec2"]
    launch = dict(ImageId=base, MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "ingot-ssm"})
    assert denial(lambda: ec2.run_instances(**launch)) == \
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/the-role")


@pytest.mark.parametrize("broken, named", [
    ({"NotAction": "ec2:*"}, "NotAction"),
    ({"Condition": {"NumericLessThan": {"ec2:Owner": "1"}}}, "NumericLessThan"),
    ({"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}, "aws:SourceVpc"),
    ({"Resource": "arn:aws:ec2:*:*:instance/${ec2:SourceInstanceARN}"}, "variable"),
])
def test_what_is_not_evaluated_is_refused_with_the_order(sim, ec2, broken, named):
    statement = {**allow("ec2:*", "*"), **broken}
    with pytest.raises(urllib.error.HTTPError) as refusal:
        give(sim, "AKIATEST", statement)
    assert refusal.value.code == 400
    assert named in json.load(refusal.value)["error"]
    ec2.describe_instances()


def test_malformed_documents_are_refused(sim):
    for order in ({"access_key": "A", "policy": "{"}, {"access_key": "A", "policy": "x"}, {},
                  {"policy": document(allow("*", "*"))}, {"access_key": "A", "polices": 1}):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            sim.control("POST", "iam", order)
        assert refusal.value.code == 400, order


def dry_calls(sim, base, instance, ami, group, snapshot):
    """Every EC2 call the product changes something with, asked as a rehearsal."""
    us = {"ManagedBy": OURS}
    return {
        "run_instances": dict(ImageId=base, MinCount=1, MaxCount=1, TagSpecifications=[
            tagged("instance", **us), tagged("volume", **us)]),
        "create_image": dict(InstanceId=instance, Name="rehearsed", TagSpecifications=[
            tagged("image", **us), tagged("snapshot", **us)]),
        "create_security_group": dict(GroupName="rehearsed", Description="d", TagSpecifications=[
            tagged("security-group", **us)]),
        "authorize_security_group_ingress": dict(GroupId=group, IpPermissions=[{
            "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]),
        "terminate_instances": dict(InstanceIds=[instance]),
        "deregister_image": dict(ImageId=ami),
        "delete_snapshot": dict(SnapshotId=snapshot),
        "delete_security_group": dict(GroupId=group),
        "describe_instances": {}, "describe_images": {"Owners": ["self"]}, "describe_snapshots": {},
        "describe_security_groups": {}, "describe_subnets": {}, "describe_vpcs": {},
    }


def without_clock(state):
    """The state without what passes by itself."""
    state = copy.deepcopy(state)
    for moving in ("now", "sim_seconds"):
        state.pop(moving)
    for image in state["images"]:
        image.pop("age_seconds")
    for snapshot in state["snapshots"]:
        snapshot.pop("progress"), snapshot.pop("state")
    return state


def test_dry_runs_say_yes_only_to_what_would_succeed(sim, ec2, base):
    us = {"ManagedBy": OURS}
    instance = running(ec2, base, TagSpecifications=[tagged("instance", **us)])
    ami = capture(ec2, instance, "ours", TagSpecifications=[
        tagged("image", **us), tagged("snapshot", **us)])
    # Of another instance: EBS begins one snapshot of a volume in 15 s, and the rehearsal below is of the first one's.
    other = running(ec2, base, TagSpecifications=[tagged("instance", **us)])
    free = ec2.create_image(InstanceId=other, Name="free", NoReboot=True,
                            TagSpecifications=[tagged("image", **us)])["ImageId"]
    sim.control("POST", f"images/{free}", {"state": "gone"})
    (loose,) = [s["id"] for s in sim.state()["snapshots"] if s["used_by"] is None]
    ec2.create_tags(Resources=[loose], Tags=[{"Key": "ManagedBy", "Value": OURS}])
    group = visible_group(ec2, "ours", TagSpecifications=[tagged("security-group", **us)])
    sim.control("POST", f"instances/{instance}", {"installed": True})
    before = without_clock(sim.state())
    ours = give(sim, "AKIAPOLICY", *STATEMENTS.values())["ec2"]
    nothing = give(sim, "AKIANOTHING", allow("ssm:*", "*"))["ec2"]
    calls = dry_calls(sim, base, instance, ami, group, loose)
    for call, request in calls.items():
        with refused("DryRunOperation", 412):
            getattr(ours, call)(DryRun=True, **request)
        assert denial(lambda: getattr(nothing, call)(DryRun=True, **request)), call
    assert without_clock(sim.state()) == before, "a rehearsal changes nothing"

    wrong = {
        "run_instances": ("ImageId", "ami-0123456789abcdef0", "InvalidAMIID.NotFound"),
        "create_image": ("InstanceId", "i-0123456789abcdef0", "InvalidInstanceID.NotFound"),
        "create_security_group": ("GroupName", "ours", "InvalidGroup.Duplicate"),
        "terminate_instances": ("InstanceIds", ["i-0123456789abcdef0"], "InvalidInstanceID.NotFound"),
        "deregister_image": ("ImageId", "ami-0123456789abcdef0", "InvalidAMIID.NotFound"),
        "delete_snapshot": ("SnapshotId", "snap-0123456789abcdef0", "InvalidSnapshot.NotFound"),
        "delete_security_group": ("GroupId", "sg-0123456789abcdef0", "InvalidGroup.NotFound"),
    }
    for call, (member, value, code) in wrong.items():
        with refused(code):
            getattr(ec2, call)(DryRun=True, **{**calls[call], member: value})
