//! Fixes against lists of packages, by tables.

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::Instant;
use crate::advisory::level::SecurityLevel;
use crate::advisory::record::{Cve, Kind, Signals};
use crate::arch::Arch;

fn day(number: i64) -> Instant {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + number)
}

fn base(name: &str) -> Base {
    Base::parse(name).expect("a base image")
}

/// Lines as `dpkg-query` or `rpm` write them: name, version, architecture, source, the source's version.
fn carried(of: &str, lines: &str) -> Carried {
    Carried::new(base(of), Listed::read(lines))
}

fn fix(package: &str, fixed: &str) -> Fix {
    Fix {
        package: package.to_owned(),
        source: None,
        fixed: Some(fixed.to_owned()).filter(|fixed| !fixed.is_empty()),
        reach: Reach::Plain,
        arch: None,
    }
}

fn advisory(of: &str, fixes: &[Fix]) -> Advisory {
    let base = base(of);
    Advisory {
        os: base.os,
        id: "A-1".to_owned(),
        release: base.release,
        kind: Kind::Security,
        published: day(1),
        modified: None,
        withdrawn: None,
        first_seen: None,
        severity: Some("high".to_owned()),
        titled: vec![],
        cves: vec![Cve {
            id: "CVE-2024-6387".to_owned(),
            ..Cve::default()
        }],
        fixes: fixes.to_vec(),
    }
}

const JAMMY: &str = "openssh-server\t1:8.9p1-3ubuntu0.7\tamd64\topenssh\t1:8.9p1-3ubuntu0.7
openssh-client\t1:8.9p1-3ubuntu0.7\tamd64\topenssh\t1:8.9p1-3ubuntu0.7
nginx\t1.18.0-6ubuntu14.4\tamd64\tnginx\t1.18.0-6ubuntu14.4
libfoo1\t2.0-1+b2\tamd64\tfoo\t2.0-1
blank\tunknown\tamd64\tblank\tunknown
linux-image-6.5.0-1021-aws\t6.5.0-1021.21~22.04.1\tamd64\tlinux-signed-aws-6.5\t6.5.0-1021.21~22.04.1
linux-image-6.5.0-1018-aws\t6.5.0-1018.18~22.04.1\tamd64\tlinux-signed-aws-6.5\t6.5.0-1018.18~22.04.1
# uname -r: 6.5.0-1018-aws
";

#[test]
fn each_fix_is_held_against_the_list() {
    use Holding::*;
    let table = [
        // The order is dpkg's: 7 is below 10.
        ("openssh", "1:8.9p1-3ubuntu0.10", Vulnerable),
        ("openssh", "1:8.9p1-3ubuntu0.7", Fixed),
        ("openssh", "1:8.9p1-3ubuntu0.6", Fixed),
        // A package that the template installed by itself.
        ("nginx", "1.18.0-6ubuntu14.5", Vulnerable),
        // A rebuild's own number is none of the source's.
        ("foo", "2.0-1", Fixed),
        ("foo", "2.0-2", Vulnerable),
        ("postgresql-14", "14.12-1", NotConcerned),
        // Nothing to compare: neither fixed nor vulnerable.
        ("openssh", "", Unknown),
        ("openssh", "none", Unknown),
        ("blank", "1.0", Unknown),
        // The newest kernel boots next, of its own line; those of other clouds and lines never do.
        ("linux-aws-6.5", "6.5.0-1021.21~22.04.1", Fixed),
        ("linux-aws-6.5", "6.5.0-1022.22~22.04.1", Vulnerable),
        ("linux-aws", "5.15.0-1063.69", NotConcerned),
        ("linux-azure", "6.5.0-1022.22", NotConcerned),
    ];
    let carried = carried("ubuntu-22.04", JAMMY);
    for (package, fixed, holding) in table {
        let known = advisory("ubuntu-22.04", &[fix(package, fixed)]);
        assert_eq!(carried.holding(&known), holding, "{package} {fixed}");
    }
}

#[test]
fn rpm_orders_its_own_way_and_names_binaries() {
    use Holding::*;
    let list = "openssh-server\t0:8.7p1-38.el9\tx86_64\topenssh-8.7p1-38.el9.src.rpm
kernel-core\t0:5.14.0-427.13.1.el9_4\tx86_64\tkernel-5.14.0-427.13.1.el9_4.src.rpm
kernel-core\t0:5.14.0-427.22.1.el9_4\tx86_64\tkernel-5.14.0-427.22.1.el9_4.src.rpm
# uname -r: 5.14.0-427.13.1.el9_4.x86_64
";
    let carried = carried("almalinux-9", list);
    let table = [
        ("openssh-server", "0:8.7p1-38.el9_4.1", Vulnerable),
        ("openssh-server", "8.7p1-38.el9", Fixed),
        // A binary package of the same source that is not installed.
        ("openssh-clients", "0:8.7p1-38.el9_4.1", NotConcerned),
        ("kernel-core", "0:5.14.0-427.20.1.el9_4", Fixed),
        ("kernel-core", "0:5.14.0-427.24.1.el9_4", Vulnerable),
    ];
    for (package, fixed, holding) in table {
        let mut one = fix(package, fixed);
        one.source = Some("openssh".to_owned()).filter(|_| package.starts_with("openssh"));
        let known = advisory("almalinux-9", &[one]);
        assert_eq!(carried.holding(&known), holding, "{package} {fixed}");
    }
}

#[test]
fn advisories_of_others_say_nothing() {
    let carried = carried("ubuntu-22.04", JAMMY);
    let lacking = fix("openssh", "1:8.9p1-3ubuntu0.10");
    let holding = |known: &Advisory| carried.holding(known);
    for other in ["ubuntu-24.04", "debian-12"] {
        let known = advisory(other, std::slice::from_ref(&lacking));
        assert_eq!(holding(&known), Holding::NotConcerned, "{other}");
    }
    let mut arm = lacking.clone();
    arm.arch = Some(Arch::Arm64);
    let mut unused = lacking.clone();
    unused.reach = Reach::Unused;
    let known = advisory("ubuntu-22.04", &[arm, unused]);
    assert_eq!(holding(&known), Holding::NotConcerned);
    let mut subscribed = lacking;
    subscribed.reach = Reach::Subscription;
    let known = advisory("ubuntu-22.04", &[subscribed]);
    let parts = carried.parts(&known);
    assert!(parts.iter().all(|part| part.subscription), "{parts:?}");
    assert_eq!(holding(&known), Holding::Vulnerable);
}

#[test]
fn a_record_without_versions_leaves_what_it_names_unknown() {
    let carried = carried("ubuntu-22.04", JAMMY);
    let mut cut = advisory("ubuntu-22.04", &[]);
    cut.titled = vec!["openssh".to_owned(), "postgresql-14".to_owned()];
    assert_eq!(carried.holding(&cut), Holding::Unknown);
    cut.titled = vec!["postgresql-14".to_owned()];
    assert_eq!(carried.holding(&cut), Holding::NotConcerned);
}

#[test]
fn a_source_is_told_once_by_the_package_that_listens() {
    let carried = carried("ubuntu-22.04", JAMMY);
    let known = advisory("ubuntu-22.04", &[fix("openssh", "1:8.9p1-3ubuntu0.10")]);
    let parts = carried.parts(&known);
    let [part] = parts.as_slice() else {
        panic!("{parts:?}");
    };
    assert_eq!(part.package, "openssh-server");
    assert_eq!(part.installed.as_deref(), Some("1:8.9p1-3ubuntu0.7"));
    assert_eq!(part.fixed.as_deref(), Some("1:8.9p1-3ubuntu0.10"));
}

#[test]
fn an_advisory_that_names_no_source_is_told_once_for_each_source() {
    let list = "openssl\t1:3.0.7-27.el9\tx86_64\topenssl-3.0.7-27.el9.src.rpm
openssl-libs\t1:3.0.7-27.el9\tx86_64\topenssl-3.0.7-27.el9.src.rpm
";
    let fixes = ["openssl", "openssl-libs", "openssl-devel"];
    let fixes = fixes.map(|name| fix(name, "1:3.0.7-28.el9_4"));
    let parts = carried("almalinux-9", list).parts(&advisory("almalinux-9", &fixes));
    let [part] = parts.as_slice() else {
        panic!("{parts:?}");
    };
    assert_eq!(
        (part.package.as_str(), part.holding),
        ("openssl", Holding::Vulnerable)
    );
    assert_eq!(part.source.as_deref(), Some("openssl"));
}

#[test]
fn only_what_holds_at_the_time_counts() {
    let carried = carried("ubuntu-22.04", JAMMY);
    let open = |change: fn(&mut Advisory)| {
        let mut known = advisory("ubuntu-22.04", &[fix("nginx", "2.0")]);
        change(&mut known);
        let told = holdings(&carried, &[known], &Signals::default(), day(2));
        (told.open.len(), told.unknown.len(), told.fixed)
    };
    assert_eq!(open(|_| {}), (1, 0, 0));
    assert_eq!(open(|known| known.published = day(3)), (0, 0, 0));
    assert_eq!(open(|known| known.withdrawn = Some(day(2))), (0, 0, 0));
    assert_eq!(open(|known| known.withdrawn = Some(day(3))), (1, 0, 0));
    assert_eq!(open(|known| known.fixes[0].fixed = None), (0, 1, 0));
    assert_eq!(
        open(|known| known.fixes[0].fixed = Some("1.0".to_owned())),
        (0, 0, 1)
    );
    let plain = |known: &mut Advisory| {
        known.kind = Kind::Bugfix;
        known.cves.clear();
    };
    assert_eq!(open(plain), (0, 0, 0));
}

#[test]
fn the_gravest_stands_first_and_no_level_is_not_low() {
    let carried = carried("ubuntu-22.04", JAMMY);
    let known = |id: &str, word: Option<&str>| Advisory {
        id: id.to_owned(),
        severity: word.map(str::to_owned),
        ..advisory("ubuntu-22.04", &[fix("nginx", "2.0")])
    };
    let all = [
        known("low", Some("low")),
        known("silent", None),
        known("high", Some("high")),
    ];
    let told = holdings(&carried, &all, &Signals::default(), day(2));
    let order: Vec<&str> = told.open.iter().map(|item| &*item.advisory).collect();
    assert_eq!(order, ["high", "silent", "low"]);
    assert_eq!(told.open[1].level, SecurityLevel::Unknown);
}

#[test]
fn two_lists_are_held_against_each_other() {
    let before = carried("ubuntu-22.04", JAMMY);
    let now = carried(
        "ubuntu-22.04",
        "openssh-server\t1:8.9p1-3ubuntu0.10\tamd64\topenssh\t1:8.9p1-3ubuntu0.10
nginx\t1.18.0-6ubuntu14.4\tamd64\tnginx\t1.18.0-6ubuntu14.4
curl\t7.81.0-1\tamd64\tcurl\t7.81.0-1",
    );
    let known = |id: &str, one: Fix| Advisory {
        id: id.to_owned(),
        ..advisory("ubuntu-22.04", &[one])
    };
    let all = [
        known("ssh", fix("openssh", "1:8.9p1-3ubuntu0.10")),
        known("web", fix("nginx", "1.18.0-6ubuntu14.5")),
        known("new", fix("curl", "7.81.0-2")),
    ];
    let open = |of: &Carried| holdings(of, &all, &Signals::default(), day(2)).open;
    let said = against(&open(&now), &open(&before));
    let ids = |items: &[Item]| -> Vec<String> {
        items.iter().map(|item| item.advisory.clone()).collect()
    };
    assert_eq!(ids(&said.fixed), ["ssh"]);
    assert_eq!(ids(&said.new), ["new"]);
}

#[test]
fn a_list_says_which_system_it_is_of() {
    let table = [
        ("Ubuntu 22.04.4 LTS", Some("ubuntu-22.04")),
        ("Debian GNU/Linux 12 (bookworm)", Some("debian-12")),
        (
            "Amazon Linux release 2023.5.20240701 (Amazon Linux)",
            Some("amazon-linux-2023"),
        ),
        ("Amazon Linux release 2 (Karoo)", Some("amazon-linux-2")),
        (
            "AlmaLinux release 9.4 (Seafoam Ocelot)",
            Some("almalinux-9"),
        ),
        ("Rocky Linux release 9.4 (Blue Onyx)", Some("rocky-9")),
        (
            "Red Hat Enterprise Linux release 9.4 (Plow)",
            Some("rhel-9"),
        ),
        ("Ubuntu", None),
        ("Ubuntu 21.10", None),
        ("Fedora release 40", None),
        ("", None),
    ];
    for (text, name) in table {
        let found = system(text, Arch::X86_64).map(|base| base.to_string());
        assert_eq!(found.as_deref(), name, "{text}");
    }
}
