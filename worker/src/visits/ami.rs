//! The image of a proven deployment, up to the claim of its key: install-finished, settling, an existing image, the claim.

use std::time::Duration;

use ingot_cloud::{CommandState, ErrorKind, ImageQuery, ImageState, InstanceFacts};
use ingot_domain::decide::ami::{Before, BeforeStep, before_claim};
use ingot_domain::decide::install::{Answer, LISTEN, Step, asked};
use ingot_domain::decide::spot::REBOOT_RISK;
use ingot_domain::deployment::{AmiStatus, SkipReason};
use ingot_domain::event::{Line, Source, ami};
use ingot_domain::image::{ImageKey, ImageStatus, is_of_key, search_tags};
use ingot_domain::template::{InstallFinished, Kind};
use ingot_entity::image;
use ingot_entity::store::{Claim, Found, Then};

use super::imaging;
use crate::case::{Case, VisitError};
use crate::tools::Tools;
use ingot_engine::Visit;

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let case = Case::load(tools, claim).await?;
    if let Some(row) = imaging::row_of(tools, &case).await?
        && row.parsed_status()? != ImageStatus::Failed
        && case.ami == Some(AmiStatus::Creating)
    {
        return imaging::visit(tools, claim, case, row).await;
    }
    let facts = match &case.row.instance_id {
        Some(id) => tools.batcher.instance(&case.row.region, id).await?,
        None => None,
    };
    match before_claim(view(tools, &case, facts.as_ref())) {
        BeforeStep::Over => Ok(case.end(Then::Done)),
        BeforeStep::Skip(reason) => Ok(skip(tools, case, reason)),
        BeforeStep::Fail(why) => {
            let mut case = case;
            case.say(ami::starting());
            let why = facts
                .as_ref()
                .map_or_else(|| why.to_owned(), |facts| facts.ended(why));
            case.fail_ami(tools, &why);
            Ok(case.end(Then::Done))
        }
        BeforeStep::AskInstalled => ask_installed(tools, case).await,
        BeforeStep::Wait(wait) => Ok(case.snooze(tools, wait, "settling after the installation")),
        BeforeStep::Claim => look_then_claim(tools, case, facts.as_ref()).await,
    }
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
        from_own_image: case.row.launch_path.as_deref() == Some("cached"),
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
async fn ask_installed(tools: &Tools, mut case: Case) -> Result<Visit, VisitError> {
    let (Some(command), Some(instance)) = (
        case.recipe.install_finished.command(),
        case.row.instance_id.clone(),
    ) else {
        case.row.installed_at = Some(tools.ledger.now());
        return Ok(case.again(tools, "installed"));
    };
    let region = case.row.region.clone();
    let answer = match case.row.install_command_id.clone() {
        None => match tools.cloud.run_command(&region, &instance, &command).await {
            Ok(id) => {
                case.row.install_command_id = Some(id);
                return Ok(case.snooze(tools, LISTEN, ASKING));
            }
            Err(error) if error.kind == ErrorKind::NotFound => Answer::NotYet,
            Err(error) => return Err(error.into()),
        },
        Some(id) => match tools.cloud.command_state(&region, &instance, &id).await {
            Err(error) if error.kind == ErrorKind::NotFound => Answer::Unheard,
            state => match state? {
                CommandState::Running => Answer::Asked,
                CommandState::Finished { exit_code: 0, .. } => Answer::Over,
                CommandState::Finished { .. } | CommandState::Undelivered(_) => Answer::NotYet,
            },
        },
    };
    let ready = case.row.ready_at;
    let since_ready = ready.map_or(Duration::ZERO, |at| tools.since(at));
    match asked(answer, since_ready) {
        Step::Listen(wait) => Ok(case.snooze(tools, wait, ASKING)),
        Step::AskAgain(wait) => {
            case.row.install_command_id = None;
            Ok(case.snooze(tools, wait, "the installation is not over"))
        }
        Step::Settle => {
            case.row.installed_at = Some(tools.ledger.now());
            case.row.install_command_id = None;
            let settle = case.recipe.images.settle_seconds;
            let said = format!("The installation is finished; AMI creation follows in {settle} s");
            case.say(Line::info("deployment.installed", Source::Readiness, said));
            let settle = Duration::from_secs(u64::from(settle));
            Ok(case.snooze(tools, settle, "settling after the installation"))
        }
        Step::Fail(why) => {
            case.row.install_command_id = None;
            case.say(ami::starting());
            case.fail_ami(tools, why);
            Ok(case.end(Then::Done))
        }
    }
}

/// What a deployment waits for meanwhile.
const ASKING: &str = "asking whether the installation is over";

/// Looks for an image of this key, in the ledger and in the account, and claims the key when there is none (F28, F30). An error
/// from either is never "there is none".
async fn look_then_claim(
    tools: &Tools,
    mut case: Case,
    facts: Option<&InstanceFacts>,
) -> Result<Visit, VisitError> {
    let (account, base) = (case.row.account.clone(), case.row.base_image_id.clone());
    let (Some(account), Some(base_image)) = (account, base) else {
        return Err(VisitError::Nonsense(
            "the deployment has no account or base image".to_owned(),
        ));
    };
    let key = ImageKey {
        template: case.row.template.clone(),
        version: case.order.version.clone(),
        mode: case.row.mode.clone(),
        arch: facts.map_or(case.order.arch, |facts| facts.architecture),
        account,
        region: case.row.region.clone(),
        base_image,
        fingerprint: case.row.fingerprint.clone(),
    };
    if let Some(holder) = tools.ledger.key_holder(&key).await? {
        return Ok(exists(tools, case, &key, holder));
    }
    if case.ami != Some(AmiStatus::Creating)
        && let Some(found) = find_in_account(tools, &key).await?
        && record(tools, &key, &found).await?
    {
        return Ok(case.again(tools, "an AMI was found in the account"));
    }
    if case.ami != Some(AmiStatus::Creating) {
        case.say(ami::starting());
        case.say(ami::checking(&key.template, &key.version));
        case.say(ami::none_found());
    }
    if facts.is_some_and(|facts| facts.spot) && !case.order.no_reboot {
        case.say(Line::info("ami.spot_reboot", Source::AmiCreation, REBOOT_RISK).warn());
    }
    imaging::claim_key(tools, case, &key).await
}

fn exists(tools: &Tools, mut case: Case, key: &ImageKey, holder: image::Model) -> Visit {
    let Some(ami_id) = holder.ami_id else {
        return case.snooze(
            tools,
            Duration::from_secs(2),
            "another deployment is making this AMI",
        );
    };
    if case.ami == Some(AmiStatus::Creating) {
        // Ours failed and somebody else's next generation holds the key by now.
        case.row.image_id = Some(holder.id);
    } else {
        case.say(ami::starting());
        case.say(ami::checking(&key.template, &key.version));
    }
    case.say(ami::found_existing(&ami_id));
    case.say(ami::skipped_exists());
    case.row.created_ami_id = Some(ami_id);
    case.row.ami_skip_reason = Some(SkipReason::Exists.as_str().to_owned());
    case.become_ami(AmiStatus::Skipped);
    tools
        .metrics
        .builds
        .with_label_values(&["deployment", "skipped", SkipReason::Exists.as_str()])
        .inc();
    case.end(Then::Done)
}

/// Writes a found image down: as a new row, or by reviving the row that lost it. False when neither is possible (its name or
/// its key is another row's); then an image of our own is made.
async fn record(tools: &Tools, key: &ImageKey, found: &Found) -> Result<bool, VisitError> {
    let now = tools.ledger.now();
    let Some(known) = tools.ledger.image(&found.ami_id).await? else {
        let generation = tools.ledger.next_generation(key).await?;
        return Ok(tools
            .ledger
            .record_found(&image::Model::found(key, generation, found, now))
            .await?);
    };
    let lost = matches!(
        known.parsed_status()?,
        ImageStatus::Missing | ImageStatus::Failed
    );
    if !lost || !found.available || known.key_digest != key.digest() {
        return Ok(false);
    }
    let revived = known.clone().become_status(ImageStatus::Available)?;
    let revived = image::Model {
        available_at: Some(now),
        error: None,
        ..revived
    };
    Ok(tools.ledger.amend_image(&known, &revived).await?)
}

/// An image of this key that the ledger does not know: the document's own, or another installation's.
async fn find_in_account(tools: &Tools, key: &ImageKey) -> Result<Option<Found>, VisitError> {
    let query = ImageQuery {
        tags: search_tags(key),
        architecture: Some(key.arch),
        ..ImageQuery::default()
    };
    let images = tools.cloud.find_images(&key.region, &query).await?;
    let mut fitting: Vec<_> = images
        .into_iter()
        .filter(|image| matches!(image.state, ImageState::Available | ImageState::Pending))
        .filter(|image| is_of_key(key, &image.tags))
        .collect();
    // Available before pending, then the newest: the order of DescribeImages is not defined (EC2.md 10).
    fitting.sort_by_key(|image| (image.state == ImageState::Available, image.created_at));
    Ok(fitting.pop().map(|image| Found {
        size_gb: image.size_gb(),
        available: image.state == ImageState::Available,
        snapshots: image
            .snapshots
            .iter()
            .map(|snapshot| snapshot.id.clone())
            .collect(),
        ami_id: image.id,
        name: image.name,
        tags: image.tags,
    }))
}
