//! The same subcommands by Kamal and by Sextant, from bare hosts on: after each of them the hosts look the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;

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
    let versions = [commit(&scene, "first"), commit(&scene, "second")];
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

/// What is added to the sample's accessory and to the end of its configuration.
const MORE: &str = r#"
    volumes:
      - data:/data
    directories:
      - cache:/cache
    files:
      - config/store.conf:/etc/store.conf
    env:
      clear:
        SIZE: 12_000
      secret:
        - SAMPLE_TOKEN
    labels:
      tier: storage
    options:
      memory: 64m

labels:
  team: sailors
volumes:
  - uploads:/uploads
asset_path: /assets
error_pages_path: public
retain_containers: 2
"#;

/// A certificate of the project's own. Nobody looks into it: the fleet's proxy serves no TLS.
const CERTIFICATE: &str = r"
  host: sample.test
  ssl:
    certificate_pem: CERTIFICATE
    private_key_pem: PRIVATE_KEY
";

/// Adds to the sample project what leaves traces on hosts.
fn enrich(project: &Project) {
    let change = |path: &str, from: &str, to: &str| project.replace(path, from, to).expect("the sample is as expected");
    let write = |path: &str, text: &str| project.write(path, text).expect("the project can be written");
    change("config/deploy.yml", "    port: \"6000:80\"\n", &format!("    port: \"6000:80\"{MORE}"));
    change("config/deploy.yml", "\nproxy:\n", &format!("\nproxy:{CERTIFICATE}"));
    change("Dockerfile", "EXPOSE 80", "COPY assets /assets\nEXPOSE 80");
    change(
        ".kamal/secrets",
        "SAMPLE_TOKEN",
        "CERTIFICATE=$(cat config/certificate.pem)\nPRIVATE_KEY=\"a key\\nof two lines\"\nSAMPLE_TOKEN",
    );
    write("config/certificate.pem", "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n");
    write("config/store.conf", "depth = 7\n");
    write("public/404.html", "<h1>Not at sea</h1>\n");
    write("public/503.html", "<h1>Gründlich geschlossen</h1>\n");
    write("public/robots.txt", "none of the error pages\n");
    let page = project.path().join("public/503.html");
    fs::set_permissions(page, fs::Permissions::from_mode(0o640)).expect("the mode can be set");
}

/// Commits a version with assets of its own.
fn commit(scene: &Scene, name: &str) -> Version {
    scene.project.write(&format!("assets/{name}.css"), "body {}\n").expect("the project can be written");
    scene.project.write("assets/site.css", &format!("/* {name} */\n")).expect("the project can be written");
    scene.commit(name)
}
