//! Plain values that readers of YAML disagree about: 1.1 and 1.2 differ in booleans, octal and base-60 numbers.

/// What a plain value that readers of YAML disagree about may have meant, ready to stand before "… for the text": `010` is eight
/// to some and ten to others, `01:00` is sixty to some, `no` is `false` to some (FAULTS F35).
pub(super) fn ambiguous(text: &str) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "on" => return Some("`true` for the boolean, ".to_owned()),
        "n" | "no" | "off" => return Some("`false` for the boolean, ".to_owned()),
        _ => {}
    }
    let digits = text.trim_start_matches(['-', '+']);
    let all = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_digit())
            && part.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    };
    if digits.contains(':') {
        return digits.split(':').all(all).then(String::new);
    }
    let octal = digits.len() > 1 && digits.starts_with('0') && all(digits);
    let decimal = digits.trim_start_matches('0');
    octal.then(|| {
        format!(
            "`{}` for the number, ",
            if decimal.is_empty() { "0" } else { decimal }
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_two_readers_read_differently_is_ambiguous() {
        for text in [
            "no", "NO", "y", "On", "off", "010", "-07", "0_1", "00", "01:00", "1:30:00",
        ] {
            assert!(ambiguous(text).is_some(), "{text}");
        }
        for text in [
            "0",
            "10",
            "0.5",
            "true",
            "none",
            "10:a",
            "a:1",
            "0.0.0.0/0",
            "::1",
            "",
            "0x1f",
            "nothing",
        ] {
            assert_eq!(ambiguous(text), None, "{text}");
        }
    }
}
