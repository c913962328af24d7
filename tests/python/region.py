"""Running servers as the tests see them, and waiting for what they become."""

import functools
import json
import socket
import subprocess
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

DEADLINE = 20.0
AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def free_port():
    """A port that no server listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_process(command, **options):
    options.setdefault("stdout", subprocess.DEVNULL)
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True, **options)


def stop_process(process):
    """Ends a server that was started here; kills it if it does not listen."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=5)
    if process.stdout:
        process.stdout.close()


def wait_until(look, what, deadline=DEADLINE):
    """Polls until `look()` gives something true, and gives that."""
    end = time.monotonic() + deadline
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s: {what}")
        time.sleep(0.02)


def wait_for_port(port, process, deadline=DEADLINE):
    def open_now():
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(open_now, f"port {port} open", deadline)


@functools.lru_cache(maxsize=None)
def client(service, endpoint, region="us-east-1", key="AKIATEST", token=None, retries=0):
    """A boto3 client that never retries unless told to; making one is slow, so once each."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key="test",
        aws_session_token=token,
        config=Config(
            retries={"total_max_attempts": retries + 1, "mode": "standard"},
            connect_timeout=5,
            read_timeout=30,
        ),
    )


def call_json(method, url, body=None):
    """One JSON request, without any AWS client."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Server:
    """A running server with EC2, STS and SSM behind one endpoint."""

    def __init__(self, process, endpoint):
        self.process = process
        self.endpoint = endpoint

    def client(self, service, **options):
        return client(service, self.endpoint, **options)

    def stop(self):
        stop_process(self.process)


class SimServer(Server):
    name = "sim"

    def __init__(self, process, endpoint, probe_port):
        super().__init__(process, endpoint)
        self.probe_port = probe_port

    def control(self, method, path, body=None):
        return call_json(method, f"{self.endpoint}/_sim/{path}", body)

    def way(self, address, port):
        """Where on loopback a port of an instance answers: `connect`, and why not."""
        return self.control("GET", f"way?address={address}&port={port}")

    def reset(self):
        self.control("POST", "reset")

    def fault(self, action, kind, **more):
        self.control("POST", "faults", {"action": action, "kind": kind, **more})

    def calls(self, action):
        return self.control("GET", f"journal?action={action}")["calls"]

    def state(self):
        return self.control("GET", "state")


class MotoServer(Server):
    name = "moto"

    def reset(self):
        call_json("POST", f"{self.endpoint}/moto-api/reset")


def base_image(server, region="us-east-1"):
    """The newest Amazon Linux, as SSM points at it."""
    ssm = server.client("ssm", region=region)
    return ssm.get_parameter(Name=AL2023)["Parameter"]["Value"]


def serving(script="#!/bin/sh\n", **line):
    """A script that says what its machine serves: the login page on 443 unless told otherwise."""
    usual = {"scheme": "https", "port": 443, "path": "/", "status": 200, "body": "kamiwaza login"}
    return f"{script}# ingot-serves: {json.dumps({**usual, **line})}\n"


def launch(ec2, image, **more):
    """Launches machines and waits until Describe knows them."""
    request = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, **more}
    ids = [i["InstanceId"] for i in ec2.run_instances(**request)["Instances"]]
    wait_until(lambda: instances(ec2, ids), "the launched instances are visible")
    return ids


def instances(ec2, ids):
    """The described instances, or nothing while one is unknown."""
    try:
        answer = ec2.describe_instances(InstanceIds=ids)
    except ec2.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "InvalidInstanceID.NotFound":
            return []
        raise
    return [i for r in answer["Reservations"] for i in r["Instances"]]


def once_known(call):
    """Repeats a call while EC2 does not know the young group it names (EC2.md 17)."""
    answers = []

    def try_it():
        try:
            answers.append(call())
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidGroup.NotFound":
                raise
        return answers

    return wait_until(try_it, "the group is known")[0]


def group(ec2, name="web", **more):
    """A security group that Describe knows; EC2 may not know a young one everywhere."""
    request = {"GroupName": name, "Description": "d", **more}
    made = ec2.create_security_group(**request)["GroupId"]
    wanted = [{"Name": "group-id", "Values": [made]}]
    wait_until(lambda: ec2.describe_security_groups(Filters=wanted)["SecurityGroups"], "visible")
    return made


def in_state(ec2, instance, state):
    """Waits for an instance state and gives the description."""

    def look():
        found = [i for i in instances(ec2, [instance]) if i["State"]["Name"] == state]
        return found[0] if found else None

    return wait_until(look, f"{instance} is {state}")


def running(ec2, image, **more):
    """One running machine."""
    (instance,) = launch(ec2, image, **more)
    in_state(ec2, instance, "running")
    return instance


def image(ec2, ami):
    """The described image, or nothing while it is unknown."""
    try:
        found = ec2.describe_images(ImageIds=[ami])["Images"]
    except ec2.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "InvalidAMIID.NotFound":
            return None
        raise
    return found[0] if found else None


def image_in_state(ec2, ami, state):
    """Waits for an image state and gives the description."""

    def look():
        found = image(ec2, ami)
        return found if found and found["State"] == state else None

    return wait_until(look, f"{ami} is {state}")


def capture(ec2, instance, name, **more):
    """An available image of a machine."""
    ami = ec2.create_image(InstanceId=instance, Name=name, NoReboot=True, **more)["ImageId"]
    image_in_state(ec2, ami, "available")
    return ami


def refused(code, status=400):
    """The call inside must be refused with this code and status."""
    return Refused(code, status)


class Refused:
    def __init__(self, code, status):
        self.code, self.status = code, status

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert isinstance(error, ClientError), f"{self.code} expected, not {error!r}"
        assert error.response["Error"]["Code"] == self.code
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == self.status
        return True


def tagged(kind, **tags):
    return {"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
