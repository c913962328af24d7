//! What vendors' archives hold: a few packages of each system with the days on which a version was published. Versions and days
//! of what `samples/advisories` names are Ubuntu's own.

/// A package: its names, its source, and its versions with the day from which each is there.
struct Entry {
    names: &'static [&'static str],
    source: &'static str,
    versions: &'static [(u32, &'static str)],
    /// Only where a script installs it.
    optional: bool,
}

const fn base(
    names: &'static [&'static str],
    source: &'static str,
    versions: &'static [(u32, &'static str)],
) -> Entry {
    Entry {
        names,
        source,
        versions,
        optional: false,
    }
}

const fn optional(
    names: &'static [&'static str],
    source: &'static str,
    versions: &'static [(u32, &'static str)],
) -> Entry {
    Entry {
        optional: true,
        ..base(names, source, versions)
    }
}

const SSH: &[&str] = &["openssh-server", "openssh-client", "openssh-sftp-server"];

const JAMMY: &[Entry] = &[
    base(&["base-files"], "base-files", &[(0, "12ubuntu4.6")]),
    base(&["dpkg"], "dpkg", &[(0, "1.21.1ubuntu2.3")]),
    base(&["util-linux"], "util-linux", &[(0, "2.37.2-4ubuntu3.4")]),
    base(&["zlib1g"], "zlib", &[(0, "1:1.2.11.dfsg-2ubuntu9.2")]),
    base(
        SSH,
        "openssh",
        &[(0, "1:8.9p1-3ubuntu0.7"), (20240701, "1:8.9p1-3ubuntu0.10")],
    ),
    base(
        &["libc6", "libc-bin", "locales"],
        "glibc",
        &[
            (0, "2.35-0ubuntu3.6"),
            (20240418, "2.35-0ubuntu3.7"),
            (20240529, "2.35-0ubuntu3.8"),
        ],
    ),
    base(
        &["bind9-dnsutils", "bind9-host", "bind9-libs"],
        "bind9",
        &[
            (0, "1:9.18.18-0ubuntu0.22.04.2"),
            (20240723, "1:9.18.28-0ubuntu0.22.04.1"),
        ],
    ),
    base(
        &["curl", "libcurl4", "libcurl3-gnutls"],
        "curl",
        &[(0, "7.81.0-1ubuntu1.16"), (20240805, "7.81.0-1ubuntu1.17")],
    ),
    base(
        &["sudo"],
        "sudo",
        &[(0, "1.9.9-1ubuntu2.4"), (20250630, "1.9.9-1ubuntu2.5")],
    ),
    base(
        &["libssl3", "openssl"],
        "openssl",
        &[(0, "3.0.2-0ubuntu1.15")],
    ),
    base(
        &["systemd", "udev"],
        "systemd",
        &[(0, "249.11-0ubuntu3.12")],
    ),
    base(&["bash"], "bash", &[(0, "5.1-6ubuntu1.1")]),
    base(&["libstdc++6"], "gcc-12", &[(0, "12.3.0-1ubuntu1~22.04")]),
    base(
        &["linux-image-6.5.0-1022-aws"],
        "linux-signed-aws-6.5",
        &[(0, "6.5.0-1022.22~22.04.1")],
    ),
    optional(&["nginx"], "nginx", &[(0, "1.18.0-6ubuntu14.4")]),
];

const FOCAL: &[Entry] = &[
    base(&["base-files"], "base-files", &[(0, "11ubuntu5.8")]),
    base(&["dpkg"], "dpkg", &[(0, "1.19.7ubuntu3.2")]),
    base(&["util-linux"], "util-linux", &[(0, "2.34-0.1ubuntu9.6")]),
    base(&["zlib1g"], "zlib", &[(0, "1:1.2.11.dfsg-2ubuntu1.5")]),
    base(SSH, "openssh", &[(0, "1:8.2p1-4ubuntu0.11")]),
    base(&["libc6", "libc-bin"], "glibc", &[(0, "2.31-0ubuntu9.16")]),
    base(&["sudo"], "sudo", &[(0, "1.8.31-1ubuntu1.5")]),
    base(&["bash"], "bash", &[(0, "5.0-6ubuntu1.2")]),
    base(
        &["linux-image-5.15.0-1063-aws"],
        "linux-signed-aws-5.15",
        &[(0, "5.15.0-1063.69~20.04.1")],
    ),
];

const NOBLE: &[Entry] = &[
    base(&["base-files"], "base-files", &[(0, "13ubuntu10")]),
    base(&["dpkg"], "dpkg", &[(0, "1.22.6ubuntu6")]),
    base(&["util-linux"], "util-linux", &[(0, "2.39.3-9ubuntu6")]),
    base(&["zlib1g"], "zlib", &[(0, "1:1.3.dfsg-3.1ubuntu2")]),
    base(
        SSH,
        "openssh",
        &[(0, "1:9.6p1-3ubuntu13"), (20240701, "1:9.6p1-3ubuntu13.3")],
    ),
    base(
        &["libc6", "libc-bin", "locales"],
        "glibc",
        &[(0, "2.39-0ubuntu8.2")],
    ),
    base(
        &["sudo"],
        "sudo",
        &[
            (0, "1.9.15p5-3ubuntu5"),
            (20250630, "1.9.15p5-3ubuntu5.24.04.1"),
        ],
    ),
    base(
        &["curl", "libcurl4t64"],
        "curl",
        &[(0, "8.5.0-2ubuntu10.1")],
    ),
    base(&["bash"], "bash", &[(0, "5.2.21-2ubuntu4")]),
    base(
        &["linux-image-6.8.0-1010-aws"],
        "linux-signed-aws",
        &[(0, "6.8.0-1010.10")],
    ),
    optional(&["nginx"], "nginx", &[(0, "1.24.0-2ubuntu7")]),
];

const DEBIAN: &[Entry] = &[
    base(&["base-files"], "base-files", &[(0, "12.4+deb12u5")]),
    base(&["dpkg"], "dpkg", &[(0, "1.21.22")]),
    base(&["util-linux"], "util-linux", &[(0, "2.38.1-5+deb12u1")]),
    base(&["zlib1g"], "zlib", &[(0, "1:1.2.13.dfsg-1")]),
    base(
        SSH,
        "openssh",
        &[(0, "1:9.2p1-2+deb12u2"), (20240701, "1:9.2p1-2+deb12u3")],
    ),
    base(&["libc6", "libc-bin"], "glibc", &[(0, "2.36-9+deb12u7")]),
    base(&["libssl3"], "openssl", &[(0, "3.0.13-1~deb12u1")]),
    base(&["sudo"], "sudo", &[(0, "1.9.13p3-1+deb12u1")]),
    base(&["bash"], "bash", &[(0, "5.2.15-2+b7")]),
    base(
        &["linux-image-6.1.0-22-cloud-amd64"],
        "linux-signed-amd64",
        &[(0, "6.1.94-1")],
    ),
];

const AMAZON: &[Entry] = &[
    base(
        &["filesystem"],
        "filesystem",
        &[(0, "0:3.14-5.amzn2023.0.3")],
    ),
    base(&["rpm"], "rpm", &[(0, "0:4.16.1.3-29.amzn2023.0.6")]),
    base(&["systemd"], "systemd", &[(0, "0:252.16-1.amzn2023.0.2")]),
    base(&["zlib"], "zlib", &[(0, "0:1.2.11-33.amzn2023.0.5")]),
    base(&["bash"], "bash", &[(0, "0:5.1.8-9.el9")]),
    base(
        &["openssh-server", "openssh-clients"],
        "openssh",
        &[
            (0, "0:8.7p1-8.amzn2023.0.10"),
            (20240701, "0:8.7p1-8.amzn2023.0.11"),
        ],
    ),
    base(
        &["openssl", "openssl-libs"],
        "openssl",
        &[(0, "1:3.0.8-1.amzn2023.0.12")],
    ),
    base(&["glibc"], "glibc", &[(0, "0:2.34-52.amzn2023.0.10")]),
    base(&["curl-minimal"], "curl", &[(0, "0:8.5.0-1.amzn2023.0.4")]),
    base(&["sudo"], "sudo", &[(0, "0:1.9.15-1.p5.amzn2023.0.1")]),
    base(&["kernel"], "kernel", &[(0, "0:6.1.94-99.176.amzn2023")]),
];

const ENTERPRISE: &[Entry] = &[
    base(&["filesystem"], "filesystem", &[(0, "0:3.16-2.el9")]),
    base(&["rpm"], "rpm", &[(0, "0:4.16.1.3-29.el9")]),
    base(&["systemd"], "systemd", &[(0, "0:252-32.el9_4")]),
    base(&["zlib"], "zlib", &[(0, "0:1.2.11-40.el9")]),
    base(&["bash"], "bash", &[(0, "0:5.1.8-9.el9")]),
    base(
        &["openssh-server", "openssh-clients"],
        "openssh",
        &[(0, "0:8.7p1-38.el9"), (20240703, "0:8.7p1-38.el9_4.1")],
    ),
    base(
        &["openssl", "openssl-libs"],
        "openssl",
        &[(0, "1:3.0.7-27.el9")],
    ),
    base(&["glibc"], "glibc", &[(0, "0:2.34-100.el9_4.2")]),
    base(&["sudo"], "sudo", &[(0, "0:1.9.5p2-10.el9")]),
    base(
        &["kernel-core"],
        "kernel",
        &[(0, "0:5.14.0-427.20.1.el9_4")],
    ),
];

const ENTERPRISE_8: &[Entry] = &[
    base(&["filesystem"], "filesystem", &[(0, "0:3.8-6.el8")]),
    base(&["rpm"], "rpm", &[(0, "0:4.14.3-31.el8")]),
    base(&["systemd"], "systemd", &[(0, "0:239-82.el8")]),
    base(&["zlib"], "zlib", &[(0, "0:1.2.11-25.el8")]),
    base(&["bash"], "bash", &[(0, "0:5.1.8-9.el9")]),
    base(
        &["openssh-server", "openssh-clients"],
        "openssh",
        &[(0, "0:8.0p1-24.el8")],
    ),
    base(
        &["openssl", "openssl-libs"],
        "openssl",
        &[(0, "1:1.1.1k-12.el8_9")],
    ),
    base(&["glibc"], "glibc", &[(0, "0:2.28-251.el8_10.2")]),
    base(&["sudo"], "sudo", &[(0, "0:1.9.5p2-10.el8")]),
    base(
        &["kernel-core"],
        "kernel",
        &[(0, "0:4.18.0-553.5.1.el8_10")],
    ),
];

/// Kinds of systems: what a build's name holds in lower case, its archive, its kernel, and how it calls itself, with `{}` for
/// the release in the name. The first that fits.
type Kind = (&'static str, &'static [Entry], &'static str, &'static str);

const KINDS: &[Kind] = &[
    ("jammy", JAMMY, "6.5.0-1022-aws", "Ubuntu 22.04.4 LTS"),
    ("focal", FOCAL, "5.15.0-1063-aws", "Ubuntu 20.04.6 LTS"),
    ("noble", NOBLE, "6.8.0-1010-aws", "Ubuntu 24.04 LTS"),
    (
        "debian-",
        DEBIAN,
        "6.1.0-22-cloud-amd64",
        "Debian GNU/Linux {}",
    ),
    (
        "al2023-",
        AMAZON,
        "6.1.94-99.176.amzn2023.x86_64",
        "Amazon Linux release 2023 (Amazon Linux)",
    ),
    (
        "amzn2-",
        AMAZON,
        "5.10.218-208.862.amzn2.x86_64",
        "Amazon Linux release 2 (Karoo)",
    ),
    (
        "almalinux os 8",
        ENTERPRISE_8,
        "4.18.0-553.5.1.el8_10.x86_64",
        "AlmaLinux release {}",
    ),
    (
        "rocky-8",
        ENTERPRISE_8,
        "4.18.0-553.5.1.el8_10.x86_64",
        "Rocky Linux release {}",
    ),
    (
        "rhel-8",
        ENTERPRISE_8,
        "4.18.0-553.5.1.el8_10.x86_64",
        "Red Hat Enterprise Linux release {}",
    ),
    (
        "almalinux os ",
        ENTERPRISE,
        "5.14.0-427.20.1.el9_4.x86_64",
        "AlmaLinux release {}",
    ),
    (
        "rocky-",
        ENTERPRISE,
        "5.14.0-427.20.1.el9_4.x86_64",
        "Rocky Linux release {}",
    ),
    (
        "rhel-",
        ENTERPRISE,
        "5.14.0-427.20.1.el9_4.x86_64",
        "Red Hat Enterprise Linux release {}",
    ),
];

/// A system, known by its build's name.
pub(super) struct System {
    kind: &'static Kind,
    /// `9.6`, where the name says one.
    number: String,
}

impl System {
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let kind = KINDS.iter().find(|kind| name.contains(kind.0))?;
        let mut numbers = name.split(|c: char| !c.is_ascii_digit() && c != '.');
        let number = numbers.find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let parts = number.unwrap_or_default().split('.');
        let short: Vec<&str> = parts.take_while(|part| part.len() <= 2).take(2).collect();
        Some(Self {
            kind,
            number: short.join("."),
        })
    }

    /// Its packages by a day: name, version, source.
    pub(super) fn packages(
        &self,
        day: u32,
    ) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        let entries: &'static [Entry] = self.kind.1;
        entries
            .iter()
            .filter(|entry| !entry.optional)
            .flat_map(move |entry| {
                let version = newest(entry, day);
                entry
                    .names
                    .iter()
                    .map(move |name| (*name, version, entry.source))
            })
    }

    /// Version and source of a package that a script installs on a day.
    pub(super) fn offers(&self, name: &str, day: u32) -> Option<(&'static str, &'static str)> {
        let entries: &'static [Entry] = self.kind.1;
        let entry = entries.iter().find(|entry| entry.names.contains(&name))?;
        Some((newest(entry, day), entry.source))
    }

    pub(super) fn is_rpm(&self) -> bool {
        self.kind.2.contains(".el") || self.kind.2.contains(".amzn")
    }

    pub(super) fn kernel(&self) -> &'static str {
        self.kind.2
    }

    pub(super) fn release(&self) -> String {
        self.kind.3.replace("{}", &self.number)
    }
}

fn newest(entry: &Entry, day: u32) -> &'static str {
    let mut there = entry.versions.iter().filter(|(from, _)| *from <= day);
    let first = entry.versions.first();
    there
        .next_back()
        .or(first)
        .map_or("", |(_, version)| *version)
}
