//! The methods of numbers that templates use.

use super::Wrong;
use super::evaluate::{Evaluator, Stop};
use super::syntax::Block;
use super::value::Value;

/// Calls a method of a whole number; nothing when it has none of that name.
pub(super) fn call_integer(
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
        return Ok(call_float(number as f64, name, arguments));
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

/// Calls a method of a number with a fraction; nothing when it has none of that name.
pub(super) fn call_float(number: f64, name: &str, arguments: &[Value]) -> Option<Value> {
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
