//! `1password`: fields of items, by `op item get`. A secret is `[op://]vault/item[/section]/field`; the field is `password` if none is named.

use secrets::{Answer, Results, Value, entries, failed, grouped, prefixed, require, run, run_quietly, text};
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct OnePassword;

impl Secrets for OnePassword {
    const PROGRAMS: &'static [&'static str] = &["op"];
    const NEEDS_ACCOUNT: bool = true;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        require(programs, &["op", "--version"], "1Password")?;
        let account = request.account().unwrap_or_default();
        let session = sign_in(programs, &account)?;
        let store = Store { programs, account, session };
        let mut results = Results::default();
        if request.secrets().is_empty() {
            let place = request.from().unwrap_or_default();
            let (vault, item, _) = parts(&place);
            let whole = store.item(vault, item, &[])?;
            take(&mut results, entries(whole.get("fields").unwrap_or(&Value::Null)));
            return Ok(results.done());
        }
        let names = prefixed(request);
        let by_vault = grouped(names.iter().map(|name| {
            let (vault, item, field) = parts(name);
            (vault, (item, field))
        }));
        for (vault, items) in by_vault {
            for (item, fields) in grouped(items) {
                match store.item(vault, item, &fields)? {
                    Value::Array(found) => take(&mut results, &found),
                    one => take(&mut results, &[one]),
                }
            }
        }
        Ok(results.done())
    }
}

struct Store<'a> {
    programs: &'a Programs,
    account: String,
    session: String,
}

impl Store<'_> {
    /// Fields of an item; all that there is about it if none are named.
    fn item(&self, vault: &str, item: &str, fields: &[String]) -> Result<Value, Fault> {
        let mut words =
            vec!["op", "item", "get", item, "--vault", vault, "--format", "json", "--account", &self.account];
        if !self.session.is_empty() {
            words.extend(["--session", &self.session]);
        }
        let labels = fields.iter().map(|field| format!("label={field}")).collect::<Vec<_>>().join(",");
        if !fields.is_empty() {
            words.extend(["--fields", &labels]);
        }
        let answer = run(self.programs, &words);
        if !answer.succeeded() {
            let named = if fields.is_empty() { String::new() } else { format!("{} ", fields.join(", ")) };
            return failed(format!("Could not read {named}from {item} in the {vault} 1Password vault"));
        }
        answer.json("op item get")
    }
}

/// A session of the account; empty where `op` keeps it itself.
fn sign_in(programs: &Programs, account: &str) -> Result<String, Fault> {
    if run_quietly(programs, &["op", "account", "get", "--account", account]).succeeded() {
        return Ok(String::new());
    }
    let answer: Answer = run(programs, &["op", "signin", "--account", account, "--force", "--raw"]);
    if answer.succeeded() { Ok(answer.stdout.trim().to_string()) } else { failed("Failed to login to 1Password") }
}

/// Vault, item and field of a name; a section stands before the field with a dot.
fn parts(name: &str) -> (&str, &str, String) {
    let mut parts = name.strip_prefix("op://").unwrap_or(name).split('/');
    let (vault, item) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let field: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    (vault, item, if field.is_empty() { "password".to_string() } else { field.join(".") })
}

/// Puts fields under their references: `op://vault/item/field`, without the beginning and without `/password` at the end.
fn take(results: &mut Results, fields: &[Value]) {
    for field in fields {
        let Some(reference) = text(field, "reference") else { continue };
        let name = reference.strip_prefix("op://").unwrap_or(&reference);
        results.set(name.strip_suffix("/password").unwrap_or(name), text(field, "value"));
    }
}

sextant_sdk::export!(OnePassword: secrets);
