//! How EC2 writes things, as far as that is known without asking it.

use crate::field::FieldError;
use crate::nearest::nearest;

/// An id with its prefix, such as `subnet-` or `ami-`: 8 to 17 hexadecimal digits follow.
pub fn id(field: &str, text: &str, prefix: &str) -> Result<(), FieldError> {
    let hex = text.strip_prefix(prefix).unwrap_or_default();
    if (8..=17).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(FieldError::new(
        field,
        text,
        format!("write it as EC2 does: `{prefix}` and 8 to 17 hexadecimal digits"),
    ))
}

/// Regions of 2026, for "did you mean"; a region that is not here but has the form is taken.
const REGIONS: [&str; 36] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "ca-central-1",
    "ca-west-1",
    "mx-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "af-south-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-7",
    "cn-north-1",
];

const DIRECTIONS: [&str; 9] = [
    "north",
    "south",
    "east",
    "west",
    "central",
    "northeast",
    "northwest",
    "southeast",
    "southwest",
];

/// A region has an area, a direction and a number: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
pub fn region(field: &str, text: &str) -> Result<(), FieldError> {
    let mut parts = text.rsplit('-');
    let number = parts.next().unwrap_or_default();
    let direction = parts.next().unwrap_or_default();
    let area: Vec<&str> = parts.collect();
    let letters = |part: &&str| (2..=4).contains(&part.len()) && lower(part);
    let good = (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && DIRECTIONS.contains(&direction)
        && (1..=2).contains(&area.len())
        && area.iter().all(letters);
    if good {
        return Ok(());
    }
    let message = match nearest(text, &REGIONS) {
        Some(meant) => format!("there is no such region; did you mean `{meant}`?"),
        None => "write it as AWS does, for example `us-east-1`".to_owned(),
    };
    Err(FieldError::new(field, text, message))
}

/// A zone is a region with one letter (`us-east-1a`), or a local or wavelength zone (`us-west-2-lax-1a`).
pub fn zone(field: &str, text: &str) -> Result<(), FieldError> {
    let ends = text.ends_with(|c: char| c.is_ascii_lowercase());
    let number = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let plain = ends && text.len() == number.len() + 1 && region(field, number).is_ok();
    let local = ends && zone_region(text).is_some_and(|of| text.len() > of.len() + 2);
    if plain || local {
        return Ok(());
    }
    let message = "write it as EC2 does: a region and a letter, for example `us-east-1a`";
    Err(FieldError::new(field, text, message))
}

/// The region of a zone.
pub fn zone_region(zone: &str) -> Option<&str> {
    let mut ends = zone
        .match_indices(|c: char| c.is_ascii_digit())
        .map(|(at, _)| at + 1);
    let region_of = |end: usize| region("", &zone[..end]).is_ok().then(|| &zone[..end]);
    ends.find_map(region_of)
}

/// The name of an instance profile; its ARN is what people copy from the console.
pub fn profile_name(field: &str, text: &str) -> Result<(), FieldError> {
    if let Some(path) = text
        .strip_prefix("arn:")
        .and_then(|arn| arn.split_once(":instance-profile/"))
        .map(|(_, path)| path)
    {
        let name = path.rsplit('/').next().unwrap_or(path);
        let message = format!("write the profile's name, `{name}`, not its ARN");
        return Err(FieldError::new(field, text, message));
    }
    if text.starts_with("arn:") {
        let message = "this is the ARN of something else; write the name of an instance profile, which holds the role";
        return Err(FieldError::new(field, text, message));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if (1..=128).contains(&text.len()) && text.chars().all(legal) {
        return Ok(());
    }
    let message =
        "give the name of an instance profile: 1 to 128 letters, digits and + = , . @ _ -";
    Err(FieldError::new(field, text, message))
}

/// A KMS key as EC2 takes it: an id, an alias, or the ARN of either.
pub fn kms_key(field: &str, text: &str) -> Result<(), FieldError> {
    let uuid = |id: &str| {
        let id = id.strip_prefix("mrk-").unwrap_or(id);
        id.len() >= 32 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
    };
    let alias = |name: &str| {
        let legal = |c: char| c.is_ascii_alphanumeric() || "/_-".contains(c);
        name.strip_prefix("alias/")
            .is_some_and(|name| !name.is_empty() && name.len() <= 250 && name.chars().all(legal))
    };
    let good = match text.strip_prefix("arn:") {
        None => uuid(text) || alias(text),
        Some(arn) => {
            let parts: Vec<&str> = arn.splitn(5, ':').collect();
            matches!(parts[..], [partition, "kms", place, account, what]
                if partition.starts_with("aws") && region("", place).is_ok() && account.len() == 12
                    && (what.strip_prefix("key/").is_some_and(uuid) || alias(what)))
        }
    };
    if good {
        return Ok(());
    }
    let message = "give a KMS key's id, `alias/NAME`, or the ARN of either";
    Err(FieldError::new(field, text, message))
}

fn lower(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests;
