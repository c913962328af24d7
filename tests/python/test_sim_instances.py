"""The servers of simulated instances: refused, 502, what their script says, and what tests order."""

import gzip
import http.client
import socket
import ssl

import pytest

from region import base_image, capture, in_state, launch, running, serving, wait_until


TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE
REFUSED = "ConnectionRefusedError"


def visit(sim, address, timeout=5, port=443, path="/", scheme="https"):
    """Status and body of the instance's page; the exception's name if there is none."""
    connect = sim.way(address, port)["connect"]
    if connect is None:
        return REFUSED, ""
    if scheme == "https":
        connection = http.client.HTTPSConnection(connect, timeout=timeout, context=TRUSTING)
    else:
        connection = http.client.HTTPConnection(connect, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, ""
    finally:
        connection.close()


def closed(address, port):
    """Whether nothing listens there, whatever the region says."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((address, port)) != 0


def address_of(ec2, instance):
    return in_state(ec2, instance, "running")["PublicIpAddress"]


def answers(sim, address, status=200, **how):
    """Waits for a page with this status."""

    def look():
        seen = visit(sim, address, **how)
        return seen if seen[0] == status else None

    return wait_until(look, f"{address} answers {status}")


def test_a_machine_from_boot_to_end(sim, ec2):
    sim.control("POST", "next_instance", {"hold_install": True})
    (instance,) = launch(ec2, base_image(sim), UserData=serving(), TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web & co"}]}])
    address = address_of(ec2, instance)
    answers(sim, address, 502)
    sim.control("POST", f"instances/{instance}", {"installed": True})
    page = answers(sim, address)
    for word in ("kamiwaza", "login", "web &amp; co"):
        assert word in page[1]
    ec2.reboot_instances(InstanceIds=[instance])
    answers(sim, address)
    bound = int(sim.way(address, 443)["connect"].split(":")[1])
    ec2.terminate_instances(InstanceIds=[instance])
    in_state(ec2, instance, "terminated")
    wait_until(lambda: visit(sim, address)[0] == REFUSED, "refused at last")
    wait_until(lambda: closed(address, bound), "nothing listens any more")
    assert sim.way(address, 443)["why"] == "the instance does not run"


@pytest.mark.parametrize("how", [
    {"scheme": "https", "port": 443}, {"scheme": "http", "port": 80},
    {"scheme": "http", "port": 8000}])
def test_ordered_pages(sim, ec2, how):
    sim.control("POST", "next_instance", {"serve": "502 forever"})
    instance = running(ec2, base_image(sim), UserData=serving(**how))
    address = address_of(ec2, instance)

    def order(serve):
        sim.control("POST", f"instances/{instance}", {"serve": serve})

    order("ok")
    answers(sim, address, **how)
    order("502")
    assert visit(sim, address, **how)[0] == 502
    order("500")
    assert visit(sim, address, **how)[0] == 500
    order("wrong_content")
    status, page = visit(sim, address, **how)
    assert status == 200 and "kamiwaza" not in page
    order("hang")
    assert visit(sim, address, timeout=0.3, **how)[0] in ("timeout", "TimeoutError")
    connect = sim.way(address, how["port"])["connect"].split(":")
    order("refuse")
    wait_until(lambda: closed(connect[0], int(connect[1])), "refused")
    assert visit(sim, address, **how)[0] == REFUSED
    order("ok")
    answers(sim, address, **how)


@pytest.mark.parametrize("packed", [False, True])
def test_a_machine_serves_what_its_script_says(sim, ec2, packed):
    script = serving(scheme="http", port=80, path="/up?x=1", body='{"ok": true}')
    script = serving(script, port=9443, path="/", status=401, body="who?")
    script = serving(script, scheme="http", port=80, path="/other", status=201, body="two")
    data = gzip.compress(script.encode()) if packed else script
    sim.control("POST", "next_instance", {"serve": "ok"})
    instance = running(ec2, base_image(sim), UserData=data)
    address = address_of(ec2, instance)
    plain = {"scheme": "http", "port": 80}
    assert '{"ok": true}' in answers(sim, address, path="/up", **plain)[1]
    assert "two" in answers(sim, address, 201, path="/other", **plain)[1]
    assert answers(sim, address, 404, path="/", **plain)
    assert "who?" in answers(sim, address, 401, port=9443)[1]
    told = sim.way(address, 443)
    assert told["connect"] is None and told["why"].endswith("port 80, 9443"), told
    assert "no instance" in sim.way("127.0.0.1", 80)["why"]
    (found,) = [i for i in sim.state()["instances"] if i["id"] == instance]
    assert [one["port"] for one in found["serves"]] == [80, 9443, 80]


def test_a_port_that_cannot_be_had_is_listened_on_elsewhere(sim, ec2):
    sim.control("POST", "next_instance", {"stuck": True})
    (instance,) = launch(ec2, base_image(sim), UserData=serving(scheme="http", port=8000))
    (found,) = [i for i in sim.state()["instances"] if i["id"] == instance]
    address = found["address"]
    assert sim.way(address, 8000)["connect"] is None, "it does not run yet"
    with socket.socket() as taken:
        taken.bind((address, 8000))
        taken.listen()
        sim.control("POST", f"instances/{instance}", {"state": "running"})
        assert "kamiwaza" in answers(sim, address, port=8000, scheme="http")[1]
        assert sim.way(address, 8000)["connect"] != f"{address}:8000"


def test_what_says_nothing_runs_nothing(sim, ec2):
    for script in ("", "#!/bin/sh\necho hello\n", "#!/bin/sh\n# ingot-serves: {nonsense}\n"):
        instance = running(ec2, base_image(sim), UserData=script)
        sim.control("POST", f"instances/{instance}", {"installed": True, "serve": "ok"})
        told = sim.way(address_of(ec2, instance), 443)
        assert told["connect"] is None and "runs nothing" in told["why"], told
        assert "# ingot-serves:" in told["why"]


def test_an_image_remembers_what_its_source_served(sim, ec2):
    sim.control("POST", "next_instance", {"hold_install": True})
    source = running(ec2, base_image(sim), UserData=serving(scheme="http", port=8000))
    early = capture(ec2, source, "too-early")
    sim.control("POST", f"instances/{source}", {"installed": True})
    ami = capture(ec2, source, "installed-image")
    own = {"UserData": serving(port=9443)}
    table = [(early, {}, None), (ami, {}, 8000), (ami, own, 9443), (early, own, 9443)]
    for image, more, port in table:
        machine = running(ec2, image, **more)
        sim.control("POST", f"instances/{machine}", {"installed": True})
        (found,) = [i for i in sim.state()["instances"] if i["id"] == machine]
        assert [one["port"] for one in found["serves"]] == ([port] if port else []), (image, more)
        if port:
            how = {"port": port, "scheme": found["serves"][0]["scheme"]}
            assert "kamiwaza" in answers(sim, address_of(ec2, machine), **how)[1]


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
