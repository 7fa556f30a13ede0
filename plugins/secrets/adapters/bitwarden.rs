//! `bitwarden`: passwords and custom fields of items, by `bw get item`. A secret is `item[/field]`.

use secrets::{Answer, Results, Value, call, command, entries, failed, grouped, prefixed, require, text};
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct Bitwarden;

impl Secrets for Bitwarden {
    const PROGRAMS: &'static [&'static str] = &["bw"];
    const NEEDS_ACCOUNT: bool = true;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        require(programs, &["bw", "--version"], "Bitwarden")?;
        let vault = Vault::open(programs, &request.account().unwrap_or_default())?;
        let names = prefixed(request);
        let wanted = grouped(names.iter().map(|name| {
            let mut parts = name.split('/');
            (parts.next().unwrap_or_default(), parts.next())
        }));
        let mut results = Results::default();
        for (item, fields) in wanted {
            let found = vault.item(item)?;
            let custom = entries(found.get("fields").unwrap_or(&Value::Null));
            let fields: Vec<String> = fields.into_iter().flatten().map(str::to_string).collect();
            let password = found.get("login").and_then(|login| text(login, "password"));
            if !fields.is_empty() {
                take(&mut results, item, custom, &fields)?;
            } else if password.is_some() {
                results.set(item, password);
            } else if !custom.is_empty() {
                let all: Vec<String> = custom.iter().filter_map(|field| text(field, "name")).collect();
                take(&mut results, item, custom, &all)?;
            } else {
                return failed(format!("Item {item} is not a login type item and no fields were specified"));
            }
        }
        Ok(results.done())
    }
}

/// The vault of an account, unlocked.
struct Vault<'a> {
    programs: &'a Programs,
    session: Option<String>,
}

impl<'a> Vault<'a> {
    fn open(programs: &'a Programs, account: &str) -> Result<Self, Fault> {
        let mut vault = Self { programs, session: None };
        let mut status = vault.status()?;
        if status == "unauthenticated" {
            vault.run(&["login", account]);
            status = vault.status()?;
        }
        if status == "locked" {
            let session = vault.run(&["unlock", "--raw"]).stdout.trim().to_string();
            vault.session = Some(session).filter(|session| !session.is_empty());
            status = vault.status()?;
        }
        if status != "unlocked" {
            return failed("Failed to login to and unlock Bitwarden");
        }
        if !vault.run(&["sync"]).succeeded() {
            return failed("Failed to sync Bitwarden");
        }
        Ok(vault)
    }

    fn status(&self) -> Result<String, Fault> {
        Ok(text(&self.run(&["status"]).json("bw status")?, "status").unwrap_or_default())
    }

    fn item(&self, name: &str) -> Result<Value, Fault> {
        let answer = self.run(&["get", "item", name]);
        if !answer.succeeded() {
            return failed(format!("Could not read {name} from Bitwarden"));
        }
        answer.json("bw get item")
    }

    fn run(&self, words: &[&str]) -> Answer {
        let command = command(&[&["bw"], words].concat());
        if let Some(session) = &self.session {
            command.variable("BW_SESSION", session);
        }
        call(self.programs, &command)
    }
}

/// Puts custom fields under `item/field`.
fn take(results: &mut Results, item: &str, custom: &[Value], fields: &[String]) -> Result<(), Fault> {
    for field in fields {
        let Some(found) = custom.iter().find(|own| text(own, "name").as_ref() == Some(field)) else {
            return failed(format!("Could not find field {field} in item {item} in Bitwarden"));
        };
        results.set(format!("{item}/{field}"), text(found, "value"));
    }
    Ok(())
}

sextant_sdk::export!(Bitwarden: secrets);
