//! Answers lost on a way that is not our code: the adapter through microburst, in front of moto and of the simulated
//! region. Whatever was made is found by what the effect gave it, and there is one of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use ingot_cloud::aws::{AwsCloud, AwsConfig};
use ingot_cloud::nouns::*;
use ingot_cloud::{CloudError, ErrorKind, ImageQuery, LaunchSpec, RateLimit};
use ingot_domain::arch::Arch;
use ingot_domain::template::BaseImage;
use ingot_sim::{Region, SimConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::limit::Scarce;
use crate::world::{HERE, image_spec, keys, tags};

const AL2023: &str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

/// microburst in front of a server, and whatever else must live as long.
struct Proxy {
    address: SocketAddr,
    upstream: String,
    _children: Vec<Child>,
    _sim: Option<Region>,
}

/// A program of the tests' Python environment, which `tests/setup.sh` makes.
fn program(name: &str) -> Command {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../.venv/bin")
        .join(name);
    assert!(path.exists(), "no {name}: run tests/setup.sh");
    let mut command = Command::new(path);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    listener.local_addr().expect("address").port()
}

async fn up(mut child: Child, port: u16) -> Child {
    for _ in 0..1200 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return child;
        }
        let ended = child.try_wait().expect("its state");
        assert!(ended.is_none(), "it ended with {ended:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no server listens on {port}");
}

impl Proxy {
    async fn before(upstream: String, mut children: Vec<Child>, sim: Option<Region>) -> Self {
        let port = free_port().await;
        let child = program("microburst")
            .args(["--upstream", &upstream, "--port", &port.to_string()])
            .spawn()
            .expect("microburst");
        children.push(up(child, port).await);
        Self {
            address: ([127, 0, 0, 1], port).into(),
            upstream,
            _children: children,
            _sim: sim,
        }
    }

    /// moto with two gaps filled, see `moto_filled.py`.
    async fn before_moto() -> Self {
        let port = free_port().await;
        let child = program("python")
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../tests/python/moto_filled.py"
            ))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("MOTO_ENABLE_AMI_VALIDATION", "true")
            .env("MOTO_EC2_LOAD_DEFAULT_AMIS", "true")
            .spawn()
            .expect("moto");
        let moto = up(child, port).await;
        Self::before(format!("http://127.0.0.1:{port}"), vec![moto], None).await
    }

    async fn before_sim() -> Self {
        let config = SimConfig {
            pace: 600.0,
            consistency: Duration::ZERO,
            ..SimConfig::default()
        };
        let sim = Region::start(config).await.expect("sim");
        Self::before(sim.endpoint(), Vec::new(), Some(sim)).await
    }

    /// The next answers of an operation are lost once the server has done its work.
    async fn lose(&self, operation: &str, times: usize) {
        let rule = format!(
            r#"[{{"service":"ec2","operation":"{operation}","times":{times},"response":{{"abort_bytes":0}}}}]"#
        );
        let mut stream = TcpStream::connect(self.address).await.expect("connect");
        let request = format!(
            "POST /_microburst/rules HTTP/1.1\r\nhost: proxy\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{rule}",
            rule.len()
        );
        stream.write_all(request.as_bytes()).await.expect("write");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("read");
        assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
    }

    async fn cloud(&self, limit: Option<std::sync::Arc<dyn RateLimit>>) -> AwsCloud {
        connected(format!("http://{}", self.address), limit).await
    }

    /// The server without the proxy.
    async fn direct(&self) -> AwsCloud {
        connected(self.upstream.clone(), None).await
    }
}

async fn connected(endpoint: String, limit: Option<std::sync::Arc<dyn RateLimit>>) -> AwsCloud {
    let config = AwsConfig {
        auth: keys("AKIATEST"),
        region: Some(HERE.region().to_owned()),
        endpoint_url: Some(endpoint),
        limit,
        ..AwsConfig::default()
    };
    AwsCloud::connect(config).await.expect("connect")
}

async fn spec(cloud: &AwsCloud, token: &str) -> LaunchSpec {
    let base = BaseImage::Ssm(AL2023.to_owned());
    let base = cloud
        .resolve_base_image(HERE, &base, Arch::X86_64)
        .await
        .expect("base");
    LaunchSpec {
        token: token.to_owned(),
        image_id: base.id,
        instance_type: "m6i.large".to_owned(),
        user_data: b"#!/bin/sh\ntrue\n".to_vec(),
        root_device_name: base.root_device_name,
        volume_size_gb: 30,
        volume_type: "gp3".to_owned(),
        iops: None,
        throughput: None,
        encrypted: true,
        kms_key_id: None,
        hop_limit: 1,
        zone: None,
        assign_public_ip: None,
        ipv6: false,
        subnet_id: None,
        security_group_ids: vec![],
        instance_profile: None,
        ends_itself: false,
        tags: tags(token),
    }
}

/// What a visit does with an open launch: look, and only then launch.
async fn look_then_launch(cloud: &AwsCloud, spec: &LaunchSpec) -> Result<String, CloudError> {
    let found = cloud.find_instances_by_token(HERE, &spec.token).await;
    if let Some(instance) = found?.first() {
        return Ok(instance.id.clone());
    }
    cloud.launch(HERE, spec).await
}

/// What a visit does with an open image: look by name and tag, and only then create.
async fn look_then_create(cloud: &AwsCloud, name: &str, of: &str) -> Result<String, CloudError> {
    let query = ImageQuery {
        name: Some(name.to_owned()),
        tags: tags(name),
        ..ImageQuery::default()
    };
    let found = cloud.find_images(HERE, &query).await;
    if let Some(image) = found?.first() {
        return Ok(image.id.clone());
    }
    let spec = image_spec(name, of);
    cloud.create_image(HERE, &spec).await
}

/// Visits until one succeeds, as the ledger pays them; how many were left in doubt before.
async fn visits<F: Future<Output = Result<String, CloudError>>>(
    visit: impl Fn() -> F,
) -> (String, usize) {
    let mut doubts = Vec::new();
    while doubts.len() < 10 {
        match visit().await {
            Ok(id) => return (id, doubts.len()),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Unknown, "no failure: {error}");
                doubts.push(error.to_string());
            }
        }
    }
    panic!("never adopted: {doubts:#?}");
}

async fn one_image(proxy: Proxy) {
    let (cloud, direct) = (proxy.cloud(None).await, proxy.direct().await);
    let instance = direct.launch(HERE, &spec(&direct, "t-0").await).await;
    let instance = instance.expect("launch");
    for _ in 0..400 {
        let ids = [instance.clone()];
        let seen = direct
            .describe_instances(HERE, &ids)
            .await
            .expect("describe");
        if seen
            .iter()
            .any(|one| !one.state.is_ending() && one.launched_at.is_some())
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    proxy.lose("CreateImage", 1).await;
    let (image, doubts) = visits(|| look_then_create(&cloud, "golden-1", &instance)).await;
    assert_eq!(doubts, 1, "one answer was lost");
    let all = direct.find_images(HERE, &ImageQuery::default()).await;
    let all: Vec<String> = all
        .expect("find")
        .into_iter()
        .map(|image| image.id)
        .collect();
    assert_eq!(all, [image], "one image");
}

async fn instances(direct: &AwsCloud, token: &str) -> Vec<String> {
    let found = direct
        .find_instances_by_tag(HERE, "ingot:effect", token)
        .await;
    found.expect("find").into_iter().map(|one| one.id).collect()
}

#[tokio::test]
async fn a_lost_create_image_is_adopted_from_moto() {
    one_image(Proxy::before_moto().await).await;
}

#[tokio::test]
async fn a_lost_create_image_is_adopted_from_the_simulated_region() {
    one_image(Proxy::before_sim().await).await;
}

/// moto knows no client tokens (EC2.md 4), so the SDK's own repetitions are held back here: the look alone must find it.
#[tokio::test]
async fn a_lost_launch_is_adopted_from_moto() {
    let proxy = Proxy::before_moto().await;
    let direct = proxy.direct().await;
    let spec = spec(&direct, "t-1").await;
    proxy.lose("RunInstances", 1).await;
    let visit = async || {
        // The look, and one request to launch.
        let cloud = proxy.cloud(Some(Scarce::with_room(2))).await;
        look_then_launch(&cloud, &spec).await
    };
    let (instance, doubts) = visits(visit).await;
    assert_eq!(doubts, 1, "one answer was lost");
    assert_eq!(instances(&direct, "t-1").await, [instance], "one instance");
}

#[tokio::test]
async fn lost_launches_are_one_instance_of_the_simulated_region() {
    let proxy = Proxy::before_sim().await;
    let (cloud, direct) = (proxy.cloud(None).await, proxy.direct().await);
    let spec = spec(&direct, "t-1").await;
    // More than the SDK's own attempts.
    proxy.lose("RunInstances", 4).await;
    let (instance, doubts) = visits(|| look_then_launch(&cloud, &spec)).await;
    assert_eq!(doubts, 1, "the sdk repeated it three times in vain");
    assert_eq!(instances(&direct, "t-1").await, [instance], "one instance");
}
