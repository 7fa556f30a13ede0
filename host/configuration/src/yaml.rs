//! YAML text to [`Node`], the way Ruby's Psych reads it.
//!
//! The parser is a port of libyaml, which is the one that Psych uses, so what Kamal takes and refuses is taken and refused here.
//! Anchors, aliases and merge keys are resolved here, so everything above sees a plain tree. A document that would unfold into
//! more than [`MOST_NODES`] nodes or nests deeper than [`DEEPEST`] is refused.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use libyaml_safer::{Encoding, Event, EventData, Mark, Parser, ScalarStyle};

use crate::erb::Positions;
use crate::error::{Class, ConfigurationError};
use crate::lines::Lines;
use crate::node::{Entry, Map, Node, Origin, Value};
use crate::scalar::Scalars;

/// How many nodes a document may have after its aliases are unfolded.
pub const MOST_NODES: usize = 50_000;
/// How deep maps and lists may nest.
pub const DEEPEST: usize = 64;

/// Reads the first document of a YAML text; nothing at all is `nil`.
///
/// # Errors
/// Names line and column of a syntax error and of what goes beyond the limits.
pub fn parse(path: &str, text: &str) -> Result<Node, ConfigurationError> {
    parse_rendered(path, text, None)
}

/// Reads what a template came to; places are those of the template.
pub(crate) fn parse_rendered(
    path: &str,
    text: &str,
    positions: Option<&Positions>,
) -> Result<Node, ConfigurationError> {
    // The parser wants a line break at the end of a block of text; the value does not get it.
    let padded = if text.ends_with('\n') { Cow::Borrowed(text) } else { Cow::Owned(format!("{text}\n")) };
    let places = Places { file: path.into(), lines: Lines::new(text), positions };
    if let Some(at) = tag_before_comma(&padded) {
        return Err(syntax_error(&places.origin(at..at + 1), "a tag without a value is not supported"));
    }
    let mut reader = Reader {
        places: &places,
        scalars: Scalars::patterns(),
        anchors: HashMap::new(),
        open: Vec::new(),
        nodes: 0,
        root: None,
    };
    for event in events(&padded) {
        let event = event.map_err(|error| places.syntax_error(&error))?;
        if matches!(event.data, EventData::DocumentEnd { .. } | EventData::StreamEnd) {
            break;
        }
        reader.take(event)?;
    }
    Ok(reader.root.unwrap_or_else(|| Node { value: Value::Null, origin: Origin::start_of(path) }))
}

fn events(text: &str) -> Parser<&[u8]> {
    let mut parser = Parser::new();
    parser.set_input(text.as_bytes());
    parser.set_encoding(Encoding::Utf8);
    parser
}

/// The place of a tag in a flow collection with a comma right behind it, as in `[!a, b]`. The parser has no answer to that one.
///
/// Whether an exclamation mark is a tag is asked of the parser: instead of it, `@` could not stand there.
fn tag_before_comma(text: &str) -> Option<usize> {
    /// How many exclamation marks before a comma are looked at.
    const MOST: usize = 50;
    let candidates = text.match_indices('!').map(|(at, _)| at).filter(|at| {
        let begins = text[..*at].ends_with(|before: char| before.is_whitespace() || "[]{},:-?".contains(before));
        let word = text[*at..].split_whitespace().next().unwrap_or_default();
        (begins || *at == 0) && word.contains(',')
    });
    for (count, at) in candidates.enumerate() {
        let probe = format!("{}@\n", &text[..at]);
        let wrong = events(&probe).find_map(Result::err);
        let is_token = wrong.is_some_and(|wrong| {
            wrong.problem().contains("cannot start any token")
                && wrong.problem_mark().is_some_and(|mark| mark.index == at as u64)
        });
        if is_token || count == MOST {
            return Some(at);
        }
    }
    None
}

/// Leads from the parser's places, which are bytes of its text, to those of the file.
struct Places<'p> {
    file: Arc<str>,
    /// The text before it was padded.
    lines: Lines,
    positions: Option<&'p Positions>,
}

impl Places<'_> {
    fn origin(&self, range: Range<usize>) -> Origin {
        match self.positions {
            Some(positions) => positions.origin(&self.file, range),
            None => self.lines.place(&self.file, range),
        }
    }

    /// Whether the last line break of a block that ends with the text is the one that was added.
    fn ends_in_block(&self, value: &str) -> bool {
        let last_line = self.lines.text().rsplit('\n').next().unwrap_or_default();
        value.ends_with("\n\n") || (value.ends_with('\n') && !last_line.trim().is_empty())
    }

    fn event(&self, event: &Event) -> Origin {
        self.origin(index(event.start_mark)..index(event.end_mark))
    }

    /// An error of the parser, which is libyaml's, in its words.
    fn syntax_error(&self, error: &libyaml_safer::Error) -> ConfigurationError {
        let mark = opened(error).or_else(|| error.problem_mark());
        let at = mark.map_or(0, index);
        let length = if error.problem().contains("unknown escape") { 2 } else { 1 };
        let origin = self.origin(at..at + length);
        match error.context() {
            Some(context) => syntax_error(&origin, &format!("{} {context}", error.problem())),
            None => syntax_error(&origin, error.problem()),
        }
    }
}

/// Where a quote or bracket was opened that is not closed on its line.
fn opened(error: &libyaml_safer::Error) -> Option<Mark> {
    let context = error.context()?;
    let opened = error.context_mark()?;
    let is_open = context.contains("quoted scalar") || context.contains("flow");
    (is_open && error.problem_mark()?.line != opened.line).then_some(opened)
}

fn index(mark: Mark) -> usize {
    usize::try_from(mark.index).unwrap_or(usize::MAX)
}

struct Reader<'p> {
    places: &'p Places<'p>,
    scalars: &'static Scalars,
    /// What an anchor stands for, and how many nodes that is; nothing while it is still being read.
    anchors: HashMap<String, Option<(Node, usize)>>,
    open: Vec<Collection>,
    nodes: usize,
    root: Option<Node>,
}

/// A list or map whose end has not come yet.
struct Collection {
    value: Value,
    origin: Origin,
    anchor: Option<String>,
    /// The node count before it began.
    nodes_before: usize,
    /// In a map: the key that waits for its value.
    key: Option<Key>,
}

/// A key of a map.
struct Key {
    name: String,
    origin: Origin,
    is_symbol: bool,
}

impl Reader<'_> {
    fn take(&mut self, event: Event) -> Result<(), ConfigurationError> {
        let origin = self.places.event(&event);
        let end = index(event.end_mark);
        match event.data {
            EventData::Scalar { anchor, tag, mut value, style, .. } => {
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if is_block && end > self.places.lines.text().len() && self.places.ends_in_block(&value) {
                    value.pop();
                }
                let value = self.scalar(value, style, tag.as_deref(), &origin)?;
                self.count(1, &origin)?;
                self.finish(Node { value, origin }, anchor, 1)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                self.begin(Value::List(Vec::new()), anchor, tag.as_deref(), origin)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                self.begin(Value::Map(Map::new()), anchor, tag.as_deref(), origin)
            }
            EventData::SequenceEnd | EventData::MappingEnd => {
                let Some(collection) = self.open.pop() else { return Ok(()) };
                let size = self.nodes - collection.nodes_before;
                self.finish(Node { value: collection.value, origin: collection.origin }, collection.anchor, size)
            }
            EventData::Alias { anchor } => {
                let known = self.anchors.get(&anchor).cloned();
                let Some((node, size)) = known.clone().flatten() else {
                    if known.is_some() {
                        return Err(syntax_error(&origin, "an alias inside of what it stands for"));
                    }
                    let message = format!("An alias referenced an unknown anchor: {anchor}");
                    return Err(
                        ConfigurationError::of_class(Class::Ruby("Psych::AnchorNotDefined"), message).at(&origin)
                    );
                };
                self.count(size, &origin)?;
                self.finish(node, None, size)
            }
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        value: Value,
        anchor: Option<String>,
        tag: Option<&str>,
        origin: Origin,
    ) -> Result<(), ConfigurationError> {
        let origin = Origin { length: 1, ..origin };
        if let Some(tag) = tag.filter(|tag| is_of_ruby(tag)) {
            return Err(unknown_tag(tag, &origin));
        }
        if self.open.len() == DEEPEST {
            return Err(syntax_error(&origin, &format!("nested deeper than {DEEPEST} levels")));
        }
        let nodes_before = self.nodes;
        self.count(1, &origin)?;
        if let Some(anchor) = &anchor {
            self.anchors.insert(anchor.clone(), None);
        }
        self.open.push(Collection { value, origin, anchor, nodes_before, key: None });
        Ok(())
    }

    fn finish(&mut self, node: Node, anchor: Option<String>, size: usize) -> Result<(), ConfigurationError> {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Some((node.clone(), size)));
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
                None => {
                    let is_symbol = matches!(node.value, Value::Symbol(_));
                    parent.key = Some(Key { name: node.to_ruby_string(), origin: node.origin, is_symbol });
                }
                Some(key) if key.name == "<<" && is_mergeable(&node) => merge_key(map, node),
                Some(Key { name, origin, is_symbol }) => {
                    map.insert(name, Entry { key: origin, is_symbol, node });
                }
            },
            _ => {}
        }
        Ok(())
    }

    /// As Psych: quotes make a string, a tag other than that of strings makes it a plain value again.
    fn scalar(
        &self,
        text: String,
        style: ScalarStyle,
        tag: Option<&str>,
        origin: &Origin,
    ) -> Result<Value, ConfigurationError> {
        match tag {
            None if style == ScalarStyle::Plain => Ok(self.scalars.resolve(&text)),
            None | Some("tag:yaml.org,2002:str" | "!str") => Ok(Value::String(text)),
            Some("tag:yaml.org,2002:float" | "!float") => Ok(match self.scalars.resolve(&text) {
                Value::Int(number) => Value::Float(number as f64),
                other => other,
            }),
            Some("!ruby/symbol" | "!ruby/sym") => Ok(Value::Symbol(text)),
            Some(tag) if is_of_ruby(tag) => Err(unknown_tag(tag, origin)),
            Some(_) => Ok(self.scalars.resolve(&text)),
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

fn syntax_error(origin: &Origin, what: &str) -> ConfigurationError {
    let Origin { file, line, column, .. } = origin;
    let message = format!("{file} is not valid YAML: line {line}, column {column}: {what}");
    ConfigurationError::of_class(Class::Ruby("Psych::SyntaxError"), message).at(origin)
}

/// Tags that make objects of Ruby's, and bytes.
fn is_of_ruby(tag: &str) -> bool {
    tag.starts_with("!ruby/") || matches!(tag, "!binary" | "tag:yaml.org,2002:binary" | "tag:yaml.org,2002:omap")
}

fn unknown_tag(tag: &str, origin: &Origin) -> ConfigurationError {
    let short = tag.strip_prefix("tag:yaml.org,2002:").map_or_else(|| tag.to_owned(), |name| format!("!!{name}"));
    syntax_error(origin, &format!("the tag `{short}` is not supported"))
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
        check("[ yes, 'yes', \"yes\", !!str yes, ! yes, !!int '5' ]", r#"[true,"yes","yes","yes",true,5]"#);
        check("[ 1.50, 1e3, 1.0e+20, 1.0e-5, 100.0, .inf ]", r#"[1.5,"1e3",1.0e+20,1.0e-05,100.0,"Infinity"]"#);
        check("a: |\n  1\nb: >-\n  x\n  y\n", r#"{"a":"1\n","b":"x y"}"#);
        check("{ a: , b: ~, c: '' }", r#"{"a":null,"b":null,"c":""}"#);
        check("1: a\nyes: b\n~: c\n'q': d\n:s: e\n", r#"{"1":"a","true":"b","":"c","q":"d","s":"e"}"#);
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
    fn what_only_libyaml_takes() {
        check("a:\n  b: \"x\ny\"\n  c: 'x\n  y'\n", r#"{"a":{"b":"x y","c":"x y"}}"#);
        check("a:\n  b: [ 1,\n2 ]\n  c: { x: 1,\ny: 2 }\n", r#"{"a":{"b":[1,2],"c":{"x":1,"y":2}}}"#);
        check("a: \"x\"#c\nb: [1]#c\n", r#"{"a":"x","b":[1]}"#);
        check("a: [ b: 1, c ]", r#"{"a":[{"b":1},"c"]}"#);
        check("a: !local x\nb: !local { c: 1 }\n", r#"{"a":"x","b":{"c":1}}"#);
        check("a: [ !b, c ]\n", "x is not valid YAML: line 1, column 6: a tag without a value is not supported");
        check("a: it's !b, c\nb: 'x !y, z'\n", r#"{"a":"it's !b, c","b":"x !y, z"}"#);
    }

    #[test]
    fn ends_without_a_line_break() {
        check("a: |\n  x", r#"{"a":"x"}"#);
        check("a: |\n  x\n", r#"{"a":"x\n"}"#);
        check("a: >\n  x\n  y", r#"{"a":"x y"}"#);
        check("a: |+\n  x\n\n", r#"{"a":"x\n\n"}"#);
        check("a: |\n  x\n  ", r#"{"a":"x\n"}"#);
        check("a: |+\n  x", r#"{"a":"x"}"#);
        check("a: |+\n  x\n  ", r#"{"a":"x\n"}"#);
        check("a: |", r#"{"a":""}"#);
        check("a:\n- |\n  x", r#"{"a":["x"]}"#);
        check("a", r#""a""#);
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
