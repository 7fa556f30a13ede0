//! Between the words of the contract and the plain types of the host.

use configuration::Text;
use plan::Username;
use plan::hooks::{Place, Whereabouts};

use crate::bindings::sextant::deploy::types;

/// A map as the contract lists it.
pub(crate) fn pairs<'a>(
    map: impl IntoIterator<Item = (&'a String, &'a Option<String>)>,
) -> Vec<(String, Option<String>)> {
    map.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

pub(crate) fn to_text(text: &Text) -> types::Text {
    match text {
        Text::Clear(text) => types::Text::Clear(text.clone()),
        Text::Secret(name) => types::Text::Secret(name.clone()),
    }
}

pub(crate) fn username(text: types::Text) -> Username {
    match text {
        types::Text::Clear(text) => Username::Clear(text),
        types::Text::Secret(name) => Username::Secret(name),
    }
}

pub(crate) fn place(place: Place) -> types::Place {
    match place {
        Place::Local => types::Place::Local,
        Place::Hosts => types::Place::Hosts,
    }
}

pub(crate) fn whereabouts(whereabouts: types::Whereabouts) -> Whereabouts {
    match whereabouts {
        types::Whereabouts::Local => Whereabouts::Local,
        types::Whereabouts::Registry => Whereabouts::Registry,
    }
}

/// A fault in one sentence.
pub(crate) fn fault(fault: &types::Fault) -> String {
    one_line(&match fault {
        types::Fault::Unsupported(reason) | types::Fault::Failed(reason) => reason.clone(),
        types::Fault::InvalidSetting((name, problem)) => format!("the setting `{name}` {problem}"),
        types::Fault::MissingFact(fact) => format!("a fact is missing: {fact}"),
    })
}

/// A guest's text made fit for a terminal and a log.
pub(crate) fn one_line(text: &str) -> String {
    plan::texts::one_line(text)
}

/// The most characters that the title of a step has.
const TITLE: usize = 200;

/// A guest's words for a step: one line, and not a long one.
pub(crate) fn title(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_and_not_a_long_one() {
        assert_eq!(title("tag\r\n\u{1b}[2J it"), "tag   [2J it");
        assert_eq!(title(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
    }
}
