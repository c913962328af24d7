//! Windows from text: `mon-fri 01:00-05:00, sat 00:00-24:00` (AUTO-AMI 3).

use crate::nearest::nearest;

use super::{DAY, DAYS, Window};

const HOW: &str = "write HH:MM-HH:MM such as `02:00-06:00`, several with commas, days before it: `mon-fri 01:00-05:00, sat 00:00-24:00`";
/// Every day of the week.
const ALL: u8 = 0b111_1111;

/// The items of a text.
pub(super) fn read(text: &str) -> Result<Vec<Window>, String> {
    text.split(',').map(|item| window(item.trim())).collect()
}

fn window(item: &str) -> Result<Window, String> {
    if item.is_empty() {
        return Err(format!("an empty item; {HOW}"));
    }
    let words: Vec<&str> = item.split_whitespace().collect();
    let (days, times) = match words.as_slice() {
        [times] => (ALL, *times),
        [days, times] => (week(days)?, *times),
        _ => {
            return Err(format!(
                "`{item}` has more than days and times: one day or one range of days per item; {HOW}"
            ));
        }
    };
    let (start, end) = times
        .split_once('-')
        .ok_or_else(|| format!("`{times}` is no span of times; {HOW}"))?;
    let (start, end) = (time(start)?, time(end)?);
    if start == DAY {
        return Err("a window starts before 24:00; write `00:00` of the next day".to_owned());
    }
    if start == end {
        return Err(format!(
            "`{times}` starts and ends at the same time; write `00:00-24:00` for always"
        ));
    }
    Ok(Window { days, start, end })
}

/// `02:00` as minutes after midnight, up to `24:00`.
pub(super) fn time(text: &str) -> Result<u16, String> {
    let wrong = || format!("`{text}` is no time of day from `00:00` to `24:00`; {HOW}");
    let number =
        |digits: &str| match digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) {
            true => digits.parse::<u16>().map_err(|_| wrong()),
            false => Err(wrong()),
        };
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let (hour, minute) = (number(hour)?, number(minute)?);
    match minute < 60 && hour * 60 + minute <= DAY {
        true => Ok(hour * 60 + minute),
        false => Err(wrong()),
    }
}

/// `mon` or `fri-mon` as bits, Monday first.
fn week(text: &str) -> Result<u8, String> {
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    let mut days = 1 << first;
    let mut at = first;
    while at != last {
        at = (at + 1) % DAYS.len();
        days |= 1 << at;
    }
    Ok(days)
}

fn day(text: &str) -> Result<usize, String> {
    let names = DAYS.map(|(name, _)| name);
    let short = text.to_ascii_lowercase();
    names.iter().position(|name| *name == short).ok_or_else(|| {
        let near = text.get(..3).and_then(|start| nearest(start, &names));
        match near.or_else(|| nearest(text, &names)) {
            Some(near) => format!("`{text}` is no day; did you mean `{near}`?"),
            None => format!("`{text}` is no day of mon, tue, wed, thu, fri, sat, sun; {HOW}"),
        }
    })
}

/// Days as text with a blank after them: nothing for all, a range if they are one (it may wrap); days that are no range can not be
/// read, and are written as they would be listed.
pub(super) fn days(bits: u8) -> String {
    if bits & ALL == ALL {
        return String::new();
    }
    let on = |at: usize| bits & (1 << (at % DAYS.len())) != 0;
    let name = |at: usize| DAYS[at % DAYS.len()].0;
    let count = (0..DAYS.len()).filter(|at| on(*at)).count();
    let first = (0..DAYS.len()).find(|at| on(*at) && !on(at + DAYS.len() - 1));
    match first {
        Some(first) if count == 1 => format!("{} ", name(first)),
        Some(first) if (first..first + count).all(on) => {
            format!("{}-{} ", name(first), name(first + count - 1))
        }
        _ => String::new(),
    }
}
