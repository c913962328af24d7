//! The scrub of identity (F48): ordered through SSM just before CreateImage, done by the machine on its way down for it,
//! asked about after the reboot (`domain::guest::scrub` says why so). It never holds the image up for long: what could not
//! run is said on the image.

use std::time::Duration;

use ingot_domain::decide::first_boot::ask_after;
use ingot_domain::decide::scrub::{Before, Heard, Next, View, after, before, ordered};
use ingot_domain::event::{Line, Source};
use ingot_domain::guest::scrub::{Scrub, order, question};
use ingot_domain::guest::{Inquiry, tail};
use ingot_entity::image;

use crate::case::{Case, VisitError};
use crate::guest::{Reply, ask, forget_question, listen};
use crate::tools::Tools;

/// Characters of an instance's output that stand on its image.
const LONGEST: usize = 300;

/// Before CreateImage: what is to be waited for, or nothing once it is settled. The row carries the outcome.
pub(super) async fn prepare(
    tools: &Tools,
    case: &mut Case,
    row: &mut image::Model,
) -> Result<Option<Duration>, VisitError> {
    let view = Before {
        wanted: case.recipe.images.scrub,
        no_reboot: case.order.no_reboot,
        profile: case.recipe.instance_profile.is_some(),
    };
    if let Some(why) = before(view) {
        settle(case, row, Scrub::NotRun, Some(why.to_owned()));
        return Ok(Some(Duration::ZERO));
    }
    let mut inquiry = case.row.inquiry();
    let heard = listened(tools, case, &mut inquiry, &order(&row.id)).await?;
    let next = ordered(&heard, inquiry.asks, inquiry.looks);
    Ok(Some(act(case, row, &mut inquiry, next)))
}

/// While EC2 makes the image, and once more when it has: whether the scrub ran. What is to be waited for, if anything.
pub(super) async fn look(
    tools: &Tools,
    case: &mut Case,
    row: &mut image::Model,
    age: Duration,
    complete: bool,
) -> Result<Option<Duration>, VisitError> {
    if row.scrub.as_deref() != Some(Scrub::Ordered.as_str()) {
        return Ok(None);
    }
    let mut inquiry = case.row.inquiry();
    let heard = listened(tools, case, &mut inquiry, &question(&row.id)).await?;
    let view = View {
        age,
        complete,
        asks: inquiry.asks,
        looks: inquiry.looks,
    };
    let next = after(&heard, view);
    let waits = matches!(next, Next::Listen | Next::AskAgain);
    let wait = act(case, row, &mut inquiry, next);
    Ok((waits && complete).then_some(wait))
}

/// One call to SSM. A fault of the call is no answer: the image is worth more than the scrub's story.
async fn listened(
    tools: &Tools,
    case: &mut Case,
    inquiry: &mut Inquiry,
    text: &str,
) -> Result<Heard, VisitError> {
    let reply = match ask(tools, case, inquiry, text).await {
        Err(VisitError::Cloud(error)) => {
            tracing::warn!(%error, "the scrub could not be asked about");
            inquiry.asks = inquiry.asks.saturating_add(1);
            Reply::Absent
        }
        reply => reply?,
    };
    Ok(match reply {
        Reply::Asked | Reply::Unheard => Heard::Nothing,
        Reply::Absent => Heard::Absent,
        Reply::Refused(error) => Heard::Refused(error.told()),
        Reply::Foreign(why) => Heard::Refused(why),
        Reply::Ended(0, _) => Heard::Well,
        Reply::Ended(3, said) => Heard::Partly(tail(&said, LONGEST)),
        Reply::Ended(code, said) => Heard::Badly(code, tail(&said, LONGEST)),
    })
}

fn act(case: &mut Case, row: &mut image::Model, inquiry: &mut Inquiry, next: Next) -> Duration {
    let wait = match next {
        Next::Listen => listen(inquiry.looks),
        Next::AskAgain => {
            forget_question(case, inquiry);
            ask_after(inquiry.asks)
        }
        Next::Settle(scrub, why) => {
            forget_question(case, inquiry);
            *inquiry = Inquiry::default();
            settle(case, row, scrub, why);
            Duration::ZERO
        }
    };
    case.row.set_inquiry(inquiry);
    wait
}

fn settle(case: &mut Case, row: &mut image::Model, scrub: Scrub, why: Option<String>) {
    let said = match (scrub, &why) {
        (Scrub::Ordered, _) => {
            "What must not be in an image (machine id, journal, histories, agent state) is removed when the instance goes down for it".to_owned()
        }
        (Scrub::Done, _) => "The instance was scrubbed before the image was made".to_owned(),
        (Scrub::NotRun, why) => format!(
            "The image is made without a scrub of identity: {}",
            why.as_deref().unwrap_or("not ordered")
        ),
        (Scrub::Failed, why) => format!(
            "The scrub of identity was not complete: {}",
            why.as_deref().unwrap_or("no reason given")
        ),
    };
    // Not under `ami-creation`: its lines are the document's, word for word, and the document knows no scrub.
    let line = Line::info("ami.scrub", Source::Deploy, said);
    case.say(match scrub {
        Scrub::Ordered | Scrub::Done => line,
        Scrub::NotRun | Scrub::Failed => line.warn(),
    });
    row.scrub = Some(scrub.as_str().to_owned());
    row.scrub_reason = why;
    case.image = Some(row.clone());
}
