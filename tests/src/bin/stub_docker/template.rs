//! docker's templates: fields, `json`, `index`, `split`, `eq`, `if` and `range`, which is what anybody asks for.

use serde_json::Value;

/// A template with the fields of a record filled in. What cannot be read comes to nothing.
pub fn filled(template: &str, record: &Value) -> String {
    let mut pieces = pieces(template);
    pieces.reverse();
    let mut out = String::new();
    block(&mut pieces, record, Some(&mut out));
    out
}

enum Piece {
    Text(String),
    Action(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Open,
    Close,
}

/// Texts and actions, in order.
fn pieces(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        pieces.push(Piece::Text(before.to_string()));
        let (action, after) = after.split_once("}}").unwrap_or((after, ""));
        pieces.push(Piece::Action(tokens(action)));
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_string()));
    pieces
}

fn tokens(action: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = action.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '"' => {
                let mut text = String::new();
                while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                    text.push(if letter == '\\' { escaped(&mut letters) } else { letter });
                }
                tokens.push(Token::Quoted(text));
            }
            letter => {
                let mut word = letter.to_string();
                while let Some(letter) = letters.next_if(|letter| !" ()".contains(*letter)) {
                    word.push(letter);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    tokens
}

fn escaped(letters: &mut impl Iterator<Item = char>) -> char {
    let kind = letters.next();
    let digits = match kind {
        Some('u') => 4,
        Some('U') => 8,
        other => return other.unwrap_or_default(),
    };
    let code: String = letters.take(digits).collect();
    u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or_default()
}

/// Writes pieces until the block ends, which it tells: with `end` or with `else`. Without a place to write it skips them.
fn block(pieces: &mut Vec<Piece>, dot: &Value, mut out: Option<&mut String>) -> String {
    while let Some(piece) = pieces.pop() {
        let action = match piece {
            Piece::Text(text) => {
                out.iter_mut().for_each(|out| out.push_str(&text));
                continue;
            }
            Piece::Action(action) => action,
        };
        let (first, rest) = action.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
        match first {
            Some(Token::Word(word)) if word == "end" || word == "else" => return word.clone(),
            Some(Token::Word(word)) if word == "if" => {
                let holds = truth(&value(rest, dot));
                let ended = block(pieces, dot, out.as_deref_mut().filter(|_| holds));
                if ended == "else" {
                    block(pieces, dot, out.as_deref_mut().filter(|_| !holds));
                }
            }
            Some(Token::Word(word)) if word == "range" => range(pieces, &value(rest, dot), out.as_deref_mut()),
            _ => {
                let value = value(&action, dot);
                out.iter_mut().for_each(|out| out.push_str(&shown(&value)));
            }
        }
    }
    String::new()
}

/// The body of a range, once for every item.
fn range(pieces: &mut Vec<Piece>, list: &Value, mut out: Option<&mut String>) {
    let mut body = Vec::new();
    let mut depth = 0;
    while let Some(piece) = pieces.pop() {
        if let Piece::Action(action) = &piece {
            match action.first() {
                Some(Token::Word(word)) if word == "if" || word == "range" => depth += 1,
                Some(Token::Word(word)) if word == "end" && depth == 0 => break,
                Some(Token::Word(word)) if word == "end" => depth -= 1,
                _ => {}
            }
        }
        body.push(piece);
    }
    for item in list.as_array().into_iter().flatten() {
        let mut again: Vec<Piece> = body.iter().rev().map(Piece::again).collect();
        block(&mut again, item, out.as_deref_mut());
    }
}

impl Piece {
    fn again(&self) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.clone()),
            Self::Action(action) => Self::Action(action.clone()),
        }
    }
}

/// The value of an action's words.
fn value(tokens: &[Token], dot: &Value) -> Value {
    let mut tokens = tokens.iter();
    let mut arguments = arguments(&mut tokens, dot);
    if arguments.len() == 1 { arguments.remove(0).1 } else { call(&arguments) }
}

/// Values with the words that they stood as.
type Arguments = Vec<(String, Value)>;

fn arguments<'a>(tokens: &mut impl Iterator<Item = &'a Token>, dot: &Value) -> Arguments {
    let mut arguments = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            Token::Close => break,
            Token::Open => {
                let mut inner = self::arguments(tokens, dot);
                let value = if inner.len() == 1 { inner.remove(0).1 } else { call(&inner) };
                arguments.push((String::new(), value));
            }
            Token::Quoted(text) => arguments.push((String::new(), Value::String(text.clone()))),
            Token::Word(word) if word == "." => arguments.push((word.clone(), dot.clone())),
            Token::Word(word) if word.starts_with('.') => {
                arguments.push((word.clone(), dot.pointer(&word.replace('.', "/")).cloned().unwrap_or_default()));
            }
            Token::Word(word) => {
                arguments.push((word.clone(), word.parse::<u64>().map_or(Value::Null, Value::from)));
            }
        }
    }
    arguments
}

fn call(arguments: &[(String, Value)]) -> Value {
    let Some(((name, _), rest)) = arguments.split_first() else { return Value::Null };
    let values: Vec<&Value> = rest.iter().map(|(_, value)| value).collect();
    match (name.as_str(), values.as_slice()) {
        ("json", [value]) => Value::String(value.to_string()),
        ("index", [Value::Array(list), at]) => {
            at.as_u64().and_then(|at| list.get(usize::try_from(at).ok()?)).cloned().unwrap_or_default()
        }
        ("index", [Value::Object(map), Value::String(key)]) => map.get(key).cloned().unwrap_or_default(),
        ("split", [Value::String(text), Value::String(at)]) => text.split(at.as_str()).collect(),
        ("eq", [first, others @ ..]) => Value::Bool(others.contains(first)),
        _ => Value::Null,
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(holds) => *holds,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
