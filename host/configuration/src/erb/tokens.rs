//! Takes the Ruby of a template apart into tokens.
//!
//! One run of tokens for the whole template: the text between tags is a token too, so `<% if x %>text<% end %>` is one statement.

use std::ops::Range;

use super::Wrong;
use super::template::Piece;

/// A word, sign or literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// Text of the template, by its place.
    Text(Range<usize>),
    /// The end of a line, of a statement or of a tag.
    Break,
    /// `<%=`.
    OutputBegin,
    /// The end of what `<%=` prints.
    OutputEnd,
    Integer(i64),
    Float(f64),
    /// A string, with what is put into it.
    String(Vec<Segment>),
    /// A command between backticks or in `%x( )`.
    Command(Vec<Segment>),
    /// A regular expression and its flags.
    Pattern(Vec<Segment>, String),
    Symbol(String),
    /// `%w[a b]`.
    Words(Vec<String>),
    /// `%i[a b]`.
    Symbols(Vec<String>),
    /// A word that begins with a small letter, possibly with `?` or `!` at its end.
    Name(String),
    /// A word that begins with a capital.
    Constant(String),
    /// `name:` in a map or among arguments.
    Label(String),
    Keyword(&'static str),
    Sign(&'static str),
    End,
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
    Text(String),
    /// `#{ … }`.
    Code(Vec<Located>),
}

/// A token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Located {
    pub(super) token: Token,
    /// Its first byte in the template.
    pub(super) at: usize,
    /// Whether a blank stands before it.
    pub(super) spaced: bool,
}

const KEYWORDS: [&str; 32] = [
    "and", "begin", "break", "case", "class", "def", "defined?", "do", "else", "elsif", "end", "ensure", "false",
    "for", "if", "in", "module", "next", "nil", "not", "or", "rescue", "retry", "return", "self", "then", "true",
    "unless", "until", "when", "while", "yield",
];

/// Longest first, so that the first that fits is meant.
const SIGNS: [&str; 46] = [
    "<=>", "===", "**=", "||=", "&&=", "<<=", "...", "::", "||", "&&", "==", "!=", "=~", "!~", "<=", ">=", "=>", "->",
    "<<", ">>", "+=", "-=", "*=", "/=", "&.", "**", "..", "+", "-", "*", "/", "%", "!", "<", ">", "=", "?", ":", ".",
    ",", "(", ")", "[", "]", "{", "}",
];

/// How deep strings within strings may nest.
const DEEPEST: usize = 16;

/// The tokens of a whole template.
pub(super) fn tokens(text: &str, pieces: Vec<Piece>) -> Result<Vec<Located>, Wrong> {
    let mut found = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(range) => {
                let at = range.start;
                found.push(Located { token: Token::Text(range), at, spaced: true });
            }
            Piece::Code(range) => {
                let end = range.end;
                found.extend(Lexer::new(text, range, 0).run()?);
                found.push(Located { token: Token::Break, at: end, spaced: true });
            }
            Piece::Output(range) => {
                let (begin, end) = (range.start, range.end);
                found.push(Located { token: Token::OutputBegin, at: begin, spaced: true });
                found.extend(Lexer::new(text, range, 0).run()?);
                found.push(Located { token: Token::OutputEnd, at: end, spaced: true });
            }
        }
    }
    found.push(Located { token: Token::End, at: text.len(), spaced: true });
    Ok(found)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    end: usize,
    depth: usize,
    found: Vec<Located>,
}

impl<'t> Lexer<'t> {
    fn new(text: &'t str, range: Range<usize>, depth: usize) -> Self {
        Self { text, at: range.start, end: range.end, depth, found: Vec::new() }
    }

    fn run(mut self) -> Result<Vec<Located>, Wrong> {
        loop {
            let before = self.at;
            self.skip_blanks();
            let spaced = self.at > before || self.found.is_empty();
            let at = self.at;
            let Some(letter) = self.peek() else { return Ok(self.found) };
            let token = match letter {
                '\n' | ';' => {
                    self.at += 1;
                    Token::Break
                }
                '0'..='9' => self.number()?,
                '"' => Token::String(self.delimited('"', '"', true)?),
                '\'' => Token::String(self.delimited('\'', '\'', false)?),
                '`' => Token::Command(self.delimited('`', '`', true)?),
                '/' if self.begins_value(spaced) => self.pattern('/', '/')?,
                '%' if self.begins_value(spaced) && self.percent_literal().is_some() => self.percent()?,
                ':' if self.begins_symbol() => self.symbol()?,
                '_' | 'a'..='z' | 'A'..='Z' => self.word(),
                other if other.is_alphabetic() => self.word(),
                _ => self.sign()?,
            };
            self.found.push(Located { token, at, spaced });
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..self.end]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn wrong(&self, at: usize, what: &str) -> Wrong {
        Wrong::not_understood(at, what)
    }

    /// Blanks, comments and line breaks that are escaped.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            if let Some(blank) = rest.chars().next().filter(|letter| letter.is_whitespace() && *letter != '\n') {
                self.at += blank.len_utf8();
            } else if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("\\\n") {
                self.at += 2;
            } else {
                return;
            }
        }
    }

    /// Whether what comes now begins a value, so that `/` and `%` open a literal rather than divide.
    fn begins_value(&self, spaced: bool) -> bool {
        match self.found.last().map(|last| &last.token) {
            None => true,
            Some(Token::Name(_)) => {
                spaced && !self.rest()[1..].starts_with(|letter: char| letter.is_whitespace() || letter == '=')
            }
            Some(Token::Keyword(word)) => !matches!(*word, "end" | "nil" | "true" | "false" | "self"),
            Some(Token::Sign(sign)) => !matches!(*sign, ")" | "]" | "}"),
            Some(Token::Break | Token::Label(_)) => true,
            Some(_) => false,
        }
    }

    fn begins_symbol(&self) -> bool {
        let mut letters = self.rest().chars().skip(1);
        letters.next().is_some_and(|letter| letter.is_alphabetic() || matches!(letter, '_' | '"' | '\''))
    }

    fn number(&mut self) -> Result<Token, Wrong> {
        let at = self.at;
        let rest = self.rest();
        let digits =
            |text: &str| text.find(|letter: char| !letter.is_ascii_digit() && letter != '_').unwrap_or(text.len());
        let prefixed = [("0x", 16), ("0b", 2), ("0o", 8)].into_iter().find(|(prefix, _)| rest.starts_with(prefix));
        if let Some((_, radix)) = prefixed {
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
            self.at += end;
            return i64::from_str_radix(&rest[2..end].replace('_', ""), radix)
                .map(Token::Integer)
                .map_err(|_| self.wrong(at, "this number"));
        }
        let mut end = digits(rest);
        let fraction =
            rest[end..].strip_prefix('.').filter(|after| after.starts_with(|digit: char| digit.is_ascii_digit()));
        let is_float = fraction.is_some();
        end += fraction.map_or(0, |fraction| 1 + digits(fraction));
        let power = rest[end..].strip_prefix(['e', 'E']).map(|after| after.strip_prefix(['-', '+']).unwrap_or(after));
        let power = power.filter(|power| power.starts_with(|digit: char| digit.is_ascii_digit()));
        if let Some(power) = power {
            end = rest.len() - power.len() + digits(power);
        }
        if is_float || power.is_some() {
            self.at += end;
            let number = rest[..end].replace('_', "").parse().map(Token::Float);
            return number.map_err(|_| self.wrong(at, "this number"));
        }
        self.at += end;
        let digits = rest[..end].replace('_', "");
        let radix = if digits.len() > 1 && digits.starts_with('0') { 8 } else { 10 };
        i64::from_str_radix(&digits, radix).map(Token::Integer).map_err(|_| self.wrong(at, "this number"))
    }

    /// A literal from an opening to its closing sign; with pairs of signs it may nest.
    fn delimited(&mut self, open: char, close: char, interpolates: bool) -> Result<Vec<Segment>, Wrong> {
        let begin = self.at;
        self.at += open.len_utf8();
        let mut segments = Vec::new();
        let mut text = String::new();
        let mut nested = 0_usize;
        loop {
            let Some(letter) = self.peek() else { return Err(self.wrong(begin, "a string that is not closed")) };
            if interpolates && self.rest().starts_with("#{") {
                let code = self.interpolated()?;
                if !text.is_empty() {
                    segments.push(Segment::Text(std::mem::take(&mut text)));
                }
                segments.push(Segment::Code(code));
                continue;
            }
            self.at += letter.len_utf8();
            if letter == '\\' {
                let Some(escaped) = self.peek() else { return Err(self.wrong(begin, "a string that is not closed")) };
                self.at += escaped.len_utf8();
                self.escape(escaped, (open, close), interpolates, &mut text)?;
            } else if letter == close && nested == 0 {
                break;
            } else {
                nested = nested + usize::from(letter == open && open != close) - usize::from(letter == close);
                text.push(letter);
            }
        }
        if !text.is_empty() || segments.is_empty() {
            segments.push(Segment::Text(text));
        }
        Ok(segments)
    }

    fn escape(&mut self, letter: char, ends: (char, char), interpolates: bool, text: &mut String) -> Result<(), Wrong> {
        if !interpolates {
            if letter != ends.0 && letter != ends.1 && letter != '\\' {
                text.push('\\');
            }
            text.push(letter);
            return Ok(());
        }
        match letter {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            's' => text.push(' '),
            'e' => text.push('\u{1b}'),
            '0' => text.push('\0'),
            'a' => text.push('\u{7}'),
            'b' => text.push('\u{8}'),
            '\n' => {}
            'u' | 'x' => {
                let at = self.at;
                let rest = self.rest();
                let braced = rest.strip_prefix('{').and_then(|after| after.split_once('}')).map(|(digits, _)| digits);
                let most = if letter == 'u' { 4 } else { 2 };
                let end = rest.find(|digit: char| !digit.is_ascii_hexdigit()).unwrap_or(rest.len()).min(most);
                let digits = braced.unwrap_or(&rest[..end]);
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                text.push(code.ok_or_else(|| self.wrong(at, "this escaped letter"))?);
                self.at += if braced.is_some() { digits.len() + 2 } else { end };
            }
            other => text.push(other),
        }
        Ok(())
    }

    /// What stands in `#{ … }`, itself taken apart.
    fn interpolated(&mut self) -> Result<Vec<Located>, Wrong> {
        let begin = self.at;
        if self.depth == DEEPEST {
            return Err(self.wrong(begin, "strings nested this deep"));
        }
        self.at += 2;
        let from = self.at;
        let mut depth = 0_usize;
        // Braces and strings inside are skipped by taking them apart once; the result is used.
        let mut inner = Lexer::new(self.text, from..self.end, self.depth + 1);
        loop {
            inner.skip_blanks();
            match inner.peek() {
                None => return Err(self.wrong(begin, "a string that is not closed")),
                Some('}') if depth == 0 => break,
                Some(letter) => {
                    depth += usize::from(letter == '{');
                    depth -= usize::from(letter == '}');
                    inner.skip_one()?;
                }
            }
        }
        let end = inner.at;
        self.at = end + 1;
        let mut tokens = Lexer::new(self.text, from..end, self.depth + 1).run()?;
        tokens.push(Located { token: Token::End, at: end, spaced: true });
        Ok(tokens)
    }

    /// Moves over a string or one letter.
    fn skip_one(&mut self) -> Result<(), Wrong> {
        match self.peek() {
            Some('"') => self.delimited('"', '"', true).map(drop),
            Some('\'') => self.delimited('\'', '\'', false).map(drop),
            Some('`') => self.delimited('`', '`', true).map(drop),
            Some(letter) => {
                self.at += letter.len_utf8();
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn pattern(&mut self, open: char, close: char) -> Result<Token, Wrong> {
        let begin = self.at;
        self.at += 1;
        let mut source = String::new();
        loop {
            let Some(letter) = self.peek() else { return Err(self.wrong(begin, "a pattern that is not closed")) };
            if self.rest().starts_with("#{") {
                return Err(self.wrong(begin, "a pattern that is put together"));
            }
            self.at += letter.len_utf8();
            match letter {
                '\\' => {
                    let Some(escaped) = self.peek() else { continue };
                    self.at += escaped.len_utf8();
                    if escaped != open && escaped != close || escaped != '/' {
                        source.push('\\');
                    }
                    source.push(escaped);
                }
                _ if letter == close => break,
                _ => source.push(letter),
            }
        }
        let rest = self.rest();
        let flags: String = rest.chars().take_while(|flag| matches!(flag, 'i' | 'm' | 'x' | 'o' | 'u')).collect();
        self.at += flags.len();
        Ok(Token::Pattern(vec![Segment::Text(source)], flags))
    }

    /// What kind of literal a percent sign opens, how long its head is and by which signs it is enclosed.
    fn percent_literal(&self) -> Option<(char, usize, char, char)> {
        let mut letters = self.rest()[1..].chars();
        let first = letters.next()?;
        let (kind, length, open) = match first {
            'w' | 'W' | 'i' | 'I' | 'q' | 'Q' | 'x' | 'r' => (first, 2, letters.next()?),
            _ => ('Q', 1, first),
        };
        let close = match open {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            '|' | '!' | '/' | '-' => open,
            _ => return None,
        };
        Some((kind, length, open, close))
    }

    fn percent(&mut self) -> Result<Token, Wrong> {
        let begin = self.at;
        let Some((kind, length, open, close)) = self.percent_literal() else {
            return Err(self.wrong(begin, "this sign"));
        };
        self.at += length;
        Ok(match kind {
            'x' => Token::Command(self.delimited(open, close, true)?),
            'r' => self.pattern(open, close)?,
            'q' => Token::String(self.delimited(open, close, false)?),
            'Q' => Token::String(self.delimited(open, close, true)?),
            _ => {
                let words: Vec<String> = match self.delimited(open, close, false)?.first() {
                    Some(Segment::Text(text)) => text.split_whitespace().map(str::to_owned).collect(),
                    _ => Vec::new(),
                };
                if matches!(kind, 'i' | 'I') { Token::Symbols(words) } else { Token::Words(words) }
            }
        })
    }

    fn symbol(&mut self) -> Result<Token, Wrong> {
        let begin = self.at;
        self.at += 1;
        match self.peek() {
            Some(quote @ ('"' | '\'')) => match self.delimited(quote, quote, false)?.into_iter().next() {
                Some(Segment::Text(name)) => Ok(Token::Symbol(name)),
                _ => Err(self.wrong(begin, "this symbol")),
            },
            _ => Ok(Token::Symbol(self.name_text())),
        }
    }

    /// Letters, digits and underscores, and `?` or `!` where it belongs to the name.
    fn name_text(&mut self) -> String {
        let rest = self.rest();
        let mut end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        if let Some(after) = rest[end..].strip_prefix(['?', '!']) {
            let is_comparison = after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>");
            end += usize::from(!is_comparison);
        }
        self.at += end;
        rest[..end].to_owned()
    }

    fn word(&mut self) -> Token {
        let is_method = matches!(self.found.last().map(|last| &last.token), Some(Token::Sign("." | "&.")));
        let word = self.name_text();
        let rest = self.rest();
        let in_choice = self.found.iter().any(|earlier| earlier.token == Token::Sign("?"));
        let colon = rest.starts_with(':') && !rest.starts_with("::");
        if colon && !is_method && (!in_choice || !rest.starts_with(": ")) {
            self.at += 1;
            return Token::Label(word);
        }
        match KEYWORDS.iter().find(|keyword| **keyword == word) {
            Some(keyword) if !is_method => Token::Keyword(keyword),
            _ if word.starts_with(char::is_uppercase) && !is_method => Token::Constant(word),
            _ => Token::Name(word),
        }
    }

    fn sign(&mut self) -> Result<Token, Wrong> {
        let rest = self.rest();
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        for single in ["|", "&"] {
            if rest.starts_with(single) {
                self.at += 1;
                return Ok(Token::Sign(single));
            }
        }
        let sign = self.peek().unwrap_or_default();
        Err(self.wrong(self.at, &format!("the sign `{sign}`")))
    }
}
