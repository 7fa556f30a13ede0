//! Any text as a template with a secret in its environment.

#![no_main]

use configuration::{Nowhere, Source, Text, render_file};
use indexmap::IndexMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source { path: "file.erb".to_owned(), text: text.to_owned() };
    let variables = IndexMap::from([
        ("A".to_owned(), Text::Clear("a, b".to_owned())),
        ("S".to_owned(), Text::Secret("S".to_owned())),
    ]);
    let _ = render_file(&source, &variables, &Nowhere);
});
