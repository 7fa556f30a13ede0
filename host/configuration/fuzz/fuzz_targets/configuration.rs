//! Any text as `config/deploy.yml`; what is before the first NUL is the base, what follows a destination's overlay.

#![no_main]

use configuration::{Filter, Nowhere, Selection, Source, Sources, dump, load_within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let (base, overlay) = match text.split_once('\0') {
        Some((base, overlay)) => (base, Some(source("deploy.staging.yml", overlay))),
        None => (text, None),
    };
    let sources = Sources { base: source("deploy.yml", base), overlay, destination: None };
    if let Ok(configuration) = load_within(&sources, &Nowhere) {
        let _ = Selection::new(&configuration, &Filter::default());
        configuration.origins();
        dump(&configuration.document);
    }
});
