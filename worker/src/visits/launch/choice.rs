//! The next subnet, zone or instance type when EC2 has no room: in the order's order, each as a launch of its own with its own
//! token, because one token with other parameters is an error (EC2.md 4).

use std::time::Duration;

use ingot_cloud::{CloudError, ErrorKind};
use ingot_domain::event::{Line, Source};
use ingot_domain::request::Order;
use ingot_domain::wait::Wait;
use ingot_domain::{Instant, ec2};
use ingot_engine::Visit;
use ingot_entity::effect;
use serde::{Deserialize, Serialize};

use super::start::{Params, failed, stored};
use crate::case::{Case, VisitError};
use crate::tools::Tools;

/// Which of the possible launches one is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    /// Which place.
    pub(super) place: usize,
    /// Which instance type.
    pub(super) kind: usize,
    /// Zones that EC2 itself proposed, when the order names no place.
    pub(super) zones: Vec<String>,
    /// EC2 refused the cached image: the next launch is a fresh install.
    pub(super) fresh: bool,
    /// How often all of them have been tried.
    pub(super) rounds: u32,
    /// Since when EC2 has had no room.
    pub(super) short_since: Option<Instant>,
    /// This launch ended for want of room, and is not counted.
    pub(super) moved: bool,
    /// Launches of this run that ended for other reasons than room.
    pub(super) spent: i32,
}

/// A subnet, a zone, or EC2's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) subnet: Option<String>,
    pub(super) zone: Option<String>,
}

impl Place {
    fn words(&self) -> String {
        match (&self.subnet, &self.zone) {
            (Some(subnet), _) => format!("in {subnet}"),
            (None, Some(zone)) => format!("in {zone}"),
            (None, None) => "in any zone".to_owned(),
        }
    }
}

impl Choice {
    /// The order's places, with those that EC2 proposed after its own choice.
    fn places(&self, order: &Order) -> Vec<Place> {
        let subnets = order.subnet_id.iter().chain(&order.subnet_ids);
        let in_subnets: Vec<Place> = subnets
            .map(|subnet| Place {
                subnet: Some(subnet.clone()),
                zone: None,
            })
            .collect();
        if !in_subnets.is_empty() {
            return in_subnets;
        }
        let in_zone = |zone: &String| Place {
            subnet: None,
            zone: Some(zone.clone()),
        };
        if !order.zones.is_empty() {
            return order.zones.iter().map(in_zone).collect();
        }
        let any = std::iter::once(Place::default());
        any.chain(self.zones.iter().map(in_zone)).collect()
    }

    pub(super) fn place(&self, order: &Order) -> Place {
        let mut places = self.places(order);
        if self.place < places.len() {
            places.swap_remove(self.place)
        } else {
            Place::default()
        }
    }

    pub(super) fn instance_type(&self, order: &Order) -> String {
        let others = &order.instance_types;
        let other = self.kind.checked_sub(1).and_then(|at| others.get(at));
        other.unwrap_or(&order.instance_type).clone()
    }

    /// The launch after this one in the order: every place for a type, then the next type. `None` after the last.
    fn after(&self, order: &Order) -> Option<Choice> {
        let mut next = self.clone();
        if self.place + 1 < self.places(order).len() {
            next.place += 1;
        } else if self.kind < order.instance_types.len() {
            next.place = 0;
            next.kind += 1;
        } else {
            return None;
        }
        Some(next)
    }

    /// The launch after one that EC2 took and had no room for after all: the first again after the last.
    pub(super) fn moved_on(&self, order: &Order) -> Choice {
        let first = || Choice {
            place: 0,
            kind: 0,
            ..self.clone()
        };
        self.after(order).unwrap_or_else(first)
    }

    /// Whether there is another place or type, or EC2 proposes one.
    pub(super) fn may_move(&self, order: &Order, error: &CloudError) -> bool {
        self.place > 0
            || self.kind > 0
            || self.after(order).is_some()
            || (self.places(order) == [Place::default()] && !proposed(error).is_empty())
    }
}

/// Whether EC2 refuses for want of room, or because a zone does not have the type at all.
pub(super) fn lacks_room(error: &CloudError) -> bool {
    let unsupported = error.code == "Unsupported" && error.message.contains("Availability Zone");
    error.kind == ErrorKind::NoCapacity || unsupported
}

/// Whether a refusal is about the image: that it is not there now, its snapshot, its volumes, their key, or what it can boot
/// on.
pub(super) fn is_about_image(error: &CloudError) -> bool {
    const NAMED: [&str; 4] = [
        "InvalidAMIID",
        "InvalidSnapshot",
        "InvalidKmsKey",
        "InvalidBlockDeviceMapping",
    ];
    const ABOUT: [&str; 6] = [
        "Unsupported",
        "UnsupportedOperation",
        "InvalidParameter",
        "InvalidParameterValue",
        "InvalidParameterCombination",
        "InvalidParameterDependency",
    ];
    let code = error.code.as_str();
    let message = error.message.to_ascii_lowercase();
    let mut words = message.split(|c: char| !c.is_ascii_alphanumeric());
    let named = words.any(|word| {
        [
            "image",
            "ami",
            "snapshot",
            "boot",
            "ena",
            "architecture",
            "kms",
        ]
        .contains(&word)
    });
    error.is_about_image()
        || NAMED.iter().any(|named| code.starts_with(named))
        || (error.kind == ErrorKind::Invalid && ABOUT.contains(&code) && named)
}

/// Zones that EC2 proposes: "You can currently get … capacity by … choosing us-east-1a, us-east-1b."
fn proposed(error: &CloudError) -> Vec<String> {
    let Some((_, rest)) = error.message.split_once("choosing ") else {
        return Vec::new();
    };
    let words = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let zones = words.filter(|word| ec2::zone("", word).is_ok());
    zones.map(str::to_owned).collect()
}

/// How long EC2 is left alone after the last of the possible launches, before the first is tried again.
const ROUND: Duration = Duration::from_secs(60);

/// Ends this launch and prepares the next in the order; after the last, waits and begins again.
pub(super) fn onward(
    tools: &Tools,
    mut case: Case,
    effect: effect::Model,
    mut params: Params,
    error: &CloudError,
) -> Result<Visit, VisitError> {
    let now = tools.ledger.now();
    let mut choice = params.choice.clone();
    let since = *choice.short_since.get_or_insert(now);
    if choice.zones.is_empty() {
        choice.zones = proposed(error);
    }
    let (was_place, was_type) = (choice.place(&case.order), choice.instance_type(&case.order));
    let next = choice.after(&case.order);
    let last = next.is_none();
    let next = next.unwrap_or(Choice {
        place: 0,
        kind: 0,
        ..choice
    });
    let wait = Wait::Capacity {
        code: error.code.clone(),
    };
    if last && wait.is_over(tools.since(since)) {
        case.change.outcome = Some(effect.not_done(&error.to_string(), now));
        let why = format!("{wait}, in no place and for no type: {}", error.told());
        return Ok(failed(tools, case, &why));
    }
    let said = format!(
        "EC2 has no room for {was_type} {} ({}): {} {} {}",
        was_place.words(),
        error.code,
        if last {
            "waiting, then again"
        } else {
            "trying"
        },
        next.instance_type(&case.order),
        next.place(&case.order).words()
    );
    // The order is told once, not once a round.
    if params.choice.rounds == 0 {
        case.say(Line::info("deployment.launch_elsewhere", Source::Deploy, said).warn());
    }
    params.choice = Choice {
        moved: true,
        rounds: next.rounds + u32::from(last),
        ..next
    };
    case.change.outcome = Some(effect::Model {
        params: stored(&params)?,
        ..effect.not_done(&error.to_string(), now)
    });
    if last {
        Ok(case.wait(tools, ROUND, wait))
    } else {
        Ok(case.again(tools))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind, code: &str, message: &str) -> CloudError {
        CloudError {
            kind,
            operation: "RunInstances",
            region: "us-east-1".to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: None,
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let table = [
            (
                "InvalidBlockDeviceMapping",
                "Volume of size 10GB is smaller than snapshot 'snap-1', expect size >= 100GB",
                true,
                false,
            ),
            ("InvalidAMIID.Malformed", "Invalid id", true, false),
            (
                "Unsupported",
                "The requested configuration is currently not supported. ENA must be enabled on the image",
                true,
                false,
            ),
            (
                "InvalidParameterValue",
                "The boot mode of the AMI does not fit",
                true,
                false,
            ),
            (
                "InvalidParameterValue",
                "Value (x) for parameter iamInstanceProfile.name is invalid",
                false,
                false,
            ),
            (
                "InvalidParameterCombination",
                "The parameter iops must be specified for io1 volumes",
                false,
                false,
            ),
            (
                "Unsupported",
                "Your requested instance type (t3.micro) is not supported in your requested Availability Zone (us-east-1e). Please retry your request by not specifying an Availability Zone or choosing us-east-1a, us-east-1b.",
                false,
                true,
            ),
        ];
        for (code, message, image, room) in table {
            let error = error(ErrorKind::Invalid, code, message);
            assert_eq!(
                (is_about_image(&error), lacks_room(&error)),
                (image, room),
                "{message}"
            );
        }
    }

    #[test]
    fn zones_that_ec2_proposes_are_read() {
        let table: [(&str, &[&str]); 3] = [
            (
                "… capacity by not specifying an Availability Zone in your request or choosing us-east-1a, us-east-1b.",
                &["us-east-1a", "us-east-1b"],
            ),
            ("… or choosing .", &[]),
            ("no room", &[]),
        ];
        for (message, zones) in table {
            let error = error(
                ErrorKind::NoCapacity,
                "InsufficientInstanceCapacity",
                message,
            );
            assert_eq!(proposed(&error), zones, "{message}");
        }
    }
}
