//! `enpass`: passwords of a vault that `--from` gives the path of, by `enpass-cli show`. A secret is `title[/label]`.

use secrets::{Results, entries, failed, listed, require, run, text};
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct Enpass;

impl Secrets for Enpass {
    const PROGRAMS: &'static [&'static str] = &["enpass-cli"];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        require(programs, &["enpass-cli", "version"], "Enpass")?;
        let names = request.secrets();
        let vault = request.from().unwrap_or_default();
        let mut words = vec!["enpass-cli", "-json", "-vault", &vault, "show"];
        for name in &names {
            let title = name.rsplit_once('/').map(|(title, _)| title).filter(|title| !title.is_empty());
            let title = title.unwrap_or(name.trim_start_matches('/'));
            if !words[5..].contains(&title) {
                words.push(title);
            }
        }
        let answer = run(programs, &words);
        if !answer.succeeded() {
            return failed(format!("Could not read {} from Enpass", listed(&names)));
        }
        let mut results = Results::default();
        for item in entries(&answer.json("enpass-cli show")?) {
            let (Some(title), Some(password)) = (text(item, "title"), text(item, "password")) else { continue };
            let key = match text(item, "label").filter(|label| !label.is_empty()) {
                Some(label) => format!("{title}/{label}"),
                None => title.clone(),
            };
            if !names.contains(&title) && !names.contains(&key) {
                continue;
            }
            if results.has(&key) {
                return failed(format!("{key} is present more than once"));
            }
            results.set(key, Some(password));
        }
        Ok(results.done())
    }
}

sextant_sdk::export!(Enpass: secrets);
