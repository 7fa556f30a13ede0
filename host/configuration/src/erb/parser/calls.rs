//! Calls with their arguments and blocks, and what stands between brackets.

use std::rc::Rc;

use super::super::Wrong;
use super::super::syntax::{Block, Call, Expression, Kind, Part};
use super::super::tokens::{Segment, Token};
use super::{DEEPEST, Parsed, Parser};

impl Parser {
    /// Within parentheses and braces `do` opens a block again.
    pub(super) fn grouped<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Wrong>) -> Result<T, Wrong> {
        let outer = std::mem::replace(&mut self.without_do, false);
        let parsed = self.deeper(parse);
        self.without_do = outer;
        parsed
    }

    /// Arguments and block of a call whose name has been taken.
    pub(super) fn call(&mut self, receiver: Option<Expression>, name: String, is_safe: bool, at: usize) -> Parsed {
        let mut block = None;
        let arguments = if self.is_sign("(") && !self.is_spaced(0) {
            self.at += 1;
            self.arguments_and_block(")", &mut block)?
        } else if self.is_spaced(0) && self.begins_argument() {
            self.command_arguments(&mut block)?
        } else {
            Vec::new()
        };
        if self.is_sign("{") || (self.is_keyword("do") && !self.without_do) {
            block = Some(self.block()?);
        }
        let call = Call { receiver, name, arguments, block: block.map(Rc::new), is_safe };
        Ok(Expression { kind: Kind::Call(Box::new(call)), at })
    }

    /// Whether an argument without parentheses begins here.
    pub(super) fn begins_argument(&self) -> bool {
        match self.token() {
            Token::Integer(_)
            | Token::Float(_)
            | Token::String(_)
            | Token::Command(_)
            | Token::Pattern(..)
            | Token::Symbol(_)
            | Token::Words(_)
            | Token::Symbols(_)
            | Token::Name(_)
            | Token::Constant(_)
            | Token::Label(_) => true,
            Token::Keyword(word) => matches!(*word, "nil" | "true" | "false" | "not" | "defined?"),
            Token::Sign("!" | "::") => true,
            Token::Sign("[" | "-") => !self.is_spaced(1),
            _ => false,
        }
    }

    /// Arguments up to a closing sign, which is taken.
    pub(super) fn arguments(&mut self, close: &'static str) -> Result<Vec<Expression>, Wrong> {
        let mut block = None;
        let arguments = self.arguments_and_block(close, &mut block)?;
        if block.is_some() { Err(self.unexpected()) } else { Ok(arguments) }
    }

    pub(super) fn arguments_and_block(
        &mut self,
        close: &'static str,
        block: &mut Option<Block>,
    ) -> Result<Vec<Expression>, Wrong> {
        self.grouped(|parser| {
            let mut arguments = Vec::new();
            let mut named = Vec::new();
            loop {
                parser.skip_breaks();
                if parser.take_sign(close) {
                    break;
                }
                parser.argument(&mut arguments, &mut named, block)?;
                parser.skip_breaks();
                if !parser.take_sign(",") {
                    parser.expect_sign(close)?;
                    break;
                }
            }
            close_named(&mut arguments, named);
            Ok(arguments)
        })
    }

    pub(super) fn command_arguments(&mut self, block: &mut Option<Block>) -> Result<Vec<Expression>, Wrong> {
        let mut arguments = Vec::new();
        let mut named = Vec::new();
        loop {
            self.deeper(|parser| parser.argument(&mut arguments, &mut named, block))?;
            if !self.take_sign(",") {
                close_named(&mut arguments, named);
                return Ok(arguments);
            }
            self.skip_breaks();
        }
    }

    pub(super) fn argument(
        &mut self,
        arguments: &mut Vec<Expression>,
        named: &mut Vec<(Expression, Expression)>,
        block: &mut Option<Block>,
    ) -> Result<(), Wrong> {
        let at = self.place();
        if let Token::Label(name) = self.token().clone() {
            self.at += 1;
            self.skip_breaks();
            named.push((Expression { kind: Kind::Symbol(name), at }, self.negated()?));
            return Ok(());
        }
        if self.is_sign("&") {
            self.at += 1;
            let Token::Symbol(name) = self.token().clone() else { return Err(self.unexpected()) };
            self.at += 1;
            *block = Some(Block::Method(name));
            return Ok(());
        }
        let argument = self.negated()?;
        if self.take_sign("=>") {
            self.skip_breaks();
            named.push((argument, self.negated()?));
        } else {
            arguments.push(argument);
        }
        Ok(())
    }

    /// The pairs of a map whose brace has been taken.
    pub(super) fn hash(&mut self) -> Result<Vec<(Expression, Expression)>, Wrong> {
        self.grouped(|parser| {
            let mut pairs = Vec::new();
            loop {
                parser.skip_breaks();
                if parser.take_sign("}") {
                    return Ok(pairs);
                }
                let at = parser.place();
                let key = match parser.token().clone() {
                    Token::Label(name) => {
                        parser.at += 1;
                        Expression { kind: Kind::Symbol(name), at }
                    }
                    _ => {
                        let key = parser.choice()?;
                        match key.kind {
                            // `"name": value` has a symbol for its key.
                            Kind::String(parts) if parser.take_sign(":") => match parts.into_iter().next() {
                                Some(Part::Text(name)) => Expression { kind: Kind::Symbol(name), at },
                                _ => return Err(parser.unexpected()),
                            },
                            kind => {
                                parser.expect_sign("=>")?;
                                Expression { kind, at }
                            }
                        }
                    }
                };
                parser.skip_breaks();
                pairs.push((key, parser.negated()?));
                parser.skip_breaks();
                if !parser.take_sign(",") {
                    parser.expect_sign("}")?;
                    return Ok(pairs);
                }
            }
        })
    }

    /// `{ |x| … }` or `do |x| … end`.
    pub(super) fn block(&mut self) -> Result<Block, Wrong> {
        let braced = self.is_sign("{");
        self.at += 1;
        self.grouped(|parser| {
            let known = parser.variables.len();
            let mut parameters = Vec::new();
            if parser.take_sign("|") {
                while !parser.take_sign("|") {
                    if parser.take_sign("(") {
                        parameters.push(parser.names()?);
                        parser.expect_sign(")")?;
                    } else {
                        let Token::Name(name) = parser.token().clone() else { return Err(parser.unexpected()) };
                        parser.at += 1;
                        parser.declare(&name);
                        parameters.push(vec![name]);
                    }
                    if !parser.is_sign("|") {
                        parser.expect_sign(",")?;
                    }
                }
            } else {
                parser.take_sign("||");
            }
            let body = parser.statements(if braced { &[] } else { &["end"] })?;
            if braced {
                parser.expect_sign("}")?
            } else {
                parser.expect_keyword("end")?
            };
            parser.variables.truncate(known);
            Ok(Block::Body(parameters, body))
        })
    }

    /// Names between commas, which become variables.
    pub(super) fn names(&mut self) -> Result<Vec<String>, Wrong> {
        let mut names = Vec::new();
        loop {
            let Token::Name(name) = self.token().clone() else { return Err(self.unexpected()) };
            self.at += 1;
            self.declare(&name);
            names.push(name);
            if !self.take_sign(",") {
                return Ok(names);
            }
        }
    }

    pub(super) fn parts(&mut self, segments: Vec<Segment>) -> Result<Vec<Part>, Wrong> {
        let part = |segment| match segment {
            Segment::Text(text) => Ok(Part::Text(text)),
            Segment::Code(tokens) => {
                if self.depth >= DEEPEST {
                    return Err(Wrong::not_understood(self.place(), "Ruby nested this deep"));
                }
                Parser::new(tokens, self.variables.clone(), self.depth + 1).program().map(Part::Code)
            }
        };
        segments.into_iter().map(part).collect()
    }
}

fn close_named(arguments: &mut Vec<Expression>, named: Vec<(Expression, Expression)>) {
    if let Some((first, _)) = named.first() {
        let at = first.at;
        arguments.push(Expression { kind: Kind::Hash(named), at });
    }
}
