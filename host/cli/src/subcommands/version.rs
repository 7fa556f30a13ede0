//! `sextant version`. Called as `kamal` it tells the version of Kamal it stands in for: hook scripts may compare it.

use configuration::KAMAL_VERSION;

use crate::children::called_as_kamal;
use crate::console::print;
use crate::failure::Failure;

pub fn run() -> Result<u8, Failure> {
    print(if called_as_kamal() { KAMAL_VERSION } else { env!("CARGO_PKG_VERSION") });
    Ok(0)
}
