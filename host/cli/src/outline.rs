//! A plan as text that can be read aloud.

use commands::Machine;
use plan::{Action, Barrier, Block, Plan, Stage, Step, lower};

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
    let destination = plan.destination.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
    let mut text = format!("Plan: {} {} {}{destination}\n", plan.subcommand, plan.service, plan.version);
    if !plan.hooks.is_empty() {
        let owners: Vec<String> =
            plan.hooks.iter().map(|owner| format!("{} by {}", owner.hook, owner.plugin)).collect();
        text.push_str(&format!("Hooks: {}\n", owners.join(", ")));
    }
    for note in &plan.notes {
        text.push_str(&format!("Note: {note}\n"));
    }
    if !plan.connect.is_empty() {
        text.push_str("\nBefore the first connection\n");
        plan.connect.iter().for_each(|step| line(&mut text, 2, step, detail));
    }
    part(&mut text, "", &plan.prepare, detail);
    let heading =
        plan.lock.as_ref().map(|lock| format!("\nUnder the deploy lock on {}\n", lock.host)).unwrap_or_default();
    part(&mut text, &heading, &plan.apply, detail);
    let heading = if plan.lock.is_some() { "\nAfter the deploy lock is released\n" } else { "" };
    part(&mut text, heading, &plan.conclude, detail);
    if plan.steps().next().is_none() {
        text.push_str("\nNothing to do.\n");
    }
    text
}

/// Whether a step only notes what others do: it is left out unless everything is shown.
pub fn is_bookkeeping(step: &Step) -> bool {
    matches!(step.action, Action::Audit { .. })
}

fn part(text: &mut String, heading: &str, stages: &[Stage], detail: Detail) {
    if stages.is_empty() {
        return;
    }
    text.push_str(heading);
    for stage in stages {
        text.push_str(&format!("\n{}\n", stage.title));
        if let Some(registry) = &stage.registry {
            let machines: Vec<String> = registry.machines.iter().map(Machine::to_string).collect();
            let port = registry.port;
            text.push_str(&format!("  with port {port} of {} leading to this machine\n", machines.join(", ")));
        }
        for (machines, blocks) in alike(stage) {
            text.push_str(&format!("  on {}\n", machines.join(", ")));
            blocks.iter().for_each(|block| block_lines(text, block, detail));
        }
    }
}

/// Tracks that do the same are shown once, with the names of all their machines.
fn alike(stage: &Stage) -> Vec<(Vec<String>, &[Block])> {
    let mut groups: Vec<(Vec<String>, &[Block])> = Vec::new();
    for track in &stage.tracks {
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

fn block_lines(text: &mut String, block: &Block, detail: Detail) {
    let mut indent = 4;
    if let Some(role) = &block.role {
        let waits = if block.barrier == Barrier::Waits {
            ", once the first container of the primary role is healthy"
        } else {
            ""
        };
        text.push_str(&format!("    role {role}{waits}\n"));
        indent = 6;
    }
    block.start.iter().chain(&block.finish).for_each(|step| line(text, indent, step, detail));
    if !block.abort.is_empty() {
        text.push_str(&format!("{:indent$}if that fails\n", ""));
        block.abort.iter().for_each(|step| line(text, indent + 2, step, detail));
    }
}

fn line(text: &mut String, indent: usize, step: &Step, detail: Detail) {
    if detail == Detail::Steps && is_bookkeeping(step) {
        return;
    }
    let by = step.plugin.as_ref().map(|plugin| format!("  [{plugin}]")).unwrap_or_default();
    text.push_str(&format!("{:indent$}{:>3}. {}{by}\n", "", step.id, step.title));
    if detail == Detail::Commands {
        let command = lower::command(step);
        for line in command.line.lines() {
            text.push_str(&format!("{:indent$}     $ {line}\n", ""));
        }
        let secrets = step.action.secrets();
        if !secrets.is_empty() {
            text.push_str(&format!("{:indent$}     with the secrets {}\n", "", secrets.join(", ")));
        }
    }
}
