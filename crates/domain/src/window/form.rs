//! Windows in the normal form of a policy: `[{days, start, end}]`, written and read back.

use serde::{Deserialize, Serialize, de::Error};

use super::text::time;
use super::{DAYS, Window, Windows, clock};

/// An item.
#[derive(Serialize, Deserialize)]
struct Shown {
    days: Vec<String>,
    start: String,
    end: String,
}

impl Serialize for Window {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bits = self.days;
        let listed = DAYS
            .iter()
            .filter(|(_, day)| bits & (1 << day.num_days_from_monday()) != 0);
        Shown {
            days: listed.map(|(name, _)| (*name).to_owned()).collect(),
            start: clock(self.start),
            end: clock(self.end),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shown = Shown::deserialize(deserializer)?;
        let mut days = 0;
        for name in &shown.days {
            let known = DAYS.iter().find(|(day, _)| day == name);
            let (_, day) = known.ok_or_else(|| D::Error::custom(format!("`{name}` is no day")))?;
            days |= 1 << day.num_days_from_monday();
        }
        Ok(Window {
            days,
            start: time(&shown.start).map_err(D::Error::custom)?,
            end: time(&shown.end).map_err(D::Error::custom)?,
        })
    }
}

impl Serialize for Windows {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Windows {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}
