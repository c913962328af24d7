//! What an instance is asked when it never became ready (F21): enough to see why without a login. The answer goes into the
//! deployment's story, bounded and without obvious secrets.

use super::progress::lines;

/// Lines of an answer that are told.
pub const MOST_LINES: usize = 60;

/// What a section of the answer begins with.
const SECTION: &str = "== ";

/// The question: cloud-init, failed units, containers, what listens on the probe's port, disk, memory, and the last lines of the
/// installation's output, which is at `output` where it was kept.
pub fn question(port: u16, output: &str) -> String {
    format!(
        "echo '{SECTION}cloud-init'; cloud-init status --long 2>&1 | head -n 8\n\
         echo '{SECTION}units that failed'; systemctl --failed --no-legend --plain 2>/dev/null | head -n 5\n\
         echo '{SECTION}containers'; (docker ps -a --format '{{{{.Names}}}} {{{{.Status}}}}' || podman ps -a --format '{{{{.Names}}}} {{{{.Status}}}}') 2>/dev/null | head -n 8\n\
         echo '{SECTION}port {port}'; ss -Hltn 'sport = :{port}' 2>/dev/null | head -n 3\n\
         echo '{SECTION}disk'; df -h / | tail -n 1\n\
         echo '{SECTION}memory'; free -m | head -n 2\n\
         echo '{SECTION}last lines of the installation'; (tail -n 20 {output} 2>/dev/null || tail -n 20 /var/log/cloud-init-output.log) 2>/dev/null\n\
         exit 0\n"
    )
}

/// The answer as lines of a story; a section without lines says so.
pub fn told(printed: &str) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let mut in_key = false;
    for raw in printed.lines().filter(|line| !line.trim().is_empty()) {
        if raw.starts_with(SECTION) {
            close(&mut told);
        }
        told.push(lines::told(raw.as_bytes(), &mut in_key));
    }
    close(&mut told);
    told.truncate(MOST_LINES);
    told
}

/// Ends a section.
fn close(told: &mut [String]) {
    if let Some(last) = told.last_mut().filter(|last| last.starts_with(SECTION)) {
        last.push_str(": nothing");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_section_by_section() {
        let printed = "== cloud-init\nstatus: running\n\n== containers\n== port 443\n== disk\n/dev/root 10G 10G 0 100% /\npassword=abc\n== memory\n";
        assert_eq!(
            told(printed),
            [
                "== cloud-init",
                "status: running",
                "== containers: nothing",
                "== port 443: nothing",
                "== disk",
                "/dev/root 10G 10G 0 100% /",
                "password=[redacted]",
                "== memory: nothing",
            ]
        );
        assert_eq!(told(""), Vec::<String>::new());
        assert_eq!(told(&"x\n".repeat(500)).len(), MOST_LINES);
    }

    #[test]
    fn a_shell_reads_the_question() {
        let root = tempfile::tempdir().expect("a directory");
        let output = root.path().join("out");
        std::fs::write(&output, "E: no nginxx\n").expect("an output");
        let text = question(443, &output.display().to_string());
        let ran = std::process::Command::new("/bin/sh")
            .args(["-c", &text])
            .output()
            .expect("a shell");
        assert_eq!(ran.status.code(), Some(0));
        let told = told(&String::from_utf8_lossy(&ran.stdout));
        let sections = told.iter().filter(|line| line.starts_with(SECTION));
        assert_eq!(sections.count(), 7, "{told:?}");
        assert_eq!(told.last().map(String::as_str), Some("E: no nginxx"));
    }
}
