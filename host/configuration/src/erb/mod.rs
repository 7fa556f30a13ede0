//! ERB: the Ruby in a project's files, as far as deploy configurations use it.
//!
//! Kamal renders a whole file before it reads it as YAML, comments included. Here a small evaluator of our own does: no Ruby is
//! needed, and nothing but what [`Surroundings`] offers can be reached. What it does not know is an error with its place, never a guess.
//!
//! The way of a template: [`template`] takes it apart into text and Ruby, [`tokens`] and [`parser`] read the Ruby, [`evaluate`]
//! carries it out, and [`positions`] leads from what was printed back to the file, so that messages name the line the user wrote.

mod evaluate;
mod hashes;
mod library;
mod lists;
mod methods;
mod numbers;
mod parser;
mod positions;
mod strings;
mod surroundings;
mod syntax;
mod template;
mod tokens;
mod value;

use std::sync::Arc;

use indexmap::IndexMap;

use crate::error::{Class, ConfigurationError};
use crate::lines::Lines;
use crate::load::Source;
use crate::model::Text;
use crate::node::Origin;

pub(crate) use positions::Positions;
pub use surroundings::{Nowhere, Ran, Standing, Surroundings};

/// Renders a file that Kamal renders with an environment of its own: an accessory's file whose name ends with `.erb`.
///
/// `variables` lie over the environment. One that is a secret can be printed, compared with nothing and take part in `||`,
/// `ENV.fetch` and `+`; the result names it where it was printed.
///
/// # Errors
/// Names line and expression of what is wrong or not understood.
pub fn render_file(
    source: &Source,
    variables: &IndexMap<String, Text>,
    surroundings: &dyn Surroundings,
) -> Result<Vec<Text>, ConfigurationError> {
    let own = variables.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    let mut templates = Templates { surroundings, variables: own };
    let mut parts: Vec<Text> = Vec::new();
    for part in templates.printed(source)?.0.parts {
        match (parts.last_mut(), part) {
            (Some(Text::Clear(before)), Text::Clear(more)) => before.push_str(&more),
            (_, part) => parts.push(part),
        }
    }
    parts.retain(|part| *part != Text::Clear(String::new()));
    Ok(parts)
}

/// Renders the files of one project, one after the other: what one sets in the environment, the next one sees.
pub(crate) struct Templates<'s> {
    surroundings: &'s dyn Surroundings,
    variables: IndexMap<String, Option<Text>>,
}

/// A rendered file.
pub(crate) struct Rendered {
    /// What the file came to.
    pub(crate) text: String,
    /// Where each piece of it stands in the file; nothing where the file had no tags.
    pub(crate) positions: Option<Positions>,
    /// Variables that were not set, with the line that asked for them.
    pub(crate) unset: Vec<(usize, String)>,
}

impl<'s> Templates<'s> {
    /// `KAMAL_DESTINATION` is set for templates, or removed where there is no destination.
    pub(crate) fn new(surroundings: &'s dyn Surroundings, destination: Option<&str>) -> Self {
        let destination = destination.map(|name| Text::Clear(name.to_owned()));
        Self { surroundings, variables: IndexMap::from([("KAMAL_DESTINATION".to_owned(), destination)]) }
    }

    /// Renders one file.
    pub(crate) fn render(&mut self, source: &Source) -> Result<Rendered, ConfigurationError> {
        if !source.text.contains("<%") {
            return Ok(Rendered { text: source.text.clone(), positions: None, unset: Vec::new() });
        }
        if let Some(rendered) = self.surroundings.ruby(source) {
            let text = rendered.map_err(|said| {
                ConfigurationError::configuration(format!("{}: ruby could not render it: {said}", source.path))
                    .at(&Origin::start_of(&source.path))
            })?;
            return Ok(Rendered { text, positions: None, unset: Vec::new() });
        }
        let (mut output, unset) = self.printed(source)?;
        let parts = std::mem::take(&mut output.parts);
        let text = parts
            .into_iter()
            .map(|part| match part {
                Text::Clear(text) => text,
                Text::Secret(_) => String::new(),
            })
            .collect();
        let line = |at: usize| source.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let unset = unset.into_iter().map(|(at, name)| (line(at), name)).collect();
        Ok(Rendered { text, positions: Some(output.positions(&source.text)), unset })
    }

    /// What templates have set in the environment, and what they have not found there before.
    pub(crate) fn into_variables(self) -> IndexMap<String, String> {
        let clear = self.variables.into_iter().filter_map(|(name, value)| match value {
            Some(Text::Clear(value)) if name != "KAMAL_DESTINATION" => Some((name, value)),
            _ => None,
        });
        clear.collect()
    }

    fn printed(&mut self, source: &Source) -> Result<(positions::Output, Vec<(usize, String)>), ConfigurationError> {
        let text = &source.text;
        let evaluated = template::pieces(text)
            .map_err(|template::Unclosed(at)| Wrong::not_understood(at, "a tag that is not closed"))
            .and_then(|pieces| tokens::tokens(text, pieces))
            .and_then(parser::parse)
            .and_then(|program| evaluate::Evaluator::new(text, self.surroundings, &mut self.variables).run(&program));
        evaluated.map_err(|wrong| wrong.into_error(source))
    }
}

/// Why a template cannot be rendered.
#[derive(Debug)]
struct Wrong {
    /// The byte of the template at which it shows.
    at: usize,
    reason: Reason,
    hint: Option<String>,
}

#[derive(Debug)]
enum Reason {
    /// The evaluator does not know it.
    NotUnderstood(String),
    /// Ruby would raise this exception: class and message.
    Raised(String, String),
    /// A command, which the user has not allowed.
    Command,
}

impl Wrong {
    fn not_understood(at: usize, what: &str) -> Self {
        Self { at, reason: Reason::NotUnderstood(what.to_owned()), hint: None }
    }

    fn raised(at: usize, class: &str, message: impl Into<String>) -> Self {
        Self { at, reason: Reason::Raised(class.to_owned(), message.into()), hint: None }
    }

    fn command(at: usize) -> Self {
        Self { at, reason: Reason::Command, hint: None }
    }

    fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Class and message, if Ruby would raise an exception that a template can rescue.
    fn exception(&self) -> Option<(String, String)> {
        match &self.reason {
            Reason::Raised(class, message) => Some((class.clone(), message.clone())),
            _ => None,
        }
    }

    fn into_error(self, source: &Source) -> ConfigurationError {
        let file: Arc<str> = Arc::from(source.path.as_str());
        let tag = positions::tag(&source.text, self.at);
        let origin = Lines::new(&source.text).place(&file, self.at..tag.end);
        let place = format!("{file} line {}", origin.line);
        let expression = shortened(&source.text[tag]);
        let error = match self.reason {
            Reason::NotUnderstood(what) => ConfigurationError::configuration(format!(
                "{place}, column {}: this Ruby is not understood: {what} in `{expression}`",
                origin.column
            ))
            .with_hint(
                "write it in another way, or let the Ruby of this machine render the file: --erb-ruby or SEXTANT_ERB_RUBY=1",
            ),
            Reason::Raised(class, message) => ConfigurationError::of_class(class_of(&class), message),
            Reason::Command => {
                ConfigurationError::configuration(format!("{place}: the command in `{expression}` was not run"))
                    .with_hint("if you trust this file, allow it: --allow-erb-commands or SEXTANT_ALLOW_ERB_COMMANDS=1")
            }
        };
        let error = match self.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        };
        error.at(&origin)
    }
}

/// A tag on one line, cut where it is long.
fn shortened(tag: &str) -> String {
    let flat = tag.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= 80 {
        return flat;
    }
    let short: String = flat.chars().take(79).collect();
    format!("{short}…")
}

/// How an exception is reported.
fn class_of(name: &str) -> Class {
    const KNOWN: [&str; 9] = [
        "KeyError",
        "NoMethodError",
        "NameError",
        "LoadError",
        "TypeError",
        "Errno::ENOENT",
        "ZeroDivisionError",
        "Psych::SyntaxError",
        "SystemExit",
    ];
    match name {
        "ArgumentError" => Class::Argument,
        _ => KNOWN.into_iter().find(|known| *known == name).map_or(Class::Runtime, Class::Ruby),
    }
}
