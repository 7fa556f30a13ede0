//! docker's way with words: options, patterns, ids.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Options and other words of a call.
pub struct Words<'a> {
    pub options: Vec<(&'a str, &'a str)>,
    pub rest: Vec<&'a str>,
}

/// Options of docker that take a value. All others are flags.
const VALUED: &[&str] = &[
    "--filter",
    "--format",
    "-f",
    "--type",
    "-t",
    "--time",
    "-u",
    "--username",
    "-p",
    "--since",
    "--tail",
    "--name",
    "--network",
    "--hostname",
    "--env",
    "--env-file",
    "--log-driver",
    "--log-opt",
    "--volume",
    "--publish",
    "--label",
    "--restart",
    "--memory",
    "--cpus",
    "--cap-add",
    "--ulimit",
    "--driver",
    "--platform",
    "--builder",
    "--file",
    "--target",
    "--user",
    "--add-host",
    "--cap-drop",
    "--shm-size",
    "--entrypoint",
];

impl<'a> Words<'a> {
    /// Splits words; what comes after the first `stop_at` words that are no options is taken as it is.
    pub fn split(words: &'a [String], stop_at: usize) -> Self {
        let (mut options, mut rest) = (Vec::new(), Vec::new());
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            if !word.starts_with('-') || rest.len() >= stop_at {
                rest.push(word);
            } else if let Some((name, value)) = word.split_once('=').filter(|_| word.starts_with("--")) {
                options.push((name, value));
            } else if VALUED.contains(&word) {
                options.push((word, words.next().unwrap_or_default()));
            } else {
                options.push((word, ""));
            }
        }
        Self { options, rest }
    }

    /// Every value of these options.
    pub fn all(&self, names: &[&str]) -> Vec<&'a str> {
        self.options.iter().filter(|(name, _)| names.contains(name)).map(|(_, value)| *value).collect()
    }

    /// Whether one of these options is given.
    pub fn has(&self, names: &[&str]) -> bool {
        !self.all(names).is_empty()
    }

    /// The first value of these options.
    pub fn one(&self, names: &[&str]) -> Option<&'a str> {
        self.all(names).into_iter().next()
    }
}

/// Whether a name fits a pattern; the only special characters anyone uses are `^` and `$`.
pub fn fits(pattern: &str, name: &str) -> bool {
    let begins = pattern.strip_prefix('^');
    let text = begins.unwrap_or(pattern);
    match (begins, text.strip_suffix('$')) {
        (Some(_), Some(whole)) => name == whole,
        (Some(begin), None) => name.starts_with(begin),
        (None, Some(end)) => name.ends_with(end),
        (None, None) => name.contains(text),
    }
}

/// A digest that is the same in every run.
pub fn digest(text: &str) -> String {
    let part = |number: u8| {
        let mut hasher = DefaultHasher::new();
        (number, text).hash(&mut hasher);
        hasher.finish()
    };
    (0..4).map(|number| format!("{:016x}", part(number))).collect()
}
