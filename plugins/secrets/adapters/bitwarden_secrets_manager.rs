//! `bitwarden-sm`: secrets by their ids, or all of a project or account, by `bws secret`.

use secrets::{Results, Value, entries, failed, prefixed, require, run, text};
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct BitwardenSecretsManager;

impl Secrets for BitwardenSecretsManager {
    const PROGRAMS: &'static [&'static str] = &["bws"];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        require(programs, &["bws", "--version"], "Bitwarden Secrets Manager")?;
        if !run(programs, &["bws", "project", "list"]).succeeded() {
            return failed("Could not authenticate to Bitwarden Secrets Manager. Did you set a valid access token?");
        }
        let names = prefixed(request);
        let mut results = Results::default();
        match names.as_slice() {
            [] => return failed("You must specify what to retrieve from Bitwarden Secrets Manager"),
            [all] if all == "all" => list(programs, &mut results, &["bws", "secret", "list"])?,
            [all] if all.ends_with("/all") => {
                let project = all.split("/all").next().unwrap_or_default();
                list(programs, &mut results, &["bws", "secret", "list", project])?;
            }
            ids => {
                for id in ids {
                    let answer = run(programs, &["bws", "secret", "get", id]);
                    if !answer.succeeded() {
                        return failed(format!("Could not read {id} from Bitwarden Secrets Manager"));
                    }
                    take(&mut results, &answer.json("bws secret get")?);
                }
            }
        }
        Ok(results.done())
    }
}

fn list(programs: &Programs, results: &mut Results, words: &[&str]) -> Result<(), Fault> {
    let answer = run(programs, words);
    if !answer.succeeded() {
        return failed("Could not read secrets from Bitwarden Secrets Manager");
    }
    entries(&answer.json("bws secret list")?).iter().for_each(|secret| take(results, secret));
    Ok(())
}

fn take(results: &mut Results, secret: &Value) {
    results.set(text(secret, "key").unwrap_or_default(), text(secret, "value"));
}

sextant_sdk::export!(BitwardenSecretsManager: secrets);
