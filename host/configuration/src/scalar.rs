//! What a plain YAML scalar means to Psych: YAML 1.1, with Ruby's own additions.
//!
//! `yes` is a boolean, `010` is eight, `22:22` is 80520, `3306:3306` and `1e3` stay text.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::node::Value;

/// The patterns by which Psych tells scalars apart.
pub(crate) struct Scalars {
    obvious_text: Regex,
    time: Regex,
    date: Regex,
    sexagesimal: Regex,
    sexagesimal_float: Regex,
    float: Regex,
    binary: Regex,
    octal: Regex,
    decimal: Regex,
    hexadecimal: Regex,
}

impl Scalars {
    /// The patterns, built when they are first asked for.
    pub(crate) fn patterns() -> &'static Self {
        static PATTERNS: LazyLock<Scalars> = LazyLock::new(Scalars::new);
        &PATTERNS
    }

    fn new() -> Self {
        let pattern = |source: &str| Regex::new(source).expect("the pattern is fixed");
        Self {
            obvious_text: pattern(r"^[^\d.:-]?[A-Za-z_\s!@#$%^&*(){}<>|/\\~;=]"),
            time: pattern(
                r"^-?\d{4}-(\d{1,2})-(\d{1,2})(?:[Tt]|\s+)(\d{1,2}):\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?$",
            ),
            date: pattern(r"^(\d{4})-(1[012]|0\d|\d)-([12]\d|3[01]|0\d|\d)$"),
            sexagesimal: pattern(r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}$"),
            sexagesimal_float: pattern(r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}\.[0-9_]*$"),
            float: pattern(r"^[-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][-+][0-9]+)?$"),
            binary: pattern(r"^([-+]?)0b[_,]*([01][01_,]*)$"),
            octal: pattern(r"^([-+]?)0[_,]*([0-7][0-7_,]*)$"),
            decimal: pattern(r"^([-+]?)(0,?|[1-9](?:[0-9]|,[0-9]|_[0-9])*)$"),
            hexadecimal: pattern(r"^([-+]?)0x[_,]*([0-9a-fA-F][0-9a-fA-F_,]*)$"),
        }
    }

    /// The value of a scalar without quotes and without tag.
    pub(crate) fn resolve(&self, text: &str) -> Value {
        if text.is_empty() {
            return Value::Null;
        }
        if text.contains('\n') || !text.is_ascii() || self.obvious_text.is_match(text) {
            return match text.to_ascii_lowercase().as_str() {
                "~" | "null" => Value::Null,
                "yes" | "true" | "on" => Value::Bool(true),
                "no" | "false" | "off" => Value::Bool(false),
                _ => Value::String(text.to_owned()),
            };
        }
        self.time(text)
            .or_else(|| self.date(text))
            .or_else(|| special_float(text))
            .or_else(|| symbol(text))
            .or_else(|| self.sexagesimal(text))
            .or_else(|| self.float(text))
            .or_else(|| self.integer(text))
            .unwrap_or_else(|| Value::String(text.to_owned()))
    }

    fn time(&self, text: &str) -> Option<Value> {
        let parts = self.time.captures(text)?;
        let within = |index: usize, range: std::ops::RangeInclusive<u32>| {
            parts[index].parse().is_ok_and(|number: u32| range.contains(&number))
        };
        (within(1, 1..=12) && within(2, 1..=31) && within(3, 0..=24)).then(|| Value::Date(text.to_owned()))
    }

    fn date(&self, text: &str) -> Option<Value> {
        let parts = self.date.captures(text)?;
        let number = |index: usize| parts[index].parse::<u32>().unwrap_or(0);
        let (year, month, day) = (number(1), number(2), number(3));
        (1..=days_in(year, month)).contains(&day).then(|| Value::Date(format!("{year:04}-{month:02}-{day:02}")))
    }

    /// Ruby weighs the parts 3600, 60 and 1 from the left, so `1:30` is an hour and a half.
    fn sexagesimal(&self, text: &str) -> Option<Value> {
        let parts = || text.split(':').zip([3600, 60, 1]).map(|(part, weight)| (part.replace('_', ""), weight));
        if self.sexagesimal.is_match(text) {
            let sum: i128 =
                parts().map(|(part, weight)| part.parse::<i128>().unwrap_or(0).saturating_mul(weight)).sum();
            return Some(integer_value(sum));
        }
        if self.sexagesimal_float.is_match(text) {
            let number = |part: &str| part.trim_end_matches('.').parse::<f64>().unwrap_or(0.0);
            return Some(Value::Float(parts().map(|(part, weight)| number(&part) * weight as f64).sum()));
        }
        None
    }

    fn float(&self, text: &str) -> Option<Value> {
        if !self.float.is_match(text) || matches!(text, "." | "+." | "-.") {
            return None;
        }
        text.replace([',', '_'], "").parse().ok().map(Value::Float)
    }

    fn integer(&self, text: &str) -> Option<Value> {
        let notations = [(&self.binary, 2), (&self.octal, 8), (&self.decimal, 10), (&self.hexadecimal, 16)];
        notations.into_iter().find_map(|(pattern, radix)| {
            let parts = pattern.captures(text)?;
            let digits = parts[2].replace([',', '_'], "");
            let sign = if &parts[1] == "-" { "-" } else { "" };
            match i128::from_str_radix(&format!("{sign}{digits}"), radix) {
                Ok(number) => Some(integer_value(number)),
                // Ruby goes on counting here; nothing in a configuration can be meant.
                Err(_) => Some(Value::String(text.to_owned())),
            }
        })
    }
}

/// An integer, or its digits as text where it does not fit.
fn integer_value(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| Value::String(number.to_string()), Value::Int)
}

fn special_float(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        ".inf" | "+.inf" => Some(Value::Float(f64::INFINITY)),
        "-.inf" => Some(Value::Float(f64::NEG_INFINITY)),
        ".nan" => Some(Value::Float(f64::NAN)),
        _ => None,
    }
}

fn symbol(text: &str) -> Option<Value> {
    let name = text.strip_prefix(':').filter(|name| !name.is_empty())?;
    let quoted = name.strip_prefix(['"', '\'']).map(|name| name.strip_suffix(['"', '\'']).unwrap_or(name));
    Some(Value::Symbol(quoted.unwrap_or(name).to_owned()))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Value) {
        assert_eq!(Scalars::patterns().resolve(text), expected, "{text}");
    }

    fn stays_text(text: &str) {
        check(text, Value::String(text.to_owned()));
    }

    #[test]
    fn recorded_types() {
        check("40_000_000", Value::Int(40_000_000));
        check(":verbose", Value::Symbol("verbose".to_owned()));
        check("yes", Value::Bool(true));
        check("010", Value::Int(8));
        check("1.30", Value::Float(1.3));
        check("2026-01-01", Value::Date("2026-01-01".to_owned()));
        check("~", Value::Null);
        check("1:30", Value::Int(5400));
        check("0x1f", Value::Int(31));
        check("off", Value::Bool(false));
        check("on", Value::Bool(true));
        stays_text("x");
        stays_text("1e3");
    }

    #[test]
    fn ports_and_addresses() {
        check("22:22", Value::Int(80520));
        check("5432:54", Value::Int(19_558_440));
        stays_text("3306:3306");
        stays_text("80:80");
        stays_text("443:443");
        stays_text("4001:4001/udp");
        stays_text("127.0.0.1:5432:5432");
        stays_text("2233:11370");
        stays_text("10.0.0.1");
        stays_text("1.1.1.1");
    }

    #[test]
    fn booleans_and_nothing() {
        for text in ["true", "True", "TRUE", "Yes", "ON"] {
            check(text, Value::Bool(true));
        }
        for text in ["false", "False", "No", "no", "OFF", "Off"] {
            check(text, Value::Bool(false));
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            check(text, Value::Null);
        }
        for text in ["y", "n", "Y", "yes!", "nullx", "truely", "~/.ssh/id"] {
            stays_text(text);
        }
    }

    #[test]
    fn numbers() {
        check("10_000_000", Value::Int(10_000_000));
        check("-1", Value::Int(-1));
        check("+5", Value::Int(5));
        check("0", Value::Int(0));
        check("0b101", Value::Int(5));
        check("80,443", Value::Int(80443));
        check("0.5", Value::Float(0.5));
        check(".5", Value::Float(0.5));
        check("1.", Value::Float(1.0));
        check("3.10", Value::Float(3.1));
        check("1.5e+3", Value::Float(1500.0));
        check("1:30.5", Value::Float(5430.0));
        check(".inf", Value::Float(f64::INFINITY));
        check("99999999999999999999", Value::String("99999999999999999999".to_owned()));
        stays_text("08");
        stays_text("0o17");
        stays_text(".");
        stays_text("2g");
        stays_text("25%");
        stays_text("1.2.3");
        stays_text("9.9.9");
    }

    #[test]
    fn dates_and_times() {
        check("2026-1-9", Value::Date("2026-01-09".to_owned()));
        check("2026-01-01 10:00:00", Value::Date("2026-01-01 10:00:00".to_owned()));
        check("2024-02-29", Value::Date("2024-02-29".to_owned()));
        stays_text("2026-02-29");
        stays_text("2026-13-01");
        stays_text("2026-01-01x");
    }
}
