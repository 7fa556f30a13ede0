//! Files as people write them: what projects in the wild look like loads, or is refused in Kamal's words with a way out.
//!
//! `data/shapes.txt` has one row per `===`: the configuration, after `+++` that of a destination, after `---` what is said about it,
//! then the hint, or values by their path.

use std::fmt::Write as _;

use configuration::{Configuration, ConfigurationError, Node, Source, Sources, load};

/// A project's files, and what is expected of them.
struct Shape<'t> {
    name: &'t str,
    base: &'t str,
    overlay: Option<&'t str>,
    expected: &'t str,
}

fn shapes(data: &str) -> Vec<Shape<'_>> {
    let shape = |row| {
        let (name, rest): (&str, &str) = str::split_once(row, '\n').unwrap();
        let (files, expected) = rest.rsplit_once("\n--- ").unwrap();
        let (base, overlay) = match files.split_once("\n+++\n") {
            Some((base, overlay)) => (base, Some(overlay)),
            None => (files, None),
        };
        Shape { name, base, overlay, expected: expected.trim_end_matches('\n') }
    };
    data.split("\n=== ").skip(1).map(shape).collect()
}

fn loaded(base: &str, overlay: Option<&str>) -> Result<Configuration, ConfigurationError> {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    load(&Sources {
        base: source("config/deploy.yml", base),
        overlay: overlay.map(|text| source("config/deploy.production.yml", text)),
        destination: overlay.map(|_| "production".to_owned()),
    })
}

/// What is said about a shape: the answer, then the hint or the values at the paths that are asked for.
fn answer(shape: &Shape) -> String {
    match loaded(shape.base, shape.overlay) {
        Ok(configuration) => {
            let mut text = "OK".to_owned();
            for line in shape.expected.lines().skip(1) {
                let path = line.split(": ").next().unwrap_or_default().trim_end_matches(':');
                let value = configuration.document.pointer(path).map(Node::to_ruby_string);
                write!(text, "\n{path}: {}", value.unwrap_or_else(|| "nothing".to_owned())).unwrap();
            }
            text
        }
        Err(error) => {
            let hint = error.hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            format!("{}: {}{hint}", error.class, error.message)
        }
    }
}

#[test]
fn shapes_load_or_are_refused_as_in_kamal() {
    let shapes = shapes(include_str!("data/shapes.txt"));
    let mut wrong = Vec::new();
    for shape in &shapes {
        let answer = answer(shape);
        if answer != shape.expected {
            wrong.push(format!("{}\n  expected {}\n  got      {answer}", shape.name, shape.expected));
        }
    }
    assert!(wrong.is_empty(), "{} of {} shapes:\n{}", wrong.len(), shapes.len(), wrong.join("\n"));
}

#[test]
fn templates_of_rails_are_read_with_all_their_comments() {
    let templates = [
        include_str!("data/projects/rails_8_0.yml"),
        include_str!("data/projects/rails_8_0_mysql.yml"),
        include_str!("data/projects/rails_8_1.yml"),
    ];
    for template in templates {
        assert_eq!(loaded(template, None).unwrap().service, "blog");
    }
}

#[test]
fn every_key_is_known() {
    assert_eq!(loaded(include_str!("data/projects/every_key.yml"), None).unwrap().service, "everything");
}
