//! `sextant docs`.

use crate::console::{print, print_raw, say};
use crate::failure::Failure;

pub fn run(section: Option<&str>) -> Result<u8, Failure> {
    match configuration::documentation(section) {
        Some(text) => print_raw(text),
        None => {
            print(&format!("No documentation found for {}", section.unwrap_or_default()));
            let sections: Vec<&str> = configuration::documented_sections().collect();
            say(&format!("hint: there are: {}", sections.join(", ")));
        }
    }
    Ok(0)
}
