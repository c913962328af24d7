//! Whether a launch without an image of its key has one of another build of its base, and what `stale` says of that.

use ingot_domain::base::ResolvedBase;
use ingot_domain::event::{Line, Source};
use ingot_domain::image::ImageKey;
use ingot_domain::stale::{Moved, Stale};

use super::source::{Chosen, may_launch};
use crate::case::{Case, VisitError};
use crate::tools::Tools;

/// Chooses between the newest image that equals the key in everything but the base build and a fresh install, and says
/// which and why.
pub(super) async fn choose(
    tools: &Tools,
    case: &mut Case,
    key: &ImageKey,
    base: &ResolvedBase,
) -> Result<Chosen, VisitError> {
    let Some(image) = tools.ledger.newest_of_other_build(key, base).await? else {
        let said = format!("No cached AMI for {key}: fresh install");
        case.say(chosen(said));
        return Ok(Chosen::Fresh);
    };
    let ami = image.ami_id.clone().unwrap_or_default();
    if !may_launch(tools, case, key, &ami).await? {
        return Ok(Chosen::Fresh);
    }
    let calendar = tools.ledger.calendar();
    let moved = Moved {
        ami_id: &ami,
        made_at: calendar.at(image.available_at.unwrap_or(image.created_at)),
        made_on: &image.base(),
        today: base,
    };
    let said = moved.said(case.order.stale, tools.ledger.calendar_now());
    Ok(match case.order.stale {
        Stale::Use => {
            case.say(chosen(said).warn());
            Chosen::Stale(Box::new(image))
        }
        Stale::Rebuild => {
            case.say(chosen(said));
            Chosen::Fresh
        }
        Stale::Refuse => Chosen::Refused(said),
    })
}

fn chosen(said: String) -> Line {
    Line::info("deployment.image_chosen", Source::Deploy, said)
}
