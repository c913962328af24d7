//! Where a launch is tried: subnets or zones, in order.

use std::collections::HashSet;

use super::keep;
use crate::ec2;
use crate::field::FieldError;
use crate::template::Template;

/// Where a launch is tried, in order.
pub(super) struct Places {
    pub(super) subnet_id: Option<String>,
    pub(super) subnet_ids: Vec<String>,
    pub(super) zones: Vec<String>,
}

/// Subnets or zones of one request: more of either than an account has are a mistake.
const MOST_PLACES: usize = 16;

pub(super) fn places(
    wrong: &mut Vec<FieldError>,
    subnet_id: Option<String>,
    subnet_ids: Vec<String>,
    zones: Vec<String>,
    region: &str,
    template: &Template,
) -> Places {
    for (field, count) in [("subnet_ids", subnet_ids.len()), ("zones", zones.len())] {
        if count > MOST_PLACES {
            let message = format!("give at most {MOST_PLACES}");
            wrong.push(FieldError::new(field, count, message));
        }
    }
    if let Some(subnet) = &subnet_id {
        keep(wrong, ec2::id("subnet_id", subnet, "subnet-"));
    }
    for (i, subnet) in subnet_ids.iter().take(MOST_PLACES).enumerate() {
        keep(
            wrong,
            ec2::id(&format!("subnet_ids[{i}]"), subnet, "subnet-"),
        );
    }
    for (i, zone) in zones.iter().take(MOST_PLACES).enumerate() {
        let field = format!("zones[{i}]");
        if keep(wrong, ec2::zone(&field, zone)).is_some() && ec2::zone_region(zone) != Some(region)
        {
            let message = format!("it is not a zone of {region}");
            wrong.push(FieldError::new(&field, zone, message));
        }
    }
    let mut subnets = once(subnet_id.into_iter().chain(subnet_ids).collect()).into_iter();
    if subnets.len() > 0 && !zones.is_empty() {
        let message = "give either subnets or zones: a subnet lies in one zone";
        wrong.push(FieldError::new("zones", zones.join(", "), message));
    }
    let zones = if zones.is_empty() && subnets.len() == 0 {
        let here = |zone: &&String| ec2::zone_region(zone) == Some(region);
        template.zones.iter().filter(here).cloned().collect()
    } else {
        zones
    };
    Places {
        subnet_id: subnets.next(),
        subnet_ids: subnets.collect(),
        zones: once(zones),
    }
}

/// Each entry once, in order.
pub(super) fn once(list: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    list.into_iter()
        .filter(|entry| seen.insert(entry.clone()))
        .collect()
}
