//! The values of a template's Ruby, and how Ruby prints and compares them.

use regex_lite::Regex;

use crate::model::Text;
use crate::node::{self, Node, float_to_ruby, inspect_string};

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(String),
    /// A text of which parts are secrets: their values are not known here.
    Secret(Vec<Text>),
    Symbol(String),
    List(Vec<Value>),
    Hash(Vec<(Value, Value)>),
    /// First, last, whether the last is left out.
    Range(Box<Value>, Box<Value>, bool),
    Pattern(Regex),
    /// A module or class, by its name.
    Module(String),
    /// An exception: class and message.
    Exception(String, String),
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    pub(super) fn of_parts(parts: Vec<Text>) -> Self {
        let clear: Option<Vec<&str>> = parts
            .iter()
            .map(|part| match part {
                Text::Clear(text) => Some(text.as_str()),
                Text::Secret(_) => None,
            })
            .collect();
        match clear {
            Some(texts) => Self::String(texts.concat()),
            None => Self::Secret(parts),
        }
    }

    pub(super) fn is_truthy(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    /// How much memory it takes, roughly and in bytes.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::String(text) | Self::Symbol(text) => text.len(),
            Self::List(items) => items.iter().map(|item| 32 + item.weight()).sum(),
            Self::Hash(pairs) => pairs.iter().map(|(key, value)| 64 + key.weight() + value.weight()).sum(),
            _ => 0,
        }
    }

    /// As `to_s` prints it, in parts.
    pub(super) fn printed(&self) -> Vec<Text> {
        match self {
            Self::Secret(parts) => parts.clone(),
            other => vec![Text::Clear(other.to_s())],
        }
    }

    /// As `to_s` prints it; a secret has no text here.
    pub(super) fn to_s(&self) -> String {
        match self {
            Self::Nil | Self::Secret(_) => String::new(),
            Self::String(text) | Self::Symbol(text) | Self::Module(text) | Self::Exception(_, text) => text.clone(),
            Self::Range(first, last, open) => {
                format!("{}{}{}", first.to_s(), if *open { "..." } else { ".." }, last.to_s())
            }
            other => other.inspect(),
        }
    }

    /// As `inspect` prints it.
    pub(super) fn inspect(&self) -> String {
        match self {
            Self::Nil => "nil".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => float_to_ruby(*number),
            Self::String(text) => inspect_string(text),
            Self::Secret(_) => "[REDACTED]".to_owned(),
            Self::Symbol(name) => format!(":{name}"),
            Self::List(items) => format!("[{}]", items.iter().map(Self::inspect).collect::<Vec<_>>().join(", ")),
            Self::Hash(pairs) => {
                let pairs: Vec<_> =
                    pairs.iter().map(|(key, value)| format!("{}=>{}", key.inspect(), value.inspect())).collect();
                format!("{{{}}}", pairs.join(", "))
            }
            Self::Range(..) | Self::Module(_) => self.to_s(),
            Self::Pattern(pattern) => format!("/{pattern}/"),
            Self::Exception(class, message) => format!("#<{class}: {message}>"),
        }
    }

    /// What messages call its kind: `nil`, or `an instance of String`.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Nil => "nil".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Module(name) => name.clone(),
            other => format!("an instance of {}", other.class()),
        }
    }

    /// The name of its class.
    pub(super) fn class(&self) -> &str {
        match self {
            Self::Nil => "NilClass",
            Self::Bool(true) => "TrueClass",
            Self::Bool(false) => "FalseClass",
            Self::Integer(_) => "Integer",
            Self::Float(_) => "Float",
            Self::String(_) | Self::Secret(_) => "String",
            Self::Symbol(_) => "Symbol",
            Self::List(_) => "Array",
            Self::Hash(_) => "Hash",
            Self::Range(..) => "Range",
            Self::Pattern(_) => "Regexp",
            Self::Module(_) => "Module",
            Self::Exception(class, _) => class,
        }
    }

    /// Whether two values are the same to Ruby's `==`; nothing where a secret would have to be known.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        Some(match (self, other) {
            (Self::Secret(mine), Self::Secret(theirs)) if mine == theirs => true,
            (Self::Secret(_), Self::String(_) | Self::Secret(_)) | (Self::String(_), Self::Secret(_)) => return None,
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(mine), Self::Bool(theirs)) => mine == theirs,
            (Self::Integer(mine), Self::Integer(theirs)) => mine == theirs,
            (Self::Float(mine), Self::Float(theirs)) => mine == theirs,
            (Self::Integer(whole), Self::Float(number)) | (Self::Float(number), Self::Integer(whole)) => {
                *whole as f64 == *number
            }
            (Self::String(mine), Self::String(theirs))
            | (Self::Symbol(mine), Self::Symbol(theirs))
            | (Self::Module(mine), Self::Module(theirs)) => mine == theirs,
            (Self::List(mine), Self::List(theirs)) => {
                if mine.len() != theirs.len() {
                    return Some(false);
                }
                for (mine, theirs) in mine.iter().zip(theirs) {
                    if !mine.equals(theirs)? {
                        return Some(false);
                    }
                }
                true
            }
            (Self::Hash(mine), Self::Hash(theirs)) => {
                if mine.len() != theirs.len() {
                    return Some(false);
                }
                for (key, value) in mine {
                    match lookup(theirs, key) {
                        Some(other) if value.equals(other)? => {}
                        _ => return Some(false),
                    }
                }
                true
            }
            _ => false,
        })
    }

    /// Whether Rails calls it blank; nothing for a secret.
    pub(super) fn is_blank(&self) -> Option<bool> {
        Some(match self {
            Self::Nil | Self::Bool(false) => true,
            Self::String(text) => text.trim().is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Hash(pairs) => pairs.is_empty(),
            Self::Secret(_) => return None,
            _ => false,
        })
    }

    /// What a YAML or JSON file holds.
    pub(super) fn of_node(node: &Node, keys_are_symbols: bool) -> Self {
        match &node.value {
            node::Value::Null => Self::Nil,
            node::Value::Bool(value) => Self::Bool(*value),
            node::Value::Int(number) => Self::Integer(*number),
            node::Value::Float(number) => Self::Float(*number),
            node::Value::String(text) | node::Value::Date(text) => Self::String(text.clone()),
            node::Value::Symbol(name) => Self::Symbol(name.clone()),
            node::Value::List(items) => {
                Self::List(items.iter().map(|item| Self::of_node(item, keys_are_symbols)).collect())
            }
            node::Value::Map(map) => Self::Hash(
                map.iter()
                    .map(|(key, entry)| {
                        let name = key.clone();
                        let key = if keys_are_symbols { Self::Symbol(name) } else { Self::String(name) };
                        (key, Self::of_node(&entry.node, keys_are_symbols))
                    })
                    .collect(),
            ),
        }
    }

    /// As JSON.
    pub(super) fn to_json(&self) -> String {
        match self {
            Self::Nil => "null".to_owned(),
            Self::Bool(_) | Self::Integer(_) | Self::Float(_) => self.inspect(),
            Self::List(items) => format!("[{}]", items.iter().map(Self::to_json).collect::<Vec<_>>().join(",")),
            Self::Hash(pairs) => {
                let pair =
                    |(key, value): &(Self, Self)| format!("{}:{}", node::json_string(&key.to_s()), value.to_json());
                format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(","))
            }
            other => node::json_string(&other.to_s()),
        }
    }
}

/// The value under a key.
pub(super) fn lookup<'p>(pairs: &'p [(Value, Value)], key: &Value) -> Option<&'p Value> {
    pairs.iter().find(|(candidate, _)| candidate.equals(key) == Some(true)).map(|(_, value)| value)
}

/// The map with a key set.
pub(super) fn set(pairs: &mut Vec<(Value, Value)>, key: Value, value: Value) {
    match pairs.iter_mut().find(|(candidate, _)| candidate.equals(&key) == Some(true)) {
        Some((_, present)) => *present = value,
        None => pairs.push((key, value)),
    }
}
