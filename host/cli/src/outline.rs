//! A plan as text that can be read aloud.

use commands::Machine;
use plan::{Action, Barrier, Block, Change, Finding, Plan, PluginUse, Stage, Step, Track, lower};

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
    let mut outline = Outline { detail, text: String::new(), number: 0 };
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

/// The text so far, and the number of the last step in it: steps that are left out have none.
struct Outline {
    detail: Detail,
    text: String,
    number: usize,
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
        for note in &plan.notes {
            self.line(&format!("Note: {note}"));
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
            plan.connect.iter().for_each(|step| self.step(2, step));
        }
        self.part(None, &plan.prepare);
        let heading = plan.lock.as_ref().map(|lock| format!("Under the deploy lock on {}", lock.host));
        self.part(heading.as_deref(), &plan.apply);
        self.part(plan.lock.as_ref().map(|_| "After the deploy lock is released"), &plan.conclude);
        if self.number == 0 {
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
            for (machines, blocks) in alike(stage.tracks.iter().filter(|track| self.shows(track)).collect()) {
                self.line(&format!("  on {}", machines.join(", ")));
                blocks.iter().for_each(|block| self.block(block));
            }
        }
    }

    fn block(&mut self, block: &Block) {
        let mut indent = 4;
        if let Some(role) = &block.role {
            let waits = match block.barrier {
                Barrier::Waits => ", once the first container of the primary role is healthy",
                _ => "",
            };
            self.line(&format!("    role {role}{waits}"));
            indent = 6;
        }
        block.start.iter().chain(&block.finish).for_each(|step| self.step(indent, step));
        if !block.abort.is_empty() {
            self.line(&format!("{:indent$}if that fails", ""));
            block.abort.iter().for_each(|step| self.step(indent + 2, step));
        }
    }

    /// Whether a machine has a step that is shown.
    fn shows(&self, track: &Track) -> bool {
        let mut steps =
            track.blocks.iter().flat_map(|block| block.start.iter().chain(&block.finish).chain(&block.abort));
        steps.any(|step| self.detail == Detail::Commands || !is_bookkeeping(step))
    }

    fn step(&mut self, indent: usize, step: &Step) {
        if self.detail == Detail::Steps && is_bookkeeping(step) {
            return;
        }
        self.number += 1;
        let by = step.plugin.as_ref().map(|plugin| format!("  [{plugin}]")).unwrap_or_default();
        self.line(&format!("{:indent$}{:>3}. {}{by}", "", self.number, step.title));
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

/// Tracks that do the same are shown once, with the names of all their machines.
fn alike(tracks: Vec<&Track>) -> Vec<(Vec<String>, &[Block])> {
    let mut groups: Vec<(Vec<String>, &[Block])> = Vec::new();
    for track in tracks {
        let name = match &track.machine {
            Machine::Local => "this machine".to_string(),
            Machine::Host(host) => host.clone(),
        };
        match groups.iter_mut().find(|(_, blocks)| same(blocks, &track.blocks)) {
            Some((machines, _)) => machines.push(name),
            None => groups.push((vec![name], &track.blocks)),
        }
    }
    groups
}

/// Whether two machines' blocks read the same.
fn same(left: &[Block], right: &[Block]) -> bool {
    let words = |blocks: &[Block]| -> Vec<String> {
        let steps = blocks.iter().flat_map(|block| block.start.iter().chain(&block.finish).chain(&block.abort));
        steps.map(|step| step.title.clone()).chain(blocks.iter().filter_map(|block| block.role.clone())).collect()
    };
    words(left) == words(right)
}
