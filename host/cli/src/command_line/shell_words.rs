//! Splits a line into words as Ruby's `Shellwords` does: quotes and backslashes, nothing else of a shell.

/// The words of a line; nothing when a quote is not closed.
pub fn shell_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match letter {
            '\'' => loop {
                match letters.next()? {
                    '\'' => break,
                    other => word.push(other),
                }
            },
            '"' => loop {
                match letters.next()? {
                    '"' => break,
                    '\\' => match letters.next()? {
                        '\n' => {}
                        escaped if "$`\"\\".contains(escaped) => word.push(escaped),
                        other => word.extend(['\\', other]),
                    },
                    other => word.push(other),
                }
            },
            '\\' => match letters.next() {
                Some('\n') => {}
                Some(escaped) => word.push(escaped),
                None => word.push('\\'),
            },
            other => word.push(other),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_line() {
        let check = |line: &str, expected: &[&str]| assert_eq!(shell_words(line).unwrap(), expected, "{line}");
        check(
            "app exec --interactive --reuse \"bin/rails console\"",
            &["app", "exec", "--interactive", "--reuse", "bin/rails console"],
        );
        check("  a  b\tc ", &["a", "b", "c"]);
        check("a'b c'd \"e f\"g", &["ab cd", "e fg"]);
        check("'' \"\"", &["", ""]);
        check(r#""a \"b\" \$c \d" \ e \\"#, &["a \"b\" $c \\d", " e", "\\"]);
        check("echo $HOME | cat && ls *", &["echo", "$HOME", "|", "cat", "&&", "ls", "*"]);
        assert_eq!(shell_words("a 'b"), None);
        assert_eq!(shell_words("a \"b"), None);
    }
}
