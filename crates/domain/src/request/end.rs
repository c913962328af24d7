//! What a request says about the end of its instance: a build's, or a time to live. Contradictions are refused with the way
//! out.

use super::keep;
use crate::field::FieldError;
use crate::lifetime::{BuildOnly, LONGEST_KEEP, check_ttl};
use crate::span;
use crate::template::{Create, Kind, Template};

/// The fields of a draft that have to do with it.
pub(super) struct Asked<'a> {
    pub(super) build_only: bool,
    pub(super) keep_for_seconds: Option<u32>,
    pub(super) again: bool,
    pub(super) ttl_seconds: Option<u32>,
    pub(super) create_ami: Option<bool>,
    pub(super) given_image: Option<&'a str>,
}

/// The build, or the time to live.
pub(super) fn read(
    wrong: &mut Vec<FieldError>,
    asked: &Asked<'_>,
    template: &Template,
) -> (Option<BuildOnly>, Option<u32>) {
    if let Some(ttl) = asked.ttl_seconds {
        keep(wrong, check_ttl("ttl_seconds", ttl));
    }
    if !asked.build_only {
        let alone = "it is about a build: add `build_only` (`--build-only`), or leave it out";
        if let Some(seconds) = asked.keep_for_seconds {
            let value = span::told(seconds.into());
            wrong.push(FieldError::new("keep_for_seconds", value, alone));
        }
        if asked.again {
            wrong.push(FieldError::new("again", true, alone));
        }
        if asked.create_ami == Some(true) && template.images.create == Create::Build {
            let why = "the template says `images: {create: build}`: people work in its deployments, so none is imaged; ask for a build (`ingot templates auto-ami build`), or leave out the wish (`--ami`)";
            wrong.push(FieldError::new("create_ami", true, why));
        }
        let ttl = asked.ttl_seconds.or(template.ttl.map(|ttl| ttl.0));
        return (None, ttl);
    }
    let mut no = |field: &str, value: String, why: &str| {
        wrong.push(FieldError::new(field, value, why));
    };
    match asked.create_ami {
        Some(false) => no(
            "create_ami",
            "false".to_owned(),
            "a build is for its AMI: leave out `build_only` (`--build-only`), or the wish for none (`--no-ami`)",
        ),
        None if !template.images.create.is_made() => no(
            "build_only",
            "true".to_owned(),
            "the template says `images: {create: false}`: say `create_ami: true` (`--ami`), or change the template",
        ),
        _ => {}
    }
    if template.kind != Kind::GoldenImage {
        let why = "the template's kind makes no AMI: leave out `build_only` (`--build-only`)";
        no("build_only", "true".to_owned(), why);
    }
    if let Some(ami) = asked.given_image {
        let why = "a build installs on the template's base: leave out `image`, or `build_only`";
        no("image", ami.to_owned(), why);
    }
    if let Some(ttl) = asked.ttl_seconds {
        let why = "a build's instance ends with its AMI: say `keep_for_seconds` (`--keep-for`) for how long a failed one is kept";
        no("ttl_seconds", span::told(ttl.into()), why);
    }
    let keep_for_seconds = asked.keep_for_seconds.unwrap_or(0);
    if keep_for_seconds > LONGEST_KEEP {
        let why = "a failed build is kept for 30 days at most";
        no("keep_for_seconds", span::told(keep_for_seconds.into()), why);
    }
    let again = asked.again;
    let build = BuildOnly {
        keep_for_seconds,
        again,
    };
    (Some(build), None)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draft, limits, template};
    use super::super::{Draft, parse};
    use super::*;
    use crate::span::Span;
    use crate::stale::Stale;

    #[test]
    fn a_build_is_read_and_what_contradicts_it_is_refused_with_the_way_out() {
        let build = || Draft {
            build_only: true,
            ..draft()
        };
        let kept = Draft {
            keep_for_seconds: Some(7_200),
            again: true,
            ..build()
        };
        let order = parse(kept, &template(), &limits()).expect("an order");
        let expected = BuildOnly {
            keep_for_seconds: 7_200,
            again: true,
        };
        assert_eq!(order.build_only, Some(expected));
        assert_eq!(order.stale, Stale::Rebuild);
        let mut never = template();
        never.images.create = Create::Never;
        let mut docker = template();
        docker.kind = Kind::Docker;
        let table = [
            (
                Draft {
                    create_ami: Some(false),
                    ..build()
                },
                template(),
                "create_ami",
                "`--no-ami`",
            ),
            (build(), never.clone(), "build_only", "`--ami`"),
            (build(), docker, "build_only", "kind"),
            (
                Draft {
                    image: Some("ami-12345678".into()),
                    ..build()
                },
                template(),
                "image",
                "base",
            ),
            (
                Draft {
                    ttl_seconds: Some(3_600),
                    ..build()
                },
                template(),
                "ttl_seconds",
                "`--keep-for`",
            ),
            (
                Draft {
                    keep_for_seconds: Some(2_592_001),
                    ..build()
                },
                template(),
                "keep_for_seconds",
                "30 days",
            ),
            (
                Draft {
                    keep_for_seconds: Some(60),
                    ..draft()
                },
                template(),
                "keep_for_seconds",
                "`--build-only`",
            ),
            (
                Draft {
                    again: true,
                    ..draft()
                },
                template(),
                "again",
                "`--build-only`",
            ),
            (
                Draft {
                    ttl_seconds: Some(5),
                    ..draft()
                },
                template(),
                "ttl_seconds",
                "a minute",
            ),
        ];
        for (draft, template, field, way_out) in table {
            let wrong = parse(draft, &template, &limits()).expect_err(field);
            let fields: Vec<_> = wrong.iter().map(|one| one.field.as_str()).collect();
            assert_eq!(fields, [field], "{wrong:?}");
            assert!(wrong[0].message.contains(way_out), "{wrong:?}");
        }
        let wanted = Draft {
            create_ami: Some(true),
            ..build()
        };
        assert!(parse(wanted, &never, &limits()).is_ok());
    }

    #[test]
    fn a_time_to_live_is_the_requests_else_the_templates_and_never_a_builds() {
        let mut hours = template();
        hours.ttl = Some(Span(28_800));
        let ttl = |draft: Draft, template: &Template| {
            let order = parse(draft, template, &limits()).expect("an order");
            order.ttl_seconds
        };
        let one = Draft {
            ttl_seconds: Some(3_600),
            ..draft()
        };
        assert_eq!(ttl(one, &hours), Some(3_600));
        assert_eq!(ttl(draft(), &hours), Some(28_800));
        assert_eq!(ttl(draft(), &template()), None);
        let build = Draft {
            build_only: true,
            ..draft()
        };
        assert_eq!(ttl(build, &hours), None);
    }
}
