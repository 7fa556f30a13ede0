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

/// A guest's text made fit for a terminal and a log: one line, no control characters, no marks that change the reading direction.
pub(crate) fn one_line(text: &str) -> String {
    let unfit = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if unfit(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_text_cannot_move_the_cursor_or_forge_lines() {
        assert_eq!(one_line("ok\n  INFO forged\x1b[2J\u{202e}txt"), "ok   INFO forged [2J txt");
    }
}
