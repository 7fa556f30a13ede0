//! YAML text to [`Node`], the way Ruby's Psych reads it.
//!
//! Anchors, aliases and merge keys are resolved here, so everything above sees a plain tree. A document that would unfold into
//! more than [`MOST_NODES`] nodes or nests deeper than [`DEEPEST`] is refused.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::erb::Positions;
use crate::error::ConfigurationError;
use crate::node::{Entry, Map, Node, Origin, Value};
use crate::scalar::Scalars;

/// How many nodes a document may have after its aliases are unfolded.
pub const MOST_NODES: usize = 50_000;
/// How deep maps and lists may nest.
pub const DEEPEST: usize = 64;

/// Reads the first document of a YAML text; nothing at all is `nil`.
///
/// # Errors
/// Names line and column of a syntax error, of ERB inside a value, and of what goes beyond the limits.
pub fn parse(path: &str, text: &str) -> Result<Node, ConfigurationError> {
    parse_rendered(path, text, None)
}

/// Reads what a template came to; places are those of the template.
pub(crate) fn parse_rendered(
    path: &str,
    text: &str,
    positions: Option<&Positions>,
) -> Result<Node, ConfigurationError> {
    let places = Places::new(path, text, positions);
    let mut text = Cow::Borrowed(text);
    loop {
        let wrong = match read(&places, &text) {
            Ok(node) => return Ok(node),
            Err(Wrong::Content(error)) => return Err(*error),
            Err(Wrong::Syntax(error)) => error,
        };
        match without_tabs_after_colon(&text, &wrong) {
            Some(changed) => text = Cow::Owned(changed),
            None => {
                let origin = places.origin(Span::empty(*wrong.marker()));
                return Err(syntax_error(&origin, wrong.info()));
            }
        }
    }
}

enum Wrong {
    Syntax(ScanError),
    Content(Box<ConfigurationError>),
}

fn read(places: &Places<'_>, text: &str) -> Result<Node, Wrong> {
    let mut reader =
        Reader { places, scalars: Scalars::new(), anchors: HashMap::new(), open: Vec::new(), nodes: 0, root: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(Wrong::Syntax)?;
        if matches!(event, Event::DocumentEnd | Event::StreamEnd) {
            break;
        }
        reader.take(event, span).map_err(|error| Wrong::Content(Box::new(error)))?;
    }
    Ok(reader.root.unwrap_or_else(|| Node { value: Value::Null, origin: Origin::start_of(&places.file) }))
}

/// The text with blanks for the tabs between a colon and its value, if the parser stumbled over them: Psych takes tabs there, the
/// parser does not. Positions stay the same.
fn without_tabs_after_colon(text: &str, wrong: &ScanError) -> Option<String> {
    if wrong.info() != "':' must be followed by a valid YAML whitespace" {
        return None;
    }
    let before: String = text.chars().take(wrong.marker().index()).collect();
    let start = before.trim_end_matches([' ', '\t']).len();
    let (line, blanks) = before.split_at(start);
    if !line.ends_with(':') || !blanks.contains('\t') {
        return None;
    }
    Some(format!("{line}{}{}", " ".repeat(blanks.len()), &text[before.len()..]))
}

struct Reader<'p> {
    places: &'p Places<'p>,
    scalars: Scalars,
    /// What an anchor stands for, and how many nodes that is; nothing while it is still being read.
    anchors: HashMap<usize, (Node, usize)>,
    open: Vec<Collection>,
    nodes: usize,
    root: Option<Node>,
}

/// A list or map whose end has not come yet.
struct Collection {
    value: Value,
    origin: Origin,
    anchor: usize,
    /// The node count before it began.
    nodes_before: usize,
    /// In a map: the key that waits for its value.
    key: Option<(String, Origin)>,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), ConfigurationError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let origin = self.places.origin(span);
                let value = self.scalar(text, style, tag.as_deref(), &origin)?;
                self.count(1, &origin)?;
                self.finish(Node { value, origin }, anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => self.begin(Value::List(Vec::new()), anchor, tag.as_deref(), span),
            Event::MappingStart(anchor, tag) => self.begin(Value::Map(Map::new()), anchor, tag.as_deref(), span),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(collection) = self.open.pop() else { return Ok(()) };
                let size = self.nodes - collection.nodes_before;
                self.finish(Node { value: collection.value, origin: collection.origin }, collection.anchor, size)
            }
            Event::Alias(anchor) => {
                let origin = self.places.origin(span);
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(syntax_error(&origin, "an alias inside of what it stands for"));
                };
                self.count(size, &origin)?;
                self.finish(node, 0, size)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, value: Value, anchor: usize, tag: Option<&Tag>, span: Span) -> Result<(), ConfigurationError> {
        let origin = self.places.origin(Span::empty(span.start));
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "map" | "seq"))
        {
            return Err(unknown_tag(tag, &origin));
        }
        if self.open.len() == DEEPEST {
            return Err(syntax_error(&origin, &format!("nested deeper than {DEEPEST} levels")));
        }
        let nodes_before = self.nodes;
        self.count(1, &origin)?;
        self.open.push(Collection { value, origin, anchor, nodes_before, key: None });
        Ok(())
    }

    fn finish(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), ConfigurationError> {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut parent.value {
            Value::List(items) => items.push(node),
            Value::Map(map) => match parent.key.take() {
                None if matches!(node.value, Value::List(_) | Value::Map(_)) => {
                    return Err(syntax_error(&node.origin, "a list or a map cannot be a key"));
                }
                None => parent.key = Some((node.to_ruby_string(), node.origin)),
                Some((key, _)) if key == "<<" && is_mergeable(&node) => merge_key(map, node),
                Some((key, origin)) => {
                    map.insert(key, Entry { key: origin, node });
                }
            },
            _ => {}
        }
        Ok(())
    }

    fn scalar(
        &self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        origin: &Origin,
    ) -> Result<Value, ConfigurationError> {
        match tag {
            None if style == ScalarStyle::Plain => Ok(self.scalars.resolve(&text)),
            None => Ok(Value::String(text.into_owned())),
            Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
                "str" => Ok(Value::String(text.into_owned())),
                "int" | "float" | "bool" | "null" | "timestamp" => Ok(self.scalars.resolve(&text)),
                _ => Err(unknown_tag(tag, origin)),
            },
            Some(tag) if tag.handle.len() + tag.suffix.len() == 1 => Ok(Value::String(text.into_owned())),
            Some(tag) => Err(unknown_tag(tag, origin)),
        }
    }

    fn count(&mut self, more: usize, origin: &Origin) -> Result<(), ConfigurationError> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MOST_NODES {
            return Err(syntax_error(
                origin,
                &format!("more than {MOST_NODES} values, counting what aliases stand for"),
            ));
        }
        Ok(())
    }
}

fn is_mergeable(node: &Node) -> bool {
    match &node.value {
        Value::Map(_) => true,
        Value::List(items) => items.iter().all(|item| matches!(item.value, Value::Map(_))),
        _ => false,
    }
}

/// Psych's `<<`: what is merged overrides keys that came before it; of several maps the first wins.
fn merge_key(map: &mut Map, node: Node) {
    let sources = match node.value {
        Value::Map(source) => vec![source],
        Value::List(items) => items
            .into_iter()
            .rev()
            .filter_map(|item| match item.value {
                Value::Map(source) => Some(source),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    for source in sources {
        map.extend(source);
    }
}

/// Leads from the parser's places to those of the file.
struct Places<'p> {
    file: Arc<str>,
    positions: Option<&'p Positions>,
    /// The byte at which each letter of a rendered text begins.
    bytes: Vec<usize>,
    length: usize,
}

impl<'p> Places<'p> {
    fn new(path: &str, text: &str, positions: Option<&'p Positions>) -> Self {
        let bytes = match positions {
            Some(_) => text.char_indices().map(|(byte, _)| byte).collect(),
            None => Vec::new(),
        };
        Self { file: path.into(), positions, bytes, length: text.len() }
    }

    fn origin(&self, span: Span) -> Origin {
        let (begin, end) = (span.start.index(), span.end.index().max(span.start.index() + 1));
        if let Some(positions) = self.positions {
            let byte = |index: usize| self.bytes.get(index).copied().unwrap_or(self.length);
            return positions.origin(&self.file, byte(begin)..byte(end));
        }
        let file = Arc::clone(&self.file);
        Origin { file, line: span.start.line().max(1), column: span.start.col() + 1, length: end - begin }
    }
}

fn syntax_error(origin: &Origin, what: &str) -> ConfigurationError {
    let Origin { file, line, column, .. } = origin;
    ConfigurationError::configuration(format!("{file} is not valid YAML: line {line}, column {column}: {what}"))
        .at(origin)
}

fn unknown_tag(tag: &Tag, origin: &Origin) -> ConfigurationError {
    syntax_error(origin, &format!("the tag `{tag}` is not supported"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = parse("x", text).map_or_else(|error| error.message, |node| node.to_json());
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn scalars_by_style_and_tag() {
        check("[ yes, 'yes', \"yes\", !!str yes, ! yes, !!int '5' ]", r#"[true,"yes","yes","yes","yes",5]"#);
        check("[ 1.50, 1e3, 1.0e+20, 1.0e-5, 100.0, .inf ]", r#"[1.5,"1e3",1.0e+20,1.0e-05,100.0,"Infinity"]"#);
        check("a: |\n  1\nb: >-\n  x\n  y\n", r#"{"a":"1\n","b":"x y"}"#);
        check("{ a: , b: ~, c: '' }", r#"{"a":null,"b":null,"c":""}"#);
        check("{ 1: a, yes: b, ~: c, 'q': d, :s: e }", r#"{"1":"a","true":"b","":"c","q":"d","s":"e"}"#);
    }

    #[test]
    fn anchors_and_merge_keys() {
        check("a: &a { x: 1 }\nb: { <<: *a, y: 2 }", r#"{"a":{"x":1},"b":{"x":1,"y":2}}"#);
        check("a: &a { x: 1 }\nb: { x: 0, <<: *a }", r#"{"a":{"x":1},"b":{"x":1}}"#);
        check("a: &a { x: 1 }\nb: { <<: *a, x: 0 }", r#"{"a":{"x":1},"b":{"x":0}}"#);
        check(
            "a: &a { x: 1 }\nb: &b { x: 2, y: 2 }\nc: { <<: [ *a, *b ] }",
            r#"{"a":{"x":1},"b":{"x":2,"y":2},"c":{"x":1,"y":2}}"#,
        );
        check("a: { <<: x }", r#"{"a":{"<<":"x"}}"#);
        check("a: &a [ 1 ]\nb: *a", r#"{"a":[1],"b":[1]}"#);
    }

    #[test]
    fn documents() {
        check("", "null");
        check("# nothing\n", "null");
        check("--- \na: 1\n...\n--- \nb", r#"{"a":1}"#);
        check("a: 1\nb: 2\na: 3\n", r#"{"a":3,"b":2}"#);
        check("a: 1\r\nb: 2\r\n", r#"{"a":1,"b":2}"#);
        check("? [ a ]\n: 1\n", "x is not valid YAML: line 1, column 3: a list or a map cannot be a key");
    }

    #[test]
    fn tabs_after_a_colon() {
        check("a:\t1\nb: \t\tx\nc: \"k:\tv\"\n", r#"{"a":1,"b":"x","c":"k:\tv"}"#);
    }

    #[test]
    fn origins() {
        let node = parse("deploy.yml", "a: 1\nlist:\n  - é: text\n").unwrap();
        let place = |origin: &Origin| format!("{}:{}:{}+{}", origin.file, origin.line, origin.column, origin.length);
        assert_eq!(place(&node.pointer("/list/0/é").unwrap().origin), "deploy.yml:3:8+4");
        assert_eq!(place(&node.pointer("/list/0").unwrap().as_map().unwrap()["é"].key), "deploy.yml:3:5+1");
        assert_eq!(place(&node.as_map().unwrap()["list"].key), "deploy.yml:2:1+4");
        assert!(node.pointer("/list/1").is_none() && node.pointer("/a/b").is_none() && node.pointer("a").is_none());
    }
}
