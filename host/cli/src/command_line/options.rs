//! Options among the words of a command line, as Kamal's users type them: anywhere, in either spelling, bundled, negated.

use clap::{Arg, ArgAction, Command};

use super::Misuse;

/// What a command line gives to a subcommand.
#[derive(Debug, Default)]
pub struct Given {
    /// Options by their name on the command line, with what they are set to, in the order of their first appearance.
    options: Vec<(String, Setting)>,
    /// Everything else. Options that the subcommand does not have are among it: they may be meant for a command of the user's own.
    pub rest: Vec<String>,
    /// Whether help is asked for.
    pub help: bool,
}

#[derive(Debug)]
enum Setting {
    /// There, or not there after all.
    Switch(bool),
    /// Values, one for each time that clap is to hear the option.
    Values(Vec<String>),
}

/// How an option takes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// None: it is there or not.
    Switch,
    /// `true` or `false`; none means `true`.
    Truth,
    /// One; the last one counts.
    Text,
    /// One each time.
    Repeated,
    /// Every word up to the next option.
    List,
    /// Every following word that is a pair with a colon. Such an option says so in the name of its value: `NAME:VALUE`.
    Pairs,
}

impl Given {
    /// The values of an option.
    pub fn values(&self, name: &str) -> Option<&[String]> {
        match self.options.iter().find(|(own, _)| own.trim_start_matches('-') == name)? {
            (_, Setting::Values(values)) => Some(values),
            (_, Setting::Switch(_)) => None,
        }
    }

    /// Whether an option without value is there.
    pub fn has(&self, name: &str) -> bool {
        let own = self.options.iter().find(|(own, _)| own.trim_start_matches('-') == name);
        matches!(own, Some((_, Setting::Switch(true))))
    }

    /// The words for clap.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (name, setting) in &self.options {
            match setting {
                Setting::Switch(true) => words.push(name.clone()),
                Setting::Switch(false) => {}
                Setting::Values(values) => words.extend(values.iter().map(|value| format!("{name}={value}"))),
            }
        }
        if !self.rest.is_empty() {
            words.push("--".to_string());
            words.extend(self.rest.clone());
        }
        words
    }

    fn set(&mut self, argument: &Arg, kind: Kind, values: Vec<String>) {
        match self.setting(argument) {
            Some(Setting::Values(own)) if matches!(kind, Kind::Repeated | Kind::List | Kind::Pairs) => {
                own.extend(values)
            }
            Some(own) => *own = Setting::Values(values),
            None => self.options.push((name_of(argument), Setting::Values(values))),
        }
    }

    fn switch(&mut self, argument: &Arg, on: bool) {
        match self.setting(argument) {
            Some(own) => *own = Setting::Switch(on),
            None => self.options.push((name_of(argument), Setting::Switch(on))),
        }
    }

    fn setting(&mut self, argument: &Arg) -> Option<&mut Setting> {
        let name = name_of(argument);
        self.options.iter_mut().find(|(own, _)| *own == name).map(|(_, setting)| setting)
    }
}

/// Reads the words after a subcommand's name.
pub fn given(command: &Command, words: &[String]) -> Result<Given, Misuse> {
    let mut given = Given::default();
    let mut pile: Vec<String> = words.iter().rev().cloned().collect();
    while let Some(word) = pile.pop() {
        if word == "--" {
            given.rest.extend(pile.into_iter().rev());
            break;
        }
        match Switch::read(command, &word) {
            None => given.rest.push(word),
            Some(Switch::Bundle(letters)) => pile.extend(letters.into_iter().rev()),
            Some(Switch::One { argument, .. }) if matches!(argument.get_action(), ArgAction::Help) => given.help = true,
            Some(Switch::One { argument, negated, value }) => take(&mut given, &mut pile, argument, negated, value)?,
        }
    }
    Ok(given)
}

/// The position of the first word that is neither an option of the command nor the value of one.
pub fn first_word(command: &Command, words: &[String]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| *word != "--") {
        at += match Switch::read(command, word) {
            Some(Switch::One { argument, value: None, .. }) if kind(argument) == Kind::Text => 2,
            Some(Switch::One { argument, value: None, .. }) if kind(argument) == Kind::Repeated => 2,
            Some(_) => 1,
            None if word.starts_with('-') => 1,
            None => return Some(at),
        };
    }
    None
}

/// The names of options that are needed and not given.
pub fn missing(command: &Command, given: &Given) -> Vec<String> {
    let needed = command.get_opts().filter(|argument| argument.is_required_set()).map(name_of);
    needed.filter(|name| !given.options.iter().any(|(own, _)| own == name)).collect()
}

/// The option that is most like a word.
pub fn nearest(command: &Command, word: &str) -> Option<String> {
    let word = word.trim_start_matches('-').replace('_', "-");
    let word = word.split('=').next().unwrap_or_default();
    let names: Vec<&str> = command.get_arguments().filter_map(Arg::get_long).collect();
    configuration::nearest(word, names.into_iter()).map(|name| format!("--{name}"))
}

/// Sets one option, with its values from the pile.
fn take(
    given: &mut Given,
    pile: &mut Vec<String>,
    argument: &Arg,
    negated: bool,
    value: Option<String>,
) -> Result<(), Misuse> {
    let name = name_of(argument);
    let kind = kind(argument);
    if let Kind::Switch | Kind::Truth = kind {
        let on = match value.as_deref() {
            None => !negated,
            Some("true" | "TRUE" | "t" | "T") => !negated,
            Some("false" | "FALSE" | "f" | "F") => negated,
            Some(other) => {
                let text = format!("{name} is either there or not, `{other}` is neither");
                return Err(Misuse { text, hint: format!("leave `={other}` out") });
            }
        };
        match kind {
            Kind::Switch => given.switch(argument, on),
            _ => given.set(argument, kind, vec![on.to_string()]),
        }
        return Ok(());
    }
    if negated {
        given.options.retain(|(own, _)| *own != name);
        return Ok(());
    }
    let hyphens = argument.is_allow_hyphen_values_set();
    let is_value = |word: &String| word != "--" && (hyphens || !looks_like_option(word));
    let mut values: Vec<String> = value.into_iter().collect();
    let more = |values: &Vec<String>, next: &String| match kind {
        Kind::List => is_value(next),
        Kind::Pairs => is_value(next) && next.contains(':'),
        _ => values.is_empty() && is_value(next),
    };
    while let Some(next) = pile.pop_if(|next| more(&values, next)) {
        values.push(next);
    }
    if values.is_empty() {
        let like =
            if kind == Kind::Pairs { format!("{name} {}", value_name(argument)) } else { format!("{name}=VALUE") };
        let text = format!("No value provided for option '{name}'");
        let help = if argument.get_short() == Some('h') { "; --help shows help" } else { "" };
        return Err(Misuse { text, hint: format!("write it as {like}{help}") });
    }
    given.set(argument, kind, values);
    Ok(())
}

/// A word that is an option of a command.
enum Switch<'a> {
    /// Several letters behind one dash, as words of their own.
    Bundle(Vec<String>),
    /// One option, perhaps with its value behind `=`.
    One { argument: &'a Arg, negated: bool, value: Option<String> },
}

impl<'a> Switch<'a> {
    fn read(command: &'a Command, word: &str) -> Option<Self> {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (long, None),
            };
            let name = name.replace('_', "-");
            if let Some(argument) = by_name(command, &name) {
                return Some(Self::One { argument, negated: false, value });
            }
            let positive = name.strip_prefix("no-").or_else(|| name.strip_prefix("skip-"))?;
            return Some(Self::One { argument: by_name(command, positive)?, negated: true, value });
        }
        let letters: Vec<char> = word.strip_prefix('-')?.chars().collect();
        let (first, rest) = letters.split_first()?;
        let by_letter = |letter: char| command.get_arguments().find(|argument| has_letter(argument, letter));
        let one = |value: Option<String>| {
            let argument = by_letter(*first)?;
            Some(Self::One { argument, negated: false, value })
        };
        match rest {
            [] => one(None),
            ['=', value @ ..] => one(Some(value.iter().collect())),
            [digit, ..] if digit.is_ascii_digit() => one(Some(rest.iter().collect())),
            _ if letters.iter().all(char::is_ascii_alphabetic) => {
                if by_letter(*first).is_some_and(|argument| matches!(kind(argument), Kind::Text | Kind::Repeated)) {
                    return one(Some(rest.iter().collect()));
                }
                // A letter that is known makes a bundle of all: that is how `ls -la` stays whole.
                let known = letters.iter().any(|letter| by_letter(*letter).is_some());
                let separate = |position: usize| -> Vec<String> {
                    let (apart, value) = letters.split_at(position);
                    let apart = apart.iter().map(|letter| format!("-{letter}"));
                    apart.chain((!value.is_empty()).then(|| format!("-{}", value.iter().collect::<String>()))).collect()
                };
                let takes_value = |letter: &char| {
                    by_letter(*letter).is_some_and(|argument| matches!(kind(argument), Kind::Text | Kind::Repeated))
                };
                let end = letters.iter().position(takes_value).unwrap_or(letters.len());
                known.then(|| Self::Bundle(separate(end)))
            }
            _ => None,
        }
    }
}

fn by_name<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let has_name = |argument: &&Arg| {
        argument.get_long() == Some(name) || argument.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
    };
    command.get_arguments().find(has_name)
}

fn has_letter(argument: &Arg, letter: char) -> bool {
    argument.get_short() == Some(letter)
        || argument.get_all_short_aliases().is_some_and(|letters| letters.contains(&letter))
}

fn kind(argument: &Arg) -> Kind {
    let most = argument.get_num_args().map_or(1, |range| range.max_values());
    if !argument.get_action().takes_values() || most == 0 {
        return Kind::Switch;
    }
    let values = argument.get_possible_values();
    if values.len() == 2 && values.iter().all(|value| ["true", "false"].contains(&value.get_name())) {
        return Kind::Truth;
    }
    match argument.get_action() {
        ArgAction::Append if value_name(argument).contains(':') => Kind::Pairs,
        _ if most > 1 => Kind::List,
        ArgAction::Append if argument.get_value_delimiter().is_none() => Kind::Repeated,
        _ => Kind::Text,
    }
}

fn value_name(argument: &Arg) -> &str {
    argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str())
}

/// `--name`, or `-n` where an option has no name.
fn name_of(argument: &Arg) -> String {
    match (argument.get_long(), argument.get_short()) {
        (Some(name), _) => format!("--{name}"),
        (None, Some(letter)) => format!("-{letter}"),
        (None, None) => argument.get_id().to_string(),
    }
}

/// Whether a word has the form of an option, so that it is no value: `-x`, `-xyz`, `-n5`, `--name`, `--name=value`.
fn looks_like_option(word: &str) -> bool {
    let is_name = |name: &str| {
        name.split('-')
            .all(|part| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_'))
    };
    if let Some(long) = word.strip_prefix("--") {
        return is_name(long.split('=').next().unwrap_or_default());
    }
    let Some(letters) = word.strip_prefix('-') else { return false };
    let mut rest = letters.chars();
    let first = rest.next().is_some_and(|letter| letter.is_ascii_alphabetic());
    let rest = rest.as_str();
    first
        && (rest.is_empty()
            || rest.starts_with('=')
            || rest.chars().all(|letter| letter.is_ascii_alphabetic())
            || rest.parse::<f64>().is_ok())
}
