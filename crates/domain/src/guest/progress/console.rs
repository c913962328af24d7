//! The progress of an installation, read from the lines that a script wrote to the console of its machine
//! (`record::consoled`): each with its number, and in the end the exit code. EC2 keeps the last 64 KB.

use super::{End, News, Progress, begins, last_lines, line};
use crate::guest::record::MARK;

/// A line of the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    /// Its number, from 1, and what it printed.
    Said(u64, &'a str),
    /// The exit code.
    End(i32),
}

/// The script's lines on a console. A first line that is cut off is none.
fn read(console: &str) -> impl Iterator<Item = Line<'_>> {
    console.split('\n').filter_map(|line| {
        // A terminal's line ends with a carriage return.
        let rest = line.strip_suffix('\r').unwrap_or(line).strip_prefix(MARK)?;
        if let Some(code) = rest.strip_prefix("end ") {
            return code.parse().ok().map(Line::End);
        }
        let (number, said) = rest.split_once("| ")?;
        number.parse().ok().map(|number| Line::Said(number, said))
    })
}

/// What is new on a console since `progress`. A console that says nothing of the script brings nothing.
pub fn hear(progress: &mut Progress, console: &str, steps: &[String]) -> (Vec<News>, Option<End>) {
    let mut news = Vec::new();
    let (mut code, mut said) = (None, String::new());
    let before = progress.offset;
    for one in read(console) {
        match one {
            Line::End(ended) => code = Some(ended),
            Line::Said(number, text) => {
                said.push_str(text);
                said.push('\n');
                if number > progress.offset {
                    if steps.len() < 2 && progress.step == 0 {
                        progress.step = 1;
                        news.push(News::Step(1));
                    }
                    if number > progress.offset + 1 {
                        news.push(News::Gone(number - progress.offset - 1));
                    }
                    progress.offset = number;
                    if progress.full {
                        step_only(progress, text, steps, &mut news);
                    } else {
                        line(progress, text.as_bytes(), steps, &mut news);
                    }
                }
            }
        }
    }
    let Some(code) = code else {
        return (news, None);
    };
    progress.over = true;
    if code == 0 {
        return (news, Some(End::Done));
    }
    let last = last_lines(said.as_bytes(), false);
    if progress.full {
        let untold = usize::try_from(progress.offset - before).unwrap_or(usize::MAX);
        let skipped = last.len().saturating_sub(untold);
        news.extend(last.iter().skip(skipped).cloned().map(News::Line));
    }
    let step = progress.step;
    (news, Some(End::Failed { code, step, last }))
}

fn step_only(progress: &mut Progress, text: &str, steps: &[String], news: &mut Vec<News>) {
    if let Some(step) = begins(text, steps, progress.step) {
        progress.step = step;
        news.push(News::Step(step));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::progress::MOST_LINES;

    fn steps() -> Vec<String> {
        ["update", "install nginx"].map(str::to_owned).to_vec()
    }

    fn said(text: &str) -> News {
        News::Line(text.to_owned())
    }

    #[test]
    fn new_lines_are_told_once_and_others_are_passed_over() {
        let mut progress = Progress::default();
        let first = "[    0.0] Linux\r\ncloud-init[812]: [ingot]9| no\r\n[ingot]1| [ingot] step 1/2: update\r\n[ingot]2| token=abc\r\n";
        let (news, end) = hear(&mut progress, first, &steps());
        assert_eq!(news, [News::Step(1), said("token=[redacted]")]);
        assert_eq!(end, None);
        assert_eq!(hear(&mut progress, first, &steps()), (vec![], None));
        let more = format!(
            "{first}[ingot]3| [ingot] step 2/2: install nginx\n[ingot]4| E: no nginxx\n[ingot]end 100\n"
        );
        let (news, end) = hear(&mut progress, &more, &steps());
        assert_eq!(news, [News::Step(2), said("E: no nginxx")]);
        let last = vec!["E: no nginxx".to_owned()];
        assert_eq!(
            end,
            Some(End::Failed {
                code: 100,
                step: 2,
                last
            })
        );
        assert!(progress.over);
    }

    #[test]
    fn what_the_console_has_lost_is_said_and_one_script_is_one_step() {
        let one = ["user_data".to_owned()];
        let mut progress = Progress::default();
        let (news, end) = hear(&mut progress, "l| cut\n[ingot]7| a\n[ingot]end 0\n", &one);
        assert_eq!(news, [News::Step(1), News::Gone(6), said("a")]);
        assert_eq!(end, Some(End::Done));
        let mut quiet = Progress::default();
        assert_eq!(hear(&mut quiet, "login:", &one), (vec![], None));
        assert_eq!(quiet, Progress::default());
    }

    #[test]
    fn a_story_that_is_full_gets_steps_and_the_last_lines_only() {
        let mut progress = Progress::default();
        let lines = |from: u32, to: u32| -> String {
            (from..=to)
                .map(|n| format!("[ingot]{n}| line {n}\n"))
                .collect()
        };
        let most = MOST_LINES + 50;
        let (news, _) = hear(&mut progress, &lines(1, most), &steps());
        assert_eq!(news.len(), usize::try_from(MOST_LINES).expect("small") + 1);
        assert_eq!(news.last(), Some(&News::Full));
        let more = format!("{}[ingot]end 1\n", lines(most, most + 30));
        let (news, end) = hear(&mut progress, &more, &steps());
        assert_eq!(news.len(), 20, "{news:?}");
        assert_eq!(news.last(), Some(&said(&format!("line {}", most + 30))));
        assert!(matches!(end, Some(End::Failed { code: 1, .. })));
    }
}
