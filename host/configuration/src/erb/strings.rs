//! The methods of strings that templates use.

use std::ops::Range;

use regex_lite::Regex;

use super::Wrong;
use super::evaluate::{Evaluator, Stop};
use super::syntax::Block;
use super::value::{Value, lookup};
use crate::model::Text;

/// Calls a method of a string; nothing if it is not known.
pub(super) fn call(
    evaluator: &mut Evaluator<'_>,
    text: &str,
    name: &str,
    arguments: &[Value],
    block: Option<&Block>,
    at: usize,
) -> Result<Option<Value>, Stop> {
    let string = |text: &str| Some(Value::String(text.to_owned()));
    let any = |test: &dyn Fn(&str) -> bool| {
        let texts: Option<Vec<&str>> = arguments
            .iter()
            .map(|argument| if let Value::String(text) = argument { Some(text.as_str()) } else { None })
            .collect();
        texts.map(|texts| Value::Bool(texts.into_iter().any(test)))
    };
    Ok(match (name, arguments) {
        ("strip", []) => string(strip(text)),
        ("lstrip", []) => string(text.trim_start_matches(is_blank)),
        ("rstrip", []) => string(text.trim_end_matches(is_blank)),
        ("squish", []) => Some(Value::String(text.split_whitespace().collect::<Vec<_>>().join(" "))),
        ("chomp", []) => string(text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line))),
        ("chomp" | "delete_suffix", [Value::String(end)]) => string(text.strip_suffix(end.as_str()).unwrap_or(text)),
        ("delete_prefix", [Value::String(begin)]) => string(text.strip_prefix(begin.as_str()).unwrap_or(text)),
        ("chop", []) => string(&text[..text.char_indices().last().map_or(0, |(index, _)| index)]),
        ("upcase", []) => Some(Value::String(text.to_uppercase())),
        ("downcase", []) => Some(Value::String(text.to_lowercase())),
        ("capitalize", []) => {
            let mut letters = text.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            Some(Value::String(first + &letters.as_str().to_lowercase()))
        }
        ("reverse", []) => Some(Value::String(text.chars().rev().collect())),
        ("length" | "size", []) => Some(Value::Integer(text.chars().count() as i64)),
        ("bytesize", []) => Some(Value::Integer(text.len() as i64)),
        ("empty?", []) => Some(Value::Bool(text.is_empty())),
        ("to_i", []) => Some(Value::Integer(leading_integer(text))),
        ("to_f", []) => {
            let number = text.trim_start();
            let end = (0..=number.len())
                .rev()
                .find(|end| number.is_char_boundary(*end) && number[..*end].parse::<f64>().is_ok());
            Some(Value::Float(end.and_then(|end| number[..end].parse().ok()).unwrap_or(0.0)))
        }
        ("to_sym" | "intern", []) => Some(Value::Symbol(text.to_owned())),
        ("start_with?", [Value::Pattern(pattern)]) => {
            Some(Value::Bool(pattern.find(text).is_some_and(|found| found.start() == 0)))
        }
        ("start_with?", _) => any(&|begin| text.starts_with(begin)),
        ("end_with?", _) => any(&|end| text.ends_with(end)),
        ("include?", [Value::String(inside)]) => Some(Value::Bool(text.contains(inside.as_str()))),
        ("match?" | "=~" | "match", [Value::Pattern(pattern)]) => Some(matched(pattern, text, name)),
        ("match?", [Value::String(source)]) => {
            Some(Value::Bool(super::evaluate::pattern(source, "", at)?.is_match(text)))
        }
        ("split", _) => split(text, arguments),
        ("lines", []) => Some(Value::List(text.split_inclusive('\n').map(Value::text).collect())),
        ("each_line", []) => match block {
            Some(block) => {
                for line in text.split_inclusive('\n') {
                    evaluator.yields(block, Value::text(line), at)?;
                }
                string(text)
            }
            None => None,
        },
        ("chars", []) => Some(Value::List(text.chars().map(|letter| Value::String(letter.to_string())).collect())),
        ("sub" | "gsub", [pattern, Value::String(with)]) => replaced(text, pattern, with, name == "gsub"),
        ("tr", [Value::String(from), Value::String(to)]) => translated(text, from, to),
        ("delete", [Value::String(letters)]) if !letters.contains(['-', '^', '\\']) => {
            Some(Value::String(text.chars().filter(|letter| !letters.contains(*letter)).collect()))
        }
        ("squeeze", []) => {
            let mut letters: Vec<char> = text.chars().collect();
            letters.dedup();
            Some(Value::String(letters.into_iter().collect()))
        }
        ("+", [Value::String(more)]) => {
            evaluator.check_length(text.len() + more.len(), at)?;
            Some(Value::String(format!("{text}{more}")))
        }
        ("+", [Value::Secret(parts)]) => {
            Some(Value::of_parts(std::iter::once(Text::Clear(text.to_owned())).chain(parts.iter().cloned()).collect()))
        }
        ("+", [Value::Nil]) => {
            return Err(Wrong::raised(at, "TypeError", "no implicit conversion of nil into String").into());
        }
        ("*", [Value::Integer(times)]) => {
            let times = usize::try_from(*times).unwrap_or(0);
            evaluator.check_length(text.len().saturating_mul(times), at)?;
            Some(Value::String(text.repeat(times)))
        }
        ("%", [argument]) => formatted(text, argument),
        ("[]" | "slice", _) => part(text, arguments),
        ("<", [Value::String(other)]) => Some(Value::Bool(text < other.as_str())),
        (">", [Value::String(other)]) => Some(Value::Bool(text > other.as_str())),
        ("casecmp?", [Value::String(other)]) => Some(Value::Bool(text.to_lowercase() == other.to_lowercase())),
        ("first", []) => string(text.get(..text.chars().next().map_or(0, char::len_utf8)).unwrap_or_default()),
        ("last", []) => Some(Value::String(text.chars().last().map(String::from).unwrap_or_default())),
        ("first", [Value::Integer(count)]) => {
            Some(Value::String(text.chars().take(usize::try_from(*count).unwrap_or(0)).collect()))
        }
        ("rjust" | "ljust", [Value::Integer(width), rest @ ..]) => {
            let filler = if let [Value::String(filler)] = rest { filler.as_str() } else { " " };
            let missing = usize::try_from(*width).unwrap_or(0).saturating_sub(text.chars().count());
            evaluator.check_length(missing, at)?;
            let fill: String = filler.chars().cycle().take(if filler.is_empty() { 0 } else { missing }).collect();
            Some(Value::String(if name == "rjust" { format!("{fill}{text}") } else { format!("{text}{fill}") }))
        }
        ("partition", [Value::String(at)]) => {
            let (before, between, after) = match text.split_once(at.as_str()) {
                Some((before, after)) => (before, at.as_str(), after),
                None => (text, "", ""),
            };
            Some(Value::List(vec![Value::text(before), Value::text(between), Value::text(after)]))
        }
        ("parameterize" | "dasherize" | "underscore", []) if is_plain(text) => {
            let to = if name == "underscore" { '_' } else { '-' };
            Some(Value::String(
                text.to_lowercase()
                    .chars()
                    .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { to })
                    .collect(),
            ))
        }
        ("encode" | "force_encoding" | "unicode_normalize" | "scrub" | "b", _) => string(text),
        ("shellescape", []) => Some(Value::String(shell_escaped(text))),
        _ => None,
    })
}

/// The bytes or items that a range stands for.
pub(super) fn bounds(range: &Value, length: usize) -> Option<Range<usize>> {
    let Value::Range(first, last, open) = range else { return None };
    let place = |index: i64| {
        let index = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
        usize::try_from(index).ok()
    };
    let Value::Integer(first) = **first else { return None };
    let begin = place(first)?;
    let end = match **last {
        Value::Nil => length,
        Value::Integer(last) => place(last)?.checked_add(usize::from(!open))?,
        _ => return None,
    };
    if begin > length {
        return None;
    }
    Some(begin..end.min(length).max(begin))
}

fn is_blank(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter == '\0' || letter == '\u{b}'
}

fn strip(text: &str) -> &str {
    text.trim_matches(is_blank)
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | ' '))
        && !text.contains("  ")
        && text.chars().all(|letter| !letter.is_ascii_uppercase())
}

/// The integer a text begins with, or zero.
fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|letter: char| !letter.is_ascii_digit() && letter != '_').unwrap_or(digits.len());
    format!("{sign}{}", digits[..end].replace('_', "")).parse().unwrap_or(0)
}

/// `match` gives the groups, `=~` the place, `match?` a boolean.
fn matched(pattern: &Regex, text: &str, name: &str) -> Value {
    let Some(groups) = pattern.captures(text) else {
        return if name == "match?" { Value::Bool(false) } else { Value::Nil };
    };
    match name {
        "match?" => Value::Bool(true),
        "=~" => Value::Integer(groups.get(0).map_or(0, |found| text[..found.start()].chars().count()) as i64),
        _ => Value::List(
            groups.iter().map(|group| group.map_or(Value::Nil, |group| Value::text(group.as_str()))).collect(),
        ),
    }
}

fn split(text: &str, arguments: &[Value]) -> Option<Value> {
    let limit = match arguments.get(1) {
        None => 0,
        Some(Value::Integer(limit)) => usize::try_from(*limit).ok()?,
        Some(_) => return None,
    };
    let mut parts: Vec<&str> = match arguments.first() {
        None => text.split_ascii_whitespace().collect(),
        Some(Value::String(between)) if between == " " && limit == 0 => text.split_ascii_whitespace().collect(),
        Some(Value::String(between)) if between.is_empty() => {
            text.split("").filter(|letter| !letter.is_empty()).collect()
        }
        Some(Value::String(between)) if limit > 0 => text.splitn(limit, between.as_str()).collect(),
        Some(Value::String(between)) => text.split(between.as_str()).collect(),
        Some(Value::Pattern(pattern)) if limit > 0 => pattern.splitn(text, limit).collect(),
        Some(Value::Pattern(pattern)) => pattern.split(text).collect(),
        Some(_) => return None,
    };
    if limit == 0 {
        while parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
    }
    Some(Value::List(parts.into_iter().map(Value::text).collect()))
}

fn replaced(text: &str, pattern: &Value, with: &str, everywhere: bool) -> Option<Value> {
    let most = if everywhere { 0 } else { 1 };
    // What this could come to at most.
    if (text.len() + 1).saturating_mul(with.len()) > 16 * super::evaluate::LONGEST {
        return None;
    }
    let result = match pattern {
        Value::String(old) if everywhere => text.replace(old.as_str(), with),
        Value::String(old) => text.replacen(old.as_str(), with, 1),
        Value::Pattern(pattern) => {
            let with = with.replace('$', "$$");
            let with = (0..10).fold(with, |with, group| with.replace(&format!("\\{group}"), &format!("${{{group}}}")));
            pattern.replacen(text, most, with.as_str()).into_owned()
        }
        _ => return None,
    };
    (result.len() <= super::evaluate::LONGEST).then_some(Value::String(result))
}

/// `tr` with letters and ranges.
fn translated(text: &str, from: &str, to: &str) -> Option<Value> {
    let letters = |set: &str| -> Option<Vec<char>> {
        if set.starts_with('^') && set.len() > 1 || set.contains('\\') {
            return None;
        }
        let given: Vec<char> = set.chars().collect();
        let mut letters = Vec::new();
        let mut at = 0;
        while at < given.len() {
            if at + 2 < given.len() && given[at + 1] == '-' {
                letters.extend(given[at]..=given[at + 2]);
                at += 3;
            } else {
                letters.push(given[at]);
                at += 1;
            }
            if letters.len() > 10_000 {
                return None;
            }
        }
        Some(letters)
    };
    let (from, to) = (letters(from)?, letters(to)?);
    let translate = |letter: char| match from.iter().position(|candidate| *candidate == letter) {
        None => Some(letter),
        Some(index) => to.get(index).or(to.last()).copied(),
    };
    Some(Value::String(text.chars().filter_map(translate).collect()))
}

/// `"%s:%d" % […]`, without widths but `%02d` and its like.
fn formatted(text: &str, argument: &Value) -> Option<Value> {
    let single = [argument.clone()];
    let mut given = match argument {
        Value::List(items) => items.iter(),
        _ => single.iter(),
    };
    let named = if let Value::Hash(pairs) = argument { Some(pairs) } else { None };
    let mut formatted = String::new();
    let mut rest = text;
    while let Some(percent) = rest.find('%') {
        formatted.push_str(&rest[..percent]);
        rest = &rest[percent + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            formatted.push('%');
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix('{') {
            let (name, after) = after.split_once('}')?;
            formatted.push_str(&lookup(named?, &Value::Symbol(name.to_owned()))?.to_s());
            rest = after;
            continue;
        }
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (width, after) = rest.split_at(end);
        let value = given.next()?;
        let shown = match (after.chars().next()?, value) {
            ('s', Value::Secret(_)) => return None,
            ('s', value) => value.to_s(),
            ('d', Value::Integer(number)) => number.to_string(),
            _ => return None,
        };
        let wanted: usize = if width.is_empty() { 0 } else { width.parse().ok().filter(|width| *width < 1000)? };
        let filler = if width.starts_with('0') { "0" } else { " " };
        formatted.push_str(&filler.repeat(wanted.saturating_sub(shown.chars().count())));
        formatted.push_str(&shown);
        rest = &after[1..];
    }
    formatted.push_str(rest);
    Some(Value::String(formatted))
}

/// `text[0]`, `text[0, 7]`, `text[0..6]`, `text["part"]`, `text[/pattern/]`.
fn part(text: &str, arguments: &[Value]) -> Option<Value> {
    let letters: Vec<char> = text.chars().collect();
    let taken = |range: Range<usize>| Value::String(letters[range].iter().collect());
    let length = i64::try_from(letters.len()).ok()?;
    let place = |index: i64| usize::try_from(if index < 0 { index + length } else { index }).ok();
    match arguments {
        [Value::Integer(index)] => Some(match place(*index).filter(|index| *index < letters.len()) {
            Some(index) => taken(index..index + 1),
            None => Value::Nil,
        }),
        [Value::Integer(from), Value::Integer(count)] => {
            Some(match (place(*from).filter(|from| *from <= letters.len()), usize::try_from(*count)) {
                (Some(from), Ok(count)) => taken(from..from.saturating_add(count).min(letters.len())),
                _ => Value::Nil,
            })
        }
        [range @ Value::Range(..)] => Some(bounds(range, letters.len()).map_or(Value::Nil, taken)),
        [Value::String(inside)] => {
            Some(if text.contains(inside.as_str()) { Value::String(inside.clone()) } else { Value::Nil })
        }
        [Value::Pattern(pattern), rest @ ..] => {
            let group = match rest {
                [] => 0,
                [Value::Integer(group)] => usize::try_from(*group).ok()?,
                _ => return None,
            };
            let found = pattern.captures(text).and_then(|groups| groups.get(group));
            Some(found.map_or(Value::Nil, |found| Value::text(found.as_str())))
        }
        _ => None,
    }
}

/// As Ruby's Shellwords quotes a word.
pub(super) fn shell_escaped(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\n' => escaped.push_str("'\n'"),
            _ if letter.is_ascii_alphanumeric() || "_-.,:+/@".contains(letter) => escaped.push(letter),
            _ => escaped.extend(['\\', letter]),
        }
    }
    escaped
}
