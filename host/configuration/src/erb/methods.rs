//! The methods of strings, lists, maps and numbers that templates use.

use super::Wrong;
use super::evaluate::{Evaluated, Evaluator, Stop};
use super::strings;
use super::syntax::Block;
use super::value::{Value, lookup, set};
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
        Value::List(items) => of_list(evaluator, items, name, &arguments, block, at)?,
        Value::Hash(pairs) => of_hash(evaluator, pairs, name, &arguments, block, at)?,
        Value::Range(..) => of_list(evaluator, &items(receiver, at)?, name, &arguments, block, at)?,
        Value::Integer(number) => of_integer(evaluator, *number, name, &arguments, block, at)?,
        Value::Float(number) => of_float(*number, name, &arguments),
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

fn of_list(
    evaluator: &mut Evaluator<'_>,
    items: &[Value],
    name: &str,
    arguments: &[Value],
    block: Option<&Block>,
    at: usize,
) -> Result<Option<Value>, Stop> {
    if let Some(block) = block {
        return with_block(evaluator, items, name, arguments, block, at);
    }
    let count = |value: &Value| match value {
        Value::Integer(count) => usize::try_from(*count).ok(),
        _ => None,
    };
    let holds = |value: &Value| items.iter().any(|item| item.equals(value) == Some(true));
    let list = |items: Vec<Value>| Some(Value::List(items));
    Ok(match (name, arguments) {
        ("length" | "size" | "count", []) => Some(Value::Integer(items.len() as i64)),
        ("empty?" | "none?", []) => Some(Value::Bool(items.is_empty())),
        ("any?", []) => Some(Value::Bool(items.iter().any(Value::is_truthy))),
        ("first", []) => Some(items.first().cloned().unwrap_or(Value::Nil)),
        ("last", []) => Some(items.last().cloned().unwrap_or(Value::Nil)),
        ("first" | "take", [number]) => {
            count(number).map(|number| Value::List(items.iter().take(number).cloned().collect()))
        }
        ("last", [number]) => count(number)
            .map(|number| Value::List(items.iter().skip(items.len().saturating_sub(number)).cloned().collect())),
        ("drop", [number]) => count(number).map(|number| Value::List(items.iter().skip(number).cloned().collect())),
        ("[]" | "at" | "dig", [Value::Integer(index)]) => Some(element(items, *index)),
        ("[]", [range @ Value::Range(..)]) => {
            strings::bounds(range, items.len()).map(|bounds| Value::List(items[bounds].to_vec()))
        }
        ("[]" | "slice", [Value::Integer(from), number]) => {
            let from = usize::try_from(*from).ok();
            from.zip(count(number))
                .map(|(from, number)| Value::List(items.iter().skip(from).take(number).cloned().collect()))
        }
        ("join", [] | [Value::String(_)]) => {
            let between = arguments.first().map(Value::to_s).unwrap_or_default();
            Some(join(evaluator, items, &between, at)?)
        }
        ("compact", []) => list(items.iter().filter(|item| !matches!(item, Value::Nil)).cloned().collect()),
        ("compact_blank", []) => list(items.iter().filter(|item| item.is_blank() != Some(true)).cloned().collect()),
        ("reverse", []) => list(items.iter().rev().cloned().collect()),
        ("to_a" | "entries", []) => list(items.to_vec()),
        ("uniq", []) => {
            let mut unique: Vec<Value> = Vec::new();
            for item in items {
                if !unique.iter().any(|other| other.equals(item) == Some(true)) {
                    unique.push(item.clone());
                }
            }
            list(unique)
        }
        ("sort", []) => sorted(items.to_vec()),
        ("min", []) => sorted(items.to_vec()).and_then(|sorted| match sorted {
            Value::List(items) => items.into_iter().next(),
            _ => None,
        }),
        ("max", []) => sorted(items.to_vec()).and_then(|sorted| match sorted {
            Value::List(items) => items.into_iter().last(),
            _ => None,
        }),
        ("sum", []) => items
            .iter()
            .try_fold(0_i64, |sum, item| match item {
                Value::Integer(number) => sum.checked_add(*number),
                _ => None,
            })
            .map(Value::Integer),
        ("flatten", []) => {
            let mut flat = Vec::new();
            flatten(items, &mut flat);
            list(flat)
        }
        ("include?" | "member?", [value]) => Some(Value::Bool(holds(value))),
        ("index", [value]) => Some(
            items
                .iter()
                .position(|item| item.equals(value) == Some(true))
                .map_or(Value::Nil, |index| Value::Integer(index as i64)),
        ),
        ("+" | "concat", [Value::List(more)]) => {
            evaluator.check_length(items.len() + more.len(), at)?;
            list(items.iter().chain(more).cloned().collect())
        }
        ("<<" | "push" | "append", more) => list(items.iter().chain(more).cloned().collect()),
        ("-", [Value::List(less)]) => {
            let without = |item: &&Value| !less.iter().any(|other| other.equals(item) == Some(true));
            list(items.iter().filter(without).cloned().collect())
        }
        ("&", [Value::List(other)]) => {
            let shared = |item: &&Value| other.iter().any(|other| other.equals(item) == Some(true));
            list(items.iter().filter(shared).cloned().collect())
        }
        ("to_h", []) => {
            let mut pairs = Vec::new();
            for item in items {
                match item {
                    Value::List(pair) if pair.len() == 2 => set(&mut pairs, pair[0].clone(), pair[1].clone()),
                    _ => return Ok(None),
                }
            }
            Some(Value::Hash(pairs))
        }
        ("each_with_index" | "with_index", [] | [Value::Integer(_)]) => {
            let from = if let Some(Value::Integer(from)) = arguments.first() { *from } else { 0 };
            list(
                (from..)
                    .zip(items)
                    .map(|(index, item)| Value::List(vec![item.clone(), Value::Integer(index)]))
                    .collect(),
            )
        }
        ("each" | "map" | "each_entry", []) => list(items.to_vec()),
        ("zip", [Value::List(other)]) => list(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| Value::List(vec![item.clone(), other.get(index).cloned().unwrap_or(Value::Nil)]))
                .collect(),
        ),
        _ => None,
    })
}

fn with_block(
    evaluator: &mut Evaluator<'_>,
    items: &[Value],
    name: &str,
    arguments: &[Value],
    block: &Block,
    at: usize,
) -> Result<Option<Value>, Stop> {
    let indexed = |from: i64| {
        (from..).zip(items).map(|(index, item)| Value::List(vec![item.clone(), Value::Integer(index)])).collect()
    };
    let from = if let Some(Value::Integer(from)) = arguments.first() { *from } else { 0 };
    let given: Vec<Value> = match name {
        "each_with_index" | "with_index" | "each_index" => indexed(from),
        "reverse_each" => items.iter().rev().cloned().collect(),
        "each_slice" if from > 0 => {
            items.chunks(usize::try_from(from).unwrap_or(1)).map(|chunk| Value::List(chunk.to_vec())).collect()
        }
        _ => items.to_vec(),
    };
    let mut answers = Vec::new();
    let enough = |name: &str, answer: &Value| match name {
        "find" | "detect" | "any?" | "include?" | "index" | "find_index" => answer.is_truthy(),
        "all?" | "take_while" => !answer.is_truthy(),
        _ => false,
    };
    for item in &given {
        match evaluator.yields(block, item.clone(), at) {
            Ok(answer) => {
                let stops = enough(name, &answer);
                answers.push(answer);
                if stops {
                    break;
                }
            }
            Err(Stop::Leave) => return Ok(Some(Value::Nil)),
            Err(stop) => return Err(stop),
        }
    }
    let last_is_truthy = answers.last().is_some_and(Value::is_truthy);
    let chosen = |wanted: bool| {
        let pairs = given.iter().zip(&answers);
        pairs.filter(|(_, answer)| answer.is_truthy() == wanted).map(|(item, _)| item.clone()).collect::<Vec<_>>()
    };
    Ok(Some(match name {
        "each" | "each_with_index" | "reverse_each" | "each_slice" | "each_entry" => Value::List(items.to_vec()),
        "map" | "collect" | "with_index" => Value::List(answers),
        "flat_map" => {
            let flat = answers.into_iter().flat_map(|answer| match answer {
                Value::List(items) => items,
                other => vec![other],
            });
            Value::List(flat.collect())
        }
        "filter_map" => Value::List(answers.into_iter().filter(Value::is_truthy).collect()),
        "select" | "filter" => Value::List(chosen(true)),
        "reject" => Value::List(chosen(false)),
        "partition" => Value::List(vec![Value::List(chosen(true)), Value::List(chosen(false))]),
        "find" | "detect" if last_is_truthy => given[answers.len() - 1].clone(),
        "find" | "detect" => Value::Nil,
        "index" | "find_index" if last_is_truthy => Value::Integer(answers.len() as i64 - 1),
        "index" | "find_index" => Value::Nil,
        "any?" => Value::Bool(last_is_truthy),
        "all?" => Value::Bool(answers.iter().all(Value::is_truthy)),
        "none?" => Value::Bool(!answers.iter().any(Value::is_truthy)),
        "count" => Value::Integer(chosen(true).len() as i64),
        "sum" => return of_list(evaluator, &answers, "sum", &[], None, at),
        "to_h" => return of_list(evaluator, &answers, "to_h", &[], None, at),
        "sort_by" => {
            let mut pairs: Vec<_> = answers.into_iter().zip(given).collect();
            if pairs.windows(2).any(|pair| order(&pair[0].0, &pair[1].0).is_none()) {
                return Ok(None);
            }
            pairs.sort_by(|left, right| order(&left.0, &right.0).unwrap_or(std::cmp::Ordering::Equal));
            Value::List(pairs.into_iter().map(|(_, item)| item).collect())
        }
        "to_set" | "uniq" => return of_list(evaluator, items, "uniq", &[], None, at),
        "each_with_object" | "inject" | "reduce" | "group_by" => return Ok(None),
        _ => return Ok(None),
    }))
}

fn of_hash(
    evaluator: &mut Evaluator<'_>,
    pairs: &[(Value, Value)],
    name: &str,
    arguments: &[Value],
    block: Option<&Block>,
    at: usize,
) -> Result<Option<Value>, Stop> {
    let listed =
        || -> Vec<Value> { pairs.iter().map(|(key, value)| Value::List(vec![key.clone(), value.clone()])).collect() };
    let hash = |list: Option<Value>, evaluator: &mut Evaluator<'_>| match list {
        Some(Value::List(items)) => of_list(evaluator, &items, "to_h", &[], None, at),
        other => Ok(other),
    };
    Ok(match (name, arguments) {
        ("[]", [key]) => Some(lookup(pairs, key).cloned().unwrap_or(Value::Nil)),
        ("dig", [key]) => Some(lookup(pairs, key).cloned().unwrap_or(Value::Nil)),
        ("dig", [key, rest @ ..]) => match lookup(pairs, key) {
            Some(inner) if !matches!(inner, Value::Nil) => {
                Some(call(evaluator, inner, "dig", rest.to_vec(), None, at)?)
            }
            _ => Some(Value::Nil),
        },
        ("fetch", [key, ..]) => match (lookup(pairs, key), arguments.get(1), block) {
            (Some(value), ..) => Some(value.clone()),
            (None, _, Some(block)) => Some(evaluator.yields(block, key.clone(), at)?),
            (None, Some(default), None) => Some(default.clone()),
            (None, None, None) => {
                return Err(Wrong::raised(at, "KeyError", format!("key not found: {}", key.inspect())).into());
            }
        },
        ("key?" | "has_key?" | "include?" | "member?", [key]) => Some(Value::Bool(lookup(pairs, key).is_some())),
        ("keys", []) => Some(Value::List(pairs.iter().map(|(key, _)| key.clone()).collect())),
        ("values", []) => Some(Value::List(pairs.iter().map(|(_, value)| value.clone()).collect())),
        ("length" | "size" | "count", []) if block.is_none() => Some(Value::Integer(pairs.len() as i64)),
        ("empty?", []) => Some(Value::Bool(pairs.is_empty())),
        ("to_h", []) if block.is_none() => Some(Value::Hash(pairs.to_vec())),
        ("merge", [Value::Hash(more)]) => {
            let mut merged = pairs.to_vec();
            more.iter().for_each(|(key, value)| set(&mut merged, key.clone(), value.clone()));
            Some(Value::Hash(merged))
        }
        ("compact", []) => {
            Some(Value::Hash(pairs.iter().filter(|(_, value)| !matches!(value, Value::Nil)).cloned().collect()))
        }
        ("slice", keys) => Some(Value::Hash(
            pairs
                .iter()
                .filter(|(key, _)| keys.iter().any(|wanted| wanted.equals(key) == Some(true)))
                .cloned()
                .collect(),
        )),
        ("except", keys) => Some(Value::Hash(
            pairs
                .iter()
                .filter(|(key, _)| !keys.iter().any(|wanted| wanted.equals(key) == Some(true)))
                .cloned()
                .collect(),
        )),
        ("transform_values", []) => match block {
            Some(block) => {
                let mut transformed = Vec::new();
                for (key, value) in pairs {
                    transformed.push((key.clone(), evaluator.yields(block, value.clone(), at)?));
                }
                Some(Value::Hash(transformed))
            }
            None => None,
        },
        ("each_pair" | "each", []) => match block {
            Some(block) => {
                with_block(evaluator, &listed(), "each", &[], block, at)?;
                Some(Value::Hash(pairs.to_vec()))
            }
            None => Some(Value::List(listed())),
        },
        ("select" | "filter" | "reject", []) => {
            let chosen = of_list(evaluator, &listed(), name, arguments, block, at)?;
            hash(chosen, evaluator)?
        }
        _ => of_list(evaluator, &listed(), name, arguments, block, at)?,
    })
}

fn of_integer(
    evaluator: &mut Evaluator<'_>,
    number: i64,
    name: &str,
    arguments: &[Value],
    block: Option<&Block>,
    at: usize,
) -> Result<Option<Value>, Stop> {
    if let Some(block) = block {
        let last = match (name, arguments) {
            ("times", []) => number.saturating_sub(1),
            ("upto", [Value::Integer(last)]) => *last,
            _ => return Ok(None),
        };
        let first = if name == "times" { 0 } else { number };
        for step in first..=last {
            match evaluator.yields(block, Value::Integer(step), at) {
                Err(Stop::Leave) => break,
                result => drop(result?),
            }
        }
        return Ok(Some(Value::Integer(number)));
    }
    if let [Value::Float(_)] = arguments {
        return Ok(of_float(number as f64, name, arguments));
    }
    Ok(match (name, arguments) {
        ("to_i" | "round" | "floor" | "ceil", []) => Some(Value::Integer(number)),
        ("to_f", []) => Some(Value::Float(number as f64)),
        ("-@", []) => number.checked_neg().map(Value::Integer),
        ("zero?", []) => Some(Value::Bool(number == 0)),
        ("positive?", []) => Some(Value::Bool(number > 0)),
        ("even?", []) => Some(Value::Bool(number % 2 == 0)),
        ("odd?", []) => Some(Value::Bool(number % 2 != 0)),
        ("succ", []) => number.checked_add(1).map(Value::Integer),
        ("+", [Value::Integer(other)]) => number.checked_add(*other).map(Value::Integer),
        ("-", [Value::Integer(other)]) => number.checked_sub(*other).map(Value::Integer),
        ("*", [Value::Integer(other)]) => number.checked_mul(*other).map(Value::Integer),
        ("/", [Value::Integer(0)]) | ("%", [Value::Integer(0)]) => {
            return Err(Wrong::raised(at, "ZeroDivisionError", "divided by 0").into());
        }
        ("/", [Value::Integer(other)]) => {
            let rounds_down = number.checked_rem(*other).is_some_and(|rest| rest != 0 && (rest < 0) != (*other < 0));
            number.checked_div(*other).map(|quotient| Value::Integer(quotient - i64::from(rounds_down)))
        }
        ("%", [Value::Integer(other)]) => number
            .checked_rem(*other)
            .map(|rest| Value::Integer(if rest != 0 && (rest < 0) != (*other < 0) { rest + other } else { rest })),
        ("<", [Value::Integer(other)]) => Some(Value::Bool(number < *other)),
        ("<=", [Value::Integer(other)]) => Some(Value::Bool(number <= *other)),
        (">", [Value::Integer(other)]) => Some(Value::Bool(number > *other)),
        (">=", [Value::Integer(other)]) => Some(Value::Bool(number >= *other)),
        _ => None,
    })
}

fn of_float(number: f64, name: &str, arguments: &[Value]) -> Option<Value> {
    let other = match arguments {
        [Value::Float(other)] => *other,
        [Value::Integer(other)] => *other as f64,
        [] => {
            return match name {
                "to_f" => Some(Value::Float(number)),
                "to_i" | "truncate" if number.is_finite() => Some(Value::Integer(number as i64)),
                "round" if number.is_finite() => Some(Value::Integer(number.round() as i64)),
                "floor" if number.is_finite() => Some(Value::Integer(number.floor() as i64)),
                "ceil" if number.is_finite() => Some(Value::Integer(number.ceil() as i64)),
                "-@" => Some(Value::Float(-number)),
                _ => None,
            };
        }
        _ => return None,
    };
    match name {
        "+" => Some(Value::Float(number + other)),
        "-" => Some(Value::Float(number - other)),
        "*" => Some(Value::Float(number * other)),
        "/" => Some(Value::Float(number / other)),
        "<" => Some(Value::Bool(number < other)),
        ">" => Some(Value::Bool(number > other)),
        "<=" => Some(Value::Bool(number <= other)),
        ">=" => Some(Value::Bool(number >= other)),
        _ => None,
    }
}

fn element(items: &[Value], index: i64) -> Value {
    let index = if index < 0 { index + items.len() as i64 } else { index };
    usize::try_from(index).ok().and_then(|index| items.get(index)).cloned().unwrap_or(Value::Nil)
}

fn join(evaluator: &Evaluator<'_>, items: &[Value], between: &str, at: usize) -> Result<Value, Wrong> {
    let mut flat = Vec::new();
    flatten(items, &mut flat);
    let mut parts = Vec::new();
    let mut length = 0;
    for (index, item) in flat.iter().enumerate() {
        if index > 0 {
            parts.push(Text::Clear(between.to_owned()));
        }
        length += between.len() + item.to_s().len();
        evaluator.check_length(length, at)?;
        parts.extend(item.printed());
    }
    Ok(Value::of_parts(parts))
}

fn flatten(items: &[Value], flat: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::List(inner) => flatten(inner, flat),
            other => flat.push(other.clone()),
        }
    }
}

/// The order of two values, if they have one.
fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) | (Value::Symbol(left), Value::Symbol(right)) => {
            Some(left.cmp(right))
        }
        (Value::List(left), Value::List(right)) => order(left.first()?, right.first()?),
        _ => None,
    }
}

fn sorted(mut items: Vec<Value>) -> Option<Value> {
    if items.windows(2).any(|pair| order(&pair[0], &pair[1]).is_none()) {
        return None;
    }
    items.sort_by(|left, right| order(left, right).unwrap_or(std::cmp::Ordering::Equal));
    Some(Value::List(items))
}
