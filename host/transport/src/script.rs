//! One POSIX shell script out of a batch of commands.
//!
//! The script reaches the shell over its standard input, so neither a line nor a value of it ever stands in a process's arguments.
//! Around every command it prints marks on both outputs; only this module and [`crate::marks`] know what they look like. The marks
//! carry a number nobody can guess, and it stands in the script as text rather than in a variable, so a command can neither print
//! one by chance nor look it up.
//!
//! What is known of the shells (dash, bash, busybox): a trap waits for the command in the foreground; a subshell forgets traps;
//! `eval` of a line with a syntax error ends only the subshell around it; `printf`, `eval`, `export` and `kill` are builtins.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};

use commands::quoting::single_quoted;
use secrecy::{ExposeSecret, SecretString};

use crate::OnFailure;
use crate::secrets::Resolved;

/// The number in a batch's marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nonce(pub String);

impl Nonce {
    /// A new one: 128 bits from the system's randomness, by way of the hasher that guards maps against chosen keys.
    pub fn random() -> Self {
        let half = || RandomState::new().hash_one("mark");
        Self(format!("{:016x}{:016x}", half(), half()))
    }
}

/// A command of a batch.
pub(crate) struct Part {
    pub command: Resolved,
    pub on_failure: OnFailure,
    /// Whether the commands after it run in any case once it has ended well: nobody halts them, and nobody needs to listen.
    pub is_point_of_no_return: bool,
}

/// The script that runs the commands in order. The shell it is meant for is `/bin/sh -s`.
pub(crate) fn script(nonce: &Nonce, parts: &[Part]) -> SecretString {
    let mut script = String::from("sextant_halt=; trap 'sextant_halt=1' TERM\n");
    let mut may_halt = true;
    for (index, Part { command, on_failure, is_point_of_no_return }) in parts.iter().enumerate() {
        let halted = mark(nonce, "halted", "");
        let begun = mark(nonce, &format!("begun {index}"), "$$");
        let ended = mark(nonce, &format!("ended {index}"), "$sextant_exit");
        let stop = match on_failure {
            OnFailure::Stop => "[ $sextant_exit -eq 0 ] || exit\n",
            OnFailure::Continue => "",
        };
        if may_halt {
            let _ = writeln!(script, "[ -z \"$sextant_halt\" ] || {{ {halted}; exit; }}");
        }
        if *is_point_of_no_return {
            // Whoever listened may be gone when it ends: its marks go nowhere then, and that ends nothing.
            script.push_str("trap '' PIPE\n");
            may_halt = false;
        }
        let run = in_subshell(command);
        let _ = write!(script, "{begun}\n{run}\nsextant_exit=$?\n{ended}\n{stop}");
    }
    SecretString::from(script)
}

/// Prints one mark on both outputs. It is a line of its own, though the command may have left the line before it open.
fn mark(nonce: &Nonce, what: &str, word: &str) -> String {
    let print = format!(r"printf '\036{} {what} %s\n' {}", nonce.0, if word.is_empty() { "-" } else { word });
    format!("{print}; {print} >&2")
}

/// The line with its variables and its input, where nothing it does can reach the commands after it.
fn in_subshell(task: &Resolved) -> String {
    let mut body = String::from("(\n");
    for (name, value) in &task.variables {
        let _ = writeln!(body, "{name}={}; export {name}", single_quoted(value.expose_secret()));
    }
    let _ = write!(body, "eval {}\n)", single_quoted(&task.line));
    match &task.input {
        None => format!("{body} </dev/null"),
        Some(text) => format!("{} | {body}", printed(text.expose_secret())),
    }
}

/// A builtin that writes exactly these bytes: unlike a here-document it adds no newline and, under bash, no temporary file.
fn printed(content: &[u8]) -> String {
    let mut format = String::new();
    let mut words = Vec::new();
    for chunk in content.utf8_chunks() {
        for (index, text) in chunk.valid().split('\0').enumerate() {
            format.push_str(if index == 0 { "%s" } else { r"\000%s" });
            words.push(single_quoted(text));
        }
        for byte in chunk.invalid() {
            let _ = write!(format, r"\{byte:03o}");
        }
    }
    format!("printf '{format}' {}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;
    use expect_test::expect;
    use secrecy::SecretSlice;

    fn input(bytes: &[u8]) -> Option<SecretSlice<u8>> {
        Some(SecretSlice::from(bytes.to_vec()))
    }

    fn part(command: Resolved, on_failure: OnFailure) -> Part {
        Part { command, on_failure, is_point_of_no_return: false }
    }

    #[test]
    fn a_batch_becomes_one_script() {
        let tasks = [
            part(Resolved { line: "docker ps -q".into(), input: None, variables: vec![] }, OnFailure::Continue),
            part(
                Resolved {
                    line: "cat > 'a b'".into(),
                    input: input(b"it's\0 $HOME\n"),
                    variables: vec![("KAMAL_HOST".into(), "1.2.3.4".into())],
                },
                OnFailure::Stop,
            ),
        ];
        expect![[r#"
            sextant_halt=; trap 'sextant_halt=1' TERM
            [ -z "$sextant_halt" ] || { printf '\036N halted %s\n' -; printf '\036N halted %s\n' - >&2; exit; }
            printf '\036N begun 0 %s\n' $$; printf '\036N begun 0 %s\n' $$ >&2
            (
            eval 'docker ps -q'
            ) </dev/null
            sextant_exit=$?
            printf '\036N ended 0 %s\n' $sextant_exit; printf '\036N ended 0 %s\n' $sextant_exit >&2
            [ -z "$sextant_halt" ] || { printf '\036N halted %s\n' -; printf '\036N halted %s\n' - >&2; exit; }
            printf '\036N begun 1 %s\n' $$; printf '\036N begun 1 %s\n' $$ >&2
            printf '%s\000%s' 'it'\''s' ' $HOME
            ' | (
            KAMAL_HOST='1.2.3.4'; export KAMAL_HOST
            eval 'cat > '\''a b'\'''
            )
            sextant_exit=$?
            printf '\036N ended 1 %s\n' $sextant_exit; printf '\036N ended 1 %s\n' $sextant_exit >&2
            [ $sextant_exit -eq 0 ] || exit
        "#]]
        .assert_eq(script(&Nonce("N".into()), &tasks).expose_secret());
    }

    /// Every shell that can be found here and that hosts have as `/bin/sh`, with the words before its script.
    fn shells() -> Vec<Vec<&'static str>> {
        let candidates = [vec!["dash"], vec!["bash", "--posix"], vec!["busybox", "sh"], vec!["/bin/sh"]];
        let found = |words: &Vec<&str>| Command::new(words[0]).arg("--help").stdin(Stdio::null()).output().is_ok();
        candidates.into_iter().filter(found).collect()
    }

    /// What the script writes to standard output and standard error when this shell runs it.
    fn run(shell: &[&str], script: &SecretString) -> [String; 2] {
        let mut child = Command::new(shell[0])
            .args(&shell[1..])
            .arg("-s")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let text = script.expose_secret().to_string();
        let mut stdin = child.stdin.take().unwrap();
        let feed = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let pid = child.id().to_string();
        let output = child.wait_with_output().unwrap();
        let _ = feed.join().unwrap();
        [output.stdout, output.stderr].map(|bytes| {
            let text = String::from_utf8(bytes).unwrap();
            // A shell's own complaints differ.
            let marks = text.lines().filter(|line| !line.contains("error") && !line.contains("EOF"));
            marks.map(|line| line.replace(&pid, "PID").replace('\u{1e}', "^") + "\n").collect()
        })
    }

    #[test]
    fn every_shell_runs_it_alike() {
        let command = |line: &str| Resolved { line: line.to_string(), input: None, variables: vec![] };
        let big = "x".repeat(100_000);
        let tasks = [
            part(command("echo 'open"), OnFailure::Continue),
            part(Resolved { input: input(big.as_bytes()), ..command("wc -c | tr -d ' '") }, OnFailure::Stop),
            part(Resolved { input: input(b"a\0\\"), ..command("tr '\\0' 0; echo; echo $V") }, OnFailure::Stop),
            part(Resolved { input: input(b"\xff\x00%s\xc3\xa9\xc3\n"), ..command("od -An -v -tx1") }, OnFailure::Stop),
            part(command("cd /; exit 3"), OnFailure::Continue),
            part(command("kill -TERM $$; sleep 0.2; echo ended"), OnFailure::Stop),
            part(command("echo never"), OnFailure::Stop),
        ];
        let mut tasks = tasks;
        tasks[2].command.variables.push(("V".to_string(), "it's $HOME".into()));
        let script = script(&Nonce("N".to_string()), &tasks);
        for shell in shells() {
            let [stdout, stderr] = run(&shell, &script);
            let stdout = stdout.replace("ended 0 1", "ended 0 2");
            let expected = expect![[r#"
                ^N begun 0 PID
                ^N ended 0 2
                ^N begun 1 PID
                100000
                ^N ended 1 0
                ^N begun 2 PID
                a0\
                it's $HOME
                ^N ended 2 0
                ^N begun 3 PID
                 ff 00 25 73 c3 a9 c3 0a
                ^N ended 3 0
                ^N begun 4 PID
                ^N ended 4 3
                ^N begun 5 PID
                ended
                ^N ended 5 0
                ^N halted -
            "#]];
            expected.assert_eq(&stdout);
            let marks: String =
                stdout.lines().filter(|line| line.starts_with('^')).map(|l| l.to_string() + "\n").collect();
            assert_eq!(stderr.replace("ended 0 1", "ended 0 2"), marks, "{shell:?}");
        }
    }

    #[test]
    fn past_the_point_of_no_return_nobody_has_to_listen_and_nobody_halts() {
        let folder = tempfile::tempdir().unwrap();
        let command = |line: &str| Resolved { line: line.to_string(), input: None, variables: vec![] };
        for (shell, no_return) in shells().iter().flat_map(|shell| [(shell, true), (shell, false)]) {
            let done = folder.path().join(format!("{}-{no_return}", shell[0].replace('/', "-")));
            let mut parts = [
                part(command("kill -TERM $$; sleep 0.3"), OnFailure::Stop),
                part(command(&format!("echo finished > {}", done.display())), OnFailure::Stop),
            ];
            parts[0].is_point_of_no_return = no_return;
            let script = script(&Nonce("N".to_string()), &parts);
            let mut child = Command::new(shell[0]);
            child.args(&shell[1..]).arg("-s").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = child.spawn().unwrap();
            child.stdin.take().unwrap().write_all(script.expose_secret().as_bytes()).unwrap();
            drop(child.stdout.take()); // nobody listens any more
            child.wait().unwrap();
            assert_eq!(done.exists(), no_return, "{shell:?}");
        }
    }
}
