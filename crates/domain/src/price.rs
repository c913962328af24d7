//! What an instance that runs on costs: the one sentence that story, `show` and `doctor` say. The prices are facts of a date,
//! kept beside this file with their source; what has no price there is said to have none.

pub mod book;
pub mod platform;

use std::fmt;

/// The figures, sorted by type: `type,USD per hour` with six decimals, after `#` lines that name their source.
const FIGURES: &str = include_str!("price/ec2_on_demand_linux.csv");
/// The region the figures are of.
const REGION: &str = "us-east-1";
/// When the figures were taken from the AWS Price List.
pub const AS_OF: &str = "2026-07-20";

/// What a running instance costs, as far as Ingot knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    instance_type: String,
    region: String,
    /// Millionths of a USD per hour, on demand with Linux in `REGION`, without volumes and traffic.
    per_hour: Option<u64>,
}

/// The cost of an instance of this type in this region while it runs.
pub fn running(instance_type: &str, region: &str) -> Running {
    Running {
        instance_type: instance_type.to_owned(),
        region: region.to_owned(),
        per_hour: per_hour(instance_type),
    }
}

impl Running {
    /// Cents of a USD per day, rounded up; none when the type has no price here.
    pub fn cents_per_day(&self) -> Option<u64> {
        self.per_hour.map(|price| (price * 24).div_ceil(10_000))
    }
}

/// `about 4.61 USD per day (c5.xlarge on demand, volumes not counted, price of us-east-1 on 2026-07-20)`, to follow
/// "its instance runs on and costs".
impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = &self.instance_type;
        let Some(cents) = self.cents_per_day() else {
            return write!(
                f,
                "what EC2 charges for {kind} (Ingot has no price of this type)"
            );
        };
        let (whole, rest) = (cents / 100, cents % 100);
        write!(
            f,
            "about {whole}.{rest:02} USD per day ({kind} on demand, volumes not counted, "
        )?;
        match self.region == REGION {
            true => write!(f, "price of {REGION} on {AS_OF})"),
            false => write!(
                f,
                "price of {REGION} on {AS_OF}; Ingot has none of {})",
                self.region
            ),
        }
    }
}

fn per_hour(instance_type: &str) -> Option<u64> {
    let line = FIGURES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| line.strip_prefix(instance_type)?.strip_prefix(','))?;
    let (whole, millionths) = line.split_once('.')?;
    let (whole, millionths) = (whole.parse::<u64>().ok()?, millionths.parse::<u64>().ok()?);
    Some(whole * 1_000_000 + millionths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_costs_its_price_times_24_and_a_type_without_one_says_so() {
        let said = |kind, region| running(kind, region).to_string();
        assert_eq!(
            said("t3.large", "us-east-1"),
            "about 2.00 USD per day (t3.large on demand, volumes not counted, price of us-east-1 on 2026-07-20)"
        );
        assert_eq!(
            said("t3.large", "eu-north-1"),
            "about 2.00 USD per day (t3.large on demand, volumes not counted, price of us-east-1 on 2026-07-20; Ingot has none of eu-north-1)"
        );
        for unknown in ["x99.metal", "", "t3", "t3.large,0", "# On-demand"] {
            assert_eq!(
                running(unknown, "us-east-1").cents_per_day(),
                None,
                "{unknown}"
            );
        }
        assert_eq!(
            said("x99.metal", "us-east-1"),
            "what EC2 charges for x99.metal (Ingot has no price of this type)"
        );
    }

    #[test]
    fn every_figure_reads_and_none_is_there_twice() {
        let rows: Vec<&str> = FIGURES
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        assert_eq!(rows.len(), 1367);
        let mut kinds: Vec<&str> = rows
            .iter()
            .map(|row| row.split_once(',').expect("two columns").0)
            .collect();
        for kind in &kinds {
            let price = per_hour(kind).expect("a price");
            assert!((1_000..1_000_000_000).contains(&price), "{kind}: {price}");
        }
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), rows.len());
        assert!(FIGURES.contains(AS_OF) && FIGURES.contains(REGION));
    }
}
