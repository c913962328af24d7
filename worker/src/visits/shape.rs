//! What a launch asks for: the image it starts from, the security group, tags and user data.

use std::collections::BTreeMap;
use std::io::Write;

use ingot_cloud::SecurityGroupSpec;
use ingot_domain::deployment::ImageChoice;
use ingot_domain::event::{Line, Source};
use ingot_domain::image::{
    DEPLOYMENT_TAG, EFFECT_TAG, INSTALL_TAG, ImageKey, ImageStatus, MANAGED_BY,
};
use ingot_domain::{render, userdata};

use crate::case::{Case, VisitError};
use crate::tools::Tools;

/// The image to launch from, with its row, or `None` for a fresh install (F51).
pub(super) async fn choose_image(
    tools: &Tools,
    case: &mut Case,
    key: &ImageKey,
) -> Result<Option<(String, Option<String>)>, VisitError> {
    let say = |case: &mut Case, text: String| {
        case.say(Line::info("deployment.image_chosen", Source::Deploy, text))
    };
    match case.order.image_choice {
        ImageChoice::Given => {
            let ami = case.order.given_image.clone().unwrap_or_default();
            say(case, format!("Using the requested AMI {ami}"));
            Ok(Some((ami, None)))
        }
        ImageChoice::Fresh => {
            say(case, "A fresh install was requested".to_owned());
            Ok(None)
        }
        ImageChoice::Auto => {
            let holder = tools.ledger.key_holder(key).await?;
            let available = holder.filter(|image| image.status == ImageStatus::Available.as_str());
            Ok(
                match available.and_then(|image| Some((image.ami_id.clone()?, image.id))) {
                    Some((ami, row)) => {
                        say(
                            case,
                            format!("Using cached AMI {ami}: only the first-boot script runs"),
                        );
                        Some((ami, Some(row)))
                    }
                    None => {
                        say(case, format!("No cached AMI for {key}: fresh install"));
                        None
                    }
                },
            )
        }
    }
}

/// Whether a deployment has a security group of its own.
pub(super) fn wants_group(case: &Case) -> bool {
    case.order.security_group_ids.is_empty() && !case.order.ingress.is_empty()
}

/// That group. Named after the deployment: a repeat finds the first (EC2 names are unique per VPC), so it needs no effect
/// row besides the launch's.
pub(super) fn own_group(tools: &Tools, case: &Case) -> Option<SecurityGroupSpec> {
    wants_group(case).then(|| SecurityGroupSpec {
        name: format!("ingot-{}", case.row.id),
        description: format!("Ingot deployment {}", case.row.id),
        subnet_id: case.order.subnet_id.clone(),
        ingress: case.order.ingress.clone(),
        tags: BTreeMap::from([
            (DEPLOYMENT_TAG.to_owned(), case.row.id.clone()),
            (INSTALL_TAG.to_owned(), tools.settings.install.clone()),
            ("ManagedBy".to_owned(), MANAGED_BY.to_owned()),
        ]),
    })
}

pub(super) fn instance_tags(tools: &Tools, case: &Case, effect: &str) -> BTreeMap<String, String> {
    let mut tags = case.order.tags.clone();
    for (name, value) in [
        ("Name", case.row.job_name.as_str()),
        ("ManagedBy", MANAGED_BY),
        ("Template", &case.row.template),
        ("KamiwazaVersion", &case.row.version),
        ("Mode", &case.row.mode),
        (DEPLOYMENT_TAG, &case.row.id),
        (EFFECT_TAG, effect),
        (INSTALL_TAG, &tools.settings.install),
    ] {
        tags.insert(name.to_owned(), value.to_owned());
    }
    tags
}

pub(super) fn script(case: &Case, cached: bool) -> String {
    let values = render::Values {
        template: &case.row.template,
        version: &case.row.version,
        mode: &case.row.mode,
        job_name: &case.row.job_name,
        region: &case.row.region,
        deployment_id: &case.row.id,
    };
    if cached {
        render::first_boot_script(&case.recipe, &values)
    } else {
        render::install_script(&case.recipe, &values)
    }
}

/// The script, or gzip of it when that is worth it (F7).
pub(super) fn packed(script: &str) -> Vec<u8> {
    let mut gzip = flate2::GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), flate2::Compression::best());
    let zipped = gzip
        .write_all(script.as_bytes())
        .and_then(|()| gzip.finish());
    match zipped {
        Ok(zipped) if userdata::gzip_is_useful(script.len(), zipped.len()) => zipped,
        _ => script.as_bytes().to_vec(),
    }
}
