//! The world outside, as it was recorded: offline, and with stand-ins in the place of secrets.

use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use crate::access::{HttpRequest, HttpResponse, Outside};
use crate::lookup::{Call, Outcome};
use crate::recording::{Answered, Content, Exchange};

/// What stands for the value of a secret.
pub fn stand_in(secret: &str) -> String {
    format!("stand-in-for-{secret}")
}

/// Answers from a recording, and notes what was asked.
pub(crate) struct Tape {
    /// How far a question must be the recorded one.
    matching: Matching,
    left: Mutex<Vec<Exchange>>,
    asked: Mutex<Vec<Exchange>>,
}

/// How an answer is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    /// By the kind of question alone, in order: what was recorded was asked with real secrets, and this is asked with stand-ins.
    ByOrder,
    /// By address, path, words or name.
    ByQuestion,
}

impl Tape {
    pub fn new(matching: Matching, exchanges: Vec<Exchange>) -> Self {
        Self { matching, left: Mutex::new(exchanges), asked: Mutex::default() }
    }

    /// What was asked, each with the answer that was given.
    pub fn asked(&self) -> Vec<Exchange> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first recorded exchange that fits.
    fn find(&self, is_of_kind: impl Fn(&Exchange) -> bool, is_same: impl Fn(&Exchange) -> bool) -> Option<Exchange> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let by_order = self.matching == Matching::ByOrder;
        let found = left.iter().position(|known| is_of_kind(known) && (by_order || is_same(known)))?;
        Some(left.remove(found))
    }

    fn note(&self, exchange: Exchange) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }
}

impl Outside for Tape {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, String> {
        let asked = (&request.method, request.url.expose_secret());
        let found = self.find(
            |known| matches!(known, Exchange::Send { .. }),
            |known| matches!(known, Exchange::Send { method, url, .. } if (method, url.as_str()) == asked),
        );
        let answer = match found {
            Some(Exchange::Send { answer, .. }) => answer,
            _ => Answered::Failed(format!("the recording has no answer to {} {}", asked.0, asked.1)),
        };
        self.note(send(request, answer.clone()));
        match answer {
            Answered::Http { status, headers, body } => Ok(HttpResponse { status, headers, body: body.bytes() }),
            Answered::Failed(reason) => Err(reason),
            Answered::File(_) => Err("the recording answers a request with a file".to_string()),
        }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let found = self.find(
            |known| matches!(known, Exchange::Read { .. }),
            |known| matches!(known, Exchange::Read { path: own, .. } if own == path),
        );
        let answer = match found {
            Some(Exchange::Read { answer, .. }) => answer,
            _ => Answered::Failed(format!("the recording has no file {path}")),
        };
        self.note(Exchange::Read { path: path.to_string(), answer: answer.clone() });
        match answer {
            Answered::File(content) => Ok(content.bytes()),
            Answered::Failed(reason) => Err(reason),
            Answered::Http { .. } => Err("the recording answers a file with a response".to_string()),
        }
    }

    fn run(&self, call: &Call) -> Outcome {
        let found = self.find(
            |known| matches!(known, Exchange::Run { .. }),
            |known| matches!(known, Exchange::Run { words, .. } if *words == call.words),
        );
        // What was not recorded is as if it was not installed.
        let (exit, stdout) = match found {
            Some(Exchange::Run { exit, stdout, .. }) => (exit, stdout),
            _ => (127, String::new()),
        };
        let (words, variables) = (call.words.clone(), call.variables.clone());
        self.note(Exchange::Run { words, variables, exit, stdout: stdout.clone() });
        Outcome { exit, stdout }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let found = self.find(
            |known| matches!(known, Exchange::Variable { .. }),
            |known| matches!(known, Exchange::Variable { name: own, .. } if own == name),
        );
        let value = match found {
            Some(Exchange::Variable { value, .. }) => value,
            _ => None,
        };
        self.note(Exchange::Variable { name: name.to_string(), value: value.clone() });
        value
    }

    fn secret(&self, name: &str) -> Result<SecretString, String> {
        let found = self.find(
            |known| matches!(known, Exchange::Secret { .. }),
            |known| matches!(known, Exchange::Secret { name: own, .. } if own == name),
        );
        let error = match found {
            Some(Exchange::Secret { error, .. }) => error,
            _ => Some(format!("the recording has no secret `{name}`")),
        };
        self.note(Exchange::Secret { name: name.to_string(), error: error.clone() });
        error.map_or_else(|| Ok(SecretString::from(stand_in(name))), Err)
    }

    fn now(&self) -> u64 {
        let is_now = |known: &Exchange| matches!(known, Exchange::Now { .. });
        let seconds = match self.find(is_now, is_now) {
            Some(Exchange::Now { seconds }) => seconds,
            _ => 0,
        };
        self.note(Exchange::Now { seconds });
        seconds
    }
}

/// A request with its answer, as a recording keeps them.
pub(crate) fn send(request: &HttpRequest, answer: Answered) -> Exchange {
    let headers = request.headers.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_string()));
    Exchange::Send {
        method: request.method.clone(),
        url: request.url.expose_secret().to_string(),
        headers: headers.collect(),
        body: request.body.as_ref().map(|body| body.expose_secret().to_string()),
        answer,
    }
}

/// An answer as a recording keeps it.
pub(crate) fn http(response: &Result<HttpResponse, String>) -> Answered {
    match response {
        Ok(HttpResponse { status, headers, body }) => {
            Answered::Http { status: *status, headers: headers.clone(), body: Content::of(body.clone()) }
        }
        Err(reason) => Answered::Failed(reason.clone()),
    }
}
