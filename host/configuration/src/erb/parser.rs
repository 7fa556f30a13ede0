//! From tokens to a tree, by Ruby's rules of precedence.

use std::rc::Rc;

use super::Wrong;
use super::syntax::{Begin, Block, Call, Expression, Kind, Part, Target};
use super::tokens::{Located, Segment, Token};

/// How deep expressions may nest.
const DEEPEST: usize = 64;

/// Signs between two values by how strongly they bind, weakest first; `||` and `&&` are apart.
const BINARY: [&[&str]; 6] = [
    &["<=>", "==", "===", "!=", "=~", "!~"],
    &["<", "<=", ">", ">="],
    &["|", "&"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

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

    /// `and`, `or` and `not` bind weakest.
    fn expression(&mut self) -> Parsed {
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

    fn negated(&mut self) -> Parsed {
        let at = self.place();
        if self.take_keyword("not") {
            let inner = self.deeper(Self::negated)?;
            return Ok(Expression { kind: Kind::Not(Box::new(inner)), at });
        }
        self.assignment()
    }

    fn assignment(&mut self) -> Parsed {
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
    fn several_targets(&mut self) -> Option<Vec<String>> {
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

    fn declare(&mut self, name: &str) {
        if !self.variables.iter().any(|known| known == name) {
            self.variables.push(name.to_owned());
        }
    }

    /// `a ? b : c`.
    fn choice(&mut self) -> Parsed {
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

    fn range(&mut self) -> Parsed {
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

    fn or(&mut self) -> Parsed {
        let at = self.place();
        let mut left = self.and()?;
        while self.take_sign("||") {
            self.skip_breaks();
            let right = self.and()?;
            left = Expression { kind: Kind::Or(Box::new(left), Box::new(right)), at };
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let at = self.place();
        let mut left = self.binary(0)?;
        while self.take_sign("&&") {
            self.skip_breaks();
            let right = self.binary(0)?;
            left = Expression { kind: Kind::And(Box::new(left), Box::new(right)), at };
        }
        Ok(left)
    }

    fn binary(&mut self, level: usize) -> Parsed {
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

    fn unary(&mut self) -> Parsed {
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
    fn postfix(&mut self, mut value: Expression) -> Parsed {
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

    fn primary(&mut self) -> Parsed {
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

    fn keyword(&mut self, word: &'static str) -> Result<Kind, Wrong> {
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
    fn if_rest(&mut self) -> Result<Kind, Wrong> {
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

    fn case_rest(&mut self) -> Result<Kind, Wrong> {
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

    fn begin_rest(&mut self) -> Result<Kind, Wrong> {
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
    fn before_do(&mut self) -> Parsed {
        let outer = std::mem::replace(&mut self.without_do, true);
        let expression = self.expression();
        self.without_do = outer;
        self.take_keyword("do");
        expression
    }

    /// Within parentheses and braces `do` opens a block again.
    fn grouped<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Wrong>) -> Result<T, Wrong> {
        let outer = std::mem::replace(&mut self.without_do, false);
        let parsed = self.deeper(parse);
        self.without_do = outer;
        parsed
    }

    /// Arguments and block of a call whose name has been taken.
    fn call(&mut self, receiver: Option<Expression>, name: String, is_safe: bool, at: usize) -> Parsed {
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
    fn begins_argument(&self) -> bool {
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
    fn arguments(&mut self, close: &'static str) -> Result<Vec<Expression>, Wrong> {
        let mut block = None;
        let arguments = self.arguments_and_block(close, &mut block)?;
        if block.is_some() { Err(self.unexpected()) } else { Ok(arguments) }
    }

    fn arguments_and_block(
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

    fn command_arguments(&mut self, block: &mut Option<Block>) -> Result<Vec<Expression>, Wrong> {
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

    fn argument(
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
    fn hash(&mut self) -> Result<Vec<(Expression, Expression)>, Wrong> {
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
    fn block(&mut self) -> Result<Block, Wrong> {
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
    fn names(&mut self) -> Result<Vec<String>, Wrong> {
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

    fn parts(&mut self, segments: Vec<Segment>) -> Result<Vec<Part>, Wrong> {
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
