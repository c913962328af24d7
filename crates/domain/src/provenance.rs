//! Whose a cloud object is, and what Ingot may do with it. Tags alone prove nothing: backups, copies and "launch more like
//! this" carry ours. What Ingot does of its own accord needs a record of this ledger *and* the object's own facts, those
//! that no call copies: an instance's client token, the instance or image an image was made of, its name, the id a snapshot
//! was written down under, the network of a security group (REAL-AWS C1, C2).

mod base;
mod judge;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::deployment::words;

pub use base::base;
pub use judge::judge;

words! {
    /// A kind of cloud object.
    Kind {
        /// `i-…`
        Instance = "instance",
        /// `ami-…`
        Image = "image",
        /// `snap-…`
        Snapshot = "snapshot",
        /// `sg-…`
        SecurityGroup = "security_group",
    }
}

impl Kind {
    /// As people say it.
    pub fn said(self) -> &'static str {
        match self {
            Kind::Instance => "instance",
            Kind::Image => "AMI",
            Kind::Snapshot => "snapshot",
            Kind::SecurityGroup => "security group",
        }
    }

    /// The kind of an EC2 id.
    pub fn of(id: &str) -> Option<Self> {
        let prefixes = [
            ("i-", Kind::Instance),
            ("ami-", Kind::Image),
            ("snap-", Kind::Snapshot),
            ("sg-", Kind::SecurityGroup),
        ];
        prefixes
            .iter()
            .find(|(prefix, _)| id.starts_with(prefix))
            .map(|(_, kind)| *kind)
    }
}

words! {
    /// Whose an object is.
    Class {
        /// This ledger recorded it, and its own facts agree.
        Ours = "ours",
        /// The same, back from the Recycle Bin after it was removed.
        Restored = "restored",
        /// Its own facts say that this installation made it; this ledger, restored from a backup, has no record of it.
        Unrecorded = "unrecorded",
        /// A person said, by id and with a reason, that it shall be used.
        Adopted = "adopted",
        /// The Kamiwaza scripts made it.
        Kamiwaza = "kamiwaza",
        /// Not ours, whatever its tags say: a backup, a copy, "launch more like this", another installation's, another
        /// account's.
        Foreign = "foreign",
    }
}

/// What a caller wants to do with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// An image of the key exists: no second one is made (F28).
    Exists,
    /// Launch from it of Ingot's own accord.
    Launch,
    /// Launch from it because a person named it in this request.
    LaunchAsked,
    /// Change, remove or run a command on it of Ingot's own accord. SendCommand and CreateImage change their instance.
    Change,
    /// The same because a person named it in this request.
    ChangeAsked,
}

impl Use {
    /// All of them, in the table's order.
    pub const ALL: [Use; 5] = [
        Use::Exists,
        Use::Launch,
        Use::LaunchAsked,
        Use::Change,
        Use::ChangeAsked,
    ];
}

impl Class {
    /// The table: what may be done with an object of this class.
    pub fn allows(self, wanted: Use) -> bool {
        //                       exists  launch  asked   change  asked
        let row = match self {
            Class::Ours => [true, true, true, true, true],
            Class::Restored => [true, true, true, false, true],
            Class::Unrecorded => [true, true, true, false, true],
            Class::Adopted => [true, true, true, false, true],
            Class::Kamiwaza => [true, false, true, false, true],
            Class::Foreign => [false, false, true, false, false],
        };
        Use::ALL
            .iter()
            .zip(row)
            .any(|(one, allowed)| *one == wanted && allowed)
    }

    /// As people say it.
    pub fn said(self) -> &'static str {
        match self {
            Class::Ours => "made by this installation",
            Class::Restored => "made by this installation and restored after it was removed",
            Class::Unrecorded => "made by this installation, without a record in this ledger",
            Class::Adopted => "adopted by a person",
            Class::Kamiwaza => "made by the Kamiwaza scripts",
            Class::Foreign => "not made by this installation",
        }
    }
}

/// A class and the reason for it, in a person's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Whose it is.
    pub class: Class,
    /// Why, as the end of a sentence: "its client token is not an effect of this ledger".
    pub why: String,
}

impl Provenance {
    /// Whether it may be used so.
    pub fn allows(&self, wanted: Use) -> bool {
        self.class.allows(wanted)
    }
}

/// The side that judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Our AWS account, twelve digits.
    pub account: String,
    /// Our installation, the value of `ingot:install`.
    pub install: String,
}

/// What EC2 says of an object. A fact its kind does not have, or that EC2 did not tell, is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// The region it was seen in, if the asker says.
    pub region: Option<String>,
    /// The account that owns it. EC2 shows a caller no instances of others, so instances have none.
    pub owner: Option<String>,
    /// The owner's alias, such as `aws-backup-vault`: our own things have none.
    pub owner_alias: Option<String>,
    /// An image's or group's name, not the tag.
    pub name: Option<String>,
    /// A snapshot's description.
    pub description: Option<String>,
    /// The token an instance was launched with.
    pub client_token: Option<String>,
    /// The instance CreateImage was called on; copies and registered images have none (EC2.md 10).
    pub source_instance: Option<String>,
    /// The image it was copied of, or launched from.
    pub source_image: Option<String>,
    /// A group's VPC.
    pub vpc: Option<String>,
    /// The volume a snapshot was made of; `vol-ffffffff` for copies.
    pub volume: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Facts {
    /// An object of which only its id is known.
    pub fn of(kind: Kind, id: &str) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            region: None,
            owner: None,
            owner_alias: None,
            name: None,
            description: None,
            client_token: None,
            source_instance: None,
            source_image: None,
            vpc: None,
            volume: None,
            tags: BTreeMap::new(),
        }
    }

    /// The value of a tag.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.get(name).map(String::as_str)
    }
}

/// What a recorded effect was to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intended {
    /// An instance, launched with the effect's id as its client token.
    Instance,
    /// An image.
    Image {
        /// Its name, fixed before the call.
        name: String,
        /// The instance it is made of.
        instance: String,
    },
    /// A copy of an image of ours in another region.
    Copy {
        /// Its name, fixed before the call.
        name: String,
        /// The AMI that is copied.
        source: String,
    },
    /// A deployment's own security group.
    Group {
        /// Its name, fixed before the call.
        name: String,
        /// The VPC it was to be made in, when that is known.
        vpc: Option<String>,
    },
}

/// An effect of this ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Its id.
    pub id: String,
    /// The region it was meant for: EC2 knows tokens, names and ids by region.
    pub region: String,
    /// What it was to make.
    pub intended: Intended,
    /// The id of what it made, once that was written down.
    pub made: Option<String>,
    /// Snapshots that were written down with the image it made.
    pub snapshots: Vec<String>,
}

/// What this ledger knows of an object: nothing, unless said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The effect that its client token, its tag or its image's row names.
    pub effect: Option<Effect>,
    /// A person adopted it.
    pub adopted: bool,
    /// This ledger saw it removed: its row says so, or Ingot removed it by itself.
    pub was_gone: bool,
}

#[cfg(test)]
mod tests;
