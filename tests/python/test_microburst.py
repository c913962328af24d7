"""microburst, a fault proxy that knows nothing of the sim, in front of the sim and of moto."""

import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from region import (
    base_image,
    call_json,
    client,
    free_port,
    running,
    start_process,
    stop_process,
    wait_for_port,
    wait_until,
)

# The first injected error loads botocore's model of EC2, which takes seconds.
WARM_UP = 60.0


class Proxy:
    """microburst in front of one server."""

    def __init__(self, server, process, endpoint):
        self.server, self.process, self.endpoint = server, process, endpoint

    def client(self, service, **options):
        return client(service, self.endpoint, **options)

    def rule(self, operation, **effect):
        body = {"service": "ec2", "operation": operation, "times": 1, **effect}
        call_json("POST", f"{self.endpoint}/_microburst/rules", [body])


@pytest.fixture(scope="module", params=["sim", "moto"])
def proxy(request):
    server = request.getfixturevalue(f"shared_{request.param}")
    server.reset()
    port = free_port()
    program = Path(sys.executable).with_name("microburst")
    process = start_process(
        [str(program), "--upstream", server.endpoint, "--port", str(port)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, process)
        proxy = Proxy(server, process, f"http://127.0.0.1:{port}")
        proxy.rule("DescribeRegions", error={"code": "RequestLimitExceeded"})

        def warm():
            try:
                proxy.client("ec2").describe_regions()
            except ClientError as error:
                return error.response["Error"]["Code"] == "RequestLimitExceeded"
            except BotoCoreError:
                return False
            return True

        wait_until(warm, "the warm-up fault", WARM_UP)
        yield proxy
    finally:
        stop_process(process)


def image_names(server):
    found = server.client("ec2").describe_images(Owners=["self"])["Images"]
    return sorted(i["Name"] for i in found)


def test_throttle(proxy):
    proxy.rule("DescribeVpcs", error={"code": "RequestLimitExceeded"})
    with pytest.raises(ClientError) as refused:
        proxy.client("ec2").describe_vpcs()
    assert refused.value.response["Error"]["Code"] == "RequestLimitExceeded"
    assert proxy.client("ec2").describe_vpcs()["Vpcs"]


def test_server_error_is_retried(proxy):
    proxy.rule("DescribeVpcs", error={"code": "InternalError", "status": 500})
    with pytest.raises(ClientError) as refused:
        proxy.client("ec2").describe_vpcs()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    proxy.rule("DescribeVpcs", error={"code": "InternalError", "status": 500})
    assert proxy.client("ec2", retries=3).describe_vpcs()["Vpcs"]


def test_an_answer_lost_after_the_effect(proxy):
    ec2 = proxy.client("ec2")
    instance = running(ec2, base_image(proxy.server))
    proxy.rule("CreateImage", response={"abort_bytes": 0})
    with pytest.raises(BotoCoreError):
        ec2.create_image(InstanceId=instance, Name="lost", NoReboot=True)
    wait_until(lambda: image_names(proxy.server) == ["lost"], "the image exists all the same")
    request = dict(InstanceId=instance, Name="lost", NoReboot=True)
    if proxy.server.name == "moto":
        # moto has no guard on names: this is how duplicates are made (EC2.md 2).
        ec2.create_image(**request)
        assert image_names(proxy.server) == ["lost", "lost"]
        return
    with pytest.raises(ClientError) as refused:
        ec2.create_image(**request)
    assert refused.value.response["Error"]["Code"] == "InvalidAMIName.Duplicate"


def test_a_lost_launch_is_found_by_its_token(proxy):
    ec2 = proxy.client("ec2")
    request = dict(ImageId=base_image(proxy.server), InstanceType="t3.micro",
                   MinCount=1, MaxCount=1, ClientToken="lost-launch")
    proxy.rule("RunInstances", response={"abort_bytes": 0})
    with pytest.raises(BotoCoreError):
        ec2.run_instances(**request)
    ec2.run_instances(**request)

    def made():
        answer = proxy.server.client("ec2").describe_instances()
        tokens = [i.get("ClientToken") for r in answer["Reservations"] for i in r["Instances"]]
        return tokens.count("lost-launch")

    want = 2 if proxy.server.name == "moto" else 1
    wait_until(lambda: made() == want, f"{want} launched")
