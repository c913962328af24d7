//! What the package lists of the two builds say of a fix: `old < fixed <= new`.

use std::cmp::Ordering;

use super::super::base::Os;
use super::super::kernel;
use super::super::order::{Order, compare_to_fix};
use super::super::packages::{Package, PackageList, is_version};
use super::super::record::{Advisory, Fix, Reach};
use super::{Basis, Images, Status};

/// Old and new kernel, each with its package; none unless both sides are known.
pub(super) fn kernels(images: &Images) -> Option<[(&str, &str); 2]> {
    let (old, new) = (images.old_list.as_ref()?, images.new_list.as_ref()?);
    let os = images.base.os;
    let running = |list| {
        let told = |(_, version): &(&str, &str)| is_version(version, os.order());
        kernel::running(os, list).filter(told)
    };
    Some([running(old)?, running(new)?])
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

/// Whether a fix names the version of a source: rpm's advisories name binary packages unless it says so, Debian's and Ubuntu's
/// name sources.
pub(in super::super) fn is_of_source(fix: &Fix, os: Os) -> bool {
    match os.order() {
        Order::Rpm => fix.source.as_deref() == Some(&fix.package),
        Order::Deb | Order::Numbers => fix.source.as_deref().is_none_or(|of| of == fix.package),
    }
}

/// The packages of a list that a fix is for.
pub(in super::super) fn names<'a>(fix: &'a Fix, list: &'a PackageList, os: Os) -> Vec<&'a str> {
    let mut names = Vec::new();
    if list.installed(&fix.package, os.order()).is_some() {
        names.push(fix.package.as_str());
    }
    if is_of_source(fix, os) {
        let built = list.of_source(&fix.package);
        names.extend(built.filter(|name| *name != fix.package));
    }
    names
}

/// Whether a list lacks a fix; none where it has no such package, or its version says nothing.
pub(in super::super) fn lacks(fix: &Fix, list: &PackageList, os: Os) -> Option<bool> {
    let (order, by_source) = (os.order(), is_of_source(fix, os));
    let fixed = fix.fixed.as_deref()?;
    let below = |name: &str| {
        let package = list.installed(name, order)?;
        let sourced = by_source || name != fix.package;
        let version = if sourced {
            package.as_source()
        } else {
            &package.version
        };
        let told = package.is_comparable(order) && is_version(fixed, order);
        told.then(|| compare_to_fix(order, version, fixed) == Ordering::Less)
    };
    names(fix, list, os)
        .into_iter()
        .filter_map(below)
        .reduce(|a, b| a || b)
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
    /// It tells no day.
    pub(super) undated: bool,
}

/// Old and new version, what becomes of it, and how surely.
pub(super) type Sides<'a> = (Option<&'a str>, Option<&'a str>, Status, Basis);

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
            .filter(|package| package.is_comparable(order))
            .map(|package| is_below(package, fixed, asked, order))
    };
    let blank = |side: Option<Option<&'a Package>>| {
        side.flatten()
            .is_some_and(|package| !package.is_comparable(order))
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
    let fixed = fix.fixed.as_deref();
    let Some(fixed) = fixed.filter(|fixed| is_version(fixed, order)) else {
        let moved = old_shown != new_shown || blank(old) || blank(new);
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
        // No list tells the new side. The old one lacks the fix, and the new build has what was published before it.
        (Some(true), None) if asked.late => None,
        (Some(true), None) if asked.undated => {
            blank(new).then_some((old_shown, new_shown, Status::Possible, Basis::BaseSetWindow))
        }
        (Some(true), None) => said(window.unwrap_or(Status::Likely), Basis::BaseSetWindow),
        // The package is there and its version is not told: the days are all there is, as without a list.
        (None, _) if images.old_list.is_none() || blank(old) => {
            window.and_then(|status| said(status, Basis::BaseSetWindow))
        }
        // A list that was cut off may have had it.
        (None, _) if is_cut(images.old_list.as_ref(), order) => {
            window.and_then(|_| said(Status::Possible, Basis::BaseSetWindow))
        }
        (None, _) => None,
    }
}

/// Whether a list cannot be the list of a whole image, so that what it lacks may be there.
fn is_cut(list: Option<&PackageList>, order: Order) -> bool {
    list.is_some_and(|list| !list.lacking(order).is_empty())
}

/// What a fix may mean for a package of which only the name speaks for its being built of the fix's source.
fn by_name<'a>(fix: &Fix, name: &str, dated: bool, images: &'a Images) -> Option<Sides<'a>> {
    let order = images.base.os.order();
    let side = |list: &'a Option<PackageList>| list.as_ref()?.installed(name, order);
    let (old, new) = (side(&images.old_list), side(&images.new_list));
    let below = |side: Option<&Package>| {
        let fixed = fix.fixed.as_deref()?;
        let package = side.filter(|package| package.is_comparable(order))?;
        Some(compare_to_fix(order, package.as_source(), fixed) == Ordering::Less)
    };
    let fits = match (below(old), below(new)) {
        (Some(before), Some(after)) => before && !after,
        (Some(false), _) | (_, Some(true)) => false,
        _ => dated,
    };
    let shown = |side: Option<&'a Package>| side.map(|package| package.version.as_str());
    fits.then_some((
        shown(old),
        shown(new),
        Status::Possible,
        Basis::BaseSetWindow,
    ))
}

/// What may concern an image although its list names no such package: the list does not tell of which sources its packages
/// are, or it was cut off.
pub(super) fn unsure<'a>(
    fix: &'a Fix,
    advisory: &Advisory,
    window: Option<Status>,
    images: &'a Images,
) -> Option<(&'a str, Sides<'a>)> {
    let order = images.base.os.order();
    let list = images.new_list.as_ref().or(images.old_list.as_ref())?;
    if fix.reach != Reach::Plain {
        return None;
    }
    let source = fix.source.as_deref().unwrap_or(&fix.package);
    let usual = images.set.has(&fix.package) || images.set.has(source);
    if usual && is_cut(Some(list), order) {
        let row = (None, None, Status::Possible, Basis::BaseSetWindow);
        return window.map(|_| (fix.package.as_str(), row));
    }
    // A record that names the binary packages of a source has named those of the image, too.
    let binaries = advisory
        .fixes
        .iter()
        .any(|other| other.source == fix.source && other.package != source);
    if order != Order::Deb || fix.package != source || binaries {
        return None;
    }
    let name = list.related(source)?;
    let row = by_name(fix, name, window.is_some(), images)?;
    Some((name, row))
}

fn is_below(package: &Package, fixed: &str, asked: &Asked<'_>, order: Order) -> bool {
    let version = if asked.sourced {
        package.as_source()
    } else {
        &package.version
    };
    compare_to_fix(order, version, fixed) == Ordering::Less
}
