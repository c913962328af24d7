//! `ingot aws …`: what Ingot needs of an AWS account, and whether it has it.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::args::connection::Connection;
use crate::args::value;

/// The permissions Ingot needs in AWS: the policy, the calls behind it, and a check of the account
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot aws policy --role arn:aws:iam::123456789012:role/ingot-ssm > ingot-policy.json
  ingot aws policy --read-only
  ingot aws check --region us-east-1
  ingot aws calls")]
pub(crate) struct AwsArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: AwsAction,
}

/// What can be asked.
#[derive(Clone, Subcommand)]
pub(crate) enum AwsAction {
    Check(CheckArgs),
    Policy(PolicyArgs),
    Calls(CallsArgs),
}

/// Ask AWS, from a worker, which of Ingot's calls it allows in a region
///
/// Nothing is made, changed or removed: what reads is read, the rest is asked by EC2's DryRun. Each permission is allowed,
/// denied, or cannot be asked here, with the reason; only a denied one makes the check fail. The verdict is kept and shown
/// by `ingot doctor` and the console with its age.
///
/// With --launch one t3.micro is launched besides and ended within 5 minutes, whatever happens: it settles SSM, the instance
/// profile and its role, and the key of the volume. Its cost is said first.
#[derive(Clone, Args)]
#[command(
    after_help = "The exit code is 1 when a permission is denied, the check failed or the trial launch did.

Examples:
  ingot aws check
  ingot aws check --region eu-central-1
  ingot aws check --launch              with one small instance, after a question
  ingot aws check --launch --template kamiwaza --subnet subnet-0123456789abcdef0 --yes
  ingot aws check --last                what is known already, without asking
  ingot aws check --json | jq -r '.permissions[] | select(.verdict == \"denied\").action'"
)]
pub(crate) struct CheckArgs {
    /// Where to ask [default: the first region that deployments may run in]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Show what is known of every account and region instead of asking
    #[arg(long)]
    pub(crate) last: bool,
    /// Launch one t3.micro for at most 5 minutes and try it
    #[arg(long, conflicts_with = "last")]
    pub(crate) launch: bool,
    /// The template whose instance profile and key are tried [default: the first that names a profile]
    #[arg(long, value_name = "NAME", requires = "launch")]
    pub(crate) template: Option<String>,
    /// The instance profile to try, in place of the template's
    #[arg(long, value_name = "NAME", requires = "launch")]
    pub(crate) instance_profile: Option<String>,
    /// The KMS key of the volume to try, in place of the template's
    #[arg(long, value_name = "KEY", requires = "launch")]
    pub(crate) kms_key: Option<String>,
    /// The subnet to try [default: EC2's]
    #[arg(long, value_name = "SUBNET", requires = "launch")]
    pub(crate) subnet: Option<String>,
    /// Launch without asking
    #[arg(long, requires = "launch")]
    pub(crate) yes: bool,
    /// How long to wait for a worker's answer (90s, 15m) [default: 2m, with --launch 10m]
    #[arg(long, value_name = "TIME", value_parser = value::span)]
    pub(crate) timeout: Option<Duration>,
}

/// Print the IAM policy of this installation: it may change only what carries its tag
///
/// Nothing is asked of AWS. A policy names the installation by its id, which comes from the API, else from the ledger in
/// the data directory, else from --install.
#[derive(Clone, Args)]
#[command(
    after_help = "A role is what an instance may do; an instance profile is what EC2 wants it in. Templates name
the profile, the policy the role.

Examples:
  ingot aws policy --role arn:aws:iam::123456789012:role/ingot-ssm > ingot-policy.json
  ingot aws policy --kms arn:aws:kms:eu-central-1:123456789012:key/1234abcd-…
  ingot aws policy --read-only          what a check may ask, and nothing that changes anything
  aws iam create-policy --policy-name ingot --policy-document file://ingot-policy.json"
)]
pub(crate) struct PolicyArgs {
    /// The role of the instance profile that templates name; without it no instance can be given one
    #[arg(long, value_name = "ARN")]
    pub(crate) role: Option<String>,
    /// The customer-managed key that encrypts the account's volumes
    #[arg(long, value_name = "ARN")]
    pub(crate) kms: Option<String>,
    /// Only what reads
    #[arg(long)]
    pub(crate) read_only: bool,
    /// The installation's id [default: what the API or the ledger in the data directory says]
    #[arg(long, value_name = "ID")]
    pub(crate) install: Option<String>,
    /// Whose partition the policy is for, when neither --role nor --kms tells; AWS_REGION when absent
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// Print every call Ingot makes to AWS, what for, and what it needs
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot aws calls
  ingot aws calls --json | jq -r '.[].needs[]' | sort -u")]
pub(crate) struct CallsArgs {
    /// Print the page of documentation
    #[arg(long)]
    pub(crate) markdown: bool,
}
