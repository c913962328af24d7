//! A track of base images that a person describes, from YAML (of which JSON is a part).

use ingot_domain::track::add::NewTrack;

use crate::error::{Problem, YamlError};
use crate::parse::options;

/// Largest text of a track, in bytes.
const LARGEST: usize = 16 * 1024;

/// Reads one; what its values mean is judged by [`NewTrack::check`].
pub fn track(yaml: &str) -> Result<NewTrack, YamlError> {
    if yaml.len() > LARGEST {
        let message = format!("the text has more than {LARGEST} bytes; a track needs six lines");
        return Err(Problem::of_file(message).into());
    }
    let yaml = yaml.strip_prefix('\u{feff}').unwrap_or(yaml);
    serde_saphyr::from_str_with_options(yaml, options())
        .map_err(|error| Problem::of_file(error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_is_read_and_unknown_keys_are_refused() {
        let text = "name: team-web\nowner: \"123456789012\"\naws_filter: team-web-*\npattern: 'team-web-(?<build>\\d{8})'\n";
        let new = track(text).expect("a track");
        assert_eq!(new.owner, "123456789012");
        assert!(new.check().is_ok());
        let error = track(&format!("{text}owners: amazon\n")).expect_err("unknown key");
        assert!(error.to_string().contains("owners"), "{error}");
    }
}
