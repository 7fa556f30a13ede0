//! Starting a program, listening to it, signalling it, and never waiting for it without end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// A program that is not done after this long hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// What a program came to.
#[derive(Debug)]
pub struct Run {
    /// The words it was started with.
    words: String,
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Panics with everything the program said, unless it ended well.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        self.ended_with(0)
    }

    /// Panics with everything the program said, unless it ended with this code.
    #[track_caller]
    pub fn ended_with(self, code: i32) -> Self {
        assert!(
            self.code == Some(code),
            "`{}` ended with {:?} instead of {code}:\n{}",
            self.words,
            self.code,
            self.said()
        );
        self
    }

    /// Panics unless the program said each of these.
    #[track_caller]
    pub fn telling(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.said().contains(text), "`{}` does not tell `{text}`:\n{}", self.words, self.said());
        }
        self
    }

    /// Everything it said on both channels.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// How many errors it showed.
    pub fn errors(&self) -> usize {
        self.stderr.lines().filter(|line| line.starts_with("error:")).count()
    }
}

/// A program that runs.
pub struct Running {
    words: String,
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Run {
    start(command).end()
}

/// Starts a program.
pub fn start(command: &mut Command) -> Running {
    let program = command.get_program().to_string_lossy().into_owned();
    let short = program.rsplit('/').next().unwrap_or_default().to_owned();
    let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let words = format!("{short} {}", words.join(" "));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("`{words}` cannot be started: {error}"));
    let (stdout, stderr) = (Arc::default(), Arc::default());
    let readers = vec![
        collect(child.stdout.take().expect("stdout is piped"), &stdout),
        collect(child.stderr.take().expect("stderr is piped"), &stderr),
    ];
    Running { words, child, stdout, stderr, readers }
}

fn collect(stream: impl Read + Send + 'static, into: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let into = Arc::clone(into);
    thread::spawn(move || {
        let mut lines = BufReader::new(stream);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            into.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}

impl Running {
    /// Waits until the program has written a line to stdout that holds all of these.
    #[track_caller]
    pub fn await_line(&mut self, parts: &[&str]) {
        let holds_all = |line: &str| parts.iter().all(|part| line.contains(part));
        let deadline = Instant::now() + LIMIT;
        loop {
            let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
            if text(&self.stdout).lines().any(holds_all) {
                return;
            }
            let said = || text(&self.stdout) + &text(&self.stderr);
            assert!(!ended && Instant::now() < deadline, "`{}` never said {parts:?}:\n{}", self.words, said());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id() as i32).expect("a child has a process id");
        rustix::process::kill_process(pid, signal).expect("the program still runs");
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Run {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let said = text(&self.stdout) + &text(&self.stderr);
                panic!("`{}` did not end within {} s:\n{said}", self.words, LIMIT.as_secs());
            }
            thread::sleep(Duration::from_millis(5));
        };
        self.readers.drain(..).for_each(|reader| reader.join().expect("reading lines does not panic"));
        Run { words: self.words, code: status.code(), stdout: text(&self.stdout), stderr: text(&self.stderr) }
    }
}

fn text(of: &Mutex<String>) -> String {
    of.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
