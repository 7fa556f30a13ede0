//! What a hook call costs with its instance: `cargo run --release -p plugin-runtime --example hook_cost`.
#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use configuration::{Filter, Selection, Source, Sources};
use plan::hooks::{Hooks, Place, Registry};
use plan::{Facts, Intent, Run};
use plugin_runtime::{Builtin, Cache, Catalogue, Limits};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROJECT: &str = "
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { server: registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
env: { clear: { A: 1, B: 2 }, secret: [RAILS_MASTER_KEY] }
proxy: { app_port: 3000 }
";

/// Rounds, each with so many calls of every hook, with pauses between them: a neighbour on the machine is seldom there in all of them.
const ROUNDS: usize = 60;
const CALLS: usize = 100;
const PAUSE: Duration = Duration::from_millis(150);

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(folder.path());
    let builtins: Vec<Builtin> = bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
    let load = || Catalogue::load(&builtins, Vec::new(), Limits::default(), Some(&cache)).expect("builtins load");

    let (_, compiled) = timed(load);
    let (catalogue, cached) = timed(load);
    println!("load 3 builtins, compiling: {:.1} ms", milliseconds(compiled));
    println!("load 3 builtins from the cache: {:.2} ms", milliseconds(cached));

    let (run, facts) = scene();
    let registry = Registry {
        server: run.configuration.registry.server.clone(),
        credentials: run.configuration.registry.credentials.clone().expect("the project logs in"),
    };
    let hooks: [(&str, &dyn Fn()); 5] = [
        ("registry pre-login", &|| {
            drop(catalogue.pre_login(&run, &facts, &registry, Place::Hosts).expect("an answer"))
        }),
        ("builder  build", &|| drop(catalogue.build(&run, &facts).expect("an answer"))),
        ("builder  push", &|| drop(catalogue.push(&run, &facts).expect("an answer"))),
        ("app      tag", &|| drop(catalogue.tag(&run, &facts, "10.0.0.1").expect("an answer"))),
        ("app      boot", &|| drop(catalogue.boot(&run, &facts, "web", "10.0.0.1").expect("an answer"))),
    ];
    let mut rounds = [(); 5].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, call), rounds) in hooks.iter().zip(&mut rounds) {
            rounds.push(sorted((0..CALLS).map(|_| timed(call).1).collect()));
        }
        std::thread::sleep(PAUSE);
    }
    println!("{ROUNDS} rounds of {CALLS} calls each, every call in a store and an instance of its own:");
    hooks.iter().zip(rounds).for_each(|((name, _), rounds)| report(name, rounds));
}

/// Prints the median of the quickest round, which is what a call costs where nobody else uses the processor, then the median and the
/// 99th percentile of all calls.
fn report(name: &str, rounds: Vec<Vec<Duration>>) {
    let at = |times: &[Duration], percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e6;
    let quickest = rounds.iter().map(|round| at(round, 50)).fold(f64::INFINITY, f64::min);
    let all = sorted(rounds.concat());
    println!(
        "{name:20} quickest round {quickest:6.1} us, median {:6.1} us, 99th percentile {:7.1} us",
        at(&all, 50),
        at(&all, 99)
    );
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort();
    times
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let done = work();
    (done, begin.elapsed())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn scene() -> (Arc<Run>, Arc<Facts>) {
    let base = Source { path: "config/deploy.yml".into(), text: PROJECT.into() };
    let configuration =
        configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid");
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let run = Run::sample(Intent::Deploy { skip_push: true }, configuration, selection);
    (Arc::new(run), Arc::new(Facts::default()))
}
