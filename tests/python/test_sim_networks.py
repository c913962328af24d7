"""Networks on order: no default VPC, private and IPv6-only subnets, zones without capacity."""

from region import group, in_state, refused, running

UNKNOWN = "subnet-0123456789abcdef0"


def run(ec2, base, **more):
    request = {"ImageId": base, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, **more}
    return ec2.run_instances(**request)["Instances"][0]


def test_no_default_vpc(sim, ec2, base):
    sim.control("POST", "network", {"default_vpc": False})
    assert ec2.describe_vpcs()["Vpcs"] == [] and ec2.describe_subnets()["Subnets"] == []
    for call in (lambda: run(ec2, base),
                 lambda: run(ec2, base, SecurityGroups=["web"]),
                 lambda: ec2.create_security_group(GroupName="web", Description="d")):
        with refused("VPCIdNotSpecified"):
            call()
    with refused("InvalidSubnetID.NotFound"):
        run(ec2, base, SubnetId=UNKNOWN)
    made = sim.control("POST", "subnets", {"public": True})
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    assert (vpc["VpcId"], vpc["IsDefault"]) == (made["vpc_id"], False)
    with refused("VPCIdNotSpecified"):
        run(ec2, base)
    own = group(ec2, VpcId=made["vpc_id"])
    instance = running(ec2, base, SubnetId=made["subnet_id"], SecurityGroupIds=[own])
    assert in_state(ec2, instance, "running")["VpcId"] == made["vpc_id"]
    sim.control("POST", "network", {"default_vpc": True})
    assert run(ec2, base)["VpcId"] != made["vpc_id"]
    with refused("InvalidParameter"):
        run(ec2, base, SecurityGroupIds=[own])


def test_a_default_vpc_without_subnets_is_not_enough(sim, ec2, base):
    with refused("InvalidParameterValue"):
        run(ec2, base, Placement={"AvailabilityZone": "us-east-1z"})
    sim.control("POST", "network", {"default_vpc": True, "default_subnets": False})
    ec2.create_security_group(GroupName="web", Description="d")
    with refused("MissingInput"):
        run(ec2, base)
    sim.control("POST", "network", {"default_vpc": True})
    run(ec2, base)


def test_unknown_zones(sim, ec2, base):
    with refused("InvalidParameterValue"):
        run(ec2, base, Placement={"AvailabilityZone": "us-east-1z"})


def test_private_subnets(sim, ec2, base):
    subnet = sim.control("POST", "subnets", {})["subnet_id"]
    (shown,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert not shown["MapPublicIpOnLaunch"] and not shown["DefaultForAz"]
    found = in_state(ec2, running(ec2, base, SubnetId=subnet), "running")
    assert "PublicIpAddress" not in found and found["PrivateIpAddress"]
    interface = {"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": True}
    asked = in_state(ec2, running(ec2, base, NetworkInterfaces=[interface]), "running")
    assert asked["PublicIpAddress"]
    usual = ec2.describe_subnets(
        Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]["SubnetId"]
    interface = {"DeviceIndex": 0, "SubnetId": usual, "AssociatePublicIpAddress": False}
    hidden = in_state(ec2, running(ec2, base, NetworkInterfaces=[interface]), "running")
    assert "PublicIpAddress" not in hidden


def test_ipv6_only_and_dual_subnets(sim, ec2, base):
    only = sim.control("POST", "subnets", {"family": "ipv6"})["subnet_id"]
    (shown,) = ec2.describe_subnets(SubnetIds=[only])["Subnets"]
    assert shown["Ipv6Native"] and "CidrBlock" not in shown
    found = in_state(ec2, running(ec2, base, SubnetId=only), "running")
    assert "PublicIpAddress" not in found and "PrivateIpAddress" not in found
    (interface,) = found["NetworkInterfaces"]
    addresses = [each["Ipv6Address"] for each in interface["Ipv6Addresses"]]
    assert addresses == [found["Ipv6Address"]]
    interface = {"DeviceIndex": 0, "SubnetId": only, "AssociatePublicIpAddress": True}
    with refused("InvalidParameterCombination"):
        run(ec2, base, NetworkInterfaces=[interface])
    dual = sim.control("POST", "subnets", {"family": "dual", "public": True})["subnet_id"]
    both = in_state(ec2, running(ec2, base, SubnetId=dual), "running")
    assert both["Ipv6Address"] and both["PublicIpAddress"]
    with refused("InvalidParameterValue"):
        run(ec2, base, Ipv6AddressCount=1)


def test_zones_without_capacity_or_offer(sim, ec2, base):
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    assert zones == ["us-east-1a", "us-east-1b", "us-east-1c"]
    first, second, third = zones
    sim.control("POST", f"zones/{first}", {"without_capacity": ["t3.*"]})
    sim.control("POST", f"zones/{second}", {"without_offer": ["t3.micro"]})

    def at(zone):
        return run(ec2, base, Placement={"AvailabilityZone": zone})

    with refused("InsufficientInstanceCapacity", 500):
        at(first)
    with refused("Unsupported"):
        at(second)
    for found in (at(third), run(ec2, base)):
        assert found["Placement"]["AvailabilityZone"] == third
    offered = ec2.describe_instance_type_offerings(
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": ["t3.micro"]}])["InstanceTypeOfferings"]
    assert sorted(each["Location"] for each in offered) == [first, third]
    sim.control("POST", f"zones/{third}", {"without_capacity": ["*"]})
    with refused("InsufficientInstanceCapacity", 500):
        run(ec2, base)
    assert run(ec2, base, InstanceType="m5.large")["Placement"]["AvailabilityZone"] == first
    for zone in zones:
        sim.control("POST", f"zones/{zone}", {"without_offer": ["*"]})
    with refused("Unsupported"):
        run(ec2, base)
    assert ec2.describe_instance_type_offerings()["InstanceTypeOfferings"] == []


def test_a_subnet_runs_out_of_addresses(sim, ec2, base):
    subnet = sim.control("POST", "subnets", {"free": 1})["subnet_id"]
    instance = running(ec2, base, SubnetId=subnet)
    (shown,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert shown["AvailableIpAddressCount"] == 0
    with refused("InsufficientFreeAddressesInSubnet"):
        run(ec2, base, SubnetId=subnet)
    sim.control("POST", f"subnets/{subnet}", {"free": 1})
    run(ec2, base, SubnetId=subnet)
    ec2.terminate_instances(InstanceIds=[instance])
    in_state(ec2, instance, "terminated")
    run(ec2, base, SubnetId=subnet)
