//! A region of its own for every test, and orders for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ingot_cloud::Place;
use ingot_cloud::aws::{Auth, AwsCloud, AwsConfig, CallObserver, Secret};
use ingot_cloud::nouns::*;
use ingot_cloud::{
    BaseImageFacts, ImageFacts, ImageSpec, ImageState, InstanceFacts, InstanceState, LaunchSpec,
};
use ingot_domain::arch::Arch;
use ingot_domain::template::BaseImage;
use ingot_sim::{Region, SimConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const HERE: Place<'static> = Place::own("us-east-1");
pub(crate) const UBUNTU: &str =
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id";

/// What the adapter told its observer: operation and code.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Vec<(String, String)>>);

impl CallObserver for Seen {
    fn observed(
        &self,
        service: &'static str,
        operation: &'static str,
        region: &str,
        code: &str,
        _took: Duration,
    ) {
        assert!(!region.is_empty());
        assert!(
            ingot_cloud::aws::calls::find(service, operation).is_some(),
            "{service}:{operation} is not in the list of calls"
        );
        self.0
            .lock()
            .expect("lock")
            .push((operation.to_owned(), code.to_owned()));
    }
}

impl Seen {
    pub(crate) fn codes(&self, operation: &str) -> Vec<String> {
        let seen = self.0.lock().expect("lock");
        seen.iter()
            .filter(|(found, _)| found == operation)
            .map(|(_, code)| code.clone())
            .collect()
    }
}

pub(crate) struct World {
    pub(crate) sim: Region,
    pub(crate) cloud: AwsCloud,
    pub(crate) seen: Arc<Seen>,
}

pub(crate) fn keys(id: &str) -> Auth {
    Auth::AccessKeys {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new("hushhush"),
        session_token: None,
    }
}

pub(crate) fn config(sim: &Region, auth: Auth) -> AwsConfig {
    AwsConfig {
        auth,
        region: Some(HERE.region().to_owned()),
        endpoint_url: Some(sim.endpoint()),
        ..AwsConfig::default()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(true).await
    }

    /// A region that refuses no call for its rate: what asks hundreds within seconds.
    pub(crate) async fn without_rates() -> Self {
        Self::with(false).await
    }

    async fn with(buckets: bool) -> Self {
        let config_of_sim = SimConfig {
            pace: 600.0,
            consistency: Duration::ZERO,
            buckets,
            ..SimConfig::default()
        };
        let sim = Region::start(config_of_sim).await.expect("sim");
        let seen = Arc::new(Seen::default());
        let cloud = AwsCloud::connect(config(&sim, keys("AKIATEST")))
            .await
            .expect("connect");
        Self {
            cloud: cloud.with_observer(seen.clone()),
            sim,
            seen,
        }
    }

    /// Asks a control endpoint; the answer's body.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.sim.addr()).await.expect("connect");
        let request = format!(
            "{method} /_sim/{path} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("write");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("read");
        assert!(answer.starts_with("HTTP/1.1 2"), "{path}: {answer}");
        answer
    }

    pub(crate) async fn fault(&self, body: &str) {
        self.control("POST", "faults", body).await;
    }

    /// How often the region was called for an action.
    pub(crate) async fn arrivals(&self, action: &str) -> usize {
        let journal = self
            .control("GET", &format!("journal?action={action}"), "")
            .await;
        journal.matches("\"action\":").count()
    }

    pub(crate) async fn base(&self) -> BaseImageFacts {
        self.cloud
            .resolve_base_image(HERE, &BaseImage::Ssm(UBUNTU.to_owned()), Arch::X86_64)
            .await
            .expect("base")
    }

    pub(crate) async fn spec(&self, token: &str) -> LaunchSpec {
        let base = self.base().await;
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
            instance_profile: Some("ingot-ssm".to_owned()),
            ends_itself: false,
            tags: tags(token),
        }
    }

    /// A running instance.
    pub(crate) async fn running(&self, token: &str) -> String {
        let id = self
            .cloud
            .launch(HERE, &self.spec(token).await)
            .await
            .expect("launch");
        self.instance_in(&id, InstanceState::Running).await;
        id
    }

    pub(crate) async fn instance_in(&self, id: &str, state: InstanceState) -> InstanceFacts {
        for _ in 0..400 {
            let found = self
                .cloud
                .describe_instances(HERE, &[id.to_owned()])
                .await
                .expect("describe");
            if let Some(facts) = found.into_iter().find(|facts| facts.state == state) {
                return facts;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{id} never became {state:?}");
    }

    pub(crate) async fn image_in(&self, id: &str, state: ImageState) -> ImageFacts {
        for _ in 0..400 {
            let found = self
                .cloud
                .describe_images(HERE, &[id.to_owned()])
                .await
                .expect("describe");
            if let Some(facts) = found.into_iter().find(|facts| facts.state == state) {
                return facts;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{id} never became {state:?}");
    }
}

pub(crate) fn image_spec(name: &str, instance_id: &str) -> ImageSpec {
    ImageSpec {
        name: name.to_owned(),
        description: "ubuntu 24.04 with kamiwaza".to_owned(),
        instance_id: instance_id.to_owned(),
        no_reboot: true,
        tags: tags(name),
    }
}

pub(crate) fn tags(effect: &str) -> BTreeMap<String, String> {
    [("ingot:effect".to_owned(), effect.to_owned())].into()
}
