//! `sextant audit` and `sextant details`: what was done on the hosts, and what runs there.

use commands::reading;

use super::{accessory, app, proxy};
use crate::arguments::Options;
use crate::failure::Failure;
use crate::project::Project;
use crate::visit::{self, Question};

/// The last lines of every host's audit log.
pub fn audit(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let command = reading::audit_log(&project.configuration.audit_log());
    let question = |host: &String| Question::new("App Host", host, command.clone());
    visit::ask(options, &project, project.selection.hosts.iter().map(question).collect())
}

/// The proxy, the app and the accessories, one after the other.
pub fn details(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let mut questions = proxy::details(&project);
    questions.extend(app::details(&project));
    questions.extend(accessory::details(&project, "all")?);
    visit::ask(options, &project, questions)
}
