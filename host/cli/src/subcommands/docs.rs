//! `sextant docs`.

use crate::failure::Failure;
use crate::report::{print, print_raw};

pub fn run(section: Option<&str>) -> Result<u8, Failure> {
    match configuration::documentation(section) {
        Some(text) => print_raw(text),
        None => print(&format!("No documentation found for {}", section.unwrap_or_default())),
    }
    Ok(0)
}
