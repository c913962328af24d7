//! One API call: who, where, what; then faults, buckets, the action, the journal.

use std::sync::Arc;
use std::time::Duration;

use hyper::{HeaderMap, Response};

use super::credentials::Scope;
use super::errors::ApiError;
use super::query::Params;
use super::reply::{self, Hangup, Reply};
pub(crate) use super::service::Service;
use super::xml::Xml;
use crate::buckets::Draw;
use crate::faults::{Act, Subject};
use crate::iam::{self, Caller};
use crate::journal::Entry;
use crate::sim::{Call, Sim};
use crate::standing::Trouble;
use crate::state::PlaceKey;
use crate::{ec2, host, quotas, ssm, sts};

/// A call as it came in.
#[derive(Debug)]
pub(crate) struct RawCall {
    pub(crate) service: Service,
    pub(crate) action: String,
    pub(crate) params: Params,
    /// The parameters of services that speak JSON; null for the others.
    pub(crate) json: serde_json::Value,
    pub(crate) scope: Option<Scope>,
}

const STS_VERSION: &str = "2011-06-15";

impl RawCall {
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let scope = header("authorization").and_then(Scope::parse);
        let text = String::from_utf8_lossy(body);
        let json_body = header("content-type").is_some_and(|kind| kind.contains("json"));
        let target = header("x-amz-target").or(json_body.then_some("."));
        if let Some((prefix, action)) = target.and_then(|target| target.rsplit_once('.')) {
            return Self {
                service: Service::of_target(prefix),
                action: action.to_owned(),
                params: Params::default(),
                json: serde_json::from_str(&text).unwrap_or_default(),
                scope,
            };
        }
        let params = Params::parse(&text);
        let is_sts = params.get("Version") == Some(STS_VERSION)
            || scope.as_ref().is_some_and(|scope| scope.service == "sts");
        Self {
            service: if is_sts { Service::Sts } else { Service::Ec2 },
            action: params.get("Action").unwrap_or_default().to_owned(),
            params,
            json: serde_json::Value::Null,
            scope,
        }
    }

    /// The caller's access key; empty for an unsigned call.
    pub(crate) fn access_key(&self) -> &str {
        self.scope
            .as_ref()
            .map_or("", |scope| scope.access_key.as_str())
    }

    /// A parameter by name, in either protocol, for faults that match on it.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        if let Some(value) = self.params.get(name) {
            return Some(value.to_owned());
        }
        match self.json.get(name)? {
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// What an action answers inside its envelope.
pub(crate) type Answer = Result<Content, ApiError>;

/// The inside of an answer.
#[derive(Debug)]
pub(crate) enum Content {
    Xml(Xml),
    Json(serde_json::Value),
}

/// Performs one call, with whatever faults tests ordered for it.
pub(crate) async fn perform(sim: &Arc<Sim>, raw: RawCall) -> Result<Response<Reply>, Hangup> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let region = raw
        .scope
        .as_ref()
        .map_or("us-east-1", |scope| scope.region.as_str())
        .to_owned();
    let who = authenticate(sim, &raw, &region);
    let account = who
        .as_ref()
        .map_or_else(|_| sts::DEFAULT_ACCOUNT.to_owned(), Clone::clone);
    let key = PlaceKey { account, region };
    let subject = Subject {
        raw: &raw,
        region: &key.region,
    };
    let acts = if who.is_ok() {
        sim.faults().claim(&subject)
    } else {
        Vec::new()
    };
    let mut last = None;
    for act in acts {
        match act {
            Act::Delay { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
            act => last = Some(act),
        }
    }
    let mut effects = Vec::new();
    let answer = match (who, &last) {
        (Err(refusal), _) => Err(refusal),
        (Ok(_), Some(Act::Error(error))) => Err(error.refusal()),
        (Ok(_), Some(Act::Drop)) => Err(ApiError::new(0, "dropped", "never seen by the region")),
        (Ok(_), _) => act_on(sim, &raw, &key, &mut effects),
    };
    let outcome = answer
        .as_ref()
        .err()
        .map_or("ok", |error| error.code.as_str())
        .to_owned();
    let fault = last.as_ref().map(|act| act.name().to_owned());
    let status = answer.as_ref().err().map_or(200, |error| error.status);
    sim.journal().add(Entry {
        seq: 0,
        sim_time: sim.clock.stamp(sim.clock.now()),
        real_seconds: sim.clock.real().as_secs_f64(),
        service: raw.service.name().to_owned(),
        action: raw.action.clone(),
        region: key.region.clone(),
        account: key.account.clone(),
        access_key: raw.scope.as_ref().map(|scope| scope.access_key.clone()),
        params: crate::journal::summary(&raw),
        outcome,
        status,
        fault,
        effect: (!effects.is_empty()).then(|| effects.join(",")),
    });
    let response = envelope(&raw, answer, &request_id);
    match last {
        Some(Act::Drop | Act::LostAnswer) => Err(Hangup),
        Some(Act::HalfAnswer) => Ok(reply::halve(response)),
        Some(Act::Error(_) | Act::Delay { .. }) | None => Ok(response),
    }
}

/// The caller's account, or the refusal of a caller without valid credentials.
fn authenticate(sim: &Sim, raw: &RawCall, region: &str) -> Result<String, ApiError> {
    let Some(scope) = &raw.scope else {
        let message = "Request is missing Authentication Token";
        return Err(ApiError::new(403, "MissingAuthenticationToken", message));
    };
    if scope.access_key.starts_with("AKIAINVALID") {
        return Err(Trouble::AuthFailure.refusal(raw.service));
    }
    sim.standing()
        .check(&scope.access_key, region, raw.service, sim.clock.now())?;
    if scope.access_key.starts_with("AKIADENIED") {
        let (status, code) = iam::denied_code(raw.service);
        let message = "You are not authorized to perform this operation.";
        return Err(ApiError::new(status, code, message));
    }
    sim.sts()
        .account(&scope.access_key, raw.service, sim.clock.real())
}

/// Who calls, with the policy it was given.
fn caller(sim: &Sim, raw: &RawCall, key: &PlaceKey) -> Caller {
    let access_key = raw.access_key();
    let arn = sim.sts().arn(access_key, &key.account);
    sim.iam().caller(access_key, arn)
}

fn act_on(sim: &Arc<Sim>, raw: &RawCall, key: &PlaceKey, effects: &mut Vec<String>) -> Answer {
    if raw.service == Service::Ec2 && sim.config.buckets {
        let draw = Draw {
            account: &key.account,
            region: &key.region,
            action: &raw.action,
            wide: ec2::wide(&raw.params),
            resources: ec2::resources(&raw.params),
        };
        sim.buckets().take(draw, sim.clock.real())?;
    }
    let caller = caller(sim, raw, key);
    if raw.service == Service::Sts {
        iam::check_sts(&caller, &key.region, &raw.action, &raw.params)?;
        return sts::perform(sim, raw, key, effects);
    }
    let mut world = sim.world();
    let now = sim.clock.now();
    world.place(key).settle(now);
    let mut call = Call {
        sim,
        world: &mut world,
        key: key.clone(),
        caller,
        now,
        params: &raw.params,
        effects: Vec::new(),
        launched: Vec::new(),
    };
    let answer = match raw.service {
        Service::Ssm => ssm::perform(&mut call, &raw.action, &raw.json),
        Service::Quotas => quotas::perform(&mut call, &raw.action, &raw.json),
        Service::Other => Err(ApiError::client(
            "UnknownOperationException",
            format!("the simulated region has no {}", raw.action),
        )),
        Service::Ec2 | Service::Sts => ec2::perform(&mut call, &raw.action),
    };
    effects.append(&mut call.effects);
    let launched = std::mem::take(&mut call.launched);
    for id in launched {
        host::open(sim, &mut world, &id);
    }
    answer
}

const EC2_SPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";
const STS_SPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

fn envelope(raw: &RawCall, answer: Answer, request_id: &str) -> Response<Reply> {
    let action = &raw.action;
    let kind = if raw.service.speaks_json() {
        "application/x-amz-json-1.1"
    } else {
        "text/xml"
    };
    let (status, body) = match (raw.service, answer) {
        (Service::Ec2, Err(error)) => (error.status, error.ec2_body(request_id)),
        (Service::Sts, Err(error)) => (error.status, error.sts_body(request_id)),
        (_, Err(error)) => (error.status, error.json_body()),
        (_, Ok(Content::Json(json))) => (200, json.to_string()),
        (Service::Sts, Ok(Content::Xml(xml))) => {
            let inside = xml.into_string();
            let meta =
                format!("<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>");
            let body = format!(
                "<{action}Response xmlns=\"{STS_SPACE}\">\
                 <{action}Result>{inside}</{action}Result>{meta}</{action}Response>"
            );
            (200, body)
        }
        (_, Ok(Content::Xml(xml))) => {
            let inside = xml.into_string();
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response \
                 xmlns=\"{EC2_SPACE}\"><requestId>{request_id}</requestId>{inside}\
                 </{action}Response>"
            );
            (200, body)
        }
    };
    let mut response = reply::text(status, kind, body);
    if let Ok(id) = request_id.parse() {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}
