"""What is inside a simulated instance: its boot, the SSM agent, answers to commands, attributes."""

import base64
import gzip
import urllib.error

import pytest
from botocore.exceptions import ClientError

from region import capture, in_state, launch, refused, running, serving, wait_until
from test_sim_instances import visit

SHELL = "AWS-RunShellScript"
PROFILE = {"IamInstanceProfile": {"Name": "builder"}}
MARKER = "/var/lib/ingot/first-boot-done"


def reachable(sim, ec2, base, **more):
    """A running machine whose agent has registered."""
    instance = running(ec2, base, **PROFILE, **more)
    wait_until(lambda: sim.control("GET", f"guests/{instance}")["managed"], "the agent registered")
    return instance


def installed(sim, instance):
    sim.control("POST", f"instances/{instance}", {"installed": True})


def ask(sim, instance, command, **more):
    """Runs a command and gives its answer once it is over."""
    ssm = sim.client("ssm")
    sent = ssm.send_command(InstanceIds=[instance], DocumentName=SHELL,
                            Parameters={"commands": [command]}, **more)["Command"]["CommandId"]

    def over():
        answer = ssm.get_command_invocation(CommandId=sent, InstanceId=instance)
        return answer if answer["Status"] not in ("Pending", "InProgress") else None

    return wait_until(over, f"`{command}` is over")


def code(sim, instance, command):
    return ask(sim, instance, command)["ResponseCode"]


def finished_image(sim, ec2, base, **more):
    """An image captured after the install of its instance, and that instance."""
    source = reachable(sim, ec2, base, **more)
    installed(sim, source)
    return capture(ec2, source, "finished"), source


def test_a_failed_boot_says_error_and_leaves_no_marker(sim, ec2, base):
    sim.control("POST", "next_guest", {"cloud_init": "error"})
    sim.control("POST", "next_instance", {"hold_install": True})
    script = "#!/bin/bash\necho 'step 1'\nfalse\necho 'step 2'\ntouch /opt/app/ready\n"
    failed = reachable(sim, ec2, base, UserData=script)
    assert ask(sim, failed, "cloud-init status")["StandardOutputContent"] == "status: running\n"
    installed(sim, failed)
    answer = ask(sim, failed, "cloud-init status")
    assert (answer["Status"], answer["ResponseCode"]) == ("Failed", 1)
    assert answer["StandardOutputContent"] == "status: error\n"
    assert "exit status 1" in answer["StandardErrorContent"]
    assert code(sim, failed, "cloud-init status | grep -Eq 'status: (done|disabled)'") == 1
    assert code(sim, failed, "test -e /opt/app/ready") == 1
    text = ec2.get_console_output(InstanceId=failed, Latest=True)["Output"]
    assert "step 1" in text and "step 2" not in text and "Failed to run module" in text


@pytest.mark.parametrize("packed", [False, True])
def test_files_follow_the_script_of_the_user_data(sim, ec2, base, packed):
    sim.control("POST", "next_instance", {"hold_install": True})
    script = b"#!/bin/bash\n" + b"# padding\n" * 200 + b"install -D /dev/null '/opt/app/ready'\n"
    instance = reachable(sim, ec2, base, UserData=gzip.compress(script) if packed else script)
    assert code(sim, instance, "test -e '/opt/app/ready'") == 1
    installed(sim, instance)
    assert code(sim, instance, "test -e '/opt/app/ready'") == 0
    assert code(sim, instance, "test -e /opt/app/other") == 1
    sim.control("POST", f"guests/{instance}", {"files": {"/opt/app/ready": None, "/etc/v": "7\n"}})
    assert code(sim, instance, "test -e '/opt/app/ready'") == 1
    assert ask(sim, instance, "cat /etc/v")["StandardOutputContent"] == "7\n"


def test_a_cached_instance_shows_its_page_before_first_boot_is_over(sim, ec2, base):
    script = serving("#!/bin/bash\ntouch /opt/installed\n")
    ami, _ = finished_image(sim, ec2, base, UserData=script)
    sim.control("POST", "next_guest", {"first_boot": 100_000})
    cached = reachable(sim, ec2, ami, UserData=f"#!/bin/bash\ntouch {MARKER}\n")
    address = in_state(ec2, cached, "running")["PublicIpAddress"]
    wait_until(lambda: visit(sim, address)[0] == 200, "the page answers")
    assert code(sim, cached, f"test -e {MARKER}") == 1, "ready would be said too early"
    assert code(sim, cached, "test -e /opt/installed") == 0, "the image brought it along"
    assert ask(sim, cached, "cloud-init status")["StandardOutputContent"] == "status: running\n"
    # Half of first boot is over: what serves the page is restarted.
    installed(sim, cached)
    sim.control("POST", f"guests/{cached}", {"first_boot": 1200})
    wait_until(lambda: visit(sim, address)[0] == 502, "first boot takes the page away")
    assert code(sim, cached, f"test -e {MARKER}") == 1
    wait_until(lambda: visit(sim, address)[0] == 200, "and brings it back")
    assert code(sim, cached, f"test -e {MARKER}") == 0
    assert code(sim, cached, "cloud-init status | grep -q done") == 0


def test_every_launch_can_have_a_first_boot(sim, ec2, base):
    ami, _ = finished_image(sim, ec2, base)
    sim.control("POST", "next_guest", {"first_boot": 77, "times": 0})
    for _ in range(2):
        (cached,) = launch(ec2, ami)
        assert sim.control("GET", f"guests/{cached}")["first_boot"] == 77
    (fresh,) = launch(ec2, base)
    assert sim.control("GET", f"guests/{fresh}")["first_boot"] == 0, "fresh installs have none"


def test_markers_named_after_the_instance_do_not_come_with_the_image(sim, ec2, base):
    script = "#!/bin/bash\nid=$(curl -s http://169.254.169.254/x)\ntouch /var/lib/ingot/booted-$id\n"
    ami, source = finished_image(sim, ec2, base, UserData=script)
    assert code(sim, source, f"test -e /var/lib/ingot/booted-{source}") == 0
    sim.control("POST", "next_guest", {"first_boot": 100_000})
    cached = reachable(sim, ec2, ami, UserData=script)
    assert code(sim, cached, f"test -e /var/lib/ingot/booted-{cached}") == 1
    sim.control("POST", f"guests/{cached}", {"cloud_init": "done"})
    assert code(sim, cached, f"test -e /var/lib/ingot/booted-{cached}") == 0


def test_ordered_answers_come_first(sim, ec2, base):
    instance = reachable(sim, ec2, base)
    sim.control("POST", f"guests/{instance}", {"answers": [
        {"command": "/opt/app/bin/ready", "exit_code": 75, "stderr": "warming up\n"},
        {"contains": "version", "stdout": "x" * 30_000, "stderr": "y" * 30_000},
    ]})
    answer = ask(sim, instance, "/opt/app/bin/ready")
    assert answer["ResponseCode"] == 75 and answer["StandardErrorContent"].startswith("warming up")
    long = ask(sim, instance, "app --version")
    assert (len(long["StandardOutputContent"]), len(long["StandardErrorContent"])) == (24_000, 8_000)
    assert code(sim, instance, "app --serial") == 1, "what is unknown follows the install"
    installed(sim, instance)
    assert code(sim, instance, "app --serial") == 0
    with pytest.raises(urllib.error.HTTPError):
        sim.control("POST", f"guests/{instance}", {"answers": [{"stdout": "for which command?"}]})


def test_waiting_commands_end_by_their_own_timeout(sim, ec2, base):
    sim.control("POST", "next_instance", {"hold_install": True})
    instance = reachable(sim, ec2, base)
    ssm = sim.client("ssm")
    sent = ssm.send_command(
        InstanceIds=[instance], DocumentName=SHELL,
        Parameters={"commands": ["cloud-init status --wait"], "executionTimeout": ["600"]})
    def over():
        answer = ssm.get_command_invocation(
            CommandId=sent["Command"]["CommandId"], InstanceId=instance)
        return answer if answer["Status"] != "InProgress" else None
    answer = wait_until(over, "the command timed out")
    assert (answer["Status"], answer["ResponseCode"]) == ("TimedOut", -1)


def test_instances_without_profile_or_agent_are_unknown_to_ssm(sim, ec2, base):
    ssm = sim.client("ssm")
    bare = running(ec2, base)
    sim.control("POST", "agents", {"image": base, "agent": False})
    silent = running(ec2, base, **PROFILE)
    by_script = running(ec2, base, **PROFILE, UserData="#!/bin/sh\ndnf install -y amazon-ssm-agent\n")
    wait_until(lambda: sim.control("GET", f"guests/{by_script}")["managed"], "installed by script")
    known = {i["InstanceId"] for i in ssm.describe_instance_information()["InstanceInformationList"]}
    assert known == {by_script}
    for instance in (bare, silent):
        with refused("InvalidInstanceId"):
            ssm.send_command(InstanceIds=[instance], DocumentName=SHELL, Parameters={"commands": ["true"]})
    installed(sim, by_script)
    ami = capture(ec2, by_script, "with-agent")
    cached = running(ec2, ami, **PROFILE)
    wait_until(lambda: sim.control("GET", f"guests/{cached}")["managed"], "the image carries the agent")


def test_a_stopped_instance_is_remembered_as_lost(sim, ec2, base):
    ssm = sim.client("ssm")
    instance = reachable(sim, ec2, base)

    def ping():
        found = ssm.describe_instance_information(
            Filters=[{"Key": "InstanceIds", "Values": [instance]}])["InstanceInformationList"]
        return found and found[0]["PingStatus"]

    assert ping() == "Online"
    ec2.stop_instances(InstanceIds=[instance])
    assert ping() == "ConnectionLost"
    with refused("InvalidInstanceId"):
        ssm.send_command(InstanceIds=[instance], DocumentName=SHELL, Parameters={"commands": ["true"]})
    in_state(ec2, instance, "stopped")
    ec2.start_instances(InstanceIds=[instance])
    wait_until(lambda: ping() == "Online", "the agent is back")
    ec2.terminate_instances(InstanceIds=[instance])
    in_state(ec2, instance, "terminated")
    assert not ping(), "SSM forgets what is terminated"
    with refused("InvocationDoesNotExist"):
        ssm.get_command_invocation(CommandId="0" * 36, InstanceId=instance)


def test_windows_has_no_shell_for_documents(sim, ec2):
    name = "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base"
    windows = sim.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    instance = reachable(sim, ec2, windows, InstanceType="m5.large")
    sent = dict(InstanceIds=[instance], Parameters={"commands": ["true"]})
    with refused("UnsupportedPlatformType"):
        sim.client("ssm").send_command(DocumentName=SHELL, **sent)
    sim.client("ssm").send_command(DocumentName="AWS-RunPowerShellScript", **sent)


def test_documents_and_timeouts_are_checked(sim, ec2, base):
    instance = reachable(sim, ec2, base)
    ssm = sim.client("ssm")
    good = dict(InstanceIds=[instance], DocumentName=SHELL, Parameters={"commands": ["true"]})
    with refused("InvalidDocument"):
        ssm.send_command(**{**good, "DocumentName": "AWS-RunAnything"})
    with refused("InvalidParameters"):
        ssm.send_command(**{**good, "Parameters": {"commands": ["true"], "cwd": ["/"]}})
    with refused("InvalidParameters"):
        ssm.send_command(**{**good, "Parameters": {}})
    for seconds in (30, 2_592_000):
        ssm.send_command(**good, TimeoutSeconds=seconds)


def test_every_command_is_on_record(sim, ec2, base):
    ours, theirs = reachable(sim, ec2, base), reachable(sim, ec2, base)
    ask(sim, ours, "cloud-init status", TimeoutSeconds=60)
    with refused("InvalidInstanceId"):
        sim.client("ssm").send_command(InstanceIds=["i-0123456789abcdef0"], DocumentName=SHELL,
                                       Parameters={"commands": ["true"]})
    (one,) = sim.control("GET", f"guests/{ours}")["commands"]
    assert one["command"] == "cloud-init status" and one["access_key"] == "AKIATEST"
    assert one["document"] == SHELL and one["instances"] == [ours] and one["sim_seconds"] > 0
    assert sim.control("GET", f"guests/{theirs}")["commands"] == []
    assert sim.control("GET", f"commands?instance={theirs}")["commands"] == []
    assert sim.control("GET", "commands")["commands"] == [one]


def test_instance_attributes_and_termination_protection(sim, ec2, base):
    script = "#!/bin/sh\ntrue\n"
    instance = running(ec2, base, UserData=script, DisableApiTermination=True,
                       InstanceInitiatedShutdownBehavior="terminate")

    def attribute(name, member):
        answer = ec2.describe_instance_attribute(InstanceId=instance, Attribute=name)
        return answer[member]["Value"]

    assert base64.b64decode(attribute("userData", "UserData")).decode() == script
    assert attribute("instanceType", "InstanceType") == "t3.micro"
    assert attribute("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior") == "terminate"
    assert attribute("disableApiTermination", "DisableApiTermination") is True
    with pytest.raises(ClientError, match="disableApiTermination") as refusal:
        ec2.terminate_instances(InstanceIds=[instance])
    assert refusal.value.response["Error"]["Code"] == "OperationNotPermitted"
    with refused("OperationNotPermitted"):
        ec2.terminate_instances(InstanceIds=[instance], DryRun=True)
    in_state(ec2, instance, "running")
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    with refused("IncorrectInstanceState"):
        ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": b"other"})
    ec2.terminate_instances(InstanceIds=[instance])
    in_state(ec2, instance, "terminated")


def test_the_latest_console_is_for_nitro_only(sim, ec2, base):
    old = running(ec2, base, InstanceType="t2.micro")
    with refused("UnsupportedOperation"):
        ec2.get_console_output(InstanceId=old, Latest=True)
    assert "Linux" in ec2.get_console_output(InstanceId=old)["Output"]
    new = running(ec2, base)
    assert "Linux" in ec2.get_console_output(InstanceId=new, Latest=True)["Output"]
