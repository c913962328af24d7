//! The configuration file: where the APIs of a person are, by profile. Its keys at the top hold for every profile that does
//! not say otherwise.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::args::connection::Connection;
use crate::failure::{Refused, Usage};

/// Show what the command line, the environment and the configuration file come to
#[derive(Clone, Args)]
#[command(
    after_help = "The file is ~/.config/ingot/config.toml, or ingot/config.toml in XDG_CONFIG_HOME:
  profile = \"prod\"
  [profiles.prod]
  url = \"https://ingot.example.org\"
  token_file = \"~/.config/ingot/prod.token\"

The command line beats the environment, and that the file.

Examples:
  ingot config show
  ingot config show --profile prod --json"
)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: ConfigAction,
}

/// What can be done with it.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigAction {
    /// Show each setting and where it comes from
    #[command(after_help = "Examples:\n  ingot config show\n  ingot --profile prod config show")]
    Show,
}

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The profile without another word.
    #[serde(default)]
    profile: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    token_file: Option<PathBuf>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
    /// Where it was read.
    #[serde(skip)]
    path: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    token_file: Option<PathBuf>,
}

/// What the file says for a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The profile's name.
    pub(crate) profile: Option<String>,
    /// The API.
    pub(crate) url: Option<String>,
    /// The token.
    pub(crate) token: Option<String>,
    /// A file with it.
    pub(crate) token_file: Option<PathBuf>,
    /// Which part of which file says so.
    pub(crate) from: String,
}

impl Config {
    /// Reads the file; one that is not there says nothing.
    pub(crate) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let shown = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(cause) => {
                return Err(Refused(format!("`{shown}` cannot be read: {cause}")).into());
            }
        };
        let mut config: Self = toml::from_str(&text)
            .map_err(|wrong| Refused(format!("{shown}: {}", wrong.to_string().trim_end())))?;
        config.path = Some(path.to_owned());
        Ok(config)
    }

    /// What holds with this profile, or with the file's own. A profile with a token of its own takes none from above.
    pub(crate) fn choose(self, wanted: Option<&str>) -> anyhow::Result<Chosen> {
        let path = self.path.map(|path| path.display().to_string());
        let path = path.unwrap_or_else(|| "the configuration file".to_owned());
        let Some(name) = wanted.map(str::to_owned).or(self.profile) else {
            return Ok(Chosen {
                profile: None,
                url: self.url,
                token: self.token,
                token_file: self.token_file,
                from: path,
            });
        };
        let Some(own) = self.profiles.get(&name).cloned() else {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            let known = match known.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has {}", known.join(", ")),
            };
            let name = crate::output::clean(&name);
            return Err(Usage(format!("there is no profile `{name}` in {path}; {known}")).into());
        };
        let has_token = own.token.is_some() || own.token_file.is_some();
        Ok(Chosen {
            url: own.url.or(self.url),
            token: own.token.or(self.token.filter(|_| !has_token)),
            token_file: own.token_file.or(self.token_file.filter(|_| !has_token)),
            from: format!("profile {name} in {path}"),
            profile: Some(name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Exit, exit};

    const FILE: &str = "profile = 'prod'\nurl = 'https://all'\ntoken = 'all'\n\
        [profiles.prod]\nurl = 'https://prod'\ntoken_file = '~/prod'\n[profiles.bare]\n";

    #[test]
    fn a_profile_says_what_it_says_and_takes_the_rest_from_above() {
        let config: Config = toml::from_str(FILE).expect("a file");
        let prod = config.clone().choose(None).expect("the file's own");
        assert_eq!(
            (prod.profile.as_deref(), prod.url.as_deref()),
            (Some("prod"), Some("https://prod"))
        );
        assert_eq!((prod.token, prod.token_file), (None, Some("~/prod".into())));
        let bare = config.clone().choose(Some("bare")).expect("a profile");
        assert_eq!(
            (bare.url.as_deref(), bare.token.as_deref()),
            (Some("https://all"), Some("all"))
        );
        let none = config.choose(Some("dev")).expect_err("unknown");
        assert_eq!(exit(&none), Exit::Usage);
        assert!(none.to_string().ends_with("it has bare, prod"), "{none}");
        assert_eq!(Config::default().choose(None).expect("nothing").url, None);
    }

    #[test]
    fn a_file_with_a_mistake_is_refused_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        assert!(
            Config::read(Some(&file))
                .expect("none is fine")
                .url
                .is_none()
        );
        for (text, says) in [("urll = 'x'", "unknown field `urll`"), ("url = ", "line 1")] {
            std::fs::write(&file, text).expect("written");
            let wrong = Config::read(Some(&file)).expect_err(text);
            assert_eq!(exit(&wrong), Exit::Refused);
            let said = wrong.to_string();
            assert!(
                said.contains("config.toml") && said.contains(says),
                "{said}"
            );
        }
    }
}
