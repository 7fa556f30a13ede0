//! What is remembered of a command's output.

/// At most this much is kept of one output of one command.
const MOST: usize = 1024 * 1024;

/// Of which this much from its beginning.
const HEAD: usize = 256 * 1024;

/// The beginning and the end of an output.
#[derive(Debug, Default)]
pub(crate) struct Output {
    head: String,
    tail: String,
    left_out: usize,
}

impl Output {
    pub fn push(&mut self, text: &str) {
        let room = if self.tail.is_empty() { HEAD.saturating_sub(self.head.len()) } else { 0 };
        let (first, rest) = text.split_at(text.floor_char_boundary(room));
        self.head.push_str(first);
        self.tail.push_str(rest);
        // Twice the room, so that the move to the front is rare.
        if self.tail.len() > 2 * (MOST - HEAD) {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        let surplus = self.tail.len().saturating_sub(MOST - HEAD);
        let surplus = self.tail.ceil_char_boundary(surplus);
        self.tail.drain(..surplus);
        self.left_out += surplus;
    }

    /// The text that was kept, with a line in the place of what was not.
    pub fn into_text(mut self) -> String {
        if self.head.len() + self.tail.len() > MOST || self.left_out > 0 {
            self.shorten();
        }
        if self.left_out > 0 {
            self.head.push_str(&format!("\n[{} bytes left out]\n", self.left_out));
        }
        self.head + &self.tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_output_is_kept_as_it_is() {
        let mut output = Output::default();
        output.push("one\n");
        output.push("two");
        assert_eq!(output.into_text(), "one\ntwo");
    }

    #[test]
    fn a_long_output_keeps_its_beginning_and_its_end() {
        let mut output = Output::default();
        for number in 0..600_000 {
            output.push(&format!("{number}\n"));
        }
        let text = output.into_text();
        assert!(text.starts_with("0\n1\n2\n"));
        assert!(text.ends_with("599998\n599999\n"));
        assert!(text.len() <= MOST + 40, "{}", text.len());
        let total: usize = (0..600_000).map(|number: u32| format!("{number}\n").len()).sum();
        let note = format!("\n[{} bytes left out]\n", total - (text.len() - "\n[3037800 bytes left out]\n".len()));
        assert!(text.contains(&note), "{note}");
    }
}
