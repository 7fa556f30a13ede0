//! The methods of lists and ranges that templates use.

use super::Wrong;
use super::evaluate::{Evaluator, Stop};
use super::strings;
use super::syntax::Block;
use super::value::{Value, set};
use crate::model::Text;

/// Calls a method of a list; nothing when it has none of that name.
pub(super) fn call(
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

pub(super) fn with_block(
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
        "sum" => return call(evaluator, &answers, "sum", &[], None, at),
        "to_h" => return call(evaluator, &answers, "to_h", &[], None, at),
        "sort_by" => {
            let mut pairs: Vec<_> = answers.into_iter().zip(given).collect();
            if pairs.windows(2).any(|pair| order(&pair[0].0, &pair[1].0).is_none()) {
                return Ok(None);
            }
            pairs.sort_by(|left, right| order(&left.0, &right.0).unwrap_or(std::cmp::Ordering::Equal));
            Value::List(pairs.into_iter().map(|(_, item)| item).collect())
        }
        "to_set" | "uniq" => return call(evaluator, items, "uniq", &[], None, at),
        "each_with_object" | "inject" | "reduce" | "group_by" => return Ok(None),
        _ => return Ok(None),
    }))
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
