//! The dry runs. EC2 says for each whether it would have been done; one that a condition on tags guards is asked about an
//! object of this installation, for about any other the answer would be no.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    IamInstanceProfileSpecification, InstanceType, IpPermission, IpRange, ResourceType,
};
use ingot_domain::check::trial::SMALLEST;
use ingot_domain::check::{Answer, Bearing, Fact, Tally};
use ingot_domain::image::{INSTALL_TAG, MANAGED_BY};

use super::super::classify::Call;
use super::super::client::Regional;
use super::super::{AwsCloud, tags};
use super::reads::Seen;
use super::{WOULD, answer};
use crate::spec::CheckPlan;

/// Name of what a dry run would have made.
const NAME: &str = "ingot-check";

struct Dry<'a> {
    cloud: &'a AwsCloud,
    clients: Regional,
    region: &'a str,
    tags: BTreeMap<String, String>,
}

/// Asks every dry run; answers what is said of the profiles of templates.
pub(super) async fn ask(
    cloud: &AwsCloud,
    region: &str,
    plan: &CheckPlan,
    seen: &Seen,
    tally: &mut Tally,
) -> Vec<Fact> {
    let connect = Call {
        service: "aws",
        operation: "Connect",
        region,
    };
    let Ok(clients) = cloud.at(&connect) else {
        return Vec::new();
    };
    let tags = [
        (INSTALL_TAG, plan.install.as_str()),
        ("ManagedBy", MANAGED_BY),
    ];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let dry = Dry {
        cloud,
        clients,
        region,
        tags: tags.into(),
    };
    dry.groups(seen, tally).await;
    dry.images(seen, tally).await;
    dry.launches(plan, seen, tally).await
}

/// What is said where there is nothing to ask about.
fn nothing(what: &str, region: &str) -> Answer {
    Answer::Unclear(format!(
        "only an object of this installation can be asked about, and it has no {what} in {region}; ask again when it has"
    ))
}

impl Dry<'_> {
    fn call(&self, operation: &'static str) -> Call<'_> {
        Call {
            service: "ec2",
            operation,
            region: self.region,
        }
    }

    async fn would<T, E>(
        &self,
        call: Call<'_>,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Answer
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        answer(self.cloud.asked(&call, request).await, &WOULD)
    }

    async fn groups(&self, seen: &Seen, tally: &mut Tally) {
        let ec2 = &self.clients.ec2;
        let vpc = seen.default_vpc.clone().flatten().or(seen.vpc.clone());
        let said = if vpc.is_some() {
            let request = ec2
                .create_security_group()
                .group_name(NAME)
                .description(NAME)
                .set_vpc_id(vpc)
                .set_tag_specifications(tags::specifications(
                    [ResourceType::SecurityGroup],
                    &self.tags,
                ))
                .dry_run(true);
            self.would(self.call("CreateSecurityGroup"), request.send())
                .await
        } else {
            Answer::Unclear(format!("no VPC to ask with is known in {}", self.region))
        };
        tally.answered("ec2:CreateSecurityGroup", &["ec2:CreateTags"], said);
        let (add, delete) = match &seen.group {
            Some(id) => {
                let nobody = IpRange::builder().cidr_ip("192.0.2.1/32").build();
                let rule = IpPermission::builder()
                    .ip_protocol("tcp")
                    .from_port(443)
                    .to_port(443)
                    .ip_ranges(nobody)
                    .build();
                let add = ec2
                    .authorize_security_group_ingress()
                    .group_id(id)
                    .ip_permissions(rule)
                    .dry_run(true);
                let delete = ec2.delete_security_group().group_id(id).dry_run(true);
                (
                    self.would(self.call("AuthorizeSecurityGroupIngress"), add.send())
                        .await,
                    self.would(self.call("DeleteSecurityGroup"), delete.send())
                        .await,
                )
            }
            None => (
                nothing("security group", self.region),
                nothing("security group", self.region),
            ),
        };
        tally.answered("ec2:AuthorizeSecurityGroupIngress", &[], add);
        tally.answered("ec2:DeleteSecurityGroup", &[], delete);
    }

    async fn images(&self, seen: &Seen, tally: &mut Tally) {
        let ec2 = &self.clients.ec2;
        let (create, terminate) = match &seen.instance {
            Some(id) => {
                let kinds = [ResourceType::Image, ResourceType::Snapshot];
                let create = ec2
                    .create_image()
                    .instance_id(id)
                    .name(format!("{NAME}-{id}"))
                    .no_reboot(true)
                    .set_tag_specifications(tags::specifications(kinds, &self.tags))
                    .dry_run(true);
                let terminate = ec2.terminate_instances().instance_ids(id).dry_run(true);
                (
                    self.would(self.call("CreateImage"), create.send()).await,
                    self.would(self.call("TerminateInstances"), terminate.send())
                        .await,
                )
            }
            None => (
                nothing("instance", self.region),
                nothing("instance", self.region),
            ),
        };
        tally.answered("ec2:CreateImage", &["ec2:CreateTags"], create);
        tally.answered("ec2:TerminateInstances", &[], terminate);
        let said = match &seen.image {
            Some(id) => {
                let request = ec2.deregister_image().image_id(id).dry_run(true);
                self.would(self.call("DeregisterImage"), request.send())
                    .await
            }
            None => nothing("AMI", self.region),
        };
        tally.answered("ec2:DeregisterImage", &[], said);
        let said = match &seen.image {
            Some(id) => {
                let kinds = [ResourceType::Image, ResourceType::Snapshot];
                let request = ec2
                    .copy_image()
                    .source_region(self.region)
                    .source_image_id(id)
                    .name(format!("{NAME}-{id}"))
                    .set_tag_specifications(tags::specifications(kinds, &self.tags))
                    .dry_run(true);
                self.would(self.call("CopyImage"), request.send()).await
            }
            None => nothing("AMI", self.region),
        };
        tally.answered("ec2:CopyImage", &["ec2:CreateTags"], said);
        let said = match &seen.snapshot {
            Some(id) => {
                let request = ec2.delete_snapshot().snapshot_id(id).dry_run(true);
                self.would(self.call("DeleteSnapshot"), request.send())
                    .await
            }
            None => nothing("snapshot", self.region),
        };
        tally.answered("ec2:DeleteSnapshot", &[], said);
    }

    async fn launches(&self, plan: &CheckPlan, seen: &Seen, tally: &mut Tally) -> Vec<Fact> {
        let (run, pass) = ("ec2:RunInstances", "iam:PassRole");
        let Some(launch) = self.launch(seen) else {
            let why = format!(
                "no base image or no subnet to ask with is known in {}",
                self.region
            );
            tally.answered(run, &[], Answer::Unclear(why.clone()));
            tally.answered(pass, &[], Answer::Unclear(why));
            return Vec::new();
        };
        let said = self
            .would(self.call("RunInstances"), launch.clone().send())
            .await;
        let allowed = said == Answer::Yes;
        tally.answered(run, &["ec2:CreateTags"], said);
        if plan.profiles.is_empty() {
            let why = "no template names an instance profile".to_owned();
            tally.answered(pass, &[], Answer::Unclear(why));
        }
        let mut facts = Vec::new();
        for name in &plan.profiles {
            if !allowed {
                let why = "a launch without a profile is refused already".to_owned();
                tally.answered(pass, &[], Answer::Unclear(why));
                continue;
            }
            let profile = IamInstanceProfileSpecification::builder()
                .name(name)
                .build();
            let with = launch.clone().iam_instance_profile(profile);
            let said = self.would(self.call("RunInstances"), with.send()).await;
            facts.push(profile_fact(name, &said));
            // The launch itself is allowed, so a refusal is about the profile's role, whatever action is named.
            let said = match said {
                Answer::No { reason, .. } => Answer::No {
                    named: None,
                    reason: format!("profile {name}: {reason}"),
                },
                said => said,
            };
            tally.answered(pass, &[], said);
        }
        facts
    }

    /// A launch as a deployment makes it, of the smallest type, without a profile.
    fn launch(&self, seen: &Seen) -> Option<RunInstancesFluentBuilder> {
        let base = seen.base.as_ref().map(|base| &base.id);
        let image = base.or(seen.image.as_ref())?;
        let subnet = match &seen.default_vpc {
            Some(Some(_)) => None,
            _ => Some(seen.subnet.clone()?),
        };
        let kinds = [ResourceType::Instance, ResourceType::Volume];
        Some(
            self.clients
                .ec2
                .run_instances()
                .min_count(1)
                .max_count(1)
                .image_id(image)
                .instance_type(InstanceType::from(SMALLEST))
                .set_subnet_id(subnet)
                .set_tag_specifications(tags::specifications(kinds, &self.tags))
                .dry_run(true),
        )
    }
}

fn profile_fact(name: &str, said: &Answer) -> Fact {
    let (bearing, text) = match said {
        Answer::Yes => (Bearing::Good, format!("{name} can be given to instances")),
        Answer::No { .. } => (
            Bearing::Note,
            format!("{name} may not be given to instances: iam:PassRole on its role is missing"),
        ),
        Answer::Unclear(why) => (Bearing::Note, format!("{name}: {why}")),
    };
    Fact {
        name: "instance_profile".to_owned(),
        bearing,
        text,
    }
}
