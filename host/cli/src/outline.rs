//! A plan as text that can be read aloud.

use commands::Machine;
use plan::{
    Action, Barrier, Block, Change, Downtime, Finding, Override, Plan, PluginUse, Stage, Step, Track, downtimes, lower,
};

use crate::commits::shortened;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What will happen.
    Steps,
    /// Also bookkeeping, and the command line of every step.
    Commands,
}

/// The plan as text.
pub fn outline(plan: &Plan, detail: Detail) -> String {
    let mut outline = Outline { detail, text: String::new(), is_empty: true };
    outline.plan(plan);
    match detail {
        Detail::Steps => shortened(&outline.text),
        Detail::Commands => outline.text,
    }
}

/// Whether a step only notes what others do: it is left out unless everything is shown.
pub fn is_bookkeeping(step: &Step) -> bool {
    matches!(step.action, Action::Audit { .. })
}

/// What a plugin may do while the plan is carried out, in words.
fn may(plugin: &PluginUse) -> String {
    const WORDS: [(&str, &str); 6] = [
        ("reveal", "see the values of the secrets"),
        ("secrets", "use the secrets"),
        ("network", "reach"),
        ("programs", "run"),
        ("variables", "read the variables"),
        ("files", "read the files"),
    ];
    let granted = WORDS.iter().filter_map(|(kind, words)| {
        let names = plugin.capabilities.get(*kind)?;
        Some(format!("{words} {}", names.join(", ")))
    });
    granted.collect::<Vec<_>>().join("; ")
}

/// What does not serve, where, and from which step to which.
fn away(downtime: &Downtime) -> String {
    let Downtime { what, hosts, from, until } = downtime;
    let until = until.as_ref().map_or("on".to_string(), |until| format!("to `{until}`"));
    format!("{what} on {}, from `{from}` {until}", hosts.join(", "))
}

/// A policy with its mode, and where it comes from if that is not the project.
fn policy(plugin: &PluginUse) -> Option<String> {
    let mode = plugin.mode?.name();
    let folder = plugin.folder.as_ref().map(|folder| format!(" from {folder}")).unwrap_or_default();
    Some(format!("{}{folder} ({mode})", plugin.name))
}

/// Findings that read the same, once, with all of their hosts.
pub fn together(findings: &[Finding]) -> Vec<(Vec<&str>, &Finding)> {
    let mut groups: Vec<(Vec<&str>, &Finding)> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|(_, first)| (first.kind, &first.message) == (finding.kind, &finding.message)) {
            Some((hosts, _)) => hosts.push(&finding.host),
            None => groups.push((vec![&finding.host], finding)),
        }
    }
    groups
}

/// A line for every role or accessory, with all hosts on which it changes in the same way.
fn changes(changes: &[Change]) -> Vec<String> {
    let mut groups: Vec<(Vec<&str>, &Change)> = Vec::new();
    for change in changes {
        let same = |(_, first): &&mut (Vec<&str>, &Change)| {
            first.subject() == change.subject() && first.text() == change.text()
        };
        match groups.iter_mut().find(same) {
            Some((hosts, _)) => hosts.push(&change.host),
            None => groups.push((vec![&change.host], change)),
        }
    }
    groups
        .iter()
        .map(|(hosts, change)| format!("{} on {}: {}", change.subject(), hosts.join(", "), change.text()))
        .collect()
}

/// The text so far, and whether a step is in it.
struct Outline {
    detail: Detail,
    text: String,
    is_empty: bool,
}

impl Outline {
    fn plan(&mut self, plan: &Plan) {
        let destination = plan.destination.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
        self.line(&format!("Plan: {} {} {}{destination}", plan.subcommand, plan.service, plan.version));
        if !plan.hooks.is_empty() {
            let owners: Vec<String> =
                plan.hooks.iter().map(|owner| format!("{} by {}", owner.hook, owner.plugin)).collect();
            self.line(&format!("Hooks: {}", owners.join(", ")));
        }
        for plugin in plan.plugins.iter().filter(|plugin| !plugin.capabilities.is_empty()) {
            self.line(&format!("Plugin {} may {}", plugin.name, may(plugin)));
        }
        let policies: Vec<String> = plan.plugins.iter().filter_map(policy).collect();
        if !policies.is_empty() {
            self.line(&format!("Policies: {}", policies.join(", ")));
        }
        for Override { policy, reason } in &plan.overrides {
            self.line(&format!("Set aside: policy {policy}, because: {reason}"));
        }
        for note in &plan.notes {
            self.line(&format!("Note: {note}"));
        }
        for downtime in downtimes(plan) {
            self.line(&format!("Downtime: {}", away(&downtime)));
        }
        for (hosts, finding) in together(&plan.findings) {
            self.line(&format!("Warning: {}: {}", hosts.join(", "), finding.message));
            self.line(&format!("  hint: {}", finding.hint));
        }
        if !plan.changes.is_empty() {
            self.line("\nAgainst what runs now");
            changes(&plan.changes).iter().for_each(|line| self.line(&format!("  {line}")));
        }
        if !plan.connect.is_empty() {
            self.line("\nBefore the first connection");
            plan.connect.iter().for_each(|step| self.step(2, &[step]));
        }
        self.part(None, &plan.prepare);
        let heading = plan.lock.as_ref().map(|lock| format!("Under the deploy lock on {}", lock.host));
        self.part(heading.as_deref(), &plan.apply);
        self.part(plan.lock.as_ref().map(|_| "After the deploy lock is released"), &plan.conclude);
        if self.is_empty {
            self.line("\nNothing to do.");
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn part(&mut self, heading: Option<&str>, stages: &[Stage]) {
        let stages: Vec<&Stage> = stages
            .iter()
            .filter(|stage| stage.registry.is_some() || stage.tracks.iter().any(|track| self.shows(track)))
            .collect();
        if stages.is_empty() {
            return;
        }
        if let Some(heading) = heading {
            self.line(&format!("\n{heading}"));
        }
        for stage in stages {
            self.line(&format!("\n{}", stage.title));
            if let Some(registry) = &stage.registry {
                let machines: Vec<String> = registry.machines.iter().map(Machine::to_string).collect();
                let port = registry.port;
                self.line(&format!("  with port {port} of {} leading to this machine", machines.join(", ")));
            }
            for tracks in alike(stage.tracks.iter().filter(|track| self.shows(track)).collect()) {
                let machines: Vec<String> = tracks.iter().map(|track| machine(track)).collect();
                self.line(&format!("  on {}", machines.join(", ")));
                for place in 0..tracks[0].blocks.len() {
                    let blocks: Vec<&Block> = tracks.iter().map(|track| &track.blocks[place]).collect();
                    self.block(&blocks);
                }
            }
        }
    }

    /// The same block of machines that do the same.
    fn block(&mut self, blocks: &[&Block]) {
        let mut indent = 4;
        let first = blocks[0];
        if let Some(role) = &first.role {
            let waits = match first.barrier {
                Barrier::Waits => ", once the first container of the primary role is healthy",
                _ => "",
            };
            self.line(&format!("    role {role}{waits}"));
            indent = 6;
        }
        self.steps(indent, blocks, |block| &block.start);
        self.steps(indent, blocks, |block| &block.finish);
        if !first.abort.is_empty() {
            self.line(&format!("{:indent$}if that fails", ""));
            self.steps(indent + 2, blocks, |block| &block.abort);
        }
    }

    fn steps<'p>(&mut self, indent: usize, blocks: &[&'p Block], of: impl Fn(&'p Block) -> &'p Vec<Step>) {
        for place in 0..of(blocks[0]).len() {
            let alike: Vec<&Step> = blocks.iter().map(|block| &of(block)[place]).collect();
            self.step(indent, &alike);
        }
    }

    /// Whether a machine has a step that is shown.
    fn shows(&self, track: &Track) -> bool {
        let mut steps =
            track.blocks.iter().flat_map(|block| block.start.iter().chain(&block.finish).chain(&block.abort));
        steps.any(|step| self.detail == Detail::Commands || !is_bookkeeping(step))
    }

    /// A step with its number in the plan; where machines do the same, with the numbers of each.
    fn step(&mut self, indent: usize, alike: &[&Step]) {
        let step = alike[0];
        if self.detail == Detail::Steps && is_bookkeeping(step) {
            return;
        }
        self.is_empty = false;
        let by = step.plugin.as_ref().map(|plugin| format!("  [{plugin}]")).unwrap_or_default();
        self.line(&format!("{:indent$}{:>3}. {}{by}", "", numbers(alike), step.title));
        if self.detail == Detail::Commands {
            let command = lower::command(step);
            for line in command.line.lines() {
                self.line(&format!("{:indent$}     $ {line}", ""));
            }
            let secrets = step.action.secrets();
            if !secrets.is_empty() {
                self.line(&format!("{:indent$}     with the secrets {}", "", secrets.join(", ")));
            }
        }
    }
}

/// The machine of a track.
fn machine(track: &Track) -> String {
    match &track.machine {
        Machine::Local => "this machine".to_string(),
        Machine::Host(host) => host.clone(),
    }
}

/// The numbers of steps that read the same, machine by machine; where there are many, those of the first and the last one.
fn numbers(alike: &[&Step]) -> String {
    match alike {
        [first, _, _, .., last] => format!("{}…{}", first.id, last.id),
        few => few.iter().map(|step| step.id.to_string()).collect::<Vec<_>>().join(","),
    }
}

/// Tracks that do the same are shown once, with the names of all their machines.
fn alike(tracks: Vec<&Track>) -> Vec<Vec<&Track>> {
    let mut groups: Vec<Vec<&Track>> = Vec::new();
    for track in tracks {
        match groups.iter_mut().find(|group| same(&group[0].blocks, &track.blocks)) {
            Some(group) => group.push(track),
            None => groups.push(vec![track]),
        }
    }
    groups
}

/// Whether two machines' blocks read the same.
fn same(left: &[Block], right: &[Block]) -> bool {
    let titles = |steps: &[Step]| steps.iter().map(|step| step.title.clone()).collect::<Vec<_>>();
    let words = |block: &Block| (block.role.clone(), titles(&block.start), titles(&block.finish), titles(&block.abort));
    left.len() == right.len() && left.iter().map(words).eq(right.iter().map(words))
}
