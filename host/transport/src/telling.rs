//! Puts the two outputs of a script together: which command is running, what it wrote, how it ended.
//!
//! The outputs arrive independently. A command has ended when both say so, and nothing of the next one is told before.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::marks::Event;
use crate::output::Output;
use crate::{OnFailure, Outcome, Progress, Stream, Task};

/// What the shell may say before the first command and still be quoted in an error.
const NOISE: usize = 2000;

/// The story of a batch so far.
pub(crate) struct Telling<'a> {
    tasks: &'a [Task],
    progress: &'a mut (dyn FnMut(Progress<'_>) + Send),
    queues: [VecDeque<Event>; 2],
    outcomes: Vec<Outcome>,
    /// The command that is running: what it wrote so far, on both outputs.
    running: Option<[Output; 2]>,
    /// When the present command began, or the last one ended.
    since: Instant,
    shell: Option<u32>,
    noise: String,
    halts: usize,
    /// The running command is being killed: its end is no outcome.
    cut_short: bool,
    ended: bool,
}

impl<'a> Telling<'a> {
    pub fn new(tasks: &'a [Task], progress: &'a mut (dyn FnMut(Progress<'_>) + Send)) -> Self {
        Self {
            tasks,
            progress,
            queues: Default::default(),
            outcomes: Vec::new(),
            running: None,
            since: Instant::now(),
            shell: None,
            noise: String::new(),
            halts: 0,
            cut_short: false,
            ended: tasks.is_empty(),
        }
    }

    /// Takes the next event of one output, and tells what follows from it.
    pub fn hear(&mut self, stream: Stream, event: Event) {
        self.queues[stream as usize].push_back(event);
        loop {
            self.hear_until_end(Stream::Stdout);
            self.hear_until_end(Stream::Stderr);
            let ends = self.queues.each_ref().map(|queue| matches!(queue.front(), Some(Event::Ended { .. })));
            if ends != [true, true] {
                return;
            }
            let end = self.queues[0].pop_front();
            self.queues[1].pop_front();
            if let Some(Event::Ended { exit, .. }) = end {
                self.command_ended(exit);
            }
        }
    }

    fn hear_until_end(&mut self, stream: Stream) {
        while let Some(event) = self.queues[stream as usize].pop_front() {
            match event {
                Event::Begun { shell, .. } => {
                    self.shell = Some(shell);
                    self.command_began();
                }
                Event::Text { line, complete } => self.text(stream, &line, complete),
                Event::Halted => {
                    self.halts += 1;
                    self.ended |= self.halts == 2;
                }
                Event::Ended { .. } => return self.queues[stream as usize].push_front(event),
            }
        }
    }

    fn command_began(&mut self) {
        if self.running.is_none() && !self.ended {
            self.running = Some(Default::default());
            self.since = Instant::now();
            (self.progress)(Progress::Started { task: self.outcomes.len() });
        }
    }

    fn text(&mut self, stream: Stream, line: &str, complete: bool) {
        let Some(outputs) = &mut self.running else {
            // A greeting of the login shell, or something an earlier command left running in the background.
            if self.noise.len() + line.len() < NOISE {
                self.noise.push_str(line.trim());
                self.noise.push(' ');
            }
            return;
        };
        outputs[stream as usize].push(line);
        if complete {
            outputs[stream as usize].push("\n");
        }
        (self.progress)(Progress::Output { task: self.outcomes.len(), stream, line });
    }

    fn command_ended(&mut self, exit: i32) {
        let Some([stdout, stderr]) = self.running.take() else { return };
        if self.cut_short {
            self.ended = true;
            return;
        }
        let outcome =
            Outcome { exit, stdout: stdout.into_text(), stderr: stderr.into_text(), took: self.since.elapsed() };
        self.since = Instant::now();
        let task = self.outcomes.len();
        (self.progress)(Progress::Ended { task, outcome: &outcome });
        self.outcomes.push(outcome);
        self.ended |= self.complete() || self.stopped();
    }

    /// Whether everything has been told that there is to tell.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether every command has run.
    pub fn complete(&self) -> bool {
        self.outcomes.len() == self.tasks.len()
    }

    /// Whether the last outcome keeps the rest from running.
    pub fn stopped(&self) -> bool {
        let last = self.outcomes.last().zip(self.tasks.get(self.outcomes.len().wrapping_sub(1)));
        last.is_some_and(|(outcome, task)| !outcome.succeeded() && task.on_failure == OnFailure::Stop)
    }

    /// From now on the end of the running command is no outcome.
    pub fn cut_short(&mut self) {
        self.cut_short = true;
    }

    /// The process id of the shell, once it has said it.
    pub fn shell(&self) -> Option<u32> {
        self.shell
    }

    /// The position of the command that is running.
    pub fn running(&self) -> Option<usize> {
        self.running.as_ref().map(|_| self.outcomes.len())
    }

    /// The position of the command that is running or comes next, and the moment its time runs out.
    pub fn deadline(&self) -> (usize, Instant) {
        let task = self.outcomes.len().min(self.tasks.len().saturating_sub(1));
        let limit = self.tasks.get(task).map_or(Duration::ZERO, |task| task.time_limit);
        (task, self.since + limit)
    }

    /// What was said outside of any command.
    pub fn noise(&self) -> &str {
        self.noise.trim()
    }

    pub fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes
    }
}
