//! The tree of a template's Ruby.

use std::ops::Range;
use std::rc::Rc;

/// An expression with its place. Everything in Ruby is one: statements, too, have a value.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    pub(super) kind: Kind,
    /// Its first byte in the template.
    pub(super) at: usize,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Nil,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(Vec<Part>),
    Symbol(String),
    Command(Vec<Part>),
    /// Source and flags.
    Pattern(String, String),
    List(Vec<Expression>),
    Hash(Vec<(Expression, Expression)>),
    /// First, last, whether the last is left out.
    Range(Box<Expression>, Box<Expression>, bool),
    Variable(String),
    /// `Kamal::Utils`.
    Constant(String),
    Call(Box<Call>),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    /// One or more targets; several take a list apart.
    Assign(Vec<Target>, Box<Expression>),
    /// `||=`, `&&=`, `+=` and their like, by the sign without `=`.
    Update(Target, &'static str, Box<Expression>),
    If(Box<Expression>, Vec<Expression>, Vec<Expression>),
    /// Value, branches with their patterns, `else`.
    Case(Option<Box<Expression>>, Vec<(Vec<Expression>, Vec<Expression>)>, Vec<Expression>),
    For(Vec<String>, Box<Expression>, Vec<Expression>),
    Begin(Box<Begin>),
    Group(Vec<Expression>),
    Next(Option<Box<Expression>>),
    Leave,
    /// Text of the template.
    Text(Range<usize>),
    /// `<%= … %>`.
    Output(Vec<Expression>),
    Defined(Box<Expression>),
}

/// A part of a string.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(String),
    Code(Vec<Expression>),
}

/// What is assigned to.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Variable(String),
    /// Receiver and key.
    Index(Box<Expression>, Box<Expression>),
}

/// A method call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) receiver: Option<Expression>,
    pub(super) name: String,
    pub(super) arguments: Vec<Expression>,
    pub(super) block: Option<Rc<Block>>,
    /// `&.`: nothing is called on nothing.
    pub(super) is_safe: bool,
}

/// `{ |x| … }`, `do |x| … end` or `&:name`.
#[derive(Debug)]
pub(super) enum Block {
    /// Parameters, each possibly in parentheses, and what is done.
    Body(Vec<Vec<String>>, Vec<Expression>),
    Method(String),
}

/// `begin … rescue … end`.
#[derive(Debug, Clone)]
pub(super) struct Begin {
    pub(super) body: Vec<Expression>,
    /// Classes, the variable that gets the exception, what is done.
    pub(super) rescues: Vec<(Vec<String>, Option<String>, Vec<Expression>)>,
    pub(super) otherwise: Vec<Expression>,
    pub(super) finally: Vec<Expression>,
}
