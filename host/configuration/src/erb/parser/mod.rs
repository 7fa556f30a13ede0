//! From tokens to a tree, by Ruby's rules of precedence.

mod calls;
mod operators;
mod values;

use super::Wrong;
use super::syntax::{Begin, Call, Expression, Kind, Part};
use super::tokens::{Located, Token};

/// How deep expressions may nest.
const DEEPEST: usize = 64;

type Parsed = Result<Expression, Wrong>;

/// The statements of a whole template.
pub(super) fn parse(tokens: Vec<Located>) -> Result<Vec<Expression>, Wrong> {
    Parser::new(tokens, Vec::new(), 0).program()
}

struct Parser {
    tokens: Vec<Located>,
    at: usize,
    /// Names that were assigned to so far: these are variables, others are methods.
    variables: Vec<String>,
    depth: usize,
    /// Whether `do` belongs to a loop around this expression.
    without_do: bool,
}

impl Parser {
    fn new(tokens: Vec<Located>, variables: Vec<String>, depth: usize) -> Self {
        Self { tokens, at: 0, variables, depth, without_do: false }
    }

    fn program(mut self) -> Result<Vec<Expression>, Wrong> {
        let statements = self.statements(&[])?;
        match self.token() {
            Token::End => Ok(statements),
            _ => Err(self.unexpected()),
        }
    }

    fn token(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |located| &located.token)
    }

    fn ahead(&self, more: usize) -> &Token {
        self.tokens.get(self.at + more).map_or(&Token::End, |located| &located.token)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |located| located.at)
    }

    fn is_spaced(&self, more: usize) -> bool {
        self.tokens.get(self.at + more).is_some_and(|located| located.spaced)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.token(), Token::Sign(found) if *found == sign)
    }

    fn is_keyword(&self, word: &str) -> bool {
        matches!(self.token(), Token::Keyword(found) if *found == word)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn take_keyword(&mut self, word: &str) -> bool {
        let found = self.is_keyword(word);
        self.at += usize::from(found);
        found
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_keyword(&mut self, word: &str) -> Result<(), Wrong> {
        if self.take_keyword(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn skip_breaks(&mut self) {
        while *self.token() == Token::Break {
            self.at += 1;
        }
    }

    fn unexpected(&self) -> Wrong {
        let what = match self.token() {
            Token::End => "the end comes too early: something is not closed".to_owned(),
            Token::Break | Token::OutputEnd => "this ends too early".to_owned(),
            Token::Text(_) | Token::OutputBegin => "text where Ruby should go on".to_owned(),
            Token::Keyword(word) => format!("`{word}`"),
            Token::Sign(sign) => format!("the sign `{sign}`"),
            Token::Name(name) | Token::Constant(name) => format!("`{name}`"),
            Token::Label(name) => format!("`{name}:`"),
            _ => "a value".to_owned(),
        };
        Wrong::not_understood(self.place(), &what)
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Wrong>) -> Result<T, Wrong> {
        if self.depth >= DEEPEST {
            return Err(Wrong::not_understood(self.place(), "Ruby nested this deep"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Statements up to one of some keywords, a closing brace or the end.
    fn statements(&mut self, ends: &[&str]) -> Result<Vec<Expression>, Wrong> {
        let mut statements = Vec::new();
        loop {
            self.skip_breaks();
            let ended = match self.token() {
                Token::End | Token::OutputEnd | Token::Sign("}" | ")") => true,
                Token::Keyword(word) => ends.contains(word),
                _ => false,
            };
            if ended {
                return Ok(statements);
            }
            statements.push(self.deeper(Self::statement)?);
            let is_text = matches!(statements.last().map(|last| &last.kind), Some(Kind::Text(_) | Kind::Output(_)));
            let separated = match self.token() {
                _ if is_text => true,
                Token::Break | Token::End | Token::OutputBegin | Token::OutputEnd | Token::Text(_) => true,
                Token::Sign(sign) => matches!(*sign, "}" | ")"),
                Token::Keyword(word) => ends.contains(word),
                _ => false,
            };
            if !separated {
                return Err(self.unexpected());
            }
        }
    }

    /// A statement with what is said behind it: `… if x`, `… unless x`, `… rescue x`.
    fn statement(&mut self) -> Parsed {
        let at = self.place();
        match self.token().clone() {
            Token::Text(range) => {
                self.at += 1;
                return Ok(Expression { kind: Kind::Text(range), at });
            }
            Token::OutputBegin => {
                self.at += 1;
                let printed = self.statements(&[])?;
                if *self.token() != Token::OutputEnd {
                    return Err(self.unexpected());
                }
                self.at += 1;
                return Ok(Expression { kind: Kind::Output(printed), at });
            }
            _ => {}
        }
        let mut statement = self.expression()?;
        loop {
            let kind = if self.take_keyword("if") {
                let condition = self.expression()?;
                Kind::If(Box::new(condition), vec![statement], Vec::new())
            } else if self.take_keyword("unless") {
                let condition = self.expression()?;
                Kind::If(Box::new(condition), Vec::new(), vec![statement])
            } else if self.take_keyword("rescue") {
                let instead = self.expression()?;
                rescued(statement, instead)
            } else {
                return Ok(statement);
            };
            statement = Expression { kind, at };
        }
    }
}

fn call(receiver: Expression, name: &str, arguments: Vec<Expression>, at: usize) -> Expression {
    let call = Call { receiver: Some(receiver), name: name.to_owned(), arguments, block: None, is_safe: false };
    Expression { kind: Kind::Call(Box::new(call)), at }
}

fn not(inner: Expression, at: usize) -> Expression {
    Expression { kind: Kind::Not(Box::new(inner)), at }
}

fn string(text: String, at: usize) -> Expression {
    Expression { kind: Kind::String(vec![Part::Text(text)]), at }
}

/// `value rescue instead`.
fn rescued(value: Expression, instead: Expression) -> Kind {
    let rescues = vec![(Vec::new(), None, vec![instead])];
    Kind::Begin(Box::new(Begin { body: vec![value], rescues, otherwise: Vec::new(), finally: Vec::new() }))
}
