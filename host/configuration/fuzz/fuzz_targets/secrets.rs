//! Any text as a secrets file.

#![no_main]

use std::collections::BTreeMap;

use configuration::{SecretCommand, Secrets, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let files = [Source { path: "secrets".to_owned(), text: text.to_owned() }];
    let mut run = |command: SecretCommand<'_>| match command {
        SecretCommand::Shell(line) | SecretCommand::Own(line) => Ok(Some(line.to_owned())),
    };
    let _ = Secrets::parse(&[], &files, &BTreeMap::new(), &mut run);
});
