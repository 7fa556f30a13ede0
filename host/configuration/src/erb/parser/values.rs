//! Single values, and what begins with a keyword.

use super::super::Wrong;
use super::super::syntax::{Begin, Expression, Kind};
use super::super::tokens::{Segment, Token};
use super::{Parsed, Parser, string};

impl Parser {
    pub(super) fn primary(&mut self) -> Parsed {
        let at = self.place();
        let token = self.token().clone();
        self.at += 1;
        let kind = match token {
            Token::Integer(number) => Kind::Integer(number),
            Token::Float(number) => Kind::Float(number),
            Token::String(segments) => {
                let mut parts = self.parts(segments)?;
                // Strings side by side are one.
                while let Token::String(more) = self.token().clone() {
                    self.at += 1;
                    parts.extend(self.parts(more)?);
                }
                Kind::String(parts)
            }
            Token::Command(segments) => Kind::Command(self.parts(segments)?),
            Token::Pattern(segments, flags) => {
                let source = segments.into_iter().map(|segment| match segment {
                    Segment::Text(text) => text,
                    Segment::Code(_) => String::new(),
                });
                Kind::Pattern(source.collect(), flags)
            }
            Token::Symbol(name) => Kind::Symbol(name),
            Token::Words(words) => Kind::List(words.into_iter().map(|word| string(word, at)).collect()),
            Token::Symbols(words) => {
                Kind::List(words.into_iter().map(|word| Expression { kind: Kind::Symbol(word), at }).collect())
            }
            Token::Constant(name) => {
                if self.is_sign("(") && !self.is_spaced(0) {
                    return self.call(None, name, false, at);
                }
                Kind::Constant(name)
            }
            Token::Name(name) => {
                if self.variables.contains(&name) && (!self.is_sign("(") || self.is_spaced(0)) {
                    Kind::Variable(name)
                } else {
                    return self.call(None, name, false, at);
                }
            }
            Token::Sign("(") => {
                let inner = self.grouped(|parser| parser.statements(&[]))?;
                self.expect_sign(")")?;
                Kind::Group(inner)
            }
            Token::Sign("[") => Kind::List(self.arguments("]")?),
            Token::Sign("{") => Kind::Hash(self.hash()?),
            Token::Keyword(word) => self.keyword(word)?,
            _ => {
                self.at -= 1;
                return Err(self.unexpected());
            }
        };
        Ok(Expression { kind, at })
    }

    pub(super) fn keyword(&mut self, word: &'static str) -> Result<Kind, Wrong> {
        match word {
            "nil" => Ok(Kind::Nil),
            "true" => Ok(Kind::Bool(true)),
            "false" => Ok(Kind::Bool(false)),
            "if" => self.deeper(Self::if_rest),
            "unless" => {
                let condition = Box::new(self.expression()?);
                self.take_keyword("then");
                let no = self.statements(&["else", "end"])?;
                let yes = if self.take_keyword("else") { self.statements(&["end"])? } else { Vec::new() };
                self.expect_keyword("end")?;
                Ok(Kind::If(condition, yes, no))
            }
            "case" => self.case_rest(),
            "begin" => self.begin_rest(),
            "for" => {
                let names = self.names()?;
                self.expect_keyword("in")?;
                let list = Box::new(self.before_do()?);
                let body = self.statements(&["end"])?;
                self.expect_keyword("end")?;
                Ok(Kind::For(names, list, body))
            }
            "next" => {
                let ends = matches!(
                    self.token(),
                    Token::Break | Token::End | Token::Sign("}") | Token::Keyword("if" | "unless" | "end")
                );
                Ok(Kind::Next(if ends { None } else { Some(Box::new(self.expression()?)) }))
            }
            "break" => Ok(Kind::Leave),
            _ => {
                self.at -= 1;
                Err(self.unexpected())
            }
        }
    }

    /// After `if` or `elsif`.
    pub(super) fn if_rest(&mut self) -> Result<Kind, Wrong> {
        let condition = Box::new(self.expression()?);
        self.take_keyword("then");
        let yes = self.statements(&["elsif", "else", "end"])?;
        let at = self.place();
        if self.take_keyword("elsif") {
            let rest = self.deeper(Self::if_rest)?;
            return Ok(Kind::If(condition, yes, vec![Expression { kind: rest, at }]));
        }
        let no = if self.take_keyword("else") { self.statements(&["end"])? } else { Vec::new() };
        self.expect_keyword("end")?;
        Ok(Kind::If(condition, yes, no))
    }

    pub(super) fn case_rest(&mut self) -> Result<Kind, Wrong> {
        let value = if *self.token() == Token::Break { None } else { Some(Box::new(self.expression()?)) };
        let mut branches = Vec::new();
        self.skip_breaks();
        // Blanks between the tags of `case` and the first `when`.
        while matches!(self.token(), Token::Text(_) | Token::Break) {
            self.at += 1;
        }
        while self.take_keyword("when") {
            let mut patterns = vec![self.choice()?];
            while self.take_sign(",") {
                self.skip_breaks();
                patterns.push(self.choice()?);
            }
            self.take_keyword("then");
            branches.push((patterns, self.statements(&["when", "else", "end"])?));
        }
        let otherwise = if self.take_keyword("else") { self.statements(&["end"])? } else { Vec::new() };
        self.expect_keyword("end")?;
        Ok(Kind::Case(value, branches, otherwise))
    }

    pub(super) fn begin_rest(&mut self) -> Result<Kind, Wrong> {
        const ENDS: [&str; 4] = ["rescue", "else", "ensure", "end"];
        let body = self.statements(&ENDS)?;
        let mut rescues = Vec::new();
        while self.take_keyword("rescue") {
            let mut classes = Vec::new();
            while let Token::Constant(_) = self.token() {
                let class = self.unary()?;
                if let Kind::Constant(path) = class.kind {
                    classes.push(path);
                }
                if !self.take_sign(",") {
                    break;
                }
            }
            let mut variable = None;
            if self.take_sign("=>") {
                let Token::Name(name) = self.token().clone() else { return Err(self.unexpected()) };
                self.at += 1;
                self.declare(&name);
                variable = Some(name);
            }
            self.take_keyword("then");
            rescues.push((classes, variable, self.statements(&ENDS)?));
        }
        let otherwise = if self.take_keyword("else") { self.statements(&["ensure", "end"])? } else { Vec::new() };
        let finally = if self.take_keyword("ensure") { self.statements(&["end"])? } else { Vec::new() };
        self.expect_keyword("end")?;
        Ok(Kind::Begin(Box::new(Begin { body, rescues, otherwise, finally })))
    }

    /// An expression before the `do` of a loop.
    pub(super) fn before_do(&mut self) -> Parsed {
        let outer = std::mem::replace(&mut self.without_do, true);
        let expression = self.expression();
        self.without_do = outer;
        self.take_keyword("do");
        expression
    }
}
