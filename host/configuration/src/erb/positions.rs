//! What a template printed, and where in the template each piece of it stands.

use std::ops::Range;
use std::sync::Arc;

use crate::lines::Lines;
use crate::model::Text;
use crate::node::Origin;

/// What a template prints, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) parts: Vec<Text>,
    chunks: Vec<Chunk>,
    length: usize,
}

/// A stretch of what was printed.
#[derive(Debug)]
struct Chunk {
    /// Where it begins in what was printed, in bytes.
    begin: usize,
    /// What of the template it is, in bytes: the text itself, or the place of the Ruby that printed it.
    source: Range<usize>,
    is_copied: bool,
}

impl Output {
    /// How much was printed, in bytes.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Prints a stretch of the template as it is.
    pub(super) fn copy(&mut self, template: &str, range: Range<usize>) {
        self.chunks.push(Chunk { begin: self.length, source: range.clone(), is_copied: true });
        self.length += range.len();
        self.parts.push(Text::Clear(template[range].to_owned()));
    }

    /// Prints what the Ruby at a place gave.
    pub(super) fn print(&mut self, at: usize, parts: Vec<Text>) {
        self.chunks.push(Chunk { begin: self.length, source: at..at, is_copied: false });
        self.length +=
            parts.iter().map(|part| if let Text::Clear(text) = part { text.len() } else { 0 }).sum::<usize>();
        self.parts.extend(parts);
    }

    /// The positions of what was printed.
    pub(super) fn positions(self, template: &str) -> Positions {
        let chunks = self.chunks.into_iter().map(|chunk| match chunk.is_copied {
            true => chunk,
            false => Chunk { source: tag(template, chunk.source.start), ..chunk },
        });
        Positions { template: Lines::new(template), chunks: chunks.collect() }
    }
}

/// Leads from what a template printed back to the template.
#[derive(Debug)]
pub(crate) struct Positions {
    template: Lines,
    chunks: Vec<Chunk>,
}

impl Positions {
    /// The place in the template of a stretch of what was printed, in bytes.
    pub(crate) fn origin(&self, file: &Arc<str>, range: Range<usize>) -> Origin {
        let begin = self.source(range.start).start;
        let last = self.source(range.end.saturating_sub(1).max(range.start));
        self.template.place(file, begin..last.end.max(begin + 1))
    }

    /// The letter of the template that a byte stands for, or the whole tag that printed it.
    fn source(&self, byte: usize) -> Range<usize> {
        let after = self.chunks.partition_point(|chunk| chunk.begin <= byte);
        let Some(chunk) = after.checked_sub(1).and_then(|index| self.chunks.get(index)) else { return 0..1 };
        if !chunk.is_copied {
            return chunk.source.clone();
        }
        let at = (chunk.source.start + byte - chunk.begin).min(self.template.text().len());
        at..at + 1
    }
}

/// The whole tag around a byte of a template.
pub(super) fn tag(template: &str, at: usize) -> Range<usize> {
    let at = at.min(template.len());
    let begin = template.get(..at).and_then(|before| before.rfind("<%")).unwrap_or(at);
    let end = template.get(at..).and_then(|after| after.find("%>")).map_or(template.len(), |end| at + end + 2);
    begin..end
}
