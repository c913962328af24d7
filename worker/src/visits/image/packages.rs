//! The lists of packages that a fresh install wrote down are read through SSM before it is imaged, piece by piece, one call a
//! visit, while it settles. What cannot be read is told once, and holds the image up no longer than `PATIENCE` a piece.

use std::io::Read as _;
use std::time::Duration;

use ingot_domain::advisory::base::{Base, Os};
use ingot_domain::event::{Line, Source};
use ingot_domain::guest::packages::{self, Expected, LONGEST, MOST, Reading, Taken, both};
use ingot_domain::guest::record::{self, Script};
use ingot_domain::task::TaskKind;
use ingot_domain::template::BaseImage;
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{NewTask, OfInstall};

use super::launch_of;
use crate::case::{Case, VisitError};
use crate::guest::{Question, Reply, ask_question, listen};
use crate::tools::Tools;
use crate::visits::launch::{Unlisted, unlisted};

/// How long each piece of the lists is waited for, in simulated time; and really at least `LEAST`, at any pace. `MOST` and
/// `PIECE` bound the pieces to fourteen; the lists of usual images are one.
const PATIENCE: Duration = Duration::from_secs(300);
const LEAST: Duration = Duration::from_secs(30);
/// The same for an instance that SSM does not know: its agent was there long ago or will not come.
const ABSENT: Duration = Duration::from_secs(60);
const ABSENT_LEAST: Duration = Duration::from_secs(3);

/// What a look at the lists has come to.
enum Step {
    /// Both are read.
    Done(Box<[Taken; 2]>),
    /// There is more.
    More,
    /// There is no answer yet, and how long one is waited for.
    Later(String, Duration, Duration),
    /// They will not be read.
    Never(String),
}

/// Whether there may be lists to read: of a fresh install whose lists were not read yet.
pub(super) fn concerns(case: &Case) -> bool {
    case.row.launch_path.as_deref() == Some("fresh")
        && case.row.inquiry().lists.is_none_or(|lists| !lists.over)
}

/// Reads on.
pub(super) async fn visit(tools: &Tools, mut case: Case) -> Result<Visit, VisitError> {
    let mut inquiry = case.row.inquiry();
    let mut reading = inquiry.lists.take().unwrap_or_default();
    let now = tools.ledger.now();
    let since = *reading.since.get_or_insert(now);
    let real = (now - since).to_std().unwrap_or_default();
    let patient = |felt: Duration, least: Duration| tools.since(since) < felt || real < least;
    let step = match unlisted(&case) {
        Ok(None) => step(tools, &case, &mut reading).await?,
        Ok(Some(Unlisted::Windows)) => return Ok(over(tools, case)),
        Ok(Some(Unlisted::Because(why))) => Step::Never(why.to_owned()),
        Err(unfit) => Step::Never(unfit.to_string()),
    };
    let wait = match step {
        Step::More => {
            reading.since = Some(now);
            Duration::ZERO
        }
        Step::Later(_, felt, least) if patient(felt, least) => listen(reading.looks),
        Step::Later(why, ..) | Step::Never(why) => {
            unread(tools, &mut case, &why).await?;
            return Ok(over(tools, case));
        }
        Step::Done(lists) => {
            let [begin, end] = *lists;
            take(tools, &mut case, begin, end).await?;
            return Ok(over(tools, case));
        }
    };
    inquiry.lists = Some(reading);
    case.row.set_inquiry(&inquiry);
    Ok(case.wait(tools, wait, Wait::Install))
}

/// The lists are read or will not be: the image comes next.
fn over(tools: &Tools, mut case: Case) -> Visit {
    let mut inquiry = case.row.inquiry();
    inquiry.lists = Some(Reading {
        over: true,
        ..Reading::default()
    });
    case.row.set_inquiry(&inquiry);
    case.again(tools)
}

async fn step(tools: &Tools, case: &Case, reading: &mut Reading) -> Result<Step, VisitError> {
    let path = record::path(Script::Install, &case.row.id, case.row.run);
    let text = packages::question(&path, reading.offset());
    let mut question = Question {
        id: reading.question.take(),
        looks: reading.looks,
    };
    let reply = ask_question(tools, case, &mut question, &text).await;
    (reading.question, reading.looks) = (question.id, question.looks);
    let silent = || {
        let why = "SSM brings no answer".to_owned();
        Step::Later(why, PATIENCE, LEAST)
    };
    Ok(match reply {
        Ok(Reply::Ended(_, printed)) => piece(&printed, reading),
        Ok(Reply::Asked) => silent(),
        Ok(Reply::Unheard) => {
            // A command that SSM has forgotten is sent again.
            if reading.looks > 5 {
                reading.question = None;
            }
            silent()
        }
        Ok(Reply::Absent) => {
            let why = "SSM does not reach the instance".to_owned();
            Step::Later(why, ABSENT, ABSENT_LEAST)
        }
        Ok(Reply::Refused(error)) => Step::Never(format!("SSM refuses: {}", error.told())),
        Ok(Reply::Foreign(why)) => Step::Never(why),
        Err(VisitError::Cloud(error)) => Step::Later(error.told(), PATIENCE, LEAST),
        Err(error) => return Err(error),
    })
}

/// Takes up a piece.
fn piece(printed: &str, reading: &mut Reading) -> Step {
    let never = |why: &str| Step::Never(why.to_owned());
    let Some(answer) = packages::read(printed) else {
        return never("what the instance answered is no list");
    };
    let Some(sizes) = answer.sizes else {
        return never("the install wrote no list");
    };
    if sizes.0.saturating_add(sizes.1) > MOST {
        return never("its lists are longer than is read");
    }
    reading.held.push_str(&answer.piece);
    let Some((begin, end)) = both(&reading.held, sizes) else {
        let past = reading.offset() >= sizes.0.saturating_add(sizes.1);
        return match answer.piece.is_empty() || past {
            true => never("its lists changed while they were read"),
            false => Step::More,
        };
    };
    match (taken(&begin), taken(&end)) {
        (Some(begin), Some(end)) => Step::Done(Box::new([begin, end])),
        _ => never("its lists cannot be unpacked"),
    }
}

/// Unpacks and reads a list. One that is longer than is read lacks its last line.
fn taken(bytes: &[u8]) -> Option<Taken> {
    let mut text = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let unpacked = flate2::read::GzDecoder::new(bytes);
        unpacked.take(LONGEST).read_to_end(&mut text).ok()?;
    } else {
        text.extend_from_slice(bytes);
    }
    Some(Taken::read(&String::from_utf8_lossy(&text)))
}

/// The base's system, where the template names its track.
fn system(case: &Case) -> Option<Os> {
    match &case.recipe.base_image {
        BaseImage::Track(name) => Base::parse(name).ok().map(|base| base.os),
        _ => None,
    }
}

/// Keeps what can be right, and says what cannot.
async fn take(tools: &Tools, case: &mut Case, begin: Taken, end: Taken) -> Result<(), VisitError> {
    let launch = launch_of(tools, case).await?;
    let base = launch.as_ref().and_then(|launch| launch.base.as_ref());
    let base = base.and_then(|base| base.owner.as_deref().zip(base.name.as_deref()));
    let expected = Expected {
        arch: case.order.arch,
        os: system(case),
    };
    let (id, run) = (case.row.id.clone(), case.row.run);
    let of = OfInstall {
        deployment_id: &id,
        run,
        base,
    };
    let known = match base {
        Some((owner, name)) => tools.ledger.packages_of_base(owner, name).await?,
        None => None,
    };
    let bad = begin.refused("its base", known.as_ref(), expected);
    match &bad {
        Some(why) => say_unknown(case, "base", why),
        None => {
            if tools.ledger.keep_base_list(of, &begin.listed).await? {
                judge_again(tools, case, base).await?;
            }
        }
    }
    let before = bad.is_none().then_some(&begin.listed);
    if let Some(why) = end.refused("the install", before, expected) {
        tools.ledger.keep_install_list(of, Err(&why)).await?;
        say_unknown(case, "install", &why);
        return Ok(());
    }
    tools.ledger.keep_install_list(of, Ok(&end.listed)).await?;
    let many = end.listed.packages.len();
    let said = match bad {
        Some(_) => format!("The install carries {many} packages by its own list"),
        None => {
            let of = begin.listed.packages.len();
            format!("The install carries {many} packages by its own list; its base has {of}")
        }
    };
    case.say(Line::info("image.packages", Source::Readiness, said));
    Ok(())
}

async fn unread(tools: &Tools, case: &mut Case, why: &str) -> Result<(), VisitError> {
    let id = case.row.id.clone();
    let of = OfInstall {
        deployment_id: &id,
        run: case.row.run,
        base: None,
    };
    tools.ledger.keep_install_list(of, Err(why)).await?;
    say_unknown(case, "install", why);
    Ok(())
}

fn say_unknown(case: &mut Case, what: &str, why: &str) {
    let said = format!("The packages of the {what} are not known by a list of its own: {why}");
    case.say(Line::info(
        "image.packages_unknown",
        Source::Readiness,
        said,
    ));
}

/// Updates that lead from or to the base are judged again: one side is exact from now on.
async fn judge_again(
    tools: &Tools,
    case: &mut Case,
    base: Option<(&str, &str)>,
) -> Result<(), VisitError> {
    let Some((owner, name)) = base else {
        return Ok(());
    };
    let now = tools.ledger.now();
    for update in tools.ledger.updates_of_base(owner, name).await? {
        // Of its own key, so that a judgement under way, which may have read before this list, does not stand for it.
        let key = format!("{}:{update}:{}", TaskKind::Judge, case.row.id);
        let task = NewTask::about(TaskKind::Judge, &update, key, now);
        case.change.tasks.push(task);
    }
    Ok(())
}
