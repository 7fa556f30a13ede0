//! Signs between and before values, by how strongly they bind.

use super::super::Wrong;
use super::super::syntax::{Call, Expression, Kind, Target};
use super::super::tokens::Token;
use super::{Parsed, Parser, call, not, rescued};

/// Signs between two values by how strongly they bind, weakest first; `||` and `&&` are apart.
const BINARY: [&[&str]; 6] = [
    &["<=>", "==", "===", "!=", "=~", "!~"],
    &["<", "<=", ">", ">="],
    &["|", "&"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Parser {
    /// `and`, `or` and `not` bind weakest.
    pub(super) fn expression(&mut self) -> Parsed {
        let at = self.place();
        let mut left = self.negated()?;
        loop {
            let is_and = self.is_keyword("and");
            if !is_and && !self.is_keyword("or") {
                return Ok(left);
            }
            self.at += 1;
            self.skip_breaks();
            let right = Box::new(self.negated()?);
            let kind = if is_and { Kind::And(Box::new(left), right) } else { Kind::Or(Box::new(left), right) };
            left = Expression { kind, at };
        }
    }

    pub(super) fn negated(&mut self) -> Parsed {
        let at = self.place();
        if self.take_keyword("not") {
            let inner = self.deeper(Self::negated)?;
            return Ok(Expression { kind: Kind::Not(Box::new(inner)), at });
        }
        self.assignment()
    }

    pub(super) fn assignment(&mut self) -> Parsed {
        let at = self.place();
        if let Some(names) = self.several_targets() {
            let targets = names.into_iter().map(Target::Variable).collect();
            let first = self.deeper(Self::assignment)?;
            let mut values = vec![first];
            while self.take_sign(",") {
                values.push(self.deeper(Self::assignment)?);
            }
            let value = match values.pop() {
                Some(only) if values.is_empty() => only,
                last => Expression { at, kind: Kind::List(values.into_iter().chain(last).collect()) },
            };
            return Ok(Expression { kind: Kind::Assign(targets, Box::new(value)), at });
        }
        if let (Token::Name(name), Token::Sign("=" | "||=" | "&&=" | "+=" | "-=" | "*=" | "<<=")) =
            (self.token().clone(), self.ahead(1))
        {
            self.declare(&name);
        }
        let left = self.choice()?;
        let Token::Sign(sign) = self.token().clone() else { return Ok(left) };
        let operator = match sign {
            "=" => "",
            "||=" => "||",
            "&&=" => "&&",
            "+=" => "+",
            "-=" => "-",
            "*=" => "*",
            _ => return Ok(left),
        };
        let target = match left.kind {
            Kind::Variable(name) => Target::Variable(name),
            Kind::Call(call) if call.name == "[]" && call.arguments.len() == 1 && call.receiver.is_some() => {
                let Call { receiver: Some(receiver), mut arguments, .. } = *call else { return Err(self.unexpected()) };
                Target::Index(Box::new(receiver), Box::new(arguments.remove(0)))
            }
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        self.skip_breaks();
        let mut value = self.deeper(Self::assignment)?;
        if self.take_keyword("rescue") {
            let instead = self.deeper(Self::assignment)?;
            value = Expression { at, kind: rescued(value, instead) };
        }
        let value = Box::new(value);
        let kind =
            if operator.is_empty() { Kind::Assign(vec![target], value) } else { Kind::Update(target, operator, value) };
        Ok(Expression { kind, at })
    }

    /// `a, b =`: takes it if it stands here.
    pub(super) fn several_targets(&mut self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut more = 0;
        loop {
            let Token::Name(name) = self.ahead(more) else { return None };
            names.push(name.clone());
            match self.ahead(more + 1) {
                Token::Sign(",") => more += 2,
                Token::Sign("=") if names.len() > 1 => break,
                _ => return None,
            }
        }
        self.at += more + 2;
        names.iter().for_each(|name| self.declare(name));
        Some(names)
    }

    pub(super) fn declare(&mut self, name: &str) {
        if !self.variables.iter().any(|known| known == name) {
            self.variables.push(name.to_owned());
        }
    }

    /// `a ? b : c`.
    pub(super) fn choice(&mut self) -> Parsed {
        let at = self.place();
        let condition = self.range()?;
        if !self.take_sign("?") {
            return Ok(condition);
        }
        self.skip_breaks();
        let yes = self.deeper(Self::choice)?;
        self.skip_breaks();
        self.expect_sign(":")?;
        self.skip_breaks();
        let no = self.deeper(Self::choice)?;
        Ok(Expression { kind: Kind::If(Box::new(condition), vec![yes], vec![no]), at })
    }

    pub(super) fn range(&mut self) -> Parsed {
        let at = self.place();
        let first = self.or()?;
        let is_open = self.is_sign("...");
        if !is_open && !self.is_sign("..") {
            return Ok(first);
        }
        self.at += 1;
        let ends_here = matches!(self.token(), Token::Sign("]" | ")") | Token::Break | Token::OutputEnd | Token::End);
        let last = if ends_here { Expression { kind: Kind::Nil, at } } else { self.or()? };
        Ok(Expression { kind: Kind::Range(Box::new(first), Box::new(last), is_open), at })
    }

    pub(super) fn or(&mut self) -> Parsed {
        let at = self.place();
        let mut left = self.and()?;
        while self.take_sign("||") {
            self.skip_breaks();
            let right = self.and()?;
            left = Expression { kind: Kind::Or(Box::new(left), Box::new(right)), at };
        }
        Ok(left)
    }

    pub(super) fn and(&mut self) -> Parsed {
        let at = self.place();
        let mut left = self.binary(0)?;
        while self.take_sign("&&") {
            self.skip_breaks();
            let right = self.binary(0)?;
            left = Expression { kind: Kind::And(Box::new(left), Box::new(right)), at };
        }
        Ok(left)
    }

    pub(super) fn binary(&mut self, level: usize) -> Parsed {
        let Some(signs) = BINARY.get(level) else { return self.deeper(Self::unary) };
        let at = self.place();
        let mut left = self.binary(level + 1)?;
        loop {
            let Token::Sign(sign) = *self.token() else { return Ok(left) };
            if !signs.contains(&sign) {
                return Ok(left);
            }
            self.at += 1;
            self.skip_breaks();
            let right = self.binary(level + 1)?;
            left = match sign {
                "!=" => not(call(left, "==", vec![right], at), at),
                "!~" => not(call(left, "=~", vec![right], at), at),
                _ => call(left, sign, vec![right], at),
            };
        }
    }

    pub(super) fn unary(&mut self) -> Parsed {
        let at = self.place();
        if self.take_sign("!") {
            let inner = self.deeper(Self::unary)?;
            return Ok(not(inner, at));
        }
        if self.take_sign("-") {
            let inner = self.deeper(Self::unary)?;
            return Ok(call(inner, "-@", Vec::new(), at));
        }
        if self.take_keyword("defined?") {
            let inner = self.deeper(Self::unary)?;
            return Ok(Expression { kind: Kind::Defined(Box::new(inner)), at });
        }
        let value = self.primary()?;
        self.postfix(value)
    }

    /// What may follow a value: `.name`, `&.name`, `::Name`, `[key]`.
    pub(super) fn postfix(&mut self, mut value: Expression) -> Parsed {
        loop {
            let at = value.at;
            // A call may go on in the next line with a leading period.
            let mut more = 0;
            while *self.ahead(more) == Token::Break {
                more += 1;
            }
            if more > 0 && matches!(self.ahead(more), Token::Sign("." | "&.")) {
                self.at += more;
            }
            match *self.token() {
                Token::Sign(sign @ ("." | "&.")) => {
                    self.at += 1;
                    self.skip_breaks();
                    let name = match self.token().clone() {
                        Token::Name(name) | Token::Constant(name) => name,
                        Token::Label(name) => {
                            // `a ? b.c: d`
                            return Err(Wrong::not_understood(self.place(), &format!("`{name}:`")));
                        }
                        _ => return Err(self.unexpected()),
                    };
                    let place = self.place();
                    self.at += 1;
                    value = self.call(Some(value), name, sign == "&.", place)?;
                }
                Token::Sign("::") => {
                    self.at += 1;
                    match (self.token().clone(), value.kind) {
                        (Token::Constant(name), Kind::Constant(path)) => {
                            self.at += 1;
                            value = Expression { kind: Kind::Constant(format!("{path}::{name}")), at };
                        }
                        _ => return Err(self.unexpected()),
                    }
                }
                Token::Sign("[") if !self.is_spaced(0) || !matches!(value.kind, Kind::Call(_)) => {
                    self.at += 1;
                    let arguments = self.arguments("]")?;
                    value = call(value, "[]", arguments, at);
                }
                _ => return Ok(value),
            }
        }
    }
}
