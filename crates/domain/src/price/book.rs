//! The price that a build reserves by: figures that were loaded, then the shipped ones; a region without a figure costs half as much
//! again as us-east-1, marked as assumed; a type without one has no price, and nothing is built of it (AUTO-AMI 6).

use crate::field::shown;
use crate::money::Money;

use super::{AS_OF, FIGURES, REGION, per_hour};

/// Where the shipped figures are from.
pub const SHIPPED: &str = "AWS Price List, shipped with Ingot";

/// What a type costs in a region: on demand, Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Where.
    pub region: String,
    /// Of which type.
    pub instance_type: String,
    /// For an hour.
    pub hour: Money,
    /// The date the figure is of.
    pub as_of: String,
    /// Where it is from.
    pub source: String,
    /// Whether it was made of us-east-1's.
    pub assumed: bool,
}

/// The shipped figures, by type.
pub fn shipped() -> impl Iterator<Item = Price> {
    let rows = FIGURES.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| ours(line.split_once(',')?.0))
}

fn ours(instance_type: &str) -> Option<Price> {
    per_hour(instance_type).map(|micros| Price {
        region: REGION.to_owned(),
        instance_type: instance_type.to_owned(),
        hour: Money::from_micros(micros),
        as_of: AS_OF.to_owned(),
        source: SHIPPED.to_owned(),
        assumed: false,
    })
}

/// The price of a type in a region, from figures that were loaded, of which those of the region and of us-east-1 are enough. An
/// error says that there is none and how to add it.
pub fn find(loaded: &[Price], instance_type: &str, region: &str) -> Result<Price, String> {
    let own = |region: &str| {
        let same = |one: &&Price| one.instance_type == instance_type && one.region == region;
        let found = loaded.iter().find(same).cloned();
        found.or_else(|| ours(instance_type).filter(|_| region == REGION))
    };
    if let Some(price) = own(region) {
        return Ok(price);
    }
    match own(REGION) {
        Some(price) => Ok(Price {
            region: region.to_owned(),
            hour: Money::from_micros(price.hour.micros().saturating_mul(3).div_ceil(2)),
            assumed: true,
            ..price
        }),
        None => Err(format!(
            "no price of `{}` is known, neither in {} nor in {REGION}; add it with `ingot prices load FILE`, a CSV file of region,instance_type,usd_per_hour",
            shown(instance_type),
            shown(region)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loaded_figure_goes_before_the_shipped_and_a_region_without_one_is_assumed() {
        let loaded = |region: &str, kind: &str, hour: &str| Price {
            region: region.to_owned(),
            instance_type: kind.to_owned(),
            hour: Money::parse(hour).expect("money"),
            as_of: "2026-11-01".to_owned(),
            source: "a file".to_owned(),
            assumed: false,
        };
        let book = [
            loaded("eu-west-1", "c5.large", "0.096"),
            loaded("us-east-1", "x99.metal", "10.000001"),
            loaded("us-east-1", "t3.large", "0.09"),
        ];
        let told = |kind, region| {
            find(&book, kind, region).map(|price| (price.hour.to_string(), price.assumed))
        };
        let is = |hour: &str, assumed| Ok((hour.to_owned(), assumed));
        assert_eq!(told("c5.large", "us-east-1"), is("0.085", false));
        assert_eq!(told("c5.large", "eu-west-1"), is("0.096", false));
        assert_eq!(told("c5.large", "eu-north-1"), is("0.1275", true));
        assert_eq!(told("t3.large", "us-east-1"), is("0.09", false));
        assert_eq!(told("t3.large", "eu-north-1"), is("0.135", true));
        assert_eq!(told("x99.metal", "eu-north-1"), is("15.000002", true));
        let wrong = told("y1.nano", "eu-north-1").expect_err("no price");
        assert!(
            wrong.contains("`y1.nano`") && wrong.contains("ingot prices load"),
            "{wrong}"
        );
        assert_eq!(shipped().count(), 1367);
    }
}
