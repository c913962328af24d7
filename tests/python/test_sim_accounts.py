"""What simulated accounts may use: encryption and its keys, credentials that end, quotas, regions."""

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from region import capture, image, in_state, launch, refused, running, wait_until

ROOT = "/dev/xvda"
IN_LAUNCH = "Client.InternalError: Client error on launch"
BAD_KEY = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"


def volume_of(ec2, instance):
    (volume,) = ec2.describe_volumes(Filters=[
        {"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"]
    return volume


def mapping(**ebs):
    return [{"DeviceName": ROOT, "Ebs": ebs}]


def keys(sim, *orders, **more):
    return sim.control("POST", "kms", {"keys": list(orders), **more})


def test_encryption_by_default_is_a_setting_of_the_account(sim, ec2, base):
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    assert "KmsKeyId" not in volume_of(ec2, running(ec2, base))
    sim.control("POST", "kms", {"by_default": True})
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    for asked in ({}, {"BlockDeviceMappings": mapping(Encrypted=False)}):
        volume = volume_of(ec2, running(ec2, base, **asked))
        assert volume["Encrypted"] and ":key/" in volume["KmsKeyId"], "it cannot be switched off"
    ec2.disable_ebs_encryption_by_default()
    assert not volume_of(ec2, running(ec2, base))["Encrypted"]
    ec2.enable_ebs_encryption_by_default()
    elsewhere = sim.client("ec2", region="eu-west-1")
    assert elsewhere.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False


def test_images_carry_the_key_of_their_volumes(sim, ec2, base):
    made = keys(sim, {"id": "good", "alias": "alias/good"}, default_key="alias/good")
    (good,) = made["keys"]
    assert made["default_key"] == good == ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
    instance = running(ec2, base, BlockDeviceMappings=mapping(Encrypted=True))
    assert volume_of(ec2, instance)["KmsKeyId"] == good
    ami = capture(ec2, instance, "sealed")
    (snapshot,) = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert snapshot["Encrypted"] and snapshot["KmsKeyId"] == good
    ec2.reset_ebs_default_kms_key_id()
    again = running(ec2, ami)
    assert volume_of(ec2, again)["KmsKeyId"] == good, "the snapshot's key, not the default"
    assert ec2.modify_ebs_default_kms_key_id(KmsKeyId="alias/good")["KmsKeyId"] == good


@pytest.mark.parametrize("key, reason", [
    ({"id": "bare", "grants": False}, IN_LAUNCH),
    ({"id": "off", "enabled": False}, BAD_KEY),
    (None, BAD_KEY),
])
@pytest.mark.parametrize("named", [True, False])
def test_a_launch_under_a_key_that_cannot_be_used_succeeds_and_dies(sim, ec2, base, key, reason, named):
    keys(sim, *([key] if key else []))
    name = key["id"] if key else "11111111-2222-3333-4444-555555555555"
    if named:
        asked = {"BlockDeviceMappings": mapping(Encrypted=True, KmsKeyId=name)}
    else:
        keys(sim, by_default=True, default_key=name, **{})
        asked = {}
    (instance,) = launch(ec2, base, **asked)
    found = in_state(ec2, instance, "terminated")
    assert found["StateReason"]["Message"] == reason
    assert found["StateReason"]["Code"] == reason.split(":")[0]


def test_the_callers_policy_must_allow_the_grant(sim, base):
    (good,) = keys(sim, {"id": "good"}, by_default=True, default_key="good")["keys"]
    ec2_only = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    grant = {"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": good,
             "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}
    use = {"Effect": "Allow", "Resource": good, "Action": [
        "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*"]}
    bound = sim.client("ec2", key="AKIAKMS")

    def end(*statements):
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        sim.control("POST", "iam", {"access_key": "AKIAKMS", "policy": policy})
        (instance,) = launch(bound, base)
        states = ("running", "terminated")

        def settled():
            (found,) = bound.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
            return found if found["State"]["Name"] in states else None

        return wait_until(settled, "launched or dead")

    less = {**use, "Action": use["Action"][1:]}
    for statements in ((), (use,), (grant,), (grant, less)):
        dead = end(ec2_only, *statements)
        assert (dead["State"]["Name"], dead["StateReason"]["Message"]) == ("terminated", IN_LAUNCH)
    assert end(ec2_only, grant, use)["State"]["Name"] == "running"


def test_images_under_the_key_of_aws_are_not_shared(sim, ec2, base):
    (good,) = keys(sim, {"id": "good"})["keys"]
    share = {"Add": [{"UserId": "444455556666"}]}
    for ebs, fine in ((dict(Encrypted=True), False), (dict(Encrypted=True, KmsKeyId=good), True)):
        instance = running(ec2, base, BlockDeviceMappings=mapping(**ebs))
        ami = capture(ec2, instance, f"sealed-{fine}")
        if fine:
            ec2.modify_image_attribute(ImageId=ami, LaunchPermission=share)
        else:
            with refused("InvalidParameter"):
                ec2.modify_image_attribute(ImageId=ami, LaunchPermission=share)


def test_copies_are_sealed_with_the_named_key(sim, ec2, base):
    (good,) = keys(sim, {"id": "good"})["keys"]
    ami = capture(ec2, running(ec2, base), "plain")
    source = dict(SourceImageId=ami, SourceRegion="us-east-1")
    with refused("InvalidParameterDependency"):
        ec2.copy_image(Name="copy-0", KmsKeyId=good, **source)
    copy = ec2.copy_image(Name="copy-1", Encrypted=True, KmsKeyId=good, **source)["ImageId"]
    wait_until(lambda: (image(ec2, copy) or {}).get("State") == "available", "the copy is there")
    sealed = [s for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] if s.get("KmsKeyId")]
    assert [s["KmsKeyId"] for s in sealed] == [good]
    lost = ec2.copy_image(Name="copy-2", Encrypted=True, KmsKeyId="nope", **source)["ImageId"]
    wait_until(lambda: (image(ec2, lost) or {}).get("State") == "failed", "its key is unusable")


LAPSES = {
    "ExpiredToken": [("RequestExpired", 400), ("ExpiredToken", 403), ("ExpiredTokenException", 400)],
    "RequestExpired": [("RequestExpired", 400), ("SignatureDoesNotMatch", 403),
                       ("InvalidSignatureException", 400)],
    "AuthFailure": [("AuthFailure", 401), ("InvalidClientTokenId", 403),
                    ("UnrecognizedClientException", 400)],
    "InvalidClientTokenId": [("AuthFailure", 401), ("InvalidClientTokenId", 403),
                             ("UnrecognizedClientException", 400)],
}


@pytest.mark.parametrize("error", LAPSES)
def test_credentials_lapse_and_come_back_in_every_service(sim, error):
    key = "AKIALUNCH"
    calls = [sim.client("ec2", key=key).describe_vpcs,
             sim.client("sts", key=key).get_caller_identity,
             sim.client("ssm", key=key).describe_instance_information]
    sim.control("POST", "credentials", {"access_key": key, "error": error})
    for call, (code, status) in zip(calls, LAPSES[error]):
        with refused(code, status):
            call()
    sim.client("ec2").describe_vpcs()
    sim.control("POST", "credentials", {"access_key": key})
    for call in calls:
        call()


def test_all_credentials_lapse_for_a_while(sim, ec2, base):
    instance = running(ec2, base)
    sim.control("POST", "credentials", {"error": "ExpiredToken", "seconds": 600})
    with refused("RequestExpired"):
        ec2.describe_instances()
    with refused("RequestExpired"):
        ec2.describe_instances(DryRun=True)

    def back():
        try:
            return ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        except ClientError:
            return None

    wait_until(back, "the credentials work again")
    with pytest.raises(urllib.error.HTTPError):
        sim.control("POST", "credentials", {"error": "Tired"})


def test_services_that_are_not_there_say_so_in_json(sim):
    def ask(path, headers):
        request = urllib.request.Request(sim.endpoint + path, data=b"{}", method="POST")
        signed = "AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/kms/aws4_request, Signature=0"
        for name, value in {"authorization": signed, **headers}.items():
            request.add_header(name, value)
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(request, timeout=10)
        return json.load(refusal.value)

    json_kind = {"content-type": "application/x-amz-json-1.1"}
    for path, headers in (("/", {**json_kind, "x-amz-target": "TrentService.DescribeKey"}),
                          ("/", {"content-type": "application/json"}),
                          ("/rules", {"content-type": "application/json"}),
                          ("/v2/email/identities", {})):
        assert ask(path, headers)["__type"] == "UnknownOperationException", path
    with refused("UnknownOperationException"):
        sim.client("kms").describe_key(KeyId="x")
    with refused("UnknownOperationException", 404):
        sim.client("sesv2").list_email_identities()


def test_service_quotas_are_read_set_and_kept(sim, ec2, base):
    quotas = sim.client("service-quotas")

    def value(service, code):
        return quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]

    assert value("ec2", "L-1216C47A") > 0 and value("ebs", "L-309BACF6") == 100_000
    listed = quotas.list_service_quotas(ServiceCode="ec2")["Quotas"]
    assert {"L-1216C47A", "L-B665C33B"} <= {quota["QuotaCode"] for quota in listed}
    with refused("NoSuchResourceException"):
        quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-00000000")
    instance = running(ec2, base)
    sim.control("POST", "service_quotas", {"code": "L-1216C47A", "value": 3})
    assert value("ec2", "L-1216C47A") == 3
    with refused("VcpuLimitExceeded"):
        launch(ec2, base)
    sim.control("POST", "quotas", {"quotas": {"vcpus": 64}})
    assert value("ec2", "L-1216C47A") == 64, "both orders are about one quota"
    sim.control("POST", "service_quotas", {"code": "L-B665C33B", "value": 1})
    assert value("ec2", "L-B665C33B") == 1
    capture(ec2, instance, "the-only-one")
    with refused("ResourceLimitExceeded"):
        ec2.create_image(InstanceId=instance, Name="one-too-many")
    sim.control("POST", "service_quotas", {"code": "L-B665C33B", "value": 9})
    sim.control("POST", "service_quotas", {"code": "L-309BACF6", "value": 1})
    with refused("SnapshotLimitExceeded"):
        ec2.create_image(InstanceId=instance, Name="one-too-many")
    policy = {"Version": "2012-10-17",
              "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    sim.control("POST", "iam", {"access_key": "AKIAEC2ONLY", "policy": policy})
    with refused("AccessDeniedException"):
        sim.client("service-quotas", key="AKIAEC2ONLY").list_service_quotas(ServiceCode="ec2")


def test_regions_must_be_opted_in_to(sim, ec2):
    def shown(**more):
        return {r["RegionName"]: r["OptInStatus"] for r in ec2.describe_regions(**more)["Regions"]}

    assert shown()["us-east-1"] == "opt-in-not-required" and "af-south-1" not in shown()
    assert shown(AllRegions=True)["af-south-1"] == "not-opted-in"
    for service, code, status in (("ec2", "AuthFailure", 401), ("sts", "InvalidClientTokenId", 403),
                                  ("ssm", "UnrecognizedClientException", 400)):
        there = sim.client(service, region="af-south-1")
        call = {"ec2": "describe_vpcs", "sts": "get_caller_identity",
                "ssm": "describe_instance_information"}[service]
        with refused(code, status):
            getattr(there, call)()
    sim.control("POST", "regions", {"region": "af-south-1", "opt_in": "opted-in"})
    sim.client("ec2", region="af-south-1").describe_vpcs()
    assert shown()["af-south-1"] == "opted-in"
    names = [{"Name": "opt-in-status", "Values": ["opted-in"]}]
    assert list(shown(Filters=names)) == ["af-south-1"]
    sim.control("POST", "regions", {"region": "eu-west-1", "opt_in": "not-opted-in"})
    with refused("AuthFailure", 401):
        sim.client("ec2", region="eu-west-1").describe_vpcs()
    sim.control("POST", "credentials", {"access_key": "AKIANEW", "error": "OptInRequired"})
    with refused("OptInRequired", 401):
        sim.client("ec2", key="AKIANEW").describe_vpcs()
