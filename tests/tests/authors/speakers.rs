//! Plugins in Python and JavaScript: what is built of them does in the sandbox what it says.

use std::path::Path;
use std::sync::{Arc, Mutex};

use plan::hooks::{ActingHooks, Hooks, Place, Registry, Verdict};
use plan::{Action, Facts, Plan};
use plugin_runtime::{Call, HttpRequest, HttpResponse, Outcome, Outside};
use secrecy::{ExposeSecret, SecretString};
use tests::house;

use crate::answers::{boots, builds, looks_up};
use crate::bench::{bring_environment, bring_packages, lacks, works};
use crate::scene::scene;

/// A project whose registry takes a login.
const PROJECT: &str = "\
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { server: eu.registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
";

/// A language of plugins, and what its authors do.
struct Speaker {
    language: &'static str,
    /// Programs without which nothing can be written in it.
    needs: &'static [&'static [&'static str]],
    /// Brings what a project needs.
    bring: fn(&Path),
    /// How a project is tested.
    test: &'static str,
}

const PYTHON: Speaker = Speaker {
    language: "python",
    needs: &[&["python3", "-c", "import ensurepip, venv"]],
    bring: bring_environment,
    test: "python3 -m unittest --quiet",
};

const JAVASCRIPT: Speaker = Speaker {
    language: "js",
    needs: &[&["node", "--version"], &["npm", "--version"]],
    bring: bring_packages,
    test: "npm test",
};

#[test]
fn a_login_in_python_fetches_its_password() {
    logs_in(&PYTHON);
}

#[test]
fn a_login_in_javascript_fetches_its_password() {
    logs_in(&JAVASCRIPT);
}

#[test]
fn a_builder_in_python_does_what_one_in_rust_does() {
    answers_as_in_rust(&PYTHON, "builder", |folder| builds(&folder.join("my-builder/my-builder.wasm")));
}

#[test]
fn a_builder_in_javascript_does_what_one_in_rust_does() {
    answers_as_in_rust(&JAVASCRIPT, "builder", |folder| builds(&folder.join("my-builder/my-builder.wasm")));
}

#[test]
fn a_boot_in_python_does_what_one_in_rust_does() {
    answers_as_in_rust(&PYTHON, "boot", |folder| boots(&folder.join("my-boot/my-boot.wasm")));
}

#[test]
fn a_boot_in_javascript_does_what_one_in_rust_does() {
    answers_as_in_rust(&JAVASCRIPT, "boot", |folder| boots(&folder.join("my-boot/my-boot.wasm")));
}

#[test]
fn a_secret_store_in_python_does_what_one_in_rust_does() {
    answers_as_in_rust(&PYTHON, "secrets", looks_up);
}

#[test]
fn a_secret_store_in_javascript_does_what_one_in_rust_does() {
    answers_as_in_rust(&JAVASCRIPT, "secrets", looks_up);
}

#[test]
fn a_freeze_in_python_denies() {
    freezes(&PYTHON);
}

#[test]
fn a_freeze_in_javascript_denies() {
    freezes(&JAVASCRIPT);
}

/// The project of a kind as `plugin new` writes it: its own tests, and its component under the test that the one in Rust stands.
fn answers_as_in_rust(speaker: &Speaker, kind: &str, check: impl Fn(&Path)) {
    if lacks(speaker.needs) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let name = format!("my-{kind}");
    works(folder.path(), &format!("sextant plugin new {name} --kind {kind} --lang {}", speaker.language));
    let project = folder.path().join(&name);
    (speaker.bring)(&project);
    works(&project, &format!("{}; sextant plugin build", speaker.test));
    check(folder.path());
}

/// The project of a login as `plugin new` writes it: the step while planning, and the request when the step is due.
fn logs_in(Speaker { language, needs, bring, .. }: &Speaker) {
    if lacks(needs) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    works(folder.path(), &format!("sextant plugin new mine --kind registry --lang {language}"));
    bring(&folder.path().join("mine"));
    works(&folder.path().join("mine"), "sextant plugin build");
    let tokens = "with: { tokens: 'https://tokens.example.com/v1' }";
    let open = |grants: &str| {
        scene(&folder.path().join("mine/mine.wasm"), PROJECT, &format!("{grants}{tokens}"), true).expect("it loads")
    };
    let (run, catalogue) = open("grants: { secrets: [REGISTRY_API_KEY], network: ['tokens.example.com:443'] }, ");
    let credentials = run.configuration.registry.credentials.clone().expect("the registry takes a login");
    let registry = Registry { server: Some("eu.registry.example".into()), credentials };
    let answer = catalogue.pre_login(&run, &Arc::default(), &registry, Place::Hosts).expect("it answers");
    let server = registry.server.clone();
    assert_eq!(answer.steps[0].title, "log in to eu.registry.example with mine");
    assert_eq!(answer.steps[0].action, Action::LoginWithCredentials { plugin: "guest".into(), server });
    let given = |status: u16| {
        let world = Arc::new(World { status, sent: Mutex::default() });
        let given = catalogue.acting(world.clone()).credentials(&run, "guest", &registry);
        let sent = world.sent.lock().expect("nobody panicked").join("\n");
        (given.map(|given| format!("{} {}", given.username.expose_secret(), given.password.expose_secret())), sent)
    };
    let (login, sent) = given(200);
    assert_eq!(login.expect("it gives a password"), "AWS short-lived");
    assert_eq!(sent, "GET https://tokens.example.com/v1 authorization: Bearer planted");
    assert_eq!(
        given(403).0.map_err(|error| error.to_string()),
        Err("plugin `guest` has no answer for `credentials`: the server answered 403".to_string())
    );
    let (run, catalogue) = open("");
    let world = Arc::new(World { status: 200, sent: Mutex::default() });
    let refused = catalogue.acting(world).credentials(&run, "guest", &registry).map(drop);
    let refused = refused.map_err(|error| error.to_string()).expect_err("nothing is granted");
    assert!(refused.contains("which it is not granted, in `credentials`"), "{refused}");
}

/// The policy of `plugins/examples`: the same in every language.
fn freezes(Speaker { language, needs, bring, test }: &Speaker) {
    if lacks(needs) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let example = house().join(format!("plugins/examples/freeze-window-{language}"));
    // The contract is a link there.
    works(folder.path(), &format!("cp -RL '{}' mine", example.display()));
    bring(&folder.path().join("mine"));
    works(&folder.path().join("mine"), &format!("{test}; sextant plugin build"));
    let component = folder.path().join(format!("mine/freeze-window-{language}.wasm"));
    let check = |settings: &str, expected: &[&str]| {
        let (run, catalogue) = scene(&component, PROJECT, &format!("with: {settings}"), true).expect("it loads");
        let facts: Arc<Facts> = Arc::default();
        let plan: Plan = plan::plan(&run, &facts, &catalogue).expect("it plans");
        let verdicts = catalogue.review(&run, &facts, &Arc::new(plan)).remove(0).verdicts;
        let reasons: Vec<String> = verdicts
            .into_iter()
            .map(|verdict| match verdict {
                Verdict::Deny { reason, .. } => reason,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(reasons, expected, "{settings}");
    };
    // The run of a scene begins on a Saturday, at ten.
    check("{ days: [fri, sun] }", &[]);
    check("{ days: [fri, sat, sun] }", &["nobody deploys on a sat, and it is 2026-01-31 at UTC+00:00"]);
    check("{ days: [sun], utc_offset: '+14:00' }", &["nobody deploys on a sun, and it is 2026-02-01 at UTC+14:00"]);
    check("{ dates: ['2026-01-31'] }", &["nobody deploys on 2026-01-31"]);
    check(
        "{ days: [friday] }",
        &["it gave no verdict: plugin `guest` has no answer for `policy`: the setting `days` \
             has `friday`, which is none of mon, tue, wed, thu, fri, sat, sun"],
    );
}

/// A world where passwords are given out.
struct World {
    status: u16,
    sent: Mutex<Vec<String>>,
}

impl Outside for World {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, String> {
        let headers: String =
            request.headers.iter().map(|(name, value)| format!(" {name}: {}", value.expose_secret())).collect();
        let line = format!("{} {}{headers}", request.method, request.url.expose_secret());
        self.sent.lock().expect("nobody panicked").push(line);
        let body = br#"{"user":"AWS","password":"short-lived"}"#.to_vec();
        Ok(HttpResponse { status: self.status, headers: Vec::new(), body })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("{path} is not there"))
    }

    fn run(&self, _: &Call) -> Outcome {
        Outcome::default()
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn secret(&self, _: &str) -> Result<SecretString, String> {
        Ok("planted".into())
    }

    fn now(&self) -> u64 {
        0
    }
}
