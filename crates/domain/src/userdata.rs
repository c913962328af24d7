//! User data: rendered from the template, bounded as EC2 bounds it (F7).

use crate::field::FieldError;
use crate::render::Kind;
use crate::template::Encoding;

/// EC2's limit on raw user data in bytes, before base64 (F7).
pub const LONGEST_RAW: usize = 16_384;

/// Refuses scripts EC2 would refuse.
pub fn check_size(field: &str, script: &str) -> Result<(), FieldError> {
    check_length(field, script.len())
}

/// The same for a length in bytes.
pub fn check_length(field: &str, length: usize) -> Result<(), FieldError> {
    if length <= LONGEST_RAW {
        return Ok(());
    }
    let message = format!(
        "user data is {length} bytes and EC2 takes {LONGEST_RAW}; fetch the long part from S3 or a repository in the script"
    );
    Err(FieldError::new(field, format!("{length} bytes"), message))
}

/// Refuses what no instance can run (W12 of FIELD): an empty text, one whose beginning neither cloud-init nor EC2Launch knows,
/// a byte order mark before it, and carriage returns where a shell or cloud-init would take them for text. A template that
/// says how it is sent, `user_data_encoding: plain` or `gzip`, is for another reader, such as Ignition, and may begin as it
/// likes.
pub fn check_head(field: &str, text: &str, encoding: Encoding) -> Result<(), FieldError> {
    let refused = |value: &str, message: String| Err(FieldError::new(field, value, message));
    if text.trim().is_empty() {
        return refused(
            "",
            "it is empty: an instance would install nothing".to_owned(),
        );
    }
    if text.starts_with('\u{feff}') {
        let message = "line 1 begins with a byte order mark, and nothing on the instance would know the text for what it is: save the file as UTF-8 without it";
        return refused(first_line(text), message.to_owned());
    }
    let kind = Kind::of(text);
    if kind == Kind::Unknown && encoding == Encoding::Auto {
        let number = 1 + text
            .lines()
            .take_while(|line| line.trim().is_empty())
            .count();
        let message = format!(
            "line {number} begins with nothing that cloud-init or Windows knows, so it would not be run: begin a script with `#!/bin/bash`, \
             other texts with `#cloud-config`, `#cloud-boothook`, `#include`, `#part-handler`, `## template: jinja`, `MIME-Version:` or \
             `<powershell>`; for an image that reads something else say `user_data_encoding: plain`"
        );
        return refused(first_line(text), message);
    }
    if let Some(interpreter) = first_line(text).trim_start().strip_prefix("#!") {
        // The kernel looks at the first two bytes, and cloud-init runs the text as it is.
        if !text.starts_with("#!") {
            let message = "blanks stand before `#!`, which must be the first two characters, or the kernel does not run the script";
            return refused(first_line(text), message.to_owned());
        }
        if !interpreter.trim_start().starts_with('/') {
            let message = "line 1 names no interpreter by its whole path: write `#!/bin/bash`, or `#!/usr/bin/env` and its name";
            return refused(first_line(text), message.to_owned());
        }
    }
    // MIME's lines end so, and Windows does not mind.
    let mime = kind == Kind::CloudInit && is_mime(text);
    if mime || matches!(kind, Kind::Windows | Kind::Unknown) {
        return Ok(());
    }
    check_line_ends(field, text)
}

/// Refuses carriage returns in a text that a shell reads: it takes them for part of the last word of each line.
pub fn check_line_ends(field: &str, text: &str) -> Result<(), FieldError> {
    let Some(at) = text.find('\r') else {
        return Ok(());
    };
    let number = 1 + text[..at].matches('\n').count();
    let line = text.split('\n').nth(number - 1).unwrap_or_default();
    let message = format!(
        "line {number} ends as on Windows (CRLF), and a shell would take the carriage return for part of the line: convert it, for example with `dos2unix`"
    );
    Err(FieldError::new(field, line, message))
}

fn is_mime(text: &str) -> bool {
    let head = text.trim_start().to_ascii_lowercase();
    head.starts_with("mime-version:") || head.starts_with("content-type:")
}

fn first_line(text: &str) -> &str {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.next().unwrap_or_default()
}

/// Whether gzip is worth it: cloud-init reads it transparently, but people reading the console prefer text, so only
/// when it saves at least a quarter and the script is not tiny.
pub fn gzip_is_useful(raw: usize, zipped: usize) -> bool {
    raw >= 1024 && zipped * 4 <= raw * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_ec2s() {
        assert!(check_size("user_data", &"x".repeat(16_384)).is_ok());
        let error = check_size("user_data", &"x".repeat(16_385)).expect_err("too long");
        assert!(error.message.contains("16384") && error.value.contains("16385"));
    }

    fn refusal(text: &str, encoding: Encoding) -> Option<String> {
        let checked = check_head("user_data", text, encoding);
        checked.err().map(|error| error.to_string())
    }

    #[test]
    fn the_kernel_finds_an_interpreter_at_the_first_byte() {
        let table = [
            ("  #!/bin/sh\nid\n", "first two characters"),
            ("\n#!/bin/sh\nid\n", "first two characters"),
            ("#!\nid\n", "names no interpreter"),
            ("#! \nid\n", "names no interpreter"),
            ("#!bash\nid\n", "names no interpreter"),
        ];
        for (text, said) in table {
            let told = refusal(text, Encoding::Auto).expect(text);
            assert!(told.contains(said), "{told}");
        }
    }

    #[test]
    fn what_an_instance_can_run_is_taken() {
        for text in [
            "#!/bin/sh\necho",
            "#! /usr/bin/env python3\n",
            "#cloud-config\npackages: [nginx]\n",
            "#cloud-config-archive\n- x",
            "#cloud-boothook\n#!/bin/sh\n",
            "#include\nhttps://example.org/x\n",
            "#include-once\nhttps://example.org/x\n",
            "#part-handler\nimport x\n",
            "## template: jinja\n#cloud-config\n",
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"x\"\r\n\r\n--x--\r\n",
            "Content-Type: multipart/mixed; boundary=\"x\"\n",
            "<powershell>\r\nWrite-Host hello\r\n</powershell>\r\n",
            "<script>\necho\n</script>",
        ] {
            assert_eq!(refusal(text, Encoding::Auto), None, "{text}");
        }
        for encoding in [Encoding::Plain, Encoding::Gzip] {
            assert_eq!(refusal("{\"ignition\":{}}\r\n", encoding), None);
        }
    }

    #[test]
    fn what_no_instance_can_run_is_refused_with_its_line() {
        let table = [
            ("", "it is empty"),
            (" \n\t\n", "it is empty"),
            ("echo hello\n", "`echo hello`: line 1 begins with nothing"),
            (
                "\n\ndnf install -y nginx\n",
                "`dnf install -y nginx`: line 3 begins with nothing",
            ),
            ("# a comment\n#!/bin/sh\n", "line 1 begins with nothing"),
            (
                "\u{feff}#!/bin/sh\necho\n",
                "line 1 begins with a byte order mark",
            ),
            ("#!/bin/sh\r\necho\r\n", "line 1 ends as on Windows (CRLF)"),
            (
                "#!/bin/sh\necho\ntouch x\r\n",
                "`touch x\\r`: line 3 ends as on Windows (CRLF)",
            ),
            ("#cloud-config\r\n", "line 1 ends as on Windows"),
        ];
        for (text, says) in table {
            let said = refusal(text, Encoding::Auto).expect(text);
            assert!(said.contains(says), "{text:?}: {said}");
        }
        // For any reader a text is not empty and a mark before it is a mistake.
        for text in ["", "\u{feff}{}"] {
            assert!(refusal(text, Encoding::Plain).is_some(), "{text:?}");
        }
    }

    #[test]
    fn small_or_dense_scripts_stay_text() {
        assert!(!gzip_is_useful(500, 100));
        assert!(!gzip_is_useful(4000, 3900));
        assert!(gzip_is_useful(4000, 1500));
    }
}
