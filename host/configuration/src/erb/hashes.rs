//! The methods of maps that templates use.

use super::Wrong;
use super::evaluate::{Evaluator, Stop};
use super::syntax::Block;
use super::value::{Value, lookup, set};
use super::{lists, methods};

/// Calls a method of a map; nothing when it has none of that name.
pub(super) fn call(
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
        Some(Value::List(items)) => lists::call(evaluator, &items, "to_h", &[], None, at),
        other => Ok(other),
    };
    Ok(match (name, arguments) {
        ("[]", [key]) => Some(lookup(pairs, key).cloned().unwrap_or(Value::Nil)),
        ("dig", [key]) => Some(lookup(pairs, key).cloned().unwrap_or(Value::Nil)),
        ("dig", [key, rest @ ..]) => match lookup(pairs, key) {
            Some(inner) if !matches!(inner, Value::Nil) => {
                Some(methods::call(evaluator, inner, "dig", rest.to_vec(), None, at)?)
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
                lists::with_block(evaluator, &listed(), "each", &[], block, at)?;
                Some(Value::Hash(pairs.to_vec()))
            }
            None => Some(Value::List(listed())),
        },
        ("select" | "filter" | "reject", []) => {
            let chosen = lists::call(evaluator, &listed(), name, arguments, block, at)?;
            hash(chosen, evaluator)?
        }
        _ => lists::call(evaluator, &listed(), name, arguments, block, at)?,
    })
}
