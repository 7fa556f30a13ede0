//! What a plugin may reach outside: each capability asked for and granted, not granted, not asked for, and while planning.

use std::path::Path;
use std::sync::{Arc, Mutex};

use configuration::{Filter, Selection, Source, Sources};
use manifest::Manifest;
use plan::hooks::{ActingHooks, Happening, Hooks, Place, Registry, Verdict};
use plan::{Action, Checkout, Facts, Intent, Plan, Run};
use plugin_runtime::{Builtin, Call, Catalogue, HttpRequest, HttpResponse, Limits, Outcome, Outside};
use secrecy::{ExposeSecret, SecretString};

const PROJECT: &str = "
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { server: eu.registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
";

/// A capability: its kind, what is reached for, what it is called in a refusal, what a manifest and the project say, what is found.
const CAPABILITIES: [(&str, &str, &str, &str, &str); 8] = [
    (
        "network",
        "send https://api.example/x",
        "the network at `api.example:443`",
        "api.example:443",
        "200 GET https://api.example/x",
    ),
    (
        "files",
        "read config/image.json",
        "the file `config/image.json`",
        "config/image.json",
        "content of config/image.json",
    ),
    ("programs", "run aws", "the program `aws`", "aws", "ran aws"),
    ("variables", "variable AWS_REGION", "the variable `AWS_REGION`", "AWS_REGION", "value of AWS_REGION"),
    ("secrets", "sign TOKEN", "the secret `TOKEN`", "TOKEN", "b95a5d3cd2d5d86c1c2ee9a3f3f8d2b8"),
    (
        "secrets",
        "digest TOKEN",
        "the secret `TOKEN`",
        "TOKEN",
        "98812620cea6a679ec6d2b30dc975b3d26394bfcfa9b3479cfad79386cfd1843",
    ),
    ("secrets", "use TOKEN", "the secret `TOKEN`", "TOKEN", "200"),
    ("reveal", "reveal TOKEN", "the value of the secret `TOKEN`", "TOKEN", "planted"),
];

#[test]
fn what_is_asked_for_and_granted_is_given() {
    for (kind, reach, _, name, found) in CAPABILITIES {
        let outcome = errand(&[(kind, name)], &[(kind, name)], reach);
        if reach.starts_with("sign") {
            assert_eq!(outcome.map(|code| code.len()), Ok(64), "{reach}");
        } else {
            assert_eq!(outcome, Ok(found.to_string()), "{reach}");
        }
    }
}

#[test]
fn what_is_not_granted_is_refused() {
    for (kind, reach, what, name, _) in CAPABILITIES {
        let expected = format!("plugin `guest` reached for {what}, which it is not granted, in `errand`");
        assert_eq!(errand(&[(kind, name)], &[], reach), Err(expected.clone()), "{reach}");
        assert_eq!(errand(&[(kind, name)], &[(kind, "other:1")], reach), Err(expected), "{reach}");
    }
}

#[test]
fn what_is_not_asked_for_is_refused_even_if_it_is_granted() {
    for (kind, reach, what, name, _) in CAPABILITIES {
        let expected = format!("plugin `guest` reached for {what}, which its manifest does not ask for, in `errand`");
        assert_eq!(errand(&[], &[(kind, name)], reach), Err(expected), "{reach}");
    }
}

#[test]
fn a_hook_that_plans_is_given_nothing() {
    let everything: Vec<(&str, &str)> = CAPABILITIES.iter().map(|(kind, _, _, name, _)| (*kind, *name)).collect();
    for (_, reach, what, _, _) in CAPABILITIES.into_iter().chain([("", "time", "the time", "", "")]) {
        let (run, catalogue) = scene("reaches-out", &everything, &everything);
        let error = catalogue.tag(&run, &Arc::default(), reach).expect_err("it is refused");
        let what = match reach.split(' ').next() {
            Some("send" | "use") => "the network",
            Some("digest") => "the secrets",
            _ => what,
        };
        assert_eq!(
            error.to_string(),
            format!("plugin `guest` reached for {what} in `tag`, which plans: it is given nothing"),
            "{reach}"
        );
    }
}

#[test]
fn the_time_takes_no_capability() {
    assert_eq!(errand(&[], &[], "time"), Ok("1234567890".to_string()));
}

#[test]
fn the_value_of_a_secret_that_may_be_used_cannot_be_seen() {
    let expected = "plugin `guest` reached for the value of the secret `TOKEN`, which it is not granted, in `errand`";
    assert_eq!(
        errand(&[("secrets", "TOKEN"), ("reveal", "TOKEN")], &[("secrets", "TOKEN")], "reveal TOKEN"),
        Err(expected.to_string())
    );
}

#[test]
fn what_goes_wrong_outside_is_the_plugins_to_tell() {
    let network = [("network", "*:443")];
    assert_eq!(
        errand(&network, &network, "send https://api.example@evil.example/"),
        Err("plugin `guest` has no answer for `errand`: the address holds a user or a password".to_string())
    );
    let secrets = [("reveal", "ABSENT")];
    assert_eq!(
        errand(&secrets, &secrets, "reveal ABSENT"),
        Err("plugin `guest` has no answer for `errand`: there is no secret `ABSENT`".to_string())
    );
}

#[test]
fn a_login_waits_for_a_short_lived_password() {
    let (run, catalogue) = scene("reaches-out", &[], &[]);
    let credentials = run.configuration.registry.credentials.clone().expect("the registry takes a login");
    let registry = Registry { server: Some("eu.registry.example".into()), credentials };
    let answer = catalogue.pre_login(&run, &Arc::default(), &registry, Place::Local).expect("it answers");
    let actions: Vec<&Action> = answer.steps.iter().map(|step| &step.action).collect();
    let server = Some("eu.registry.example".to_string());
    assert_eq!(
        actions,
        [
            &Action::LoginWithCredentials { plugin: "guest".into(), server },
            &Action::Errand { plugin: "guest".into(), name: "time".into() }
        ]
    );
    let acting = catalogue.acting(Arc::new(World::default()));
    let credential = acting.credentials(&run, "guest", &registry).expect("it gives a password");
    assert_eq!(credential.username.expose_secret(), "guest");
    assert_eq!(credential.password.expose_secret(), "password of eu.registry.example");
}

#[test]
fn who_is_to_be_told_is_told_what_happens() {
    let chat = [("network", "chat.example:443")];
    let (run, catalogue) = scene("reaches-out", &chat, &chat);
    let world = Arc::new(World::default());
    let happening = Happening { kind: "finished", hosts: vec!["10.0.0.1".into()], seconds: 3, error: None };
    assert_eq!(catalogue.acting(world.clone()).notify(&run, &happening), []);
    assert_eq!(*world.sent.lock().unwrap(), ["POST https://chat.example/hook finished"]);
    let (run, catalogue) = scene("reaches-out", &chat, &[]);
    let failed: Vec<String> =
        catalogue.acting(world).notify(&run, &happening).iter().map(ToString::to_string).collect();
    assert_eq!(
        failed,
        ["plugin `guest` reached for the network at `chat.example:443`, which it is not granted, in `notify`"]
    );
}

#[test]
fn a_policy_says_what_it_thinks_and_one_that_cannot_denies() {
    let deny = |reason: &str, steps: Vec<u32>| vec![Verdict::Deny { reason: reason.to_string(), steps }];
    let (run, catalogue) = scene("denies", &[], &[]);
    let check = |version: &str, expected: Vec<Verdict>| {
        let run = Arc::new(Run { version: version.to_string(), ..Run::clone(&run) });
        let facts: Arc<Facts> = Arc::default();
        let plan: Plan = plan::plan(&run, &facts, &catalogue).expect("it plans");
        let opinions = catalogue.review(&run, &facts, &Arc::new(plan));
        assert_eq!(opinions.len(), 1, "{version}");
        assert_eq!(opinions[0].policy, "guest");
        assert_eq!(opinions[0].verdicts, expected, "{version}");
    };
    check("allow", Vec::new());
    check("warn", vec![Verdict::Warn { reason: "look twice".into(), steps: vec![1] }]);
    check("deny", deny("not today", vec![1]));
    let approval = Verdict::RequireApproval { reason: "it is big".into(), roles: vec!["lead".into()], count: 2 };
    check("approve", vec![approval]);
    check("nonsense", deny("it gave no verdict: it names step 9999, which the plan does not have", Vec::new()));
    check("nobody", deny("it gave no verdict: it wants the approval of nobody", Vec::new()));
    check("fault", deny("it gave no verdict: plugin `guest` has no answer for `policy`: no idea", Vec::new()));
    for (version, expected) in [("crash", "crashed in `policy`"), ("loop", "ran into a limit in `policy`")] {
        let run = Arc::new(Run { version: version.to_string(), ..Run::clone(&run) });
        let verdicts = catalogue.review(&run, &Arc::default(), &Arc::default()).remove(0).verdicts;
        let [Verdict::Deny { reason, .. }] = verdicts.as_slice() else { panic!("{version}: {verdicts:?}") };
        assert!(reason.contains(expected), "{version}: {reason}");
    }
}

#[test]
fn a_policy_sees_facts_and_git_and_finds_steps_without_reading_all_of_them() {
    let (run, catalogue) = scene("denies", &[], &[]);
    let told = |version: &str| {
        let (root, revision, branch) = ("/shop".into(), "abc".into(), Some("release".into()));
        let checkout = Checkout { root, prefix: String::new(), revision, branch, changes: Vec::new() };
        let run = Arc::new(Run { version: version.to_string(), checkout: Some(checkout), ..Run::clone(&run) });
        let facts: Arc<Facts> = Arc::default();
        let plan = plan::plan(&run, &facts, &catalogue).expect("it plans");
        match catalogue.review(&run, &facts, &Arc::new(plan)).remove(0).verdicts.remove(0) {
            Verdict::Warn { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    };
    let json: serde_json::Value = serde_json::from_str(&told("facts")).expect("facts are JSON");
    assert!(json["hosts"].is_object(), "{json}");
    assert_eq!(told("branch"), "release");
    let found = told("kinds");
    for part in ["pull", "start-container", "acme/shop:kinds", "shop-web-kinds"] {
        assert!(found.contains(part), "{part}: {found}");
    }
}

/// What an errand of the guest comes to, by what its manifest asks for and what the project grants.
fn errand(asked: &[(&str, &str)], granted: &[(&str, &str)], name: &str) -> Result<String, String> {
    let (run, catalogue) = scene("reaches-out", asked, granted);
    // What a test is not about is there.
    catalogue.acting(Arc::new(World::default())).errand(&run, "guest", name).map_err(|error| error.to_string())
}

fn scene(guest: &str, asked: &[(&str, &str)], granted: &[(&str, &str)]) -> (Arc<Run>, Catalogue) {
    let chat = ("network", "chat.example:443");
    let listed = |entries: &[(&str, &str)], form: &dyn Fn(&str, &str) -> String| -> String {
        let is_about_secrets = entries.iter().any(|(kind, _)| *kind == "secrets") && !entries.contains(&chat);
        let entries = entries.iter().chain(is_about_secrets.then_some(&chat));
        let mut kinds: Vec<(&str, Vec<String>)> = Vec::new();
        for (kind, name) in entries {
            match kinds.iter_mut().find(|(known, _)| known == kind) {
                Some((_, names)) => names.push(format!("\"{name}\"")),
                None => kinds.push((kind, vec![format!("\"{name}\"")])),
            }
        }
        kinds.iter().map(|(kind, names)| form(kind, &names.join(", "))).collect()
    };
    let asked = listed(asked, &|kind, names| format!("{kind} = [{names}]\n"));
    let granted = listed(granted, &|kind, names| format!("{kind}: [{names}], "));
    let manifest = format!("name = \"guest\"\nversion = \"1.0.0\"\n[capabilities]\n{asked}");
    let manifest = Manifest::parse(&manifest).expect("the manifest is valid");
    let path = Path::new(env!("GUESTS")).join(format!("{}.wasm", guest.replace('-', "_")));
    let component = std::fs::read(path).expect("the guest was built");
    let text = format!("{PROJECT}x-plugins: {{ guest: {{ source: guest.wasm, grants: {{ {granted} }} }} }}\n");
    let base = Source { path: "config/deploy.yml".into(), text };
    let configuration =
        configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid");
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let own = vec![(configuration.plugins[0].clone(), manifest.embed(&component).expect("it can be embedded"))];
    let run = Run::sample(Intent::Deploy { skip_push: true }, configuration, selection);
    let builtins: Vec<Builtin> = bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
    let catalogue = Catalogue::load(&builtins, own, Limits::default(), None).expect("the plugins load");
    (Arc::new(run), catalogue)
}

/// A world that tells what was asked of it.
#[derive(Default)]
struct World {
    sent: Mutex<Vec<String>>,
}

impl Outside for World {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, String> {
        let (method, url) = (&request.method, request.url.expose_secret());
        let body = request.body.as_ref().map(|body| format!(" {}", body.expose_secret())).unwrap_or_default();
        if request.headers.iter().any(|(_, value)| value.expose_secret() != "Bearer planted") {
            return Err("that is not the secret".to_string());
        }
        self.sent.lock().unwrap().push(format!("{method} {url}{body}"));
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: format!("{method} {url}").into_bytes() })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Ok(format!("content of {path}").into_bytes())
    }

    fn run(&self, call: &Call) -> Outcome {
        Outcome { exit: 0, stdout: format!("ran {}", call.words.join(" ")) }
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(format!("value of {name}"))
    }

    fn secret(&self, name: &str) -> Result<SecretString, String> {
        if name == "ABSENT" { Err("there is no secret `ABSENT`".into()) } else { Ok("planted".into()) }
    }

    fn now(&self) -> u64 {
        1_234_567_890
    }
}
