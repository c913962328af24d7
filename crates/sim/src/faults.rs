//! Faults that tests order: errors, lost answers, delays, for chosen calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::filters::glob;
use crate::wire::call::RawCall;
use crate::wire::errors::ApiError;

/// What happens to a chosen call.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Act {
    /// Refused before the effect.
    Error(Refusal),
    /// The effect happens, the connection closes without an answer.
    LostAnswer,
    /// The connection closes before the effect.
    Drop,
    /// Real milliseconds before the effect.
    Delay { ms: u64 },
    /// The effect happens, the answer breaks off in the middle.
    HalfAnswer,
}

impl Act {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Error(_) => "error",
            Self::LostAnswer => "lost_answer",
            Self::Drop => "drop",
            Self::Delay { .. } => "delay",
            Self::HalfAnswer => "half_answer",
        }
    }
}

/// The error a fault answers with.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Refusal {
    code: String,
    status: Option<u16>,
    message: Option<String>,
}

impl Refusal {
    pub(crate) fn refusal(&self) -> ApiError {
        let status = self.status.unwrap_or_else(|| usual_status(&self.code));
        let message = self
            .message
            .clone()
            .unwrap_or_else(|| "fault ordered by a test".to_owned());
        ApiError::new(status, &self.code, message)
    }
}

/// The status the field sees with a code (EC2.md 34, 38).
fn usual_status(code: &str) -> u16 {
    match code {
        "RequestLimitExceeded" | "Unavailable" | "ServiceUnavailable" => 503,
        "InternalError" | "InternalFailure" | "InsufficientInstanceCapacity" => 500,
        "UnauthorizedOperation" | "AccessDenied" => 403,
        _ => 400,
    }
}

/// One ordered fault.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Fault {
    /// The action, with `*` and `?`.
    action: String,
    region: Option<String>,
    /// How many calls it hits; 0 for all until deleted.
    #[serde(default = "once")]
    times: u64,
    /// How many matching calls pass first.
    #[serde(default)]
    after_calls: u64,
    /// Parameters the call must have, values with `*` and `?`.
    #[serde(default, rename = "match")]
    wants: BTreeMap<String, String>,
    #[serde(flatten)]
    act: Act,
    /// Calls it matched and calls it hit, so far.
    #[serde(default)]
    matched: u64,
    #[serde(default)]
    hit: u64,
}

fn once() -> u64 {
    1
}

/// The call a fault may apply to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) raw: &'a RawCall,
    pub(crate) region: &'a str,
}

/// All ordered faults, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What happens to this call: every delay, and the oldest of the other faults.
    pub(crate) fn claim(&mut self, subject: &Subject<'_>) -> Vec<Act> {
        let mut acts: Vec<Act> = Vec::new();
        let mut decided = false;
        for fault in &mut self.0 {
            let delay = matches!(fault.act, Act::Delay { .. });
            if (decided && !delay) || !fault.fits(subject) {
                continue;
            }
            fault.matched += 1;
            let spent = fault.times > 0 && fault.hit >= fault.times;
            if fault.matched <= fault.after_calls || spent {
                continue;
            }
            fault.hit += 1;
            decided |= !delay;
            acts.push(fault.act.clone());
        }
        acts
    }
}

impl Fault {
    fn fits(&self, subject: &Subject<'_>) -> bool {
        glob(&self.action, &subject.raw.action)
            && self
                .region
                .as_ref()
                .is_none_or(|region| region == subject.region)
            && self.wants.iter().all(|(name, want)| {
                subject
                    .raw
                    .param(name)
                    .is_some_and(|value| glob(want, &value))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::call::Service;
    use crate::wire::query::Params;

    fn raw(body: &str) -> RawCall {
        let params = Params::parse(body);
        let action = params.get("Action").unwrap_or_default().to_owned();
        let json = serde_json::Value::Null;
        RawCall {
            service: Service::Ec2,
            action,
            params,
            json,
            scope: None,
        }
    }

    fn hits(faults: &mut Faults, body: &str, region: &str) -> Vec<&'static str> {
        let raw = raw(body);
        let acts = faults.claim(&Subject { raw: &raw, region });
        acts.iter().map(Act::name).collect()
    }

    fn fault(json: serde_json::Value) -> Fault {
        serde_json::from_value(json).expect("a fault")
    }

    #[test]
    fn times_after_calls_region_and_parameters_choose_the_call() {
        let mut faults = Faults::default();
        faults.add(fault(serde_json::json!({
            "action": "Create*", "kind": "lost_answer", "times": 2, "after_calls": 1,
            "region": "r", "match": {"Name": "ingot-*"},
        })));
        let call = "Action=CreateImage&Name=ingot-1";
        let none: Vec<&str> = Vec::new();
        assert_eq!(hits(&mut faults, call, "r"), none, "the first passes");
        assert_eq!(hits(&mut faults, call, "other"), none);
        assert_eq!(hits(&mut faults, "Action=CreateImage&Name=x", "r"), none);
        assert_eq!(
            hits(&mut faults, "Action=CopyImage&Name=ingot-1", "r"),
            none
        );
        assert_eq!(hits(&mut faults, call, "r"), ["lost_answer"]);
        assert_eq!(hits(&mut faults, call, "r"), ["lost_answer"]);
        assert_eq!(hits(&mut faults, call, "r"), none, "spent");
    }

    #[test]
    fn delays_stack_on_one_other_fault() {
        let mut faults = Faults::default();
        faults.add(fault(
            serde_json::json!({"action": "*", "kind": "delay", "ms": 5, "times": 0}),
        ));
        faults.add(fault(
            serde_json::json!({"action": "*", "kind": "error", "code": "A"}),
        ));
        faults.add(fault(serde_json::json!({"action": "*", "kind": "drop"})));
        assert_eq!(hits(&mut faults, "Action=X", "r"), ["delay", "error"]);
        assert_eq!(hits(&mut faults, "Action=X", "r"), ["delay", "drop"]);
        assert_eq!(hits(&mut faults, "Action=X", "r"), ["delay"]);
    }

    #[test]
    fn statuses_are_the_usual_ones_unless_told() {
        let table = [
            (serde_json::json!({"code": "RequestLimitExceeded"}), 503),
            (
                serde_json::json!({"code": "InsufficientInstanceCapacity"}),
                500,
            ),
            (serde_json::json!({"code": "Other"}), 400),
            (serde_json::json!({"code": "Other", "status": 418}), 418),
        ];
        for (json, status) in table {
            let refusal: Refusal = serde_json::from_value(json).expect("a refusal");
            assert_eq!(refusal.refusal().status, status);
        }
    }
}
