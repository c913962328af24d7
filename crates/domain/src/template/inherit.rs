//! Whose recipe a template goes on from (`inherits`): another template by its name, and by the revision that was pinned when
//! this one was applied (F77).

use std::fmt;
use std::str::FromStr;

use super::{Template, slug};
use crate::field::FieldError;

/// Templates between one and the last it goes on from.
pub const DEEPEST: usize = 8;

/// A template, and a revision of it: the newest when a file leaves it out, pinned when the file is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Its name.
    pub name: String,
    /// Its revision.
    pub revision: Option<u32>,
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.revision {
            Some(revision) => write!(f, "@{revision}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Pin {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let wrong = || {
            let message = "name a template, such as `ubuntu-basic`, or a revision of it, such as `ubuntu-basic@3`";
            FieldError::new("inherits", text, message)
        };
        let (name, revision) = match text.split_once('@') {
            None => (text, None),
            Some((name, number)) => {
                let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
                let number = number.parse().ok().filter(|number| digits && *number > 0);
                (name, Some(number.ok_or_else(wrong)?))
            }
        };
        slug("inherits", name, 40).map_err(|_| wrong())?;
        Ok(Self {
            name: name.to_owned(),
            revision,
        })
    }
}

impl Template {
    /// Whose recipe it goes on from.
    pub fn parent(&self) -> Option<Pin> {
        self.inherits.as_deref()?.parse().ok()
    }

    /// What is wrong with how it names that.
    pub(super) fn inherit_problems(&self) -> Option<FieldError> {
        self.inherits.as_deref()?.parse::<Pin>().err()
    }
}

/// Refuses a template that would go on from itself, with the path that leads there: the template, then whose recipe each one
/// goes on from.
pub fn check_path(path: &[String]) -> Result<(), FieldError> {
    let Some((last, before)) = path.split_last() else {
        return Ok(());
    };
    let wrong = |message: String| {
        Err(FieldError::new(
            "inherits",
            path[1.min(path.len() - 1)].as_str(),
            message,
        ))
    };
    if before.contains(last) {
        let path = path.join(" → ");
        return wrong(format!(
            "the template would go on from itself: {path}; take one of these out of the circle"
        ));
    }
    if before.len() > DEEPEST {
        let path = path.join(" → ");
        return wrong(format!(
            "more than {DEEPEST} templates go on from each other ({path}): merge some into one"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_and_written() {
        for text in ["web", "web@3", "ubuntu-basic@4294967295"] {
            assert_eq!(
                text.parse::<Pin>().map(|pin| pin.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in [
            "",
            "Web",
            "web@",
            "web@0",
            "web@-1",
            "web@+1",
            "web@1@2",
            "web@4294967296",
            "a/b",
        ] {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_circle_is_told_with_its_path() {
        let path = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(check_path(&path(&["a", "b", "c"])), Ok(()));
        let told = check_path(&path(&["a", "b", "a"])).expect_err("a circle");
        assert!(told.message.contains("a → b → a"), "{told}");
        assert!(check_path(&path(&["a", "a"])).is_err());
        let long: Vec<String> = (0..=DEEPEST).map(|n| format!("t{n}")).collect();
        assert_eq!(check_path(&long), Ok(()));
        let longer: Vec<String> = (0..=DEEPEST + 1).map(|n| format!("t{n}")).collect();
        assert!(check_path(&longer).is_err());
    }
}
