//! `ingot deploy`: the order, argument by argument.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ingot_client::deployment::{CreateDeployment, Ingress};

use crate::args::connection::Connection;
use crate::args::value;
use crate::failure::Usage;

/// Deploy a version of a template; the first deployment of a version leaves an AMI for the next ones
#[derive(Clone, Args)]
#[command(
    group = clap::ArgGroup::new("following").args(["watch", "wait"]),
    after_help = "Exit codes with --watch and --wait: 0 it answers and its AMI is made or not needed (with --build-only: the AMI is
there), 1 it ended otherwise, 7 --timeout passed.
With --json --watch: one JSON line for the deployment, one for each event, one for the deployment at its end.
With --json --wait: the deployment at its end.

Examples:
  ami=$(ingot deploy web --version 1.4.2 --region us-east-1 --build-only --wait --timeout 90m)
  ingot deploy kamiwaza --version v0.9.2 --region us-east-1 --watch
  ingot deploy kamiwaza --version v0.9.2 --region us-east-1 --image fresh --no-ami
  ingot deploy hello-web --version 1.0.0 --region eu-central-1 --ingress 443:203.0.113.0/24 --tag team=web
  ingot deploy shop --version 1.0.0 --region us-east-1 --set database=postgres --set workers=4
  ingot deploy kamiwaza --version v0.9.3 --user-data ./install.sh --idempotency-key release-0.9.3"
)]
pub(crate) struct DeployArgs {
    /// Template, such as `kamiwaza`; see `ingot templates list`
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: String,
    /// v1.2.3, 1.2.3, v1.2.3-patch1, release/1.2.3, 2024.06 or 1.2.3+build
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: String,
    /// AWS region; AWS_DEFAULT_REGION counts, too
    #[arg(long, value_name = "REGION", env = "AWS_REGION")]
    pub(crate) region: Option<String>,
    // Here for its environment variable only.
    #[arg(long, env = "AWS_DEFAULT_REGION", hide = true)]
    pub(crate) default_region: Option<String>,
    /// One of the template's modes; its first when absent
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<String>,
    /// One of the template's instance types; its first when absent
    #[arg(long, value_name = "TYPE")]
    pub(crate) instance_type: Option<String>,
    /// Root volume in GB, 8 to 1000; the template's when absent
    #[arg(long, value_name = "GB")]
    pub(crate) volume_size: Option<u32>,
    /// Name for people; template and version when absent
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Subnet; EC2's default when absent. May be repeated: the next one when EC2 has no room in the one before
    #[arg(long = "subnet", value_name = "SUBNET")]
    pub(crate) subnets: Vec<String>,
    /// Zone in place of a subnet, such as us-east-1a; may be repeated, in order
    #[arg(long = "zone", value_name = "ZONE", conflicts_with = "subnets")]
    pub(crate) zones: Vec<String>,
    /// Ask for a public IPv4 address (`true`) or for none (`false`); the template and the subnet decide when absent
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) public_ip: Option<bool>,
    /// Ask for an IPv6 address
    #[arg(long)]
    pub(crate) ipv6: bool,
    /// Existing security group; may be repeated
    #[arg(
        long = "security-group",
        value_name = "GROUP",
        conflicts_with = "ingress"
    )]
    pub(crate) security_groups: Vec<String>,
    /// Rule of the security group Ingot makes, such as 443:203.0.113.0/24; may be repeated
    #[arg(long, value_name = "PORT:CIDR", value_parser = value::ingress)]
    pub(crate) ingress: Vec<Ingress>,
    /// Tag of instance and AMI; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = value::tag)]
    pub(crate) tags: Vec<(String, String)>,
    /// Value of a parameter of the template; may be repeated. `ingot templates show TEMPLATE` lists them
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = value::setting)]
    pub(crate) parameters: Vec<(String, String)>,
    /// What to launch from: `auto` (an AMI of this version if there is one), `fresh`, or an AMI id
    #[arg(long, value_name = "auto|fresh|ami-…")]
    pub(crate) image: Option<String>,
    /// Why that AMI, when --image names one; told in the story
    #[arg(long, value_name = "TEXT", requires = "image")]
    pub(crate) image_reason: Option<String>,
    /// When the vendor has moved the base and the newest AMI is of the build before: launch from it and image nothing
    /// (`use`), install fresh and make the new AMI (`rebuild`), or launch nothing (`refuse`); the template's policy when absent
    #[arg(long, value_name = "use|rebuild|refuse")]
    pub(crate) stale: Option<String>,
    /// Launch from the AMI of --image although it is of another template, version or mode, or of other values of parameters;
    /// the deployment is recorded with the AMI's version and mode
    #[arg(long, requires = "image")]
    pub(crate) force: bool,
    /// Only the AMI: nothing is launched when there is one already, and the instance is terminated as soon as it is there
    #[arg(long)]
    pub(crate) build_only: bool,
    /// Keep the instance of a failed build for so long (2h)
    #[arg(long, value_name = "TIME", requires = "build_only", value_parser = value::span)]
    pub(crate) keep_for: Option<Duration>,
    /// Make the next generation of the AMI although there is one
    #[arg(long, requires = "build_only")]
    pub(crate) again: bool,
    /// Terminate the instance so long after it is ready or has failed (8h); the template's `ttl` when absent
    #[arg(long, value_name = "TIME", conflicts_with = "build_only", value_parser = value::span)]
    pub(crate) ttl: Option<Duration>,
    /// Make an AMI of it although the template says `images: {create: false}`
    #[arg(long, conflicts_with = "no_ami")]
    pub(crate) ami: bool,
    /// Make no AMI of it
    #[arg(long)]
    pub(crate) no_ami: bool,
    /// Make the AMI without rebooting the instance (crash-consistent only)
    #[arg(long, conflicts_with = "no_ami")]
    pub(crate) no_reboot: bool,
    /// Installation script in place of the template's; `-` reads stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) user_data: Option<PathBuf>,
    /// Only create it; `ingot deployments start` starts it
    #[arg(long, conflicts_with_all = ["watch", "wait"])]
    pub(crate) no_start: bool,
    /// Repeating a call with the same key creates nothing new; random when absent
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Follow it until it and its AMI are finished
    #[arg(long)]
    pub(crate) watch: bool,
    /// Wait until it and its AMI are finished, telling the story on stderr; stdout gets the AMI's id alone
    #[arg(long)]
    pub(crate) wait: bool,
    /// Give the watching or waiting up after this (90s, 15m, 2h), with exit code 7; the deployment goes on
    #[arg(long, value_name = "TIME", requires = "following", value_parser = value::span)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl DeployArgs {
    /// The API's request; `user_data` is the script that was read.
    pub(crate) fn request(&self, user_data: Option<String>) -> anyhow::Result<CreateDeployment> {
        let region = [&self.region, &self.default_region]
            .into_iter()
            .flatten()
            .find(|region| !region.is_empty())
            .ok_or_else(|| {
                Usage("which region? give --region or set AWS_REGION, such as us-east-1".to_owned())
            })?;
        let mut request = CreateDeployment {
            job_name: self.name.clone(),
            template: self.template.clone(),
            version: self.version.clone(),
            mode: self.mode.clone(),
            region: region.clone(),
            instance_type: self.instance_type.clone(),
            volume_size_gb: self.volume_size,
            subnet_id: self.subnets.first().cloned(),
            subnet_ids: self.subnets.iter().skip(1).cloned().collect(),
            zones: self.zones.clone(),
            assign_public_ip: self.public_ip,
            ipv6: self.ipv6.then_some(true),
            security_group_ids: self.security_groups.clone(),
            ingress: (!self.ingress.is_empty()).then(|| self.ingress.clone()),
            image: self.image.clone(),
            image_reason: self.image_reason.clone(),
            stale: self.stale.clone(),
            force: self.force,
            build_only: self.build_only,
            keep_for_seconds: self.keep_for.map(seconds),
            again: self.again,
            ttl_seconds: self.ttl.map(seconds),
            create_ami: match (self.ami, self.no_ami) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            no_reboot: self.no_reboot.then_some(true),
            start: self.no_start.then_some(false),
            user_data,
            ..CreateDeployment::default()
        };
        for (key, value) in &self.tags {
            if request.tags.insert(key.clone(), value.clone()).is_some() {
                return Err(Usage(format!("the tag `{key}` is given twice; keep one")).into());
            }
        }
        for (name, value) in &self.parameters {
            let twice = request.parameters.insert(name.clone(), value.clone());
            if twice.is_some() {
                return Err(Usage(format!("the parameter `{name}` is set twice; keep one")).into());
            }
        }
        Ok(request)
    }
}

/// As the API takes it. What is longer than it can be told is as long as it can: the API's rule refuses it by the field.
fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Command, parse};

    fn read(line: &str) -> DeployArgs {
        match parse(line.split(' ')).map(|cli| cli.command) {
            Ok(Command::Deploy(args)) => *args,
            Ok(_) => panic!("another command"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn what_is_not_said_is_left_to_the_template() {
        let request = read("ingot deploy kamiwaza --version v0.9.2 --region us-east-1")
            .request(None)
            .expect("request");
        let json = serde_json::to_value(request).expect("json");
        assert_eq!(
            json,
            serde_json::json!({"template": "kamiwaza", "version": "v0.9.2", "region": "us-east-1"})
        );
    }

    #[test]
    fn everything_that_is_said_arrives() {
        let request = read(
            "ingot deploy kamiwaza --version 1.2.3 --region r --mode lite --instance-type t3.xlarge --volume-size 20 --name n \
             --ttl 8h --subnet subnet-1 --subnet subnet-2 --public-ip false --ipv6 --ingress 443:10.0.0.0/8 --tag a=b --tag c= --set x=y=z --image fresh --no-reboot --stale rebuild --no-start",
        )
        .request(Some("#!/bin/sh".to_owned()))
        .expect("request");
        let json = serde_json::to_value(request).expect("json");
        let expected = serde_json::json!({
            "job_name": "n", "template": "kamiwaza", "version": "1.2.3", "mode": "lite", "region": "r",
            "instance_type": "t3.xlarge", "volume_size_gb": 20, "subnet_id": "subnet-1",
            "subnet_ids": ["subnet-2"], "assign_public_ip": false, "ipv6": true,
            "ingress": [{"port": 443, "cidr": "10.0.0.0/8"}], "tags": {"a": "b", "c": ""}, "parameters": {"x": "y=z"},
            "image": "fresh", "no_reboot": true, "stale": "rebuild", "user_data": "#!/bin/sh", "start": false, "ttl_seconds": 28_800,
        });
        assert_eq!(json, expected);
        let build =
            "ingot deploy t --version 1.2.3 --region r --build-only --keep-for 2h --again --ami";
        let request = read(build).request(None).expect("request");
        let json = serde_json::to_value(request).expect("json");
        let expected = serde_json::json!({
            "template": "t", "version": "1.2.3", "region": "r", "build_only": true, "keep_for_seconds": 7_200,
            "again": true, "create_ami": true,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_tag_twice_or_no_region_is_a_usage_error() {
        let twice =
            read("ingot deploy t --version 1.2.3 --region r --tag a=1 --tag a=2").request(None);
        let mut nowhere = read("ingot deploy t --version 1.2.3 --region r");
        nowhere.region = None;
        nowhere.default_region = Some(String::new());
        for error in [
            twice.expect_err("twice"),
            nowhere.request(None).expect_err("nowhere"),
        ] {
            assert_eq!(
                crate::failure::exit(&error),
                crate::failure::Exit::Usage,
                "{error}"
            );
        }
    }
}
