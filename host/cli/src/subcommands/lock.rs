//! `sextant lock`.

use commands::host;
use plan::Intent;
use transport::Outcome;

use super::change::{carry_out, carry_out_in, simple};
use super::look::{self, Question};
use crate::arguments::{LockCommand, Options};
use crate::failure::Failure;
use crate::project::{Project, Substitution};
use crate::report::print;

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
    let Some(primary) = project.selection.primary_host.clone() else {
        return Err(Failure::message("no host is selected"));
    };
    let question = Question {
        heading: String::new(),
        host: primary,
        command: host::lock_details(&project.configuration.lock_directory()),
    };
    let answers = look::answers(options, project, &[question], Substitution::NamesOnly)?;
    let outcome = answers.into_iter().next().unwrap_or_else(|| Ok(Outcome::default()))?;
    Ok(outcome.succeeded().then(|| outcome.stdout.trim_end().to_string()))
}
