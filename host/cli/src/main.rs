//! The `sextant` program: reads the command line, runs a subcommand, turns what went wrong into words and an exit code.
//!
//! Exit codes: 0 all went well, 1 something failed, 2 the command line makes no sense, 130 interrupted.

mod arguments;
mod commits;
mod failure;
mod invocation;
mod outline;
mod project;
mod report;
mod style;
mod subcommands;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let output = arguments.options.output;
    match subcommands::run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.tell(output);
            ExitCode::from(failure.exit_code())
        }
    }
}
