//! `sextant version`.

use crate::failure::Failure;
use crate::report::print;

pub fn run() -> Result<u8, Failure> {
    print(env!("CARGO_PKG_VERSION"));
    Ok(0)
}
