//! A simulated region as tests see it: its control endpoints under `/_sim` (`crates/sim/src/control.rs` lists them).

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::Value;

/// The access key of calls that are not Ingot's: a person or a service in the same account.
pub const STRANGER: &str = "STRANGER";

/// The control of one simulated region.
#[derive(Debug, Clone)]
pub struct Region {
    http: reqwest::Client,
    endpoint: String,
}

impl Region {
    /// The region at an endpoint.
    pub fn at(endpoint: &str) -> Result<Self> {
        // Another test may have installed a provider already; that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            http: reqwest::Client::builder().build()?,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
        })
    }

    /// What `AWS_ENDPOINT_URL` must say to reach it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// `GET /_sim/{path}`
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// `POST /_sim/{path}`
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// `DELETE /_sim/{path}`
    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.call(Method::DELETE, path, None).await
    }

    /// Every call of an action (a glob) so far, oldest first.
    pub async fn calls(&self, action: &str) -> Result<Vec<Value>> {
        let journal = self.get(&format!("journal?action={action}")).await?;
        Ok(list(&journal, "calls"))
    }

    /// What the region holds: `instances`, `images`, `snapshots` or `security_groups` of one AWS region.
    pub async fn objects(&self, region: &str, kind: &str) -> Result<Vec<Value>> {
        let state = self.get(&format!("state?region={region}")).await?;
        Ok(list(&state, kind))
    }

    /// An EC2 call of a stranger in the same account, such as `("Action", "RunInstances")`: what is not Ingot's doing.
    pub async fn ec2(&self, parameters: &[(&str, &str)]) -> Result<String> {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential={STRANGER}/20261122/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=00"
        );
        let encoded = |text: &str| {
            text.bytes()
                .map(|byte| match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                        char::from(byte).to_string()
                    }
                    other => format!("%{other:02X}"),
                })
                .collect::<String>()
        };
        let body: Vec<String> = parameters
            .iter()
            .chain([&("Version", "2016-11-15")])
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        let request = self
            .http
            .post(format!("{}/", self.endpoint))
            .header("authorization", scope)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(
            status.is_success(),
            "{parameters:?} answered {status}: {text}"
        );
        Ok(text)
    }

    /// The same, with these tags on everything it makes.
    pub async fn ec2_with_tags(
        &self,
        parameters: &[(String, String)],
        tags: &[(String, String)],
    ) -> Result<String> {
        let action = parameters.iter().find(|(name, _)| name == "Action");
        let kinds: &[&str] = match action.map(|(_, action)| action.as_str()) {
            Some("RunInstances") => &["instance"],
            Some("CreateSecurityGroup") => &["security-group"],
            _ => &["image", "snapshot"],
        };
        let mut all = parameters.to_vec();
        for (place, kind) in kinds.iter().enumerate() {
            let head = format!("TagSpecification.{}", place + 1);
            all.push((format!("{head}.ResourceType"), (*kind).to_owned()));
            for (number, (name, value)) in tags.iter().enumerate() {
                all.push((format!("{head}.Tag.{}.Key", number + 1), name.clone()));
                all.push((format!("{head}.Tag.{}.Value", number + 1), value.clone()));
            }
        }
        let pairs: Vec<(&str, &str)> = all
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.ec2(&pairs).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let url = format!("{}/_sim/{path}", self.endpoint);
        let mut request = self.http.request(method, &url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| url.clone())?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{url} answered {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("{url} answered {text}"))
    }
}

fn list(answer: &Value, name: &str) -> Vec<Value> {
    answer[name].as_array().cloned().unwrap_or_default()
}
