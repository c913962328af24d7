//! The AMI that a request names: what it is, held against the order before it is launched. The request was refused for an AMI
//! that the ledger knew then; what it did not know its tags tell here.

use ingot_cloud::BaseImageFacts;
use ingot_domain::event::{Line, Source};
use ingot_domain::given::{Told, contradictions, recorded};

use crate::case::{Case, VisitError};
use crate::tools::Tools;

/// Records the deployment as what its AMI is when the order forces that; answers why it is not launched otherwise.
pub(super) async fn settle(
    tools: &Tools,
    case: &mut Case,
    image: &BaseImageFacts,
) -> Result<Result<(), String>, VisitError> {
    let told = match tools.ledger.image(&image.id).await? {
        Some(row) => tools.ledger.told(&row).await?,
        None => Told::by_tags(&image.tags),
    };
    let against = contradictions(&case.order, &case.recipe, &told);
    if against.is_empty() {
        return Ok(Ok(()));
    }
    let against: Vec<String> = against.iter().map(ToString::to_string).collect();
    let against = format!("AMI {}: {}", image.id, against.join("; "));
    if !case.order.force {
        return Ok(Err(format!("{against}: order what it is, or say `force`")));
    }
    let is = recorded(&case.order, &told);
    let said = format!(
        "{against}; launched all the same, as forced, and recorded as {} ({})",
        is.version, is.mode
    );
    case.say(Line::info("deployment.image_forced", Source::Deploy, said).warn());
    case.row.job_name = is.job_name;
    case.row.version = is.version;
    case.row.mode = is.mode;
    Ok(Ok(()))
}
