//! Lists as they are written, by tables.

use super::*;

#[test]
fn lists_of_dpkg_and_rpm_are_read() {
    let text = "# uname -r: 6.8.0-36-aws\nlibc6:amd64\t2.39-0ubuntu8.2\nsnap:core22\tlatest/stable\t1439\n\
                libssl3\t3.0.2-1\tamd64\topenssl\t3.0.2-1\nopenssh-server\t0:8.7p1-38.el9\tx86_64\topenssh-8.7p1-38.el9.src.rpm\n\
                ii  bash  5.2.15-2+b7  amd64  GNU Bourne Again SHell\nrc  nano  7.2-1  amd64  small editor\n\
                kernel-core-5.14.0-427.el9.x86_64\nopenssl-libs\t(none):3.0.7-27.el9\n";
    let listing = read(text).expect("a list");
    let told: Vec<_> = listing
        .packages
        .iter()
        .map(|p| {
            let source = (p.source.as_deref(), p.source_version.as_deref());
            (p.name.as_str(), p.version.as_str(), source)
        })
        .collect();
    let wanted = [
        ("libc6", "2.39-0ubuntu8.2", (None, None)),
        ("libssl3", "3.0.2-1", (Some("openssl"), Some("3.0.2-1"))),
        (
            "openssh-server",
            "0:8.7p1-38.el9",
            (Some("openssh"), Some("8.7p1-38.el9")),
        ),
        ("bash", "5.2.15-2+b7", (None, None)),
        ("kernel-core", "5.14.0-427.el9", (None, None)),
        ("openssl-libs", "0:3.0.7-27.el9", (None, None)),
    ];
    assert_eq!(told[..3], wanted[..3]);
    assert_eq!((told[3].0, told[3].1), (wanted[3].0, wanted[3].1));
    assert_eq!(told[4..], wanted[4..]);
    assert_eq!(listing.booted.as_deref(), Some("6.8.0-36-aws"));
    for text in ["", "nothing here\n", "\0\0\n", "# only a comment\n"] {
        assert_eq!(read(text).map(|_| ()), Err(EMPTY.to_owned()), "{text:?}");
    }
}

#[test]
fn a_list_of_another_distribution_is_told() {
    let ubuntu = "dpkg\t1.22.6ubuntu6\nlibc6\t2.39-0ubuntu8.2\nbash\t5.2.21-2ubuntu4\n";
    let debian = "dpkg\t1.21.22\nlibc6\t2.36-9+deb12u4\nbash\t5.2.15-2+b2\n";
    let arm = "dpkg\t1.21.22\tarm64\nlibc6:arm64\t2.36-9\n";
    let nine = "glibc\t0:2.34-100.el9\nopenssh\t0:8.7p1-38.el9_4.1\n";
    let amazon = "glibc\t0:2.34-52.amzn2023.0.10\nbash\t0:5.2.15-1.amzn2023.0.2\n";
    let table = [
        (ubuntu, "ubuntu-24.04", None),
        (ubuntu, "debian-12", Some("Ubuntu")),
        (ubuntu, "almalinux-9", Some("Ubuntu")),
        (debian, "debian-12", None),
        (debian, "ubuntu-24.04", Some("Debian")),
        (nine, "rocky-9", None),
        (nine, "rocky-8", Some("an Enterprise Linux 9")),
        (nine, "ubuntu-24.04", Some("an Enterprise Linux 9")),
        (amazon, "amazon-linux-2023", None),
        (amazon, "amazon-linux-2", Some("Amazon Linux 2023")),
        ("sudo\t1.9-1\n", "debian-12", None),
        (debian, "debian-11", Some("Debian 12")),
        (ubuntu, "ubuntu-22.04", Some("Ubuntu 24.04")),
        // `2.360` is no `2.36`, and an unknown library speaks against nothing.
        ("dpkg\t1.23\nlibc6\t2.360-1\n", "debian-11", None),
        ("dpkg\nlibc6\nbash\n", "ubuntu-24.04", None),
        (
            "dpkg\nlibc6\nbash\n",
            "almalinux-9",
            Some("a Debian or Ubuntu"),
        ),
        ("rpm\nglibc\nbash\n", "debian-12", Some("an rpm system")),
        (arm, "debian-12", Some("arm64")),
        (arm, "debian-12-arm64", None),
        (
            "glibc-2.34-100.el9.x86_64\n",
            "rocky-9-arm64",
            Some("x86_64"),
        ),
    ];
    for (text, base, wanted) in table {
        let base = Base::parse(base).expect(base);
        let said = read(text).expect("a list").foreign_to(&base);
        assert_eq!(said.is_some(), wanted.is_some(), "{base} {said:?}");
        let told = wanted.is_none_or(|what| said.is_some_and(|said| said.contains(what)));
        assert!(told, "{base}");
    }
}

#[test]
fn lists_of_names_alone_are_lists_without_versions() {
    let text = "dpkg\nlibc6:amd64\nbash -\nzlib1g latest\nutil-linux\t\nbase-files\t12.4\n";
    let listing = read(text).expect("a list");
    let told: Vec<_> = listing
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package.version.as_str()))
        .collect();
    let wanted = [
        ("dpkg", ""),
        ("libc6", ""),
        ("bash", ""),
        ("zlib1g", ""),
        ("util-linux", ""),
        ("base-files", "12.4"),
    ];
    assert_eq!(told, wanted);
    // What `dnf list installed` writes; its last column is no source.
    let dnf = read("bash.x86_64  5.1.8-9.el9  @anaconda\nglibc.x86_64  2.34-100.el9  @System\n");
    let dnf = dnf.expect("a list");
    assert_eq!(dnf.packages[0].name, "bash");
    assert_eq!(
        (&dnf.packages[1].version[..], &dnf.packages[1].source),
        ("2.34-100.el9", &None)
    );
    assert_eq!(dnf.arch, Some(Arch::X86_64));
    for prose in [
        "This is not a list",
        "two words",
        "<html>",
        "Desired=Unknown/Install",
    ] {
        assert!(read(prose).is_err(), "{prose}");
    }
}
