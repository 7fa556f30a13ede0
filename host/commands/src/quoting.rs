//! Kamal's quoting: how values become words of a shell line or lines of an environment file.
//!
//! The source is Ruby's `String#dump`, as Kamal 2.12 uses it: the tables in the tests were taken from a run of it.

/// A word that the shell takes literally, whatever it holds: single quotes unless it is plain.
pub fn literal(word: &str) -> String {
    if is_plain(word) { word.to_string() } else { single_quoted(word) }
}

/// Whether a word means the same to a shell with and without quotes.
pub fn is_plain(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    !word.is_empty() && word.chars().all(plain)
}

/// Whether a shell that splits a text into words runs nothing while it does: there is no operator, substitution, comment or open quote
/// in it, and no variable but by its plain name.
pub fn only_words(text: &str) -> bool {
    let mut chars = text.char_indices().peekable();
    let (mut quoted, mut begins) = (false, true);
    while let Some((at, c)) = chars.next() {
        let starts_word = std::mem::replace(&mut begins, !quoted && (c == ' ' || c == '\t'));
        match c {
            '\\' if !matches!(chars.next(), Some((_, escaped)) if escaped != '\n') => return false,
            '`' | '\0' => return false,
            '$' if !begins_variable(&text[at + 1..]) => return false,
            '"' => quoted = !quoted,
            '\'' if !quoted && !chars.any(|(_, c)| c == '\'') => return false,
            '#' if !quoted && starts_word => return false,
            ';' | '&' | '|' | '<' | '>' | '(' | ')' | '\n' | '\r' if !quoted => return false,
            _ => {}
        }
    }
    !quoted
}

/// Whether every `${` in a text is the beginning of `${NAME}`: a shell fills in the variable and does nothing else.
pub fn expands_names_only(text: &str) -> bool {
    text.match_indices("${").all(|(at, _)| begins_variable(&text[at + 1..]))
}

/// The word in single quotes.
pub fn single_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The word as Ruby's `Shellwords.escape` writes it: a backslash before everything that is not plain, so that `$` stays what it is
/// also where quotes do not count.
pub fn escaped(word: &str) -> String {
    let escape = |c: char| match c {
        '\n' => "'\n'".to_string(),
        c if c.is_ascii_alphanumeric() || "_-.,:+/@".contains(c) => c.to_string(),
        c => format!("\\{c}"),
    };
    if word.is_empty() { "''".to_string() } else { word.chars().map(escape).collect() }
}

/// A word in which the shell fills in variables, `$NAME` and `${NAME}`, and takes everything else literally.
pub fn expanding(word: &str) -> String {
    if literal(word) == word {
        return word.to_string();
    }
    let mut out = String::from("\"");
    for (position, c) in word.char_indices() {
        match c {
            '"' | '\\' | '`' => out.extend(['\\', c]),
            '$' if !begins_variable(&word[position + 1..]) => out.push_str("\\$"),
            c => out.push(c),
        }
    }
    out + "\""
}

/// Whether what follows a `$` is `NAME` or `{NAME}`.
fn begins_variable(rest: &str) -> bool {
    let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match rest.strip_prefix('{') {
        Some(rest) => {
            begins(rest)
                && rest
                    .split_once('}')
                    .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        }
        None => begins(rest),
    }
}

/// Kamal's shell value: double quotes, in which `${NAME}` is left for the host's shell and everything else is literal.
///
/// Runs of non-ASCII characters stand outside the quotes, as Ruby cannot dump them. An empty value gives nothing.
pub fn value(text: &str) -> String {
    let mut out = String::new();
    for (ascii, run) in runs(text) {
        if ascii {
            out.push('"');
            out.push_str(&protect_expansion(&dump(run)));
            out.push('"');
        } else {
            out.push_str(run);
        }
    }
    out
}

/// A secret's value as one line of a file for docker's `--env-file`.
pub fn environment_file_value(text: &str) -> String {
    runs(text)
        .map(|(ascii, run)| if ascii { dump(run).replace("\\\"", "\"").replace("\\#", "#") } else { run.to_string() })
        .collect()
}

/// `flag key="value"` for every pair; a pair without value is `flag key`.
pub fn argumentize<'a>(flag: &str, pairs: impl IntoIterator<Item = (&'a String, &'a Option<String>)>) -> Vec<String> {
    pairs.into_iter().map(|(key, text)| format!("{flag} {}", assignment(key, text.as_deref()))).collect()
}

/// `key="value"`, or the bare key when the value is blank.
pub fn assignment(key: &str, text: Option<&str>) -> String {
    match text {
        Some(text) if !text.trim().is_empty() => format!("{key}={}", value(text)),
        _ => key.to_string(),
    }
}

/// `--flag "value"` for every option; one without value is `--flag`.
pub fn optionize<'a>(options: impl IntoIterator<Item = &'a (String, Option<String>)>) -> Vec<String> {
    options
        .into_iter()
        .map(|(flag, text)| match text {
            Some(text) => format!("--{flag} {}", value(text)),
            None => format!("--{flag}"),
        })
        .collect()
}

/// `--flag="value"` for every option; one without value is `--flag`.
pub fn optionize_joined<'a>(options: impl IntoIterator<Item = &'a (String, Option<String>)>) -> Vec<String> {
    options
        .into_iter()
        .map(|(flag, text)| match text {
            Some(text) => format!("--{flag}={}", value(text)),
            None => format!("--{flag}"),
        })
        .collect()
}

/// Splits a text into runs of ASCII (`true`) and other characters (`false`).
fn runs(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let ascii = rest.chars().next()?.is_ascii();
        let end = rest.find(|c: char| c.is_ascii() != ascii).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        rest = tail;
        Some((ascii, run))
    })
}

/// Ruby's `String#dump` without the outer quotes.
fn dump(ascii: &str) -> String {
    let mut out = String::with_capacity(ascii.len() + 8);
    let mut chars = ascii.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0c' => out.push_str("\\f"),
            '\x0b' => out.push_str("\\v"),
            '\x08' => out.push_str("\\b"),
            '\x07' => out.push_str("\\a"),
            '\x1b' => out.push_str("\\e"),
            '#' if matches!(chars.peek(), Some('{' | '$' | '@')) => out.push_str("\\#"),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02X}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Escapes backticks, and every `$` that does not begin a closed `${…}`.
fn protect_expansion(dumped: &str) -> String {
    let mut out = String::with_capacity(dumped.len() + 4);
    for (position, c) in dumped.char_indices() {
        match c {
            '`' => out.push_str("\\`"),
            '$' if !begins_expansion(&dumped[position..]) => out.push_str("\\$"),
            c => out.push(c),
        }
    }
    out
}

fn begins_expansion(text: &str) -> bool {
    text.strip_prefix("${").is_some_and(|rest| rest.find('}').is_some_and(|end| end > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_words() {
        let check = |word: &str, expected: &str| assert_eq!(escaped(word), expected, "{word}");
        check("", "''");
        check("plain-1.0:x/y@z,+_", "plain-1.0:x/y@z,+_");
        check("{\"A\":\"b c$d=e\"}", "\\{\\\"A\\\":\\\"b\\ c\\$d\\=e\\\"\\}");
        check("a\nb\\é", "a'\n'b\\\\\\é");
    }

    #[test]
    fn values_are_quoted_as_kamal_quotes_them() {
        let check = |input: &str, expected: &str| assert_eq!(value(input), expected, "{input:?}");
        check("plain", r#""plain""#);
        check("a b", r#""a b""#);
        check("\"q\"", r#""\"q\"""#);
        check("it's", r#""it's""#);
        check("$X", r#""\$X""#);
        check("${X}", r#""${X}""#);
        check("${X", r#""\${X""#);
        check("$(x)", r#""\$(x)""#);
        check("`x`", r#""\`x\`""#);
        check("a\\b", r#""a\\b""#);
        check("n\nl", r#""n\nl""#);
        check("tab\t", r#""tab\t""#);
        check("é x", "é\" x\"");
        check("x é", "\"x \"é");
        check("!", r#""!""#);
        check("*", r#""*""#);
        check("#{a}", r##""\#{a}""##);
        check("#a", r##""#a""##);
        check("#$a", r##""\#\$a""##);
        check("#@a", r##""\#@a""##);
        check("\x1b", r#""\e""#);
        check("", "");
    }

    #[test]
    fn environment_files_are_written_as_docker_reads_them() {
        let check = |input: &str, expected: &str| assert_eq!(environment_file_value(input), expected, "{input:?}");
        check("plain", "plain");
        check("has \"quotes\"", "has \"quotes\"");
        check("line1\nline2", "line1\\nline2");
        check("back\\slash", "back\\\\slash");
        check("hash #x", "hash #x");
        check("tab\tx", "tab\\tx");
        check("dollar $x", "dollar $x");
        check("nul\0x", "nul\\x00x");
        check("\x1b[0m", "\\e[0m");
        check("é \"中文\"", "é \"中文\"");
        check("`bt`", "`bt`");
        check("#{x}", "#{x}");
        check("a\r\nb", "a\\r\\nb");
        check("", "");
    }

    #[test]
    fn literal_words_survive_the_shell() {
        assert_eq!(literal("v1.2-rc_3"), "v1.2-rc_3");
        assert_eq!(literal("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(literal(""), "''");
    }

    #[test]
    fn variables_of_a_word_are_filled_in_and_nothing_else() {
        assert_eq!(expanding("default"), "default");
        assert_eq!(expanding("default=$SSH_AUTH_SOCK"), "\"default=$SSH_AUTH_SOCK\"");
        assert_eq!(expanding("k=${HOME}/a b"), "\"k=${HOME}/a b\"");
        assert_eq!(expanding("$(id) `id` ${x:-$(id)} \"; id"), "\"\\$(id) \\`id\\` \\${x:-\\$(id)} \\\"; id\"");
    }

    #[test]
    fn words_are_told_from_what_a_shell_would_run() {
        let check = |text: &str, expected: bool| assert_eq!(only_words(text), expected, "{text:?}");
        for words in [
            "",
            "bin/rails server -b 0.0.0.0",
            "sh -c 'a; b'",
            "echo \"a;b|c\"",
            r"a\;b",
            "$HOME/x ${HOME}",
            "a#b",
            "\"a # b\"",
        ] {
            check(words, true);
        }
        for more in [
            "a;b", "a&", "a|b", "a>b", "a<b", "(a)", "`a`", "\"`a`\"", "$(a)", "\"$(a)\"", "${a:-b}", "a\nb", "a\\",
            "a\\\nb",
        ] {
            check(more, false);
        }
        for more in ["'a", "\"a", "# a", "a #b", "$'\\'' ; touch x; #'", "$\"a\"", "a\0"] {
            check(more, false);
        }
        assert!(expands_names_only("a ${HOME} $x {b}"));
        assert!(!expands_names_only("${HOME:=x}") && !expands_names_only("${x@P}") && !expands_names_only("${"));
    }

    #[test]
    fn blank_variables_come_from_the_hosts_environment() {
        assert_eq!(assignment("A", Some("x")), "A=\"x\"");
        assert_eq!(assignment("B", Some(" ")), "B");
        assert_eq!(assignment("C", None), "C");
    }
}
