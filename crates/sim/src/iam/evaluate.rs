//! Whether a policy allows an ask: deny wins, then allow, and silence is no.

use super::asks::Ask;
use super::document::{Condition, Operator, Policy, Statement};
use crate::filters::glob;

/// What a policy says to one ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

impl Policy {
    /// Decides one ask as IAM does for a single identity-based policy.
    pub(crate) fn decide(&self, ask: &Ask) -> Verdict {
        let mut hits = self.statements.iter().filter(|one| one.fits(ask));
        let mut verdict = Verdict::NotAllowed;
        if hits.any(|one| {
            verdict = Verdict::Allowed;
            !one.allow
        }) {
            verdict = Verdict::Denied;
        }
        verdict
    }
}

impl Statement {
    fn fits(&self, ask: &Ask) -> bool {
        let action = ask.action.to_lowercase();
        self.actions.iter().any(|pattern| glob(pattern, &action))
            && self
                .resources
                .iter()
                .any(|pattern| fits_resource(pattern, &ask.resource))
            && self.conditions.iter().all(|condition| condition.holds(ask))
    }
}

/// Wildcards stay inside a part of an ARN, except in its last part.
fn fits_resource(pattern: &str, resource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, resource) = (parts(pattern), parts(resource));
    pattern.len() == resource.len()
        && pattern
            .iter()
            .zip(&resource)
            .all(|(pattern, part)| glob(pattern, part))
}

impl Condition {
    /// Values are or-ed; a key the call does not carry fits none of them.
    fn holds(&self, ask: &Ask) -> bool {
        let Some(have) = ask.fact(&self.key) else {
            return false;
        };
        self.values.iter().any(|want| match self.operator {
            Operator::StringEquals => want == have,
            Operator::StringLike => glob(want, have),
            Operator::Bool => want.eq_ignore_ascii_case(have),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::document;
    use super::*;
    use serde_json::{Value, json};

    fn decide(statements: Value, ask: &Ask) -> Verdict {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        document::read(&document).expect("understood").decide(ask)
    }

    fn terminate(tag: &str) -> Ask {
        let arn = "arn:aws:ec2:us-east-1:123456789012:instance/i-1";
        Ask::new("us-east-1", "ec2:TerminateInstances", arn.to_owned())
            .with("aws:ResourceTag/ManagedBy", tag)
            .with("aws:ResourceTag/Name", "web")
    }

    #[test]
    fn actions_and_resources_have_wildcards() {
        let table = [
            ("ec2:TerminateInstances", "*", Verdict::Allowed),
            ("EC2:terminate*", "*", Verdict::Allowed),
            ("ec2:Terminate?nstances", "*", Verdict::Allowed),
            ("*", "*", Verdict::Allowed),
            ("ssm:*", "*", Verdict::NotAllowed),
            ("ec2:Terminate", "*", Verdict::NotAllowed),
            ("ec2:*", "arn:aws:ec2:*:*:instance/*", Verdict::Allowed),
            ("ec2:*", "arn:aws:ec2:*:*:*", Verdict::Allowed),
            (
                "ec2:*",
                "arn:aws:ec2:us-east-?:*:instance/i-1",
                Verdict::Allowed,
            ),
            ("ec2:*", "arn:aws:ec2:*::instance/*", Verdict::NotAllowed),
            (
                "ec2:*",
                "arn:aws:ec2:eu-*:*:instance/*",
                Verdict::NotAllowed,
            ),
            ("ec2:*", "arn:aws:ec2:*:*:volume/*", Verdict::NotAllowed),
            ("ec2:*", "arn:aws:*:*:*:instance/i-2", Verdict::NotAllowed),
        ];
        for (action, resource, want) in table {
            let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
            assert_eq!(
                decide(statement, &terminate("us")),
                want,
                "{action} on {resource}"
            );
        }
    }

    #[test]
    fn conditions_are_anded_and_their_values_ored() {
        let table = [
            (
                json!({"StringEquals": {"aws:ResourceTag/ManagedBy": "us"}}),
                true,
            ),
            (
                json!({"StringEquals": {"AWS:resourcetag/managedby": ["them", "us"]}}),
                true,
            ),
            (
                json!({"StringEquals": {"aws:ResourceTag/ManagedBy": "US"}}),
                false,
            ),
            (
                json!({"StringEquals": {"aws:ResourceTag/ManagedBy": "u*"}}),
                false,
            ),
            (
                json!({"StringLike": {"aws:ResourceTag/ManagedBy": "u*"}}),
                true,
            ),
            (
                json!({"StringEquals": {"aws:ResourceTag/Other": "us"}}),
                false,
            ),
            (
                json!({"StringEquals": {"aws:RequestTag/ManagedBy": "us"}}),
                false,
            ),
            (
                json!({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}),
                true,
            ),
            (json!({"Bool": {"kms:GrantIsForAWSResource": true}}), false),
            (
                json!({"StringEquals": {"aws:ResourceTag/ManagedBy": "us", "aws:ResourceTag/Name": "web"}}),
                true,
            ),
            (
                json!({"StringEquals": {"aws:ResourceTag/ManagedBy": "us", "aws:ResourceTag/Name": "db"}}),
                false,
            ),
            (
                json!({"StringEquals": {"aws:ResourceTag/ManagedBy": "us"},
                       "StringLike": {"aws:ResourceTag/Name": "d*"}}),
                false,
            ),
        ];
        for (condition, want) in table {
            let statement =
                json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
            let verdict = decide(statement.clone(), &terminate("us"));
            assert_eq!(verdict == Verdict::Allowed, want, "{statement}");
        }
    }

    #[test]
    fn deny_wins_wherever_it_stands() {
        let allow = json!({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"});
        let deny = json!({"Effect": "Deny", "Action": "ec2:Terminate*", "Resource": "*",
                          "Condition": {"StringEquals": {"aws:ResourceTag/ManagedBy": "them"}}});
        for statements in [json!([allow, deny]), json!([deny, allow])] {
            assert_eq!(
                decide(statements.clone(), &terminate("them")),
                Verdict::Denied
            );
            assert_eq!(decide(statements, &terminate("us")), Verdict::Allowed);
        }
        assert_eq!(decide(deny, &terminate("us")), Verdict::NotAllowed);
    }

    #[test]
    fn grants_for_aws_are_a_flag() {
        let key = "arn:aws:kms:us-east-1:123456789012:key/k";
        let asks = super::super::key_asks("us-east-1", key);
        let ask = &asks[0];
        let with = |value: Value| {
            json!({"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*",
                   "Condition": {"Bool": {"kms:GrantIsForAWSResource": value}}})
        };
        assert_eq!(decide(with(json!("true")), ask), Verdict::Allowed);
        assert_eq!(decide(with(json!(false)), ask), Verdict::NotAllowed);
    }
}
