//! What is carried out is the plan, all of it, in its order, and nothing else: for many projects, facts and failures.

mod rig;

use std::collections::BTreeMap;

use commands::Machine;
use plan::{Plan, Stage, Step, lower};
use transport::{Call, Scripted};

use rig::{Played, ends, looked, play_with};

/// How many runs are played.
const RUNS: u64 = 1200;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_project_and_the_hosts_the_plan_is_carried_out_and_nothing_else() {
    for seed in 0..RUNS {
        let mut chance = Chance(seed);
        let project = project(&mut chance);
        let played = play_with(machines(&mut chance), &project).await;
        played.result.as_ref().unwrap_or_else(|error| panic!("{seed}: {error}\n{project}"));
        let plan = played.plan.clone().expect("it was planned");
        let stages: Vec<&Stage> = plan.stages().collect();
        let mut calls = steps_of(&played).into_iter().peekable();
        for stage in stages {
            let mut expected = expected(stage);
            // The machines of a stage work side by side; none begins the next stage before all are done.
            while let Some(call) = calls.next_if(|call| takes(&mut expected, call)) {
                let _ = call;
            }
            let left: Vec<_> = expected.into_values().flatten().collect();
            assert!(left.is_empty(), "{seed}: {}: not carried out in its turn: {left:?}\n{project}", stage.title);
        }
        assert!(calls.peek().is_none(), "{seed}: carried out without being planned: {:?}\n{project}", calls.peek());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_no_later_stage_begins_and_only_what_was_planned_is_done() {
    for seed in 0..RUNS / 3 {
        let mut chance = Chance(seed);
        let project = project(&mut chance);
        let fails_at = chance.below(12);
        let mut seen = 0;
        let machines = machines(&mut chance).answering(move |_, line| {
            let is_step = line.starts_with("echo ");
            seen += u64::from(is_step);
            (is_step && seen == fails_at + 1).then(|| ends(1, "no"))
        });
        let played = play_with(machines, &project).await;
        let plan = played.plan.clone().expect("it was planned");
        let planned: Vec<String> = plan.steps().map(|(machine, step)| key(machine, step)).collect();
        let calls = steps_of(&played);
        for call in &calls {
            assert!(
                planned.contains(&format!("{} {}", call.machine, call.line)),
                "{seed}: {} was not planned",
                call.line
            );
        }
        let reached = calls.iter().filter_map(|call| stage_of(&plan, call)).max().unwrap_or_default();
        if played.result.is_err() {
            let last = plan.stages().count() - 1;
            let failed = reached < last || plan.stages().last().is_some_and(|stage| stage.title.starts_with("Tag"));
            assert!(failed, "{seed}: the run failed and went on to its end");
        }
        assert!(played.released(), "{seed}: the lock stays");
    }
}

/// The calls that carry out steps: all but looks and what is about the lock.
fn steps_of(played: &Played) -> Vec<Call> {
    let is_step = |call: &&Call| {
        let line = &call.line;
        let about_the_lock = line.contains("d=.kamal/lock-shop") || line == "mkdir -p .kamal";
        !about_the_lock && !line.contains("docker ps --all")
    };
    played.calls.iter().filter(is_step).cloned().collect()
}

/// What each machine has to do in a stage, track by track.
fn expected(stage: &Stage) -> BTreeMap<usize, Vec<String>> {
    let lines = stage.tracks.iter().map(|track| {
        let steps = track.blocks.iter().flat_map(|block| block.start.iter().chain(&block.finish));
        let mut lines: Vec<String> = steps.map(|step| key(&track.machine, step)).collect();
        lines.reverse();
        lines
    });
    lines.enumerate().collect()
}

/// Whether a call is the next one of a track, which then has one less to do.
fn takes(expected: &mut BTreeMap<usize, Vec<String>>, call: &Call) -> bool {
    let called = format!("{} {}", call.machine, call.line);
    let track = expected.values_mut().find(|lines| lines.last() == Some(&called));
    track.is_some_and(|lines| lines.pop().is_some())
}

fn stage_of(plan: &Plan, call: &Call) -> Option<usize> {
    let called = format!("{} {}", call.machine, call.line);
    plan.stages().position(|stage| {
        let tracks = stage.tracks.iter();
        let steps = tracks.flat_map(|track| track.blocks.iter().map(move |block| (&track.machine, block)));
        steps
            .flat_map(|(machine, block)| block.start.iter().chain(&block.finish).map(move |step| key(machine, step)))
            .any(|known| known == called)
    })
}

fn key(machine: &Machine, step: &Step) -> String {
    format!("{machine} {}", lower::command(step).line)
}

/// A project with up to three roles on up to four hosts, some with a proxy, in groups or not.
fn project(chance: &mut Chance) -> String {
    let hosts = ["a", "b", "c", "d"];
    let mut text =
        String::from("service: shop\nimage: acme/shop\nregistry: { username: acme, password: [PASSWORD] }\n");
    text.push_str("builder: { arch: amd64 }\nservers:\n");
    let roles = 1 + chance.below(3);
    for role in ["web", "job", "cron"].iter().take(roles as usize) {
        let on: Vec<&str> = hosts.iter().filter(|_| chance.below(2) == 0).copied().collect();
        let on = if on.is_empty() { vec!["a"] } else { on };
        let proxy =
            if *role == "web" && chance.below(2) == 0 { ", proxy: { app_port: 3000 }" } else { ", proxy: false" };
        text.push_str(&format!("  {role}: {{ hosts: [{}]{proxy} }}\n", on.join(", ")));
    }
    match chance.below(4) {
        0 => text.push_str("boot: { limit: 1 }\n"),
        1 => text.push_str("boot: { parallel_roles: true }\n"),
        2 => text.push_str("boot: { limit: 2, parallel_roles: true }\n"),
        _ => {}
    }
    if chance.below(3) == 0 {
        text.push_str("accessories:\n  db: { image: 'mysql:8', host: d }\n");
    }
    text
}

/// Machines with some containers on them, the same ones at every look.
fn machines(chance: &mut Chance) -> Scripted {
    let mut there: BTreeMap<String, String> = BTreeMap::new();
    for host in ["a", "b", "c", "d"] {
        let mut containers = Vec::new();
        if chance.below(2) == 0 {
            containers.push(container("kamal-proxy", "basecamp/kamal-proxy:v0.9.2", "running", ""));
        }
        for version in 0..chance.below(4) {
            let role = ["web", "job", "cron"][chance.below(3) as usize];
            let state = ["running", "exited", "created"][chance.below(3) as usize];
            let name = format!("shop-{role}-v{version}");
            containers.push(container(&name, "acme/shop:v0", state, role));
        }
        there.insert(host.to_string(), looked(&containers.join("\n")));
    }
    Scripted::new().answering(move |machine, line| {
        let Machine::Host(host) = machine else { return None };
        let found = line.contains("docker ps --all").then(|| there.get(host).cloned().unwrap_or_default())?;
        Some(transport::Answer::Ends(transport::Outcome::success(found)))
    })
}

fn container(name: &str, image: &str, state: &str, role: &str) -> String {
    let labels = serde_json::json!({ "service": "shop", "role": role, "destination": "" });
    serde_json::json!({
        "id": format!("id-of-{name}"), "name": name, "image": image, "image_id": "i", "state": state, "labels": labels,
    })
    .to_string()
}

/// Numbers by chance, the same for the same seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
