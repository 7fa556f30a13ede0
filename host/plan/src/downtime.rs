//! What does not serve while a plan is carried out, and from when to when: told by the plan's steps alone.

use std::collections::BTreeSet;

use commands::Machine;

use crate::action::Action;
use crate::plan::{Plan, Step};

/// Something that does not serve for a while, or from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downtime {
    /// `the proxy`, `the service app-web`, `the container app-db`.
    pub what: String,
    /// The hosts on which it does not.
    pub hosts: Vec<String>,
    /// The title of the step that ends it.
    pub from: String,
    /// The title of the step that brings it back, if one does.
    pub until: Option<String>,
}

/// Everything that does not serve for a while, host by host; what reads the same on several hosts comes once.
///
/// A container that is stopped after another one was started in its place is none of it.
pub fn downtimes(plan: &Plan) -> Vec<Downtime> {
    let mut together: Vec<Downtime> = Vec::new();
    for host in plan.hosts() {
        for downtime in on_host(plan, host) {
            let same = |other: &&mut Downtime| {
                (&other.what, &other.from, &other.until) == (&downtime.what, &downtime.from, &downtime.until)
            };
            match together.iter_mut().find(same) {
                Some(other) => other.hosts.push(host.to_string()),
                None => together.push(downtime),
            }
        }
    }
    together
}

fn on_host(plan: &Plan, host: &str) -> Vec<Downtime> {
    let mut found: Vec<Downtime> = Vec::new();
    let mut routed = BTreeSet::new();
    let mut something_started = false;
    for step in steps(plan, host) {
        match turn(&step.action) {
            Some(Turn::Up(what)) => {
                let ended = found.iter_mut().find(|downtime| downtime.what == what && downtime.until.is_none());
                ended.into_iter().for_each(|downtime| downtime.until = Some(step.title.clone()));
                something_started = true;
            }
            Some(Turn::Down { what, service }) => {
                let is_known = found.iter().any(|downtime| downtime.what == what && downtime.until.is_none());
                let replaced = matches!(step.action, Action::StopContainer { .. }) && something_started;
                let of_service = |own: &&String| service.is_none() && what.contains(&format!(" {own}-"));
                if !is_known && !replaced && routed.iter().find(of_service).is_none() {
                    let hosts = vec![host.to_string()];
                    found.push(Downtime { what, hosts, from: step.title.clone(), until: None });
                }
                routed.extend(service);
            }
            None => {}
        }
    }
    found
}

/// What a host does, in order, unless something fails.
fn steps<'p>(plan: &'p Plan, host: &'p str) -> impl Iterator<Item = &'p Step> {
    let is_here = move |machine: &Machine| matches!(machine, Machine::Host(own) if own == host);
    let tracks = plan.stages().flat_map(|stage| &stage.tracks).filter(move |track| is_here(&track.machine));
    tracks.flat_map(|track| &track.blocks).flat_map(|block| block.start.iter().chain(&block.finish))
}

/// What an action does to something that serves.
enum Turn {
    Up(String),
    /// With the name of the service, where requests for it end.
    Down {
        what: String,
        service: Option<String>,
    },
}

fn turn(action: &Action) -> Option<Turn> {
    let proxy = || "the proxy".to_string();
    let container = |name: &String| format!("the container {name}");
    let service = |name: &String| format!("the service {name}");
    Some(match action {
        Action::BootProxy { .. } | Action::RunProxy { .. } | Action::StartProxy => Turn::Up(proxy()),
        Action::StartContainer(started) | Action::StartAccessory(started) => Turn::Up(container(&started.name)),
        Action::ResumeContainer { name } | Action::ResumeAccessory { name } => Turn::Up(container(name)),
        Action::Route { service: name, .. } | Action::LetThrough { service: name } => Turn::Up(service(name)),
        Action::StopProxy | Action::RemoveTraefik => Turn::Down { what: proxy(), service: None },
        Action::StopContainer { name, .. } | Action::StopAccessory { name } => {
            Turn::Down { what: container(name), service: None }
        }
        Action::Unroute { service: name } | Action::HoldBack { service: name, .. } => {
            Turn::Down { what: service(name), service: Some(name.clone()) }
        }
        _ => return None,
    })
}
