//! What a launch starts from: the image a person named, the newest of its key, one of the build before, or the base (F51).

use ingot_cloud::ImageState;
use ingot_domain::base::ResolvedBase;
use ingot_domain::deployment::ImageChoice;
use ingot_domain::event::{Line, Source};
use ingot_domain::image::ImageKey;
use ingot_domain::provenance::{Provenance, Use};
use ingot_entity::image;

use super::stale;
use crate::case::{Case, VisitError};
use crate::provenance;
use crate::tools::Tools;

/// What a launch starts from.
pub(super) enum Chosen {
    /// The base.
    Fresh,
    /// An AMI, with its row if the ledger has one.
    Image(String, Option<String>),
    /// An image of another build of the base.
    Stale(Box<image::Model>),
    /// Nothing, and why.
    Refused(String),
}

/// The image to launch from, or a fresh install (F51).
pub(super) async fn choose_image(
    tools: &Tools,
    case: &mut Case,
    key: &ImageKey,
    base: &ResolvedBase,
    fresh: bool,
) -> Result<Chosen, VisitError> {
    let say = |case: &mut Case, text: String| {
        case.say(Line::info("deployment.image_chosen", Source::Deploy, text))
    };
    if case.order.build_only.is_some() {
        let said = "Build only: a fresh install, which becomes the AMI".to_owned();
        say(case, said);
        return Ok(Chosen::Fresh);
    }
    match case.order.image_choice {
        ImageChoice::Given => {
            let ami = case.order.given_image.clone().unwrap_or_default();
            let whose = match tools.batcher.image(key.place(), &ami).await? {
                Some(facts) => provenance::of_image(tools, &facts).await?.class.said(),
                None => "not of this account",
            };
            let reason = case.order.image_reason.as_deref().unwrap_or_default();
            let colon = if reason.is_empty() { "" } else { ": " };
            say(
                case,
                format!("Using the requested AMI {ami}, {whose}{colon}{reason}"),
            );
            Ok(Chosen::Image(ami, None))
        }
        ImageChoice::Fresh => {
            say(case, "A fresh install was requested".to_owned());
            Ok(Chosen::Fresh)
        }
        // The story has said why.
        ImageChoice::Auto if fresh => Ok(Chosen::Fresh),
        ImageChoice::Auto => {
            let images = tools.ledger.images_of_key(key, base).await?;
            let available = images.available();
            if let (None, Some(disabled)) = (available, images.disabled()) {
                let ami = disabled.ami_id.as_deref().unwrap_or(&disabled.name);
                case.say(away(ami, ImageState::Disabled));
            }
            let Some((ami, row)) =
                available.and_then(|image| Some((image.ami_id.clone()?, image.id.clone())))
            else {
                return stale::choose(tools, case, key, base).await;
            };
            if !may_launch(tools, case, key, &ami).await? {
                return Ok(Chosen::Fresh);
            }
            say(
                case,
                format!("Using cached AMI {ami}: only the first-boot script runs"),
            );
            Ok(Chosen::Image(ami, Some(row)))
        }
    }
}

/// Whether a recorded image may be launched from by its own facts; said if not. One that EC2 does not show now is launched
/// all the same: its refusal falls back to a fresh install.
pub(super) async fn may_launch(
    tools: &Tools,
    case: &mut Case,
    key: &ImageKey,
    ami: &str,
) -> Result<bool, VisitError> {
    let Some(facts) = tools.batcher.image(key.place(), ami).await? else {
        return Ok(true);
    };
    if !matches!(facts.state, ImageState::Available) && !facts.state.is_gone() {
        case.say(away(ami, facts.state));
        return Ok(false);
    }
    let whose = provenance::of_image(tools, &facts).await?;
    if !whose.allows(Use::Launch) {
        case.say(refused(ami, &whose));
        return Ok(false);
    }
    if facts
        .deprecated_at
        .is_some_and(|at| at <= tools.ledger.now())
    {
        let said = format!("{ami} is deprecated; it is the only AMI of this key");
        case.say(Line::info("deployment.image_deprecated", Source::Deploy, said).warn());
    }
    Ok(true)
}

/// An image of the key is there, and EC2 launches nothing from it at this moment.
fn away(ami: &str, state: ImageState) -> Line {
    let said = match state {
        ImageState::Disabled => format!(
            "AMI {ami} of this key is disabled in EC2 and passed over; `aws ec2 enable-image --image-id {ami}` brings it back"
        ),
        _ => {
            format!("AMI {ami} of this key is not available in EC2 at this moment and passed over")
        }
    };
    Line::info("deployment.image_not_used", Source::Deploy, said).warn()
}

/// Why the recorded image is not launched from, with the way out.
fn refused(ami: &str, whose: &Provenance) -> Line {
    let said = format!(
        "AMI {ami} is recorded for this key but {} ({}): fresh install. `ingot images adopt {ami} --reason …` lets it be used, \
         `ingot images drop {ami}` frees the key",
        whose.class.said(),
        whose.why
    );
    Line::info("deployment.image_not_used", Source::Deploy, said).warn()
}
