//! Carries a template's Ruby out.
//!
//! Control flow and variables are here; the methods of values are in `methods`, Ruby's library as far as templates use it in
//! `library`. What a template may cost is limited: steps, and the length of any text.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use regex_lite::Regex;

use super::positions::Output;
use super::surroundings::{Ran, Surroundings};
use super::syntax::{Begin, Block, Call, Expression, Kind, Part, Target};
use super::value::{Value, set};
use super::{Wrong, library, methods};
use crate::model::Text;

/// How many steps a template may take.
const MOST_STEPS: usize = 200_000;
/// How long any text in a template may become, in bytes.
pub(super) const LONGEST: usize = 1 << 20;
/// How deep calls may nest.
const DEEPEST: usize = 128;

/// Why evaluation stops before the end of a statement.
pub(super) enum Stop {
    Wrong(Wrong),
    Next(Value),
    Leave,
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

pub(super) type Evaluated = Result<Value, Stop>;

/// A template's state.
pub(super) struct Evaluator<'e> {
    pub(super) surroundings: &'e dyn Surroundings,
    /// What the environment's variables are for this template, over those of the surroundings; `None` is deleted.
    pub(super) variables: &'e mut IndexMap<String, Option<Text>>,
    /// Variables that were asked for and are not set, with the place.
    pub(super) unset: Vec<(usize, String)>,
    template: &'e str,
    output: Output,
    scopes: Vec<HashMap<String, Value>>,
    steps: usize,
    depth: usize,
}

impl<'e> Evaluator<'e> {
    pub(super) fn new(
        template: &'e str,
        surroundings: &'e dyn Surroundings,
        variables: &'e mut IndexMap<String, Option<Text>>,
    ) -> Self {
        Self {
            surroundings,
            variables,
            unset: Vec::new(),
            template,
            output: Output::default(),
            scopes: vec![HashMap::new()],
            steps: 0,
            depth: 0,
        }
    }

    /// Carries the whole template out; what it printed, and which variables it missed.
    pub(super) fn run(mut self, statements: &[Expression]) -> Result<(Output, Vec<(usize, String)>), Wrong> {
        match self.statements(statements) {
            Ok(_) | Err(Stop::Next(_) | Stop::Leave) => Ok((self.output, self.unset)),
            Err(Stop::Wrong(wrong)) => Err(wrong),
        }
    }

    fn statements(&mut self, statements: &[Expression]) -> Evaluated {
        let mut last = Value::Nil;
        for statement in statements {
            last = self.value(statement)?;
        }
        Ok(last)
    }

    pub(super) fn value(&mut self, expression: &Expression) -> Evaluated {
        self.step(expression.at)?;
        if self.depth == DEEPEST {
            return Err(Wrong::not_understood(expression.at, "Ruby nested this deep").into());
        }
        self.depth += 1;
        let value = self.value_of(expression);
        self.depth -= 1;
        value
    }

    /// Counts one step.
    pub(super) fn step(&mut self, at: usize) -> Result<(), Wrong> {
        self.steps += 1;
        if self.steps > MOST_STEPS { Err(Wrong::not_understood(at, "Ruby that takes this long")) } else { Ok(()) }
    }

    /// Counts more steps for a large value, so that nothing grows without end.
    fn charge(&mut self, value: &Value, at: usize) -> Result<(), Wrong> {
        self.steps = self.steps.saturating_add(value.weight() / 64);
        self.step(at)
    }

    fn value_of(&mut self, expression: &Expression) -> Evaluated {
        let at = expression.at;
        Ok(match &expression.kind {
            Kind::Nil => Value::Nil,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Integer(number) => Value::Integer(*number),
            Kind::Float(number) => Value::Float(*number),
            Kind::String(parts) => self.string(parts, at)?,
            Kind::Symbol(name) => Value::Symbol(name.clone()),
            Kind::Command(parts) => return self.command(parts, at),
            Kind::Pattern(source, flags) => Value::Pattern(pattern(source, flags, at)?),
            Kind::List(items) => Value::List(self.values(items)?),
            Kind::Hash(pairs) => {
                let mut hash = Vec::new();
                for (key, value) in pairs {
                    let key = self.value(key)?;
                    set(&mut hash, key, self.value(value)?);
                }
                Value::Hash(hash)
            }
            Kind::Range(first, last, open) => {
                Value::Range(Box::new(self.value(first)?), Box::new(self.value(last)?), *open)
            }
            Kind::Variable(name) => {
                let value = self.variable(name);
                self.charge(&value, at)?;
                value
            }
            Kind::Constant(path) => return library::constant(path, at).map_err(Stop::Wrong),
            Kind::Call(call) => {
                let value = self.call(call, at)?;
                self.charge(&value, at)?;
                value
            }
            Kind::Not(inner) => Value::Bool(!self.value(inner)?.is_truthy()),
            Kind::And(left, right) => match self.value(left)? {
                left if left.is_truthy() => self.value(right)?,
                left => left,
            },
            Kind::Or(left, right) => match self.value(left)? {
                left if left.is_truthy() => left,
                _ => self.value(right)?,
            },
            Kind::Assign(targets, value) => {
                let value = self.value(value)?;
                self.assign_all(targets, value.clone())?;
                value
            }
            Kind::Update(target, operator, value) => return self.update(target, operator, value, at),
            Kind::If(condition, yes, no) => {
                let chosen = if self.value(condition)?.is_truthy() { yes } else { no };
                return self.statements(chosen);
            }
            Kind::Case(value, branches, otherwise) => return self.case(value.as_deref(), branches, otherwise),
            Kind::For(names, list, body) => {
                let list = self.value(list)?;
                for item in methods::items(&list, at)? {
                    self.step(at)?;
                    for (name, value) in names.iter().zip(spread(item, names.len())) {
                        self.assign(name, value);
                    }
                    match self.statements(body) {
                        Err(Stop::Leave) => break,
                        Ok(_) | Err(Stop::Next(_)) => {}
                        Err(wrong) => return Err(wrong),
                    }
                }
                list
            }
            Kind::Begin(begin) => return self.begin(begin),
            Kind::Group(statements) => return self.statements(statements),
            Kind::Next(value) => {
                let value = value.as_ref().map_or(Ok(Value::Nil), |value| self.value(value))?;
                return Err(Stop::Next(value));
            }
            Kind::Leave => return Err(Stop::Leave),
            Kind::Text(range) => {
                self.output.copy(self.template, range.clone());
                self.check_length(self.output.length(), at)?;
                Value::Nil
            }
            Kind::Output(statements) => {
                let value = self.statements(statements)?;
                self.output.print(at, value.printed());
                self.check_length(self.output.length(), at)?;
                Value::Nil
            }
            Kind::Defined(inner) => match within(inner) {
                Kind::Constant(path) if library::constant(path, at).is_err() => Value::Nil,
                Kind::Call(call) if call.receiver.is_none() => Value::Nil,
                Kind::Constant(_) => Value::text("constant"),
                _ => Value::text("expression"),
            },
        })
    }

    pub(super) fn check_length(&self, length: usize, at: usize) -> Result<(), Wrong> {
        if length > LONGEST { Err(Wrong::not_understood(at, "a text that becomes this long")) } else { Ok(()) }
    }

    fn values(&mut self, expressions: &[Expression]) -> Result<Vec<Value>, Stop> {
        expressions.iter().map(|expression| self.value(expression)).collect()
    }

    fn string(&mut self, parts: &[Part], at: usize) -> Evaluated {
        let mut printed = Vec::new();
        let mut length = 0;
        for part in parts {
            let more = match part {
                Part::Text(text) => vec![Text::Clear(text.clone())],
                Part::Code(statements) => self.statements(statements)?.printed(),
            };
            length += more.iter().map(|text| if let Text::Clear(text) = text { text.len() } else { 0 }).sum::<usize>();
            self.check_length(length, at)?;
            printed.extend(more);
        }
        Ok(Value::of_parts(printed))
    }

    fn command(&mut self, parts: &[Part], at: usize) -> Evaluated {
        let Value::String(line) = self.string(parts, at)? else {
            return Err(Wrong::not_understood(at, "a secret in a command").into());
        };
        match self.surroundings.run(&line) {
            Ran::Printed(text) => Ok(Value::String(text)),
            Ran::NotAllowed => Err(Wrong::command(at).into()),
            Ran::NotFound => {
                let program = line.split_whitespace().next().unwrap_or_default();
                Err(Wrong::raised(at, "Errno::ENOENT", format!("No such file or directory - {program}")).into())
            }
        }
    }

    fn variable(&self, name: &str) -> Value {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned().unwrap_or(Value::Nil)
    }

    /// Sets a variable where it is, or else in the innermost scope.
    pub(super) fn assign(&mut self, name: &str, value: Value) {
        let known = self.scopes.iter_mut().rev().find(|scope| scope.contains_key(name));
        let scope = match known {
            Some(scope) => Some(scope),
            None => self.scopes.last_mut(),
        };
        if let Some(scope) = scope {
            scope.insert(name.to_owned(), value);
        }
    }

    fn assign_all(&mut self, targets: &[Target], value: Value) -> Result<(), Stop> {
        let values = if targets.len() == 1 { vec![value] } else { spread(value, targets.len()) };
        for (target, value) in targets.iter().zip(values) {
            self.assign_to(target, value)?;
        }
        Ok(())
    }

    fn assign_to(&mut self, target: &Target, value: Value) -> Result<(), Stop> {
        match target {
            Target::Variable(name) => self.assign(name, value),
            Target::Index(receiver, key) => {
                let at = receiver.at;
                let key = self.value(key)?;
                let holder = self.value(receiver)?;
                match (holder, &receiver.kind) {
                    (Value::Module(name), _) if name == "ENV" => library::set_variable(self, &key, value, at)?,
                    (Value::Hash(mut pairs), Kind::Variable(name)) => {
                        set(&mut pairs, key, value);
                        self.assign(name, Value::Hash(pairs));
                    }
                    _ => return Err(Wrong::not_understood(at, "assigning to a part of this").into()),
                }
            }
        }
        Ok(())
    }

    fn update(&mut self, target: &Target, operator: &str, value: &Expression, at: usize) -> Evaluated {
        let present = match target {
            Target::Variable(name) => self.variable(name),
            Target::Index(receiver, key) => {
                let (receiver, key) = (self.value(receiver)?, self.value(key)?);
                self.invoke(&receiver, "[]", vec![key], None, at)?
            }
        };
        let updated = match operator {
            "||" if present.is_truthy() => return Ok(present),
            "&&" if !present.is_truthy() => return Ok(present),
            "||" | "&&" => self.value(value)?,
            _ => {
                let value = self.value(value)?;
                methods::call(self, &present, operator, vec![value], None, at)?
            }
        };
        self.assign_to(target, updated.clone())?;
        Ok(updated)
    }

    fn case(
        &mut self,
        value: Option<&Expression>,
        branches: &[(Vec<Expression>, Vec<Expression>)],
        otherwise: &[Expression],
    ) -> Evaluated {
        let value = value.map(|value| self.value(value)).transpose()?;
        for (patterns, body) in branches {
            for expression in patterns {
                let pattern = self.value(expression)?;
                let fits = match &value {
                    Some(value) => methods::fits(&pattern, value, expression.at)?,
                    None => pattern.is_truthy(),
                };
                if fits {
                    return self.statements(body);
                }
            }
        }
        self.statements(otherwise)
    }

    fn begin(&mut self, begin: &Begin) -> Evaluated {
        let mut result = self.statements(&begin.body);
        if let Err(Stop::Wrong(wrong)) = &result
            && let Some((class, message)) = wrong.exception()
            && let Some((_, variable, body)) =
                begin.rescues.iter().find(|(classes, ..)| library::rescues(classes, &class))
        {
            if let Some(variable) = variable {
                self.assign(variable, Value::Exception(class, message));
            }
            result = self.statements(body);
        } else if result.is_ok() && !begin.otherwise.is_empty() {
            result = self.statements(&begin.otherwise);
        }
        self.statements(&begin.finally)?;
        result
    }

    fn call(&mut self, call: &Call, at: usize) -> Evaluated {
        let Call { receiver, name, arguments, block, is_safe } = call;
        let Some(receiver) = receiver else {
            let arguments = self.values(arguments)?;
            return library::function(self, name, arguments, block.as_deref(), at);
        };
        let value = self.value(receiver)?;
        if *is_safe && matches!(value, Value::Nil) {
            return Ok(Value::Nil);
        }
        let arguments = self.values(arguments)?;
        if let Kind::Variable(variable) = &receiver.kind
            && let Some(changed) = methods::changed(&value, name, &arguments)
        {
            self.assign(variable, changed.clone());
            return Ok(changed);
        }
        self.invoke(&value, name, arguments, block.as_deref(), at)
    }

    fn invoke(
        &mut self,
        receiver: &Value,
        name: &str,
        arguments: Vec<Value>,
        block: Option<&Block>,
        at: usize,
    ) -> Evaluated {
        match receiver {
            Value::Module(module) => library::call(self, module, name, &arguments, block, at),
            receiver => methods::call(self, receiver, name, arguments, block, at),
        }
    }

    /// Calls a block with one value. A block with several parameters takes a list apart.
    pub(super) fn yields(&mut self, block: &Block, value: Value, at: usize) -> Evaluated {
        self.step(at)?;
        match block {
            Block::Method(name) => methods::call(self, &value, name, Vec::new(), None, at),
            Block::Body(parameters, body) => {
                let values = if parameters.len() > 1 { spread(value, parameters.len()) } else { vec![value] };
                let mut scope = HashMap::new();
                for (names, value) in parameters.iter().zip(values) {
                    let values = if names.len() > 1 { spread(value, names.len()) } else { vec![value] };
                    scope.extend(names.iter().cloned().zip(values));
                }
                self.scopes.push(scope);
                let result = self.statements(body);
                self.scopes.pop();
                match result {
                    Err(Stop::Next(value)) => Ok(value),
                    result => result,
                }
            }
        }
    }

    /// A variable of the environment as this template sees it.
    pub(super) fn environment(&self, name: &str) -> Option<Text> {
        match self.variables.get(name) {
            Some(own) => own.clone(),
            None => self.surroundings.environment().get(name).cloned().map(Text::Clear),
        }
    }

    /// The whole environment in the clear, for what is handed on.
    pub(super) fn clear_environment(&self) -> BTreeMap<String, String> {
        let mut environment = self.surroundings.environment().clone();
        for (name, value) in self.variables.iter() {
            match value {
                Some(Text::Clear(value)) => drop(environment.insert(name.clone(), value.clone())),
                Some(Text::Secret(_)) | None => drop(environment.remove(name)),
            }
        }
        environment
    }
}

/// What stands in parentheses, if it stands in any.
fn within(expression: &Expression) -> &Kind {
    match &expression.kind {
        Kind::Group(statements) => match statements.as_slice() {
            [only] => within(only),
            _ => &expression.kind,
        },
        kind => kind,
    }
}

/// A list taken apart into so many values; another value is the first of them.
fn spread(value: Value, count: usize) -> Vec<Value> {
    let mut values = match value {
        Value::List(items) => items,
        other => vec![other],
    };
    values.resize(count, Value::Nil);
    values
}

/// A regular expression of Ruby, in which `^` and `$` mean the ends of lines.
pub(super) fn pattern(source: &str, flags: &str, at: usize) -> Result<Regex, Wrong> {
    let dots = if flags.contains('m') { "s" } else { "" };
    let others: String = flags.chars().filter(|flag| matches!(flag, 'i' | 'x')).collect();
    let source = source.replace("\\h", "[0-9a-fA-F]").replace("\\Z", "\\n?\\z").replace("(?<", "(?P<");
    Regex::new(&format!("(?m{dots}{others}){source}")).map_err(|_| Wrong::not_understood(at, "this pattern"))
}
