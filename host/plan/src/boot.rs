//! Booting the app: host groups, roles, the barrier, then the tag on every app host.

use std::collections::BTreeMap;

use commands::Machine;
use configuration::Role;

use crate::action::Action;
use crate::deploy;
use crate::error::PlanError;
use crate::hooks::BootAnswer;
use crate::plan::{Barrier, Block, Stage, Step, Track};
use crate::planner::{Planner, Script, certificate, on_hosts};
use crate::run::{ErrorPage, Run};

/// Prepares every app host, boots every role on them, group after group, then tags the image. `afterwards` gives steps that every
/// selected host runs in the same trip as the tag.
pub(crate) fn stages(
    planner: &Planner<'_>,
    afterwards: impl Fn(&Planner<'_>, &str) -> Vec<Step>,
) -> Result<Vec<Stage>, PlanError> {
    let run = planner.run;
    let groups = run.selection.boot_groups(&run.configuration);
    let answers = Answers::ask(planner)?;
    let decision = decision(planner);
    let mut stages: Vec<Stage> = preparation(planner, &answers).into_iter().collect();
    let mut begins_boot = true;
    for (index, group) in groups.iter().enumerate() {
        let tracks = tracks(planner, &answers, group, decision);
        if tracks.is_empty() {
            continue;
        }
        let script = || Script { hosts: Some(group), locked: true, ..Script::default() };
        stages.extend(planner.script_stage("pre-app-boot", script()));
        let title = if groups.len() == 1 {
            "Boot the app".to_string()
        } else {
            format!("Boot group {} of {}", index + 1, groups.len())
        };
        stages.push(Stage { title, registry: None, begins_boot, tracks });
        begins_boot = false;
        stages.extend(planner.script_stage("post-app-boot", script()));
        if let Some(seconds) = run.configuration.boot.wait {
            let wait = Step::new(format!("wait {seconds} seconds"), Action::Wait { seconds }).within(seconds + 60);
            stages.extend(Stage::of_steps("Wait", [(Machine::Local, vec![wait])]));
        }
    }
    stages.extend(tag_stage(planner, afterwards)?);
    Ok(stages)
}

/// What the boot hook answered, by host and role.
struct Answers(BTreeMap<(String, String), BootAnswer>);

impl Answers {
    fn ask(planner: &Planner<'_>) -> Result<Self, PlanError> {
        let mut answers = BTreeMap::new();
        for host in &planner.run.selection.app_hosts {
            for role in planner.roles_on(host) {
                let answer = planner.hooks.boot(planner.run, planner.facts, &role.name, host)?;
                answers.insert((host.clone(), role.name.clone()), answer);
            }
        }
        Ok(Self(answers))
    }

    fn of(&self, host: &str, role: &Role) -> BootAnswer {
        self.0.get(&(host.to_string(), role.name.clone())).cloned().unwrap_or_default()
    }
}

/// What must be on every app host before the first container is replaced: a request for a new container's files may reach an old one.
fn preparation(planner: &Planner<'_>, answers: &Answers) -> Option<Stage> {
    let run = planner.run;
    let tracks = on_hosts(&run.selection.app_hosts, |host| {
        let mut steps = error_pages(run);
        for role in planner.roles_on(host) {
            steps.extend(planner.steps(&answers.of(host, role).prepare, Some(&role.name)));
            steps.extend(role.proxy.iter().flat_map(|proxy| certificate(run, proxy, Some(&role.name))));
        }
        steps
    });
    Stage::of_steps("Prepare the hosts", tracks)
}

fn error_pages(run: &Run) -> Vec<Step> {
    let directory = run.configuration.error_pages_directory(&run.version);
    let upload = |page: &ErrorPage| {
        let ErrorPage { source, mode } = page;
        let name = source.rsplit('/').next().unwrap_or(source);
        let path = format!("{directory}/{name}");
        let upload = Action::Upload { source: source.clone(), path, mode: Some(mode.clone()) };
        Step::new(format!("upload the error page {source}"), upload).within(60)
    };
    run.error_pages.iter().map(upload).collect()
}

/// Who decides the barrier.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// The first container of the primary role.
    Boot,
    /// Nobody: one has been healthy since before the run was interrupted.
    Made,
}

fn decision(planner: &Planner<'_>) -> Decision {
    let selection = &planner.run.selection;
    let is_booted = |host: &String| {
        let roles = planner.roles_on(host);
        roles.iter().any(|role| selection.primary_role.as_ref() == Some(&role.name) && planner.is_booted(host, role))
    };
    if selection.app_hosts.iter().any(is_booted) { Decision::Made } else { Decision::Boot }
}

/// One track per host with its roles in turn, the primary one first; with `boot.parallel_roles` one per host and role. What a run that is
/// taken up has booted is left out.
fn tracks(planner: &Planner<'_>, answers: &Answers, group: &[String], decision: Decision) -> Vec<Track> {
    let mut tracks = Vec::new();
    for host in group {
        let roles = planner.roles_on(host).into_iter().filter(|role| !planner.is_booted(host, role));
        let blocks: Vec<Block> =
            roles.map(|role| block(planner, role, host, &answers.of(host, role), decision)).collect();
        if blocks.is_empty() {
            continue;
        }
        let machine = Machine::Host(host.clone());
        if planner.run.configuration.boot.parallel_roles {
            tracks.extend(blocks.into_iter().map(|block| Track { machine: machine.clone(), blocks: vec![block] }));
        } else {
            tracks.push(Track { machine, blocks });
        }
    }
    tracks
}

fn block(planner: &Planner<'_>, role: &Role, host: &str, answer: &BootAnswer, decision: Decision) -> Block {
    let run = planner.run;
    let primary = run.selection.primary_role.as_deref() == Some(&role.name);
    let mut finish = planner.steps(&answer.finish, Some(&role.name));
    if role.proxy.is_some() && run.intent.deploys() {
        finish.extend(deploy::stop_stale(planner, host, role));
    }
    finish.extend(planner.remove_leftover(host, role, answer));
    if run.configuration.error_pages_path.is_some() && planner.facts.current(run, host, &role.name).is_some() {
        let directory = format!("{}/error_pages", run.configuration.proxy_directory());
        let clean = Action::CleanErrorPages { directory, version: run.version.clone() };
        finish.push(Step::new("remove the error pages of other versions", clean).may_fail().within(60));
    }
    Block {
        role: Some(role.name.clone()),
        barrier: match decision {
            Decision::Made => Barrier::None,
            Decision::Boot if primary => Barrier::Decides,
            Decision::Boot => Barrier::Waits,
        },
        start: planner.steps(&answer.start, Some(&role.name)),
        finish,
        abort: planner.steps(&answer.abort, Some(&role.name)),
    }
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
