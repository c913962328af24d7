//! `ingot advisories affects`: which images and running deployments have a vulnerability.

use ingot_client::Client;
use ingot_client::affected::{
    Affected, AffectedBase, AffectedByList, AffectedDeployment, AffectedImage,
};

use crate::output::{Output, clean, or_dash, table};

/// `ingot advisories affects CVE`
pub(crate) async fn affects(client: &Client, output: Output, cve: &str) -> anyhow::Result<()> {
    output.result(&client.affected(cve).await?, people)
}

fn people(told: &Affected) -> String {
    let cve = clean(&told.cve);
    let nothing = told.bases.is_empty()
        && told.images.is_empty()
        && told.deployments.is_empty()
        && told.cleared.is_empty();
    if nothing {
        let mut text = format!(
            "Nothing here is known to have {cve}: no list of packages shows it, and no judged update of a base image names it.\n\
             `ingot advisories show {cve}` says what the feeds know."
        );
        text.push_str(&unknown(told));
        return text;
    }
    let mut parts = Vec::new();
    if !told.bases.is_empty() {
        let head = ["base", "build", "fixed in", "advisory", "package", "grade"];
        parts.push(table(head, told.bases.iter().map(base)));
    }
    if told.images.is_empty() {
        parts.push("No image that can be launched from is known to have it.".to_owned());
    } else {
        let head = [
            "image",
            "template",
            "version",
            "region",
            "package",
            "installed",
            "fixed in",
            "by",
        ];
        let row = |one: &AffectedImage| {
            let [package, installed, fixed, by] = evidence(one.by_list.as_ref(), one.on.as_ref());
            [
                clean(one.ami_id.as_deref().unwrap_or(&one.id)),
                clean(&one.template),
                clean(&one.version),
                clean(&one.region),
                package,
                installed,
                fixed,
                by,
            ]
        };
        parts.push(table(head, told.images.iter().map(row)));
    }
    if told.deployments.is_empty() {
        parts.push("No running deployment is known to have it.".to_owned());
    } else {
        let head = [
            "deployment",
            "instance",
            "template",
            "region",
            "package",
            "installed",
            "fixed in",
            "by",
        ];
        let row = |one: &AffectedDeployment| {
            let [package, installed, fixed, by] = evidence(one.by_list.as_ref(), one.on.as_ref());
            [
                clean(&one.id),
                clean(&one.instance_id),
                clean(&format!("{} {}", one.template, one.version)),
                clean(&one.region),
                package,
                installed,
                fixed,
                by,
            ]
        };
        parts.push(table(head, told.deployments.iter().map(row)));
    }
    if !told.cleared.is_empty() {
        parts.push(format!(
            "On a build that has it, and without it by lists of their own: {}",
            clean(&told.cleared.join(", "))
        ));
    }
    let mut text = parts.join("\n\n");
    text.push_str(&unknown(told));
    text
}

fn unknown(told: &Affected) -> String {
    match told.unknown {
        0 => String::new(),
        1 => {
            "\nOf one image or running deployment neither a list nor a judgement tells.".to_owned()
        }
        many => format!(
            "\nOf {many} images and running deployments neither a list nor a judgement tells."
        ),
    }
}

/// Package, installed version, version or build with the fix, and where that comes from: a list of its own says more than
/// the build it stands on.
fn evidence(list: Option<&AffectedByList>, on: Option<&AffectedBase>) -> [String; 4] {
    match (list, on) {
        (Some(list), _) => {
            let unsure = if list.holding == "unknown" {
                "; versions cannot be compared"
            } else {
                ""
            };
            [
                or_dash(&list.package),
                or_dash(&list.installed),
                or_dash(&list.fixed),
                format!("list of {}{unsure}", list.taken_at.format("%Y-%m-%d")),
            ]
        }
        (None, Some(on)) => [
            clean(&on.package),
            "-".to_owned(),
            on.fixed_in
                .as_deref()
                .map_or("-".to_owned(), |build| format!("build {}", clean(build))),
            format!("{} {}", clean(&on.base), clean(&on.build)),
        ],
        (None, None) => ["-", "-", "-", "-"].map(str::to_owned),
    }
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
            cleared: vec![],
            unknown: 2,
        };
        let said = people(&told);
        assert!(
            said.contains("Nothing here is known to have CVE-2024-1"),
            "{said}"
        );
        assert!(said.contains("Of 2 images"), "{said}");
        assert!(said.contains("ingot advisories show CVE-2024-1"), "{said}");
    }
}
