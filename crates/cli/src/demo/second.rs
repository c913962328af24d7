//! The second act: a day and a night in which images are made anew by themselves. A template in use is built at night from
//! the daily purse, one whose base image has a critical hole at once from the urgent purse, one with a medium hole waits for
//! the night, and one that is dearer than the budgets asks a person. Then the screens of all that, with its figures.

mod judge;
mod props;
mod story;

use std::time::Duration;

use chrono::{DateTime, Timelike, Utc};
use ingot_client::base_image::ScanRequest;
use ingot_client::build::{Build, NewBuild};
use ingot_client::plan::PlanFilter;
use ingot_client::policy::PolicyImport;
use ingot_client::{Client, CreateDeployment, Deployment};
use ingot_domain::Instant;
use tokio::time::timeout;

use self::story::Story;
use crate::command;
use crate::output::say;
use crate::output::tree::Strokes;
use crate::process::sim;

/// When the calendar of a demo begins: in the evening before its night.
pub(crate) const BEGINS: &str = "2024-07-25T23:30:00Z";
/// How fast it runs: a night takes half a minute. The two hours that a builder may take at most are 18 seconds, of which it
/// needs eight, so that a slow machine builds in time, too.
pub(crate) const PACE: f64 = 400.0;

/// The document's region.
const REGION: &str = "us-east-1";
/// As the policy has it.
const LAUNCHES: usize = 5;
/// Longest time of the calendar that the act may take: a second night, if the machine was too slow for the first.
const LONGEST_HOURS: f64 = 54.0;
/// Longest time it may take beside that, in real time.
const SLACK: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// After this many looks a track is looked for again.
const AGAIN: u32 = 20;
/// The hours of the day in which the vendors publish, and people ask.
const MORNING: u32 = 6;
const MIDDAY: u32 = 11;
const EVENING: u32 = 20;

/// Where the second act plays.
#[derive(Debug, Clone)]
pub(crate) struct Theatre {
    /// The address of the simulated region, whose vendors publish.
    pub(crate) endpoint: String,
    /// How fast its calendar runs.
    pub(crate) pace: f64,
}

/// Plays it, shows its screens, and answers what was not as it must be.
pub(super) async fn play(client: &Client, theatre: &Theatre) -> anyhow::Result<Vec<String>> {
    let longest = Duration::from_secs_f64(LONGEST_HOURS * 3600.0 / theatre.pace) + SLACK;
    let mut act = Act {
        client,
        theatre,
        story: Story::default(),
    };
    let mut problems = Vec::new();
    match timeout(longest, act.perform()).await {
        Ok(end) => end?,
        Err(_) => problems.push(format!(
            "the second act was not over after {} s",
            longest.as_secs()
        )),
    }
    problems.extend(judge::problems(&judge::Seen::look(client).await?));
    screens(client).await?;
    Ok(problems)
}

/// The document's screens, the plan, and the purses.
async fn screens(client: &Client) -> anyhow::Result<()> {
    let strokes = Strokes::here();
    let status = client.auto_ami_status().await?;
    let security = client.security_status().await?;
    let plan = client.plan(&PlanFilter::default()).await?;
    let budget = client.budget().await?;
    for (line, screen) in [
        (
            "ingot templates auto-ami status",
            command::auto_ami::status_screen(&status, strokes),
        ),
        (
            "ingot templates auto-ami security-status",
            command::auto_ami::security_status(&security, strokes),
        ),
        ("ingot plan", command::plan::screen(&plan)),
        ("ingot budget show", command::budget::said(&budget)),
    ] {
        say(&format!("\n$ {line}\n{screen}"))?;
    }
    say("")
}

struct Act<'a> {
    client: &'a Client,
    theatre: &'a Theatre,
    story: Story,
}

impl Act<'_> {
    async fn perform(&mut self) -> anyhow::Result<()> {
        self.furnish().await?;
        self.launch().await?;
        self.tell("python-ml was launched five times: it is popular, and has no AMI");
        self.tell("its AMI is made at night, when the window from 02:00 to 05:00 is open");
        self.until(|builds| judge::popular(builds).is_some_and(Build::is_over))
            .await?;

        self.day(MORNING).await?;
        self.tell("in the morning Ubuntu publishes 22.04 with a hole closed that is medium: r-stats waits for the night");
        self.publish(props::JAMMY, props::JAMMY_NEXT, None).await?;
        self.until(|builds| judge::medium(builds).is_some_and(|one| one.scheduled_for.is_some()))
            .await?;

        self.day(MIDDAY).await?;
        self.tell(
            "the GPU course needs its AMI at once, which costs more than the emergency budget has",
        );
        self.ask().await?;
        self.until(|builds| {
            judge::dear(builds).is_some_and(|one| one.status == "awaiting_approval")
        })
        .await?;
        self.tell("in the middle of the day Ubuntu publishes 24.04 with a critical hole closed");
        self.publish(props::NOBLE, props::NOBLE_NEXT, None).await?;
        self.until(|builds| {
            judge::critical(builds).is_some_and(Build::is_over)
                && !builds.iter().any(judge::has_a_builder)
                && !builds.iter().any(judge::is_due)
        })
        .await?;
        self.tell("what stood on it is built anew, and paid from the emergency budget");
        Ok(())
    }

    fn tell(&self, text: &str) {
        self.story.tell(text);
    }

    /// Policy, templates, and the base images as they are that evening.
    async fn furnish(&mut self) -> anyhow::Result<()> {
        let why = PolicyImport {
            reason: Some("the demo's second act".to_owned()),
            ..PolicyImport::default()
        };
        self.client.import_policy(props::POLICY, &why).await?;
        for yaml in props::TEMPLATES {
            self.client.apply_template(yaml, &key()).await?;
        }
        let created: DateTime<Utc> = props::JAMMY_CREATED.parse()?;
        self.publish(props::JAMMY, props::JAMMY_NOW, Some(created))
            .await?;
        self.found(props::NOBLE, None).await
    }

    /// Five launches of one template that leave no AMI, and one of another that does.
    async fn launch(&mut self) -> anyhow::Result<()> {
        let mut asked = vec![self.order("r-stats", "r-stats", "v4.4.1", true).await?];
        for number in 1..=LAUNCHES {
            let name = format!("student-{number}");
            asked.push(self.order(&name, "python-ml", "v1.0.0", false).await?);
        }
        for one in &asked {
            let ended = self.ended(&one.id).await?;
            anyhow::ensure!(
                ended.status == "success",
                "{} of the second act ended as `{}`: {}",
                ended.job_name,
                ended.status,
                ended.error_message.unwrap_or_default()
            );
        }
        Ok(())
    }

    /// One launch; with `ami` it leaves one.
    async fn order(
        &self,
        name: &str,
        template: &str,
        version: &str,
        ami: bool,
    ) -> anyhow::Result<Deployment> {
        let order = CreateDeployment {
            job_name: Some(name.to_owned()),
            template: template.to_owned(),
            version: version.to_owned(),
            region: REGION.to_owned(),
            create_ami: (!ami).then_some(false),
            ..CreateDeployment::default()
        };
        Ok(self.client.create_deployment(&order, &key()).await?)
    }

    async fn ended(&self, id: &str) -> anyhow::Result<Deployment> {
        loop {
            let seen = self.client.deployment(id).await?;
            if seen.finished {
                return Ok(seen);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A person asks for what the purses cannot pay.
    async fn ask(&self) -> anyhow::Result<()> {
        let wanted = NewBuild {
            template: "gpu-lab".to_owned(),
            version: Some("v1.0.0".to_owned()),
            region: Some(REGION.to_owned()),
            urgent: true,
            reason: Some("the GPU course begins on Monday".to_owned()),
            ..NewBuild::default()
        };
        self.client.ask_build(&wanted, &key()).await?;
        Ok(())
    }

    /// A vendor publishes a build, and it is found.
    async fn publish(
        &self,
        track: &str,
        build: &str,
        created: Option<Instant>,
    ) -> anyhow::Result<()> {
        sim::publish(&self.theatre.endpoint, track, build, REGION, created).await?;
        self.found(track, Some(build)).await
    }

    /// Looks at a track until it is at a build, or at any.
    async fn found(&self, track: &str, build: Option<&str>) -> anyhow::Result<()> {
        let here = ScanRequest {
            regions: vec![REGION.to_owned()],
        };
        for look in 0_u32.. {
            if look.is_multiple_of(AGAIN) {
                self.client.scan_base_images(Some(track), &here).await?;
            }
            let now = self.client.base_image(track).await?.current_build;
            if now.is_some() && (build.is_none() || now.as_deref() == build) {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits until builds are as they must be, and tells their stories meanwhile.
    async fn until(&mut self, so: impl Fn(&[Build]) -> bool) -> anyhow::Result<()> {
        loop {
            let builds = self.story.look(self.client).await?;
            if so(&builds) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until it is day and at least this hour; on a machine so slow that it is evening, the next day.
    async fn day(&mut self, hour: u32) -> anyhow::Result<()> {
        loop {
            self.story.look(self.client).await?;
            let now = self.client.budget().await?.at;
            if (hour..EVENING).contains(&now.hour()) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn key() -> String {
    uuid::Uuid::new_v4().to_string()
}
