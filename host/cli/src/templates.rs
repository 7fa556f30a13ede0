//! Files of accessories that are rendered before they are uploaded.

use std::collections::BTreeMap;

use configuration::{Accessory, ConfigurationError, File, Source, Text, render_file};
use plan::Part;

use crate::arguments::Options;
use crate::failure::Failure;
use crate::project::Project;
use crate::surroundings::Machine;

/// What templates came to, by accessory and path in the project: secrets stand in them by name.
pub type Rendered = BTreeMap<(String, String), Vec<Part>>;

/// Renders the templates among the files of all accessories, each with its accessory's environment.
pub fn rendered(project: &Project, options: &Options) -> Result<Rendered, Failure> {
    let machine = Machine::new(project.directory.clone(), options.permissions(), options.children());
    let mut rendered = Rendered::new();
    for accessory in &project.configuration.accessories {
        for file in accessory.files.iter().filter(|file| file.is_template()) {
            let parts = render(project, accessory, file, &machine)?;
            rendered.insert((accessory.name.clone(), file.source.clone()), parts);
        }
    }
    Ok(rendered)
}

fn render(project: &Project, accessory: &Accessory, file: &File, machine: &Machine) -> Result<Vec<Part>, Failure> {
    let text = std::fs::read_to_string(project.directory.join(&file.source)).map_err(|_| {
        let missing = ConfigurationError::runtime(format!("Missing file: {}", file.source));
        project.wrong(missing.with_hint(format!("accessory {} uploads it", accessory.name)))
    })?;
    let source = Source { path: file.source.clone(), text };
    let environment = &accessory.environment;
    let clear = environment.clear.iter().map(|(name, value)| (name, Text::Clear(value.clone().unwrap_or_default())));
    let secret = environment.secret.iter().map(|(name, secret)| (name, Text::Secret(secret.clone())));
    let variables = clear.chain(secret).map(|(name, value)| (name.clone(), value)).collect();
    let parts = render_file(&source, &variables, machine).map_err(|error| {
        let sources = vec![source.clone()];
        Failure::Configuration { error, sources }
    })?;
    let part = |text| match text {
        Text::Clear(text) => Part::Text(text),
        Text::Secret(name) => Part::Secret(name),
    };
    Ok(parts.into_iter().map(part).collect())
}
