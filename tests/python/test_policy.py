"""The documented policy against the product itself: what `ingot up` calls is what it allows."""

import pytest

from test_sim_iam import STATEMENTS, document

DENIED = ("UnauthorizedOperation", "AccessDeniedException", "AccessDenied")


@pytest.fixture(autouse=True)
def everything_allowed_afterwards(ingot):
    yield
    ingot.control("POST", "iam", {"access_key": "*", "policy": None})


def bind(ingot, *without):
    statements = [s for name, s in STATEMENTS.items() if name not in without]
    ingot.control("POST", "iam", {"access_key": "*", "policy": document(*statements)})


def denied(ingot):
    """The actions that were refused, of all calls so far."""
    calls = ingot.control("GET", "journal")["calls"]
    return {call["action"] for call in calls if call["outcome"] in DENIED}


def test_the_policy_lets_fresh_and_cached_deployments_live_and_end(ingot):
    bind(ingot)
    fresh = ingot.finished(ingot.create(version="v0.9.7")["id"])
    assert (fresh["status"], fresh["ami_creation_status"]) == ("success", "completed"), fresh
    cached = ingot.finished(ingot.create(version="v0.9.7")["id"])
    assert (cached["status"], cached["launch_path"]) == ("success", "cached"), cached
    for deployment in (fresh, cached):
        ingot.act(deployment["id"], "destroy")
        ingot.reaches(deployment["id"], "is destroyed", lambda d: d["status"] == "destroyed")
    assert not denied(ingot)
    calls = {call["action"] for call in ingot.control("GET", "journal")["calls"]}
    assert {"RunInstances", "CreateImage", "SendCommand", "TerminateInstances"} <= calls


def test_a_missing_permission_is_refused_to_the_product(ingot):
    bind(ingot, "make")
    made = ingot.create(version="v0.9.8")
    ingot.reaches(made["id"], "was refused", lambda _: denied(ingot))
    assert denied(ingot) <= {"CreateSecurityGroup", "RunInstances"}
    bind(ingot)
    done = ingot.finished(made["id"])
    assert done["status"] == "success", "it goes on once it is allowed"
