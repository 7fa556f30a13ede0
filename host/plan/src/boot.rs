//! Booting the app: host groups, roles, the barrier, then the tag on every app host.

use commands::Machine;

use crate::action::Action;
use crate::error::PlanError;
use crate::plan::{Barrier, Block, Stage, Step, Track};
use crate::planner::{Planner, Script};

/// Boots every role on every app host, group after group, then tags the image. `afterwards` gives steps that every selected host runs
/// in the same trip as the tag.
pub(crate) fn stages(
    planner: &Planner<'_>,
    afterwards: impl Fn(&Planner<'_>, &str) -> Vec<Step>,
) -> Result<Vec<Stage>, PlanError> {
    let run = planner.run;
    let groups = run.selection.boot_groups(&run.configuration);
    let mut stages = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let script = || Script { hosts: Some(group), locked: true, ..Script::default() };
        stages.extend(planner.script_stage("pre-app-boot", script()));
        let title = if groups.len() == 1 {
            "Boot the app".to_string()
        } else {
            format!("Boot group {} of {}", index + 1, groups.len())
        };
        stages.push(Stage { title, registry: None, tracks: tracks(planner, group)? });
        stages.extend(planner.script_stage("post-app-boot", script()));
        if let Some(seconds) = run.configuration.boot.wait {
            let wait = Step::new(format!("wait {seconds} seconds"), Action::Wait { seconds }).within(seconds + 60);
            stages.extend(Stage::of_steps("Wait", [(Machine::Local, vec![wait])]));
        }
    }
    stages.extend(tag_stage(planner, afterwards)?);
    Ok(stages)
}

/// One track per host with its roles in turn, the primary one first; with `boot.parallel_roles` one per host and role.
fn tracks(planner: &Planner<'_>, group: &[String]) -> Result<Vec<Track>, PlanError> {
    let mut tracks = Vec::new();
    for host in group {
        let blocks = planner
            .roles_on(host)
            .into_iter()
            .map(|role| block(planner, &role.name, host))
            .collect::<Result<Vec<_>, _>>()?;
        let machine = Machine::Host(host.clone());
        if planner.run.configuration.boot.parallel_roles {
            tracks.extend(blocks.into_iter().map(|block| Track { machine: machine.clone(), blocks: vec![block] }));
        } else {
            tracks.push(Track { machine, blocks });
        }
    }
    Ok(tracks)
}

fn block(planner: &Planner<'_>, role: &str, host: &str) -> Result<Block, PlanError> {
    let answer = planner.hooks.boot(planner.run, planner.facts, role, host)?;
    let primary = planner.run.selection.primary_role.as_deref() == Some(role);
    Ok(Block {
        role: Some(role.to_string()),
        barrier: if primary { Barrier::Decides } else { Barrier::Waits },
        start: planner.steps(&answer.start, Some(role)),
        finish: planner.steps(&answer.finish, Some(role)),
        abort: planner.steps(&answer.abort, Some(role)),
    })
}

/// The hook is called once per host with an app role; a host with accessories only takes part in `afterwards` at most.
fn tag_stage(
    planner: &Planner<'_>,
    afterwards: impl Fn(&Planner<'_>, &str) -> Vec<Step>,
) -> Result<Option<Stage>, PlanError> {
    let selection = &planner.run.selection;
    let mut tracks = Vec::new();
    for host in &selection.hosts {
        let mut steps = Vec::new();
        if selection.app_hosts.contains(host) {
            let answer = planner.hooks.tag(planner.run, planner.facts, host)?;
            steps.extend(planner.steps(&answer, None));
        }
        steps.extend(afterwards(planner, host));
        tracks.push((Machine::Host(host.clone()), steps));
    }
    Ok(Stage::of_steps("Tag the image and clean up", tracks))
}
