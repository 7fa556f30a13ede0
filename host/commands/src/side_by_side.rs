//! Several lines at once in one shell, whose outputs are told apart afterwards: for questions that do not wait for each other.
//!
//! Every line writes into a pipe of its own, and the pipes are emptied one after the other. So nothing is mixed up, no file is written,
//! and none of them waits for another unless it writes more than a pipe holds.

use std::fmt::Write;

use crate::Command;
use crate::quoting::single_quoted;

/// How many lines run at once: a shell has file descriptors 3 to 9 to give away.
const LANES: usize = 7;

/// What stands before the number of a line that has ended: ASCII's record separator on a line of its own.
const MARK: &str = "\n\u{1e} ";

/// One command for all lines. Their standard errors are one; they read nothing and share no variables.
pub fn side_by_side(commands: &[Command]) -> Command {
    let lanes = commands.len().clamp(1, LANES);
    let mut line = String::new();
    for lane in 0..lanes {
        let asked: Vec<String> =
            (lane..commands.len()).step_by(lanes).map(|index| part(index, &commands[index])).collect();
        let _ = write!(line, "{{ {}; }} < /dev/null | {{ exec {}<&0; ", asked.join("; "), lane + 3);
    }
    let pipes: Vec<String> = (0..lanes).map(|lane| format!("cat <&{}", lane + 3)).collect();
    let _ = write!(line, "{}; {}", pipes.join("; "), "};".repeat(lanes).trim_end_matches(';'));
    Command::new(line)
}

fn part(index: usize, command: &Command) -> String {
    format!(r"( eval {} ); printf '\n\036 {index} %s\n' $?", single_quoted(&command.line))
}

/// The exit code and the output of each line, by its number; nothing for a line whose end was not told.
pub fn parts(output: &str, lines: usize) -> Vec<Option<(i32, String)>> {
    let mut parts = vec![None; lines];
    let mut rest = output;
    while let Some(end) = rest.find(MARK) {
        let text = &rest[..end];
        let (mark, after) = rest[end + MARK.len()..].split_once('\n').unwrap_or((&rest[end + MARK.len()..], ""));
        let numbers =
            mark.split_once(' ').and_then(|(index, exit)| Some((index.parse::<usize>().ok()?, exit.parse().ok()?)));
        if let Some((index, exit)) = numbers
            && let Some(part) = parts.get_mut(index)
        {
            *part = Some((exit, text.to_string()));
        }
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(shell: &str, lines: &[&str]) -> Vec<Option<(i32, String)>> {
        let commands: Vec<Command> = lines.iter().map(|line| Command::new(*line)).collect();
        let output =
            std::process::Command::new(shell).args(["-c", &side_by_side(&commands).line]).output().expect("a shell");
        assert_eq!(output.status.code(), Some(0), "{shell}");
        parts(&String::from_utf8(output.stdout).expect("UTF-8"), lines.len())
    }

    #[test]
    fn every_line_has_its_own_output_and_exit_code() {
        for shell in ["sh", "bash"] {
            let check = |lines: &[&str], expected: &[(i32, &str)]| {
                let expected: Vec<_> = expected.iter().map(|(exit, text)| Some((*exit, (*text).to_string()))).collect();
                assert_eq!(asked(shell, lines), expected, "{shell} {lines:?}");
            };
            check(&["echo one"], &[(0, "one\n")]);
            check(
                &["echo one; echo two", "printf open", "cat", "false"],
                &[(0, "one\ntwo\n"), (0, "open"), (0, ""), (1, "")],
            );
            check(&["a=1; exit 3", "echo \"it's $a\"", "echo 'open"], &[(3, ""), (0, "it's \n"), (2, "")]);
            let many: Vec<String> = (0..20).map(|number| format!("echo {number}")).collect();
            let lines: Vec<&str> = many.iter().map(String::as_str).collect();
            let outputs: Vec<String> = (0..20).map(|number| format!("{number}\n")).collect();
            check(&lines, &outputs.iter().map(|text| (0, text.as_str())).collect::<Vec<_>>());
            // More than a pipe holds, in every lane.
            let long = ["head -c 200000 /dev/zero | tr '\\0' x"; 7];
            let text = "x".repeat(200_000);
            check(&long, &long.map(|_| (0, text.as_str())));
        }
    }

    #[test]
    fn a_line_whose_end_is_missing_has_no_part() {
        assert_eq!(parts("one\n\n\u{1e} 0 0\ntw", 2), [Some((0, "one\n".to_string())), None]);
        assert_eq!(parts("", 1), [None]);
        assert_eq!(parts("\n\u{1e} 9 0\n\n\u{1e} x\n", 1), [None]);
    }
}
