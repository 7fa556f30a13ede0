//! What people and programs see while something runs.

mod human;
mod json;

use std::io::Write;

use lifecycle::Events;

use crate::arguments::{Options, Output};

/// Whoever tells about a run, as the options ask.
pub fn events(options: &Options) -> Box<dyn Events> {
    match options.output {
        Output::Json => Box::new(json::Json),
        Output::Text => Box::new(human::Human::new(options.verbose, options.quiet)),
    }
}

/// Writes a line to standard error. A reader who went away is no reason to stop.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes a line to standard output.
pub fn print(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Writes text to standard output as it is.
pub fn print_raw(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
