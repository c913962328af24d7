//! The progress of an installation, read from the output that a followed script (`record::followed`) keeps on its
//! instance: the question, its answer, and what is new in it. Output is bounded: so many lines of a run are told.

pub mod console;
pub mod lines;

use serde::{Deserialize, Serialize};

use super::{record, redact};
use crate::Instant;

/// Bytes of output that one answer brings. In base64 they and [`TAIL`] stay below the 24,000 characters that SSM keeps.
pub const CHUNK: u64 = 12_000;
/// Bytes of the output's end that each answer brings, for the last lines of a failure.
pub const TAIL: u64 = 4_000;
/// Lines of output that the story of a run tells, besides the last ones of a failure.
pub const MOST_LINES: u32 = 200;
/// Lines that a failure is told with.
pub const LAST: usize = 20;

/// What has been heard of an installation; stored with its deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Bytes of output that are done with.
    pub offset: u64,
    /// The step that was last told of, counted from 1; 0 before the first.
    pub step: u32,
    /// In words, such as `step 2 of 4: install nginx`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub step_said: String,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_at: Option<Instant>,
    /// Lines of output told.
    pub told: u32,
    /// The story has as many lines as it takes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub full: bool,
    /// The next line is the rest of one whose beginning was left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub amid: bool,
    /// The lines are inside a private key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_key: bool,
    /// When there was something new last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub news_at: Option<Instant>,
    /// When it is asked or listened for next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look_at: Option<Instant>,
    /// It is read from the console, and `offset` counts lines.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub console: bool,
    /// EC2 shows the console only some time after the instance began or ended: it is read after the deployment's end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The story says why nothing can be read (yet).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
    /// Nothing is asked any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
}

/// The question: the script's exit code, how long its output is, its latest step, and the output from an offset. It waits
/// on the instance for the script's end, `hold` seconds at most, so that the end is heard of without many questions.
pub fn question(path: &str, offset: u64, hold: u64) -> String {
    let out = record::output(path);
    let from = offset + 1;
    format!(
        "n=0; until [ -s {path} ] || [ $n -ge {hold} ]; do sleep 1; n=$((n+1)); done\n\
         cat {path} 2>/dev/null || echo -\n\
         stat -c %s {out} 2>/dev/null || echo -\n\
         grep -aF '[ingot] step ' {out} 2>/dev/null | tail -n 1 | head -c 400\n\
         echo ==\n\
         tail -c +{from} {out} 2>/dev/null | head -c {CHUNK} | base64\n\
         echo ==\n\
         tail -c {TAIL} {out} 2>/dev/null | base64\n\
         exit 0\n"
    )
}

/// An answer to [`question`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The script's exit code, once it has ended.
    pub code: Option<i32>,
    /// Bytes of output; `None` when there is no file.
    pub size: Option<u64>,
    /// The last line that says which step begins.
    pub step: String,
    /// Output from the offset that was asked for.
    pub chunk: Vec<u8>,
    /// The output's end.
    pub tail: Vec<u8>,
}

/// Reads what the question printed; `None` if it is none of its answers.
pub fn read(printed: &str) -> Option<Answer> {
    let mut sections = printed.split("\n==");
    let head = sections.next()?;
    let (chunk, tail) = (sections.next()?, sections.next()?);
    let mut head = head.lines();
    Some(Answer {
        code: head.next()?.trim().parse().ok(),
        size: head.next()?.trim().parse().ok(),
        step: head.next().unwrap_or_default().to_owned(),
        chunk: decoded(chunk)?,
        tail: decoded(tail)?,
    })
}

/// Base64 (RFC 4648) with line ends in it.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(out)
}

/// Something new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A step begins, counted from 1.
    Step(u32),
    /// A line of output.
    Line(String),
    /// So many bytes of output are not told.
    LeftOut(u64),
    /// So many lines of output were gone from the console before they were read.
    Gone(u64),
    /// The story has [`MOST_LINES`] lines and takes no more.
    Full,
}

/// How an installation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With exit code 0.
    Done,
    /// With another one: the step it was at (0: before the first), and its last lines.
    Failed {
        /// The exit code.
        code: i32,
        /// The step, counted from 1.
        step: u32,
        /// At most [`LAST`].
        last: Vec<String>,
    },
}

/// The step a line says begins, if it is one of `steps` and comes after `after`.
fn begins(line: &str, steps: &[String], after: u32) -> Option<u32> {
    let rest = line.trim_end().strip_prefix("[ingot] step ")?;
    let (number, rest) = rest.split_once('/')?;
    let (of, name) = rest.split_once(": ")?;
    let number: u32 = number.parse().ok()?;
    let at = usize::try_from(number.checked_sub(1)?).ok()?;
    let known = of.parse() == Ok(steps.len()) && steps.get(at).is_some_and(|step| step == name);
    (known && number > after).then_some(number)
}

/// A line of the script's own that tells nothing new.
fn is_own(line: &str) -> bool {
    line.starts_with("[ingot] step ") || line == "[ingot] all steps done"
}

/// What an answer to the question from `progress.offset` brings. `steps` are the steps' names with their values filled
/// in; a script that is no steps is one of its own, which begins with its output file.
pub fn hear(
    progress: &mut Progress,
    answer: &Answer,
    steps: &[String],
) -> (Vec<News>, Option<End>) {
    let mut news = Vec::new();
    let one = steps.len() < 2;
    let Some(size) = answer.size else {
        return (news, ended(progress, answer, steps));
    };
    if one && progress.step == 0 {
        progress.step = 1;
        news.push(News::Step(1));
    }
    if !progress.full {
        let over = answer.code.is_some() && progress.offset + len(&answer.chunk) >= size;
        let (raw, taken) = lines::whole(&answer.chunk, over);
        progress.offset += u64::try_from(taken).unwrap_or(u64::MAX);
        for raw in raw {
            let amid = std::mem::take(&mut progress.amid);
            if !amid {
                line(progress, raw, steps, &mut news);
            }
        }
        let behind = size.saturating_sub(progress.offset);
        if behind > 2 * CHUNK && !progress.full {
            // The story keeps up with the installation.
            news.push(News::LeftOut(behind - CHUNK));
            progress.offset = size - CHUNK;
            progress.amid = true;
        }
    }
    // Its step is told even when its output is not.
    let caught_up = progress.full || progress.amid;
    if let Some(step) = begins(&answer.step, steps, progress.step).filter(|_| caught_up) {
        progress.step = step;
        news.push(News::Step(step));
    }
    let failing = answer.code.is_some_and(|code| code != 0);
    if failing && progress.offset < size {
        rest(progress, answer, size, steps, &mut news);
    }
    (news, ended(progress, answer, steps))
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn line(progress: &mut Progress, raw: &[u8], steps: &[String], news: &mut Vec<News>) {
    let said = lines::told(raw, &mut progress.in_key);
    if let Some(step) = begins(&String::from_utf8_lossy(raw), steps, progress.step) {
        progress.step = step;
        news.push(News::Step(step));
    } else if !said.is_empty() && !is_own(&said) && !progress.full {
        if progress.told >= MOST_LINES {
            progress.full = true;
            news.push(News::Full);
        } else {
            progress.told += 1;
            news.push(News::Line(said));
        }
    }
}

/// The last lines of a failure that were not told yet, however many were told before.
fn rest(
    progress: &mut Progress,
    answer: &Answer,
    size: u64,
    steps: &[String],
    news: &mut Vec<News>,
) {
    if let Some(step) = begins(&answer.step, steps, progress.step) {
        progress.step = step;
        news.push(News::Step(step));
    }
    let start = size.saturating_sub(len(&answer.tail));
    let told = usize::try_from(progress.offset.saturating_sub(start)).unwrap_or(usize::MAX);
    let untold = answer.tail.get(told..).unwrap_or_default();
    let last = last_lines(untold, progress.offset < start);
    if progress.offset < start {
        news.push(News::LeftOut(start - progress.offset));
    }
    news.extend(last.into_iter().map(News::Line));
    progress.offset = size;
}

/// The last lines of some output, without the script's own; `amid`: its first line is the rest of one.
fn last_lines(bytes: &[u8], amid: bool) -> Vec<String> {
    let (raw, _) = lines::whole(bytes, true);
    let raw = raw.into_iter().skip(usize::from(amid));
    let text: Vec<String> = raw
        .map(|raw| String::from_utf8_lossy(raw).into_owned())
        .collect();
    let mut in_key = redact::begins_in_key(text.iter().map(String::as_str));
    let mut last: Vec<String> = Vec::new();
    for raw in &text {
        let said = lines::told(raw.as_bytes(), &mut in_key);
        if is_own(&said) {
            last.clear();
        } else if !said.is_empty() {
            last.push(said);
        }
    }
    last.split_off(last.len().saturating_sub(LAST))
}

fn ended(progress: &mut Progress, answer: &Answer, steps: &[String]) -> Option<End> {
    let code = answer.code?;
    let behind = answer.size.is_some_and(|size| progress.offset < size);
    if code == 0 {
        let done = progress.full || !behind;
        progress.over |= done;
        return done.then_some(End::Done);
    }
    progress.over = true;
    let step = begins(&answer.step, steps, progress.step).unwrap_or(progress.step);
    let cut = answer.size.is_some_and(|size| size > len(&answer.tail));
    let last = last_lines(&answer.tail, cut);
    Some(End::Failed { code, step, last })
}

#[cfg(test)]
mod tests;
