//! Lists of packages, by tables.

use super::*;
use crate::advisory::base::Base;

fn package(name: &str, version: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        source: None,
        source_version: None,
    }
}

#[test]
fn the_highest_version_stands_for_the_image_unless_another_boots() {
    let kernels = vec![
        package("kernel-core", "5.14.0-9.el9"),
        package("kernel-core", "5.14.0-10.el9"),
    ];
    let mut list = PackageList::new(kernels, &BaseSet::default());
    let version = |list: &PackageList| {
        list.installed("kernel-core", Order::Rpm)
            .map(|p| p.version.clone())
    };
    assert_eq!(version(&list).as_deref(), Some("5.14.0-10.el9"));
    list.booted = Some("5.14.0-9.el9.x86_64".to_owned());
    assert_eq!(version(&list).as_deref(), Some("5.14.0-9.el9"));
}

#[test]
fn the_base_set_knows_sources() {
    let set = BaseSet::of(&Base::parse("debian-12").expect("base"));
    let list = PackageList::new(vec![package("libssl3", "3.0.19-1+b2")], &set);
    assert_eq!(list.of_source("openssl").collect::<Vec<_>>(), ["libssl3"]);
    let installed = list.installed("libssl3", Order::Deb).expect("installed");
    assert_eq!(installed.as_source(), "3.0.19-1");
    for name in [
        "openssh-server",
        "openssh",
        "policykit-1",
        "sudo",
        "glibc",
        "libc6",
    ] {
        assert!(set.has(name), "{name}");
    }
}

#[test]
fn packages_of_an_unknown_source_are_related_by_their_names() {
    let set = BaseSet::of(&Base::parse("debian-12").expect("base"));
    let names = [
        "libtiff6",
        "libbrotli1",
        "liblcms2-2",
        "libevent-2.1-7",
        "python3-httplib2",
        "libgssapi-krb5-2",
        "libssl3",
        "gitk",
    ];
    let packages = names.map(|name| package(name, "1.0-1")).to_vec();
    let list = PackageList::new(packages, &set);
    let table = [
        ("tiff", Some("libtiff6")),
        ("brotli", Some("libbrotli1")),
        ("lcms2", Some("liblcms2-2")),
        ("libevent", Some("libevent-2.1-7")),
        ("python-httplib2", Some("python3-httplib2")),
        // The set knows of which source it is.
        ("openssl", None),
        ("git", None),
        ("chromium", None),
        ("", None),
    ];
    for (source, wanted) in table {
        assert_eq!(list.related(source), wanted, "{source}");
    }
    assert!(list.is_unsourced());
    let told = Package {
        source: Some("tiff".to_owned()),
        ..package("libtiff6", "1.0-1")
    };
    let list = PackageList::new(vec![told], &set);
    assert!(!list.is_unsourced() && list.related("tiff").is_none());
    assert_eq!(list.lacking(Order::Deb).len(), 5);
}

#[test]
fn a_version_that_tells_nothing_is_told() {
    let table = [
        ("1:9.2p1-2", true, true),
        ("2.36", true, true),
        ("", false, false),
        ("-", false, false),
        ("latest", false, false),
        ("(none)", false, false),
        ("r23.1-1", false, true),
        ("1:x", false, true),
    ];
    for (text, deb, rpm) in table {
        assert_eq!(is_version(text, Order::Deb), deb, "{text}");
        assert_eq!(is_version(text, Order::Rpm), rpm, "{text}");
    }
    let two = vec![package("bash", ""), package("bash", "5.1-2")];
    let list = PackageList::new(two, &BaseSet::default());
    let version = list.installed("bash", Order::Deb).map(|one| &*one.version);
    assert_eq!(version, Some("5.1-2"));
    assert_eq!(list.incomparable(Order::Deb).collect::<Vec<_>>(), ["bash"]);
}

#[test]
fn harmless_packages_are_told_from_running_ones() {
    for name in [
        "linux-libc-dev",
        "linux-headers-6.8.0-36",
        "libssl-dev",
        "kernel-tools-libs-devel",
        "linux-firmware",
    ] {
        assert!(is_harmless(name), "{name}");
    }
    for name in [
        "linux-image-6.8.0-36-aws",
        "kernel-core",
        "linux-aws",
        "openssh-server",
        "microcode_ctl",
    ] {
        assert!(!is_harmless(name), "{name}");
    }
}
