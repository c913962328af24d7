//! The image of a proven deployment: whether its installation is over, settling, then the claim (`claim`), the call
//! (`create`) and the polls until EC2 has decided (`poll`).

mod claim;
mod create;
mod packages;
mod poll;
mod scrub;

use std::time::Duration;

use ingot_cloud::InstanceFacts;
use ingot_domain::decide::ami::{Before, BeforeNext, before_claim};
use ingot_domain::decide::install::{Answer, Next, asked};
use ingot_domain::deployment::{AmiStatus, SkipReason};
use ingot_domain::event::{Line, Source, ami};
use ingot_domain::guest::Inquiry;
use ingot_domain::guest::question::{self, Heard};
use ingot_domain::guest::record::{self, Script};
use ingot_domain::image::ImageStatus;
use ingot_domain::provenance::Kind as Thing;
use ingot_domain::render;
use ingot_domain::template::{InstallFinished, Kind};
use ingot_domain::wait::Wait;
use ingot_entity::image;
use ingot_entity::store::{Claim, EffectKind, Then};

use super::launch::Params;
use crate::case::{Case, VisitError};
use crate::guest::{Reply, ask};
use crate::provenance;
use crate::tools::Tools;
use ingot_engine::Visit;

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let case = Case::load(tools, claim).await?;
    if let Some(row) = row_of(tools, &case).await? {
        match case.ami {
            Some(AmiStatus::Creating) if row.parsed_status()? != ImageStatus::Failed => {
                return create::visit(tools, case, row).await;
            }
            Some(AmiStatus::Completed) => return poll::watch(tools, case, &row).await,
            _ => {}
        }
    }
    let facts = match &case.row.instance_id {
        Some(id) => tools.batcher.instance(case.row.place(), id).await?,
        None => None,
    };
    let from_image = case.row.launch_path.as_deref() == Some("cached");
    let stale = from_image
        && launch_of(tools, &case)
            .await?
            .is_some_and(|params| params.stale);
    let view = Before {
        from_own_image: from_image,
        from_stale_image: stale,
        ..view(tools, &case, facts.as_ref())
    };
    let next = before_claim(view);
    // Within the settling delay, so that it usually costs no time.
    if matches!(next, BeforeNext::Wait(_) | BeforeNext::Claim) && packages::concerns(&case) {
        return packages::visit(tools, case).await;
    }
    match next {
        BeforeNext::Over => Ok(case.end(Then::Done)),
        BeforeNext::Skip(reason) => Ok(skip(tools, case, reason)),
        BeforeNext::Fail(why) => {
            let mut case = case;
            case.say(ami::starting());
            let why = facts
                .as_ref()
                .map_or_else(|| why.to_owned(), |facts| facts.ended(why));
            case.fail_ami(tools, &why);
            Ok(case.end(Then::Done))
        }
        BeforeNext::AskInstalled => ask_installed(tools, case, facts.as_ref()).await,
        BeforeNext::Wait(wait) => Ok(case.wait(tools, wait, Wait::Settle)),
        BeforeNext::Claim => claim::look_then_claim(tools, case, facts.as_ref()).await,
    }
}

/// The image row a deployment is working on.
pub(super) async fn row_of(tools: &Tools, case: &Case) -> Result<Option<image::Model>, VisitError> {
    Ok(match &case.row.image_id {
        Some(id) => tools.ledger.image(id).await?,
        None => None,
    })
}

/// What the launch of this run wrote down.
pub(super) async fn launch_of(tools: &Tools, case: &Case) -> Result<Option<Params>, VisitError> {
    let (id, run) = (&case.row.id, case.row.run);
    let effect = tools.ledger.effect(id, run, EffectKind::Launch).await?;
    effect.as_ref().map(Params::read).transpose()
}

/// Why its image is made: by its build's trigger, else because it was deployed (DESIGN-2, B17).
async fn trigger(tools: &Tools, case: &Case) -> Result<String, VisitError> {
    let build = match &case.row.build_id {
        Some(id) => tools.ledger.build(id).await?,
        None => None,
    };
    let trigger = build.and_then(|build| build.row.trigger);
    Ok(trigger.unwrap_or_else(|| "deployment".to_owned()))
}

fn view(tools: &Tools, case: &Case, facts: Option<&InstanceFacts>) -> Before {
    let none_asked = case.recipe.install_finished == InstallFinished::None;
    let installed_at = case
        .row
        .installed_at
        .or(if none_asked { case.row.ready_at } else { None });
    let since = |at: Option<ingot_domain::Instant>| at.map_or(Duration::ZERO, |at| tools.since(at));
    Before {
        status: case.status,
        ami: case.ami,
        golden: case.recipe.kind == Kind::GoldenImage,
        wanted: case.order.create_ami,
        from_own_image: false,
        from_stale_image: false,
        ebs_root: facts.is_none_or(|facts| facts.root_device_type == "ebs"),
        instance_gone: facts.is_none_or(|facts| facts.state.is_ending()),
        installed: installed_at.is_some(),
        since_installed: since(installed_at),
        settle: Duration::from_secs(u64::from(case.recipe.images.settle_seconds)),
    }
}

fn skip(tools: &Tools, mut case: Case, reason: SkipReason) -> Visit {
    let why = match reason {
        SkipReason::Exists => "AMI already exists".to_owned(),
        SkipReason::FromImage => {
            case.row.created_ami_id = case.row.source_ami_id.clone();
            format!(
                "launched from {}",
                case.row.source_ami_id.as_deref().unwrap_or("an image")
            )
        }
        // Another build's image is not this deployment's AMI: nothing is pointed at.
        SkipReason::StaleBase => format!(
            "launched from {}, which was made on another build of the base; `stale: rebuild` makes the AMI of today's",
            case.row.source_ami_id.as_deref().unwrap_or("an image")
        ),
        SkipReason::NotGolden => "not a golden-image deployment".to_owned(),
        SkipReason::Disabled => "no image was wanted".to_owned(),
        SkipReason::Readiness => "readiness check never completed".to_owned(),
        SkipReason::Ended => "deployment ended".to_owned(),
        SkipReason::NotImageable => {
            "the root device is an instance store, which EC2 cannot image this way".to_owned()
        }
    };
    // Only a status that has not begun can be skipped; a deployment that ended while creating keeps its image's story.
    if case.ami == Some(AmiStatus::Creating) {
        case.fail_ami(tools, &why);
        return case.end(Then::Done);
    }
    case.become_ami(AmiStatus::Skipped);
    case.row.ami_skip_reason = Some(reason.as_str().to_owned());
    case.say(ami::skipped(&why));
    tools
        .metrics
        .builds
        .with_label_values(&["deployment", "skipped", reason.as_str()])
        .inc();
    case.end(Then::Done)
}

/// Asks the instance through SSM whether its installation is over (F19).
async fn ask_installed(
    tools: &Tools,
    mut case: Case,
    facts: Option<&InstanceFacts>,
) -> Result<Visit, VisitError> {
    let path = record::path(Script::Install, &case.row.id, case.row.run);
    let how = match render::finished(&case.recipe.install_finished, &case.values()) {
        Ok(how) => how,
        Err(unfit) => {
            case.say(ami::starting());
            case.fail_ami(tools, &unfit.to_string());
            return Ok(case.end(Then::Done));
        }
    };
    let Some(text) = question::installed(&how, &path) else {
        case.row.installed_at = Some(tools.ledger.now());
        return Ok(case.again(tools));
    };
    // A command runs on the deployment's own instance only.
    if let Some(facts) = facts {
        let whose = provenance::of_instance_for(tools, facts, &case.row).await?;
        if !provenance::may_change(&whose) {
            case.say(ami::starting());
            let why = provenance::not_ours(Thing::Instance, &facts.id, &whose);
            case.fail_ami(tools, &why);
            return Ok(case.end(Then::Done));
        }
    }
    let mut inquiry = case.row.inquiry();
    let reply = ask(tools, &mut case, &mut inquiry, &text).await?;
    let answer = match (reply, &how) {
        // A person's own command says yes or no, whatever its exit code.
        (Reply::Ended(0, _), _) => Answer::Over,
        (Reply::Ended(..), InstallFinished::Command(_)) => Answer::NotYet,
        (Reply::Ended(code, output), _) => match question::read(code, &output) {
            Heard::Over => Answer::Over,
            Heard::Failed(why) => Answer::Failed {
                why,
                surely: how == InstallFinished::CloudInit,
            },
            Heard::NotYet | Heard::Silent | Heard::NoCloudInit => Answer::NotYet,
        },
        (Reply::Asked, _) => Answer::Asked,
        (Reply::Unheard, _) => Answer::Unheard,
        (Reply::Absent, _) => Answer::NotYet,
        // The one judgement of refusals tells it, waits for a policy to be mended, and ends it in time.
        (Reply::Refused(error), _) => return Err((*error).into()),
        (Reply::Foreign(why), _) => {
            case.say(ami::starting());
            case.fail_ami(tools, &why);
            return Ok(case.end(Then::Done));
        }
    };
    let ready = case.row.ready_at;
    let since_ready = ready.map_or(Duration::ZERO, |at| tools.since(at));
    let next = asked(answer, since_ready, inquiry.looks);
    if !matches!(next, Next::Listen(_)) {
        case.row.install_command_id = None;
    }
    if matches!(next, Next::Settle | Next::Fail(_)) {
        inquiry = Inquiry::default();
    }
    case.row.set_inquiry(&inquiry);
    match next {
        Next::Listen(wait) | Next::AskAgain(wait) => Ok(case.wait(tools, wait, Wait::Install)),
        Next::Settle => {
            case.row.installed_at = Some(tools.ledger.now());
            let settle = case.recipe.images.settle_seconds;
            let said = format!("The installation is finished; AMI creation follows in {settle} s");
            case.say(Line::info("deployment.installed", Source::Readiness, said));
            let settle = Duration::from_secs(u64::from(settle));
            Ok(case.wait(tools, settle, Wait::Settle))
        }
        Next::Fail(why) => {
            case.say(ami::starting());
            case.fail_ami(tools, &why);
            Ok(case.end(Then::Done))
        }
    }
}
