//! `ingot notifications …`: what people are told of, and whom it is sent to.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::connection::Connection;
use crate::args::page::PageArgs;

/// What people are told of, and whom it is sent to by e-mail, webhook and Slack
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot notifications list --type ami-updates
  ingot notifications add email ops --to ops@example.org --from ingot@example.org --server smtps://mail.example.org
  ingot notifications test ops")]
pub(crate) struct NotificationsArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: NotificationsAction,
}

/// What can be done with them.
#[derive(Clone, Subcommand)]
pub(crate) enum NotificationsAction {
    /// List notifications, newest first
    #[command(after_help = "Examples:
  ingot notifications list
  ingot notifications list --type ami-updates --unread
  ingot notifications list --json | jq -r '.items[].message'")]
    List {
        /// Only of this type, or of a group: ami-updates, budget, deployments, images, findings, receivers
        #[arg(long = "type", value_name = "TYPE")]
        topic: Option<String>,
        /// Only what is not read yet
        #[arg(long)]
        unread: bool,
        /// Only of this deployment, image, update, …
        #[arg(long, value_name = "ID")]
        subject: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show a notification with its deliveries, or a receiver
    #[command(after_help = "Examples:
  ingot notifications show ntf_…
  ingot notifications show ops")]
    Show {
        /// ntf_…, or a receiver's name
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Mark notifications as read, for your token
    #[command(after_help = "Examples:
  ingot notifications read ntf_…
  ingot notifications read --all")]
    Read {
        /// ntf_…
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<String>,
        /// All that are not read yet
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// List receivers and how they stand
    #[command(after_help = "Examples:
  ingot notifications receivers")]
    Receivers,
    /// Add a receiver
    #[command(after_help = "Examples:
  ingot notifications add email ops --to ops@example.org --from ingot@example.org --server smtps://mail.example.org
  ingot notifications add webhook ci --to https://ci.example.org/hooks/ingot --type ami-updates
  ingot notifications add slack team --to-file slack.url --least warning")]
    Add {
        #[command(subcommand)]
        kind: AddAction,
    },
    /// Remove a receiver, and what waits for it
    #[command(after_help = "Examples:
  ingot notifications remove ops")]
    Remove {
        /// Its name
        #[arg(value_name = "RECEIVER")]
        name: String,
    },
    /// Send a receiver a test, and say how that went
    #[command(after_help = "Examples:
  ingot notifications test ops")]
    Test {
        /// Its name
        #[arg(value_name = "RECEIVER")]
        name: String,
    },
    /// Try a disabled receiver again
    #[command(after_help = "Examples:
  ingot notifications enable ops")]
    Enable {
        /// Its name
        #[arg(value_name = "RECEIVER")]
        name: String,
    },
    /// Show or change what a receiver wishes to hear, and when; what is not named stays
    #[command(after_help = "Examples:
  ingot notifications preferences ops
  ingot notifications preferences ops --least warning --quiet 22:00-07:00 --zone Europe/Berlin
  ingot notifications preferences ops --digest 08:00 --zone America/New_York
  ingot notifications preferences ops --quiet '' --digest ''")]
    Preferences {
        /// Its name
        #[arg(value_name = "RECEIVER")]
        name: String,
        #[command(flatten)]
        wishes: WishArgs,
    },
}

/// The kinds of receivers.
#[derive(Clone, Subcommand)]
pub(crate) enum AddAction {
    /// A mailbox, by SMTP
    #[command(after_help = "Examples:
  ingot notifications add email ops --to ops@example.org --from ingot@example.org --server smtps://mail.example.org
  ingot notifications add email ops --to ops@example.org --from ingot@example.org \\
      --server smtp://mail.example.org:587 --user ingot --password-file smtp.password")]
    Email {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Whom it is for
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        /// Whom it is from
        #[arg(long, value_name = "ADDRESS")]
        from: String,
        /// smtps://HOST (TLS), smtp://HOST:587 (STARTTLS), or on this computer smtp+plain://127.0.0.1:25
        #[arg(long, value_name = "URL")]
        server: String,
        /// The user at the server
        #[arg(long, value_name = "NAME", requires = "password_file")]
        user: Option<String>,
        /// A file whose first line is the password, so that it is on no command line; `-` for stdin
        #[arg(long, value_name = "FILE", requires = "user")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        wishes: WishArgs,
    },
    /// A program, by signed Standard Webhooks; the signing secret is shown once
    #[command(after_help = "Examples:
  ingot notifications add webhook ci --to https://ci.example.org/hooks/ingot")]
    Webhook {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Where to post
        #[arg(long, value_name = "URL", required_unless_present = "to_file")]
        to: Option<String>,
        /// A file whose first line is where to post; `-` for stdin
        #[arg(long, value_name = "FILE", conflicts_with = "to")]
        to_file: Option<PathBuf>,
        /// A file whose first line is the signing secret, `whsec_…`; a new one when absent
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
        #[command(flatten)]
        wishes: WishArgs,
    },
    /// Slack, or what takes its incoming webhooks
    #[command(after_help = "Examples:
  ingot notifications add slack team --to-file slack.url --least warning")]
    Slack {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Where to post
        #[arg(long, value_name = "URL", required_unless_present = "to_file")]
        to: Option<String>,
        /// A file whose first line is where to post; `-` for stdin
        #[arg(long, value_name = "FILE", conflicts_with = "to")]
        to_file: Option<PathBuf>,
        #[command(flatten)]
        wishes: WishArgs,
    },
}

/// What a receiver wishes to hear, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct WishArgs {
    /// Only these types or groups; '' for all
    #[arg(long = "type", value_name = "TYPE,…", value_delimiter = ',')]
    pub(crate) topics: Option<Vec<String>>,
    /// Not these types or groups; '' for none
    #[arg(long, value_name = "TYPE,…", value_delimiter = ',')]
    pub(crate) mute: Option<Vec<String>>,
    /// Only what matters at least so much: info, warning, critical
    #[arg(long, value_name = "LEVEL")]
    pub(crate) least: Option<String>,
    /// Local times at which only what is critical is sent, such as 22:00-07:00; '' for none
    #[arg(long, value_name = "HOURS")]
    pub(crate) quiet: Option<String>,
    /// The time zone of quiet hours and digest
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
    /// The local time of a daily digest, such as 08:00; '' for none
    #[arg(long, value_name = "HH:MM")]
    pub(crate) digest: Option<String>,
}
