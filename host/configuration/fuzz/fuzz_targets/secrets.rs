//! Any text as a secrets file.

#![no_main]

use std::collections::BTreeMap;

use configuration::{Secrets, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let files = [Source { path: "secrets".to_owned(), text: text.to_owned() }];
    let _ = Secrets::parse(&[], &files, &BTreeMap::new(), &mut |command| command.to_owned());
});
