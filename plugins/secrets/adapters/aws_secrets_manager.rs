//! `aws_secrets_manager`: secrets by name, all in one call of `aws`. A secret that holds a JSON object gives one result per key.

use secrets::{Results, Value, entries, failed, listed, prefixed, require, run, text};
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct AwsSecretsManager;

impl Secrets for AwsSecretsManager {
    const PROGRAMS: &'static [&'static str] = &["aws"];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        require(programs, &["aws", "--version"], "AWS")?;
        let names = prefixed(request);
        let mut words = vec!["aws", "secretsmanager", "batch-get-secret-value", "--secret-id-list"];
        words.extend(names.iter().map(String::as_str));
        let account = request.account();
        if let Some(profile) = &account {
            words.extend(["--profile", profile]);
        }
        words.extend(["--output", "json"]);
        let answer = run(programs, &words);
        if !answer.succeeded() {
            return failed(format!("Could not read {} from AWS Secrets Manager", listed(&names)));
        }
        let answer = answer.json("aws secretsmanager batch-get-secret-value")?;
        let errors: Vec<String> = entries(answer.get("Errors").unwrap_or(&Value::Null)).iter().map(complaint).collect();
        if !errors.is_empty() {
            return failed(errors.join(" "));
        }
        let mut results = Results::default();
        entries(answer.get("SecretValues").unwrap_or(&Value::Null))
            .iter()
            .for_each(|secret| take(&mut results, secret));
        Ok(results.done())
    }
}

fn complaint(error: &Value) -> String {
    format!("{}: {}", text(error, "SecretId").unwrap_or_default(), text(error, "Message").unwrap_or_default())
}

fn take(results: &mut Results, secret: &Value) {
    let name = text(secret, "Name").unwrap_or_default();
    let value = text(secret, "SecretString");
    match value.as_deref().map(serde_json::from_str) {
        Some(Ok(Value::Object(pairs))) => {
            for (key, value) in pairs {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
                results.set(format!("{name}/{key}"), Some(value));
            }
        }
        _ => results.set(name, value),
    }
}

sextant_sdk::export!(AwsSecretsManager: secrets);
