//! Manifests as authors write them, the mistakes they make, and components that carry them.

use serde_json::json;

use super::*;

const ECR: &str = r#"name = "ecr"
version = "1.2.0"
description = "Logs in to Amazon ECR"

[capabilities]
secrets = ["AWS_SECRET_ACCESS_KEY"]
network = ["api.ecr.*.amazonaws.com:443"]
programs = ["aws"]
variables = ["AWS_REGION", "AWS_*"]
files = ["config/image.json", "dist/**"]

[settings.region]
type = "string"
required = true
description = "where the registry is"

[settings.retries]
type = "integer"
"#;

/// An empty component.
const EMPTY: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

fn ecr() -> Manifest {
    Manifest::parse(ECR).expect("the manifest is right")
}

#[test]
fn a_manifest_is_read() {
    let manifest = ecr();
    assert_eq!((manifest.name.as_str(), manifest.version.to_string().as_str()), ("ecr", "1.2.0"));
    assert_eq!(manifest.description, "Logs in to Amazon ECR");
    assert_eq!(manifest.capabilities.of(Kind::Secrets), ["AWS_SECRET_ACCESS_KEY"]);
    assert!(manifest.capabilities.of(Kind::Reveal).is_empty());
    assert!(manifest.settings["region"].required);
    let least = Manifest::parse("name = \"a\"\nversion = \"0.1.0\"").expect("nothing else has to be there");
    assert!(least.capabilities.is_empty() && least.settings.is_empty());
}

#[test]
fn mistakes_name_their_line() {
    let check = |text: &str, line: usize, reason: &str| {
        let error = Manifest::parse(text).expect_err(text);
        assert_eq!(error, ManifestError::Text { line: Some(line), reason: reason.to_string() }, "{text}");
    };
    let head = "name = \"a\"\nversion = \"1.0.0\"\n";
    check(
        "name = \"A b\"\nversion = \"1.0.0\"",
        1,
        "a plugin's name is made of small letters, digits and dashes, at most 64",
    );
    check("name = \"a\"\nversion = \"1\"", 2, "unexpected end of input while parsing major version number");
    check("name = \"a\"", 1, "missing field `version`");
    check(
        &format!("{head}descripton = \"x\""),
        3,
        "unknown field `descripton`, expected one of `name`, `version`, `description`, `capabilities`, `settings`",
    );
    check(&format!("{head}description = \"a\\u001b[2J\""), 3, "a description is one line of at most 200 letters");
    let capability = |line: &str, reason: &str| check(&format!("{head}[capabilities]\n{line}"), 4, reason);
    capability(
        "netwrk = []",
        "unknown field `netwrk`, expected one of `secrets`, `reveal`, `network`, `programs`, `variables`, `files`",
    );
    capability("secrets = [\"A B\"]", "secrets: `A B` is no name of a secret");
    capability("reveal = [\"\"]", "reveal: `` is no name of a secret");
    capability("variables = [\"PATH=1\"]", "variables: `PATH=1` is no name of a variable");
    capability("programs = [\"/bin/sh\"]", "programs: `/bin/sh` is no name of a program: it has no slash and no blank");
    let network = |entry: &str| {
        let reason = format!("network: `{entry}` is no `host:port`, such as `api.example.com:443`");
        capability(&format!("network = [\"{entry}\"]"), &reason);
    };
    for entry in ["example.com", "https://example.com:443", "example.com:", "a..b:1", ":443", "a:0", "a:70000", "a:044"]
    {
        network(entry);
    }
    let file = |entry: &str| {
        let reason = format!("files: `{entry}` is no path inside the project, such as `config/image.json`");
        capability(&format!("files = ['{entry}']"), &reason);
    };
    for entry in ["/etc/passwd", "../x", "a/../b", "a//b", "./a", "~/a", "a\\b", ""] {
        file(entry);
    }
    check(
        &format!("{head}[settings.region]\ntype = \"text\""),
        4,
        "unknown variant `text`, expected one of `string`, `integer`, `boolean`, `list`, `map`",
    );
    check(
        &format!("{head}[settings.'a b']\ntype = \"list\""),
        3,
        "the key of a setting is made of letters, digits, `_` and `-`, at most 64",
    );
}

#[test]
fn what_is_asked_for_and_granted_is_told_as_names_and_patterns() {
    let network = |entries: &[&str]| Capabilities {
        network: entries.iter().map(ToString::to_string).collect(),
        ..Capabilities::default()
    };
    let check = |asked: &[&str], granted: &[&str], expected: &[&str]| {
        let shared = network(asked).shared_with(&network(granted), Kind::Network);
        assert_eq!(shared, expected, "{asked:?} and {granted:?}");
    };
    check(&["a.example:443"], &["a.example:443"], &["a.example:443"]);
    check(&["a.example:443"], &["b.example:443"], &[]);
    // The narrower of the two, whoever wrote the pattern.
    check(&["a.example:443"], &["**:*"], &["a.example:443"]);
    check(&["*.example:443"], &["a.example:443"], &["a.example:443"]);
    check(&["*.example:443"], &["**:*"], &["*.example:443"]);
    // Neither takes in the other: rather too much than too little.
    check(&["api.*:443"], &["*.example:443"], &["*.example:443"]);
    check(&["a.example:443", "*.example:80"], &["**:*"], &["a.example:443", "*.example:80"]);
}

#[test]
fn capabilities_cover_names_by_pattern() {
    let asked = ecr().capabilities;
    let check = |kind: Kind, name: &str, expected: bool| {
        assert_eq!(asked.covers(kind, name), expected, "{} {name}", kind.name());
    };
    check(Kind::Secrets, "AWS_SECRET_ACCESS_KEY", true);
    check(Kind::Secrets, "RAILS_MASTER_KEY", false);
    check(Kind::Reveal, "AWS_SECRET_ACCESS_KEY", false);
    check(Kind::Network, "api.ecr.eu-west-1.amazonaws.com:443", true);
    check(Kind::Network, "API.ECR.eu-west-1.amazonaws.com:443", true);
    check(Kind::Network, "api.ecr.eu-west-1.amazonaws.com:80", false);
    check(Kind::Network, "api.ecr.eu.evil.com:443", false);
    check(Kind::Network, "api.ecr.x.y.amazonaws.com:443", false);
    check(Kind::Network, "api.ecr.*.amazonaws.com:443", false);
    check(Kind::Programs, "aws", true);
    check(Kind::Programs, "/tmp/aws", false);
    check(Kind::Variables, "AWS_PROFILE", true);
    check(Kind::Variables, "HOME", false);
    check(Kind::Files, "config/image.json", true);
    check(Kind::Files, "dist/assets/app.js", true);
    check(Kind::Files, "dist/../.kamal/secrets", false);
}

#[test]
fn wider_capabilities_are_told_one_by_one() {
    let of = |network: &[&str], programs: &[&str]| Capabilities {
        network: network.iter().map(ToString::to_string).collect(),
        programs: programs.iter().map(ToString::to_string).collect(),
        ..Capabilities::default()
    };
    let before = of(&["*.example.com:443", "[::1]:*"], &["aws"]);
    assert_eq!(of(&["api.example.com:443", "[::1]:80"], &[]).wider_than(&before), []);
    assert_eq!(
        of(&["**.example.com:443", "*.example.com:*"], &["aws", "sh"]).wider_than(&before),
        [
            (Kind::Network, "**.example.com:443".to_string()),
            (Kind::Network, "*.example.com:*".to_string()),
            (Kind::Programs, "sh".to_string()),
        ]
    );
}

#[test]
fn settings_are_checked() {
    let check = |given: serde_json::Value, expected: &[&str]| {
        let errors = ecr().check_settings(&given).err().unwrap_or_default();
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors, expected, "{given}");
    };
    check(json!({ "region": "eu-west-1", "retries": 3 }), &[]);
    check(json!({ "region": "eu-west-1", "retries": null }), &[]);
    let missing = "setting `region` is missing: it should be a string (where the registry is)";
    check(json!(null), &[missing]);
    check(json!({ "region": null }), &[missing]);
    check(json!({ "region": 7 }), &["setting `region` should be a string"]);
    check(
        json!({ "region": "x", "retries": "3", "regoin": 1 }),
        &["setting `retries` should be an integer", "unknown setting `regoin`; the plugin takes region, retries"],
    );
    check(json!([]), &["should be a map of settings"]);
}

#[test]
fn a_manifest_travels_in_the_component() {
    assert_eq!(Manifest::of(&EMPTY), Ok(None));
    let embedded = ecr().embed(&EMPTY).expect("it is a component");
    assert_eq!(Manifest::of(&embedded), Ok(Some(ecr())));
    assert_eq!(ecr().embed(&embedded), Ok(embedded.clone()), "embedding twice changes nothing");
    let other = Manifest { description: "another".to_string(), ..ecr() };
    let replaced = other.embed(&embedded).expect("it is a component");
    assert_eq!(Manifest::of(&replaced), Ok(Some(other)));
}

#[test]
fn only_the_manifest_of_the_component_itself_counts() {
    let inner = ecr().embed(&EMPTY).expect("it is a component");
    let mut outer = EMPTY.to_vec();
    outer.extend([
        4,
        u8::try_from(inner.len() & 0x7f | 0x80).unwrap_or(0),
        u8::try_from(inner.len() >> 7).unwrap_or(0),
    ]);
    outer.extend(&inner);
    assert_eq!(Manifest::of(&outer), Ok(None));
    let own = Manifest { name: "own".to_string(), ..ecr() };
    let outer = own.embed(&outer).expect("it is a component");
    assert_eq!(Manifest::of(&outer), Ok(Some(own)));
}

#[test]
fn what_is_no_component_is_refused() {
    let check = |bytes: &[u8], message: &str| {
        assert_eq!(Manifest::of(bytes).map_err(|error| error.to_string()), Err(message.to_string()));
        assert_eq!(ecr().embed(bytes).map_err(|error| error.to_string()), Err(message.to_string()));
    };
    check(b"", "it is not a WebAssembly component: it does not begin as one");
    check(b"hello", "it is not a WebAssembly component: it does not begin as one");
    check(&[0, b'a', b's', b'm', 1, 0, 0, 0], "it is not a WebAssembly component: it is a core module");
    let cut = [EMPTY.as_slice(), &[4, 100, 0]].concat();
    assert!(matches!(Manifest::of(&cut), Err(ManifestError::NoComponent { .. })), "{:?}", Manifest::of(&cut));
}

#[test]
fn an_embedded_manifest_is_not_trusted() {
    let with = |content: &[u8]| component::with_section(&EMPTY, content).expect("it is a component");
    let forged = with(br#"{"name":"a","version":"1.0.0","capabilities":{"files":["../../etc/passwd"]}}"#);
    assert_eq!(
        Manifest::of(&forged).map_err(|error| error.to_string()),
        Err("the manifest in the component cannot be read: files: `../../etc/passwd` is no path inside the project, such as \
             `config/image.json` at line 1 column 75"
            .to_string())
    );
    let twice = [with(b"{}"), with(b"{}")[EMPTY.len()..].to_vec()].concat();
    assert_eq!(Manifest::of(&twice), Err(ManifestError::Several));
}

#[test]
fn a_component_is_known_by_what_it_imports_and_exports() {
    use wasm_encoder::{ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentTypeRef};
    let mut component = wasm_encoder::Component::new();
    let mut imports = ComponentImportSection::new();
    imports.import("sextant:deploy/types@0.1.0", ComponentTypeRef::Instance(0));
    imports.import("wasi:cli/environment@0.2.6", ComponentTypeRef::Instance(0));
    let mut exports = ComponentExportSection::new();
    for hook in ["tag@0.1.1", "boot@0.1.0"] {
        exports.export(format!("sextant:deploy/{hook}").as_str(), ComponentExportKind::Instance, 0, None);
    }
    component.section(&imports).section(&exports);
    let surface = Surface::of(&component.finish()).expect("it is a component");
    assert_eq!(surface.imports, ["sextant:deploy/types@0.1.0", "wasi:cli/environment@0.2.6"]);
    assert_eq!(surface.hooks(), ["boot", "tag"]);
    assert_eq!(surface.contract(), Some(Version::new(0, 1, 1)));
    let empty = Surface::of(&EMPTY).expect("it is a component");
    assert_eq!((empty.hooks(), empty.contract()), (Vec::new(), None));
}
