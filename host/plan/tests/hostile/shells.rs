//! Real shells in a folder of their own, in which every program does nothing and one tells on whoever runs it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use commands::quoting::single_quoted;

/// Programs that the lines may run. None of them does anything.
const PROGRAMS: [&str; 26] = [
    "base64", "cat", "chmod", "chown", "cp", "curl", "date", "dirname", "docker", "find", "git", "grep", "head", "id",
    "ls", "mkdir", "mv", "pack", "rm", "sed", "sleep", "ssh", "tail", "tool", "tr", "xargs",
];

/// How the programs end.
const ENDS: [&str; 2] = ["true", "false"];

/// Lines that one shell reads one after the other.
const BATCH: usize = 200;

/// Every program as a function of the shell. Once they all succeed, once they all fail, so that what follows on either is run too.
fn programs(end: &str) -> String {
    let mut script = String::from("pwn() { : > \"$HOME/pwned\"; }\n");
    for program in PROGRAMS {
        // Some lines go on only if docker has said something.
        let says = if ["docker", "xargs"].contains(&program) { "echo 1; " } else { "" };
        let _ = writeln!(script, "{program}() {{ {says}{end}; }}");
    }
    script
}

/// Says that a shell is missing; where nothing may be skipped, that is a failure.
#[allow(clippy::print_stderr)] // the test's own talk
fn skip(shell: &str) {
    assert!(std::env::var_os("SEXTANT_NO_SKIP").is_none_or(|value| value != "1"), "{shell} is not there");
    eprintln!("skipped: {shell} is not there");
}

/// A line with what it came of.
type Line<'a> = (&'a String, &'a String);

/// Lines with what they came of.
pub struct Shells {
    folder: tempfile::TempDir,
    lines: BTreeMap<String, String>,
}

impl Shells {
    /// No lines yet, and a folder for the shells.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), lines: BTreeMap::new() }
    }

    /// One more line; the same line is tried once.
    pub fn add(&mut self, of: &str, line: String) {
        self.lines.entry(line).or_insert_with(|| of.to_string());
    }

    /// How many lines there are.
    #[allow(dead_code)] // asked by the fuzz target
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Has every line read and run by each shell there is.
    pub fn assert_nothing_else_runs(&self) {
        let lines: Vec<Line<'_>> = self.lines.iter().collect();
        for shell in [&["/bin/sh"][..], &["/bin/bash", "--posix"], &["/bin/busybox", "sh"]] {
            if !Path::new(shell[0]).exists() {
                skip(shell[0]);
                continue;
            }
            for batch in lines.chunks(BATCH) {
                if self.is_broken(shell, batch) {
                    let culprit = batch.iter().find(|line| self.is_broken(shell, std::slice::from_ref(line)));
                    panic!("{shell:?} is broken out of: {culprit:#?}");
                }
            }
        }
    }

    fn is_broken(&self, shell: &[&str], lines: &[Line<'_>]) -> bool {
        ENDS.iter().any(|end| self.breaks_out(shell, end, lines))
    }

    /// Whether a line does not parse by itself, or runs what it should not.
    fn breaks_out(&self, shell: &[&str], end: &str, lines: &[Line<'_>]) -> bool {
        let mut script = programs(end);
        for (line, _) in lines {
            let (parsed, line) = (single_quoted(&format!("f() {{ {line}\n}}")), single_quoted(line));
            let _ = writeln!(script, "(eval {parsed}) || : > \"$HOME/pwned\"\n(eval {line}) < /dev/null");
        }
        let work = self.folder.path().join("work");
        std::fs::create_dir_all(work.join(".kamal/apps/app/env/roles")).expect("a folder to work in");
        let file = self.folder.path().join("script");
        std::fs::write(&file, script).expect("a script");
        let status = Command::new(shell[0])
            .args(&shell[1..])
            .arg(&file)
            .current_dir(&work)
            .env_clear()
            .env("PATH", "/nowhere")
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.expect("the shell can be started");
        let strays =
            std::fs::read_dir(&work).expect("the folder is there").flatten().any(|entry| entry.file_name() != ".kamal");
        let broken = self.folder.path().join("pwned").exists() || strays;
        let _ = std::fs::remove_file(self.folder.path().join("pwned"));
        let _ = std::fs::remove_dir_all(&work);
        broken
    }
}
