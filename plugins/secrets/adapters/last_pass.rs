//! `lastpass`: passwords by their full names, by `lpass show`.

use secrets::{Results, entries, failed, listed, prefixed, require, run, text};
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct LastPass;

impl Secrets for LastPass {
    const PROGRAMS: &'static [&'static str] = &["lpass"];
    const NEEDS_ACCOUNT: bool = true;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        require(programs, &["lpass", "--version"], "LastPass")?;
        log_in(programs, &request.account().unwrap_or_default())?;
        let names = prefixed(request);
        let mut words = vec!["lpass", "show"];
        words.extend(names.iter().map(String::as_str));
        words.push("--json");
        let answer = run(programs, &words);
        if !answer.succeeded() {
            return failed(format!("Could not read {} from LastPass", listed(&names)));
        }
        let mut results = Results::default();
        for item in entries(&answer.json("lpass show")?) {
            results.set(text(item, "fullname").unwrap_or_default(), text(item, "password"));
        }
        let missing: Vec<String> = names.into_iter().filter(|name| !results.has(name)).collect();
        if !missing.is_empty() {
            return failed(format!("Could not find {} in LastPass", missing.join(", ")));
        }
        Ok(results.done())
    }
}

fn log_in(programs: &Programs, account: &str) -> Result<(), Fault> {
    let status = run(programs, &["lpass", "status", "--color", "never"]).stdout;
    if status.trim() == format!("Logged in as {account}.") || run(programs, &["lpass", "login", account]).succeeded() {
        return Ok(());
    }
    failed("Failed to login to LastPass")
}

sextant_sdk::export!(LastPass: secrets);
