//! Takes a template apart into text and Ruby, as ERB does with `trim_mode: "-"`.

use std::ops::Range;

/// A stretch of a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that is copied. The range is where it stands; `<%%` and `%%>` inside lose their second percent sign by being split.
    Text(Range<usize>),
    /// `<% … %>`: Ruby that is carried out.
    Code(Range<usize>),
    /// `<%= … %>`: Ruby whose value is printed.
    Output(Range<usize>),
}

/// A tag that is not closed begins at this byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed(pub(super) usize);

/// The pieces in order. Ranges are bytes of `text`; those of Ruby are without the tag's signs. Comments are left out.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, Unclosed> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("<%").map(|offset| at + offset) {
        let inside = open + 2;
        let rest = &text[inside..];
        if rest.starts_with('%') {
            push_text(&mut pieces, at..inside);
            at = inside + 1;
            continue;
        }
        let is_trimmed_before = rest.starts_with('-');
        push_text(&mut pieces, at..if is_trimmed_before { without_indentation(text, at, open) } else { open });
        let close = closing(text, inside).ok_or(Unclosed(open))?;
        let sign = rest.chars().next().filter(|sign| matches!(sign, '#' | '=' | '-'));
        let body = inside + usize::from(sign.is_some());
        let is_trimmed_after = close > body && text[body..close].ends_with('-');
        let ruby = body..close - usize::from(is_trimmed_after);
        match sign {
            Some('#') => {}
            Some('=') => pieces.push(Piece::Output(ruby)),
            _ => pieces.push(Piece::Code(ruby)),
        }
        at = close + 2;
        if is_trimmed_after {
            let after = &text[at..];
            at += if after.starts_with("\r\n") { 2 } else { usize::from(after.starts_with('\n')) };
        }
    }
    push_text(&mut pieces, at..text.len());
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, range: Range<usize>) {
    if !range.is_empty() {
        pieces.push(Piece::Text(range));
    }
}

/// Where the tag that is open at `from` ends: at the first `%>` that is not `%%>`.
fn closing(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let close = at + text[at..].find("%>")?;
        if close > from && text[from..close].ends_with('%') {
            at = close + 2;
            continue;
        }
        return Some(close);
    }
}

/// `<%-` takes the blanks before it along if nothing else stands before it on the line.
fn without_indentation(text: &str, from: usize, open: usize) -> usize {
    let kept = text[from..open].trim_end_matches([' ', '\t']).len() + from;
    if kept == 0 || text[..kept].ends_with('\n') { kept } else { open }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let shown: Vec<_> = match pieces(text) {
            Ok(pieces) => pieces
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(range) => format!("text {:?}", &text[range]),
                    Piece::Code(range) => format!("code {:?}", &text[range]),
                    Piece::Output(range) => format!("output {:?}", &text[range]),
                })
                .collect(),
            Err(Unclosed(at)) => vec![format!("unclosed at {at}")],
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn tags() {
        check("a: <%= 1 %>\nb", &["text \"a: \"", "output \" 1 \"", "text \"\\nb\""]);
        check("<% if x -%>\na\n<% end -%>\n", &["code \" if x \"", "text \"a\\n\"", "code \" end \""]);
        check("a\n  <%- x %>b", &["text \"a\\n\"", "code \" x \"", "text \"b\""]);
        check("a <%- x -%> b", &["text \"a \"", "code \" x \"", "text \" b\""]);
        check("a<%# two\nlines %>b", &["text \"a\"", "text \"b\""]);
        check("a <%% b %> c", &["text \"a <%\"", "text \" b %> c\""]);
        check("<%= a %%> b %>", &["output \" a %%> b \""]);
        check("a: <your.server.ip>", &["text \"a: <your.server.ip>\""]);
        check("a <% b", &["unclosed at 2"]);
        check("<%%><%=%>", &["text \"<%\"", "text \">\"", "output \"\""]);
        check("<%-%>\n<%=-%>\nx", &["code \"\"", "text \"\\n\"", "output \"\"", "text \"x\""]);
    }
}
