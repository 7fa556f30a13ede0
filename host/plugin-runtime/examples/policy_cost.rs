//! What judging a plan of 100 hosts costs, in time of a core whatever else the machine does: `cargo run --release -p plugin-runtime --example policy_cost -- POLICY.wasm[=SETTINGS] …`. Settings
//! are JSON, as they stand under `with:`.
#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::Duration;

use configuration::{Filter, Plugin, Selection, Source, Sources};
use plan::hooks::Hooks;
use plan::{Facts, Intent, Plan, Run};
use plugin_runtime::{Builtin, Cache, Catalogue, Limits};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HOSTS: usize = 100;

/// How long each policy judges.
const TIME: Duration = Duration::from_secs(2);

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(folder.path());
    let builtins: Vec<Builtin> = bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
    let (run, facts, plan) = scene(&builtins, &cache);
    let steps = plan.steps().count();
    println!("a plan of {HOSTS} hosts with {steps} steps, judged in a fresh store and instance every time:");
    for argument in std::env::args().skip(1) {
        let (path, settings) = argument.split_once('=').unwrap_or((&argument, "{}"));
        let component = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".wasm");
        let entry = Plugin {
            settings: configuration::yaml::parse("settings", settings).expect("settings are JSON"),
            ..configuration::bare_plugin(name, path)
        };
        let catalogue =
            Catalogue::load(&[], vec![(entry, component)], Limits::default(), Some(&cache)).expect("it loads");
        report(name, &catalogue, &run, &facts, &plan);
    }
}

/// Prints how many times a second a policy judges the same plan, and how long it takes to judge one that nobody has judged yet.
fn report(name: &str, catalogue: &Catalogue, run: &Arc<Run>, facts: &Arc<Facts>, plan: &Arc<Plan>) {
    let judge = |plan: &Arc<Plan>| {
        let opinion = catalogue.review(run, facts, plan).remove(0);
        assert!(opinion.verdicts.is_empty(), "{name}: {:?}", opinion.verdicts);
    };
    let mut first: Vec<Duration> = Vec::new();
    for _ in 0..20 {
        let unknown = Arc::new(Plan::clone(plan));
        let begin = worked();
        judge(&unknown);
        first.push(worked() - begin);
    }
    first.sort();
    judge(plan);
    let begin = worked();
    let mut count = 0u32;
    while worked() - begin < TIME {
        (0..100).for_each(|_| judge(plan));
        count += 100;
    }
    let each = (worked() - begin) / count;
    println!(
        "{name:18} {:8.0} evaluations per second, {:6.1} us each; the first of a plan {:6.0} us",
        1.0 / each.as_secs_f64(),
        each.as_secs_f64() * 1e6,
        first[first.len() / 2].as_secs_f64() * 1e6
    );
}

/// How long a core has worked for this thread.
fn worked() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.expect("Linux tells how long a thread ran"))
}

fn scene(builtins: &[Builtin], cache: &Cache) -> (Arc<Run>, Arc<Facts>, Arc<Plan>) {
    let hosts: Vec<String> = (1..=HOSTS).map(|host| format!("10.0.{}.{}", host / 250, host % 250)).collect();
    let text = format!(
        "
service: shop
image: acme/shop
servers: [{}]
registry: {{ server: ghcr.io, username: acme, password: [REGISTRY_PASSWORD] }}
builder: {{ arch: amd64, context: . }}
env: {{ clear: {{ A: 1, B: 2 }}, secret: [RAILS_MASTER_KEY] }}
proxy: {{ app_port: 3000, host: shop.example }}
",
        hosts.join(", ")
    );
    let base = Source { path: "config/deploy.yml".into(), text };
    let configuration =
        configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid");
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let run = Run::sample(Intent::Deploy { skip_push: true }, configuration, selection);
    let run = Arc::new(Run { subcommand: vec!["deploy".to_string()], ..run });
    let facts = Arc::new(Facts::default());
    let catalogue = Catalogue::load(builtins, Vec::new(), Limits::default(), Some(cache)).expect("builtins load");
    let plan = plan::plan(&run, &facts, &catalogue).expect("it plans");
    (run, facts, Arc::new(plan))
}
