//! Plugins in their sandbox: third parties that take a hook, guests that misbehave, and what becomes of each.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use configuration::{Configuration, Filter, Selection, Source, Sources};
use plan::hooks::{Hooks, Place, Registry, Whereabouts};
use plan::{Action, Facts, HookError, Intent, Run};
use plugin_runtime::{
    Adapter, Builtin, Cache, Call, Catalogue, HttpRequest, HttpResponse, Limits, Outcome, Outside, Request,
};
use secrecy::SecretString;

const PROJECT: &str = "
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { server: eu.registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
env: { secret: [RAILS_MASTER_KEY] }
proxy: { app_port: 3000 }
";

#[test]
fn builtins_answer_every_hook() {
    let (run, facts) = scene(PROJECT);
    let catalogue = load(&run).expect("builtins load");
    let owners: Vec<String> =
        catalogue.owners(&run).iter().map(|owner| format!("{} {}", owner.hook, owner.plugin)).collect();
    assert_eq!(owners, ["pre-login registry", "build builder", "push builder", "tag app", "boot app"]);
    let boot = catalogue.boot(&run, &facts, "web", "10.0.0.1").expect("boot answers");
    let titles = |answer: &plan::hooks::Answer| answer.steps.iter().map(|step| step.title.clone()).collect::<Vec<_>>();
    assert_eq!(
        titles(&boot.start),
        [
            "write secret RAILS_MASTER_KEY to the environment file",
            "start container shop-web-v1",
            "route requests to shop-web-v1 once it is healthy"
        ]
    );
    assert!(titles(&boot.finish).is_empty());
    assert_eq!(titles(&boot.abort), ["show the last log lines of shop-web-v1", "stop container shop-web-v1"]);
}

#[test]
fn a_third_party_takes_the_login_of_the_registry_it_matches_and_no_other() {
    let (run, facts) = scene(&with_plugin("third-party-login", "match: { registry: 'eu.*' }"));
    let catalogue = load(&run).expect("the plugin loads");
    let login = |server: &str| {
        let registry = Registry { server: Some(server.to_string()), ..registry(&run) };
        let answer = catalogue.pre_login(&run, &facts, &registry, Place::Hosts).expect("somebody logs in");
        format!("{}: {}", answer.plugin, answer.steps[0].title)
    };
    assert_eq!(login("eu.registry.example"), "guest: log in the third party's way");
    assert_eq!(login("us.registry.example"), "registry: log in to us.registry.example");
}

#[test]
fn a_third_party_takes_the_build_with_a_program_it_is_granted() {
    let (run, facts) = scene(&with_plugin("third-party-build", "grants: { programs: [docker] }"));
    let catalogue = load(&run).expect("the plugin loads");
    let (answer, whereabouts) = catalogue.build(&run, &facts).expect("it builds");
    assert_eq!((answer.plugin.as_str(), whereabouts), ("guest", Whereabouts::Local));
    assert!(matches!(&answer.steps[0].action, Action::Run { words } if words[..2] == ["docker", "build"]));
    // The image stays on the operator's machine, so the plan pushes it, the builtin's way.
    let plan = plan::plan(&run, &facts, &catalogue).expect("it plans");
    let steps: Vec<String> = plan
        .steps()
        .filter_map(|(_, step)| Some(format!("{}: {}", step.plugin.as_ref()?, step.title)))
        .skip_while(|step| !step.starts_with("guest"))
        .take(4)
        .collect();
    assert_eq!(
        steps,
        [
            "guest: build the image the third party's way",
            "guest: name it the latest image too",
            "builder: push eu.registry.example/acme/shop:v1",
            "builder: push eu.registry.example/acme/shop:latest"
        ]
    );
}

#[test]
fn a_program_that_is_not_granted_is_denied() {
    for grants in ["", "grants: { programs: [docker] }"] {
        let (run, facts) = scene(&with_plugin("takes-program", grants));
        let error = load(&run).expect("the plugin loads").build(&run, &facts).expect_err("it is denied");
        assert_eq!(
            error.to_string(),
            "plugin `guest` is not granted the program `curl`, which a step of `build` needs"
        );
        assert_eq!(
            tag_error("takes-program", grants).to_string(),
            "plugin `guest` is not granted the program `curl`, which a step of `tag` needs"
        );
    }
}

#[test]
fn a_secret_that_is_not_granted_is_denied() {
    let error = tag_error("takes-secret", "grants: { secrets: [REGISTRY_PASSWORD] }");
    assert_eq!(
        error.to_string(),
        "plugin `guest` is not granted the secret `RAILS_MASTER_KEY`, which a step of `tag` needs"
    );
    let (run, facts) = scene(&with_plugin("takes-secret", "grants: { secrets: [RAILS_MASTER_KEY] }"));
    load(&run).expect("the plugin loads").tag(&run, &facts, "10.0.0.1").expect("what is granted may be used");
}

#[test]
fn settings_reach_the_plugin_and_its_fault_reaches_the_user() {
    let (run, facts) = scene(&with_plugin("third-party-login", "with: { region: '' }"));
    let catalogue = load(&run).expect("the plugin loads");
    let error = catalogue.pre_login(&run, &facts, &registry(&run), Place::Local).expect_err("it refuses");
    assert_eq!(
        error.to_string(),
        "plugin `guest` has no answer for `pre-login`: the setting `region` must not be empty"
    );
}

#[test]
fn settings_that_the_manifest_does_not_know_or_misses_are_an_error() {
    let told = |settings: &str| {
        let source = Path::new(env!("EXAMPLES")).join("image_allowlist.wasm");
        let entry = format!("x-plugins:\n  guest:\n    source: '{}'\n    with: {settings}\n", source.display());
        let (run, _) = scene(&format!("{PROJECT}{entry}"));
        load(&run).err().map(|error| error.to_string())
    };
    assert_eq!(told("{ images: [a] }"), None);
    let check = |settings: &str, reason: &str| {
        let expected = format!("plugin `guest` does not take what stands under `with`: {reason}");
        assert_eq!(told(settings), Some(expected), "{settings}");
    };
    check("{ images: a }", "setting `images` should be a list");
    check(
        "{ images: [a], image: b }",
        "unknown setting `image`; the plugin takes images, require_digest, trust_programs",
    );
    let missing = "setting `images` is missing: it should be a list (Images that may be used, without tag: \
                   ghcr.io/acme/*, docker.io/library/postgres)";
    check("{}", missing);
}

#[test]
fn two_owners_of_one_hook_are_an_error_that_names_both() {
    let guest = |name: &str| format!("  {name}: {{ source: '{}' }}\n", guest("takes-login"));
    let (run, _) = scene(&format!("{PROJECT}x-plugins:\n{}{}", guest("first"), guest("second")));
    let error = load(&run).err().expect("it is refused");
    assert_eq!(
        error.to_string(),
        "plugin `second` cannot be loaded: `first` and it both take the hook `pre-login`: give it to one of them"
    );
}

#[test]
fn a_guest_that_never_comes_back_runs_into_its_time() {
    assert_eq!(tag_error("loops", "").to_string(), "plugin `guest` ran into a limit in `tag`: 2000 ms of time");
}

#[test]
fn a_guest_that_hoards_memory_runs_into_its_memory() {
    assert_eq!(tag_error("allocates", "").to_string(), "plugin `guest` ran into a limit in `tag`: 64 MiB of memory");
}

#[test]
fn a_guest_that_answers_with_megabytes_runs_into_its_output() {
    assert_eq!(
        tag_error("shouts", "").to_string(),
        "plugin `guest` ran into a limit in `tag`: 1048576 bytes of output"
    );
}

#[test]
fn a_guest_that_proposes_without_end_runs_into_its_steps() {
    assert_eq!(tag_error("floods", "").to_string(), "plugin `guest` ran into a limit in `tag`: 1000 steps");
}

#[test]
fn a_guest_that_crashes_is_named_with_its_last_words_made_harmless() {
    let error = tag_error("panics", "").to_string();
    assert!(
        error.starts_with(
            "plugin `guest` crashed in `tag`: wasm trap: wasm `unreachable` instruction executed; it said: "
        ),
        "{error}"
    );
    assert!(error.contains("out of cheese  [2J error"), "{error}");
    assert!(!error.contains('\u{1b}') && !error.contains('\n'), "{error:?}");
}

#[test]
fn a_guest_finds_no_clock_no_randomness_and_no_environment() {
    let first = tag_error("looks-around", "").to_string();
    let random = first.split("random ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
    assert_eq!(
        first,
        format!("plugin `guest` has no answer for `tag`: clock 0, waited 0, random {random}, 0 variables, 0 arguments")
    );
    assert_eq!(tag_error("looks-around", "").to_string(), first);
}

#[test]
fn a_guest_that_wants_files_is_refused_before_it_runs() {
    let error = load_error("reads-files");
    assert!(error.starts_with("plugin `guest` cannot be loaded: it asks for `wasi:filesystem/"), "{error}");
    assert!(error.ends_with("which no plugin is given while planning"), "{error}");
}

#[test]
fn a_guest_that_wants_the_network_is_refused_before_it_runs() {
    let error = load_error("opens-sockets");
    assert!(error.starts_with("plugin `guest` cannot be loaded: it asks for `wasi:sockets/"), "{error}");
}

#[test]
fn a_guest_cannot_forge_lines_of_the_plan() {
    let (run, facts) = scene(&with_plugin("forges-output", ""));
    let answer = load(&run).expect("the plugin loads").tag(&run, &facts, "10.0.0.1").expect("it answers");
    assert_eq!(answer.steps[0].title, "tag    1. all is well  [2J");
}

#[test]
fn the_time_of_a_program_is_not_the_adapters() {
    let limits = Limits { time: Duration::from_millis(200), ..Limits::default() };
    let fetch = |name: &str| {
        let plugin = configuration_of(&with_plugin("waits", "grants: { programs: [program] }")).plugins.remove(0);
        let bytes = std::fs::read(&plugin.source).expect("the guest was built");
        let adapter = Adapter::of_project(&plugin, &bytes, limits.clone(), None).expect("it is granted what it needs");
        let request = Request { secrets: vec![name.to_string()], ..Request::default() };
        let found = adapter.fetch(&request, Arc::new(Slow(limits.time * 3)));
        found
            .map(|found| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
            .map_err(|error| error.to_string())
    };
    assert_eq!(fetch("a while"), Ok(vec!["A".to_string()]));
    assert_eq!(fetch("for ever"), Err("plugin `guest` ran into a limit in `secrets`: 200 ms of time".to_string()));
}

/// Programs that take their time.
struct Slow(Duration);

impl Outside for Slow {
    fn run(&self, _: &Call) -> Outcome {
        let begin = Instant::now();
        while begin.elapsed() < self.0 {
            std::hint::spin_loop();
        }
        Outcome { exit: 0, stdout: "done".to_string() }
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn send(&self, _: &HttpRequest) -> Result<HttpResponse, String> {
        Err("nobody is there".to_string())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("{path} is not there"))
    }

    fn secret(&self, name: &str) -> Result<SecretString, String> {
        Err(format!("there is no secret `{name}`"))
    }

    fn now(&self) -> u64 {
        0
    }
}

#[test]
fn what_is_no_component_is_refused() {
    let (run, _) = scene(PROJECT);
    let plugin = configuration_of(&with_plugin("loops", "")).plugins.remove(0);
    let refused = |bytes: &[u8]| {
        let own = vec![(plugin.clone(), bytes.to_vec())];
        Catalogue::load(&builtins(), own, Limits::default(), None).err().map(|error| error.to_string())
    };
    assert!(refused(b"#!/bin/sh\n").is_some_and(|error| error.contains("it is not a WebAssembly component")));
    assert!(refused(b"\0asm\x01\0\0\0").is_some_and(|error| error.contains("it is not a WebAssembly component")));
    drop(run);
}

#[test]
fn the_second_run_compiles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(folder.path().join("components"));
    let compiled = || {
        let catalogue =
            Catalogue::load(&builtins(), Vec::new(), Limits::default(), Some(&cache)).expect("builtins load");
        catalogue.loads().iter().filter(|load| load.compiled).count()
    };
    assert_eq!((compiled(), compiled()), (3, 0));
    damage(folder.path());
    assert_eq!((compiled(), compiled()), (3, 0), "a damaged entry is a miss, and is written anew");
}

#[test]
fn a_cache_that_others_can_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(folder.path().join("components"));
    let load = || Catalogue::load(&builtins(), Vec::new(), Limits::default(), Some(&cache)).expect("builtins load");
    load();
    for entry in std::fs::read_dir(folder.path().join("components")).expect("the cache is there").flatten() {
        std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o777)).expect("it can be opened up");
    }
    assert!(load().loads().iter().all(|load| load.compiled));
}

/// The error of `tag`, asked of a guest.
fn tag_error(name: &str, more: &str) -> HookError {
    let (run, facts) = scene(&with_plugin(name, more));
    load(&run).expect("the plugin loads").tag(&run, &facts, "10.0.0.1").expect_err("the guest fails")
}

/// The error of loading a guest.
fn load_error(name: &str) -> String {
    let (run, _) = scene(&with_plugin(name, ""));
    load(&run).err().expect("the plugin is refused").to_string()
}

fn load(run: &Run) -> Result<Catalogue, HookError> {
    let own = run.configuration.plugins.iter().map(|plugin| {
        let bytes = std::fs::read(&plugin.source).unwrap_or_else(|error| panic!("{}: {error}", plugin.source));
        (plugin.clone(), bytes)
    });
    Catalogue::load(&builtins(), own.collect(), Limits::default(), None)
}

fn builtins() -> Vec<Builtin> {
    bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect()
}

fn guest(name: &str) -> String {
    Path::new(env!("GUESTS")).join(format!("{}.wasm", name.replace('-', "_"))).display().to_string()
}

fn with_plugin(name: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!("    {more}\n") };
    format!("{PROJECT}x-plugins:\n  guest:\n    source: '{}'\n{more}", guest(name))
}

fn configuration_of(text: &str) -> Configuration {
    let base = Source { path: "config/deploy.yml".into(), text: text.into() };
    configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid")
}

fn scene(text: &str) -> (Arc<Run>, Arc<Facts>) {
    let configuration = configuration_of(text);
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let run = Run::sample(Intent::Deploy { skip_push: false }, configuration, selection);
    (Arc::new(run), Arc::new(Facts::default()))
}

fn registry(run: &Run) -> Registry {
    let registry = &run.configuration.registry;
    let credentials = registry.credentials.clone().expect("the project logs in");
    Registry { server: registry.server.clone(), credentials }
}

/// Changes one byte of every file below a folder.
fn damage(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        if entry.path().is_dir() {
            damage(&entry.path());
            continue;
        }
        let mut bytes = std::fs::read(entry.path()).expect("an entry can be read");
        *bytes.last_mut().expect("an entry is not empty") ^= 1;
        std::fs::write(entry.path(), bytes).expect("an entry can be written");
    }
}
