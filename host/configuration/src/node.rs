//! A document as a tree of values, each with the place it was written at.
//!
//! Holds what YAML means to Ruby; knows nothing of what the keys are for.

use std::fmt::Write as _;
use std::sync::Arc;

use indexmap::IndexMap;

/// A value and its place. Two nodes are equal when their values are, wherever they stand.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
}

/// What a YAML node is in Ruby, as Psych reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `nil`: nothing, `~` or `null`.
    Null,
    /// `true` and `false`, also written `yes`, `no`, `on`, `off`.
    Bool(bool),
    /// An integer, from decimal, octal, hexadecimal, binary or sexagesimal notation.
    Int(i64),
    /// A float.
    Float(f64),
    /// Text.
    String(String),
    /// A Ruby symbol (`:verbose`), without its colon.
    Symbol(String),
    /// A date or a time, as Ruby prints it.
    Date(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Map),
}

/// A map of a document. Keys are texts, as Ruby's `to_s` prints them.
pub type Map = IndexMap<String, Entry>;

/// A value in a map, with the place of its key. Two are equal when their values are.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where the key was written.
    pub key: Origin,
    /// Whether the key is a Ruby symbol (`:name:`), which is not the same as the text of its name.
    pub is_symbol: bool,
    /// The value.
    pub node: Node,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file's path, as it was given.
    pub file: Arc<str>,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Length in characters, at least 1. A map or list has the length of its first character.
    pub length: usize,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.is_symbol == other.is_symbol && self.node == other.node
    }
}

impl Origin {
    /// The beginning of a file.
    pub fn start_of(file: &str) -> Self {
        Self { file: file.into(), line: 1, column: 1, length: 1 }
    }
}

impl Entry {
    /// A value under a Ruby symbol, made here rather than read.
    pub fn of_symbol(node: Node) -> Self {
        Self { key: node.origin.clone(), is_symbol: true, node }
    }
}

impl Node {
    /// A value that is made here rather than read from a file.
    pub fn made(value: Value) -> Self {
        Self { value, origin: Origin::start_of("") }
    }

    /// An empty map that stands at `origin`.
    pub fn empty_map(origin: Origin) -> Self {
        Self { value: Value::Map(Map::new()), origin }
    }

    /// The value under `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key).map(|entry| &entry.node)
    }

    /// The node at a JSON pointer such as `/proxy/host` or `/servers/0`; the empty pointer is the node itself.
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |node, step| match &node.value {
            Value::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => node.get(&step.replace("~1", "/").replace("~0", "~")),
        })
    }

    /// The map, if this is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is `nil`.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// Whether Ruby takes it for true: everything but `nil` and `false`.
    pub fn is_truthy(&self) -> bool {
        !matches!(self.value, Value::Null | Value::Bool(false))
    }

    /// Whether Rails calls it blank: `nil`, `false`, an empty list or map, or text of white space only.
    pub fn is_blank(&self) -> bool {
        match &self.value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.trim().is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// The value as Ruby's `to_s` prints it: `1.3`, `true`, `40000000`, nothing for `nil`.
    pub fn to_ruby_string(&self) -> String {
        match &self.value {
            Value::Null => String::new(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => float_to_ruby(*value),
            Value::String(text) | Value::Symbol(text) | Value::Date(text) => text.clone(),
            Value::List(_) | Value::Map(_) => self.inspect(),
        }
    }

    /// The value as JSON, on one line. Symbols, dates and floats that JSON does not know become strings.
    ///
    /// A configuration's document holds no secret: plain passwords have been replaced by `[REDACTED]` while loading.
    pub fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }

    fn write_json(&self, json: &mut String) {
        match &self.value {
            Value::Null => json.push_str("null"),
            Value::Bool(_) | Value::Int(_) => json.push_str(&self.to_ruby_string()),
            Value::Float(value) if value.is_finite() => json.push_str(&self.to_ruby_string()),
            Value::List(items) => {
                json.push('[');
                for (index, item) in items.iter().enumerate() {
                    json.push_str(if index == 0 { "" } else { "," });
                    item.write_json(json);
                }
                json.push(']');
            }
            Value::Map(map) => {
                json.push('{');
                for (index, (key, entry)) in map.iter().enumerate() {
                    json.push_str(if index == 0 { "" } else { "," });
                    write_json_string(key, json);
                    json.push(':');
                    entry.node.write_json(json);
                }
                json.push('}');
            }
            _ => write_json_string(&self.to_ruby_string(), json),
        }
    }

    /// The value as Ruby's `inspect` prints it, which is how lists and maps look inside a text.
    fn inspect(&self) -> String {
        match &self.value {
            Value::Null => "nil".to_owned(),
            Value::String(text) => inspect_string(text),
            Value::Symbol(text) => format!(":{text}"),
            Value::List(items) => {
                let items: Vec<_> = items.iter().map(Self::inspect).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(map) => {
                let pairs: Vec<_> = map
                    .iter()
                    .map(|(key, entry)| format!("{}=>{}", inspect_string(key), entry.node.inspect()))
                    .collect();
                format!("{{{}}}", pairs.join(", "))
            }
            _ => self.to_ruby_string(),
        }
    }
}

/// A string as Ruby's `inspect` prints it.
pub(crate) fn inspect_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{1b}' => quoted.push_str("\\e"),
            '#' if matches!(characters.peek(), Some('{' | '$' | '@')) => quoted.push_str("\\#"),
            other if other.is_control() => write!(quoted, "\\x{:02X}", other as u32).expect("writing to a string"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A float as Ruby's `to_s` prints it: plain between 1e-4 and 1e16, with an exponent outside.
pub(crate) fn float_to_ruby(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value == 0.0 || (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let mantissa = if mantissa.contains('.') { mantissa.to_owned() } else { format!("{mantissa}.0") };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// A string as JSON.
pub(crate) fn json_string(text: &str) -> String {
    let mut json = String::new();
    write_json_string(text, &mut json);
    json
}

fn write_json_string(text: &str, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            other if (other as u32) < 0x20 => write!(json, "\\u{:04x}", other as u32).expect("writing to a string"),
            other => json.push(other),
        }
    }
    json.push('"');
}
