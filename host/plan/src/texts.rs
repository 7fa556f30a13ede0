//! Texts of others made fit for a terminal, a log and a plan.

/// Whether a character moves a cursor, hides itself or changes the reading direction: control characters, marks of direction, of line
/// ends and of no width.
pub fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text as one line that shows all it says: a space stands for every unfit character.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_unfit(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_cannot_move_the_cursor_forge_lines_or_hide() {
        let check = |text: &str, expected: &str| assert_eq!(one_line(text), expected, "{text:?}");
        check("ok\n  INFO forged\x1b[2J\u{202e}txt", "ok   INFO forged [2J txt");
        check("a\r\0\x7f\u{9b}31mb", "a    31mb");
        for mark in "\u{61c}\u{200b}\u{200d}\u{200e}\u{2028}\u{2029}\u{2060}\u{2066}\u{2069}\u{feff}\u{e0041}".chars() {
            check(&format!("a{mark}b"), "a b");
        }
        check("ünïcödé 中文 – fine", "ünïcödé 中文 – fine");
    }
}
