//! Whose a template's base may be. Any account may publish an image under a vendor's name, so a base is launched only when the
//! id of its owner answers for it: a known vendor, this account, or the account that the template names. An alias such as
//! `amazon` is no id: AWS gives it to verified partners, too. A template that names an image by id names that image.

use crate::template::BaseImage;

/// Accounts that publish base images, with what each publishes: the owner ids that the vendors document, in the partitions
/// `aws`, `aws-us-gov` and `aws-cn`. The AWS Marketplace is none of them: it sells what others made.
const VENDORS: [(&str, &str); 24] = [
    ("137112412989", "Amazon Linux"),
    ("045324592363", "Amazon Linux in GovCloud"),
    ("141808717104", "Amazon Linux in China"),
    ("591542846629", "Amazon ECS"),
    ("602401143452", "Amazon EKS"),
    ("092701018921", "Bottlerocket"),
    ("898082745236", "AWS Deep Learning"),
    ("801119661308", "Windows"),
    ("099720109477", "Ubuntu"),
    ("513442679011", "Ubuntu in GovCloud"),
    ("837727238323", "Ubuntu in China"),
    ("309956199498", "Red Hat"),
    ("219670896067", "Red Hat in GovCloud"),
    ("841258680906", "Red Hat in China"),
    ("136693071363", "Debian"),
    ("792107900819", "Rocky Linux"),
    ("764336703387", "AlmaLinux"),
    ("013907871322", "SUSE"),
    ("125523088429", "Fedora and CentOS"),
    ("131827586825", "Oracle Linux"),
    ("075585003325", "Flatcar"),
    ("427812963091", "NixOS"),
    ("782442783595", "FreeBSD"),
    ("647457786197", "Arch Linux"),
];

/// AWS alone publishes parameters under this name, and a parameter names an image by id.
const PUBLISHED: &str = "/aws/service/";

/// Whether a base may be launched from; if not, why, with the way out. `home` is this account, `owner` the account that
/// DescribeImages tells of the image `id`, to which the template's words led.
pub fn base(home: &str, named: &BaseImage, id: &str, owner: Option<&str>) -> Result<(), String> {
    let known = |owner: &str| owner == home || VENDORS.iter().any(|(vendor, _)| *vendor == owner);
    let passes = match named {
        // A track's rule has held the image against the track's owner.
        BaseImage::Ami(_) | BaseImage::Track(_) => true,
        BaseImage::Ssm(parameter) if parameter.starts_with(PUBLISHED) => true,
        BaseImage::Ssm(_) => owner.is_some_and(known),
        BaseImage::Newest { owner: named, .. } => match named.as_str() {
            "self" => owner == Some(home),
            "amazon" | "aws-marketplace" => owner.is_some_and(known),
            account => owner == Some(account),
        },
    };
    if passes {
        return Ok(());
    }
    let whose = match owner {
        Some(owner) => format!("belongs to account {owner}"),
        None => "has an owner that EC2 does not tell".to_owned(),
    };
    Err(format!(
        "image {id}, to which `{}` leads, {whose}, which is neither a known vendor nor this account nor named by the template: \
         if it is right, name the owner by its account id in `base_image.newest.owner`, or the image in `base_image.ami`",
        named.describe()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "123456789012";
    const UBUNTU: &str = "099720109477";
    const STRANGER: &str = "999999999999";

    #[test]
    fn a_base_passes_by_its_owners_id_or_because_the_template_names_it() {
        let newest = |owner: &str| BaseImage::Newest {
            owner: owner.to_owned(),
            name: "ubuntu-*".to_owned(),
        };
        let published = BaseImage::Ssm("/aws/service/canonical/ubuntu/ami-id".to_owned());
        let own = BaseImage::Ssm("/team/base".to_owned());
        let fixed = BaseImage::Ami("ami-1".to_owned());
        let (stranger, unknown) = (Some(STRANGER), None);
        let table = [
            (&fixed, stranger, true),
            (&fixed, unknown, true),
            (&published, Some(UBUNTU), true),
            (&published, stranger, true),
            (&own, Some(HOME), true),
            (&own, Some(UBUNTU), true),
            (&own, stranger, false),
            (&own, unknown, false),
            (&newest(UBUNTU), Some(UBUNTU), true),
            (&newest(UBUNTU), stranger, false),
            (&newest(UBUNTU), unknown, false),
            (&newest(STRANGER), stranger, true),
            (&newest("self"), Some(HOME), true),
            (&newest("self"), Some(UBUNTU), false),
            (&newest("amazon"), Some(UBUNTU), true),
            (&newest("amazon"), Some(HOME), true),
            (&newest("amazon"), stranger, false),
            (&newest("amazon"), unknown, false),
            (&newest("aws-marketplace"), Some("679593333241"), false),
            (&newest(""), stranger, false),
            (&newest("*"), stranger, false),
        ];
        for (named, owner, passes) in table {
            let said = base(HOME, named, "ami-1", owner);
            assert_eq!(said.is_ok(), passes, "{named:?} {owner:?}: {said:?}");
            let Err(why) = said else { continue };
            for word in ["ami-1", owner.unwrap_or("does not tell"), "base_image.ami"] {
                assert!(why.contains(word), "{word}: {why}");
            }
        }
    }

    #[test]
    fn a_vendor_is_known_once_by_twelve_digits() {
        for (at, (id, what)) in VENDORS.iter().enumerate() {
            let digits = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
            assert!(digits && !what.is_empty(), "{id} {what}");
            let again = VENDORS[at + 1..].iter().any(|(other, _)| other == id);
            assert!(!again, "{id} stands twice");
        }
    }
}
