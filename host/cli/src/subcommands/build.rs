//! `build`: the image, and the builder that makes it.

use commands::{Command, Machine, builds};
use configuration::BuilderKind;
use plan::Intent;
use transport::{Outcome, Task, Transport};

use super::{change, unknown};
use crate::arguments::{BuildChange, BuildCommand, Options};
use crate::console::{print, print_raw};
use crate::failure::Failure;
use crate::invocation::{self, Request};
use crate::machines::machines;
use crate::project::{Project, Substitution};

pub fn run(options: &Options, command: BuildCommand) -> Result<u8, Failure> {
    match command {
        BuildCommand::Change(named) => change::carry_out(options, request(options, &named)),
        BuildCommand::Details => details(options),
        BuildCommand::Other(words) => Err(unknown("build", &words)),
    }
}

/// What a change asks for.
pub fn request(options: &Options, named: &BuildChange) -> Request {
    let output = |otherwise: &str| options.image_output.clone().unwrap_or_else(|| otherwise.to_string());
    let (intent, word, no_cache) = match named {
        BuildChange::Deliver => (Intent::BuildDeliver, "deliver", false),
        BuildChange::Push(image) => (Intent::BuildPush { output: output("registry") }, "push", image.no_cache),
        BuildChange::Pull => (Intent::BuildPull, "pull", false),
        BuildChange::Create => (Intent::BuildCreate, "create", false),
        BuildChange::Remove => (Intent::BuildRemove, "remove", false),
        BuildChange::Dev(image) => (Intent::BuildDev { output: output("docker") }, "dev", image.no_cache),
    };
    Request { no_cache, ..change::simple(intent, &["build", word]) }
}

/// Shows who builds, and what docker knows about builders.
fn details(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let secrets = project.secrets(Substitution::NamesOnly)?;
    let builder = &project.configuration.builder;
    let (kind, outcome) = invocation::runtime()?.block_on(async {
        let machines = machines(&project, &secrets);
        let architecture = match builder.remote.is_some() && builder.local {
            true => asked(&machines, builds::architecture()).await.ok().as_ref().and_then(architecture),
            false => None,
        };
        let kind = builder.kind(architecture.as_deref());
        let pack = builder.pack.as_ref().filter(|_| kind == BuilderKind::Pack);
        (kind, asked(&machines, builds::details(pack.map(|pack| pack.builder.as_str()))).await)
    });
    let outcome = outcome?;
    if !options.quiet {
        print(&format!("Builder: {}", kind.name()));
    }
    print_raw(&format!("{}\n", outcome.stdout));
    if !outcome.succeeded() {
        return Err(Failure::message(format!("docker does not tell about builders: {}", outcome.stderr.trim())));
    }
    Ok(0)
}

fn architecture(outcome: &Outcome) -> Option<String> {
    let answer = plan::Answer { exit: outcome.exit, stdout: outcome.stdout.clone(), ..plan::Answer::default() };
    plan::read_architecture(&answer)
}

/// Asks the operator's machine.
async fn asked(machines: &transport::Machines, command: Command) -> Result<Outcome, Failure> {
    let task = Task::new(command).or_continue();
    let report = machines.run(&Machine::Local, &[task], &invocation::interrupts(), &mut |_| {}).await;
    Ok(report.outcomes()?.into_iter().next().unwrap_or_default())
}
