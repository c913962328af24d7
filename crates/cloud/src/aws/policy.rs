//! The IAM policy of one installation, from the list of calls: it may make only what it tags with its id, and change only
//! what carries that tag (REAL-AWS section D).

use std::collections::BTreeMap;

use ingot_domain::image::{INSTALL_TAG, KAMIWAZA_MANAGED_BY, MANAGED_BY};
use serde::Serialize;

use super::calls::{CALLS, Grant};

/// For whom a policy is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyFor {
    /// The installation's id, the value of the tag `ingot:install`.
    pub install: String,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// The role of the instance profile that templates name, as an ARN.
    pub role: Option<String>,
    /// The customer-managed key of the account's volumes, as an ARN.
    pub key: Option<String>,
    /// Only what reads.
    pub read_only: bool,
}

/// What a policy cannot be written for, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{option} {value}: {way_out}")]
pub struct PolicyError {
    /// The option's name.
    pub option: &'static str,
    /// What was given.
    pub value: String,
    /// What to do.
    pub way_out: &'static str,
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    /// Its statements.
    pub statement: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    sid: &'static str,
    effect: &'static str,
    /// What it allows.
    pub action: Vec<&'static str>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: Conditions,
}

/// By operator, then by key.
type Conditions = BTreeMap<&'static str, BTreeMap<String, Vec<String>>>;

impl PolicyFor {
    /// Reads what people give: ARNs are held against their shape, and the partition comes from them, else from `region`.
    ///
    /// # Errors
    /// The option, what was given, and what to give instead.
    pub fn read(
        install: &str,
        role: Option<&str>,
        key: Option<&str>,
        region: Option<&str>,
        read_only: bool,
    ) -> Result<PolicyFor, PolicyError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if install.is_empty() || install.len() > 64 || !install.chars().all(legal) {
            return Err(PolicyError {
                option: "--install",
                value: install.to_owned(),
                way_out: "give the id that `ingot status` shows",
            });
        }
        let role = role.map(role_arn).transpose()?;
        let key = key.map(key_arn).transpose()?;
        let told = [&role, &key].into_iter().flatten().next();
        let partition = match (told, region) {
            (Some(arn), _) => arn.split(':').nth(1).unwrap_or("aws"),
            (None, Some(region)) if region.starts_with("cn-") => "aws-cn",
            (None, Some(region)) if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Ok(PolicyFor {
            install: install.to_owned(),
            partition: partition.to_owned(),
            role,
            key,
            read_only,
        })
    }

    /// The policy.
    pub fn policy(&self) -> Policy {
        let mut statements: Vec<Statement> = Vec::new();
        let calls = CALLS
            .iter()
            .filter(|call| if self.read_only { call.reads() } else { true });
        for (action, grant) in calls.flat_map(|call| call.needs) {
            let Some(made) = self.statement(*grant) else {
                continue;
            };
            let at = statements.iter().position(|known| known.sid == made.sid);
            let at = at.unwrap_or_else(|| {
                statements.push(made);
                statements.len() - 1
            });
            let actions = &mut statements[at].action;
            if !actions.contains(action) {
                actions.push(action);
            }
        }
        Policy {
            version: "2012-10-17",
            statement: statements,
        }
    }

    /// A grant as a statement without actions; nothing when there is nothing to grant on.
    fn statement(&self, grant: Grant) -> Option<Statement> {
        let partition = &self.partition;
        let arns = |rest: &[&str]| -> Vec<String> {
            rest.iter()
                .map(|rest| format!("arn:{partition}:{rest}"))
                .collect()
        };
        let equals = |pairs: &[(&str, &[&str])]| conditions("StringEquals", pairs);
        let install: &[&str] = &[&self.install];
        let (sid, resource, condition) = match grant {
            Grant::Read => ("Read", vec!["*".to_owned()], Conditions::new()),
            Grant::PublicParameters => (
                "PublicParameters",
                arns(&["ssm:*::parameter/aws/service/*"]),
                Conditions::new(),
            ),
            Grant::LaunchUses => (
                "LaunchFromAndInto",
                arns(&[
                    "ec2:*::image/*",
                    "ec2:*::snapshot/*",
                    "ec2:*:*:subnet/*",
                    "ec2:*:*:security-group/*",
                    "ec2:*:*:network-interface/*",
                ]),
                Conditions::new(),
            ),
            Grant::GroupsVpc => ("GroupsInVpcs", arns(&["ec2:*:*:vpc/*"]), Conditions::new()),
            Grant::MakesOurs => (
                "MakeWithOurTags",
                arns(&[
                    "ec2:*:*:instance/*",
                    "ec2:*:*:volume/*",
                    "ec2:*:*:security-group/*",
                    "ec2:*::image/*",
                    "ec2:*::snapshot/*",
                ]),
                equals(&[
                    (&format!("aws:RequestTag/{INSTALL_TAG}"), install),
                    (
                        "aws:RequestTag/ManagedBy",
                        &[MANAGED_BY, KAMIWAZA_MANAGED_BY],
                    ),
                ]),
            ),
            Grant::TagsAtCreation => (
                "TagWhileMaking",
                arns(&["ec2:*:*:*/*", "ec2:*::*/*"]),
                equals(&[
                    (
                        "ec2:CreateAction",
                        &[
                            "RunInstances",
                            "CreateImage",
                            "CopyImage",
                            "CreateSecurityGroup",
                        ],
                    ),
                    (&format!("aws:RequestTag/{INSTALL_TAG}"), install),
                ]),
            ),
            Grant::ChangesOurs => (
                "ChangeWhatIsOurs",
                arns(&[
                    "ec2:*:*:instance/*",
                    "ec2:*:*:security-group/*",
                    "ec2:*::image/*",
                    "ec2:*::snapshot/*",
                ]),
                equals(&[(&format!("aws:ResourceTag/{INSTALL_TAG}"), install)]),
            ),
            Grant::CommandDocument => (
                "CommandDocument",
                arns(&["ssm:*::document/AWS-RunShellScript"]),
                Conditions::new(),
            ),
            Grant::CommandOnOurs => (
                "CommandOnWhatIsOurs",
                arns(&["ec2:*:*:instance/*"]),
                equals(&[(&format!("ssm:resourceTag/{INSTALL_TAG}"), install)]),
            ),
            Grant::PassesRole => {
                let service = if partition == "aws-cn" {
                    "ec2.amazonaws.com.cn"
                } else {
                    "ec2.amazonaws.com"
                };
                (
                    "PassTheRole",
                    vec![self.role.clone()?],
                    equals(&[("iam:PassedToService", &[service])]),
                )
            }
            Grant::UsesKey => ("UseTheKey", vec![self.key.clone()?], Conditions::new()),
            Grant::GrantsKey => (
                "GrantTheKeyToEc2",
                vec![self.key.clone()?],
                conditions("Bool", &[("kms:GrantIsForAWSResource", &["true"])]),
            ),
        };
        Some(Statement {
            sid,
            effect: "Allow",
            action: Vec::new(),
            resource,
            condition,
        })
    }
}

fn conditions(operator: &'static str, pairs: &[(&str, &[&str])]) -> Conditions {
    let keys = pairs.iter().map(|(key, values)| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        ((*key).to_owned(), values)
    });
    [(operator, keys.collect())].into()
}

fn role_arn(given: &str) -> Result<String, PolicyError> {
    let way_out = if given.contains(":instance-profile/") {
        "that is an instance profile; the policy needs its role: `aws iam get-instance-profile --instance-profile-name NAME --query 'InstanceProfile.Roles[].Arn'`"
    } else {
        "write the role as arn:aws:iam::123456789012:role/NAME"
    };
    arn(given, "iam", "role/").ok_or(PolicyError {
        option: "--role",
        value: given.to_owned(),
        way_out,
    })
}

fn key_arn(given: &str) -> Result<String, PolicyError> {
    let way_out = if given.contains("alias/") {
        "an alias grants nothing; give the key itself: `aws kms describe-key --key-id ALIAS --query KeyMetadata.Arn`"
    } else {
        "write the key as arn:aws:kms:us-east-1:123456789012:key/ID"
    };
    arn(given, "kms", "key/").ok_or(PolicyError {
        option: "--kms",
        value: given.to_owned(),
        way_out,
    })
}

/// An ARN of this service and kind, of any partition.
fn arn(given: &str, service: &str, kind: &str) -> Option<String> {
    let parts: Vec<&str> = given.splitn(6, ':').collect();
    let [head, partition, of, region, account, name] = parts.as_slice() else {
        return None;
    };
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "+=,.@_/-".contains(c))
    };
    let right = *head == "arn"
        && ["aws", "aws-cn", "aws-us-gov"].contains(partition)
        && *of == service
        && (service == "iam") == region.is_empty()
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && name.strip_prefix(kind).is_some_and(|name| !name.is_empty())
        && plain(name)
        && plain(region);
    right.then(|| given.to_owned())
}

#[cfg(test)]
mod tests;
