//! One field of a line of cron: the values it names, by the rules of Vixie cron.

use crate::nearest::suggestion;

use super::HOW;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEK: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Bit n is the value n.
    bits: u64,
    /// Whether it starts with `*`, which Vixie cron takes for "not given".
    pub(super) star: bool,
}

/// What a field may hold.
struct Kind {
    name: &'static str,
    least: u32,
    most: u32,
    /// Words for the values from `least` on.
    words: &'static [&'static str],
}

impl Field {
    /// Reads the field of this name: values, ranges `a-b`, steps `*/n` and `a-b/n`, lists of them with commas.
    pub(super) fn parse(name: &'static str, text: &str) -> Result<Self, String> {
        let (least, most, words): (u32, u32, &'static [&'static str]) = match name {
            "minute" => (0, 59, &[]),
            "hour" => (0, 23, &[]),
            "day of month" => (1, 31, &[]),
            "month" => (1, 12, &MONTHS),
            // Both 0 and 7 are Sunday.
            _ => (0, 7, &WEEK),
        };
        let kind = Kind {
            name,
            least,
            most,
            words,
        };
        let mut bits = 0;
        for part in text.split(',') {
            bits |= kind.part(part)?;
        }
        if most == 7 && bits & (1 << 7) != 0 {
            bits |= 1;
        }
        Ok(Self {
            bits,
            star: text.starts_with('*'),
        })
    }

    /// Whether it names this value.
    pub(super) fn has(self, value: u32) -> bool {
        self.bits & (1 << value) != 0
    }
}

impl Kind {
    fn part(&self, part: &str) -> Result<u64, String> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.least, self.most),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None if step.is_some() => {
                let most = self.most;
                return Err(format!(
                    "{}: `{part}`: a step follows `*` or a range; write `{range}-{most}/{}`",
                    self.name,
                    step.unwrap_or(1),
                ));
            }
            None => (self.value(range)?, self.value(range)?),
        };
        if first > last {
            let sunday = match self.most == 7 && last == 0 {
                true => "; Sunday after other days is `7`",
                false => "",
            };
            return Err(format!(
                "{}: the range `{range}` runs backwards{sunday}; write two ranges with a comma between them",
                self.name
            ));
        }
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
        Ok((first..=last)
            .step_by(step)
            .fold(0, |bits, value| bits | 1 << value))
    }

    fn step(&self, text: &str) -> Result<u32, String> {
        let step = text.parse().ok().filter(|step: &u32| *step > 0);
        step.filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
            .ok_or_else(|| {
                format!(
                    "{}: the step `{text}` is no whole number from 1 on; {HOW}",
                    self.name
                )
            })
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let (name, least, most) = (self.name, self.least, self.most);
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            let value = text.parse().ok();
            return value
                .filter(|value| (least..=most).contains(value))
                .ok_or_else(|| format!("{name}: `{text}` is not within {least} to {most}"));
        }
        let short = text.to_ascii_lowercase();
        let word = self.words.iter().position(|word| *word == short);
        match word.and_then(|at| u32::try_from(at).ok()) {
            Some(at) => Ok(least + at),
            None if self.words.is_empty() || text.is_empty() => {
                Err(format!("{name}: `{text}` is no number; {HOW}"))
            }
            None => {
                let meant = suggestion(text, self.words);
                Err(format!("{name}: `{text}` is no such name; {meant}"))
            }
        }
    }
}
