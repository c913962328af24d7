//! `ingot images …` and `ingot templates …`: what there is to launch.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use ingot_domain::image::ImageStatus;

use crate::args::auto_ami::AutoAmiArgs;
use crate::args::connection::Connection;
use crate::args::copies::CopyArgs;
use crate::args::page::PageArgs;

/// List and show the AMIs that deployments left
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot images list --template kamiwaza --status available
  ingot amis show ami-0123456789abcdef0")]
pub(crate) struct ImagesArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: ImagesAction,
}

/// What can be done with images.
#[derive(Clone, Subcommand)]
pub(crate) enum ImagesAction {
    List(ImageListArgs),
    /// Show one image
    #[command(after_help = "Examples:
  ingot images show ami-0123456789abcdef0
  ingot images show img_… --json")]
    Show {
        /// img_… or ami-…
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Print what became of an image: made from what, seen how in EC2, decided by whom
    #[command(after_help = "With --json: one JSON line for each event.

Examples:
  ingot images logs ami-0123456789abcdef0
  ingot images logs img_… --after 3")]
    Logs {
        /// img_… or ami-…
        #[arg(value_name = "ID")]
        id: String,
        /// Only lines after this number (`seq`)
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
        after: i64,
    },
    /// Let an image that was found in the account be used
    #[command(
        after_help = "Its key is served by it and deployments launch from it, also when Ingot did not make it; Ingot never changes it.

Examples:
  ingot images adopt ami-0123456789abcdef0 --reason 'made by the scripts, checked by hand'"
    )]
    Adopt {
        /// img_… or ami-…
        #[arg(value_name = "ID")]
        id: String,
        /// Why; kept with the image
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Forget an image, so that its key is free; the AMI stays
    #[command(after_help = "Examples:
  ingot images drop ami-0123456789abcdef0 --reason 'a backup'")]
    Drop {
        /// img_… or ami-…
        #[arg(value_name = "ID")]
        id: String,
        /// Why; kept with the image
        #[arg(long, value_name = "TEXT", default_value = "dropped by hand")]
        reason: String,
    },
    Copy(CopyArgs),
}

/// List images, newest first
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot images list
  ingot images list --template kamiwaza --version v0.9.2 --region us-east-1 --status available")]
pub(crate) struct ImageListArgs {
    /// Only this template
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Option<String>,
    /// Only this version
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Only this region
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Only this status
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(ImageStatus::ALL.iter().map(|s| s.as_str())))]
    pub(crate) status: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// List, show, check and apply templates
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot templates list
  ingot templates show kamiwaza --yaml > mine.yaml
  ingot templates check mine.yaml && ingot templates apply mine.yaml")]
pub(crate) struct TemplatesArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: TemplatesAction,
}

/// What can be done with templates.
#[derive(Clone, Subcommand)]
pub(crate) enum TemplatesAction {
    /// List the templates
    #[command(after_help = "Examples:\n  ingot templates list")]
    List,
    /// Show one template
    #[command(after_help = "Examples:
  ingot templates show kamiwaza
  ingot templates show kamiwaza --yaml > mine.yaml
  ingot templates show web --revision 2 --yaml
  ingot templates show web --yaml --merged")]
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// This revision; the newest when absent
        #[arg(long, value_name = "N")]
        revision: Option<u32>,
        /// Print the YAML it can be applied from
        #[arg(long, conflicts_with = "json")]
        yaml: bool,
        /// With all that it inherits, as it is installed
        #[arg(long, requires = "yaml")]
        merged: bool,
    },
    /// List the revisions of a template, newest first
    #[command(after_help = "Examples:
  ingot templates revisions web
  ingot templates revisions web --all")]
    Revisions {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show what changed between two revisions of a template
    #[command(after_help = "Examples:
  ingot templates diff web                 # what its newest revision changed
  ingot templates diff web --from 1 --to 3")]
    Diff {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// From this revision; the one before `--to` when absent
        #[arg(long, value_name = "N")]
        from: Option<u32>,
        /// To this revision; the newest when absent
        #[arg(long, value_name = "N")]
        to: Option<u32>,
    },
    /// Print the story of a template's builds: who switched them off or on, and why
    #[command(after_help = "With --json: one JSON line for each event.

Examples:
  ingot templates logs web
  ingot templates logs web --after 3")]
    Logs {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Only lines after this number (`seq`)
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
        after: i64,
    },
    /// Check a template file here, without asking the API
    #[command(
        after_help = "Everything that is wrong is named with line and column; the exit code is 3 then. With --against, AWS is asked as well, by this command itself with the credentials of this environment: whether base image, instance types, zones and instance profile are there in the region and fit. Nothing is made: it reads, and launches run dry.

Examples:
  ingot templates check mine.yaml
  ingot templates check mine.yaml --against eu-central-1
  ingot templates check - < mine.yaml"
    )]
    Check {
        /// YAML file; `-` reads stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Ask AWS whether what it names is there in this region and fits
        #[arg(long, value_name = "REGION")]
        against: Option<String>,
    },
    /// List the recipes that come with Ingot: to be applied as they are, or to begin with
    #[command(
        after_help = "No API is asked. `ingot templates apply --catalogue NAME` applies one.

Examples:
  ingot templates catalogue
  ingot templates catalogue python
  ingot templates catalogue --yaml python-ml > mine.yaml"
    )]
    Catalogue {
        /// Only recipes whose name, description or packages hold these words
        #[arg(value_name = "SEARCH")]
        search: Vec<String>,
        /// Print the recipe of this name
        #[arg(long, value_name = "NAME", conflicts_with_all = ["search", "json"])]
        yaml: Option<String>,
    },
    /// Create a template, or its next revision
    #[command(after_help = "Examples:
  ingot templates apply mine.yaml
  ingot templates apply --catalogue python-ml
  ingot templates apply mine.yaml --expect-revision 3  # refused when another one came in between
  ingot templates apply mine.yaml --expect-revision 0  # only as a new template")]
    Apply {
        /// YAML file; `-` reads stdin
        #[arg(value_name = "FILE", required_unless_present = "catalogue")]
        file: Option<PathBuf>,
        /// The recipe of this name in the catalogue, in place of a file
        #[arg(long, value_name = "NAME", conflicts_with = "file")]
        catalogue: Option<String>,
        /// The revision the file was written on: with another one as the newest it is refused; 0 for a new template
        #[arg(long, value_name = "N")]
        expect_revision: Option<u32>,
        /// Repeating a call with the same key changes nothing more; random when absent
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// Apply every template of a folder, and say what became of each file
    #[command(
        after_help = "Every .yaml and .yml file, parents before those that inherit from them. Templates of Prism's runtime form are written anew; what was not carried over is named. What is wrong with a file is named, the others are applied, and the exit code is 3 then.

Examples:
  ingot templates import ./templates
  ingot templates import ./templates --json"
    )]
    Import {
        /// A folder with YAML files
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    AutoAmi(AutoAmiArgs),
}
