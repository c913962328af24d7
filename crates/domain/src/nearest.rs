//! "Did you mean": the known word nearest to a mistyped one.

/// The known word nearest to `word`, if it is near enough to be what was meant: at most a third of its letters
/// differ. Dashes count as underscores and case does not count.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = fold(word);
    let longest = (folded.len() / 3).max(1);
    known
        .iter()
        .map(|candidate| (distance(&folded, &fold(candidate)), *candidate))
        .filter(|(distance, _)| *distance <= longest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The known word that is nearest, however far: one that begins as the word does, else that of the fewest changes.
pub fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = fold(word);
    let far = |candidate: &&&'a str| {
        let other = fold(candidate);
        let begins = !folded.is_empty() && other.starts_with(&folded);
        (!begins, distance(&folded, &other))
    };
    known.iter().min_by_key(far).copied()
}

/// What to write after "unknown key": the nearest known word, or all of them.
pub fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!(
            "use one of {}",
            known
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// Only the start of an absurdly long word matters: the distance costs the product of both lengths.
fn fold(word: &str) -> Vec<char> {
    word.chars()
        .take(64)
        .map(|c| {
            if c == '-' {
                '_'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut two_ago: Vec<usize> = Vec::new();
    let mut ago: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = ago[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(ago[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(two_ago[j - 2] + 1);
            }
            row.push(best);
        }
        two_ago = std::mem::replace(&mut ago, row);
    }
    ago.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        let known = [
            "name",
            "modes",
            "volume",
            "instance_types",
            "user_data",
            "first_boot",
        ];
        let table = [
            ("nmae", Some("name")),
            ("mode", Some("modes")),
            ("instance-types", Some("instance_types")),
            ("instanceTypes", Some("instance_types")),
            ("userdata", Some("user_data")),
            ("firstboot", Some("first_boot")),
            ("security_groups", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
    }
}
