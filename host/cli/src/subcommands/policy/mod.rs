//! `sextant policy`: for those who write policies.

mod cases;
mod test;

use crate::arguments::{Options, PolicyCommand};
use crate::failure::Failure;

pub fn run(options: &Options, command: &PolicyCommand) -> Result<u8, Failure> {
    match command {
        PolicyCommand::Test { files } => test::run(options, files),
    }
}
