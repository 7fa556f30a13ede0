//! Looking secrets up in stores: `secrets fetch` and `secrets extract`, asked on a command line or by a line of a secrets file.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use configuration::ConfigurationError;
use plan::HookError;
use plugin_runtime::{Adapter, Builtin, Cache, Limits, Request};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::arguments::{Arguments, Command, Fetch, SecretsCommand};
use crate::command_line::{self, Meaning, shell_words};
use crate::failure::hook_hint;
use crate::outside::Operator;
use crate::project::Project;

/// What is said, in Kamal's words, where a store needs an account and none is named.
pub const NO_ACCOUNT: &str = "No value provided for required options '--account'";

/// Names that people type for builtin adapters, beside their own.
const ALIASES: [(&str, &str); 4] = [
    ("1password", "one_password"),
    ("lastpass", "last_pass"),
    ("gcp", "gcp_secret_manager"),
    ("bitwarden-sm", "bitwarden_secrets_manager"),
];

/// The adapter of a name: a plugin of the project that takes it, else a builtin.
pub fn adapter(project: Option<&Project>, name: &str) -> Result<Adapter, ConfigurationError> {
    let known = ALIASES.iter().find(|(alias, _)| *alias == name.to_lowercase()).map_or(name, |(_, known)| known);
    let cache = crate::places::cache_directory().map(|folder| Cache::new(folder.join("components")));
    let plugins = project.map(|project| project.configuration.plugins.as_slice()).unwrap_or_default();
    let mut owners = plugins.iter().filter(|plugin| plugin.adapter == name || plugin.adapter == known);
    if let (Some(project), Some(entry)) = (project, owners.next()) {
        if let Some(second) = owners.next() {
            let message = format!("the plugins `{}` and `{}` both take the adapter {name}", entry.name, second.name);
            return Err(ConfigurationError::runtime(message).with_hint("give `match: { adapter: … }` to one of them"));
        }
        let component = crate::plugins::component(project, entry)?;
        return Adapter::of_project(entry, &component, Limits::default(), cache.as_ref()).map_err(wrong);
    }
    let Some((name, component)) = bundle::ADAPTERS.iter().find(|(own, _)| *own == known || camelized(own) == known)
    else {
        let hint = "there are 1password, lastpass, bitwarden, bitwarden-sm, aws_secrets_manager, gcp, doppler, enpass and \
                    passbolt; others come as plugins with `match: { adapter: NAME }` in x-plugins";
        return Err(ConfigurationError::runtime(format!("Unknown secrets adapter: {known}")).with_hint(hint));
    };
    Adapter::builtin(&Builtin { name, component }, Limits::default(), cache.as_ref()).map_err(wrong)
}

/// What a store gives, as one line of JSON.
pub fn fetch(adapter: &Adapter, arguments: &Fetch, directory: PathBuf) -> Result<String, ConfigurationError> {
    let request = Request {
        secrets: arguments.secrets.clone(),
        account: arguments.account.clone(),
        from: arguments.from.clone(),
    };
    let found = adapter.fetch(&request, Arc::new(Operator::before_secrets(directory))).map_err(wrong)?;
    let value = |value: &secrecy::SecretString| Value::String(value.expose_secret().to_string());
    let pairs = found.iter().map(|(name, found)| (name.clone(), found.as_ref().map_or(Value::Null, value)));
    Ok(Value::Object(pairs.collect()).to_string())
}

/// Whether an adapter lacks the account it needs.
pub fn lacks_account(adapter: &Adapter, arguments: &Fetch) -> bool {
    adapter.needs_account() && arguments.account.as_ref().is_none_or(|account| account.trim().is_empty())
}

/// One value out of what `secrets fetch` printed: the name itself, or the first that ends in it behind a slash.
pub fn extract(name: &str, secrets: &str) -> Result<String, ConfigurationError> {
    let Ok(Value::Object(pairs)) = serde_json::from_str(secrets) else {
        return Err(ConfigurationError::runtime("the secrets to extract from are no JSON object")
            .with_hint("give what `secrets fetch` prints, as one word"));
    };
    let is_set = |value: &&Value| !matches!(value, Value::Null | Value::Bool(false));
    let ending = format!("/{name}");
    let by_ending = || pairs.iter().find(|(key, _)| key.ends_with(&ending)).map(|(_, value)| value);
    let found = pairs.get(name).filter(is_set).or_else(by_ending).filter(|value| !value.is_null());
    match found {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
        None => Err(ConfigurationError::runtime(format!("Could not find secret {name}"))),
    }
}

/// Runs `kamal secrets …` of a secrets file inside this program: no process is started for it. Gives what stands in its place.
pub fn inline(project: &Project, line: &str) -> Result<String, ConfigurationError> {
    let unclear = |reason: &str| {
        ConfigurationError::runtime(format!("a `secrets` command in a secrets file cannot be read: {reason}"))
            .with_hint("write `$(kamal secrets fetch …)` or `$(kamal secrets extract NAME $SECRETS)`")
    };
    let Some(words) = shell_words(line) else { return Err(unclear("a quote is not closed")) };
    let words = [words.get(1..).unwrap_or_default(), &["--inline".to_string()]].concat();
    let mut tree = Arguments::command();
    tree.build();
    let words = match command_line::read(&tree, &words) {
        Ok(Meaning::Run { words, .. }) => words,
        // What it says may hold a secret, but for what is missing.
        Err(misuse) if misuse.text.starts_with("No value provided") => return Err(unclear(&misuse.text)),
        _ => return Err(unclear("only `fetch` and `extract` can stand here, with their own options")),
    };
    match Arguments::try_parse_from(std::iter::once("sextant".to_string()).chain(words)).map(|found| found.subcommand) {
        Ok(Command::Secrets(SecretsCommand::Fetch(arguments))) => {
            let adapter = adapter(Some(project), &arguments.adapter)?;
            if lacks_account(&adapter, &arguments) {
                return Err(ConfigurationError::runtime(NO_ACCOUNT));
            }
            Ok(commands::quoting::escaped(&fetch(&adapter, &arguments, project.directory.clone())?))
        }
        Ok(Command::Secrets(SecretsCommand::Extract(arguments))) => extract(&arguments.name, &arguments.secrets),
        _ => Err(unclear("only `fetch` and `extract` can stand here, with their own options")),
    }
}

/// An adapter's own words stand as Kamal's would; whatever else went wrong says who should act.
fn wrong(error: HookError) -> ConfigurationError {
    let hint = hook_hint(&error);
    let error = match error {
        HookError::Fault { reason, .. } => ConfigurationError::runtime(reason),
        other => ConfigurationError::runtime(other.to_string()),
    };
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// `one_password` gives `OnePassword`.
fn camelized(name: &str) -> String {
    let capitalized = |part: &str| part[..1].to_uppercase() + &part[1..];
    name.split('_').map(capitalized).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extracting() {
        let check = |name: &str, json: &str, expected: Result<&str, &str>| {
            let found = extract(name, json).map_err(|error| error.message);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{name} {json}");
        };
        check("foo", r#"{"foo":"oof","bar":"rab"}"#, Ok("oof"));
        check("foo", r#"{"abc/foo":"oof","x/foo":"no"}"#, Ok("oof"));
        check("foo", r#"{"abc/foo":"oof","foo":"exact"}"#, Ok("exact"));
        check("foo", r#"{"abcfoo":"oof"}"#, Err("Could not find secret foo"));
        check("foo", r#"{"foo":null}"#, Err("Could not find secret foo"));
        check("foo", r#"{"foo":null,"a/foo":"ends so"}"#, Ok("ends so"));
        check("n", r#"{"n":5432,"m":{}}"#, Ok("5432"));
        check("foo", "hunter2", Err("the secrets to extract from are no JSON object"));
    }

    #[test]
    fn names_of_adapters() {
        assert_eq!(camelized("aws_secrets_manager"), "AwsSecretsManager");
    }
}
