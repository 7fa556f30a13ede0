//! What people and programs see while something runs.

mod errors;
mod file;
mod human;
mod json;
mod lines;
mod otel;
#[cfg(test)]
mod story;

pub use human::policy_line;

use lifecycle::{Event, Events};
use plan::Run;

use crate::arguments::Options;
use crate::console::Output;
use crate::failure::Failure;
use crate::project::Project;

/// Everybody who is told about a run, one after the other. Nobody among them waits.
struct Audience(Vec<Box<dyn Events>>);

impl Events for Audience {
    fn tell(&self, event: Event<'_>) {
        self.0.iter().for_each(|listener| listener.tell(event));
    }
}

/// Whoever tells about a run: the terminal as the options ask, and the loggers of the project.
pub fn events(options: &Options, project: &Project, run: &Run) -> Result<Box<dyn Events>, Failure> {
    let mut listeners = vec![terminal(options, run)];
    let loggers = &project.configuration.output;
    if let Some(folder) = &loggers.file {
        let name = file::file_name(&jiff::Zoned::now(), run.configuration.destination.as_deref(), &run.subcommand);
        let name = format!("{}/{name}", folder.trim_end_matches('/'));
        let logger = file::FileLogger::create(&project.directory.join(&name), name.clone(), options.quiet);
        listeners.push(Box::new(logger.map_err(|error| {
            let text = format!("the log file {name} cannot be written: {error}");
            Failure::with_hint(text, "output/file/path is a folder, relative to the project")
        })?));
    }
    if let Some(endpoint) = &loggers.otel {
        let logger = otel::OtelLogger::start(endpoint, run, options.quiet);
        listeners
            .push(Box::new(logger.map_err(|error| Failure::message(format!("threads cannot be started: {error}")))?));
    }
    Ok(Box::new(Audience(listeners)))
}

/// Whoever tells people, or programs, about a run as the options ask: for a run that changes nothing, which no logger hears of.
pub fn terminal(options: &Options, run: &Run) -> Box<dyn Events> {
    match options.output {
        Output::Json => Box::new(json::Json),
        Output::Text => Box::new(human::Human::new(options.verbose, options.quiet, run)),
    }
}
