//! What changed on the hosts between two looks, in words, and which of it matters to a plan.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::basis::Basis;
use crate::facts::{Container, Facts, HostFacts, Image};
use crate::hooks::Hooks;
use crate::plan::Plan;

/// One thing that is another one than it was.
#[derive(Debug, Clone, PartialEq)]
pub struct FactChange {
    /// The host; absent for the operator's machine.
    pub host: Option<String>,
    what: What,
}

// There are a handful of them at a time.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq)]
enum What {
    /// The host was not looked at before, or is not now.
    Host(Option<Box<HostFacts>>),
    /// A container, by name, with its place in the list.
    Container { name: String, before: Option<Container>, after: Option<(usize, Container)> },
    /// The images of this deployment.
    Images { before: Vec<Image>, after: Vec<Image> },
    /// Any other fact, by its name.
    Fact { name: String, before: Value, after: Value },
}

impl Basis {
    /// What changed since and makes the plan another one: each change that does so by itself, or all of them where it takes several.
    pub fn decisive_changes(
        &self,
        now: &Facts,
        hooks: &dyn Hooks,
        is_another: impl Fn(&Plan) -> bool,
    ) -> Vec<FactChange> {
        let all = changes(&self.facts, now);
        let decides = |change: &&FactChange| {
            let facts = change.applied_to(&self.facts);
            Self { run: self.run.clone(), facts }.plan(hooks).map_or(true, |plan| is_another(&plan))
        };
        let decisive: Vec<FactChange> = all.iter().filter(decides).cloned().collect();
        if decisive.is_empty() { all } else { decisive }
    }
}

/// Everything that changed between two looks, host by host.
pub fn changes(before: &Facts, now: &Facts) -> Vec<FactChange> {
    let mut changes = Vec::new();
    let hosts: std::collections::BTreeSet<&String> = before.hosts.keys().chain(now.hosts.keys()).collect();
    for host in hosts {
        let of_host = match (before.hosts.get(host), now.hosts.get(host)) {
            (Some(before), Some(now)) => on_host(before, now),
            (_, now) => vec![What::Host(now.cloned().map(Box::new))],
        };
        changes.extend(of_host.into_iter().map(|what| FactChange { host: Some(host.clone()), what }));
    }
    let here = facts_that_differ(&own_fields(before), &own_fields(now));
    changes.extend(here.map(|what| FactChange { host: None, what }));
    changes
}

fn on_host(before: &HostFacts, now: &HostFacts) -> Vec<What> {
    let mut changes = Vec::new();
    for container in &before.containers {
        let after = now.containers.iter().enumerate().find(|(_, other)| other.name == container.name);
        if after.is_none_or(|(_, after)| after != container) {
            changes.push(What::Container {
                name: container.name.clone(),
                before: Some(container.clone()),
                after: after.map(|(place, after)| (place, after.clone())),
            });
        }
    }
    for (place, container) in now.containers.iter().enumerate() {
        if before.container(&container.name).is_none() {
            let after = Some((place, container.clone()));
            changes.push(What::Container { name: container.name.clone(), before: None, after });
        }
    }
    if before.images != now.images {
        changes.push(What::Images { before: before.images.clone(), after: now.images.clone() });
    }
    changes.extend(facts_that_differ(&other_fields(before), &other_fields(now)));
    changes
}

/// The facts about a host that are neither containers nor images.
fn other_fields(facts: &HostFacts) -> Map<String, Value> {
    fields(facts, &["containers", "images"])
}

/// The facts about no host.
fn own_fields(facts: &Facts) -> Map<String, Value> {
    fields(facts, &["hosts"])
}

fn fields(facts: &impl Serialize, but: &[&str]) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(facts) else { return Map::new() };
    fields.retain(|name, _| !but.contains(&name.as_str()));
    fields
}

fn facts_that_differ(before: &Map<String, Value>, now: &Map<String, Value>) -> impl Iterator<Item = What> + use<> {
    let names: std::collections::BTreeSet<String> = before.keys().chain(now.keys()).cloned().collect();
    let of = |fields: &Map<String, Value>, name: &str| fields.get(name).cloned().unwrap_or_default();
    let pairs = names.into_iter().map(|name| (of(before, &name), of(now, &name), name)).collect::<Vec<_>>();
    let differ = pairs.into_iter().filter(|(before, after, _)| before != after);
    differ.map(|(before, after, name)| What::Fact { name, before, after })
}

impl FactChange {
    /// The facts with this change alone.
    fn applied_to(&self, facts: &Facts) -> Facts {
        let mut facts = facts.clone();
        match (&self.host, &self.what) {
            (Some(host), What::Host(now)) => {
                facts.hosts.remove(host);
                facts.hosts.extend(now.clone().map(|now| (host.clone(), *now)));
            }
            (Some(host), what) => {
                if let Some(of_host) = facts.hosts.get_mut(host) {
                    apply(what, of_host);
                }
            }
            (None, What::Fact { name, after, .. }) => facts = with_fact(&facts, name, after),
            (None, _) => {}
        }
        facts
    }
}

fn apply(what: &What, facts: &mut HostFacts) {
    match what {
        What::Host(_) => {}
        What::Container { name, after, .. } => {
            facts.containers.retain(|container| container.name != *name);
            if let Some((place, container)) = after {
                facts.containers.insert((*place).min(facts.containers.len()), container.clone());
            }
        }
        What::Images { after, .. } => facts.images.clone_from(after),
        What::Fact { name, after, .. } => *facts = with_fact(facts, name, after),
    }
}

/// Facts in which one has another value.
fn with_fact<F: Serialize + for<'de> Deserialize<'de> + Clone>(facts: &F, name: &str, value: &Value) -> F {
    let mut written = serde_json::to_value(facts).unwrap_or_default();
    written[name] = value.clone();
    serde_json::from_value(written).unwrap_or_else(|_| facts.clone())
}

impl fmt::Display for FactChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.host.as_deref().unwrap_or("this machine");
        write!(formatter, "{place}: {}", words(&self.what))
    }
}

fn words(what: &What) -> String {
    match what {
        What::Host(Some(_)) => "was not looked at before".to_string(),
        What::Host(None) => "is not looked at any more".to_string(),
        What::Container { name, before, after } => {
            format!("container {name} {}", container(before.as_ref(), after.as_ref().map(|(_, after)| after)))
        }
        What::Images { before, after } => images(before, after),
        What::Fact { name, before, after } => fact(name, before, after),
    }
}

fn container(before: Option<&Container>, after: Option<&Container>) -> String {
    match (before, after) {
        (Some(before), Some(after)) if before.id != after.id => format!("was made anew and is {}", after.state),
        (Some(before), Some(after)) if before.state != after.state => {
            format!("was {} and is {}", before.state, after.state)
        }
        (Some(_), Some(_)) => "has other settings".to_string(),
        (Some(_), None) => "is gone".to_string(),
        (None, Some(after)) => format!("is new and {}", after.state),
        (None, None) => "is gone".to_string(),
    }
}

/// Names that came, went, or mean another image.
fn images(before: &[Image], after: &[Image]) -> String {
    let named = |images: &[Image]| -> Vec<(String, String)> {
        let names = |image: &Image| {
            let tags = image.tags.iter().flatten().cloned();
            tags.map(|tag| (tag, image.id.clone())).collect::<Vec<_>>()
        };
        images.iter().flat_map(names).collect()
    };
    let (before, after) = (named(before), named(after));
    let id = |names: &[(String, String)], name: &str| {
        names.iter().find(|(other, _)| other == name).map(|(_, id)| id.clone())
    };
    let gone = before.iter().filter_map(|(name, old)| match id(&after, name) {
        None => Some(format!("image {name} is gone")),
        Some(new) if new != *old => Some(format!("image {name} is another one")),
        Some(_) => None,
    });
    let new =
        after.iter().filter(|(name, _)| id(&before, name).is_none()).map(|(name, _)| format!("image {name} is new"));
    let words: Vec<String> = gone.chain(new).collect();
    if words.is_empty() { "labels of images changed".to_string() } else { words.join(", ") }
}

fn fact(name: &str, before: &Value, after: &Value) -> String {
    match (name, after) {
        ("network", Value::Bool(true)) => "docker's network is there now".to_string(),
        ("network", _) => "docker's network is gone".to_string(),
        ("lock", Value::Null) => "the deploy lock is free".to_string(),
        ("lock", _) if before.is_null() => "somebody holds the deploy lock".to_string(),
        ("lock", _) => "somebody else holds the deploy lock".to_string(),
        _ => match (shown(before), shown(after)) {
            (Some(before), Some(after)) => format!("{name} was {before} and is {after}"),
            _ => format!("{name} changed"),
        },
    }
}

/// A value that can be told in a line.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => "unknown".to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (text.len() <= 80 && !text.contains('\n')).then_some(text)
}

impl Plan {
    /// Whether it does the same on every machine. What it tells beside that may differ.
    pub fn does_the_same_as(&self, other: &Self) -> bool {
        self.connect == other.connect
            && self.prepare == other.prepare
            && self.lock == other.lock
            && self.does_the_same_under_the_lock_as(other)
    }

    /// Whether it does the same from the time on when it has the lock.
    pub fn does_the_same_under_the_lock_as(&self, other: &Self) -> bool {
        self.apply == other.apply && self.conclude == other.conclude
    }
}
