//! What a person may add as a track. An owner that is no account id is refused: packer calls the rule "required for
//! security reasons" (ADVISORIES 1.2, whoAMI).

use serde::{Deserialize, Serialize};

use super::known;
use super::rule::Rule;
use super::{Owners, Track};
use crate::advisory::base::Base;
use crate::arch::Arch;
use crate::field::{FieldError, check_seen, check_text};

/// The longest name of a track.
pub const LONGEST_NAME: usize = 60;

/// Tracks of its own that an installation watches at most, beside those that every installation has.
pub const MOST_OWN: u64 = 200;

/// A track as a person describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewTrack {
    /// Its name: lower-case letters, digits, dashes and dots.
    pub name: String,
    /// The base whose advisories judge its updates, such as `ubuntu-22.04`.
    pub like: Option<String>,
    /// `x86_64` or `arm64`; that of `like`, else `x86_64`, when absent.
    #[serde(rename = "architecture")]
    pub arch: Option<String>,
    /// The account id of its owner.
    pub owner: String,
    /// The `name` filter of DescribeImages.
    pub aws_filter: String,
    /// The rule for names, with a group `build`.
    pub pattern: String,
    /// The SSM parameter that names its current image.
    pub parameter: Option<String>,
}

impl NewTrack {
    /// The track, or everything that is wrong with it.
    pub fn check(&self) -> Result<Track, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let mut note = |result: Result<(), FieldError>| wrong.extend(result.err());
        note(name(&self.name));
        note(owner(&self.owner));
        note(filter(&self.aws_filter));
        note(
            check_text("pattern", &self.pattern, super::rule::LONGEST_PATTERN).and_then(|()| {
                let rule = Rule::new(&self.pattern);
                rule.map(drop)
                    .map_err(|error| FieldError::new("pattern", &self.pattern, error.to_string()))
            }),
        );
        if let Some(parameter) = &self.parameter {
            note(parameter_name(parameter));
        }
        let like = self.like.as_deref().map(Base::parse).transpose();
        let like = like.unwrap_or_else(|error| {
            let text = self.like.as_deref().unwrap_or_default();
            note(Err(FieldError::new("like", text, error.to_string())));
            None
        });
        let arch = match (&self.arch, &like) {
            (None, like) => like.as_ref().map(|base| base.arch).unwrap_or_default(),
            (Some(word), like) => match (Arch::parse(word), like) {
                (Some(arch), Some(base)) if base.arch != arch => {
                    let message = format!(
                        "`like` says {}; name the base of this architecture",
                        base.arch
                    );
                    note(Err(FieldError::new("architecture", word, message)));
                    arch
                }
                (Some(arch), _) => arch,
                (None, _) => {
                    note(Err(FieldError::new(
                        "architecture",
                        word,
                        "write x86_64 or arm64",
                    )));
                    Arch::default()
                }
            },
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Track {
            name: self.name.clone(),
            like: self.like.clone(),
            arch,
            owners: Owners {
                aws: Some(self.owner.clone()),
                ..Owners::default()
            },
            filter: self.aws_filter.clone(),
            pattern: self.pattern.clone(),
            parameter: self.parameter.clone(),
        })
    }
}

/// A name that a track may have; that of a built-in one is taken.
fn name(text: &str) -> Result<(), FieldError> {
    form(text).map_err(|message| FieldError::new("name", text, message))?;
    if text == "scan" {
        let message = "that word stands for all tracks in the API; choose another name";
        return Err(FieldError::new("name", text, message));
    }
    if known::find(text).is_some() {
        let message =
            "every installation has this track, and its owner is fixed; choose another name";
        return Err(FieldError::new("name", text, message));
    }
    Ok(())
}

/// Whether a text can be the name of a track at all.
pub fn form(text: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let form = (1..=LONGEST_NAME).contains(&text.len())
        && text.chars().all(good)
        && text.starts_with(ends)
        && text.ends_with(ends);
    if form {
        return Ok(());
    }
    Err(format!(
        "write 1 to {LONGEST_NAME} lower-case letters, digits, dashes and dots, such as `ubuntu-22.04`"
    ))
}

fn owner(text: &str) -> Result<(), FieldError> {
    if text.len() == 12 && text.bytes().all(|c| c.is_ascii_digit()) {
        return Ok(());
    }
    let message = match text {
        "" => {
            "name the account that publishes the images, 12 digits: without an owner any account's image of that name would count"
        }
        "amazon" | "aws-marketplace" | "self" => {
            "an alias is no owner, for others carry it, too; name the account's 12 digits"
        }
        _ => "an owner is an account id of 12 digits, in quotes in YAML",
    };
    Err(FieldError::new("owner", text, message))
}

fn filter(text: &str) -> Result<(), FieldError> {
    check_text("aws_filter", text, 128)?;
    check_seen("aws_filter", text)?;
    let literal = text.find(['*', '?']).unwrap_or(text.len());
    if literal < 3 {
        let message = "begin with at least three characters of the name itself: a wildcard alone lists all images of the owner";
        return Err(FieldError::new("aws_filter", text, message));
    }
    Ok(())
}

fn parameter_name(text: &str) -> Result<(), FieldError> {
    let good = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    if text.starts_with('/') && text.len() <= 1011 && text.chars().all(good) {
        return Ok(());
    }
    let message = "a parameter begins with a slash and has letters, digits and / _ . - only";
    Err(FieldError::new("parameter", text, message))
}
