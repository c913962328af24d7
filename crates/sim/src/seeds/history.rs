//! What vendors had published by the summer of 2024: for regions whose clock begins then, or with the oldest AlmaLinux builds.

/// How the newest name of a line begins, its architecture, the old image's name, and when it was made. Oldest first.
const HISTORY: &[(&str, &str, &str, &str)] = &[
    (
        "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-",
        "x86_64",
        "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20240626",
        "2024-06-26T07:02:11.000Z",
    ),
    (
        "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-arm64-server-",
        "arm64",
        "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-arm64-server-20240626",
        "2024-06-26T07:03:11.000Z",
    ),
    (
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-",
        "x86_64",
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240607",
        "2024-06-07T07:02:11.000Z",
    ),
    (
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-",
        "x86_64",
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240629",
        "2024-06-29T07:02:11.000Z",
    ),
    (
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-",
        "arm64",
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20240629",
        "2024-06-29T07:03:11.000Z",
    ),
    (
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-",
        "x86_64",
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20240605",
        "2024-06-05T07:02:11.000Z",
    ),
    (
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-",
        "arm64",
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20240605",
        "2024-06-05T07:03:11.000Z",
    ),
    (
        "debian-11-amd64-",
        "x86_64",
        "debian-11-amd64-20240611-1775",
        "2024-06-11T05:20:33.000Z",
    ),
    (
        "debian-12-amd64-",
        "x86_64",
        "debian-12-amd64-20240507-1740",
        "2024-05-07T05:20:33.000Z",
    ),
    (
        "debian-12-arm64-",
        "arm64",
        "debian-12-arm64-20240507-1740",
        "2024-05-07T05:20:33.000Z",
    ),
    (
        "Rocky-8-EC2-Base-8.",
        "x86_64",
        "Rocky-8-EC2-Base-8.10-20240528.0.x86_64",
        "2024-05-29T22:41:10.000Z",
    ),
    (
        "Rocky-9-EC2-Base-9.",
        "x86_64",
        "Rocky-9-EC2-Base-9.4-20240509.0.x86_64",
        "2024-05-10T22:41:10.000Z",
    ),
    (
        "AlmaLinux OS 8.",
        "x86_64",
        "AlmaLinux OS 8.4.20210803 x86_64",
        "2021-08-03T14:02:55.000Z",
    ),
    (
        "AlmaLinux OS 8.",
        "x86_64",
        "AlmaLinux OS 8.10.20240530 x86_64",
        "2024-05-31T14:02:55.000Z",
    ),
    (
        "AlmaLinux OS 9.",
        "x86_64",
        "AlmaLinux OS 9.0.20220527 x86_64",
        "2022-05-27T14:02:55.000Z",
    ),
    (
        "AlmaLinux OS 9.",
        "x86_64",
        "AlmaLinux OS 9.4.20240507 x86_64",
        "2024-05-08T14:02:55.000Z",
    ),
    (
        "AlmaLinux OS 9.",
        "arm64",
        "AlmaLinux OS 9.4.20240507 aarch64",
        "2024-05-08T14:02:55.000Z",
    ),
    (
        "RHEL-8.",
        "x86_64",
        "RHEL-8.10.0_HVM-20240520-x86_64-0-Hourly2-GP3",
        "2024-05-21T09:30:01.000Z",
    ),
    (
        "RHEL-9.",
        "x86_64",
        "RHEL-9.4.0_HVM-20240605-x86_64-82-Hourly2-GP3",
        "2024-06-06T09:30:01.000Z",
    ),
    (
        "al2023-ami-2023.9.20261109.0-kernel-6.1-x86_64",
        "x86_64",
        "al2023-ami-2023.5.20240624.0-kernel-6.1-x86_64",
        "2024-06-25T20:31:44.000Z",
    ),
    (
        "al2023-ami-2023.9.20261109.0-kernel-6.1-arm64",
        "arm64",
        "al2023-ami-2023.5.20240624.0-kernel-6.1-arm64",
        "2024-06-25T20:31:44.000Z",
    ),
    (
        "amzn2-ami-kernel-5.10-hvm-",
        "x86_64",
        "amzn2-ami-kernel-5.10-hvm-2.0.20240620.0-x86_64-gp2",
        "2024-06-21T18:20:31.000Z",
    ),
    (
        "amzn2-ami-kernel-5.10-hvm-",
        "arm64",
        "amzn2-ami-kernel-5.10-hvm-2.0.20240620.0-arm64-gp2",
        "2024-06-21T18:20:31.000Z",
    ),
    (
        "Windows_Server-2019-English-Full-Base-",
        "x86_64",
        "Windows_Server-2019-English-Full-Base-2024.06.13",
        "2024-06-13T04:36:09.000Z",
    ),
    (
        "Windows_Server-2022-English-Full-Base-",
        "x86_64",
        "Windows_Server-2022-English-Full-Base-2024.06.13",
        "2024-06-13T04:36:09.000Z",
    ),
];

/// Names and dates of the line whose newest image has this name.
pub(super) fn of(
    newest: &str,
    architecture: &str,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    HISTORY
        .iter()
        .filter(move |(begin, arch, ..)| *arch == architecture && newest.starts_with(begin))
        .map(|(_, _, name, date)| (*name, *date))
}
