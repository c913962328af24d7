"""Servers for the tests: the simulated region, moto, and microburst in front of either.

INGOT_BIN names the built binary; INGOT_SIM_CMD, if set, is the whole command instead
(split as a shell would), to which the flags of `ingot sim` are appended.
"""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ingot_up import Up
from region import (
    MotoServer,
    SimServer,
    base_image,
    free_port,
    start_process,
    stop_process,
    wait_for_port,
)

PACE = "600"


def sim_command():
    """The command that starts a simulated region, without flags."""
    whole = os.environ.get("INGOT_SIM_CMD")
    if whole:
        return shlex.split(whole)
    binary = os.environ.get("INGOT_BIN")
    if binary:
        return [binary, "sim"]
    pytest.fail("set INGOT_BIN to the ingot binary, or INGOT_SIM_CMD to a command")


def start_sim(*flags):
    """Starts a region and reads the one line it prints."""
    pace = [] if "--pace" in flags else ["--pace", PACE]
    command = [*sim_command(), "--listen", "127.0.0.1:0", *pace, *flags]
    process = start_process(command, stdout=subprocess.PIPE)
    line = process.stdout.readline()
    if not line:
        stop_process(process)
        pytest.fail(f"{command} printed nothing and ended with {process.returncode}")
    started = json.loads(line)
    return SimServer(process, started["listening"], started["probe_port"])


@pytest.fixture(scope="session")
def shared_sim():
    """One region for all tests that can live with its memory being wiped between them."""
    server = start_sim("--no-buckets")
    yield server
    server.stop()


@pytest.fixture
def sim(shared_sim):
    """The shared region, empty."""
    shared_sim.reset()
    return shared_sim


@pytest.fixture
def ec2(sim):
    """EC2 of the empty region."""
    return sim.client("ec2")


@pytest.fixture
def base(sim):
    """The newest Amazon Linux there."""
    return base_image(sim)


@pytest.fixture(scope="session")
def throttled_sim():
    """A region with its token buckets on."""
    server = start_sim()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shared_moto():
    """moto, without its thousand base images: the tests bring their own."""
    port = free_port()
    environment = {
        **os.environ,
        "MOTO_ENABLE_AMI_VALIDATION": "true",
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "true",
    }
    module = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = start_process(module, env=environment)
    wait_for_port(port, process)
    server = MotoServer(process, f"http://127.0.0.1:{port}")
    yield server
    server.stop()


@pytest.fixture
def moto(shared_moto):
    """moto, empty."""
    shared_moto.reset()
    return shared_moto


@pytest.fixture
def aws_cli(tmp_path):
    """Runs the AWS CLI against an endpoint; gives the finished process."""
    program = Path(sys.executable).with_name("aws")
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "AWS_MAX_ATTEMPTS": "1",
    }

    def run(endpoint, *words):
        command = [str(program), "--endpoint-url", endpoint, "--output", "json", *words]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.fixture(scope="module")
def ingot(tmp_path_factory):
    """`ingot up` with a simulated region, one per file of tests."""
    up = Up(tmp_path_factory.mktemp("ingot"))
    yield up
    up.stop()
