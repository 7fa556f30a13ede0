//! Files of tests for a policy: what they say, and how a verdict is held against it.

use std::path::{Path, PathBuf};

use configuration::{ConfigurationError, Map, Node, Source, Value, yaml};
use plan::hooks::Verdict;

use crate::failure::Failure;

/// Tests of one policy.
pub struct Suite {
    /// The component's file.
    pub component: PathBuf,
    /// The tests.
    pub cases: Vec<Case>,
}

/// What a policy is to say of a plan.
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The plan's file.
    pub plan: PathBuf,
    /// The policy's settings.
    pub settings: Node,
    /// What it is to say, in order; nothing is consent.
    pub expected: Vec<Expected>,
}

/// A verdict as a test expects it. What is not said is not compared.
pub struct Expected {
    kind: &'static str,
    reason: Option<String>,
    steps: Option<Vec<u32>>,
    roles: Option<Vec<String>>,
    count: Option<u32>,
}

impl Suite {
    /// Reads a file of tests.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let text = format!("the tests {shown} cannot be read: {error}");
            Failure::with_hint(text, "docs/policies.md tells how tests are written")
        })?;
        let parsed = yaml::parse(&shown, &text).and_then(|document| suite(path, &document));
        parsed.map_err(|error| {
            let error = if error.hint.is_some() {
                error
            } else {
                error.with_hint("docs/policies.md tells how tests are written")
            };
            Failure::Configuration { error, sources: vec![Source { path: shown, text }] }
        })
    }
}

type Read<T> = Result<T, ConfigurationError>;

fn suite(path: &Path, document: &Node) -> Read<Suite> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let map = map(document, "the file", &["policy", "with", "tests"])?;
    let component = folder.join(text(document, map, "policy")?);
    let settings = document.get("with").cloned().unwrap_or_else(|| Node::empty_map(document.origin.clone()));
    let Some(tests) = document.get("tests").and_then(Node::as_list) else {
        return Err(wrong(document, "tests: a list of tests is required"));
    };
    let cases = tests.iter().map(|test| case(folder, &settings, test)).collect::<Read<_>>()?;
    Ok(Suite { component, cases })
}

fn case(folder: &Path, settings: &Node, node: &Node) -> Read<Case> {
    let map = map(node, "a test", &["name", "plan", "with", "expect"])?;
    let Some(expect) = node.get("expect") else { return Err(wrong(node, "expect: is required")) };
    let expected = match (expect.as_str(), expect.as_list()) {
        (Some("allow"), _) => Vec::new(),
        (None, Some(verdicts)) => verdicts.iter().map(expected).collect::<Read<_>>()?,
        _ => return Err(wrong(expect, "expect: should be `allow` or a list of verdicts")),
    };
    Ok(Case {
        name: text(node, map, "name")?,
        plan: folder.join(text(node, map, "plan")?),
        settings: node.get("with").unwrap_or(settings).clone(),
        expected,
    })
}

fn expected(node: &Node) -> Read<Expected> {
    map(node, "a verdict", &["warn", "deny", "approval", "steps", "roles", "count"])?;
    let kinds = ["warn", "deny", "approval"].into_iter().filter_map(|kind| Some((kind, node.get(kind)?)));
    let kinds: Vec<(&'static str, &Node)> = kinds.collect();
    let [(kind, reason)] = kinds.as_slice() else {
        return Err(wrong(node, "a verdict is one of `warn`, `deny` and `approval`"));
    };
    let number = |node: &Node| match node.value {
        Value::Int(number) => u32::try_from(number).map_err(|_| wrong(node, "should not be negative")),
        _ => Err(wrong(node, "should be a number")),
    };
    let list = |key: &str| match node.get(key) {
        None => Ok(None),
        Some(given) => given.as_list().map(Some).ok_or_else(|| wrong(given, &format!("{key}: should be a list"))),
    };
    Ok(Expected {
        kind,
        reason: (!reason.is_null()).then(|| reason.to_ruby_string()),
        steps: list("steps")?.map(|steps| steps.iter().map(number).collect::<Read<_>>()).transpose()?,
        roles: list("roles")?.map(|roles| roles.iter().map(Node::to_ruby_string).collect()),
        count: node.get("count").map(number).transpose()?,
    })
}

fn map<'n>(node: &'n Node, what: &str, known: &[&str]) -> Read<&'n Map> {
    let Some(map) = node.as_map() else { return Err(wrong(node, &format!("{what} should be a hash"))) };
    match map.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        None => Ok(map),
        Some((name, entry)) => {
            let error = ConfigurationError::configuration(format!("unknown key: {name}")).at(&entry.key);
            Err(error.with_hint(format!("{what} has: {}", known.join(", "))))
        }
    }
}

fn text(node: &Node, map: &Map, key: &str) -> Read<String> {
    let given = map.get(key).map(|entry| &entry.node).filter(|given| !given.is_blank());
    given.map(Node::to_ruby_string).ok_or_else(|| wrong(node, &format!("{key}: is required")))
}

fn wrong(node: &Node, message: &str) -> ConfigurationError {
    ConfigurationError::configuration(message).at(&node.origin)
}

impl Expected {
    /// Whether a verdict is the expected one.
    pub fn is(&self, verdict: &Verdict) -> bool {
        let fits = |expected: &Option<String>, found: &str| expected.as_ref().is_none_or(|own| own == found);
        match verdict {
            Verdict::Warn { reason, steps } | Verdict::Deny { reason, steps } => {
                let kind = if matches!(verdict, Verdict::Warn { .. }) { "warn" } else { "deny" };
                self.kind == kind
                    && fits(&self.reason, reason)
                    && self.steps.as_ref().is_none_or(|own| own == steps)
                    && self.roles.is_none()
                    && self.count.is_none()
            }
            Verdict::RequireApproval { reason, roles, count } => {
                self.kind == "approval"
                    && fits(&self.reason, reason)
                    && self.roles.as_ref().is_none_or(|own| own == roles)
                    && self.count.is_none_or(|own| own == *count)
                    && self.steps.is_none()
            }
        }
    }

    /// The expectation in words.
    pub fn words(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or("whatever the reason");
        let steps = self.steps.as_ref().map(|steps| format!(" (steps {steps:?})")).unwrap_or_default();
        let count = self.count.map(|count| format!(" of {count}")).unwrap_or_default();
        let roles = self.roles.as_ref().map(|roles| format!(" {roles:?}")).unwrap_or_default();
        format!("{}{count}{roles}: {reason}{steps}", self.kind)
    }
}

/// A verdict in the same words.
pub fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Warn { reason, steps } => format!("warn: {reason} (steps {steps:?})"),
        Verdict::Deny { reason, steps } => format!("deny: {reason} (steps {steps:?})"),
        Verdict::RequireApproval { reason, roles, count } => format!("approval of {count} {roles:?}: {reason}"),
    }
}
