//! `gcp`: versions of secrets, one call of `gcloud` each. A secret is `[project/]name[/version]`, an account `user[|service-account,…]`.

use secrets::{Results, base64_decoded, entries, failed, prefixed, require, run};
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct GcpSecretManager;

/// Stands for what gcloud itself is set to, as a user and as a project.
const DEFAULT: &str = "default";

impl Secrets for GcpSecretManager {
    const PROGRAMS: &'static [&'static str] = &["gcloud"];
    const NEEDS_ACCOUNT: bool = true;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        require(programs, &["gcloud", "--version"], "gcloud")?;
        log_in(programs)?;
        let account = request.account().unwrap_or_default();
        let (user, service_account) = match account.split_once('|') {
            Some((user, service_account)) => (user, Some(service_account)),
            None => (account.as_str(), None),
        };
        let mut results = Results::default();
        for name in prefixed(request) {
            let (project, secret, version) = parts(&name);
            let mut words: Vec<String> =
                ["gcloud", "secrets", "versions", "access", version].map(str::to_string).to_vec();
            words.push(format!("--secret={secret}"));
            if project != DEFAULT {
                words.push(format!("--project={project}"));
            }
            if user != DEFAULT {
                words.push(format!("--account={user}"));
            }
            words.extend(service_account.map(|account| format!("--impersonate-service-account={account}")));
            words.push("--format=json".to_string());
            let answer = run(programs, &words.iter().map(String::as_str).collect::<Vec<_>>());
            let name = format!("{project}/{secret}");
            if !answer.succeeded() {
                return failed(format!("Could not read {name} from Google Secret Manager"));
            }
            let answer = answer.json("gcloud secrets versions access")?;
            let data = answer.pointer("/payload/data").and_then(|data| data.as_str()).unwrap_or_default();
            results.set(name, Some(String::from_utf8_lossy(&base64_decoded(data)).into_owned()));
        }
        Ok(results.done())
    }
}

fn log_in(programs: &Programs) -> Result<(), Fault> {
    let logged_in = || -> Result<bool, Fault> {
        let accounts = run(programs, &["gcloud", "auth", "list", "--format=json"]).json("gcloud auth list")?;
        Ok(!entries(&accounts).is_empty())
    };
    if logged_in()? {
        return Ok(());
    }
    run(programs, &["gcloud", "auth", "login"]);
    if logged_in()? { Ok(()) } else { failed("could not login to gcloud") }
}

/// Project, name and version.
fn parts(name: &str) -> (&str, &str, &str) {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [name] => (DEFAULT, name, "latest"),
        [project, name] => (project, name, "latest"),
        [project, name, version, ..] => (project, name, version),
        [] => (DEFAULT, "", "latest"),
    }
}

sextant_sdk::export!(GcpSecretManager: secrets);
