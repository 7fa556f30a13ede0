//! A configuration that was written down and read back is the same one, but for the secrets that stood in its files.

mod damage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use configuration::{Configuration, Node, Source, Sources, Surroundings, Value, dump, load_within, reload};

use damage::{Numbers, mutate};

/// A world in which the variables that the projects ask for are set.
struct Somewhere(BTreeMap<String, String>);

impl Surroundings for Somewhere {
    fn environment(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

#[test]
fn projects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["tests/data/projects", "../../tests/cases/projects", "../../tests/recordings/projects"];
    let files = places.iter().flat_map(|place| files(&folder.join(place)));
    let mut read = 0;
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a project");
        for destination in [None, Some("staging")] {
            read += usize::from(check(&path.display().to_string(), &text, None, destination));
        }
    }
    assert!(read > 30, "{read} projects were read");
}

#[test]
fn a_destination_is_laid_over_already() {
    let (base, overlay) = (include_str!("data/projects/shop.yml"), include_str!("data/projects/shop.staging.yml"));
    assert!(check("shop.staging.yml", base, Some(overlay), Some("staging")));
}

#[test]
fn damaged_projects() {
    let projects = [
        include_str!("data/projects/every_key.yml"),
        include_str!("data/projects/shop.yml"),
        include_str!("data/projects/rails_8_1.yml"),
        include_str!("data/projects/templates.yml"),
        include_str!("data/projects/anchors.yml"),
    ];
    let mut numbers = Numbers(0x0dd);
    let mut read = 0;
    for round in 0..1_000 {
        let text = mutate(projects[round % projects.len()], &mut numbers);
        read += usize::from(check("a damaged project", &text, None, None));
    }
    assert!(read > 200, "only {read} of the files were still understood");
}

#[test]
fn values() {
    const PIECES: [&str; 30] = [
        "a",
        "word ",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        ":",
        ": ",
        " #",
        "#",
        "'",
        "\"",
        "\\",
        "-",
        "- ",
        "?",
        "%",
        "@",
        "&a",
        "*a",
        "!",
        "|",
        ">",
        "{",
        "]",
        "é",
        "\u{1F600}",
        "~",
        "0x1",
    ];
    let mut numbers = Numbers(0xfeed);
    for _ in 0..2_000 {
        let count = numbers.below(12) + 1;
        let text: String = (0..count).map(|_| PIECES[numbers.below(PIECES.len())]).collect();
        let mut configuration = load(&SIMPLE.replace("VALUE", "x"), None, None).expect("a project");
        let Some(variable) = clear(&mut configuration.document) else { panic!("no variable") };
        variable.value = Value::String(text.clone());
        let again = reload(&dump(&configuration.document), None).expect("what was written is read");
        assert_eq!(again.document, configuration.document, "{text:?}");
    }
}

const SIMPLE: &str = "\
service: app
image: acme/app
servers: [10.0.0.1]
registry: { username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
env: { clear: { A: VALUE } }
";

#[test]
fn scalars() {
    let scalars = [
        "1.0e+20",
        "1e3",
        "-0.0",
        ".inf",
        "-.inf",
        ".nan",
        "0x1f",
        "017",
        "1_000",
        "12:30:45",
        "2026-01-01",
        "2026-01-01 10:00:00Z",
        ":symbol",
        "yes",
        "~",
        "''",
        "'1.0'",
        "'2026-01-01'",
        "'~'",
        "'null'",
        "':s'",
        "1.5",
        "123456789012345678901234567890",
        "\"a\\tb\"",
        "\"\\u0007\"",
        "\"\\u2028\"",
        "' leading'",
        "'trailing '",
        "|-\n    a\n     b\n",
        "[]",
        "{}",
    ];
    for scalar in scalars {
        let text = SIMPLE.replace("VALUE", "x") + &format!("x-any:\n  key: {scalar}\n  again: [{scalar}]\n");
        // Neither lines nor symbols stand in a list on one line.
        let text = if scalar.contains('\n') || scalar.starts_with(':') {
            text.replace(&format!("  again: [{scalar}]\n"), "")
        } else {
            text
        };
        assert!(check(scalar, &text, None, None), "{scalar} is read");
    }
}

#[test]
fn secrets_in_the_file_are_the_only_difference() {
    let text = "\
service: app
image: acme/app
servers: { web: [10.0.0.1], job: { hosts: [10.0.0.2], env: { clear: { A: 1 } } } }
registry: { server: ghcr.io, username: acme, password: hunter2 }
builder: { arch: amd64, secrets: [TOKEN] }
env: { clear: { B: hunter2 } }
ssh: { key_data: ['-----BEGIN KEY-----', '-----BEGIN OTHER-----'] }
x-anchors: { password: &same hunter2 }
x-plugins: { own: { source: own.wasm, with: { password: [NAME], other: value } } }
accessories:
  db:
    image: mysql
    host: 10.0.0.9
    registry: { server: other, username: acme, password: hunter3 }
    env: { secret: [ROOT_PASSWORD] }
";
    assert!(check("literals", text, None, None));
    let written = dump(&load(text, None, None).expect("a project").document);
    for secret in ["hunter3", "BEGIN KEY"] {
        assert!(!written.contains(secret), "{written}");
    }
}

/// Reads a project, writes it down and reads it back. Gives whether it could be read at all.
#[track_caller]
fn check(name: &str, text: &str, overlay: Option<&str>, destination: Option<&str>) -> bool {
    let Some(configuration) = load(text, overlay, destination) else { return false };
    let written = dump(&configuration.document);
    let again = reload(&written, destination.map(str::to_string))
        .unwrap_or_else(|error| panic!("{name}: {}\n{text}\n{written}", error.message));
    assert_eq!(dump(&again.document), written, "{name}");
    assert!(shown(again) == shown(configuration), "{name}\n{text}\n{written}");
    true
}

fn load(text: &str, overlay: Option<&str>, destination: Option<&str>) -> Option<Configuration> {
    let source = |text: &str| Source { path: "config/deploy.yml".to_string(), text: text.to_string() };
    let sources = Sources {
        base: source(text),
        overlay: overlay.or(destination.map(|_| "{}")).map(source),
        destination: destination.map(str::to_string),
    };
    let variables = ["HOST", "VERSION", "APP_HOST"].map(|name| (name.to_string(), format!("{name}.example.com")));
    load_within(&sources, &Somewhere(variables.into_iter().collect())).ok()
}

/// Everything in a configuration, without the places it was written at and without the environment that its templates set.
fn shown(mut configuration: Configuration) -> String {
    configuration.document = Node::made(Value::Null);
    configuration.variables.clear();
    let settings: Vec<String> = configuration.plugins.iter().map(|plugin| plugin.settings.to_json()).collect();
    configuration.plugins.iter_mut().for_each(|plugin| plugin.settings = Node::made(Value::Null));
    format!("{configuration:#?}\n{settings:?}")
}

/// The first variable in the clear.
fn clear(document: &mut Node) -> Option<&mut Node> {
    ["env", "clear", "A"].into_iter().try_fold(document, |node, key| match &mut node.value {
        Value::Map(map) => Some(&mut map.get_mut(key)?.node),
        _ => None,
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|own| own == "yml") {
            found.push(path);
        }
    }
    found
}
