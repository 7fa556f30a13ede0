//! Finds ERB in a configuration, which this version does not evaluate yet.
//!
//! A tag inside a YAML comment does no harm (Kamal's own template has one) and is let through; any other is an error, because the
//! value it would have made is missing.

use std::sync::Arc;

use crate::error::ConfigurationError;
use crate::node::Origin;

/// Looks through a whole text before it is read as YAML.
///
/// # Errors
/// Names line and expression of the first tag outside a comment, or of one that begins in a comment and ends on a later line.
pub fn refuse_in_text(path: &str, text: &str) -> Result<(), ConfigurationError> {
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let comment = comment_start(line).unwrap_or(line.len());
        if let Some(column) = line.find("<%") {
            let harmless = column > comment && line[column..].contains("%>");
            if !harmless {
                let expression = expression(&text[offset + column..]);
                let origin = Origin {
                    file: Arc::from(path),
                    line: index + 1,
                    column: line[..column].chars().count() + 1,
                    length: expression.chars().count(),
                };
                return Err(not_evaluated(&expression, &origin));
            }
        }
        offset += line.len();
    }
    Ok(())
}

/// Looks into one scalar: text in a block or across lines may look like a comment and is none.
pub(crate) fn refuse_in_value(value: &str, origin: &Origin) -> Result<(), ConfigurationError> {
    match value.find("<%") {
        Some(start) => Err(not_evaluated(&expression(&value[start..]), origin)),
        None => Ok(()),
    }
}

/// Where a comment begins on a line: a `#` at its start or after white space, outside quotes that began on the line.
fn comment_start(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut previous = ' ';
    for (index, character) in line.char_indices() {
        match quote {
            Some(open) if open == character && previous != '\\' => quote = None,
            Some(_) => {}
            None if character == '#' && previous.is_whitespace() => return Some(index),
            None if matches!(character, '"' | '\'') && (previous.is_whitespace() || "[{,".contains(previous)) => {
                quote = Some(character);
            }
            None => {}
        }
        previous = character;
    }
    None
}

/// The tag at the start of `text`, shortened to one line.
fn expression(text: &str) -> String {
    let end = text.find("%>").map_or(text.len(), |end| end + 2);
    let flat = text[..end].split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= 80 {
        return flat;
    }
    let short: String = flat.chars().take(79).collect();
    format!("{short}…")
}

fn not_evaluated(expression: &str, origin: &Origin) -> ConfigurationError {
    let Origin { file, line, .. } = origin;
    ConfigurationError::configuration(format!("{file} line {line}: ERB is not evaluated yet: `{expression}`"))
        .at(origin)
        .with_hint("write the value out, or render the file with Ruby first and pass the result with --config-file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let found = refuse_in_text("deploy.yml", text).err().map(|error| error.message);
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn comments_are_let_through() {
        check("a: 1 # <%= ENV[\"X\"] %>\n", None);
        check("# <%= ENV[\"A\"] || \"#{RUBY_ENGINE}\" %>\na: 1\n", None);
        check("a: it's # <%= x %>\n", None);
        check("a: <your.server.ip>\n", None);
    }

    #[test]
    fn values_are_refused() {
        check("a: 1\nb: <%= ENV[\"X\"] %>\n", Some("deploy.yml line 2: ERB is not evaluated yet: `<%= ENV[\"X\"] %>`"));
        check("<% if true -%>\na: 1\n", Some("deploy.yml line 1: ERB is not evaluated yet: `<% if true -%>`"));
        check("a: \"# <%= x %>\"\n", Some("deploy.yml line 1: ERB is not evaluated yet: `<%= x %>`"));
        check("# <%\n  x %>\n", Some("deploy.yml line 1: ERB is not evaluated yet: `<% x %>`"));
        check("a: b#c <%= x\n", Some("deploy.yml line 1: ERB is not evaluated yet: `<%= x`"));
    }
}
