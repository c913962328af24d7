//! Names of packages: what each manager reads as one package and nothing else.

use super::Manager;

/// Characters of one package's words.
const LONGEST: usize = 128;

/// Why a text cannot be one package of a list. What passes is a word of the shell in single quotes, and no option of the
/// manager: it begins with a letter or a digit.
pub(super) fn wrong(list: &str, package: &str, manager: Option<Manager>) -> Option<String> {
    let legal = match list {
        "system" => is_word(package, "._+-:=~"),
        "pip" => is_word(package, "._-[],=<>!~*"),
        _ => match package.rsplit_once("::") {
            Some((channel, name)) => is_channel(channel) && is_word(name, "._-=<>!,*"),
            None => is_word(package, "._-=<>!,*"),
        },
    };
    if legal && package.len() <= LONGEST {
        return (list == "system").then(|| read_otherwise(package, manager))?;
    }
    let message = match list {
        "system" => {
            "give one package of the distribution by its name, such as `nginx` or `curl=8.5.0-2ubuntu10`: letters, digits and . _ + - : = ~, at most 128; other sources are for `steps`"
        }
        "pip" => {
            "give one package of PyPI by its name, such as `numpy`, `uvicorn[standard]` or `pandas>=2,<3`, without blanks, at most 128 characters; other sources are for `steps`"
        }
        _ => {
            "give one package of conda by its name, such as `r-base=4.4` or `bioconda::samtools`, without blanks, at most 128 characters; a channel is a name of letters, digits and . _ - / or an address that begins with `https://`; other sources are for `steps`"
        }
    };
    Some(message.to_owned())
}

fn is_word(text: &str, marks: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

/// A channel of conda: its name, or its address.
fn is_channel(text: &str) -> bool {
    match text.strip_prefix("https://") {
        Some(address) => is_word(address, "._-/:"),
        None => is_word(text, "._-/"),
    }
}

/// Why a manager would read a distribution's package as something else: a removal, an expression for many packages, or a
/// version in another manager's spelling.
fn read_otherwise(package: &str, manager: Option<Manager>) -> Option<String> {
    let name = package.split('=').next().unwrap_or(package);
    let plus = |text: &str| text.ends_with('+') && !text.ends_with("++");
    if [package, name]
        .iter()
        .any(|text| text.ends_with('-') || plus(text))
    {
        let message = "apt reads a `-` at the end as \"remove it\", and a `+` as \"install it\": take it away; what is to be removed is for `steps`";
        return Some(message.to_owned());
    }
    if name.is_empty() || name.ends_with('.') || name.contains("..") || name.contains(".+") {
        let message =
            "apt reads it as an expression for many packages: give one package by its whole name";
        return Some(message.to_owned());
    }
    let manager = manager.filter(|manager| *manager != Manager::Apt)?.as_str();
    let (name, version) = package.split_once('=')?;
    let version = version.trim_start_matches('=');
    Some(format!(
        "{manager} takes a version after a dash: write `{name}-{version}`"
    ))
}

/// Whether two texts of a list name the same package, in whatever version.
pub fn same_package(list: &str, one: &str, other: &str) -> bool {
    named(list, one) == named(list, other)
}

/// A package without its version, as its manager compares names.
pub(super) fn named(list: &str, package: &str) -> String {
    let name = match list {
        "system" => package.split('=').next(),
        "pip" => package.split(['[', '=', '<', '>', '!', '~']).next(),
        _ => package
            .rsplit("::")
            .next()
            .and_then(|name| name.split(['=', '<', '>', '!']).next()),
    };
    let name = name.unwrap_or(package);
    match list {
        // PEP 503.
        "pip" => name.to_ascii_lowercase().replace(['_', '.'], "-"),
        _ => name.to_owned(),
    }
}
