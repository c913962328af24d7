//! What the package lists of the two builds say of a fix: `old < fixed <= new`.

use std::cmp::Ordering;

use super::super::kernel;
use super::super::order::{Order, compare_to_fix};
use super::super::packages::{Package, PackageList};
use super::super::record::{Fix, Reach};
use super::{Basis, Images, Status};

/// Old and new kernel, each with its package; none unless both sides are known.
pub(super) fn kernels(images: &Images) -> Option<[(&str, &str); 2]> {
    let (old, new) = (images.old_list.as_ref()?, images.new_list.as_ref()?);
    let os = images.base.os;
    Some([kernel::running(os, old)?, kernel::running(os, new)?])
}

/// What becomes of a kernel's fix, with the new kernel's package and both versions.
pub(super) fn by_kernel<'a>(
    fix: &Fix,
    [(_, old), (package, new)]: [(&'a str, &'a str); 2],
    images: &Images,
) -> Option<(&'a str, &'a str, &'a str, Status)> {
    let fixed = fix.fixed.as_deref()?;
    let line = kernel::line(fixed);
    let order = images.base.os.order();
    let (of_old, of_new) = (kernel::line(old) == line, kernel::line(new) == line);
    if of_new && order.compare(new, fixed) == Ordering::Less {
        return Some((package, old, new, Status::StillVulnerable));
    }
    let was = (of_old || of_new) && order.compare(old, fixed) == Ordering::Less;
    was.then_some((package, old, new, Status::Fixed))
}

/// One fix and one package of the image.
pub(super) struct Asked<'a> {
    pub(super) fix: &'a Fix,
    pub(super) name: &'a str,
    /// The fix names the version of the source.
    pub(super) sourced: bool,
    /// Where its publication lies.
    pub(super) window: Option<Status>,
    /// It was published too long after the new build to be in it.
    pub(super) late: bool,
}

type Sides<'a> = (Option<&'a str>, Option<&'a str>, Status, Basis);

/// What the lists say of one package.
pub(super) fn by_lists<'a>(asked: &Asked<'_>, images: &'a Images) -> Option<Sides<'a>> {
    let (fix, window) = (asked.fix, asked.window);
    let order = images.base.os.order();
    let side =
        |list: &'a Option<PackageList>| list.as_ref().map(|list| list.installed(asked.name, order));
    let (old, new) = (side(&images.old_list), side(&images.new_list));
    let shown =
        |side: Option<Option<&'a Package>>| side.flatten().map(|package| package.version.as_str());
    let (old_shown, new_shown) = (shown(old), shown(new));
    // A package that the new build no longer carries, or that the old one did not, was no hole that is closed.
    if new == Some(None) || (new.is_none() && old == Some(None)) {
        return None;
    }
    let below = |side: Option<Option<&'a Package>>, fixed: &str| {
        side.flatten()
            .map(|package| is_below(package, fixed, asked, order))
    };
    let last = if new.is_some() { new } else { old };
    if fix.reach == Reach::Subscription {
        let open = fix.fixed.as_deref().and_then(|fixed| below(last, fixed));
        return (open != Some(false)).then_some((
            old_shown,
            new_shown,
            Status::Unfixed,
            Basis::ManifestDiff,
        ));
    }
    let Some(fixed) = fix.fixed.as_deref() else {
        let moved = old_shown != new_shown;
        return window
            .filter(|_| moved)
            .map(|status| (old_shown, new_shown, status, Basis::BaseSetWindow));
    };
    if kernel::is_line_of_another(images.base.os, asked.name, last.flatten(), fixed) {
        return None;
    }
    let said = |status, basis| Some((old_shown, new_shown, status, basis));
    match (below(old, fixed), below(new, fixed)) {
        (_, Some(true)) => said(Status::StillVulnerable, Basis::ManifestDiff),
        (Some(true), Some(false)) => said(Status::Fixed, Basis::ManifestDiff),
        (Some(false), _) => None,
        // The old list alone: it lacks the fix, and the new build has what was published before it.
        (Some(true), None) if asked.late => None,
        (Some(true), None) => said(window.unwrap_or(Status::Likely), Basis::BaseSetWindow),
        // The new list alone says nothing of before.
        (None, Some(false)) if images.old_list.is_none() => {
            window.and_then(|status| said(status, Basis::BaseSetWindow))
        }
        (None, _) => None,
    }
}

fn is_below(package: &Package, fixed: &str, asked: &Asked<'_>, order: Order) -> bool {
    let version = if asked.sourced {
        package.as_source()
    } else {
        &package.version
    };
    compare_to_fix(order, version, fixed) == Ordering::Less
}
