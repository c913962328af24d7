//! How fast EC2 lets each action be called, and how an operator says otherwise: `RunInstances=5/2, reads=100/20`, or
//! `off`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::actions::{ACTIONS, reads};

/// One bucket: what it holds when full, and what flows in per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Calls that may come at once after a rest.
    pub capacity: f64,
    /// Calls per second in the long run.
    pub refill: f64,
}

const fn size(capacity: f64, refill: f64) -> Size {
    Size { capacity, refill }
}

impl Size {
    /// One replica's part of the bucket when it can not ask the others.
    pub(crate) fn share(self, part: f64) -> Size {
        size((self.capacity * part).max(1.0), self.refill * part)
    }
}

/// What the pairs may be written like, for messages.
const FORM: &str =
    "write pairs like `RunInstances=5/2,reads=100/20` (calls at once / calls per second), or `off`";

/// Rates that can not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RatesError {
    /// Not `NAME=CAPACITY/REFILL`.
    #[error("`{0}` is not a rate; {FORM}")]
    Form(String),
    /// No bucket has this name.
    #[error(
        "no bucket is called `{0}`: it is an EC2 action such as RunInstances, `RunInstances.resources`, `TerminateInstances.resources`, `reads` or `writes`; {FORM}"
    )]
    Name(String),
    /// A number outside what makes sense.
    #[error("`{0}`: calls at once are 1 to 100000, calls per second 0.01 to 10000")]
    Number(String),
    /// The same bucket twice.
    #[error("`{0}` is given twice")]
    Twice(String),
}

/// The sizes of all buckets of one account and region.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// No limits of ours: for a region that has none.
    off: bool,
    sizes: BTreeMap<String, Size>,
}

impl Default for Rates {
    /// EC2.md 33. AWS may have given an account others, and changes them over time.
    fn default() -> Self {
        let slow = size(100.0, 5.0);
        let table = [
            ("RunInstances", size(5.0, 2.0)),
            ("RunInstances.resources", size(1000.0, 2.0)),
            ("StartInstances", size(5.0, 2.0)),
            ("EnableFastLaunch", size(5.0, 2.0)),
            ("TerminateInstances", slow),
            ("TerminateInstances.resources", size(1000.0, 20.0)),
            ("CopyImage", size(100.0, 1.0)),
            ("DeregisterImage", slow),
            ("CreateSnapshot", slow),
            ("DeleteSnapshot", slow),
            ("ModifyImageAttribute", slow),
            ("CreateLaunchTemplateVersion", slow),
            ("CreateTags", size(100.0, 10.0)),
            ("reads", size(100.0, 20.0)),
            ("writes", size(50.0, 5.0)),
        ];
        let owned = |(name, size): (&str, Size)| (name.to_owned(), size);
        Self {
            off: false,
            sizes: table.map(owned).into(),
        }
    }
}

impl Rates {
    /// No limits at all.
    pub fn off() -> Self {
        Self {
            off: true,
            ..Self::default()
        }
    }

    /// Whether there are no limits.
    pub fn is_off(&self) -> bool {
        self.off
    }

    /// The buckets one call of an action draws from, by the ends of their names: the calls', and where EC2 also counts
    /// what a call makes or ends, the resources'. Every call of ours makes or ends one thing, so each gives one token.
    pub fn of(&self, action: &str) -> Vec<(&'static str, Size)> {
        let class = if reads(action) { "reads" } else { "writes" };
        let calls = self.sizes.get(action).or_else(|| self.sizes.get(class));
        let resources = self.sizes.get(&format!("{action}.resources"));
        let calls = calls.map(|size| ("", *size));
        let resources = resources.map(|size| ("-resources", *size));
        calls.into_iter().chain(resources).collect()
    }
}

impl FromStr for Rates {
    type Err = RatesError;

    /// Reads pairs over the usual rates; what is not named keeps its own.
    fn from_str(text: &str) -> Result<Self, RatesError> {
        if text.trim() == "off" {
            return Ok(Self::off());
        }
        let mut rates = Self::default();
        let mut seen = Vec::new();
        for pair in text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|pair| !pair.is_empty())
        {
            let form = || RatesError::Form(pair.to_owned());
            let (name, numbers) = pair.split_once('=').ok_or_else(form)?;
            let (capacity, refill) = numbers.split_once('/').ok_or_else(form)?;
            let capacity: f64 = capacity.parse().map_err(|_| form())?;
            let refill: f64 = refill.parse().map_err(|_| form())?;
            let listed = ACTIONS.contains(&name) && name != "other";
            if !listed && !rates.sizes.contains_key(name) {
                return Err(RatesError::Name(name.to_owned()));
            }
            if !(1.0..=100_000.0).contains(&capacity) || !(0.01..=10_000.0).contains(&refill) {
                return Err(RatesError::Number(pair.to_owned()));
            }
            if seen.contains(&name) {
                return Err(RatesError::Twice(name.to_owned()));
            }
            seen.push(name);
            rates.sizes.insert(name.to_owned(), size(capacity, refill));
        }
        Ok(rates)
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.off {
            return f.write_str("off");
        }
        for (place, (name, size)) in self.sizes.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{name}={}/{}", size.capacity, size.refill)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rates: &Rates, action: &str) -> Vec<(f64, f64)> {
        let sizes = rates.of(action).into_iter();
        sizes.map(|(_, s)| (s.capacity, s.refill)).collect()
    }

    #[test]
    fn the_usual_rates_are_those_of_the_table() {
        let usual = Rates::default();
        for (action, sizes) in [
            ("RunInstances", vec![(5.0, 2.0), (1000.0, 2.0)]),
            ("TerminateInstances", vec![(100.0, 5.0), (1000.0, 20.0)]),
            ("CreateImage", vec![(50.0, 5.0)]),
            ("AuthorizeSecurityGroupIngress", vec![(50.0, 5.0)]),
            ("DeregisterImage", vec![(100.0, 5.0)]),
            ("CreateTags", vec![(100.0, 10.0)]),
            ("DescribeImages", vec![(100.0, 20.0)]),
            ("other", vec![(50.0, 5.0)]),
        ] {
            assert_eq!(of(&usual, action), sizes, "{action}");
        }
    }

    #[test]
    fn pairs_replace_what_they_name_and_nothing_else() {
        let rates: Rates = "RunInstances=5/5, reads=10/1.5\nCreateImage=2/0.5"
            .parse()
            .expect("rates");
        assert_eq!(of(&rates, "RunInstances"), [(5.0, 5.0), (1000.0, 2.0)]);
        assert_eq!(of(&rates, "DescribeVpcs"), [(10.0, 1.5)]);
        assert_eq!(of(&rates, "CreateImage"), [(2.0, 0.5)]);
        assert_eq!(of(&rates, "RegisterImage"), [(50.0, 5.0)]);
        assert_eq!(rates.to_string().parse::<Rates>(), Ok(rates));
        assert_eq!("".parse::<Rates>(), Ok(Rates::default()));
        assert!("off".parse::<Rates>().is_ok_and(|rates| rates.is_off()));
    }

    #[test]
    fn what_can_not_be_meant_is_named() {
        for (text, part) in [
            ("RunInstances", "`RunInstances` is not a rate"),
            ("RunInstances=5", "`RunInstances=5` is not a rate"),
            ("RunInstances=5/x", "is not a rate"),
            ("RunInstnaces=5/2", "no bucket is called `RunInstnaces`"),
            ("other=5/2", "no bucket is called `other`"),
            ("reads=0/2", "1 to 100000"),
            ("reads=5/0", "0.01 to 10000"),
            ("reads=NaN/1", "1 to 100000"),
            ("reads=5/1,reads=5/2", "`reads` is given twice"),
            ("off,reads=5/1", "`off` is not a rate"),
        ] {
            let error = text.parse::<Rates>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
