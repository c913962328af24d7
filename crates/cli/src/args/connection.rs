//! How a client command finds its API, and how it writes what it got. The command line beats the environment, that the
//! configuration file, that what `ingot up` left behind.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ingot_client::Client;

use crate::args::config::{Chosen, Config};
use crate::args::data_dir::DataDir;
use crate::failure::Refused;
use crate::output::Output;

/// Where `ingot up` and `ingot api` listen when nothing else is said.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// The options of every client command.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "Connection and output")]
pub(crate) struct Connection {
    /// The API [default: the profile's, else what `ingot up` left, else http://127.0.0.1:8080] [env: INGOT_URL=]
    // Options and variables are read apart, because a file stands between what they mean and what is left behind.
    #[arg(long, value_name = "URL", global = true)]
    url: Option<String>,
    #[arg(long, env = "INGOT_URL", hide = true, global = true)]
    env_url: Option<String>,
    /// The API token [default: the profile's, else the one `ingot up` left] [env: INGOT_TOKEN]
    #[arg(long, value_name = "TOKEN", global = true)]
    token: Option<String>,
    #[arg(
        long,
        env = "INGOT_TOKEN",
        hide = true,
        hide_env_values = true,
        global = true
    )]
    env_token: Option<String>,
    /// A file whose first line is the API token, so that it is on no command line [env: INGOT_TOKEN_FILE]
    #[arg(long, value_name = "PATH", global = true, conflicts_with = "token")]
    token_file: Option<PathBuf>,
    #[arg(long, env = "INGOT_TOKEN_FILE", hide = true, global = true)]
    env_token_file: Option<PathBuf>,
    /// A profile of ~/.config/ingot/config.toml; `ingot config show` says what comes of it
    #[arg(long, value_name = "NAME", env = "INGOT_PROFILE", global = true)]
    profile: Option<String>,
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    format: Format,
}

/// How results and errors are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Connection and output")]
pub(crate) struct Format {
    /// Print JSON instead of text for people, errors too
    #[arg(long, global = true)]
    json: bool,
    /// `json` is the same as --json; `wide` leaves no column of a table out
    #[arg(long, short, value_name = "FORMAT", value_enum, global = true)]
    output: Option<Form>,
}

/// A form of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// JSON, for machines
    Json,
    /// Text, for people
    Text,
    /// Text with every column of a table, however narrow the terminal is
    Wide,
}

impl Format {
    /// How to write results.
    pub(crate) fn output(self) -> Output {
        let json = self.output.map_or(self.json, |form| form == Form::Json);
        Output { json }
    }
}

/// A value, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The value.
    pub(crate) value: String,
    /// In words, such as `--url` or `profile prod in` and the file.
    pub(crate) from: String,
}

/// What a command works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The API.
    pub(crate) url: Setting,
    /// The token, if there is one.
    pub(crate) token: Option<Setting>,
    /// The profile, if one was chosen.
    pub(crate) profile: Option<Setting>,
}

impl Connection {
    /// A client of the API that is meant.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let Resolved { url, token, .. } = self.resolved()?;
        let token = token.map(|token| token.value);
        Ok(Client::new(&url.value, token.as_deref())?)
    }

    /// Where everything comes from.
    pub(crate) fn resolved(&self) -> anyhow::Result<Resolved> {
        let file = self.data.config_file().ok();
        let config = Config::read(file.as_deref())?;
        let chosen = config.choose(given(&self.profile).as_deref())?;
        let local_url = self.data.url_file().ok().and_then(|path| first_line(&path));
        let url = self.url(&chosen, local_url.as_deref());
        let token = self.token(&chosen, &url, local_url.as_deref())?;
        let profile = chosen.profile.map(|value| {
            let from = match given(&self.profile) {
                Some(_) => "--profile or INGOT_PROFILE".to_owned(),
                None => chosen.from.clone(),
            };
            Setting { value, from }
        });
        Ok(Resolved {
            url,
            token,
            profile,
        })
    }

    fn url(&self, chosen: &Chosen, local: Option<&str>) -> Setting {
        let file = &chosen.from;
        let ways = [
            (given(&self.url), "--url"),
            (given(&self.env_url), "INGOT_URL"),
            (chosen.url.clone(), file),
            (local.map(str::to_owned), "what `ingot up` left"),
        ];
        let found = ways.into_iter().find_map(|(value, from)| {
            let from = from.to_owned();
            value.map(|value| Setting { value, from })
        });
        found.unwrap_or_else(|| Setting {
            value: DEFAULT_URL.to_owned(),
            from: "default".to_owned(),
        })
    }

    fn token(
        &self,
        chosen: &Chosen,
        url: &Setting,
        local: Option<&str>,
    ) -> anyhow::Result<Option<Setting>> {
        let plain = |value: Option<String>, from: &str| {
            let from = from.to_owned();
            value.map(|value| Setting { value, from })
        };
        if let Some(token) = plain(given(&self.token), "--token") {
            return Ok(Some(token));
        }
        if let Some(path) = &self.token_file {
            return of_file(path, "--token-file").map(Some);
        }
        if let Some(token) = plain(given(&self.env_token), "INGOT_TOKEN") {
            return Ok(Some(token));
        }
        if let Some(path) = self
            .env_token_file
            .as_ref()
            .filter(|path| !path.as_os_str().is_empty())
        {
            return of_file(path, "INGOT_TOKEN_FILE").map(Some);
        }
        // A profile's token goes to no other server than its own.
        let theirs = chosen.url.as_deref().is_none_or(|own| own == url.value);
        if theirs && let Some(token) = plain(chosen.token.clone(), &chosen.from) {
            return Ok(Some(token));
        }
        if theirs && let Some(path) = &chosen.token_file {
            let path = self.data.expanded(path);
            return of_file(&path, &chosen.from).map(Some);
        }
        // Neither does the token of the local Ingot.
        let ours = local == Some(&url.value) || is_loopback(&url.value);
        let path = self.data.token_file().ok().filter(|_| ours);
        let left = path.and_then(|path| first_line(&path));
        Ok(plain(left, "what `ingot up` left"))
    }

    /// Whether every column of a table is wanted.
    pub(crate) fn wide(&self) -> bool {
        self.format.output == Some(Form::Wide)
    }

    /// The data directory, for what is asked without an API.
    pub(crate) fn data(&self) -> &DataDir {
        &self.data
    }

    /// How to write results.
    pub(crate) fn output(&self) -> Output {
        self.format.output()
    }
}

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn of_file(path: &Path, from: &str) -> anyhow::Result<Setting> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Refused(format!("{from}: `{shown}` cannot be read: {cause}")))?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err(Refused(format!(
            "{from}: the first line of `{shown}` is empty and should be a token"
        ))
        .into());
    }
    Ok(Setting {
        value: line.to_owned(),
        from: format!("{from}: {shown}"),
    })
}

fn first_line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else {
        return false;
    };
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_token_stays_here() {
        for ours in [
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:8080/",
        ] {
            assert!(is_loopback(ours), "{ours}");
        }
        for other in [
            "http://10.0.0.1",
            "https://ingot.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@evil.example",
            "x",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn the_address_comes_from_the_option_the_file_or_the_default() {
        let dir = tempfile::tempdir().expect("directory");
        let mut connection = Connection {
            data: DataDir::of(dir.path().to_owned()),
            ..Connection::default()
        };
        let base = |connection: &Connection| connection.client().expect("client").base().to_owned();
        assert_eq!(base(&connection), DEFAULT_URL);
        std::fs::write(dir.path().join("url"), "http://127.0.0.1:9999\n").expect("write");
        assert_eq!(base(&connection), "http://127.0.0.1:9999");
        connection.env_url = Some("http://127.0.0.1:8".to_owned());
        assert_eq!(base(&connection), "http://127.0.0.1:8");
        connection.url = Some("http://127.0.0.1:7".to_owned());
        assert_eq!(base(&connection), "http://127.0.0.1:7");
        connection.url = Some("nonsense".to_owned());
        assert!(connection.client().is_err());
    }

    #[test]
    fn the_option_beats_the_variable_that_the_profile_whose_token_stays_with_its_server() {
        let chosen = Chosen {
            url: Some("https://prod".to_owned()),
            token: Some("of the profile".to_owned()),
            from: "profile prod".to_owned(),
            ..Chosen::default()
        };
        let told = |connection: &Connection| {
            let url = connection.url(&chosen, None);
            let token = connection.token(&chosen, &url, None).expect("a token");
            (url.from, token.map(|token| token.from))
        };
        let mut connection = Connection::default();
        let said = |url: &str, token: &str| (url.to_owned(), Some(token.to_owned()));
        assert_eq!(told(&connection), said("profile prod", "profile prod"));
        connection.env_url = Some("https://other".to_owned());
        assert_eq!(told(&connection), ("INGOT_URL".to_owned(), None));
        connection.env_token = Some("e".to_owned());
        assert_eq!(told(&connection), said("INGOT_URL", "INGOT_TOKEN"));
        connection.url = Some("https://prod".to_owned());
        connection.token = Some("t".to_owned());
        assert_eq!(told(&connection), said("--url", "--token"));
    }
}
