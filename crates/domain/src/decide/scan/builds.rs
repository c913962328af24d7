//! What must not be of builds and what pays them.

use super::Sighting;
use crate::invariant::Invariant;
use crate::money::Money;

/// Money that is kept for a run that does not run.
pub fn kept(build: &str, run: i32, money: Money) -> Sighting {
    let what =
        format!("{money} USD are reserved for run {run} of build {build}, which does not run");
    Sighting::of(Invariant::I5, format!("{build} run {run}"), what)
}

/// A run that no purse keeps money for.
pub fn unpaid(build: &str, run: i32) -> Sighting {
    let what = format!("run {run} of build {build} runs, and no purse keeps money for it");
    Sighting::of(Invariant::I5, format!("{build} run {run}"), what)
}

/// A build that does not run and has left its builder's instance, which no task ends.
pub fn builder_left(build: &str, status: &str, builder: &str, instance: &str) -> Sighting {
    let what = format!(
        "build {build} is `{status}`, its builder {builder} still has instance {instance}, and no task ends it"
    );
    Sighting::of(Invariant::I1, instance, what).about(Some(builder))
}

/// Builds of one target of which only one may wait, and one run.
pub fn twins(template: &str, version: &str, region: &str, builds: i64, doing: &str) -> Sighting {
    let what = format!("{builds} builds of {template} {version} in {region} {doing} at once");
    Sighting::of(
        Invariant::I2,
        format!("{template} {version} {region}"),
        what,
    )
}

/// A build that runs and no task watches.
pub fn unwatched(build: &str, status: &str, builder: Option<&str>) -> Sighting {
    let what = format!("build {build} is `{status}`, and no task watches it");
    Sighting::of(Invariant::I3, build, what).about(builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sighting_names_its_subject_and_its_invariant() {
        let money = Money::dollars(3);
        let seen = [
            (
                kept("bld_1", 2, money),
                "I5",
                "bld_1 run 2",
                "3.00 USD are reserved for run 2 of build bld_1, which does not run",
            ),
            (
                unpaid("bld_1", 2),
                "I5",
                "bld_1 run 2",
                "run 2 of build bld_1 runs, and no purse keeps money for it",
            ),
            (
                builder_left("bld_1", "completed", "dep_1", "i-1"),
                "I1",
                "i-1",
                "build bld_1 is `completed`, its builder dep_1 still has instance i-1, and no task ends it",
            ),
            (
                twins("web", "v1", "us-east-1", 2, "run"),
                "I2",
                "web v1 us-east-1",
                "2 builds of web v1 in us-east-1 run at once",
            ),
            (
                unwatched("bld_1", "building", Some("dep_1")),
                "I3",
                "bld_1",
                "build bld_1 is `building`, and no task watches it",
            ),
        ];
        for (sighting, invariant, subject, what) in seen {
            assert_eq!(
                (sighting.invariant, sighting.subject.as_str()),
                (invariant, subject)
            );
            assert_eq!(sighting.what, what);
        }
    }
}
