//! Asks AWS which of our calls it would allow in one region, and what of the account deployments meet. Everything here
//! reads or is a dry run: nothing is made, changed or removed.

mod dry;
mod facts;
mod reads;
pub(super) mod template;

use std::time::Duration;

use ingot_domain::check::{AccountCheck, Answer};

use super::AwsCloud;
use super::calls::{Asked, CALLS};
use crate::error::CloudError;
use crate::spec::CheckPlan;

/// What EC2 answers to a dry run of a caller who may: that it would have been done, or what of the object's state stands
/// against it, for which a caller who may not is not told.
const WOULD: [&str; 5] = [
    "DryRunOperation",
    "InvalidSnapshot.InUse",
    "DependencyViolation",
    "InvalidGroup.Duplicate",
    "InvalidPermission.Duplicate",
];

/// Looks at one region.
pub(super) async fn look(
    cloud: &AwsCloud,
    region: &str,
    plan: &CheckPlan,
) -> Result<AccountCheck, CloudError> {
    let (identity, ahead) = facts::identity(cloud).await?;
    let (seen, encryption, quotas) = tokio::join!(
        reads::ours(cloud, region, plan),
        facts::encryption(cloud, region),
        facts::quotas(cloud, region),
    );
    let mut tally = seen.tally.clone();
    let mut found = vec![facts::clock(ahead), seen.default_vpc_fact(region)];
    for (answers, facts) in [encryption, quotas] {
        for (action, answer) in answers {
            tally.answered(action, &[], answer);
        }
        found.extend(facts);
    }
    found.extend(dry::ask(cloud, region, plan, &seen, &mut tally).await);
    for call in CALLS {
        if let Asked::Never(why) = call.asked {
            tally.answered(&call.action(), &[], Answer::Unclear(why.to_owned()));
        }
    }
    Ok(AccountCheck {
        account: identity.account,
        arn: identity.arn,
        permissions: tally.verdicts(),
        facts: found,
        trial: None,
    })
}

/// What an answer says of a permission. `known` are codes by which AWS says that it would have done it, had there been
/// what the question named.
fn answer<T>(asked: Result<T, CloudError>, known: &[&str]) -> Answer {
    match asked {
        Ok(_) => Answer::Yes,
        Err(error) if known.contains(&error.code.as_str()) => Answer::Yes,
        Err(error) if error.is_refusal() => Answer::No {
            named: error.refused_action().map(str::to_owned),
            reason: error.message,
        },
        Err(error) => Answer::Unclear(format!("AWS answered {}: {}", error.code, error.message)),
    }
}

/// Seconds as people read them.
fn seconds(span: Duration) -> String {
    format!("{:.0} s", span.as_secs_f64())
}
