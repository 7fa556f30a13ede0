//! What the builtin secret adapters share: calling programs, reading their JSON, and the words of Kamal's errors.

use sextant_sdk::{Command, Fault, Programs, Request};

pub use serde_json::Value;

/// How a program ended, and what it printed.
pub struct Answer {
    /// Its exit code.
    pub exit: i32,
    /// Its standard output.
    pub stdout: String,
}

impl Answer {
    /// Whether it ended well.
    pub fn succeeded(&self) -> bool {
        self.exit == 0
    }

    /// Its output as JSON.
    ///
    /// # Errors
    /// When it is none; the program is named, what it printed is not shown.
    pub fn json(&self, program: &str) -> Result<Value, Fault> {
        serde_json::from_str(&self.stdout).map_err(|_| Fault::Failed(format!("what `{program}` printed is no JSON")))
    }
}

/// Runs a program.
pub fn run(programs: &Programs, words: &[&str]) -> Answer {
    call(programs, &command(words))
}

/// Runs a program whose complaints are of no interest.
pub fn run_quietly(programs: &Programs, words: &[&str]) -> Answer {
    let command = command(words);
    command.quiet();
    call(programs, &command)
}

/// A call of a program.
pub fn command(words: &[&str]) -> Command {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    Command::new(&words)
}

/// Runs a call.
pub fn call(programs: &Programs, command: &Command) -> Answer {
    let outcome = programs.run(command);
    Answer { exit: outcome.exit(), stdout: outcome.stdout() }
}

/// Fails unless a program answers when asked for its version.
///
/// # Errors
/// In Kamal's words: `Bitwarden CLI is not installed`.
pub fn require(programs: &Programs, words: &[&str], name: &str) -> Result<(), Fault> {
    if run_quietly(programs, words).succeeded() { Ok(()) } else { failed(format!("{name} CLI is not installed")) }
}

/// The names that are asked for, each below `--from` if it is given.
pub fn prefixed(request: &Request) -> Vec<String> {
    let place = request.from();
    let below = |name: String| match &place {
        Some(place) => format!("{place}/{name}"),
        None => name,
    };
    request.secrets().into_iter().map(below).collect()
}

/// A text of a JSON object; absent if it is not there or no text.
pub fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_string)
}

/// The entries of a JSON list; none if it is no list.
pub fn entries(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Names as Kamal's errors list them: `["A", "B"]`.
pub fn listed(names: &[String]) -> String {
    format!("{names:?}")
}

/// An error in one sentence.
///
/// # Errors
/// Always.
pub fn failed<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Failed(message.into()))
}

/// Pairs in the order in which they were first seen; the last value of a name counts.
#[derive(Default)]
pub struct Results(Vec<(String, Option<String>)>);

impl Results {
    /// Sets a name's value.
    pub fn set(&mut self, name: impl Into<String>, value: Option<String>) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// Whether a name is there.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All of them.
    pub fn done(self) -> Vec<(String, Option<String>)> {
        self.0
    }
}

/// Puts each value under its key; keys stay in the order in which they were first seen.
pub fn grouped<K: PartialEq, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Vec<(K, Vec<V>)> {
    let mut groups: Vec<(K, Vec<V>)> = Vec::new();
    for (key, value) in pairs {
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => groups.push((key, vec![value])),
        }
    }
    groups
}

/// What base64 stands for; letters that do not belong are passed over.
pub fn base64_decoded(text: &str) -> Vec<u8> {
    let digit = |letter: u8| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().take_while(|letter| *letter != b'=').filter_map(digit).collect();
    let decoded = |group: &[u8]| {
        let bits = group.iter().fold(0u32, |bits, digit| bits << 6 | u32::from(*digit)) << (6 * (4 - group.len()));
        let bytes = bits.to_be_bytes();
        bytes[1..group.len()].to_vec()
    };
    digits.chunks(4).flat_map(decoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        let check = |text: &str, expected: &str| assert_eq!(base64_decoded(text), expected.as_bytes(), "{text}");
        check("", "");
        check("c2VjcmV0MTIz", "secret123");
        check("c2VjcmV0MQ==", "secret1");
        check("c2VjcmV0MTI=\n", "secret12");
        check("cMOk\nLys/", "pä/+?");
    }

    #[test]
    fn groups_and_results_keep_the_order_in_which_they_were_asked_for() {
        assert_eq!(grouped([("b", 1), ("a", 2), ("b", 3)]), [("b", vec![1, 3]), ("a", vec![2])]);
        let mut results = Results::default();
        results.set("b", Some("1".into()));
        results.set("a", None);
        results.set("b", Some("2".into()));
        assert!(results.has("a") && !results.has("c"));
        assert_eq!(results.done(), [("b".to_string(), Some("2".to_string())), ("a".to_string(), None)]);
        assert_eq!(listed(&["A".into(), "B/\"C\"".into()]), r#"["A", "B/\"C\""]"#);
    }
}
