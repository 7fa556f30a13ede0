//! `sextant explain`: why a run failed.
use crate::arguments::{Explain, Options};
use crate::failure::Failure;

pub fn run(_options: &Options, _arguments: &Explain) -> Result<u8, Failure> {
    Ok(0)
}
