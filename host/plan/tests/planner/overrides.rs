//! Policies that are set aside: the plan says so, and every host is told first of all.

use commands::Machine;
use plan::{Action, Intent, Override, Plan, lower};

use crate::rig::{Double, LARGE, large_facts, planned, run};

fn deploy(overrides: &[(&str, &str)]) -> Plan {
    let mut run = run(LARGE, Intent::Deploy { skip_push: true });
    let set_aside =
        |(policy, reason): &(&str, &str)| Override { policy: policy.to_string(), reason: reason.to_string() };
    run.overrides = overrides.iter().map(set_aside).collect();
    planned(run, large_facts(), &Double::default()).unwrap()
}

/// Audit lines of the first stage under the lock, host by host.
fn noted(plan: &Plan) -> Vec<String> {
    let line = |(machine, step): (&Machine, &plan::Step)| match &step.action {
        Action::Audit { message, .. } => format!("{machine}: {message}"),
        other => panic!("{other:?}"),
    };
    let tracks = plan.apply[0].tracks.iter();
    tracks.flat_map(|track| track.blocks[0].start.iter().map(|step| line((&track.machine, step)))).collect()
}

#[test]
fn every_host_is_told_before_anything_else_happens_under_the_lock() {
    let plan = deploy(&[("freeze", "hotfix"), ("images", "trial")]);
    assert_eq!(plan.apply[0].title, "Note what was set aside");
    let both = |host: &str| {
        [format!("{host}: Set aside policy freeze: hotfix"), format!("{host}: Set aside policy images: trial")]
    };
    let hosts: Vec<String> = plan.hosts().into_iter().map(str::to_string).collect();
    assert!(hosts.len() > 2, "{hosts:?}");
    assert_eq!(noted(&plan), hosts.iter().flat_map(|host| both(host)).collect::<Vec<_>>());
    assert_eq!(plan.overrides.len(), 2);
    assert_eq!(
        plan.steps().map(|(_, step)| step.id).collect::<Vec<_>>(),
        (1..=plan.steps().count() as u32).collect::<Vec<_>>()
    );
}

#[test]
fn a_run_that_sets_nothing_aside_is_as_it_was() {
    let (plain, noted) = (deploy(&[]), deploy(&[("freeze", "hotfix")]));
    assert!(plain.overrides.is_empty());
    assert_eq!(plain.apply.len() + 1, noted.apply.len());
}

#[test]
fn a_reason_is_a_text_and_no_command() {
    let plan = deploy(&[("freeze", "see `touch x` and $(touch y) \"quoted\" ${HOME}")]);
    let folder = tempfile::tempdir().unwrap();
    let line = lower::command(&plan.apply[0].tracks[0].blocks[0].start[0]).line;
    let status = std::process::Command::new("/bin/sh").args(["-c", &line]).current_dir(folder.path()).status().unwrap();
    assert!(status.success());
    let names: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [".kamal"], "the reason ran");
    let log = std::fs::read_dir(folder.path().join(".kamal")).unwrap().next().unwrap().unwrap().path();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.ends_with("Set aside policy freeze: see `touch x` and $(touch y) \"quoted\" ${HOME}\n"), "{log}");
}
