//! The price that a build reserves by: figures that were loaded, then the shipped ones; a region without a figure costs half as much
//! again as us-east-1, marked as assumed; a type without one has no price, and nothing is built of it (AUTO-AMI 6). With a licence
//! it is the figure of that system, else Linux with the surcharge.

use crate::field::shown;
use crate::money::Money;

use super::platform::Platform;
use super::{AS_OF, FIGURES, REGION, per_hour};

/// Where the shipped figures are from.
pub const SHIPPED: &str = "AWS Price List, shipped with Ingot";

/// What a type costs in a region, on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Where.
    pub region: String,
    /// Of which type.
    pub instance_type: String,
    /// The system whose licence it includes.
    pub os: Platform,
    /// For an hour.
    pub hour: Money,
    /// The date the figure is of.
    pub as_of: String,
    /// Where it is from.
    pub source: String,
    /// Whether it was made of us-east-1's, or of Linux's and a surcharge.
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
        os: Platform::Linux,
        hour: Money::from_micros(micros),
        as_of: AS_OF.to_owned(),
        source: SHIPPED.to_owned(),
        assumed: false,
    })
}

/// The price of a type in a region with a system, from figures that were loaded, of which those of the region and of us-east-1
/// are enough. An error says that there is none and how to add it.
pub fn find(
    loaded: &[Price],
    instance_type: &str,
    region: &str,
    os: Platform,
) -> Result<Price, String> {
    if let Some(price) = own(loaded, instance_type, region, os) {
        return Ok(price);
    }
    let from = |region| own(loaded, instance_type, region, os);
    if let Some(price) = from(REGION) {
        return Ok(elsewhere(price, region));
    }
    if os != Platform::Linux
        && let Ok(linux) = find(loaded, instance_type, region, Platform::Linux)
        && let Some(more) = os.surcharge(instance_type)
    {
        return Ok(Price {
            os,
            hour: linux.hour.plus(more),
            source: format!("{}, and the surcharge of {}", linux.source, os.said()),
            assumed: true,
            ..linux
        });
    }
    let with = match os {
        Platform::Linux => String::new(),
        os => format!(" with {}", os.said()),
    };
    Err(format!(
        "no price of `{}`{with} is known, neither in {} nor in {REGION}; add it with `ingot prices load FILE`, a CSV file of region,instance_type,usd_per_hour,os",
        shown(instance_type),
        shown(region)
    ))
}

/// The figure of exactly this, loaded or shipped.
pub fn own(loaded: &[Price], instance_type: &str, region: &str, os: Platform) -> Option<Price> {
    let same =
        |one: &&Price| one.instance_type == instance_type && one.region == region && one.os == os;
    let shipped = || ours(instance_type).filter(|_| region == REGION && os == Platform::Linux);
    loaded.iter().find(same).cloned().or_else(shipped)
}

/// Half as much again as us-east-1's.
fn elsewhere(price: Price, region: &str) -> Price {
    Price {
        region: region.to_owned(),
        hour: Money::from_micros(price.hour.micros().saturating_mul(3).div_ceil(2)),
        assumed: true,
        ..price
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
            os: Platform::Linux,
            hour: Money::parse(hour).expect("money"),
            as_of: "2026-11-01".to_owned(),
            source: "a file".to_owned(),
            assumed: false,
        };
        let rhel = |region: &str, hour: &str| Price {
            os: Platform::Rhel,
            ..loaded(region, "c5.xlarge", hour)
        };
        let book = [
            rhel("us-east-1", "0.23"),
            rhel("eu-west-1", "0.25"),
            loaded("eu-west-1", "c5.large", "0.096"),
            loaded("us-east-1", "x99.metal", "10.000001"),
            loaded("us-east-1", "t3.large", "0.09"),
        ];
        let with = |kind, region, os| {
            find(&book, kind, region, os).map(|price| (price.hour.to_string(), price.assumed))
        };
        let told = |kind, region| with(kind, region, Platform::Linux);
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
        // A figure of the system, us-east-1's, and Linux's with the surcharge.
        assert_eq!(
            with("c5.xlarge", "eu-west-1", Platform::Rhel),
            is("0.25", false)
        );
        assert_eq!(
            with("c5.xlarge", "eu-north-1", Platform::Rhel),
            is("0.345", true)
        );
        assert_eq!(
            with("c5.large", "us-east-1", Platform::Rhel),
            is("0.1138", true)
        );
        assert_eq!(
            with("c5.large", "eu-north-1", Platform::Windows),
            is("0.2195", true)
        );
        let wrong = with("c5.large", "us-east-1", Platform::Suse).expect_err("no rule");
        assert!(wrong.contains("`c5.large` with SUSE"), "{wrong}");
        let wrong = with("i3.metal", "us-east-1", Platform::Windows).expect_err("no vCPUs");
        assert!(wrong.contains("ingot prices load FILE"), "{wrong}");
        assert_eq!(shipped().count(), 1367);
    }
}
