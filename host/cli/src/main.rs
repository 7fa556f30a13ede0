//! The `sextant` program: reads the command line, runs a subcommand, turns what went wrong into words and an exit code.
//!
//! Exit codes: 0 all went well, 1 something failed, 2 the command line makes no sense, 3 `drift` found something,
//! 130 interrupted.

mod aliases;
mod approvals;
mod arguments;
mod catalogue;
mod children;
mod command_line;
mod commits;
mod console;
mod deeds;
mod diff;
mod failure;
mod help;
mod invocation;
mod lookup;
mod machines;
mod outline;
mod outside;
mod places;
mod plugins;
mod policies;
mod project;
mod record;
mod report;
mod runs;
mod saved;
mod style;
mod subcommands;
mod surroundings;
mod templates;
mod unfinished;
mod visit;

use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, Parser};

use crate::aliases::Expansion;
use crate::arguments::Arguments;
use crate::command_line::{Meaning, Misuse};
use crate::console::Output;
use crate::failure::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut output = Output::Text;
    let ran = words().and_then(|words| {
        output = asked_for(&words);
        run(words, &mut output)
    });
    match ran {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.tell(output);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The words after the program's name.
fn words() -> Result<Vec<String>, Failure> {
    let words = std::env::args_os().skip(1).map(std::ffi::OsString::into_string);
    words.collect::<Result<_, _>>().map_err(|word| Failure::Usage {
        text: format!("the command line is not UTF-8: {}", word.display()),
        hint: "write it in UTF-8".to_string(),
    })
}

/// How a program wants to hear what is wrong with words that cannot be read as a whole.
fn asked_for(words: &[String]) -> Output {
    let json =
        words.windows(2).any(|pair| pair == ["--output", "json"]) || words.iter().any(|word| word == "--output=json");
    if json { Output::Json } else { Output::Text }
}

/// Runs what the words mean; an alias first becomes the words it stands for.
fn run(mut words: Vec<String>, output: &mut Output) -> Result<u8, Failure> {
    let mut tree = Arguments::command();
    tree.build();
    let mut expansion = Expansion::default();
    loop {
        match command_line::read(&tree, &words)? {
            Meaning::Run { path, words } => return subcommand(path, &words, output),
            Meaning::Help { path, note } => return help::show(&tree, &path, note.as_deref()),
            Meaning::Tree { path } => return help::tree(&tree, &path),
            Meaning::Unknown { word, rest } => match expansion.expand(&tree, &word, &rest)? {
                Some(meant) => words = meant,
                None => return subcommand(Vec::new(), &[vec![word], rest].concat(), output),
            },
        }
    }
}

fn subcommand(path: Vec<String>, words: &[String], output: &mut Output) -> Result<u8, Failure> {
    let program = ["sextant".to_string()];
    let mut arguments = match Arguments::try_parse_from(program.iter().chain(words)) {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => return Err(misused(&error, &path)),
        Err(error) => {
            let _ = error.print();
            return Ok(0);
        }
    };
    arguments.settle_output().map_err(|word| Failure::Usage {
        text: format!("`{word}` is no way to show progress"),
        hint: "--output is text or json".to_string(),
    })?;
    if !path.is_empty() {
        *output = arguments.options.output;
    }
    arguments.options.path = path;
    subcommands::run(arguments)
}

/// Words that do not fit a subcommand. Values that are checked beyond their choices are numbers.
fn misused(error: &clap::Error, path: &[String]) -> Failure {
    let hint =
        format!("`sextant help{}` tells what it takes", path.iter().map(|word| format!(" {word}")).collect::<String>());
    let context = |kind| error.get(kind).map(ToString::to_string);
    let (flag, value) = (context(ContextKind::InvalidArg), context(ContextKind::InvalidValue));
    let text = match (error.kind(), flag, value) {
        (ErrorKind::ValueValidation, Some(flag), Some(value)) => {
            let flag = flag.split(' ').next().unwrap_or_default();
            format!("Expected numeric value for '{flag}'; got \"{value}\"")
        }
        _ => {
            let text = error.to_string();
            let text = text.split("\n\n").next().unwrap_or_default();
            text.strip_prefix("error: ").unwrap_or(text).trim_end().to_string()
        }
    };
    Failure::Usage { text, hint }
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Self {
        Self::Usage { text: misuse.text, hint: misuse.hint }
    }
}
