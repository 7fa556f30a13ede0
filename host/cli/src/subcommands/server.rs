//! `sextant server`.

use commands::Command;
use plan::Intent;

use super::app::primary_host;
use super::change::{carry_out, simple};
use super::exec::{compatible, joined};
use super::unknown;
use crate::arguments::{Options, ServerChange, ServerCommand, ServerExec};
use crate::console::say;
use crate::failure::Failure;
use crate::invocation::Request;
use crate::project::{Project, Substitution};
use crate::visit::{Question, Visit};

pub fn run(options: &Options, command: ServerCommand) -> Result<u8, Failure> {
    match command {
        ServerCommand::Change(change) => carry_out(options, request(&change)),
        ServerCommand::Exec(arguments) => exec(options, &arguments),
        ServerCommand::Other(words) => Err(unknown("server", &words)),
    }
}

/// What a change asks for.
pub fn request(change: &ServerChange) -> Request {
    match change {
        ServerChange::Bootstrap => simple(Intent::Bootstrap, &["server", "bootstrap"]),
    }
}

fn exec(options: &Options, arguments: &ServerExec) -> Result<u8, Failure> {
    let ServerExec { interactive, raw, command } = arguments;
    if *raw {
        compatible("Raw", &[("interactive", *interactive)])?;
    }
    let command = joined(command)?;
    let project = Project::read(options)?;
    let visit = Visit::begin(options, &project, Substitution::NamesOnly)?;
    let tell = |text: String| {
        if !raw && !options.quiet {
            say(&text);
        }
    };
    if *interactive {
        let host = primary_host(&project)?;
        tell(format!("Running '{command}' on {host} interactively..."));
        return visit.interactive(&host, &command);
    }
    let hosts = &project.selection.hosts;
    tell(format!("Running '{command}' on {}...", hosts.join(", ")));
    let run = visit.run()?;
    let question = |host: &String| {
        let audit = plan::audit(&run, None, &format!("Executed cmd '{command}' on {host}"));
        let before = vec![plan::lower::command(&audit)];
        Question { before, ..Question::new("App Host", host, Command::new(&command)) }
    };
    let questions: Vec<Question> = hosts.iter().map(question).collect();
    if *raw { visit.show_raw(&questions) } else { visit.show(&questions) }
}
