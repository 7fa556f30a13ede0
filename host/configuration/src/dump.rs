//! A document as YAML text, laid out and quoted as Ruby's Psych does.

use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};

use crate::node::{Node, Value};
use crate::scalar::Scalars;

/// The whole document, beginning with `---`. Nothing in it is a secret's value if the node comes from a configuration.
pub fn dump(node: &Node) -> String {
    let mut written = Vec::new();
    let mut emitter = Emitter::new();
    emitter.set_output(&mut written);
    emitter.set_unicode(true);
    let mut events = vec![Event::stream_start(Encoding::Utf8), Event::document_start(None, &[], false)];
    push(node, Scalars::patterns(), &mut events);
    events.extend([Event::document_end(true), Event::stream_end()]);
    for event in events {
        // Writing to memory cannot fail, and the events are whole.
        if emitter.emit(event).is_err() {
            break;
        }
    }
    drop(emitter);
    String::from_utf8_lossy(&written).into_owned()
}

fn push(node: &Node, scalars: &Scalars, events: &mut Vec<Event>) {
    match &node.value {
        Value::Map(map) => {
            events.push(Event::mapping_start(None, None, true, MappingStyle::Block));
            for (key, entry) in map {
                events.push(if entry.is_symbol { plain(&format!(":{key}")) } else { string(key, scalars) });
                push(&entry.node, scalars, events);
            }
            events.push(Event::mapping_end());
        }
        Value::List(items) => {
            events.push(Event::sequence_start(None, None, true, SequenceStyle::Block));
            items.iter().for_each(|item| push(item, scalars, events));
            events.push(Event::sequence_end());
        }
        Value::String(text) => events.push(string(text, scalars)),
        Value::Float(value) if value.is_nan() => events.push(plain(".nan")),
        Value::Float(value) if value.is_infinite() => events.push(plain(if *value > 0.0 { ".inf" } else { "-.inf" })),
        Value::Symbol(name) => events.push(plain(&format!(":{name}"))),
        _ => events.push(plain(&node.to_ruby_string())),
    }
}

fn plain(text: &str) -> Event {
    Event::scalar(None, None, text, true, false, ScalarStyle::Plain)
}

/// A text, with quotes where it would be read as something else.
fn string(text: &str, scalars: &Scalars) -> Event {
    let style = if text.trim_end_matches('\n').contains('\n') {
        ScalarStyle::Literal
    } else if matches!(text, "y" | "Y" | "n" | "N") {
        ScalarStyle::DoubleQuoted
    } else if text == "<<" {
        ScalarStyle::SingleQuoted
    } else if text.lines().any(is_special) {
        ScalarStyle::DoubleQuoted
    } else if !matches!(scalars.resolve(text), Value::String(_)) || is_octal_float(text) {
        ScalarStyle::SingleQuoted
    } else {
        ScalarStyle::Plain
    };
    Event::scalar(None, None, text, true, true, style)
}

/// Whether a line begins with no letter, digit or underscore, and holds no double quote.
fn is_special(line: &str) -> bool {
    line.starts_with(|first: char| !first.is_alphanumeric() && first != '_') && !line.contains('"')
}

/// `0123.4`, which other readers of YAML take for a number.
fn is_octal_float(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('0') else { return false };
    let rest = rest.trim_start_matches(|digit: char| ('0'..='7').contains(&digit));
    rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(dump(&yaml::parse("x", text).unwrap()), format!("---\n{expected}"));
    }

    #[test]
    fn scalars() {
        check(
            "a: '3.3'\nb: 3.3\nc: '0600'\nd: 999:999\ne: '22:22'\n",
            "a: '3.3'\nb: 3.3\nc: '0600'\nd: 999:999\ne: '22:22'\n",
        );
        check(
            "a: /x\nb: data:/x\nc: '%'\nd: '::1'\ne: --x --y\n",
            "a: \"/x\"\nb: data:/x\nc: \"%\"\nd: \"::1\"\ne: \"--x --y\"\n",
        );
        check(
            "a: 'yes'\nb: yes\nc: 'y'\nd: ''\ne: 'a: b'\nf: 'a #b'\n",
            "a: 'yes'\nb: true\nc: \"y\"\nd: ''\ne: 'a: b'\nf: 'a #b'\n",
        );
        check("- '\"q\"'\n- max=\"5\"\n- :s\n- é\n- 2026-01-01\n", "- '\"q\"'\n- max=\"5\"\n- :s\n- é\n- 2026-01-01\n");
        check("- .inf\n- -.INF\n- .nan\n", "- .inf\n- -.inf\n- .nan\n");
        check("a: |\n  x\n  y\nb: \"z\\n\"\n", "a: |\n  x\n  y\nb: 'z\n\n  '\n");
    }

    #[test]
    fn layout() {
        check(
            "a: { b: [ 1, { c: d, e: f } ], g: {}, h: [], i: ~ }\n:s: 1\n",
            "a:\n  b:\n  - 1\n  - c: d\n    e: f\n  g: {}\n  h: []\n  i:\n:s: 1\n",
        );
        let words = "word ".repeat(30);
        let folded = format!("a: {}\n  {}\n", "word ".repeat(16).trim_end(), "word ".repeat(14).trim_end());
        check(&format!("a: {}\n", words.trim_end()), &folded);
    }
}
