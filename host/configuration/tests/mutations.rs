//! Damaged files are refused or understood; nothing panics and nothing takes long.

mod damage;

use std::collections::BTreeMap;

use configuration::{
    Filter, Nowhere, SecretCommand, Secrets, Selection, Source, Sources, Surroundings, Text, dump, load, load_within,
    render_file,
};

use damage::{Numbers, mutate};

const FILES: [&str; 6] = [
    include_str!("data/projects/simple.yml"),
    include_str!("data/projects/shop.yml"),
    include_str!("data/projects/rails_8_0.yml"),
    include_str!("data/projects/rails_8_1.yml"),
    include_str!("data/projects/templates.yml"),
    include_str!("data/projects/anchors.yml"),
];
const OVERLAY: &str = include_str!("data/projects/shop.staging.yml");
const SECRETS: &str = "A='x'\nexport B=\"$A $(cat ${A}) \\n\"\nC: y # z\nD=$(echo (a (b)))\n";

/// A world with one variable.
struct Home(BTreeMap<String, String>);

impl Default for Home {
    fn default() -> Self {
        Self(BTreeMap::from([("HOST".to_owned(), "app.example.com".to_owned())]))
    }
}

impl Surroundings for Home {
    fn environment(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

fn source(text: String) -> Source {
    Source { path: "file".to_owned(), text }
}

#[test]
fn projects() {
    let mut numbers = Numbers(0x5e87a47);
    let mut loaded = 0;
    for round in 0..10_000 {
        let base = source(mutate(FILES[round % FILES.len()], &mut numbers));
        let overlay = (round % 3 == 0).then(|| source(mutate(OVERLAY, &mut numbers)));
        if let Ok(configuration) = load_within(&Sources { base, overlay, destination: None }, &Home::default()) {
            let selection = Selection::new(&configuration, &Filter::default()).unwrap();
            selection.boot_groups(&configuration);
            configuration.origins();
            dump(&configuration.document);
            loaded += 1;
        }
    }
    assert!(loaded > 100, "only {loaded} of the files were still understood");
}

#[test]
fn secrets() {
    let mut numbers = Numbers(0xd07e);
    for _ in 0..3_000 {
        let files = [source(mutate(SECRETS, &mut numbers))];
        let mut run = |command: SecretCommand<'_>| match command {
            SecretCommand::Shell(line) | SecretCommand::Own(line) => Ok(Some(line.to_owned())),
        };
        let _ = Secrets::parse(&[], &files, &BTreeMap::new(), &mut run);
    }
}

#[test]
fn templates() {
    let rows: Vec<&str> = include_str!("data/erb.txt").split("===\n").skip(1).collect();
    let mut numbers = Numbers(0xe2b);
    let secrets = [("TOKEN".to_owned(), Text::Secret("TOKEN".to_owned()))].into_iter().collect();
    let mut rendered = 0;
    for round in 0..3_000 {
        let text = rows[round % rows.len()].split("---\n").next().unwrap_or_default();
        let result = render_file(&source(mutate(text, &mut numbers)), &secrets, &Nowhere);
        rendered += usize::from(result.is_ok());
    }
    assert!(rendered > 100, "only {rendered} of the templates were still understood");
}

#[test]
fn aliases_that_unfold_without_end() {
    let message =
        |text: String| load(&Sources { base: source(text), overlay: None, destination: None }).unwrap_err().message;
    let mut bomb = "x-0: &a0 [ a, a, a, a, a, a, a, a, a, a ]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("x-{level}: &a{level} [ {aliases} ]\n"));
    }
    assert_eq!(
        message(bomb),
        "file is not valid YAML: line 5, column 27: more than 50000 values, counting what aliases stand for"
    );
    assert_eq!(
        message(format!("x-deep: {}", "[".repeat(100))),
        "file is not valid YAML: line 1, column 72: nested deeper than 64 levels"
    );
    assert_eq!(
        message("x-a: &a [ *a ]\n".to_owned()),
        "file is not valid YAML: line 1, column 11: an alias inside of what it stands for"
    );
}
