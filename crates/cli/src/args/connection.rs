//! How a client command finds its API, and how it writes what it got.

use std::path::Path;

use clap::{Args, ValueEnum};
use ingot_client::Client;

use crate::args::data_dir::DataDir;
use crate::output::Output;

/// Where `ingot up` and `ingot api` listen when nothing else is said.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// The options of every client command.
#[derive(Clone, Args)]
#[command(next_help_heading = "Connection and output")]
pub(crate) struct Connection {
    /// The API [default: what `ingot up` left, else http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "INGOT_URL", global = true)]
    url: Option<String>,
    /// The API token [default: the one `ingot up` left]
    #[arg(
        long,
        value_name = "TOKEN",
        env = "INGOT_TOKEN",
        hide_env_values = true,
        global = true
    )]
    token: Option<String>,
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

impl Connection {
    /// A client of the API that is meant.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let local_url = self.data.url_file().ok().and_then(|path| first_line(&path));
        let url = given(&self.url)
            .or_else(|| local_url.clone())
            .unwrap_or_else(|| DEFAULT_URL.to_owned());
        let token = given(&self.token).or_else(|| {
            // The token of the local Ingot goes to no other server.
            let ours = local_url.as_deref() == Some(&url) || is_loopback(&url);
            let path = self.data.token_file().ok().filter(|_| ours)?;
            first_line(&path)
        });
        Ok(Client::new(&url, token.as_deref())?)
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
            url: None,
            token: None,
            data: DataDir::of(dir.path().to_owned()),
            format: Format::default(),
        };
        let base = |connection: &Connection| connection.client().expect("client").base().to_owned();
        assert_eq!(base(&connection), DEFAULT_URL);
        std::fs::write(dir.path().join("url"), "http://127.0.0.1:9999\n").expect("write");
        assert_eq!(base(&connection), "http://127.0.0.1:9999");
        connection.url = Some("http://127.0.0.1:7".to_owned());
        assert_eq!(base(&connection), "http://127.0.0.1:7");
        connection.url = Some("nonsense".to_owned());
        assert!(connection.client().is_err());
    }
}
