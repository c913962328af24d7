//! The scrub of an instance's identity before its image (F48, REAL-AWS M4).
//!
//! It is ordered through SSM when everything else is ready for CreateImage, and it happens in the reboot that CreateImage
//! causes: a unit in `/run` runs it when the machine goes down. A running machine is thus never without its machine id,
//! however long EC2 refuses the image; and neither unit nor script are in the image, for `/run` is not on the disk. An
//! order that is older than an hour does nothing, so that a later reboot is an ordinary one.
//!
//! What it leaves alone, because the instance itself goes on after the reboot:
//! - the SSH host keys: without them Ubuntu starts no sshd, and new ones would be another host for those who use it.
//!   cloud-init makes new ones for every copy before sshd can be reached (`ssh_deletekeys`, on unless switched off);
//!   where that is switched off the scrub says so and counts as failed;
//! - cloud-init's semaphores and `/var/tmp`: `cloud-init clean` would install the software once more at the next boot.
//!
//! The machine id is new on every copy, and on the instance as a rule the same as before: systemd makes it from the
//! UUID that EC2 gives the machine.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ROOT;
use crate::deployment::words;

words! {
    /// What became of the scrub before an image.
    Scrub {
        /// It was ordered; the machine has not said that it ran.
        Ordered = "ordered",
        /// It ran before the image was made.
        Done = "done",
        /// It was not ordered, or could not be.
        NotRun = "not_run",
        /// It was ordered and did not do all of it.
        Failed = "failed",
    }
}

/// Where the scrub writes `0`, or what it could not do. The image carries it along.
pub fn record(image_id: &str) -> String {
    format!("{ROOT}/scrub-{image_id}")
}

/// What a scrub removes. `$root` is empty; tests give it another.
const SCRIPT: &str = r#"root=${INGOT_SCRUB_ROOT:-}
record="$root"@RECORD@
[ -e "$record" ] && exit 0
now=$(date +%s)
[ $((now - @NOW@)) -lt 3600 ] || exit 0
wrong=
try() { "$@" || wrong="$wrong $*;"; }
mkdir -p "$root@ROOT@"
rm -rf "$root@ROOT@"/install-* "$root@ROOT@"/first-boot-* "$root@ROOT@"/scrub-*
if [ -e "$root/etc/machine-id" ]; then try truncate -s 0 "$root/etc/machine-id"; fi
try rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"
try rm -rf "$root/var/log/journal"/* "$root/run/log/journal"/*
try rm -f "$root/var/log/cloud-init.log" "$root/var/log/cloud-init-output.log" "$root"/var/log/ingot-*.log
for dir in "$root"/var/lib/cloud/instances/*; do
  try rm -rf "$dir"/user-data.txt* "$dir"/vendor-data* "$dir"/scripts/* "$dir"/cloud-config.txt
done
try rm -rf "$root"/var/lib/amazon/ssm/i-* "$root"/var/lib/amazon/ssm/Vault/* "$root"/var/lib/amazon/ssm/ipc "$root"/var/log/amazon/ssm/*
for home in "$root/root" "$root"/home/*; do
  try rm -f "$home/.bash_history" "$home/.zsh_history" "$home/.python_history" "$home/.lesshst"
done
if [ -d "$root/tmp" ]; then try find "$root/tmp" -mindepth 1 -maxdepth 1 -exec rm -rf {} +; fi
if ! [ -d "$root/etc/cloud" ]; then wrong="$wrong SSH host keys stay (no cloud-init renews them);"
elif grep -Eqs '^[[:space:]]*ssh_deletekeys:[[:space:]]*(false|no|off|0)' "$root/etc/cloud/cloud.cfg" "$root"/etc/cloud/cloud.cfg.d/*.cfg; then
  wrong="$wrong SSH host keys stay (ssh_deletekeys is off);"
fi
printf '%s\n' "${wrong:-0}" > "$record"
sync
"#;

/// Shell text that orders the scrub for the machine's next way down. Ordering it twice is the same as once: `start` does
/// nothing for a unit that is active.
pub fn order(image_id: &str) -> String {
    let script = SCRIPT
        .replace("@RECORD@", &record(image_id))
        .replace("@ROOT@", ROOT)
        .replace("@NOW@", "${INGOT_ORDERED:?}");
    format!(
        "command -v systemctl >/dev/null || exit 3\n\
         mkdir -p /run/ingot /run/systemd/system\n\
         cat > /run/ingot/scrub <<'INGOT'\n\
         {script}INGOT\n\
         cat > /run/systemd/system/ingot-scrub.service <<INGOT\n\
         [Unit]\n\
         Description=Removes what must not be in an image, when the machine goes down for it\n\
         DefaultDependencies=no\n\
         After=local-fs.target\n\
         Before=sysinit.target basic.target shutdown.target\n\
         Conflicts=shutdown.target\n\
         RequiresMountsFor=/var/lib /var/log /tmp\n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         Environment=INGOT_ORDERED=$(date +%s)\n\
         ExecStart=/bin/true\n\
         ExecStop=/bin/sh /run/ingot/scrub\n\
         TimeoutStopSec=60\n\
         INGOT\n\
         systemctl daemon-reload && systemctl start ingot-scrub.service\n"
    )
}

/// Shell text that asks whether the scrub ran: 0 when all of it did, 1 when it has not (yet), 3 when it could not do all of
/// it, which is printed.
pub fn question(image_id: &str) -> String {
    let record = record(image_id);
    format!(
        "cat {record} 2>/dev/null | grep -q '^0$' && exit 0\n\
         test -e {record} && cat {record}\n\
         test -e {record} && exit 3\n\
         exit 1\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::Command;

    fn file(root: &Path, path: &str, text: &str) {
        let at = root.join(path);
        std::fs::create_dir_all(at.parent().expect("a directory")).expect("made");
        std::fs::write(at, text).expect("written");
    }

    /// What the heredoc of the order puts into `/run/ingot/scrub`.
    fn script(image: &str) -> String {
        let text = order(image);
        let (_, rest) = text.split_once("<<'INGOT'\n").expect("a script");
        let (script, _) = rest.split_once("\nINGOT\n").expect("its end");
        format!("{script}\n")
    }

    fn run(root: &Path, image: &str, ordered: u64) -> Option<i32> {
        let ran = Command::new("/bin/sh")
            .args(["-c", &script(image)])
            .env("INGOT_SCRUB_ROOT", root)
            .env("INGOT_ORDERED", ordered.to_string())
            .output()
            .expect("a shell");
        ran.status.code()
    }

    fn now() -> u64 {
        let asked = Command::new("date").arg("+%s").output().expect("date");
        let text = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
        text.parse().expect("seconds")
    }

    const REMOVED: [&str; 14] = [
        "var/lib/dbus/machine-id",
        "var/lib/systemd/random-seed",
        "var/log/journal/abc/system.journal",
        "var/log/cloud-init-output.log",
        "var/log/ingot-install.log",
        "var/lib/cloud/instances/i-1/user-data.txt",
        "var/lib/cloud/instances/i-1/user-data.txt.i",
        "var/lib/cloud/instances/i-1/scripts/part-001",
        "var/lib/amazon/ssm/i-1/document/state",
        "var/lib/amazon/ssm/Vault/Store/RegistrationKey",
        "root/.bash_history",
        "home/ubuntu/.bash_history",
        "tmp/.hidden",
        "var/lib/ingot/install-dep_1-1",
    ];

    const KEPT: [&str; 5] = [
        "etc/ssh/ssh_host_ed25519_key",
        "var/lib/cloud/instances/i-1/sem/config_scripts_user",
        "var/tmp/work",
        "home/ubuntu/.bashrc",
        "etc/cloud/cloud.cfg",
    ];

    #[test]
    fn identity_goes_and_what_the_machine_lives_on_stays() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path();
        for path in REMOVED.iter().chain(&KEPT) {
            file(root, path, "ssh_deletekeys: true\n");
        }
        file(root, "etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        assert_eq!(run(root, "img_1", now()), Some(0));
        for path in REMOVED {
            assert!(!root.join(path).exists(), "{path} is still there");
        }
        for path in KEPT {
            assert!(root.join(path).exists(), "{path} is gone");
        }
        let id = std::fs::read(root.join("etc/machine-id")).expect("it is there, and empty");
        assert!(id.is_empty());
        let record = std::fs::read_to_string(root.join("var/lib/ingot/scrub-img_1"));
        assert_eq!(record.expect("a record"), "0\n");
        // A second time, and for another image of the same machine.
        file(root, "tmp/new", "");
        assert_eq!(run(root, "img_1", now()), Some(0));
        assert!(root.join("tmp/new").exists(), "once is enough");
        assert_eq!(run(root, "img_2", now()), Some(0));
        assert!(!root.join("tmp/new").exists() && !root.join("var/lib/ingot/scrub-img_1").exists());
    }

    #[test]
    fn an_old_order_does_nothing() {
        let root = tempfile::tempdir().expect("a directory");
        file(root.path(), "tmp/kept", "");
        assert_eq!(run(root.path(), "img_1", now() - 3700), Some(0));
        assert!(root.path().join("tmp/kept").exists());
        assert!(
            !root.path().join("var/lib/ingot").exists(),
            "and leaves no record"
        );
    }

    #[test]
    fn what_could_not_be_done_is_written_down() {
        for (config, want) in [
            ("ssh_deletekeys: false", "ssh_deletekeys is off"),
            ("  ssh_deletekeys:  no", "ssh_deletekeys is off"),
            ("ssh_deletekeys: true", "0"),
        ] {
            let root = tempfile::tempdir().expect("a directory");
            file(root.path(), "etc/cloud/cloud.cfg.d/99.cfg", config);
            assert_eq!(run(root.path(), "img_1", now()), Some(0));
            let said = std::fs::read_to_string(root.path().join("var/lib/ingot/scrub-img_1"));
            assert!(said.expect("a record").contains(want), "{config}");
        }
        let bare = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(bare.path().join("tmp")).expect("made");
        // The machine id is a directory: it cannot be truncated.
        file(bare.path(), "etc/machine-id/x", "");
        assert_eq!(run(bare.path(), "img_1", now()), Some(0));
        let said = std::fs::read_to_string(bare.path().join("var/lib/ingot/scrub-img_1"));
        let said = said.expect("a record");
        assert!(
            said.contains("truncate") && said.contains("no cloud-init"),
            "{said}"
        );
    }

    #[test]
    fn the_order_and_the_question_are_shell_text() {
        for text in [order("img_1"), question("img_1"), script("img_1")] {
            let checked = Command::new("/bin/sh").args(["-n", "-c", &text]).output();
            assert!(checked.expect("a shell").status.success(), "{text}");
        }
        for place in ["@RECORD@", "@ROOT@", "@NOW@"] {
            assert!(!order("img_1").contains(place), "{place} is not filled");
        }
    }
}
