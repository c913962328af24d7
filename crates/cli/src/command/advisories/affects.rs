//! `ingot advisories affects`: which images and running deployments have a vulnerability.

use ingot_client::Client;
use ingot_client::affected::{Affected, AffectedBase};

use crate::output::{Output, clean, or_dash, table};

/// `ingot advisories affects CVE`
pub(crate) async fn affects(client: &Client, output: Output, cve: &str) -> anyhow::Result<()> {
    output.result(&client.affected(cve).await?, people)
}

fn people(told: &Affected) -> String {
    let cve = clean(&told.cve);
    if told.bases.is_empty() {
        return format!(
            "No judged update of a base image names {cve}: nothing here is known to have it.\n`ingot advisories show {cve}` says what the feeds know."
        );
    }
    let head = ["base", "build", "fixed in", "advisory", "package", "grade"];
    let mut text = table(head, told.bases.iter().map(base));
    if told.images.is_empty() {
        text.push_str("\n\nNo image that can be launched from stands on one of these.");
    } else {
        let head = [
            "image",
            "template",
            "version",
            "region",
            "stands on",
            "fixed in",
        ];
        text.push_str("\n\n");
        text.push_str(&table(
            head,
            told.images.iter().map(|one| {
                [
                    clean(one.ami_id.as_deref().unwrap_or(&one.id)),
                    clean(&one.template),
                    clean(&one.version),
                    clean(&one.region),
                    clean(&one.on.build),
                    or_dash(&one.on.fixed_in),
                ]
            }),
        ));
    }
    if told.deployments.is_empty() {
        text.push_str("\n\nNo running deployment was launched from one of these.");
    } else {
        let head = [
            "deployment",
            "instance",
            "template",
            "version",
            "region",
            "stands on",
        ];
        text.push_str("\n\n");
        text.push_str(&table(
            head,
            told.deployments.iter().map(|one| {
                [
                    clean(&one.id),
                    clean(&one.instance_id),
                    clean(&one.template),
                    clean(&one.version),
                    clean(&one.region),
                    clean(&one.on.build),
                ]
            }),
        ));
    }
    text
}

fn base(one: &AffectedBase) -> [String; 6] {
    [
        clean(&one.base),
        clean(&one.build),
        or_dash(&one.fixed_in),
        or_dash(&one.advisory),
        clean(&one.package),
        clean(&one.grade),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_judgement_names_is_not_called_safe() {
        let told = Affected {
            cve: "CVE-2024-1".to_owned(),
            bases: vec![],
            images: vec![],
            deployments: vec![],
        };
        let said = people(&told);
        assert!(said.contains("nothing here is known to have it"), "{said}");
        assert!(said.contains("ingot advisories show CVE-2024-1"), "{said}");
    }
}
