//! `doppler`: secrets of a project's config, all in one call. The first two parts of a name, or `--from`, are project and config.

use secrets::{Results, failed, listed, prefixed, require, run, run_quietly, text};
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct Doppler;

/// Where a token stands; one of a service already names its project and config.
const TOKEN: &str = "DOPPLER_TOKEN";

impl Secrets for Doppler {
    const PROGRAMS: &'static [&'static str] = &["doppler"];
    const VARIABLES: &'static [&'static str] = &[TOKEN];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        require(programs, &["doppler", "--version"], "Doppler")?;
        if !run_quietly(programs, &["doppler", "me", "--json"]).succeeded()
            && !run(programs, &["doppler", "login", "-y"]).succeeded()
        {
            return failed("Failed to login to Doppler");
        }
        let names = prefixed(request);
        let place = place(programs, &names)?;
        let mut words = vec!["doppler", "secrets", "get"];
        words.extend(names.iter().filter_map(|name| name.rsplit('/').next()));
        words.push("--json");
        if let Some((project, config)) = place {
            words.extend(["-p", project, "-c", config]);
        }
        let answer = run(programs, &words);
        if !answer.succeeded() {
            return failed(format!("Could not read {} from Doppler", listed(&names)));
        }
        let mut results = Results::default();
        for (name, secret) in answer.json("doppler secrets get")?.as_object().into_iter().flatten() {
            results.set(name, text(secret, "computed"));
        }
        Ok(results.done())
    }
}

/// Project and config, unless the token says them.
fn place<'a>(programs: &Programs, names: &'a [String]) -> Result<Option<(&'a str, &'a str)>, Fault> {
    if programs.variable(TOKEN).is_some_and(|token| token.starts_with("dp.st")) {
        return Ok(None);
    }
    let mut parts = names.first().map(String::as_str).unwrap_or_default().split('/');
    match (parts.next(), parts.next()) {
        (Some(project), Some(config)) => Ok(Some((project, config))),
        _ => failed("Missing project or config from '--from=project/config' option"),
    }
}

sextant_sdk::export!(Doppler: secrets);
