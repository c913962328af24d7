//! The lists Ingot asks for, each once: whether they are allowed, and which objects of this installation there are, which
//! dry runs can be asked about.

use ingot_domain::arch::Arch;
use ingot_domain::check::trial::BASE;
use ingot_domain::check::{Answer, Bearing, Fact, Tally};
use ingot_domain::image::INSTALL_TAG;
use ingot_domain::template::BaseImage;

use super::super::classify::Call;
use super::super::{AwsCloud, base_images, groups, images, instances, tagged, tags};
use super::answer;
use crate::error::CloudError;
use crate::facts::{BaseImageFacts, InstanceState};
use crate::spec::{CheckPlan, ImageQuery};

/// A command that was never sent and an instance that no account has, for questions that need a name.
const NO_COMMAND: &str = "00000000-0000-0000-0000-000000000000";
const NO_INSTANCE: &str = "i-00000000000000000";

/// What the lists showed.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) tally: Tally,
    pub(super) instance: Option<String>,
    pub(super) image: Option<String>,
    pub(super) snapshot: Option<String>,
    pub(super) group: Option<String>,
    pub(super) subnet: Option<String>,
    /// The default VPC: there, absent, or not to be asked.
    pub(super) default_vpc: Option<Option<String>>,
    /// The VPC of `subnet`.
    pub(super) vpc: Option<String>,
    pub(super) base: Option<BaseImageFacts>,
}

impl Seen {
    fn kept<T>(&mut self, action: &str, asked: Result<T, CloudError>) -> Option<T> {
        match asked {
            Ok(found) => {
                self.tally.answered(action, &[], Answer::Yes);
                Some(found)
            }
            Err(error) => {
                self.tally
                    .answered(action, &[], answer::<()>(Err(error), &[]));
                None
            }
        }
    }

    /// Whether deployments may leave the subnet out.
    pub(super) fn default_vpc_fact(&self, region: &str) -> Fact {
        let (bearing, text) = match &self.default_vpc {
            Some(Some(id)) => (
                Bearing::Good,
                format!("{id}: deployments need name no subnet"),
            ),
            Some(None) => (
                Bearing::Note,
                format!("none in {region}: every deployment there must name a subnet"),
            ),
            None => (Bearing::Unknown, "it could not be asked for".to_owned()),
        };
        Fact {
            name: "default_vpc".to_owned(),
            bearing,
            text,
        }
    }
}

/// Asks for everything once.
pub(super) async fn ours(cloud: &AwsCloud, region: &str, plan: &CheckPlan) -> Seen {
    let mut seen = Seen::default();
    let install = plan.install.as_str();
    let by_tag = || tags::exactly(format!("tag:{INSTALL_TAG}"), install);
    let found = instances::find(cloud, region, vec![by_tag()]).await;
    let found = seen
        .kept("ec2:DescribeInstances", found)
        .unwrap_or_default();
    let ended = [InstanceState::Terminated, InstanceState::ShuttingDown];
    let living = found.into_iter().find(|one| !ended.contains(&one.state));
    seen.instance = living.map(|one| one.id);
    let query = ImageQuery {
        tags: [(INSTALL_TAG.to_owned(), install.to_owned())].into(),
        ..ImageQuery::default()
    };
    let found = images::query(cloud, region, &query).await;
    let found = seen.kept("ec2:DescribeImages", found).unwrap_or_default();
    seen.image = found.into_iter().next().map(|one| one.id);
    let found = tagged::snapshots(cloud, region, by_tag()).await;
    let found = seen
        .kept("ec2:DescribeSnapshots", found)
        .unwrap_or_default();
    seen.snapshot = found.into_iter().next().map(|one| one.id);
    let found = tagged::groups(cloud, region, by_tag()).await;
    let found = seen
        .kept("ec2:DescribeSecurityGroups", found)
        .unwrap_or_default();
    seen.group = found.into_iter().next().map(|one| one.id);
    let found = groups::default_vpc(cloud, region).await;
    seen.default_vpc = seen.kept("ec2:DescribeVpcs", found);
    let found = some_subnet(cloud, region).await;
    if let Some((subnet, vpc)) = seen.kept("ec2:DescribeSubnets", found).flatten() {
        (seen.subnet, seen.vpc) = (Some(subnet), Some(vpc));
    }
    parameter(cloud, region, &mut seen).await;
    command(cloud, region, &mut seen).await;
    seen
}

pub(super) async fn some_subnet(
    cloud: &AwsCloud,
    region: &str,
) -> Result<Option<(String, String)>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeSubnets",
        region,
    };
    // The fewest EC2 answers.
    let request = cloud.at(&call)?.ec2.describe_subnets().max_results(5);
    let answer = cloud.asked(&call, request.send()).await?;
    Ok(answer
        .subnets()
        .iter()
        .find_map(|subnet| Some((subnet.subnet_id()?.to_owned(), subnet.vpc_id()?.to_owned()))))
}

/// A base image, as a launch would look it up.
async fn parameter(cloud: &AwsCloud, region: &str, seen: &mut Seen) {
    let found = base_images::resolve(
        cloud,
        region,
        &BaseImage::Ssm(BASE.to_owned()),
        Arch::X86_64,
    )
    .await;
    match found {
        Ok(base) => {
            seen.tally.answered("ssm:GetParameter", &[], Answer::Yes);
            seen.base = Some(base);
        }
        // The image behind the parameter is another call's question.
        Err(error) if error.operation != "GetParameter" => {
            seen.tally.answered("ssm:GetParameter", &[], Answer::Yes);
        }
        Err(error) => {
            let said = answer::<()>(Err(error), &["ParameterNotFound"]);
            seen.tally.answered("ssm:GetParameter", &[], said);
        }
    }
}

async fn command(cloud: &AwsCloud, region: &str, seen: &mut Seen) {
    let asked = instances::checks(cloud, region, NO_INSTANCE).await;
    let known = ["InvalidInstanceID.NotFound"];
    seen.tally
        .answered("ec2:DescribeInstanceStatus", &[], answer(asked, &known));
    let asked = instances::console(cloud, region, NO_INSTANCE, true).await;
    seen.tally
        .answered("ec2:GetConsoleOutput", &[], answer(asked, &known));
    let asked = super::super::commands::state(cloud, region, NO_INSTANCE, NO_COMMAND).await;
    let known = [
        "InvocationDoesNotExist",
        "InvalidCommandId",
        "InvalidInstanceId",
    ];
    seen.tally
        .answered("ssm:GetCommandInvocation", &[], answer(asked, &known));
}
