//! Thousands of random projects and hosts: a plan is a function of what it was made from, and what it was made from can be kept.

#[allow(dead_code)]
#[path = "../planner/rig.rs"]
mod rig;
mod worlds;

use std::sync::Arc;

use plan::{Basis, Facts, Plan, PlanError, changes};
use rig::Double;
use worlds::{Numbers, worlds};

/// How many projects there are; each has a few runs.
const PROJECTS: u64 = 400;

/// Every project with its runs, and a name for it.
fn all() -> impl Iterator<Item = (String, Basis)> {
    let runs = |seed| worlds(seed).into_iter().enumerate().map(move |(run, basis)| (format!("{seed}/{run}"), basis));
    (0..PROJECTS).flat_map(runs)
}

#[test]
fn planning_twice_gives_the_same_bytes() {
    let (mut made, mut runs) = (0, 0);
    for (seed, basis) in all() {
        let (first, second) = (planned(&basis), planned(&basis.clone()));
        assert_eq!(first, second, "seed {seed}");
        made += usize::from(first.is_ok());
        runs += 1;
    }
    assert!(made > runs / 2 && runs > 1_500, "only {made} of {runs} plans could be made");
}

#[test]
fn what_was_kept_is_read_back_and_gives_the_same_plan() {
    // Reading a configuration is what takes time.
    for (seed, basis) in all().step_by(4) {
        let kept = serde_json::to_string(&basis).expect("a basis can be written");
        let read: Basis = serde_json::from_str(&kept).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{kept}"));
        assert_eq!(serde_json::to_string(&read).expect("it can be written again"), kept, "seed {seed}");
        let (plan, again) = (planned(&basis), planned(&read));
        assert_eq!(plan, again, "seed {seed}");
        if let Ok(plan) = plan {
            let read: Plan = serde_json::from_str(&plan).expect("a plan is read back");
            assert_eq!(serde_json::to_string_pretty(&read).expect("a plan can be written"), plan, "seed {seed}");
        }
    }
}

#[test]
fn facts_that_changed_are_named_if_and_only_if_they_did() {
    let mut decisive = 0;
    for (number, (seed, basis)) in all().enumerate().step_by(2) {
        assert_eq!(changes(&basis.facts, &basis.facts), [], "seed {seed}");
        let now = worlds::moved_on(&basis, &mut Numbers::new(number as u64 + 1));
        let found = changes(&basis.facts, &now);
        assert_eq!(found.is_empty(), worlds::sorted(&now) == worlds::sorted(&basis.facts), "seed {seed}: {found:?}");
        let Ok(plan) = basis.plan(&Double::default()) else { continue };
        let later = Basis { facts: now.clone(), ..basis.clone() }.plan(&Double::default());
        if later.is_ok_and(|later| later.does_the_same_as(&plan)) {
            continue;
        }
        // What makes another plan is told, and nothing that did not change is.
        let told = basis.decisive_changes(&now, &Double::default(), |other| !other.does_the_same_as(&plan));
        assert!(!told.is_empty(), "seed {seed}");
        assert!(told.iter().all(|change| found.contains(change)), "seed {seed}");
        decisive += 1;
    }
    assert!(decisive > 100, "only {decisive} plans changed with the facts");
}

fn planned(basis: &Basis) -> Result<String, PlanError> {
    let (run, facts) = (Arc::new(basis.run.clone()), Arc::new(Facts::clone(&basis.facts)));
    let plan = plan::plan(&run, &facts, &Double::default())?;
    Ok(serde_json::to_string_pretty(&plan).expect("a plan can be written"))
}
