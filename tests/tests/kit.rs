//! Recordings, their replay, and the checks of `plugin test`.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use configuration::{Filter, Selection, Source, Sources};
use conformance::{Finding, Outcome as Found, Setting};
use manifest::Manifest;
use plan::hooks::{ActingHooks, Happening, Hooks, Registry};
use plan::{Intent, Plan, Run};
use plugin_runtime::{
    Builtin, Cache, Call, Catalogue, HttpRequest, HttpResponse, Limits, Outcome, Outside, Recorder, Recording, Specimen,
};
use secrecy::SecretString;
use tests::sextant;

const PROJECT: &str = "
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { server: eu.registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
env: { secret: [RAILS_MASTER_KEY] }
";

const EVERYTHING: &str = "
[capabilities]
secrets = ['TOKEN']
reveal = ['TOKEN']
network = ['*.example:443']
programs = ['aws']
variables = ['AWS_*']
files = ['config/image.json']
";

/// The value of every secret, and of what only a secret opens.
const PLANTED: &str = "planted-hunter2-value";

#[test]
fn a_recording_holds_what_was_said_and_no_secret_and_is_replayed() {
    let (run, catalogue, component) = scene();
    let recorder = Recorder::new();
    let catalogue = catalogue.recorded_by(recorder.clone());
    let acting = catalogue.acting(Arc::new(World));
    let facts = Arc::default();
    let boot = catalogue.boot(&run, &facts, "web", "10.0.0.1").expect("it boots");
    assert!(!boot.start.steps.is_empty());
    for errand in [
        "send https://api.example/x",
        "read config/image.json",
        "run aws",
        "variable AWS_REGION",
        "variable AWS_SESSION_TOKEN",
        "sign TOKEN",
        "use TOKEN",
        "reveal TOKEN",
        "time",
    ] {
        acting.errand(&run, "guest", errand).expect("it is granted");
    }
    let credentials = run.configuration.registry.credentials.clone().expect("there is a login");
    let registry = Registry { server: Some("eu.registry.example".into()), credentials };
    acting.credentials(&run, "guest", &registry).expect("it has a password");
    let happening = Happening { kind: "started", hosts: vec!["10.0.0.1".into()], seconds: 0, error: None };
    assert_eq!(acting.notify(&run, &happening), []);
    catalogue.review(&run, &facts, &Arc::new(Plan::default()));

    let secret = SecretString::from(PLANTED);
    let document = recorder.document([("TOKEN", &secret)]);
    assert!(!document.contains("planted"), "{document}");
    let hexadecimal: String = PLANTED.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!document.contains(&hexadecimal), "{document}");
    assert!(!document.contains("password of eu.registry.example"), "{document}");

    let recording = Recording::parse(&document).expect("it can be read");
    assert_eq!(recording.snapshots.len(), 1);
    let guest = Specimen::load("guest", &component, Limits::default(), None).expect("it loads");
    let (_, app) = bundle::PLUGINS.iter().find(|(name, _)| *name == "app").expect("the builtin is there");
    let app = Specimen::load("app", app, Limits::default(), None).expect("it loads");
    assert_eq!(recording.calls.len(), 12);
    for call in &recording.calls {
        let specimen = if call.plugin == "app" { &app } else { &guest };
        let replayed = specimen.replay(&recording, call);
        assert_eq!(replayed.now, replayed.recorded);
    }
}

#[test]
fn a_recording_of_another_format_is_refused() {
    let check = |text: &str, expected: &str| {
        assert_eq!(Recording::parse(text).map(drop), Err(expected.to_string()), "{text}");
    };
    check(r#"{"format": 2}"#, "it has format 2, this Sextant reads format 1");
    check("{}", "missing field `format` at line 1 column 2");
}

#[test]
fn a_run_is_recorded_and_replayed_by_the_program() {
    let folder = project();
    let planned = run(folder.path(), &["plan", "--offline", "--skip-push", "--version", "v1", "--record", "said.json"]);
    assert_eq!(text(&planned.stderr), "");
    let (_, app) = bundle::PLUGINS.iter().find(|(name, _)| *name == "app").expect("the builtin is there");
    std::fs::write(folder.path().join("app.wasm"), app).expect("it can be written");
    let replayed = run(folder.path(), &["plugin", "test", "app.wasm", "--replay", "said.json"]);
    assert_eq!(text(&replayed.stderr), "");
    let said = text(&replayed.stdout);
    assert!(said.ends_with("2 of 2 calls answered as recorded\n"), "{said}");
    assert_eq!(replayed.status.code(), Some(0));

    // A plugin that answers something else is shown where.
    let recorded = std::fs::read_to_string(folder.path().join("said.json")).expect("it was written");
    let other = recorded.replace("\"title\": \"start container", "\"title\": \"begin container");
    assert_ne!(other, recorded);
    std::fs::write(folder.path().join("other.json"), other).expect("it can be written");
    let replayed = run(folder.path(), &["plugin", "test", "app.wasm", "--replay", "other.json"]);
    let said = text(&replayed.stdout);
    assert!(said.contains("-        \"title\": \"begin container shop-web-v1\""), "{said}");
    assert!(said.contains("+        \"title\": \"start container shop-web-v1\""), "{said}");
    assert!(said.ends_with("1 of 2 calls answered as recorded\n"), "{said}");
    assert_eq!(replayed.status.code(), Some(1));

    let missing = run(folder.path(), &["plugin", "test", "app.wasm", "--replay", "absent.json"]);
    assert_eq!(missing.status.code(), Some(1));
    assert_eq!(
        text(&missing.stderr),
        "error: the recording absent.json cannot be read: No such file or directory (os error 2)\n\
         hint: docs/testing-plugins.md tells how settings and recordings are written\n"
    );
}

#[test]
fn builtins_keep_what_the_contract_promises() {
    let cache = tempfile::tempdir().expect("a folder can be made");
    let cache = Cache::new(cache.path());
    for (name, component) in bundle::PLUGINS.iter().chain(&bundle::ADAPTERS) {
        let findings = conformance::check(name, component, &Setting::default(), &builtins(), Some(&cache));
        let failed: Vec<&Finding> =
            findings.iter().filter(|finding| matches!(finding.result, Found::Fail(_) | Found::Warn(_))).collect();
        assert!(failed.is_empty(), "{name}: {failed:#?}");
    }
}

#[test]
fn guests_that_break_a_promise_are_told_which() {
    let check = |guest: &str, check: &str, expected: &str| {
        let findings = conformance::check("guest", &component(guest), &Setting::default(), &builtins(), None);
        let found = findings.iter().find(|finding| finding.check == check);
        let result = found.unwrap_or_else(|| panic!("{guest}: {findings:#?}")).result.clone();
        let Found::Fail(reason) = result else { panic!("{guest}: {findings:#?}") };
        assert!(reason.starts_with(expected), "{guest}: {reason}");
    };
    check(
        "panics",
        "it answers on recorded facts",
        "`tag` on a first deploy of a small project: plugin `guest` crashed in `tag`: wasm trap: wasm `unreachable` \
         instruction executed; it said: ",
    );
    check("opens_sockets", "it loads", "plugin `guest` cannot be loaded: it asks for `wasi:sockets/");
    check(
        "reaches_out",
        "it reaches nothing outside while it plans",
        "`tag` on a first deploy of a small project: it reaches for the time",
    );
    let mine = |promise: &str, expected: &str| check("breaks_promises", promise, expected);
    mine(
        "it uses only what its manifest asks for",
        "`tag` on a first deploy of a small project: the step `run what the manifest does not ask for` runs `curl`",
    );
    mine(
        "its steps can be carried out twice",
        "on a first deploy of a small project: after the second time 10.0.0.1 is not as after the first: ",
    );
    mine(
        "it bears every refusal",
        "`notify` on a first deploy of a small project: plugin `guest` reached for the value of the secret `TOKEN`, which \
         it is not granted, in `notify`, and crashes",
    );
    mine(
        "no secret is in what it says",
        "`errand` on a first deploy of a small project: the value of a secret is in its answer",
    );
    mine(
        "what it says is fit for a terminal",
        "`tag` on a first deploy of a small project: a control character is in \"\\u{1b}[2J\"",
    );
}

#[test]
fn a_guest_that_comes_near_a_limit_is_warned_of() {
    let findings = conformance::check("guest", &component("allocates"), &Setting::default(), &builtins(), None);
    let found = findings.iter().find(|finding| finding.check == "it stays far from its limits");
    let Some(Found::Warn(reason)) = found.map(|finding| finding.result.clone()) else { panic!("{findings:#?}") };
    assert!(reason.ends_with(" of 67108864 bytes of memory"), "{reason}");
}

#[test]
fn what_a_plugin_was_checked_for_is_told_line_by_line() {
    let folder = project();
    let (_, app) = bundle::PLUGINS.iter().find(|(name, _)| *name == "app").expect("the builtin is there");
    std::fs::write(folder.path().join("app.wasm"), app).expect("it can be written");
    let checked = run(folder.path(), &["plugin", "test", "app.wasm"]);
    assert_eq!(
        text(&checked.stdout),
        "ok       it loads\n\
         ok       its contract is served\n\
         skipped  its manifest fits its settings: it has none, so it asks for nothing (contract 0.1.1)\n\
         ok       it answers on recorded facts\n\
         skipped  it uses only what its manifest asks for: it has no manifest\n\
         ok       it reaches nothing outside while it plans\n\
         ok       the same question has the same answer\n\
         ok       its steps can be carried out twice\n\
         skipped  it bears every refusal: none of its hooks acts\n\
         ok       it stays far from its limits\n\
         skipped  no secret is in what it says: none of its hooks can see a secret\n\
         ok       what it says is fit for a terminal\n\
         app keeps what the contract promises\n"
    );
    assert_eq!(checked.status.code(), Some(0));
    let json = run(folder.path(), &["plugin", "test", "app.wasm", "--output", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!((&json["plugin"], &json["ok"]), (&"app".into(), &true.into()));
}

#[test]
fn a_plugin_is_checked_with_the_settings_that_a_project_would_give() {
    let folder = project();
    let example = Path::new(env!("EXAMPLES")).join("image_allowlist.wasm");
    std::fs::copy(example, folder.path().join("allowlist.wasm")).expect("the example was built");
    let without = run(folder.path(), &["plugin", "test", "allowlist.wasm"]);
    let told = text(&without.stdout);
    assert!(told.contains("FAIL     its manifest fits its settings: setting `images` is missing"), "{told}");
    // What it never showed is not called kept.
    assert!(
        told.contains("FAIL     it answers on recorded facts: it has no answer at all; it may need settings"),
        "{told}"
    );
    assert!(told.contains("skipped  it stays far from its limits: it has no answer at all\n"), "{told}");
    assert!(told.ends_with("2 checks failed\n"), "{told}");
    assert_eq!(without.status.code(), Some(1));
    std::fs::write(folder.path().join("settings.yml"), "with: { images: ['*/acme/*'] }\n").expect("a file");
    let with = run(folder.path(), &["plugin", "test", "allowlist.wasm", "--config", "settings.yml"]);
    let told = text(&with.stdout);
    assert!(told.ends_with("image-allowlist keeps what the contract promises\n"), "{told}");
    assert_eq!(with.status.code(), Some(0));
}

#[test]
fn a_secret_may_be_an_address_that_a_plugin_sends_to() {
    let slack = std::fs::read(Path::new(env!("EXAMPLES")).join("slack.wasm")).expect("the example was built");
    let findings = conformance::check("slack", &slack, &Setting::default(), &builtins(), None);
    for check in ["it answers on recorded facts", "it bears every refusal", "no secret is in what it says"] {
        let found = findings.iter().find(|finding| finding.check == check).map(|finding| &finding.result);
        assert_eq!(found, Some(&Found::Ok), "{findings:#?}");
    }
}

fn builtins() -> Vec<Builtin> {
    bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect()
}

fn component(guest: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("GUESTS")).join(format!("{guest}.wasm"))).expect("the guest was built")
}

/// A guest that may reach everything, in a project.
fn scene() -> (Arc<Run>, Catalogue, Vec<u8>) {
    let manifest = format!("name = 'guest'\nversion = '1.0.0'\n{EVERYTHING}");
    let manifest = Manifest::parse(&manifest).expect("the manifest is valid");
    let component = manifest.embed(&component("reaches_out")).expect("it can be embedded");
    let granted = "secrets: [TOKEN], reveal: [TOKEN], network: ['*.example:443'], programs: [aws], variables: ['AWS_*'], \
                   files: [config/image.json]";
    let text = format!("{PROJECT}x-plugins: {{ guest: {{ source: guest.wasm, grants: {{ {granted} }} }} }}\n");
    let base = Source { path: "config/deploy.yml".into(), text };
    let configuration =
        configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid");
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let own = vec![(configuration.plugins[0].clone(), component.clone())];
    let run = Run::sample(Intent::Deploy { skip_push: true }, configuration, selection);
    let catalogue = Catalogue::load(&builtins(), own, Limits::default(), None).expect("the plugins load");
    (Arc::new(run), catalogue, component)
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::create_dir_all(folder.path().join("config")).expect("a folder can be made");
    std::fs::write(folder.path().join("config/deploy.yml"), PROJECT).expect("a file can be written");
    std::fs::create_dir_all(folder.path().join(".kamal")).expect("a folder can be made");
    let secrets = "REGISTRY_PASSWORD=x\nRAILS_MASTER_KEY=y\n";
    std::fs::write(folder.path().join(".kamal/secrets"), secrets).expect("a file can be written");
    folder
}

fn run(folder: &Path, words: &[&str]) -> Output {
    Command::new(sextant())
        .current_dir(folder)
        .args(words)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env_remove("CI")
        .output()
        .expect("the program can be run")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A world whose answers hold secrets.
struct World;

impl Outside for World {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, String> {
        let body = format!("{{\"token\":\"{PLANTED}\",\"other-key\":\"planted too\",\"to\":\"{}\"}}", request.method);
        Ok(HttpResponse { status: 200, headers: vec![("set-cookie".into(), PLANTED.into())], body: body.into_bytes() })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Ok(format!("content of {path}").into_bytes())
    }

    fn run(&self, call: &Call) -> Outcome {
        Outcome { exit: 0, stdout: format!("ran {}", call.words.join(" ")) }
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(if name.ends_with("TOKEN") { PLANTED.to_string() } else { "eu-west-1".to_string() })
    }

    fn secret(&self, _: &str) -> Result<SecretString, String> {
        Ok(PLANTED.into())
    }

    fn now(&self) -> u64 {
        1_234_567_890
    }
}
