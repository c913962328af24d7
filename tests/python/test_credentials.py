"""Credentials and networks as people have them, through the binary: SSO, `aws login`, credential_process, roles,
containers, proxies, private authorities, and what is said when there are none."""

import base64
import hashlib
import json
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aws_ways import ConnectProxy, PrivateTls, portal
from ingot_up import ingot_binary, own_environment
from region import free_port, stop_process, wait_until

REGION_NAME = "region.ingot.test"
LATER, BEFORE = "2099-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test"}


class Person:
    """A home directory with AWS's files, and `ingot` in it."""

    def __init__(self, home, endpoint):
        self.home = home
        self.environment = own_environment(
            HOME=str(home),
            INGOT_DATA_DIR=str(home / "data"),
            AWS_ENDPOINT_URL=endpoint,
            AWS_REGION="us-east-1",
            AWS_EC2_METADATA_DISABLED="true",
        )
        (home / ".aws").mkdir()

    def config(self, text):
        (self.home / ".aws/config").write_text(text)

    def run(self, *words, code=0, without=(), **environment):
        given = {**self.environment, **environment}
        done = subprocess.run(
            [ingot_binary(), *words],
            env={name: value for name, value in given.items() if name not in without},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done

    def identity(self, **environment):
        return json.loads(self.run("identity", "--json", **environment).stdout)

    def refused(self, *words, **environment):
        """The one sentence that stands for a failure; with --json it is the detail of the problem."""
        said = self.run(*words, code=1, **environment).stderr.strip().splitlines()
        if "--json" in words:
            said = ["error: " + json.loads(line)["detail"] for line in said]
        errors = [line for line in said if line.startswith("error: ")]
        assert len(errors) == 1 and said[-1] == errors[0], said
        for word in ("CredentialsError", "ProviderError", "{", "Some(", "dispatch failure"):
            assert word not in errors[0], errors[0]
        return errors[0]


@pytest.fixture
def person(tmp_path, shared_sim):
    shared_sim.reset()
    return Person(tmp_path, shared_sim.endpoint)


def process_profile(person, body):
    script = person.home / "credentials.sh"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    person.config(f"[profile dev]\nregion = us-east-1\ncredential_process = {script} --for dev\n")


def test_a_credential_process_is_run(person):
    given = {
        "Version": 1,
        "AccessKeyId": "AKIAPROCESS",
        "SecretAccessKey": "x",
        "SessionToken": "t",
        "Expiration": LATER,
    }
    process_profile(person, f"cat <<'END'\n{json.dumps(given)}\nEND")
    found = person.identity(AWS_PROFILE="dev")
    assert found["credentials"]["kind"] == "credential_process"
    assert found["credentials"]["profile"] == "dev"
    assert found["credentials"]["expires_at"] == LATER
    # The same when the way is named.
    assert person.identity(AWS_PROFILE="dev", AWS_AUTH_METHOD="profile")["account"] == found["account"]
    assert "credential_process" in person.run("identity", AWS_PROFILE="dev").stdout


def test_a_credential_process_that_fails_is_quoted(person):
    process_profile(person, "echo 'the vault is sealed' >&2; exit 3")
    said = person.refused("identity", AWS_PROFILE="dev")
    assert "credential_process of profile dev failed" in said and "the vault is sealed" in said


SSO = """
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start

[profile dev]
region = us-east-1
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Factory

[profile old]
region = us-east-1
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
sso_account_id = 123456789012
sso_role_name = Factory
"""


def sso_token(person, of, expires):
    cache = person.home / ".aws/sso/cache"
    cache.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha1(of.encode()).hexdigest()
    token = {"accessToken": "sso-token", "expiresAt": expires, "region": "us-east-1"}
    (cache / f"{name}.json").write_text(json.dumps(token))


@pytest.mark.parametrize(
    "profile, cached", [("dev", "corp"), ("old", "https://corp.awsapps.com/start")]
)
def test_an_sso_profile_that_is_signed_in(person, profile, cached):
    person.config(SSO)
    sso_token(person, cached, LATER)
    granted = {
        "roleCredentials": {
            "accessKeyId": "ASIASSO",
            "secretAccessKey": "x",
            "sessionToken": "t",
            "expiration": 4070908800000,
        }
    }
    with portal(200, granted) as (url, asked):
        found = person.identity(AWS_PROFILE=profile, AWS_ENDPOINT_URL_SSO=url)
    assert found["credentials"]["kind"] == "sso" and found["credentials"]["profile"] == profile
    path, headers = asked[0]
    assert "role_name=Factory" in path and "account_id=123456789012" in path
    assert headers["x-amz-sso_bearer_token"] == "sso-token"


@pytest.mark.parametrize("profile", ["dev", "old"])
@pytest.mark.parametrize("expires", [None, BEFORE])
def test_an_sso_session_that_ended_says_how_to_sign_in(person, profile, expires):
    person.config(SSO)
    if expires:
        for cached in ("corp", "https://corp.awsapps.com/start"):
            sso_token(person, cached, expires)
    with portal(401, {"__type": "UnauthorizedException", "message": "Session token not found or invalid"}) as (url, _):
        said = person.refused("identity", AWS_PROFILE=profile, AWS_ENDPOINT_URL_SSO=url)
    assert f"run `aws sso login --profile {profile}`" in said


def test_an_sso_role_that_is_not_granted(person):
    person.config(SSO)
    sso_token(person, "corp", LATER)
    with portal(403, {"__type": "ForbiddenException", "message": "No access"}) as (url, _):
        said = person.refused("identity", AWS_PROFILE="dev", AWS_ENDPOINT_URL_SSO=url)
    assert "sso_account_id and sso_role_name" in said and "aws sso login" not in said


def test_aws_login(person):
    session = "arn:aws:iam::123456789012:user/Admin"
    person.config(f"[profile console]\nregion = us-east-1\nlogin_session = {session}\n")
    said = person.refused("identity", AWS_PROFILE="console")
    assert "run `aws login --profile console`" in said
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    token = {
        "accessToken": {
            "accessKeyId": "ASIALOGIN",
            "secretAccessKey": "x",
            "sessionToken": "t",
            "accountId": "123456789012",
            "expiresAt": LATER,
        },
        "tokenType": "aws_sigv4",
        "refreshToken": "r",
        "idToken": "i",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": key.decode(),
    }
    cache = person.home / ".aws/login/cache"
    cache.mkdir(parents=True)
    name = hashlib.sha256(session.encode()).hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(token))
    found = person.identity(AWS_PROFILE="console")
    assert found["credentials"]["kind"] == "login" and found["credentials"]["expires_at"] == LATER


def test_the_ways_that_worked_before_go_on(person):
    assert person.identity(**KEYS)["credentials"]["kind"] == "environment"
    person.config(
        "[profile keys]\naws_access_key_id = AKIATEST\naws_secret_access_key = x\nregion = eu-west-1\n"
        "[profile role]\nrole_arn = arn:aws:iam::444455556666:role/factory\nsource_profile = keys\n"
    )
    found = person.identity(AWS_PROFILE="keys", AWS_REGION="")
    assert found["credentials"]["kind"] == "profile" and found["region"] == "eu-west-1"
    for method in ({}, {"AWS_AUTH_METHOD": "profile"}):
        found = person.identity(AWS_PROFILE="role", **method)
        assert found["account"] == "444455556666" and found["credentials"]["kind"] == "profile"
    role = "arn:aws:iam::444455556666:role/factory"
    found = person.identity(**KEYS, AWS_ASSUME_ROLE_ARN=role)
    assert found["credentials"]["roles"] == [role] and found["account"] == "444455556666"
    granted = {"AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "x", "Token": "t", "Expiration": LATER}
    with portal(200, granted) as (url, asked):
        # A proxy has no business between a process and its own machine.
        found = person.identity(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{url}/creds", HTTP_PROXY=f"http://127.0.0.1:{free_port()}"
        )
    assert found["credentials"]["kind"] == "container" and asked[0][0] == "/creds"


@pytest.fixture
def far_region(tmp_path, shared_sim):
    """The region behind a private authority's certificate and a name that only a proxy can reach."""
    port = int(shared_sim.endpoint.rsplit(":", 1)[1])
    with PrivateTls(tmp_path, REGION_NAME, port) as tls, ConnectProxy(REGION_NAME, tls.port) as proxy:
        yield tls, proxy


def test_calls_go_through_the_proxy_to_a_private_authority(person, far_region):
    tls, proxy = far_region
    far = {**KEYS, "AWS_ENDPOINT_URL": f"https://{REGION_NAME}"}
    through = {**far, "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
    trusted = {"AWS_CA_BUNDLE": str(tls.ca)}
    found = person.identity(**through, **trusted)
    assert len(found["account"]) == 12
    assert proxy.asked and set(proxy.asked) == {f"CONNECT {REGION_NAME}:443 HTTP/1.1"}
    # Small letters and the fallback count, an address may lack its scheme.
    for name in ("https_proxy", "ALL_PROXY", "all_proxy"):
        person.identity(**far, **trusted, **{name: f"127.0.0.1:{proxy.port}"})
    # Neither without the authority, nor without the proxy, nor past it.
    person.refused("identity", **through)
    asked = len(proxy.asked)
    person.refused("identity", **far, **trusted)
    person.refused("identity", **through, **trusted, NO_PROXY=f"other.test,{REGION_NAME}")
    assert len(proxy.asked) == asked


def test_the_profiles_ca_bundle_is_read(person, far_region):
    tls, proxy = far_region
    person.config(f"[profile dev]\naws_access_key_id = A\naws_secret_access_key = x\nca_bundle = {tls.ca}\n")
    through = {"AWS_ENDPOINT_URL": f"https://{REGION_NAME}", "HTTPS_PROXY": f"127.0.0.1:{proxy.port}"}
    assert person.identity(**through, AWS_PROFILE="dev")["credentials"]["kind"] == "profile"
    missing = str(person.home / "nothing.pem")
    said = person.refused("identity", **KEYS, AWS_CA_BUNDLE=missing)
    assert "AWS_CA_BUNDLE" in said and missing in said
    person.config(f"[profile dev]\nca_bundle = {missing}\n")
    said = person.refused("identity", **KEYS, AWS_PROFILE="dev")
    assert "ca_bundle of profile dev" in said and missing in said


def test_a_proxy_that_wants_a_password(person, tmp_path, shared_sim):
    port = int(shared_sim.endpoint.rsplit(":", 1)[1])
    credentials = base64.b64encode(b"me:hush hush").decode()
    with PrivateTls(tmp_path, REGION_NAME, port) as tls, ConnectProxy(REGION_NAME, tls.port, credentials) as proxy:
        given = {**KEYS, "AWS_ENDPOINT_URL": f"https://{REGION_NAME}", "AWS_CA_BUNDLE": str(tls.ca)}
        person.identity(**given, HTTPS_PROXY=f"http://me:hush%20hush@127.0.0.1:{proxy.port}")
        said = person.refused("identity", **given, HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
        assert "proxy authorization required" in said
    said = person.refused("identity", **given, HTTPS_PROXY="socks5://me:hush@127.0.0.1:1")
    assert "HTTPS_PROXY" in said and "hush" not in said


def test_without_credentials_one_sentence_names_the_ways(person):
    for words in (["identity"], ["identity", "--json"], ["up", "--listen", "127.0.0.1:0"]):
        said = person.refused(*words)
        for way in ("no AWS credentials were found", "aws sso login", "AWS_ACCESS_KEY_ID", "role", "--cloud sim"):
            assert way in said, said
    said = person.refused("identity", AWS_PROFILE="unknown")
    assert "there is no profile unknown" in said and "--cloud sim" in said


def test_without_a_region_one_sentence_names_the_ways(person):
    for words in (["identity"], ["up", "--listen", "127.0.0.1:0"]):
        said = person.refused(*words, **KEYS, AWS_REGION="")
        for way in ("no AWS region is given", "AWS_REGION", "profile", "--cloud sim"):
            assert way in said, said


def test_up_works_in_the_region_of_awss_own_settings(person):
    port = free_port()
    process = subprocess.Popen(
        [ingot_binary(), "up", "--listen", f"127.0.0.1:{port}", "--pace", "600"],
        env={**person.environment, **KEYS, "AWS_REGION": "eu-north-1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deploy = ["deploy", "kamiwaza", "--version", "v0.9.2", "--region", "eu-north-1", "--json"]
        url = f"http://127.0.0.1:{port}"
        environment = {**person.environment, "INGOT_URL": url}

        def accepted():
            done = subprocess.run(
                [ingot_binary(), *deploy], env=environment, capture_output=True, text=True, timeout=30, check=False
            )
            if done.returncode == 5:
                time.sleep(0.2)
                return None
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        assert wait_until(accepted, "a deployment in eu-north-1", 60)["region"] == "eu-north-1"
    finally:
        stop_process(process)
