//! Kamal's answer to a configuration is ours: the messages that Kamal 2.12 was observed to give, row by row.
//!
//! `data/validation.txt` has one row per `===`: the configuration, after `---` what Kamal says, and after `--- here:` what is said
//! here where that differs.

use std::collections::BTreeMap;

use configuration::{
    Configuration, ConfigurationError, Secrets, Source, Sources, files_for, load, refuse_traefik_hooks,
};

struct Row<'t> {
    name: &'t str,
    text: &'t str,
    kamal: &'t str,
    here: Option<&'t str>,
}

fn rows(data: &str) -> Vec<Row<'_>> {
    let row = |row| {
        let (name, rest): (&str, &str) = str::split_once(row, '\n').unwrap();
        let (text, answers) = rest.split_once("--- ").unwrap();
        let (kamal, here) = answers.split_once('\n').unwrap();
        Row { name, text, kamal, here: here.trim().strip_prefix("--- here: ") }
    };
    data.split("=== ").skip(1).map(row).collect()
}

fn answer(text: &str) -> String {
    let base = Source { path: "config/deploy.yml".to_owned(), text: text.to_owned() };
    match load(&Sources { base, overlay: None, destination: None })
        .and_then(|configuration| build_secrets(&configuration))
    {
        Ok(()) => "OK".to_owned(),
        Err(error) => format!("{}: {}", error.class, error.message),
    }
}

/// Kamal looks the builder's secrets up at once; here whoever builds does.
fn build_secrets(configuration: &Configuration) -> Result<(), ConfigurationError> {
    let candidates = files_for(&configuration.secrets_path, configuration.destination.as_deref());
    let secrets = Secrets::parse(&candidates, &[], &BTreeMap::new(), &mut |_| Ok(None))?;
    configuration.builder.secrets.iter().try_for_each(|name| secrets.get(name).map(|_| ()))
}

#[test]
fn answers_are_kamals() {
    let rows = rows(include_str!("data/validation.txt"));
    let mut wrong = Vec::new();
    for row in &rows {
        let expected = row.here.unwrap_or(row.kamal);
        let answer = answer(row.text);
        if answer != expected {
            wrong.push(format!("{}\n  expected {expected}\n  got      {answer}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn hook_scripts_of_kamal_1() {
    let message = |names: &[&str]| refuse_traefik_hooks(names.iter().copied()).err().map(|error| error.message);
    assert_eq!(message(&["pre-deploy", "post-deploy"]), None);
    assert_eq!(
        message(&["pre-traefik-reboot"]).as_deref(),
        Some("Found pre-traefik-reboot, these should be renamed to (pre|post)-proxy-reboot")
    );
    assert_eq!(
        message(&["post-traefik-reboot", "pre-traefik-reboot"]).as_deref(),
        Some("Found pre-traefik-reboot, post-traefik-reboot, these should be renamed to (pre|post)-proxy-reboot")
    );
}
