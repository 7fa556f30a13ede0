//! Puts stand-ins in the place of secrets, in whatever form an answer of the world outside holds them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::recorder::is_telling;
use crate::recording::Content;

/// The shortest run of letters that is looked at as base64.
const SHORTEST: usize = 12;

/// Secrets that are known, with what stands for them.
#[derive(Default)]
pub(crate) struct Scrubber {
    /// Plain, as JSON writes it, percent-encoded, in hexadecimal; the longest first.
    forms: Vec<(String, String)>,
}

impl Scrubber {
    /// One more secret.
    pub fn know(&mut self, value: &str, stand_in: &str) {
        if value.is_empty() {
            return;
        }
        let json = serde_json::to_string(value).unwrap_or_default();
        let hexadecimal: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let percent_of_blanks = percent.replace('+', "%20");
        for form in [value, json.trim_matches('"'), &percent, &percent_of_blanks] {
            self.forms.push((form.to_string(), stand_in.to_string()));
        }
        let hex_stand_in: String = stand_in.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.forms.push((hexadecimal.to_uppercase(), hex_stand_in.to_uppercase()));
        self.forms.push((hexadecimal, hex_stand_in));
        self.forms.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
    }

    /// A text without any of them.
    pub fn text(&self, text: &str) -> String {
        let plain = self.replaced(text);
        let mut scrubbed = String::with_capacity(plain.len());
        for run in runs(&plain) {
            scrubbed.push_str(&self.within_base64(run).unwrap_or_else(|| run.to_string()));
        }
        scrubbed
    }

    /// Whether a text holds a secret in a form that is known.
    pub fn holds(&self, text: &str, secret: &str) -> bool {
        let mut only = Self::default();
        only.know(secret, "");
        only.text(text) != text
    }

    /// A text without any of them; where it is JSON, without other values whose keys tell that they are secrets.
    pub fn structured(&self, text: &str) -> String {
        let Ok(mut value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) else {
            return self.text(text);
        };
        self.within(&mut value, false);
        value.to_string()
    }

    /// The same of a file or a response.
    pub fn content(&self, content: &Content) -> Content {
        match content {
            Content::Text(text) => Content::Text(self.structured(text)),
            // What is no text cannot be looked through.
            Content::Bytes(bytes) => match self.forms.is_empty() {
                true => Content::Bytes(bytes.clone()),
                false => Content::of(self.text(&String::from_utf8_lossy(bytes)).into_bytes()),
            },
        }
    }

    /// Takes them out of every text of a document.
    pub fn everywhere(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.everywhere(item)),
            Value::Object(map) => map.values_mut().for_each(|value| self.everywhere(value)),
            _ => {}
        }
    }

    fn within(&self, value: &mut Value, telling: bool) {
        match value {
            Value::String(text) => {
                let scrubbed = self.text(text);
                let unknown = telling && scrubbed == *text && !text.is_empty();
                *text = if unknown { "[REDACTED]".to_string() } else { scrubbed };
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.within(item, telling)),
            Value::Object(map) => {
                map.iter_mut().for_each(|(key, value)| self.within(value, telling || is_telling(key)));
            }
            _ => {}
        }
    }

    fn replaced(&self, text: &str) -> String {
        self.forms.iter().fold(text.to_string(), |text, (form, stand_in)| text.replace(form, stand_in))
    }

    /// A run of base64 letters with stand-ins in what it says, if it says a secret.
    fn within_base64(&self, run: &str) -> Option<String> {
        if run.len() < SHORTEST {
            return None;
        }
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter().find_map(|engine| {
            let said = String::from_utf8(engine.decode(run).ok()?).ok()?;
            let scrubbed = self.replaced(&said);
            (scrubbed != said).then(|| engine.encode(scrubbed))
        })
    }
}

/// A text cut into runs of letters that base64 uses, and what stands between them.
fn runs(text: &str) -> Vec<&str> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+/-_=".contains(letter);
    let mut runs = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|letter| is_letter(letter) != is_letter(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        runs.push(run);
        rest = after;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_in_every_form() {
        let mut scrubber = Scrubber::default();
        scrubber.know("hunter\"2 planted", "STAND-IN");
        let check = |text: &str, expected: &str| assert_eq!(scrubber.structured(text), expected, "{text}");
        check("say hunter\"2 planted!", "say STAND-IN!");
        check("a=hunter%222+planted&b", "a=STAND-IN&b");
        check(r#"{"said":"hunter\"2 planted"}"#, r#"{"said":"STAND-IN"}"#);
        let encoded = |text: &str| STANDARD.encode(text);
        let (given, kept) = (encoded("AWS:hunter\"2 planted"), encoded("AWS:STAND-IN"));
        check(&format!(r#"{{"authorizationToken":"{given}"}}"#), &format!(r#"{{"authorizationToken":"{kept}"}}"#));
        check(&format!("token {given}\n"), &format!("token {kept}\n"));
        check(r#"{"refreshToken":"unknown","region":"eu"}"#, r#"{"refreshToken":"[REDACTED]","region":"eu"}"#);
    }
}
