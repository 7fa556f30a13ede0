//! Takes secret values out of everything a machine says.
//!
//! A value is found as it is, as docker's environment files escape it, and in base64 (also in the middle of a longer encoded text,
//! as in docker's `auth` fields). A value of several lines is found line by line. Values under four characters are left alone:
//! they would eat ordinary words.

use commands::quoting::environment_file_value;

/// What stands where a secret value stood.
pub const REDACTED: &str = "[REDACTED]";

/// The shortest text that is looked for.
const SHORTEST: usize = 4;

/// The shortest piece of base64 that is looked for in the middle of another text.
const SHORTEST_ENCODED: usize = 8;

/// Knows secret values and replaces them by [`REDACTED`].
#[derive(Clone, Default)]
pub struct Redactor {
    patterns: Vec<String>,
    /// Which pairs of bytes a pattern begins with: most places in a text can be passed over by one look at this.
    begins: Vec<bool>,
}

/// A text that has been redacted up to the place where a value might still be growing.
pub(crate) struct Partly {
    /// How many bytes of the text can be given away.
    pub safe: usize,
    /// They, redacted.
    pub redacted: String,
}

impl Redactor {
    /// Adds a value in all its forms.
    pub fn learn(&mut self, value: &str) {
        let mut forms = vec![environment_file_value(value), base64(value.as_bytes())];
        forms.extend(base64_cores(value.as_bytes()).into_iter().filter(|core| core.len() >= SHORTEST_ENCODED));
        forms.extend(value.lines().map(|line| line.trim().to_string()));
        if value.chars().count() < SHORTEST {
            return;
        }
        self.begins.resize(1 << 16, false);
        for form in forms {
            if form.chars().count() >= SHORTEST && !self.patterns.contains(&form) {
                self.begins[pair(form.as_bytes())] = true;
                self.patterns.push(form);
            }
        }
    }

    /// The text without secret values. Values that overlap become one mark.
    pub fn redact(&self, text: &str) -> String {
        replace(text, &self.marks(text))
    }

    /// The length of the longest text that is looked for.
    pub(crate) fn longest(&self) -> usize {
        self.patterns.iter().map(String::len).max().unwrap_or(0)
    }

    /// Redacts the beginning of a text that goes on: nothing of its last `held` bytes is given away, nor half a value.
    pub(crate) fn redact_beginning(&self, text: &str, held: usize) -> Partly {
        let mut safe = text.floor_char_boundary(text.len().saturating_sub(held));
        let mut marks = self.marks(text);
        if let Some(straddling) = marks.iter().find(|mark| mark.0 < safe && safe < mark.1) {
            safe = straddling.0;
        }
        marks.retain(|mark| mark.1 <= safe);
        Partly { safe, redacted: replace(&text[..safe], &marks) }
    }

    /// Where values stand: ranges in order, none touching into another.
    fn marks(&self, text: &str) -> Vec<(usize, usize)> {
        if self.patterns.is_empty() {
            return Vec::new();
        }
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        for begin in 0..bytes.len().saturating_sub(1) {
            if self.begins[pair(&bytes[begin..])] {
                let here = self.patterns.iter().filter(|pattern| bytes[begin..].starts_with(pattern.as_bytes()));
                found.extend(here.map(|pattern| (begin, begin + pattern.len())));
            }
        }
        let mut marks: Vec<(usize, usize)> = Vec::new();
        for (begin, end) in found {
            match marks.last_mut() {
                Some(last) if begin < last.1 => last.1 = last.1.max(end),
                _ => marks.push((begin, end)),
            }
        }
        marks
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Redactor({} patterns)", self.patterns.len())
    }
}

/// The first two bytes as a number.
fn pair(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

fn replace(text: &str, marks: &[(usize, usize)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (begin, end) in marks {
        out.push_str(&text[from..*begin]);
        out.push_str(REDACTED);
        from = *end;
    }
    out.push_str(&text[from..]);
    out
}

/// The value's base64 without padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            out.push(char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    out
}

/// The characters of a longer base64 text that depend on this value alone, for each place it can have in a group of three bytes.
fn base64_cores(bytes: &[u8]) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let mut padded = vec![0; before];
        padded.extend_from_slice(bytes);
        let encoded = base64(&padded);
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        encoded.get(first..last).unwrap_or_default().to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knowing(values: &[&str]) -> Redactor {
        let mut redactor = Redactor::default();
        values.iter().for_each(|value| redactor.learn(value));
        redactor
    }

    #[test]
    fn values_are_replaced_in_all_their_forms() {
        let check = |values: &[&str], text: &str, expected: &str| assert_eq!(knowing(values).redact(text), expected);
        check(&["hunter22"], "password hunter22.", "password [REDACTED].");
        check(&["hunter22"], "hunter22hunter22", "[REDACTED][REDACTED]");
        check(&["a\"b\\c\n!"], "A=a\"b\\\\c\\n!", "A=[REDACTED]");
        check(&["hunter22"], "aHVudGVyMjI=", "[REDACTED]=");
        // base64 of user:hunter22, of xuser:hunter22 and of xxuser:hunter22
        check(&["hunter22"], "dXNlcjpodW50ZXIyMg==", "dXNlcjp[REDACTED]g==");
        check(&["hunter22"], "eHVzZXI6aHVudGVyMjI=", "eHVzZXI6[REDACTED]=");
        check(&["hunter22"], "eHh1c2VyOmh1bnRlcjIy", "eHh1c2VyOm[REDACTED]");
        check(&["first line\n  second line\nab"], "second line, first line, ab", "[REDACTED], [REDACTED], ab");
        check(&["abcdef", "defghi"], "abcdefghi", "[REDACTED]");
        check(&["abcd", "abcdef"], "abcdefg", "[REDACTED]g");
        check(&["yes", ""], "yes", "yes");
        check(&["päss"], "ein päss", "ein [REDACTED]");
    }

    #[test]
    fn a_beginning_never_holds_half_a_value() {
        let redactor = knowing(&["hunter22"]);
        let check = |text: &str, held: usize, expected: &str, rest: &str| {
            let partly = redactor.redact_beginning(text, held);
            assert_eq!((&*partly.redacted, &text[partly.safe..]), (expected, rest));
        };
        check("abc hunter22 def", 2, "abc [REDACTED] d", "ef");
        check("abc hunter22 def", 7, "abc ", "hunter22 def");
        check("abcdef hunt", 8, "abc", "def hunt");
        check("äää", 1, "ää", "ä");
    }
}
