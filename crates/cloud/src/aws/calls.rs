//! Every call this adapter sends to AWS: what for, which permission it takes, and whether AWS tells beforehand that it is
//! allowed. The policy, the check of an account and `docs/aws-permissions.md` are made from this list, and a test holds
//! it against the adapter's sources.

mod list;
mod markdown;

pub use list::CALLS;
pub use markdown::markdown;

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsCall {
    /// `ec2`, `ssm`, `sts` or `servicequotas`, as in the SDK and in metrics.
    pub service: &'static str,
    /// Such as `RunInstances`.
    pub operation: &'static str,
    /// What Ingot makes it for.
    pub why: &'static str,
    /// What it needs, the call's own permission first. Empty: AWS never refuses it.
    pub needs: &'static [Need],
    /// Whether it can be found out beforehand that it is allowed.
    pub asked: Asked,
    /// It only serves the check.
    pub check_only: bool,
}

/// An IAM action and what it is granted on.
pub type Need = (&'static str, Grant);

/// How `ingot aws check` learns whether a call is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It only reads, so it is made.
    Really,
    /// EC2 answers `DryRun` with whether it would have been allowed.
    DryRun,
    /// The same, about an object of this installation: a condition on tags lets nothing else pass.
    DryRunOnOurs,
    /// It cannot, for this reason.
    Never(&'static str),
}

/// What actions are granted on, and when: one statement of the policy each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Lists and settings, which IAM knows without resources.
    Read,
    /// Parameters that AWS and vendors publish.
    PublicParameters,
    /// What an instance is launched from and into.
    LaunchUses,
    /// A new security group's VPC.
    GroupsVpc,
    /// What a call makes, if the call gives it this installation's tags.
    MakesOurs,
    /// Tags, only while a call makes what they are on.
    TagsAtCreation,
    /// What carries this installation's tag.
    ChangesOurs,
    /// The document that runs a shell command.
    CommandDocument,
    /// Instances that carry this installation's tag, as SSM sees their tags.
    CommandOnOurs,
    /// The role of the instance profile, handed to an instance; only with a role.
    PassesRole,
    /// The customer-managed key of volumes and snapshots; only with a key.
    UsesKey,
    /// Grants on that key, which only EC2 may use; only with a key.
    GrantsKey,
}

impl AwsCall {
    /// It makes, changes or removes nothing.
    pub fn reads(&self) -> bool {
        self.needs
            .iter()
            .all(|(_, grant)| matches!(grant, Grant::Read | Grant::PublicParameters))
    }

    /// The call's own IAM action, such as `ec2:RunInstances`.
    pub fn action(&self) -> String {
        self.needs.first().map_or_else(
            || format!("{}:{}", self.service, self.operation),
            |(action, _)| (*action).to_owned(),
        )
    }
}

/// The call of this service and name.
pub fn find(service: &str, operation: &str) -> Option<&'static AwsCall> {
    CALLS
        .iter()
        .find(|call| call.service == service && call.operation == operation)
}

#[cfg(test)]
mod tests;
