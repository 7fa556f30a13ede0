//! `cargo xtask`: what one types while working on Sextant. It never links the plugin runtime, so it builds in seconds.
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command line program: stdout and stderr are its face

mod bench;
mod contenders;
mod demo;
mod figures;
mod fleet_command;
mod install;
mod programs;
mod summary;
mod tally;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What one types while working on Sextant")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Deploy the sample app to a fleet of real hosts on this machine, and tell how it went
    Demo {
        /// Stop the fleet that an earlier demo left running
        #[arg(long)]
        down: bool,
    },
    /// Run formatting, lints, all tests, then those on the fleet
    Test {
        /// Only tests whose names contain one of these; formatting and lints are left out then
        filters: Vec<String>,
    },
    /// Time deploys by Sextant, by Kamal and by a hand-written script, side by side
    Bench {
        /// How often each of them deploys
        #[arg(long, default_value_t = 7)]
        rounds: usize,
    },
    /// Start, empty or stop the test fleet by hand
    Fleet {
        #[command(subcommand)]
        action: fleet_command::Action,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo { down: true } => demo::down(),
        Task::Demo { down: false } => demo::run(),
        Task::Test { filters } => test::run(&filters),
        Task::Bench { rounds } => bench::run(rounds.max(1)),
        Task::Fleet { action } => fleet_command::run(action),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
