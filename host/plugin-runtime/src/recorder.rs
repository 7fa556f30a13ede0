//! Records what is said between the host and its plugins.
//!
//! A hook that acts is asked twice: once for the run, and once more against its own recorded answers, in which stand-ins took the place
//! of every secret. What the recording keeps is the second time. So a secret that the plugin was given, signed with or made something
//! of cannot be in it: the plugin that speaks there never had one.

use std::sync::{Arc, Mutex, PoisonError};

use plan::HookError;
use secrecy::{ExposeSecret, SecretString};

use crate::access::{Access, HttpRequest, HttpResponse, Outside, Reach};
use crate::ask::{Question, Reply, Scene, ask};
use crate::limits::Limits;
use crate::lookup::{Call, Outcome};
use crate::plugin::Plugin;
use crate::recording::{Answered, Content, Exchange, RecordedCall, Recording, Told};
use crate::scrub::Scrubber;
use crate::tape::{Matching, Tape, http, send, stand_in};

/// Collects a recording.
pub struct Recorder {
    recording: Mutex<Recording>,
}

impl Recorder {
    /// A recorder that has heard nothing yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { recording: Mutex::new(Recording::empty()) })
    }

    /// What was said so far, as a JSON document, without these secrets: names and values.
    pub fn document<'a>(&self, secrets: impl IntoIterator<Item = (&'a str, &'a SecretString)>) -> String {
        let recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scrubber = Scrubber::default();
        // Shorter ones stand in so many words that nothing readable would be left.
        for (name, value) in secrets.into_iter().filter(|(_, value)| value.expose_secret().len() >= 4) {
            scrubber.know(value.expose_secret(), &stand_in(name));
        }
        let mut document = serde_json::to_value(&*recording).unwrap_or_default();
        scrubber.everywhere(&mut document);
        format!("{document:#}\n")
    }

    /// Asks a plugin and keeps what was said.
    pub(crate) fn ask(
        &self,
        plugin: &Plugin,
        limits: &Limits,
        access: Access,
        scene: &Scene,
        question: Question,
    ) -> Result<Reply, HookError> {
        let place = {
            let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
            (recording.place_of_snapshot(&scene.snapshot), recording.place_of_facts(&scene.facts))
        };
        let heard = match access {
            Access::Planning => {
                let reply = ask(plugin, limits, Access::Planning, scene, &question).0;
                let answer = Told::of(&reply);
                Heard { reply, granted: None, outside: Vec::new(), withheld: false, answer }
            }
            Access::Acting(reach) => {
                let listener = Arc::new(Listener::new(reach.outside.clone()));
                let live = Access::Acting(Box::new(Reach { outside: listener.clone(), ..Reach::clone(&reach) }));
                let reply = ask(plugin, limits, live, scene, &question).0;
                let (exchanges, withheld) = listener.scrubbed(&plugin.name, &reply);
                let tape = Arc::new(Tape::new(Matching::ByOrder, exchanges));
                let granted = reach.granted.clone();
                let again = Access::Acting(Box::new(Reach { outside: tape.clone(), ..*reach }));
                let answer = Told::of(&ask(plugin, limits, again, scene, &question).0);
                Heard { reply, granted: Some(granted), outside: tape.asked(), withheld, answer }
            }
        };
        let call = RecordedCall {
            plugin: plugin.name.clone(),
            digest: plugin.digest.clone(),
            snapshot: place.0,
            facts: place.1,
            settings: serde_json::from_str(&scene.settings).unwrap_or_default(),
            granted: heard.granted,
            question,
            outside: heard.outside,
            withheld: heard.withheld,
            answer: heard.answer,
        };
        self.recording.lock().unwrap_or_else(PoisonError::into_inner).calls.push(call);
        heard.reply
    }
}

/// What one call came to.
struct Heard {
    reply: Result<Reply, HookError>,
    granted: Option<manifest::Capabilities>,
    outside: Vec<Exchange>,
    withheld: bool,
    answer: Told,
}

/// Lets everything through and keeps it.
struct Listener {
    outside: Arc<dyn Outside>,
    heard: Mutex<Vec<Exchange>>,
    secrets: Mutex<Vec<(String, SecretString)>>,
}

impl Listener {
    fn new(outside: Arc<dyn Outside>) -> Self {
        Self { outside, heard: Mutex::default(), secrets: Mutex::default() }
    }

    fn note(&self, exchange: Exchange) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }

    /// What was heard, with stand-ins for every secret in the answers; whether answers had to be left out.
    fn scrubbed(&self, plugin: &str, reply: &Result<Reply, HookError>) -> (Vec<Exchange>, bool) {
        let mut scrubber = Scrubber::default();
        for (name, value) in self.secrets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            scrubber.know(value.expose_secret(), &stand_in(name));
        }
        let mut exchanges = self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let password = match reply {
            Ok(Reply::Credential(credential)) => Some(credential.password.expose_secret().to_string()),
            _ => None,
        };
        if let Some(password) = &password {
            scrubber.know(password, &stand_in(&format!("password-of-{plugin}")));
        }
        let is_found = |exchange: &Exchange| {
            password.as_ref().is_none_or(|password| answers(exchange).iter().any(|text| scrubber.holds(text, password)))
        };
        let comes_from_outside = exchanges.iter().any(|exchange| !answers(exchange).is_empty());
        let withheld = password.is_some() && comes_from_outside && !exchanges.iter().any(is_found);
        for exchange in &mut exchanges {
            scrub(exchange, &scrubber, withheld);
        }
        (exchanges, withheld)
    }
}

/// What the world outside said in an exchange from which a password may come.
fn answers(exchange: &Exchange) -> Vec<String> {
    match exchange {
        Exchange::Send { answer: Answered::Http { headers, body, .. }, .. } => {
            let body = String::from_utf8_lossy(&body.bytes()).into_owned();
            headers.iter().map(|(_, value)| value.clone()).chain([body]).collect()
        }
        Exchange::Run { stdout, .. } => vec![stdout.clone()],
        _ => Vec::new(),
    }
}

/// Takes secrets out of what the world outside said. What the plugin said is not kept at all.
fn scrub(exchange: &mut Exchange, scrubber: &Scrubber, withheld: bool) {
    match exchange {
        Exchange::Send { answer: Answered::Http { headers, body, .. }, .. } => {
            for (name, value) in headers.iter_mut() {
                *value = if withheld || name.eq_ignore_ascii_case("set-cookie") {
                    "[REDACTED]".to_string()
                } else {
                    scrubber.text(value)
                };
            }
            *body = if withheld { Content::Text("[REDACTED]".to_string()) } else { scrubber.content(body) };
        }
        Exchange::Send { answer, .. } | Exchange::Read { answer, .. } => match answer {
            Answered::File(content) => *content = scrubber.content(content),
            Answered::Failed(reason) => *reason = scrubber.text(reason),
            Answered::Http { .. } => {}
        },
        Exchange::Run { stdout, .. } => {
            *stdout = if withheld { "[REDACTED]".to_string() } else { scrubber.structured(stdout) };
        }
        Exchange::Variable { name, value: Some(value) } => {
            *value = if is_telling(name) { stand_in(name) } else { scrubber.text(value) };
        }
        Exchange::Secret { error: Some(error), .. } => *error = scrubber.text(error),
        Exchange::Variable { .. } | Exchange::Secret { .. } | Exchange::Now { .. } => {}
    }
}

/// Whether a name is one that secrets have.
pub(crate) fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["secret", "token", "password", "passwd", "credential", "key"].iter().any(|word| name.contains(word))
}

impl Outside for Listener {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, String> {
        let answer = self.outside.send(request);
        self.note(send(request, http(&answer)));
        answer
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let content = self.outside.read(path);
        let answer = match &content {
            Ok(bytes) => Answered::File(Content::of(bytes.clone())),
            Err(reason) => Answered::Failed(reason.clone()),
        };
        self.note(Exchange::Read { path: path.to_string(), answer });
        content
    }

    fn run(&self, call: &Call) -> Outcome {
        let outcome = self.outside.run(call);
        self.note(Exchange::Run {
            words: call.words.clone(),
            variables: call.variables.clone(),
            exit: outcome.exit,
            stdout: outcome.stdout.clone(),
        });
        outcome
    }

    fn variable(&self, name: &str) -> Option<String> {
        let value = self.outside.variable(name);
        self.note(Exchange::Variable { name: name.to_string(), value: value.clone() });
        if let Some(value) = value.as_ref().filter(|_| is_telling(name)) {
            let secret = (name.to_string(), SecretString::from(value.clone()));
            self.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(secret);
        }
        value
    }

    fn secret(&self, name: &str) -> Result<SecretString, String> {
        let found = self.outside.secret(name);
        self.note(Exchange::Secret { name: name.to_string(), error: found.as_ref().err().cloned() });
        if let Ok(value) = &found {
            self.secrets.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_string(), value.clone()));
        }
        found
    }

    fn now(&self) -> u64 {
        let seconds = self.outside.now();
        self.note(Exchange::Now { seconds });
        seconds
    }
}
