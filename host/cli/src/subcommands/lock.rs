//! `sextant lock`.

use commands::lease;
use plan::Intent;
use transport::Outcome;

use super::app::primary_host;
use super::change::{carry_out, carry_out_in, simple};
use crate::arguments::{LockCommand, Options};
use crate::console::print;
use crate::failure::Failure;
use crate::project::{Project, Substitution};
use crate::visit::{Question, Visit};

/// What is said when nobody holds the lock.
const FREE: &str = "There is no deploy lock";

pub fn run(options: &Options, command: LockCommand) -> Result<u8, Failure> {
    match command {
        LockCommand::Status => status(options),
        LockCommand::Acquire { message } => {
            let code = carry_out(options, simple(Intent::LockAcquire { message }, &["lock", "acquire"]))?;
            told(options, "Acquired the deploy lock");
            Ok(code)
        }
        LockCommand::Release => {
            let project = Project::read(options)?;
            if !options.dry_run && holder(options, &project)?.is_none() {
                print(FREE);
                return Ok(0);
            }
            let code = carry_out_in(&project, options, simple(Intent::LockRelease, &["lock", "release"]))?;
            told(options, "Released the deploy lock");
            Ok(code)
        }
    }
}

fn told(options: &Options, text: &str) {
    if !options.dry_run {
        print(text);
    }
}

fn status(options: &Options) -> Result<u8, Failure> {
    print(holder(options, &Project::read(options)?)?.as_deref().unwrap_or(FREE));
    Ok(0)
}

/// Who holds the lock, as the holder left it.
fn holder(options: &Options, project: &Project) -> Result<Option<String>, Failure> {
    let host = primary_host(project)?;
    let question = Question::new("", &host, lease::details(&project.configuration.lock_directory()));
    let visit = Visit::begin(options, project, Substitution::NamesOnly)?;
    let answers: Vec<Outcome> = visit.ask(&[question]).into_iter().collect::<Result<_, Failure>>()?;
    let held = answers.into_iter().find(Outcome::succeeded);
    Ok(held.map(|outcome| outcome.stdout.trim_end().to_string()))
}
