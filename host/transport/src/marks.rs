//! Reads one output of a running script: lines of commands, and the marks between them.

use std::sync::Arc;

use crate::redaction::Redactor;
use crate::script::Nonce;

/// Lines longer than this are given out in pieces.
const LINE: usize = 64 * 1024;

/// No mark is longer than this.
const MARK: usize = 96;

/// The byte every mark begins with: ASCII's record separator.
const SEPARATOR: u8 = 0x1e;

/// What one output says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A command begins, in the shell with this process id.
    Begun { task: usize, shell: u32 },
    /// Something a command wrote, redacted.
    Text { line: String, complete: bool },
    /// A command has ended with this code.
    Ended { task: usize, exit: i32 },
    /// The script stops here, because it was told to.
    Halted,
}

/// Cuts one output into events.
pub(crate) struct Reader {
    begin: Vec<u8>,
    redactor: Arc<Redactor>,
    held: usize,
    pending: Vec<u8>,
}

impl Reader {
    pub fn new(nonce: &Nonce, redactor: Arc<Redactor>) -> Self {
        let held = redactor.longest().max(MARK);
        let begin = [&[SEPARATOR], nonce.0.as_bytes(), b" "].concat();
        Self { begin, redactor, held, pending: Vec::new() }
    }

    /// Takes what has arrived and tells what is certain by now.
    pub fn read(&mut self, arrived: &[u8], mut tell: impl FnMut(Event)) {
        let mut searched = self.pending.len();
        self.pending.extend_from_slice(arrived);
        let mut from = 0;
        while let Some(newline) = self.pending[searched..].iter().position(|byte| *byte == b'\n') {
            let end = searched + newline;
            self.line(&self.pending[from..end], &mut tell);
            from = end + 1;
            searched = from;
        }
        self.pending.drain(..from);
        if self.pending.len() > LINE + self.held {
            self.piece(tell);
        }
    }

    /// Takes the output's end: what is pending is all there is.
    pub fn end(&mut self, mut tell: impl FnMut(Event)) {
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() {
            tell(self.text(&rest, false));
        }
    }

    fn line(&self, line: &[u8], tell: &mut impl FnMut(Event)) {
        let mut separators = (0..line.len()).filter(|at| line[*at] == SEPARATOR);
        let marked = separators.find(|at| line[*at..].starts_with(&self.begin)).and_then(|at| {
            let mark = std::str::from_utf8(&line[at + self.begin.len()..]).ok()?;
            Some((at, parse(mark)?))
        });
        let Some((at, event)) = marked else { return tell(self.text(line, true)) };
        if at > 0 {
            tell(self.text(&line[..at], false));
        }
        tell(event);
    }

    /// Gives out the beginning of a line that has grown too long, and keeps what may be the beginning of a secret or a mark.
    fn piece(&mut self, mut tell: impl FnMut(Event)) {
        let whole = self.pending.len() - incomplete(&self.pending);
        let text = String::from_utf8_lossy(&self.pending[..whole]).into_owned();
        let partly = self.redactor.redact_beginning(&text, self.held);
        let mut rest = text.as_bytes()[partly.safe..].to_vec();
        rest.extend_from_slice(&self.pending[whole..]);
        self.pending = rest;
        tell(Event::Text { line: partly.redacted, complete: false });
    }

    fn text(&self, line: &[u8], complete: bool) -> Event {
        Event::Text { line: self.redactor.redact(&String::from_utf8_lossy(line)), complete }
    }
}

fn parse(mark: &str) -> Option<Event> {
    let mut words = mark.split(' ');
    match (words.next()?, words.next()?, words.next()) {
        ("begun", task, Some(shell)) => Some(Event::Begun { task: task.parse().ok()?, shell: shell.parse().ok()? }),
        ("ended", task, Some(exit)) => Some(Event::Ended { task: task.parse().ok()?, exit: exit.parse().ok()? }),
        ("halted", _, None) => Some(Event::Halted),
        _ => None,
    }
}

/// How many bytes at the end are the beginning of a character.
fn incomplete(bytes: &[u8]) -> usize {
    let from_end = bytes.iter().rev().take(3).position(|byte| *byte >= 0xC0);
    let Some(position) = from_end else { return 0 };
    let needed = match bytes[bytes.len() - 1 - position] {
        0xF0.. => 4,
        0xE0.. => 3,
        _ => 2,
    };
    if position + 1 < needed { position + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(secret: &str, chunks: &[&[u8]]) -> Vec<Event> {
        let mut redactor = Redactor::default();
        redactor.learn(secret);
        let mut reader = Reader::new(&Nonce("N".into()), Arc::new(redactor));
        let mut events = Vec::new();
        chunks.iter().for_each(|chunk| reader.read(chunk, |event| events.push(event)));
        reader.end(|event| events.push(event));
        events
    }

    fn text(line: &str, complete: bool) -> Event {
        Event::Text { line: line.to_string(), complete }
    }

    #[test]
    fn marks_are_found_wherever_a_command_stopped_writing() {
        let whole = b"noise\n\x1eN begun 0 42\none\nlast\x1eN ended 0 3\n\x1eN halted -\n";
        let expected = vec![
            text("noise", true),
            Event::Begun { task: 0, shell: 42 },
            text("one", true),
            text("last", false),
            Event::Ended { task: 0, exit: 3 },
            Event::Halted,
        ];
        assert_eq!(events("", &[whole]), expected);
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(events("", &bytes), expected);
    }

    #[test]
    fn a_mark_with_another_number_is_a_line() {
        let forged = ["\x1eM ended 0 0", "N ended 0 0", "\x1eN ended zero 0", "\x1eN"];
        for line in forged {
            assert_eq!(events("", &[line.as_bytes(), b"\n"]), [text(line, true)]);
        }
    }

    #[test]
    fn a_secret_in_pieces_is_still_a_secret() {
        assert_eq!(events("hunter22", &[b"my hun", b"ter2", b"2!\n"]), [text("my [REDACTED]!", true)]);
        assert_eq!(events("hunter22", &[b"hunter22"]), [text("[REDACTED]", false)]);
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_split_neither_secrets_nor_characters() {
        for before in 0..200 {
            let line = format!("{}ähunter22ö{}\n", "x".repeat(LINE - before), "y".repeat(600));
            let chunks: Vec<&[u8]> = line.as_bytes().chunks(100).collect();
            let mut joined = String::new();
            let events = events("hunter22", &chunks);
            assert!(events.len() > 1);
            for event in events {
                let Event::Text { line, .. } = event else { panic!("{event:?}") };
                joined.push_str(&line);
            }
            assert_eq!(joined, line.trim_end().replace("hunter22", "[REDACTED]"), "{before}");
        }
    }

    #[test]
    fn invalid_bytes_are_replaced() {
        assert_eq!(events("", &[b"a\xffb\n"]), [text("a\u{fffd}b", true)]);
    }
}
