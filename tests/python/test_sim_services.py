"""SSM and STS of the simulated region through boto3."""

from botocore.exceptions import ClientError

from region import AL2023, image, refused, running, wait_until


def test_ssm_parameters(sim, ec2, base):
    ssm = sim.client("ssm")
    names = [
        AL2023,
        AL2023.replace("x86_64", "arm64"),
        *(f"/aws/service/canonical/ubuntu/server/{v}/stable/current/{a}/hvm/ebs-{disk}/ami-id"
          for v, disk in (("24.04", "gp3"), ("22.04", "gp2")) for a in ("amd64", "arm64")),
    ]
    for name in names:
        found = ssm.get_parameter(Name=name)["Parameter"]
        described = image(ec2, found["Value"])
        assert described["Architecture"] == ("arm64" if "arm64" in name else "x86_64")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=names[-1].replace("ebs-gp2", "ebs-gp3"))
    path = dict(Path="/aws/service/canonical/ubuntu/server/24.04/stable/current", Recursive=True)
    below = ssm.get_parameters_by_path(**path)
    assert len(below["Parameters"]) == 2
    ssm.put_parameter(Name="/ingot/web", Value="1", Type="String")
    with refused("ParameterAlreadyExists"):
        ssm.put_parameter(Name="/ingot/web", Value="2", Type="String")
    assert ssm.put_parameter(Name="/ingot/web", Value="2", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name="/ingot/web:1")["Parameter"]["Value"] == "1"
    ssm.put_parameter(Name="/ingot/ami", Value="ami-0123456789abcdef0", Type="String",
                      DataType="aws:ec2:image")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name="/ingot/ami")
    with refused("AccessDeniedException"):
        ssm.put_parameter(Name="/aws/service/x", Value="1", Type="String")


def test_commands_follow_the_install(sim, ec2, base):
    ssm = sim.client("ssm")
    request = dict(DocumentName="AWS-RunShellScript")
    bare = running(ec2, base)
    with refused("InvalidInstanceId"):
        ssm.send_command(InstanceIds=[bare], **request,
                         Parameters={"commands": ["cloud-init status"]})
    sim.control("POST", "next_instance", {"hold_install": True})
    instance = running(ec2, base, IamInstanceProfile={"Name": "builder"})

    def send(command):
        try:
            return ssm.send_command(InstanceIds=[instance], **request,
                                    Parameters={"commands": [command]})["Command"]["CommandId"]
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidInstanceId"
            return None

    def result(command):
        answer = ssm.get_command_invocation(CommandId=command, InstanceId=instance)
        return answer if answer["Status"] not in ("Pending", "InProgress") else None

    early = wait_until(lambda: send("cloud-init status"), "the agent has registered")
    early = wait_until(lambda: result(early), "the early command ended")
    # A boot that still runs is no failure to cloud-init.
    assert (early["Status"], early["ResponseCode"]) == ("Success", 0)
    assert early["StandardOutputContent"] == "status: running\n"
    patient = send("cloud-init status --wait")
    assert result(patient) is None
    sim.control("POST", f"instances/{instance}", {"installed": True})
    done = wait_until(lambda: result(patient), "the install has finished")
    assert (done["Status"], done["ResponseCode"]) == ("Success", 0)


def test_sts(sim):
    sts = sim.client("sts")
    assert sts.get_caller_identity()["Account"] == "123456789012"
    role = "arn:aws:iam::444455556666:role/builder"
    sim.control("POST", "sts", {"external_id": "right"})
    for wrong in ({}, {"ExternalId": "wrong"}):
        with refused("AccessDenied", 403):
            sts.assume_role(RoleArn=role, RoleSessionName="bake", **wrong)
    keys = sts.assume_role(RoleArn=role, RoleSessionName="bake", ExternalId="right")["Credentials"]
    session = dict(key=keys["AccessKeyId"], token=keys["SessionToken"])
    who = sim.client("sts", **session).get_caller_identity()
    assert who["Account"] == "444455556666"
    assert who["Arn"].endswith(":assumed-role/builder/bake")
    theirs = sim.client("ec2", **session)
    theirs.create_security_group(GroupName="theirs", Description="d")
    names = {g["GroupName"] for g in sim.client("ec2").describe_security_groups()["SecurityGroups"]}
    assert names == {"default"}, "accounts are separate"

    sim.control("POST", "sts", {"session_seconds": 1})
    keys = sts.assume_role(RoleArn=role, RoleSessionName="short")["Credentials"]
    short = sim.client("ec2", key=keys["AccessKeyId"], token=keys["SessionToken"])

    def expired():
        try:
            short.describe_regions()
        except ClientError as error:
            return error.response["Error"]["Code"]
        return None

    assert wait_until(expired, "the session has ended") == "RequestExpired"
    with refused("ValidationError"):
        sts.assume_role(RoleArn="not:a:role:but:long-enough", RoleSessionName="bake")
    sim.control("POST", "sts", {"deny": [role]})
    with refused("AccessDenied", 403):
        sts.assume_role(RoleArn=role, RoleSessionName="bake")
