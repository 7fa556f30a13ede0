//! Where in a text a byte stands, in lines and columns.

use std::ops::Range;
use std::sync::Arc;

use crate::node::Origin;

/// The lines of a text.
#[derive(Debug)]
pub(crate) struct Lines {
    text: Arc<str>,
    /// The byte at which each line begins.
    begins: Vec<usize>,
    is_ascii: bool,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let begins = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text: text.into(), begins, is_ascii: text.is_ascii() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A stretch of bytes as a place in a file, at most to the end of its line.
    pub(crate) fn place(&self, file: &Arc<str>, range: Range<usize>) -> Origin {
        let begin = self.boundary(range.start);
        let line = self.begins.partition_point(|start| *start <= begin).max(1);
        let line_begin = self.begins[line - 1];
        let line_end = self.begins.get(line).map_or(self.text.len(), |next| next - 1);
        let end = self.boundary(range.end).clamp(begin, line_end.max(begin));
        Origin {
            file: Arc::clone(file),
            line,
            column: self.letters(line_begin..begin) + 1,
            length: self.letters(begin..end).max(1),
        }
    }

    /// The beginning of the letter that a byte belongs to.
    fn boundary(&self, byte: usize) -> usize {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }

    fn letters(&self, range: Range<usize>) -> usize {
        if self.is_ascii { range.len() } else { self.text[range].chars().count() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let lines = Lines::new("aé\nb\n");
        let place = |range: Range<usize>| {
            let Origin { line, column, length, .. } = lines.place(&"x".into(), range);
            (line, column, length)
        };
        assert_eq!(place(0..1), (1, 1, 1));
        assert_eq!(place(1..3), (1, 2, 1));
        assert_eq!(place(0..5), (1, 1, 2));
        assert_eq!(place(3..4), (1, 3, 1));
        assert_eq!(place(4..5), (2, 1, 1));
        assert_eq!(place(6..9), (3, 1, 1));
        assert_eq!(place(90..91), (3, 1, 1));
    }
}
