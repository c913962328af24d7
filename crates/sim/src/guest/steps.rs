//! An installation as it runs: its steps one after the other over its time, what they print, and the one that tests order to
//! fail or to hang. The file that a followed script keeps its output in grows with it.

use std::time::Duration;

use serde::Deserialize;

use super::script::{echoed, installs_agent, of_user_data, shown};
use super::{Boot, Ended, Guest};
use crate::state::instances::Instance;

/// A step that goes wrong, as `POST /_sim/next_guest` orders it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BadStep {
    /// Counted from 1; the first if absent.
    pub(crate) number: usize,
    /// Of the step, and so of the script; 1 if absent.
    pub(crate) exit_code: Option<i32>,
    /// The lines it prints instead of its own.
    pub(crate) output: Vec<String>,
    /// It never ends by itself.
    pub(crate) hangs: bool,
    /// How long a usual installation takes.
    #[serde(skip)]
    span: Duration,
    /// After how many seconds the script ends it.
    #[serde(skip)]
    timeout: Option<u64>,
}

/// Longer than any installation; what is held back for ever is cut to it.
const LONGEST: Duration = Duration::from_secs(1 << 32);

/// One step.
#[derive(Debug, Default)]
struct Step {
    /// The line that begins it.
    begins: String,
    /// What it prints.
    said: Vec<String>,
    /// After how long the script ends it.
    timeout: Option<u64>,
    /// It installs the SSM agent.
    agent: bool,
}

impl Guest {
    /// How long the script takes when nothing goes wrong, if a step of it is to go wrong.
    pub(super) fn usual_span(&self) -> Option<Duration> {
        self.step.as_ref().map(|bad| bad.span)
    }

    /// Orders the end of the script by the step that goes wrong; answers when the page is up.
    pub(crate) fn ends_badly(
        &mut self,
        user_data: Option<&str>,
        running_at: Duration,
        span: Duration,
    ) -> Duration {
        let usual = running_at.saturating_add(span);
        let Some(bad) = &mut self.step else {
            return usual;
        };
        bad.span = span;
        let steps = user_data.map(read).unwrap_or_default();
        let of = steps.len().max(1);
        let number = bad.number.clamp(1, of);
        let after = |steps: usize| {
            let share = steps as f64 / of as f64;
            running_at.saturating_add(span.min(LONGEST).mul_f64(share))
        };
        bad.timeout = steps.get(number - 1).and_then(|step| step.timeout);
        self.fails = true;
        self.ended = match (bad.hangs, bad.timeout) {
            (false, _) => Ended::At(after(number)),
            (true, None) => Ended::Never,
            (true, Some(seconds)) => {
                bad.output.push(format!(
                    "[ingot] ended after {seconds} s, the timeout of the step"
                ));
                Ended::At(after(number - 1).saturating_add(Duration::from_secs(seconds)))
            }
        };
        Duration::MAX
    }

    /// What the script ended with, if badly.
    pub(super) fn exit_code(&self) -> i32 {
        match &self.step {
            // As the script writes down a step that it ended.
            Some(bad) if bad.hangs => 124,
            Some(bad) => bad.exit_code.unwrap_or(1),
            None => 1,
        }
    }
}

/// The steps of a script; one that has none is one, which nothing begins.
fn read(encoded: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut before = Vec::new();
    for line in of_user_data(encoded).lines() {
        if let Some(text) = shown(line).filter(|text| text.starts_with("[ingot] step ")) {
            steps.push(Step {
                begins: text,
                ..Step::default()
            });
        } else if let Some(seconds) = line.strip_prefix("ingot_within ") {
            if let Some(step) = steps.last_mut() {
                step.timeout = seconds.trim().parse().ok();
            }
        } else if installs_agent(line)
            && let Some(step) = steps.last_mut()
        {
            step.agent = true;
        } else if let Some(text) = echoed(line) {
            match steps.last_mut() {
                Some(step) => step.said.push(text),
                None => before.push(text),
            }
        }
    }
    if steps.is_empty() {
        steps.push(Step {
            said: before,
            ..Step::default()
        });
    }
    steps
}

/// After which share of its time the script has installed the SSM agent, if it does so in a step.
pub(super) fn agent_after(encoded: &str) -> Option<f64> {
    let steps = read(encoded);
    let at = steps.iter().position(|step| step.agent)?;
    Some((at + 1) as f64 / steps.len() as f64)
}

/// Whether the script of the user data keeps its output there.
pub(super) fn keeps(instance: &Instance, path: &str) -> bool {
    let script = instance.user_data.as_deref().map(of_user_data);
    script.is_some_and(|script| script.contains(&format!("tee -a {path} ")))
}

/// What the script has printed by now.
pub(super) fn output(instance: &Instance, now: Duration) -> String {
    let Some(encoded) = instance
        .user_data
        .as_deref()
        .filter(|_| now >= instance.running_at)
    else {
        return String::new();
    };
    let bad = instance.guest.step.as_ref();
    let ends = instance.script_ends().saturating_sub(instance.running_at);
    let span = bad.map_or(ends, |bad| bad.span).as_secs_f64();
    let gone = now.saturating_sub(instance.running_at).as_secs_f64();
    let share = if span > 0.0 { gone / span } else { 1.0 };
    let share = if instance.guest.fails && bad.is_none() {
        share.min(0.5)
    } else {
        share
    };
    let steps = read(encoded);
    let of = steps.len();
    let mut text = String::new();
    for (at, step) in steps.into_iter().enumerate() {
        let into = share * of as f64 - at as f64;
        let wrong = bad.filter(|bad| bad.number.clamp(1, of) == at + 1);
        if into < 0.0 {
            break;
        }
        let (into, said) = match wrong {
            Some(bad) if now >= instance.script_ends() => (1.0, bad.output.clone()),
            // Its last line comes with its end.
            Some(bad) if bad.hangs && bad.timeout.is_some() => {
                let (_, before) = bad.output.split_last().unwrap_or((&step.begins, &[]));
                (into, before.to_vec())
            }
            Some(bad) => (into, bad.output.clone()),
            None => (into, step.said),
        };
        // Between 0 and the count, so the cast keeps the value.
        let count = (said.len() as f64 * into.min(1.0)).floor() as usize;
        let printed = said.into_iter().take(count);
        for line in std::iter::once(step.begins)
            .filter(|line| !line.is_empty())
            .chain(printed)
        {
            text.push_str(&line);
            text.push('\n');
        }
        if wrong.is_some() {
            return text;
        }
    }
    let over = of > 1 && share >= 1.0;
    text + if over { "[ingot] all steps done\n" } else { "" }
}

/// What the script has written to the console by now: its lines with their numbers, and its exit code.
pub(crate) fn console(instance: &Instance, now: Duration) -> String {
    let script = instance.user_data.as_deref().map(of_user_data);
    if !script.is_some_and(|script| script.contains(">> /dev/console")) {
        return String::new();
    }
    let printed = output(instance, now);
    let lines = printed.lines().enumerate();
    let mut text: String = lines
        .map(|(at, line)| format!("[ingot]{}| {line}\r\n", at + 1))
        .collect();
    let code = match instance.boot(now) {
        Boot::Running => return text,
        Boot::Done => 0,
        Boot::Error => instance.guest.exit_code(),
    };
    text.push_str(&format!("[ingot]end {code}\r\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::instances::Phase;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    const SCRIPT: &str = "#!/bin/bash\nprintf '%s\\n' '[ingot] step 1/2: one'\n(\necho 'a'\necho 'b'\n)\n\
        printf '%s\\n' '[ingot] step 2/2: two'\n(\necho 'c'\n)\n";

    fn machine(step: Option<BadStep>) -> Instance {
        machine_with(SCRIPT, step)
    }

    fn machine_with(script: &str, step: Option<BadStep>) -> Instance {
        let mut instance = Instance::sample();
        instance.phase = Phase::Running;
        instance.running_at = seconds(20);
        instance.user_data = Some(STANDARD.encode(script));
        instance.guest.step = step;
        let encoded = instance.user_data.clone();
        instance.ready_at =
            instance
                .guest
                .ends_badly(encoded.as_deref(), seconds(20), seconds(100));
        instance
    }

    #[test]
    fn the_output_grows_step_by_step() {
        let instance = machine(None);
        let table = [
            (19, ""),
            (20, "[ingot] step 1/2: one\n"),
            (46, "[ingot] step 1/2: one\na\n"),
            (70, "[ingot] step 1/2: one\na\nb\n[ingot] step 2/2: two\n"),
            (
                120,
                "[ingot] step 1/2: one\na\nb\n[ingot] step 2/2: two\nc\n[ingot] all steps done\n",
            ),
        ];
        for (now, want) in table {
            assert_eq!(output(&instance, seconds(now)), want, "at {now}");
        }
    }

    #[test]
    fn the_agent_is_there_after_the_step_that_installs_it() {
        let encoded = |script: &str| STANDARD.encode(script);
        assert_eq!(agent_after(&encoded(SCRIPT)), None);
        let installs = SCRIPT.replacen("echo 'b'", "dpkg -i amazon-ssm-agent.deb", 1);
        assert_eq!(agent_after(&encoded(&installs)), Some(0.5));
        let whole = "#!/bin/sh\ndpkg -i amazon-ssm-agent.deb\n";
        assert_eq!(agent_after(&encoded(whole)), None, "no steps");
    }

    #[test]
    fn a_step_fails_or_hangs_as_ordered() {
        let bad = |hangs| BadStep {
            number: 1,
            exit_code: Some(100),
            output: vec!["E: no".to_owned()],
            hangs,
            ..BadStep::default()
        };
        let failing = machine(Some(bad(false)));
        assert_eq!(failing.boot(seconds(69)), crate::guest::Boot::Running);
        assert_eq!(failing.boot(seconds(70)), crate::guest::Boot::Error);
        let want = "[ingot] step 1/2: one\nE: no\n";
        assert_eq!(output(&failing, seconds(500)), want);
        assert_eq!(failing.guest.exit_code(), 100);
        assert!(!failing.installed(seconds(9999)), "nothing answers");
        let hanging = machine(Some(bad(true)));
        assert_eq!(hanging.boot(seconds(9999)), crate::guest::Boot::Running);
        assert_eq!(output(&hanging, seconds(9999)), want);
    }

    #[test]
    fn the_console_has_the_lines_only_of_a_script_that_writes_there() {
        let instance = machine(None);
        assert_eq!(console(&instance, seconds(500)), "");
        let written = machine_with(&format!("{SCRIPT}echo $n >> /dev/console\n"), None);
        assert_eq!(console(&written, seconds(19)), "");
        let text = console(&written, seconds(46));
        assert_eq!(text, "[ingot]1| [ingot] step 1/2: one\r\n[ingot]2| a\r\n");
        assert!(console(&written, seconds(120)).ends_with("\r\n[ingot]end 0\r\n"));
    }

    #[test]
    fn a_step_that_hangs_is_ended_after_its_timeout() {
        let script = SCRIPT.replacen(")\n", ") &\nset +m\ningot_within 30\n", 1);
        let bad = BadStep {
            number: 1,
            output: vec!["waiting".to_owned()],
            hangs: true,
            ..BadStep::default()
        };
        let hanging = machine_with(&script, Some(bad));
        assert_eq!(hanging.boot(seconds(49)), crate::guest::Boot::Running);
        let before = output(&hanging, seconds(49));
        assert!(!before.contains("ended after"), "{before}");
        assert_eq!(hanging.boot(seconds(50)), crate::guest::Boot::Error);
        assert_eq!(hanging.guest.exit_code(), 124);
        assert_eq!(
            output(&hanging, seconds(50)),
            "[ingot] step 1/2: one\nwaiting\n[ingot] ended after 30 s, the timeout of the step\n"
        );
    }
}
