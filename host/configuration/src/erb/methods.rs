//! Methods of values that templates use: those of every value, and the way to those of one kind.

use super::Wrong;
use super::evaluate::{Evaluated, Evaluator, Stop};
use super::syntax::Block;
use super::value::{Value, set};
use super::{hashes, lists, numbers, strings};
use crate::model::Text;

/// Calls a method of a value.
pub(super) fn call(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: Vec<Value>,
    block: Option<&Block>,
    at: usize,
) -> Evaluated {
    if let Some(value) = of_anything(evaluator, receiver, name, &arguments, block, at)? {
        return Ok(value);
    }
    let found = match receiver {
        Value::String(text) => strings::call(evaluator, text, name, &arguments, block, at)?,
        Value::Symbol(text) if name != "to_proc" => strings::call(evaluator, text, name, &arguments, block, at)?,
        Value::Secret(parts) => return of_secret(parts, name, &arguments, at),
        Value::List(items) => lists::call(evaluator, items, name, &arguments, block, at)?,
        Value::Hash(pairs) => hashes::call(evaluator, pairs, name, &arguments, block, at)?,
        Value::Range(..) => lists::call(evaluator, &items(receiver, at)?, name, &arguments, block, at)?,
        Value::Integer(number) => numbers::call_integer(evaluator, *number, name, &arguments, block, at)?,
        Value::Float(number) => numbers::call_float(*number, name, &arguments),
        Value::Pattern(pattern) => match (name, arguments.first()) {
            ("match?" | "=~" | "match", Some(Value::String(text))) => Some(Value::Bool(pattern.is_match(text))),
            _ => None,
        },
        Value::Bool(value) => match (name, arguments.first()) {
            ("&", Some(other)) => Some(Value::Bool(*value && other.is_truthy())),
            ("|", Some(other)) => Some(Value::Bool(*value || other.is_truthy())),
            _ => None,
        },
        Value::Exception(_, message) if matches!(name, "message" | "full_message") => {
            Some(Value::text(message.clone()))
        }
        Value::Nil => match name {
            "to_a" => Some(Value::List(Vec::new())),
            "to_h" => Some(Value::Hash(Vec::new())),
            "to_i" => Some(Value::Integer(0)),
            "to_f" => Some(Value::Float(0.0)),
            _ => None,
        },
        _ => None,
    };
    found.ok_or_else(|| missing(receiver, name, at))
}

/// The error for a method that is not known. Of nothing, Ruby's own; else it may be known to Ruby.
fn missing(receiver: &Value, name: &str, at: usize) -> Stop {
    match receiver {
        Value::Nil | Value::Bool(_) => {
            let message = format!("undefined method '{name}' for {}", receiver.described());
            Wrong::raised(at, "NoMethodError", message).into()
        }
        _ => Wrong::not_understood(at, &format!("the method `{name}` of {}", receiver.described())).into(),
    }
}

/// What every value answers.
fn of_anything(
    evaluator: &mut Evaluator<'_>,
    receiver: &Value,
    name: &str,
    arguments: &[Value],
    block: Option<&Block>,
    at: usize,
) -> Result<Option<Value>, Stop> {
    let unknown = || Wrong::not_understood(at, "a decision that needs a secret's value");
    let answer = match (name, arguments) {
        ("to_s" | "to_str", []) if !matches!(receiver, Value::Secret(_)) => Value::String(receiver.to_s()),
        ("inspect", []) => Value::String(receiver.inspect()),
        ("nil?", []) => Value::Bool(matches!(receiver, Value::Nil)),
        ("!", []) => Value::Bool(!receiver.is_truthy()),
        ("==" | "eql?" | "equal?", [other]) => Value::Bool(receiver.equals(other).ok_or_else(unknown)?),
        ("===", [other]) => Value::Bool(fits(receiver, other, at)?),
        ("blank?", []) => Value::Bool(receiver.is_blank().ok_or_else(unknown)?),
        ("present?", []) => Value::Bool(!receiver.is_blank().ok_or_else(unknown)?),
        ("presence", []) => {
            if receiver.is_blank().ok_or_else(unknown)? {
                Value::Nil
            } else {
                receiver.clone()
            }
        }
        ("freeze" | "dup" | "clone" | "itself", []) => receiver.clone(),
        ("class", []) => Value::Module(receiver.class().to_owned()),
        ("is_a?" | "kind_of?" | "instance_of?", [Value::Module(class)]) => Value::Bool(receiver.class() == class),
        ("respond_to?", [_]) => Value::Bool(!matches!(receiver, Value::Nil)),
        ("to_json", []) if !matches!(receiver, Value::Secret(_)) => Value::String(receiver.to_json()),
        ("then" | "yield_self", []) => match block {
            Some(block) => evaluator.yields(block, receiver.clone(), at)?,
            None => return Ok(None),
        },
        ("tap", []) => {
            if let Some(block) = block {
                evaluator.yields(block, receiver.clone(), at)?;
            }
            receiver.clone()
        }
        ("in?", [list]) => Value::Bool(items(list, at)?.iter().any(|item| item.equals(receiver) == Some(true))),
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

/// `===`: whether a `when` fits.
pub(super) fn fits(pattern: &Value, value: &Value, at: usize) -> Result<bool, Wrong> {
    match (pattern, value) {
        (Value::Pattern(pattern), Value::String(text)) => Ok(pattern.is_match(text)),
        (Value::Pattern(_), _) => Ok(false),
        (Value::Module(class), value) => Ok(value.class() == class),
        (Value::Range(..), value) => Ok(items(pattern, at)?.iter().any(|item| item.equals(value) == Some(true))),
        _ => pattern.equals(value).ok_or_else(|| Wrong::not_understood(at, "a decision that needs a secret's value")),
    }
}

/// What a list, range or map holds, item by item.
pub(super) fn items(value: &Value, at: usize) -> Result<Vec<Value>, Wrong> {
    match value {
        Value::List(items) => Ok(items.clone()),
        Value::Hash(pairs) => {
            Ok(pairs.iter().map(|(key, value)| Value::List(vec![key.clone(), value.clone()])).collect())
        }
        Value::Range(first, last, open) => match (&**first, &**last) {
            (Value::Integer(first), Value::Integer(last)) => {
                let last = if *open { last.saturating_sub(1) } else { *last };
                if last.saturating_sub(*first) > 10_000 {
                    return Err(Wrong::not_understood(at, "a range this long"));
                }
                Ok((*first..=last).map(Value::Integer).collect())
            }
            (Value::String(first), Value::String(last)) if first.len() == 1 && last.len() == 1 => {
                let (first, last) = (first.as_bytes()[0], last.as_bytes()[0]);
                let letters = (first..=last).filter(|letter| !*open || *letter != last);
                Ok(letters.map(|letter| Value::String(char::from(letter).to_string())).collect())
            }
            _ => Err(Wrong::not_understood(at, "this range")),
        },
        Value::Nil => Err(Wrong::raised(at, "NoMethodError", "undefined method 'each' for nil")),
        _ => Err(Wrong::not_understood(at, "going through this value")),
    }
}

/// What a variable becomes by a method that changes its value in place.
pub(super) fn changed(value: &Value, name: &str, arguments: &[Value]) -> Option<Value> {
    match (value, name, arguments) {
        (Value::List(items), "<<" | "push" | "append", more) if !more.is_empty() => {
            Some(Value::List(items.iter().chain(more).cloned().collect()))
        }
        (Value::List(items), "unshift" | "prepend", more) => {
            Some(Value::List(more.iter().chain(items).cloned().collect()))
        }
        (Value::List(items), "concat", [Value::List(more)]) => {
            Some(Value::List(items.iter().chain(more).cloned().collect()))
        }
        (Value::String(text), "<<" | "concat", [Value::String(more)]) => Some(Value::String(format!("{text}{more}"))),
        (Value::Hash(pairs), "merge!" | "update", [Value::Hash(more)]) => {
            let mut merged = pairs.clone();
            more.iter().for_each(|(key, value)| set(&mut merged, key.clone(), value.clone()));
            Some(Value::Hash(merged))
        }
        _ => None,
    }
}

/// A secret can be printed and put together with other texts; anything else would need its value.
fn of_secret(parts: &[Text], name: &str, arguments: &[Value], at: usize) -> Evaluated {
    match (name, arguments) {
        ("to_s" | "to_str", []) => Ok(Value::Secret(parts.to_vec())),
        ("+", [other @ (Value::String(_) | Value::Secret(_))]) => {
            Ok(Value::Secret(parts.iter().cloned().chain(other.printed()).collect()))
        }
        _ => Err(Wrong::not_understood(at, &format!("`{name}` of a secret, whose value is not known here")).into()),
    }
}
