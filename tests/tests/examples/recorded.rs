//! The tests that stand beside the policies: recorded plans with expected verdicts, as their authors run them.
//!
//! Plans were recorded once. Where the form of recorded plans changes, `RECORD=write cargo nextest run --workspace -E 'test(recorded::)'`
//! records them anew.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use configuration::{Filter, Selection, Source, Sources};
use journal::SavedPlan;
use plan::{Basis, Condition, Engine, Facts, HostFacts, Intent, Run};
use plugin_runtime::{Builtin, Cache, Catalogue, Limits};
use tests::{house, sextant};

/// A small app with a database.
const PROJECT: &str = "
service: shop
image: acme/shop
servers:
  web: { hosts: [10.0.0.1, 10.0.0.2], options: { memory: 512m } }
registry: { server: ghcr.io, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
accessories:
  db: { image: 'postgres:17', host: 10.0.0.3, volumes: ['data:/var/lib/postgresql'] }
";

/// 2026-01-31T10:00:00Z.
const SATURDAY: u64 = 1_769_853_600;

/// A plan that was recorded: of which example, and what differs from a setup of the small app on a Saturday.
struct Recorded {
    example: &'static str,
    file: &'static str,
    subcommand: &'static str,
    destination: Option<&'static str>,
    started: u64,
    replaced: Option<(&'static str, &'static str)>,
    /// KiB that are free on the first host; absent where no host was looked at.
    free: Option<u64>,
}

impl Recorded {
    const fn of(example: &'static str, file: &'static str) -> Self {
        Self { example, file, subcommand: "setup", destination: None, started: SATURDAY, replaced: None, free: None }
    }

    fn saved(&self) -> SavedPlan {
        let text = match self.replaced {
            Some((text, other)) => {
                assert!(PROJECT.contains(text), "the project has no `{text}`");
                PROJECT.replace(text, other)
            }
            None => PROJECT.to_string(),
        };
        let base = Source { path: "config/deploy.yml".into(), text };
        let overlay =
            self.destination.map(|_| Source { path: "config/deploy.overlay.yml".into(), text: String::new() });
        let sources = Sources { base, overlay, destination: self.destination.map(str::to_string) };
        let configuration = configuration::load(&sources).expect("the project is valid");
        let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
        let intent = match self.subcommand {
            "app stop" => Intent::AppStop,
            "deploy" => Intent::Deploy { skip_push: true },
            _ => Intent::Setup { skip_push: true },
        };
        let subcommand = self.subcommand.split(' ').map(str::to_string).collect();
        let run = Run { subcommand, started: self.started, ..Run::sample(intent, configuration, selection) };
        let builtins: Vec<Builtin> =
            bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
        let cache = Cache::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/examples-cache/sextant/components"));
        let catalogue = Catalogue::load(&builtins, Vec::new(), Limits::default(), Some(&cache)).expect("they load");
        let facts = self.free.map(facts).unwrap_or_default();
        let plan = plan::plan(&Arc::new(run.clone()), &Arc::new(facts.clone()), &catalogue).expect("it plans");
        let basis = Basis { run, facts };
        SavedPlan::new("0.1.0", plan, basis)
    }
}

/// A host with so many KiB free.
fn facts(free: u64) -> Facts {
    let engine = Engine {
        version: "28.2.2".into(),
        architecture: "amd64".into(),
        proxied: false,
        folder: "/var/lib/docker".into(),
    };
    let condition = Condition { engine: Some(engine), free: Some(free), ..Condition::unknown() };
    let hosts = [("10.0.0.1".to_string(), HostFacts { condition, ..HostFacts::bare() })];
    Facts { hosts: hosts.into(), architecture: None }
}

const RECORDED: [Recorded; 13] = [
    Recorded { subcommand: "deploy", ..Recorded::of("freeze-window", "deploy-on-saturday") },
    Recorded { subcommand: "deploy", started: SATURDAY - 86_400, ..Recorded::of("freeze-window", "deploy-on-friday") },
    Recorded { subcommand: "app stop", ..Recorded::of("freeze-window", "stop-on-saturday") },
    Recorded::of("image-allowlist", "setup"),
    Recorded {
        replaced: Some(("postgres:17", "evil/postgres:17")),
        ..Recorded::of("image-allowlist", "image-from-elsewhere")
    },
    Recorded::of("no-privileged", "setup"),
    Recorded { replaced: Some(("memory: 512m", "privileged: true")), ..Recorded::of("no-privileged", "privileged") },
    Recorded {
        replaced: Some(("data:/var/lib/postgresql", "/var/run/docker.sock:/sock")),
        ..Recorded::of("no-privileged", "docker-socket")
    },
    Recorded { subcommand: "deploy", free: Some(812 << 10), ..Recorded::of("preflight", "full-disk") },
    Recorded { subcommand: "deploy", free: Some(50 << 20), ..Recorded::of("preflight", "empty-disk") },
    Recorded {
        subcommand: "deploy",
        destination: Some("production"),
        ..Recorded::of("require-approval", "production")
    },
    Recorded { subcommand: "deploy", destination: Some("staging"), ..Recorded::of("require-approval", "staging") },
    Recorded::of("require-approval", "three-hosts"),
];

fn example(name: &str) -> PathBuf {
    house().join("plugins/examples").join(name)
}

/// Records the plans anew where that is asked for.
fn record() {
    if std::env::var("RECORD").is_ok_and(|value| value == "write") {
        for recorded in &RECORDED {
            let folder = example(recorded.example).join("plans");
            std::fs::create_dir_all(&folder).expect("a folder can be made");
            let file = folder.join(format!("{}.json", recorded.file));
            std::fs::write(file, recorded.saved().text()).expect("a plan can be written");
        }
    }
}

/// Runs `sextant policy test` beside an example and its component.
fn tested(name: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |from: &Path, to: &str| {
        let to = folder.path().join(to);
        std::fs::create_dir_all(to.parent().expect("it has a folder")).expect("a folder can be made");
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    };
    let component = Path::new(env!("EXAMPLES")).join(format!("{}.wasm", name.replace('-', "_")));
    copy(&component, &format!("{name}.wasm"));
    copy(&example(name).join("policy.test.yml"), "policy.test.yml");
    for recorded in RECORDED.iter().filter(|recorded| recorded.example == name) {
        let file = format!("plans/{}.json", recorded.file);
        copy(&example(name).join(&file), &file);
    }
    let output = Command::new(sextant())
        .args(["policy", "test"])
        .current_dir(folder.path())
        .env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/examples-cache"))
        .output()
        .expect("sextant starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn every_policy_denies_what_it_should_and_allows_the_rest() {
    record();
    let examples =
        [("freeze-window", 4), ("image-allowlist", 3), ("no-privileged", 3), ("preflight", 4), ("require-approval", 4)];
    for (name, tests) in examples {
        let (code, said) = tested(name);
        assert_eq!(code, Some(0), "{name}:\n{said}");
        assert!(said.ends_with(&format!("{tests} tests, all as expected\n")), "{name}:\n{said}");
    }
}

#[test]
fn every_recorded_plan_has_a_test() {
    for recorded in &RECORDED {
        let tests =
            std::fs::read_to_string(example(recorded.example).join("policy.test.yml")).expect("there are tests");
        let plan = format!("plan: plans/{}.json\n", recorded.file);
        assert!(tests.contains(&plan), "{} tests nothing about {}", recorded.example, recorded.file);
    }
}
