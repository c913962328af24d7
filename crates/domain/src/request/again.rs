//! An order made again by another revision of its template: what it said beyond the revision's defaults stays, what it left
//! to the template is the new revision's (N7 of FIELD).

use super::{Draft, Limits, Order, parse};
use crate::deployment::ImageChoice;
use crate::ec2;
use crate::field::FieldError;
use crate::network;
use crate::template::Template;

/// The order by the `newer` revision, or what of it does not fit there.
pub fn by_revision(
    order: &Order,
    older: &Template,
    newer: &Template,
    limits: &Limits,
) -> Result<Order, Vec<FieldError>> {
    let again = parse(draft_of(order, older), newer, limits)?;
    Ok(Order {
        told: order.told.clone(),
        ..again
    })
}

/// The draft that leads to an order by a revision, with nothing in it that the revision says as well.
fn draft_of(order: &Order, template: &Template) -> Draft {
    let types = template.instance_types.len();
    let named = order.instance_type != template.default_instance_type()
        || (order.instance_types.is_empty() && types > 1);
    let here = |zone: &&String| ec2::zone_region(zone) == Some(&order.region);
    let usual_zones = template.zones.iter().filter(here).eq(&order.zones);
    let usual_rules = order.ingress == network::normal_form(&template.ingress);
    let image = match order.image_choice {
        ImageChoice::Auto if template.images.reuse => None,
        ImageChoice::Auto => Some("auto".to_owned()),
        ImageChoice::Fresh if !template.images.reuse => None,
        ImageChoice::Fresh => Some("fresh".to_owned()),
        ImageChoice::Given => order.given_image.clone(),
    };
    let mut tags = order.tags.clone();
    tags.retain(|key, value| template.tags.get(key) != Some(value));
    let build = order.build_only;
    let stale = (build.is_none() && order.stale != template.images.stale).then_some(order.stale);
    let ttl = order
        .ttl_seconds
        .filter(|ttl| Some(*ttl) != template.ttl.map(|span| span.0));
    Draft {
        job_name: Some(order.job_name.clone()),
        template: order.template.clone(),
        version: order.version.to_string(),
        mode: (order.mode != template.default_mode()).then(|| order.mode.clone()),
        region: order.region.clone(),
        instance_type: named.then(|| order.instance_type.clone()),
        volume_size_gb: (order.volume_size_gb != template.volume.size_gb)
            .then_some(order.volume_size_gb),
        subnet_id: order.subnet_id.clone(),
        subnet_ids: order.subnet_ids.clone(),
        zones: if usual_zones {
            vec![]
        } else {
            order.zones.clone()
        },
        assign_public_ip: order
            .network
            .assign_public_ip
            .filter(|wanted| Some(*wanted) != template.network.assign_public_ip),
        ipv6: (order.network.ipv6 != template.network.ipv6).then_some(order.network.ipv6),
        security_group_ids: order.security_group_ids.clone(),
        ingress: (!usual_rules).then(|| order.ingress.clone()),
        tags,
        image,
        image_reason: order.image_reason.clone(),
        force: order.force,
        create_ami: (order.create_ami != template.images.create.images(build.is_some()))
            .then_some(order.create_ami),
        no_reboot: (order.no_reboot != template.images.no_reboot).then_some(order.no_reboot),
        user_data: order.user_data.clone(),
        parameters: order.parameters.clone(),
        stale: stale.map(|stale| stale.as_str().to_owned()),
        build_only: build.is_some(),
        keep_for_seconds: build
            .map(|build| build.keep_for_seconds)
            .filter(|seconds| *seconds > 0),
        again: build.is_some_and(|build| build.again),
        ttl_seconds: ttl,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draft, limits, template};
    use super::*;
    use crate::span::Span;
    use crate::stale::Stale;

    fn drafts() -> Vec<Draft> {
        let rule = |port| crate::network::IngressRule {
            port,
            to_port: None,
            cidr: "10.0.0.0/8".parse().expect("a block"),
        };
        vec![
            draft(),
            Draft {
                mode: Some("lite".into()),
                volume_size_gb: Some(50),
                ..draft()
            },
            Draft {
                instance_type: Some("m6i.xlarge".into()),
                ..draft()
            },
            Draft {
                subnet_id: Some("subnet-12345678".into()),
                ..draft()
            },
            Draft {
                zones: vec!["us-east-1b".into()],
                ..draft()
            },
            Draft {
                ingress: Some(vec![rule(443)]),
                ..draft()
            },
            Draft {
                ingress: Some(vec![]),
                ..draft()
            },
            Draft {
                security_group_ids: vec!["sg-12345678".into()],
                ..draft()
            },
            Draft {
                tags: [("Team".to_owned(), "b".to_owned())].into(),
                ..draft()
            },
            Draft {
                image: Some("fresh".into()),
                ..draft()
            },
            Draft {
                image: Some("auto".into()),
                ..draft()
            },
            Draft {
                image: Some("ami-12345678".into()),
                force: true,
                ..draft()
            },
            Draft {
                create_ami: Some(false),
                no_reboot: Some(true),
                ..draft()
            },
            Draft {
                user_data: Some("#!/bin/sh\ntrue\n".into()),
                ..draft()
            },
            Draft {
                stale: Some("rebuild".into()),
                ..draft()
            },
            Draft {
                assign_public_ip: Some(true),
                ipv6: Some(true),
                ..draft()
            },
            Draft {
                build_only: true,
                keep_for_seconds: Some(60),
                again: true,
                create_ami: Some(true),
                ..draft()
            },
            Draft {
                ttl_seconds: Some(3_600),
                ..draft()
            },
        ]
    }

    fn templates() -> Vec<Template> {
        let mut other = template();
        other.instance_types.push("m6i.2xlarge".into());
        other.zones = vec!["us-east-1a".into(), "eu-west-1a".into()];
        other.images.reuse = false;
        other.images.create = crate::template::Create::Never;
        other.images.stale = Stale::Rebuild;
        other.ttl = Some(Span(7_200));
        vec![template(), other]
    }

    #[test]
    fn by_the_same_revision_an_order_is_the_same() {
        for template in templates() {
            for draft in drafts() {
                let order = parse(draft, &template, &limits()).expect("an order");
                let again = by_revision(&order, &template, &template, &limits());
                assert_eq!(again, Ok(order));
            }
        }
    }

    #[test]
    fn what_was_left_to_the_template_is_the_new_revisions_and_what_was_said_stays() {
        let mut newer = template();
        newer.volume.size_gb = 60;
        newer.tags.insert("Team".into(), "c".into());
        newer.ttl = Some(Span(7_200));
        let said = Draft {
            volume_size_gb: Some(50),
            ..draft()
        };
        for (draft, size) in [(draft(), 60), (said, 50)] {
            let order = parse(draft, &template(), &limits()).expect("an order");
            let again = by_revision(&order, &template(), &newer, &limits()).expect("an order");
            assert_eq!(again.volume_size_gb, size);
            assert_eq!(again.tags["Team"], "c");
            assert_eq!(again.ttl_seconds, Some(7_200));
        }
        let lite = Draft {
            mode: Some("lite".into()),
            ..draft()
        };
        let order = parse(lite, &template(), &limits()).expect("an order");
        newer.modes = vec!["full".into()];
        let wrong = by_revision(&order, &template(), &newer, &limits()).expect_err("no such mode");
        assert_eq!(wrong[0].field, "mode");
    }
}
