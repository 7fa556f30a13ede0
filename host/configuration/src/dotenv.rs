//! The grammar of a secrets file: that of the Ruby library dotenv 3.2, as Kamal uses it.
//!
//! Not a shell: `#` begins a comment even without a blank before it, `\n` stays two characters, an unset variable is empty and a
//! failing command gives nothing. Values of the file win over those of the environment.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use regex_lite::{Captures, Regex};

use crate::error::ConfigurationError;
use crate::load::Source;
use crate::node::{Origin, inspect_string};

/// One assignment. An unquoted value ends at `#` or at the end of the line, a quoted one may span lines.
const LINE: &str = concat!(
    r"(?m)^\s*(?P<export>export\s+)?(?P<key>[\w.]+)",
    r"(?:(?:\s*=\s*?|:\s+?)",
    r#"(?P<value>\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|[^#\n]+)?)?"#,
    r"\s*(?:#.*)?$",
);

/// A command in a secrets file: `$(…)`, with its variables replaced. It may hold the values of secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SecretCommand<'a> {
    /// A line for a shell.
    Shell(&'a str),
    /// `kamal secrets …` or `sextant secrets …`, which runs inside the program: its words are split as Ruby's Shellwords does.
    Own(&'a str),
}

/// Runs a command of a secrets file and gives what it printed, or nothing if commands are not to run now.
pub type Run<'r> = dyn FnMut(SecretCommand<'_>) -> Result<Option<String>, ConfigurationError> + 'r;

/// Reads a file. A name has no value if that would have taken a command which was not to run.
///
/// # Errors
/// For an `export` without value, and whatever `run` fails with. No value is in the error.
pub(crate) fn parse(
    source: &Source,
    environment: &BTreeMap<String, String>,
    run: &mut Run<'_>,
) -> Result<IndexMap<String, Option<String>>, ConfigurationError> {
    let line = Regex::new(LINE).expect("the pattern is fixed");
    let text = source.text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader { environment, values: IndexMap::new(), run, omitted: false };
    let mut found_values: IndexMap<String, Option<String>> = IndexMap::new();
    for found in line.captures_iter(&text) {
        let key = &found["key"];
        if found.name("export").is_some() && found.name("value").is_none() {
            if !reader.values.contains_key(key) {
                return Err(unset(&found, &origin(source, &text, &found)));
            }
            continue;
        }
        let written = found.name("value").map_or("", |value| value.as_str());
        let value = reader.value(written).map_err(|error| asked_for(error, &origin(source, &text, &found)))?;
        // What stands after a command that was not run may have needed what it prints.
        let is_known = !(reader.omitted && written.contains('$'));
        found_values.insert(key.to_owned(), is_known.then(|| value.clone()));
        reader.values.insert(key.to_owned(), value);
    }
    Ok(found_values)
}

struct Reader<'r, 'e> {
    environment: &'r BTreeMap<String, String>,
    values: IndexMap<String, String>,
    run: &'r mut Run<'e>,
    /// Whether a command was not run.
    omitted: bool,
}

impl Reader<'_, '_> {
    fn value(&mut self, written: &str) -> Result<String, ConfigurationError> {
        let trimmed = written.trim_matches(|letter: char| letter.is_ascii_whitespace() || letter == '\0');
        let (quote, value) = unquote(trimmed);
        if quote == Some('\'') {
            return Ok(value.to_owned());
        }
        let expanded = if quote == Some('"') { self.line_breaks(value) } else { value.to_owned() };
        let replaced = self.commands(&unescape(&expanded))?;
        Ok(self.variables(&replaced))
    }

    /// In double quotes `\n` and `\r` stay as they are written, unless the old mode is asked for.
    fn line_breaks(&self, value: &str) -> String {
        if self.lookup("DOTENV_LINEBREAK_MODE") == "legacy" {
            value.replace("\\n", "\n").replace("\\r", "\r")
        } else {
            value.replace("\\n", "\\\\n").replace("\\r", "\\\\r")
        }
    }

    /// Replaces `$(…)` by what the command prints; `\$(…)` loses its backslash only.
    fn commands(&mut self, value: &str) -> Result<String, ConfigurationError> {
        let mut replaced = String::new();
        let mut rest = value;
        while let Some(dollar) = rest.find('$') {
            let Some(length) = command_length(&rest[dollar + 1..]) else {
                replaced.push_str(&rest[..=dollar]);
                rest = &rest[dollar + 1..];
                continue;
            };
            let end = dollar + 1 + length;
            if rest[..dollar].ends_with('\\') {
                replaced.push_str(&rest[..dollar - 1]);
                replaced.push_str(&rest[dollar..end]);
            } else {
                replaced.push_str(&rest[..dollar]);
                let command = self.variables(&rest[dollar + 2..end - 1]);
                let own = is_own_command(&command);
                let command = if own { SecretCommand::Own(&command) } else { SecretCommand::Shell(&command) };
                match (self.run)(command)? {
                    Some(printed) => replaced.push_str(without_line_break(&printed)),
                    None => self.omitted = true,
                }
            }
            rest = &rest[end..];
        }
        replaced.push_str(rest);
        Ok(replaced)
    }

    /// Replaces `$NAME` and `${NAME}`; a closing brace is taken along even where none was opened, as dotenv does.
    fn variables(&self, value: &str) -> String {
        let mut replaced = String::new();
        let mut rest = value;
        while let Some(dollar) = rest.find('$') {
            let after = &rest[dollar + 1..];
            let is_escaped = rest[..dollar].ends_with('\\');
            if after.starts_with('(') {
                replaced.push_str(&rest[..=dollar]);
                rest = after;
                continue;
            }
            let opened = after.strip_prefix('{').unwrap_or(after);
            let end =
                opened.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(opened.len());
            let (name, behind) = opened.split_at(end);
            let behind = behind.strip_prefix('}').unwrap_or(behind);
            let matched = &rest[dollar..rest.len() - behind.len()];
            if is_escaped {
                replaced.push_str(&rest[..dollar - 1]);
                replaced.push_str(matched);
            } else {
                replaced.push_str(&rest[..dollar]);
                replaced.push_str(if name.is_empty() { matched } else { self.lookup(name) });
            }
            rest = behind;
        }
        replaced.push_str(rest);
        replaced
    }

    fn lookup(&self, name: &str) -> &str {
        self.values.get(name).or_else(|| self.environment.get(name)).map_or("", String::as_str)
    }
}

/// Takes a pair of quotes off.
fn unquote(value: &str) -> (Option<char>, &str) {
    for quote in ['\'', '"'] {
        if let Some(inside) = value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote)) {
            return (Some(quote), inside);
        }
    }
    (None, value)
}

/// Drops the backslash before anything but `$`.
fn unescape(value: &str) -> String {
    let mut plain = String::new();
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(next) if letter == '\\' && *next != '$' => plain.extend(letters.next()),
            _ => plain.push(letter),
        }
    }
    plain
}

/// How long the parentheses at the start of `text` are, both included; nothing if they do not close or hold nothing. Escaped
/// parentheses do not count.
fn command_length(text: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    let mut just_opened = false;
    let mut depth = 0_usize;
    while let Some((index, letter)) = letters.next() {
        match letter {
            '(' => depth += 1,
            _ if depth == 0 => return None,
            ')' if just_opened => return None,
            ')' if depth == 1 => return Some(index + 1),
            ')' => depth -= 1,
            '\\' => {
                letters.next().filter(|(_, escaped)| *escaped != '\n')?;
            }
            _ => {}
        }
        just_opened = letter == '(';
    }
    None
}

/// `kamal secrets …` runs inside the program, so it is never handed to a shell.
fn is_own_command(command: &str) -> bool {
    let program = command.trim_start();
    let after = program.strip_prefix("kamal").or_else(|| program.strip_prefix("sextant"));
    let subcommand = after.and_then(|after| after.trim_start().strip_prefix("secrets"));
    subcommand.is_some_and(|after| after.starts_with(|letter: char| letter.is_ascii_whitespace()))
}

fn without_line_break(printed: &str) -> &str {
    let printed = printed.strip_suffix('\n').unwrap_or(printed);
    printed.strip_suffix('\r').unwrap_or(printed)
}

fn origin(source: &Source, text: &str, found: &Captures<'_>) -> Origin {
    let (start, length) = found.name("key").map_or((0, 1), |key| (key.start(), key.as_str().chars().count()));
    let before = &text[..start];
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    Origin { file: source.path.as_str().into(), line: before.matches('\n').count() + 1, column, length }
}

fn unset(found: &Captures<'_>, origin: &Origin) -> ConfigurationError {
    let line = format!("export {}", &found["key"]);
    ConfigurationError::format(format!("Line {} has an unset variable", inspect_string(&line)))
        .at(origin)
        .with_hint(format!("{} line {}: give it a value here, as in {line}=value", origin.file, origin.line))
}

/// The error of a command, with the place that it stands at.
fn asked_for(error: ConfigurationError, origin: &Origin) -> ConfigurationError {
    let place = format!("{} line {} asked for it", origin.file, origin.line);
    let hint = error.hint.as_ref().map_or_else(|| place.clone(), |hint| format!("{hint} ({place})"));
    error.at(origin).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<IndexMap<String, String>, ConfigurationError> {
        let environment = BTreeMap::from([("OUTER".to_owned(), "outer-val".to_owned())]);
        let source = Source { path: ".kamal/secrets".to_owned(), text: text.to_owned() };
        let mut run = |command: SecretCommand<'_>| {
            let (command, own) = match command {
                SecretCommand::Shell(command) => (command, ""),
                SecretCommand::Own(command) => (command, "own: "),
            };
            Ok(Some(match command.strip_prefix("echo ") {
                Some(words) => format!("{words}\n"),
                None if command == "false" => String::new(),
                None if command.contains("wrong") => return Err(ConfigurationError::runtime("it is locked")),
                None => format!("<{own}{command}>"),
            }))
        };
        let values = parse(&source, &environment, &mut run)?;
        Ok(values.into_iter().map(|(name, value)| (name, value.expect("every command ran"))).collect())
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let values = parse_text(text).unwrap();
        let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(values, expected, "{text}");
    }

    #[test]
    fn recorded_table() {
        check("A=plain\n", &[("A", "plain")]);
        check("B=has space\n", &[("B", "has space")]);
        check("C='single $OUTER \\n x'\n", &[("C", "single $OUTER \\n x")]);
        check("D=\"double $OUTER \\n tab\\t q\\\" end\"\n", &[("D", "double outer-val \\n tabt q\" end")]);
        check("E=$OUTER\n", &[("E", "outer-val")]);
        check("F=${OUTER}suffix\n", &[("F", "outer-valsuffix")]);
        check("G=$(echo cmd)\n", &[("G", "cmd")]);
        check("H=\"$(echo in quotes)\"\n", &[("H", "in quotes")]);
        check("I=\\$OUTER\n", &[("I", "$OUTER")]);
        check("J=\\$(echo no)\n", &[("J", "$(echo no)")]);
        check("K=value # comment\n", &[("K", "value")]);
        check("L=\"value # notcomment\"\n", &[("L", "value # notcomment")]);
        check("M=val#ue\n", &[("M", "val")]);
        check("export N=exported\n", &[("N", "exported")]);
        check("O=\nP: yaml style\n", &[("O", ""), ("P", "yaml style")]);
        check("Q=a=b=c\n", &[("Q", "a=b=c")]);
        check("R=$OUTER # x\n", &[("R", "outer-val")]);
        check("T=l1\\nl2\\n\n", &[("T", "l1nl2n")]);
        check("U=\"multi\nline\"\n", &[("U", "multi\nline")]);
        check("  V = spaced  \n", &[("V", "spaced")]);
        check("A=plain\nB=has space\nW=$A-$B\n", &[("A", "plain"), ("B", "has space"), ("W", "plain-has space")]);
        check("X=\"esc \\\\ back\"\n", &[("X", "esc \\ back")]);
        check("Y=un\\ escaped\n", &[("Y", "un escaped")]);
        check("Z=v al\nAA=\"\"\n", &[("Z", "v al"), ("AA", "")]);
        check("AB=a\"b\"c\n", &[("AB", "a\"b\"c")]);
        check("AC=`echo bt`\n", &[("AC", "`echo bt`")]);
        check("AD=1.5\na.b=dot\n", &[("AD", "1.5"), ("a.b", "dot")]);
        check("AE=\"cost \\$5\"\n", &[("AE", "cost $5")]);
        check("AF='it\\'s'\n", &[("AF", "it\\'s")]);
    }

    #[test]
    fn lines_that_are_not_assignments() {
        check("# comment\n\nnot-a-key=x\nA=1\r\nB=2", &[("A", "1"), ("B", "2")]);
        check("A=1\nexport A\n", &[("A", "1")]);
        check("BARE\n", &[("BARE", "")]);
        check("A=1\nA=2\n", &[("A", "2")]);
    }

    #[test]
    fn variables() {
        check("A=$MISSING-x\n", &[("A", "-x")]);
        check("A=1\nB=${A}${A}\nOUTER=mine\nC=$OUTER\n", &[("A", "1"), ("B", "11"), ("OUTER", "mine"), ("C", "mine")]);
        check("A=${OUTER:-$(cat k)}\n", &[("A", "outer-val:-<cat k>}")]);
        check("A=${X:-$(cat k)}\n", &[("A", ":-<cat k>}")]);
        check("A=$ $- ${} x\n", &[("A", "$ $- ${} x")]);
    }

    #[test]
    fn commands() {
        check("A=$(echo (a) b)\n", &[("A", "(a) b")]);
        check("A=1\nB=$(echo $A $MISSING.)\n", &[("A", "1"), ("B", "1 .")]);
        check("A=x$(false)y\n", &[("A", "xy")]);
        check("A=$(printf 'a\\nb')\n", &[("A", "<printf 'anb'>")]);
        check("A=$(echo one \\\n two)\n", &[("A", "$(echo one \\")]);
        check("A=$()$(open\n", &[("A", "$()$(open")]);
        check("A=$(echo \"x\" | cut -d x)\n", &[("A", "\"x\" | cut -d x")]);
        check("A=$(echo $OUTER)$(echo b)\n", &[("A", "outer-valb")]);
        check("A=$(echo \\$OUTER)\n", &[("A", "outer-val")]);
        check("A=$(bundle exec kamal secrets print)\n", &[("A", "<bundle exec kamal secrets print>")]);
    }

    #[test]
    fn legacy_line_breaks() {
        check("DOTENV_LINEBREAK_MODE=legacy\nA=\"a\\nb\"\n", &[("DOTENV_LINEBREAK_MODE", "legacy"), ("A", "a\nb")]);
    }

    #[test]
    fn errors_name_the_line_and_no_value() {
        let error = parse_text("A=1\nexport B\n").unwrap_err();
        assert_eq!(error.message, "Line \"export B\" has an unset variable");
        assert_eq!(error.origin.unwrap().line, 2);
        assert_eq!(error.hint.unwrap(), ".kamal/secrets line 2: give it a value here, as in export B=value");
        let error = parse_text("P=hunter2\nA=$(kamal secrets wrong $P)\n").unwrap_err();
        assert_eq!(error.message, "it is locked");
        assert_eq!(error.hint.unwrap(), ".kamal/secrets line 2 asked for it");
    }

    #[test]
    fn commands_of_our_own() {
        check("A=$(kamal secrets fetch x)\n", &[("A", "<own: kamal secrets fetch x>")]);
        check("A=\"$( sextant  secrets print )\"\n", &[("A", "<own:  sextant  secrets print >")]);
        check("A=1\nB=$(kamal secrets extract X $A)\n", &[("A", "1"), ("B", "<own: kamal secrets extract X 1>")]);
        check("A=$(kamal secretsprint)\n", &[("A", "<kamal secretsprint>")]);
        check("A=$(kamalx secrets print)\n", &[("A", "<kamalx secrets print>")]);
        check("A=$(sextant deploy)\n", &[("A", "<sextant deploy>")]);
        check("A='$(kamal secrets print)'\n", &[("A", "$(kamal secrets print)")]);
    }

    #[test]
    fn values_that_take_a_command_are_unknown_until_it_runs() {
        let text = "A=1\nB=$A\nC=$(x)\nD='$C'\nE=$C\nF=2\nG=$A\nC=3\n";
        let source = Source { path: ".kamal/secrets".to_owned(), text: text.to_owned() };
        let values = parse(&source, &BTreeMap::new(), &mut |_| Ok(None)).unwrap();
        let known: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let expected = [
            ("A", Some("1")),
            ("B", Some("1")),
            ("C", Some("3")),
            ("D", None),
            ("E", None),
            ("F", Some("2")),
            ("G", None),
        ];
        assert_eq!(known, expected);
    }

    #[test]
    fn files_of_other_systems() {
        check("", &[]);
        check("\n# only a comment", &[]);
        check("A=1\r\nB=\"x\r\ny\"\r\n", &[("A", "1"), ("B", "x\ny")]);
        check("A=1\rB=2\r", &[("A", "1"), ("B", "2")]);
        check("A=ä€\nB=last", &[("A", "ä€"), ("B", "last")]);
    }
}
