//! `ingot templates check --against REGION`: AWS itself is asked, with the credentials of this environment, as `ingot
//! identity` does: no worker need run, and a pipeline checks a template before any installation has it.

use ingot_cloud::Account;
use ingot_cloud::aws::{AwsCloud, Fit, Verdict};
use ingot_domain::field::FieldError;
use ingot_domain::template::Template;
use serde::Serialize;

use crate::output::clean;
use crate::process::setup;

/// What AWS says in one region.
#[derive(Serialize)]
pub(super) struct Against {
    region: String,
    account: String,
    answers: Vec<Said>,
}

/// Of one field.
#[derive(Serialize)]
struct Said {
    field: String,
    value: String,
    /// `fits`, `misfit` or `unasked`.
    verdict: &'static str,
    /// What it led to, or why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Asks.
pub(super) async fn ask(
    template: &Template,
    region: &str,
    install: Option<String>,
) -> anyhow::Result<Against> {
    let mut config = setup::aws_config()?;
    config.region = Some(region.to_owned());
    let cloud = AwsCloud::connect(config).await;
    let cloud = cloud.map_err(|error| setup::not_reached(&error))?;
    let identity = cloud.identity().await;
    let identity = identity.map_err(|error| setup::not_reached(&error))?;
    let answers = cloud.fits(region, template, install.as_deref()).await;
    Ok(Against {
        region: region.to_owned(),
        account: identity.account,
        answers: answers.into_iter().map(said).collect(),
    })
}

fn said(fit: Fit) -> Said {
    let (verdict, detail) = match fit.verdict {
        Verdict::Fits(led_to) => ("fits", led_to),
        Verdict::Misfit(why) => ("misfit", Some(why)),
        Verdict::Unasked(why) => ("unasked", Some(why)),
    };
    Said {
        field: fit.field,
        value: fit.value,
        verdict,
        detail,
    }
}

impl Against {
    /// What does not fit, as what is wrong with the template.
    pub(super) fn misfits(&self) -> Vec<FieldError> {
        let misfits = self.answers.iter().filter(|one| one.verdict == "misfit");
        let told = misfits.map(|one| {
            let detail = one.detail.as_deref().unwrap_or_default();
            let message = format!("`{}` in {}: {detail}", one.value, self.region);
            FieldError::new(&one.field, &one.value, message)
        });
        told.collect()
    }

    /// Every answer, one a line.
    pub(super) fn told(&self) -> String {
        let (region, account) = (clean(&self.region), clean(&self.account));
        let mut text = format!("\nagainst {region} (account {account}):");
        for one in &self.answers {
            let word = match one.verdict {
                "fits" => "fits",
                "misfit" => "DOES NOT FIT",
                _ => "could not be asked",
            };
            let detail = one.detail.as_deref().map(clean);
            let detail = detail.map_or(String::new(), |detail| format!(": {detail}"));
            let (field, value) = (clean(&one.field), clean(&one.value));
            text.push_str(&format!("\n  {field} {value} {word}{detail}"));
        }
        text
    }
}
