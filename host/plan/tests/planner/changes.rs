//! What a plan changes against what runs.

use std::sync::Arc;

use commands::docker::Container as Wanted;
use plan::{HostFacts, Intent, Restart, Settings};

use crate::rig::{Double, LARGE, container, facts, image, planned, run, warm};

const PROJECT: &str = "
service: app
image: acme/app
servers:
  web: { hosts: [10.0.0.1, 10.0.0.2], cmd: \"bin/web --port '80'\", options: { memory: 512m } }
registry: { server: ghcr.io, username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
volumes: ['$PWD/data:/data', 'cache:/cache']
env: { clear: { DEBUG: '1', LEVEL: 'info' }, secret: [SECRET] }
accessories:
  db: { image: 'mysql:8.4', host: 10.0.0.1, env: { clear: { ROOT: '%' } } }
";

/// What docker tells of a container that was started as [`wanted`] says.
fn settings(variables: &[&str]) -> Settings {
    let mut settings = Settings {
        environment: ["PATH", "KAMAL_HOST", "SECRET"].iter().chain(variables).map(|name| (*name).to_string()).collect(),
        command: Some(vec!["bin/web".into(), "--port".into(), "80".into()]),
        binds: Some(vec!["/root/data:/data".into(), "cache:/cache".into()]),
        restart: Some(Restart { name: "unless-stopped".into(), maximum_retry_count: 0 }),
        log: Some(plan::Log { driver: "json-file".into(), config: None }),
        network: "kamal".into(),
        memory: 512 << 20,
        ..Settings::default()
    };
    settings.clear.insert("DEBUG".into(), plan::digest("DEBUG=1")[..16].to_string());
    settings
}

fn wanted() -> Wanted {
    let pair = |name: &str, text: &str| (name.to_string(), Some(text.to_string()));
    Wanted {
        restart: Some("unless-stopped".into()),
        network: Some("kamal".into()),
        environment: vec![pair("KAMAL_HOST", "any"), pair("DEBUG", "1")],
        volumes: vec!["$PWD/data:/data".into(), "cache:/cache".into()],
        labels: vec![pair("service", "app"), pair("role", "web"), ("destination".into(), None)],
        flags: vec![pair("memory", "512m")],
        command: Some("bin/web --port '80'".into()),
        ..Wanted::default()
    }
}

fn hooks(wanted: Wanted) -> Double {
    Double { starts: Some(wanted), secrets: vec![("SECRET".into(), "SECRET".into())], ..Double::default() }
}

/// A host where this runs.
fn host(version: &str, settings: Option<Settings>) -> HostFacts {
    let mut host = warm(&["web"]);
    host.containers[0].name = format!("app-web-{version}");
    host.containers[0].settings = settings;
    let environment = Some(vec!["PATH".to_string()]);
    host.images = vec![plan::Image { environment, ..image("v1") }];
    host
}

/// The project with one host and without accessories.
fn small() -> String {
    PROJECT.replace(", 10.0.0.2]", "]").replace("accessories:", "x-accessories:")
}

/// What a deploy of `v2` changes on one host where this runs, and the plan's last note.
fn changed(version: &str, settings: Option<Settings>) -> (Vec<String>, Option<String>) {
    let deploy = run(&small(), Intent::Deploy { skip_push: true });
    let plan = planned(deploy, facts(&[("10.0.0.1", host(version, settings))]), &hooks(wanted())).unwrap();
    let line = |change: &plan::Change| format!("{} on {}: {}", change.subject(), change.host, change.text());
    (plan.changes.iter().map(line).collect(), plan.notes.last().cloned())
}

/// The differences between what runs and what would be started: a plugin is free to start what it likes here.
fn differences(settings: Settings, wanted: Wanted) -> Vec<String> {
    let run = Arc::new(run(&small(), Intent::Drift));
    let facts = Arc::new(facts(&[("10.0.0.1", host("v1", Some(settings)))]));
    let found = plan::drift(&run, &facts, &hooks(wanted), None).unwrap();
    found.iter().flat_map(|drift| drift.differences.iter().map(ToString::to_string)).collect()
}

#[test]
fn another_version_is_a_change() {
    assert_eq!(changed("v1", Some(settings(&["DEBUG"]))).0, ["web on 10.0.0.1: v1 → v2"]);
    assert_eq!(changed("v1", None).0, ["web on 10.0.0.1: v1 → v2"]);
}

#[test]
fn the_same_version_with_the_same_settings_is_none_and_a_note_says_so() {
    let already = "this version already runs with these settings; values of secrets were not compared".to_string();
    assert_eq!(changed("v2", Some(settings(&["DEBUG"]))), (vec![], Some(already.clone())));
    let (changes, note) = changed("v2", None);
    assert!(changes.is_empty(), "nothing is known to differ");
    assert_ne!(note, Some(already), "nothing is known to be the same, either");
}

#[test]
fn every_setting_that_differs_is_named() {
    let check = |change: &dyn Fn(&mut Settings, &mut Wanted), expected: &str| {
        let (mut settings, mut wanted) = (settings(&["DEBUG"]), wanted());
        change(&mut settings, &mut wanted);
        assert_eq!(differences(settings, wanted).join(", "), expected);
    };
    let text = |text: &str| Some(text.to_string());
    check(&|_, wanted| wanted.environment.push(("LEVEL".into(), text("info"))), "variable LEVEL is new");
    check(&|settings, _| settings.environment.push("OLD".into()), "variable OLD goes");
    check(&|settings, _| settings.clear.clear(), "variable DEBUG has another value");
    check(&|settings, _| settings.environment.retain(|name| name != "SECRET"), "variable SECRET is new");
    check(
        &|_, wanted| wanted.volumes[0] = "$PWD/other:/data".into(),
        "volume $PWD/other:/data is new, volume /root/data:/data goes",
    );
    check(&|_, wanted| wanted.publish.push("127.0.0.1:9000:9000".into()), "port 127.0.0.1:9000:9000 is new");
    check(&|_, wanted| wanted.labels.push(("tier".into(), text("front"))), "label tier is new");
    check(&|_, wanted| wanted.flags[0].1 = text("1g"), "option memory 536870912 → 1g");
    check(&|_, wanted| wanted.flags.clear(), "option memory is no longer 536870912");
    check(&|_, wanted| wanted.flags.push(("privileged".into(), None)), "option privileged is new");
    check(&|_, wanted| wanted.flags.push(("cap-add".into(), text("NET_ADMIN"))), "option cap-add NET_ADMIN is new");
    check(&|_, wanted| wanted.command = text("bin/web"), "command bin/web --port 80 → bin/web");
    check(&|_, wanted| wanted.command = None, "command is no longer bin/web --port 80");
    check(&|_, wanted| wanted.restart = text("on-failure:3"), "restart unless-stopped → on-failure:3");
    check(&|_, wanted| wanted.network = text("other"), "network kamal → other");
    check(&|_, wanted| wanted.log_options.push(("max-size".into(), text("10m"))), "log max-size becomes 10m");
}

#[test]
fn what_a_shell_fills_in_is_not_judged() {
    let mut other = wanted();
    other.environment.push(("WHO".into(), Some("${USER}".into())));
    other.volumes[1] = "$CACHE:/cache".into();
    other.command = Some("bin/web --port $PORT".into());
    assert_eq!(differences(settings(&["DEBUG", "WHO"]), other), Vec::<String>::new());
}

#[test]
fn accessories_that_drifted_are_shown_and_left() {
    let told = |intent: Intent, accessory: Option<plan::Container>| {
        let mut host = warm(&["web"]);
        host.containers.extend(accessory);
        let hosts = facts(&[("10.0.0.1", host), ("10.0.0.2", warm(&["web"]))]);
        let plan = planned(run(PROJECT, intent), hosts, &Double::default()).unwrap();
        let line = |change: &plan::Change| format!("{} on {}: {}", change.subject(), change.host, change.text());
        plan.changes.iter().map(line).collect::<Vec<_>>()
    };
    let old = || {
        let mut old = container("app-db", "running", &[("service", "app-db")]);
        old.image = "mysql:8.0".into();
        Some(old)
    };
    let deploy = || Intent::Deploy { skip_push: true };
    let boot = || Intent::Accessory(plan::AccessoryAct::Boot, Some("db".into()));
    let left = "accessory db on 10.0.0.1: mysql:8.0 → mysql:8.4; this plan leaves it so, `sextant accessory reboot db` does not";
    assert_eq!(told(deploy(), old()), [left]);
    assert_eq!(told(boot(), old()), [left], "Kamal skips it without a word");
    assert_eq!(
        told(deploy(), None),
        ["accessory db on 10.0.0.1: nothing → mysql:8.4; this plan leaves it so, `sextant accessory boot db` does not"]
    );
    assert_eq!(told(boot(), None), ["accessory db on 10.0.0.1: nothing → mysql:8.4"]);
    let reboot = Intent::Accessory(plan::AccessoryAct::Reboot, None);
    assert_eq!(told(reboot, old()), ["accessory db on 10.0.0.1: mysql:8.0 → mysql:8.4"]);
    assert_eq!(told(Intent::AppStop, old()), Vec::<String>::new());
}

#[test]
fn hosts_that_nobody_looked_at_have_no_changes() {
    let plan =
        planned(run(LARGE, Intent::Deploy { skip_push: true }), plan::Facts::default(), &hooks(wanted())).unwrap();
    assert_eq!(plan.changes, []);
}
