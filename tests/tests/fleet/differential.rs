//! The same subcommands by Kamal and by Sextant, from bare hosts on: after each of them the hosts look the same.

use fleet::{Kamal, Project};

use crate::programs::{self, Run};
use crate::scene::{self, Scene, Version};
use crate::snapshot::Snapshot;

/// What is run, in order, with the commit that is checked out before. `FIRST` stands for the first commit's version.
const RUNS: &[(Commit, &str)] = &[
    (Commit::First, "setup"),
    (Commit::Second, "deploy"),
    (Commit::Second, "redeploy"),
    (Commit::Second, "rollback FIRST"),
    (Commit::Second, "app maintenance"),
    (Commit::Second, "app live"),
    (Commit::Second, "app stop"),
    (Commit::Second, "app start --version FIRST"),
    (Commit::Second, "accessory reboot store"),
    (Commit::Second, "accessory stop store"),
    (Commit::Second, "accessory start store"),
    (Commit::Second, "proxy reboot -y"),
    (Commit::Second, "deploy --skip-push"),
    (Commit::Second, "prune all"),
    (Commit::Second, "registry logout"),
    (Commit::Second, "app remove"),
    (Commit::Second, "remove -y"),
];

#[derive(Debug, Clone, Copy)]
enum Commit {
    First,
    Second,
}

#[test]
fn hosts_look_the_same_after_kamal_and_after_sextant() {
    let Some(scene) = Scene::bare() else { return };
    let kamal = match Kamal::install(&scene.fleet, |_| ()) {
        Ok(kamal) => kamal,
        Err(error) => return scene::skip(&error.to_string()),
    };
    enrich(&scene.project);
    let versions = [scene.commit("first"), scene.commit("second")];
    let after_kamal = walk(&scene, &versions, |words| {
        programs::run(kamal.command(&scene.fleet).args(words).current_dir(scene.project.path()))
    });
    scene.fleet.reset().expect("the fleet can be reset");
    let after_sextant = walk(&scene, &versions, |words| scene.sextant(words));
    let kinds = ["container", "image", "network", "volume", "route", "file", "directory"];
    let tells_of = |kind: &&str| after_kamal.iter().flatten().any(|host| host.tells_of(kind));
    assert_eq!(kinds.iter().find(|kind| !tells_of(kind)), None, "a kind of fact was never seen");
    let mut differences = Vec::new();
    for (((_, words), kamals), ours) in RUNS.iter().zip(&after_kamal).zip(&after_sextant) {
        for ((host, kamals), ours) in scene.fleet.hosts().iter().zip(kamals).zip(ours) {
            let lines = kamals.difference(ours);
            differences.extend(lines.iter().map(|line| format!("{words} on {}: {line}", host.address)));
        }
    }
    assert!(differences.is_empty(), "- only after kamal, + only after sextant\n{}", differences.join("\n"));
}

/// Runs everything, and tells how each host looked after each.
fn walk(scene: &Scene, versions: &[Version; 2], run: impl Fn(&[&str]) -> Run) -> Vec<Vec<Snapshot>> {
    let after = |(commit, words): &(Commit, &str)| {
        scene.project.check_out(&versions[*commit as usize].commit).expect("git can check out");
        let words = words.replace("FIRST", &versions[0].commit);
        run(&words.split(' ').collect::<Vec<_>>()).succeeded();
        scene.fleet.hosts().iter().map(Snapshot::of).collect()
    };
    RUNS.iter().map(after).collect()
}

/// Adds to the sample project what leaves traces on hosts.
fn enrich(project: &Project) {
    let more = "    volumes:\n      - data:/data\n    directories:\n      - cache:/cache\n    files:\n      - config/store.conf:/etc/store.conf\n    \
                env:\n      clear:\n        SIZE: 12_000\n      secret:\n        - SAMPLE_TOKEN\n    labels:\n      tier: storage\n    \
                options:\n      memory: 64m\n";
    let text =
        std::fs::read_to_string(project.path().join("config/deploy.yml")).expect("the project has a configuration");
    let text =
        format!("{text}{more}\nlabels:\n  team: sailors\nvolumes:\n  - uploads:/uploads\nretain_containers: 2\n");
    project.write("config/deploy.yml", &text).expect("the project can be written");
    project.write("config/store.conf", "depth = 7\n").expect("the project can be written");
}
