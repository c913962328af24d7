"""The TLS server of simulated instances: refused, 502, login page, and what tests order."""

import http.client
import ssl

from region import base_image, capture, in_state, launch, running, wait_until


TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE


def visit(sim, address, timeout=5):
    """Status and body of the instance's page; the exception's name if there is none."""
    connection = http.client.HTTPSConnection(
        address, sim.probe_port, timeout=timeout, context=TRUSTING)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, ""
    finally:
        connection.close()


def address_of(ec2, instance):
    return in_state(ec2, instance, "running")["PublicIpAddress"]


def test_a_machine_from_boot_to_end(sim, ec2):
    sim.control("POST", "next_instance", {"hold_install": True})
    (instance,) = launch(ec2, base_image(sim), TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web & co"}]}])
    address = address_of(ec2, instance)
    assert wait_until(lambda: visit(sim, address)[0] == 502, "502 while installing")
    sim.control("POST", f"instances/{instance}", {"installed": True})
    page = wait_until(
        lambda: (lambda v: v if v[0] == 200 else None)(visit(sim, address)), "the login page")
    for word in ("kamiwaza", "login", "web &amp; co"):
        assert word in page[1]
    ec2.reboot_instances(InstanceIds=[instance])
    wait_until(lambda: visit(sim, address)[0] == 200, "back after the reboot")
    ec2.terminate_instances(InstanceIds=[instance])
    in_state(ec2, instance, "terminated")
    wait_until(lambda: visit(sim, address)[0] == "ConnectionRefusedError", "refused at last")


def test_ordered_pages(sim, ec2):
    sim.control("POST", "next_instance", {"serve": "502 forever"})
    instance = running(ec2, base_image(sim))
    address = address_of(ec2, instance)

    def order(serve):
        sim.control("POST", f"instances/{instance}", {"serve": serve})

    order("ok")
    wait_until(lambda: visit(sim, address)[0] == 200, "the listener is up")
    order("502")
    assert visit(sim, address)[0] == 502
    order("500")
    assert visit(sim, address)[0] == 500
    order("wrong_content")
    status, page = visit(sim, address)
    assert status == 200 and "kamiwaza" not in page
    order("hang")
    assert visit(sim, address, timeout=0.3)[0] in ("timeout", "TimeoutError")
    order("refuse")
    wait_until(lambda: visit(sim, address)[0] == "ConnectionRefusedError", "refused")
    order("ok")
    wait_until(lambda: visit(sim, address)[0] == 200, "back")


def test_launches_from_own_images_are_faster(sim, ec2):
    base = base_image(sim)
    instance = running(ec2, base)
    wait_until(
        lambda: [i for i in sim.state()["instances"] if i["id"] == instance and i["installed"]],
        "installed")
    ami = capture(ec2, instance, "installed-image")
    (own,) = [i for i in sim.state()["images"] if i["id"] == ami]
    assert own["installed"], "captured after the install"


def test_planned_ends(sim, ec2):
    sim.control("POST", "next_instance", {"dies_after": 60})
    (doomed,) = launch(ec2, base_image(sim), InstanceMarketOptions={"MarketType": "spot"})
    found = in_state(ec2, doomed, "terminated")
    assert found["StateReason"]["Code"] == "Server.SpotInstanceTermination"
    assert found["InstanceLifecycle"] == "spot"
    sim.control("POST", "next_instance", {"stuck": True})
    (stuck,) = launch(ec2, base_image(sim))
    sim.control("POST", f"instances/{stuck}", {"state": "terminated", "reason": "Server.Gone"})
    assert in_state(ec2, stuck, "terminated")["StateReason"]["Message"] == "Server.Gone"
