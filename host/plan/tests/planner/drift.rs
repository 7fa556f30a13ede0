//! What on the hosts differs from the configuration.

use std::sync::Arc;

use configuration::Filter;
use plan::{Container, Docker, Facts, HostFacts, Intent, Settings};

use crate::rig::{Double, LARGE, bare, container, facts, image, large_facts, run_with};

/// What drifted, a line each.
fn drifted(facts: Facts, filter: &Filter, destinations: Option<&[&str]>) -> Vec<String> {
    let run = Arc::new(run_with(LARGE, Intent::Drift, None, filter));
    let hooks = Double { starts: Some(commands::docker::Container::default()), ..Double::default() };
    let names: Option<Vec<String>> = destinations.map(|names| names.iter().map(|name| (*name).to_string()).collect());
    let found = plan::drift(&run, &Arc::new(facts), &hooks, names.as_deref()).unwrap();
    found
        .iter()
        .map(|drift| format!("{} {}: {} [{:?}]", drift.host, drift.subject, drift.message, drift.kind))
        .collect()
}

/// The facts of a project that is as it should be, changed.
fn after(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = as_it_should_be();
    change(&mut facts);
    drifted(facts, &Filter::default(), Some(&["staging"]))
}

fn as_it_should_be() -> Facts {
    let mut facts = large_facts();
    facts.hosts.get_mut("10.0.0.9").unwrap().containers[0].image = "mysql:8".into();
    facts
}

fn host<'a>(facts: &'a mut Facts, name: &str) -> &'a mut HostFacts {
    facts.hosts.get_mut(name).unwrap()
}

fn app(name: &str, role: &str, destination: &str) -> Container {
    container(name, "running", &[("service", "app"), ("role", role), ("destination", destination)])
}

#[test]
fn nothing_drifts_where_all_is_as_it_should_be() {
    assert_eq!(after(|_| {}), Vec::<String>::new());
}

#[test]
fn what_is_missing_or_stopped_is_drift() {
    assert_eq!(
        after(|facts| host(facts, "10.0.0.2").containers.retain(|container| container.name != "app-web-v1")),
        ["10.0.0.2 web: has no container [Missing]"]
    );
    assert_eq!(
        after(|facts| host(facts, "10.0.0.2").containers[0].state = "exited".into()),
        ["10.0.0.2 web: does not run: app-web-v1 is exited [Stopped]"]
    );
    assert_eq!(
        after(|facts| host(facts, "10.0.0.9").containers.clear()),
        ["10.0.0.9 accessory db: has no container [Missing]"]
    );
    assert_eq!(
        after(|facts| host(facts, "10.0.0.9").containers[0].state = "exited".into()),
        ["10.0.0.9 accessory db: does not run, it is exited [Stopped]"]
    );
    assert_eq!(
        after(|facts| host(facts, "10.0.0.9").network = false),
        ["10.0.0.9 network kamal: is not there [Missing]"]
    );
    assert_eq!(
        after(|facts| host(facts, "10.0.0.2").docker = Docker::Missing),
        ["10.0.0.2 docker: is not installed [Docker]"]
    );
}

#[test]
fn a_proxy_that_is_missing_stopped_or_too_old_is_drift() {
    let proxy = |facts: &mut Facts, change: &dyn Fn(&mut Container)| {
        let containers = &mut host(facts, "10.0.0.2").containers;
        change(containers.iter_mut().find(|container| container.name == "kamal-proxy").unwrap());
    };
    assert_eq!(
        after(|facts| proxy(facts, &|proxy| proxy.name = "other".into())),
        ["10.0.0.2 proxy: has no container [Missing]"]
    );
    assert_eq!(
        after(|facts| proxy(facts, &|proxy| proxy.state = "exited".into())),
        ["10.0.0.2 proxy: does not run, it is exited [Stopped]"]
    );
    assert_eq!(
        after(|facts| proxy(facts, &|proxy| proxy.image = "basecamp/kamal-proxy:v0.8.0".into())),
        ["10.0.0.2 proxy: is v0.8.0, at least v0.9.2 is needed [Outdated]"]
    );
}

#[test]
fn other_versions_and_images_are_drift() {
    assert_eq!(
        after(|facts| host(facts, "10.0.0.2").containers[0].name = "app-web-v0".into()),
        ["10.0.0.2 web: runs v0, and 10.0.0.1 runs v1 [Version]"]
    );
    let deployed = |facts: &mut Facts| {
        let mut latest = image("v2");
        latest.tags.as_mut().unwrap().push("ghcr.io/acme/app:latest".into());
        host(facts, "10.0.0.2").images = vec![latest];
    };
    assert_eq!(after(deployed), ["10.0.0.2 web: runs v1, and what was deployed last is v2 [Version]"]);
    assert_eq!(
        after(|facts| host(facts, "10.0.0.9").containers[0].image = "mysql:5".into()),
        ["10.0.0.9 accessory db: runs mysql:5, and the configuration says mysql:8 [Image]"]
    );
    let pulled =
        plan::Image { id: "sha256:newer".into(), tags: Some(vec!["mysql:8".into()]), ..plan::Image::default() };
    assert_eq!(
        after(|facts| host(facts, "10.0.0.9").images.push(pulled)),
        ["10.0.0.9 accessory db: runs an older mysql:8 than the one that was pulled [Image]"]
    );
}

#[test]
fn settings_are_compared_at_a_containers_own_version() {
    let other = Settings { memory: 1 << 30, ..Settings::default() };
    assert_eq!(
        after(|facts| host(facts, "10.0.0.2").containers[0].settings = Some(other)),
        ["10.0.0.2 web: option memory is no longer 1073741824 [Settings]"]
    );
}

#[test]
fn what_the_configuration_does_not_have_is_an_orphan() {
    let check = |container: Container, expected: &[&str]| {
        let name = container.name.clone();
        let told = after(|facts| host(facts, "10.0.0.2").containers.push(container));
        let expected: Vec<String> = expected.iter().map(|text| format!("10.0.0.2 {name}: {text} [Orphan]")).collect();
        assert_eq!(told, expected);
    };
    check(app("app-cron-v1", "cron", ""), &["runs for the role cron, which the configuration does not have"]);
    check(app("app-job-v1", "job", ""), &["runs for the role job, which is not on this host"]);
    check(app("app-web-old-v1", "web", "old"), &["runs for the destination old, which the project does not have"]);
    check(app("app-web-staging-v1", "web", "staging"), &[]);
    check(
        container("app-redis", "running", &[("service", "app-redis")]),
        &["runs for an accessory redis, which the configuration does not have"],
    );
    check(
        container("app-db", "running", &[("service", "app-db")]),
        &["runs for the accessory db, which is not on this host"],
    );
    check(container("app-redis", "exited", &[("service", "app-redis")]), &[]);
    check(container("other-redis", "running", &[("service", "other-redis")]), &[]);
    assert_eq!(
        after(|facts| {
            host(facts, "10.0.0.2").apps = vec!["app".into(), "app-two".into()];
            host(facts, "10.0.0.2").containers.push(container("app-two-db", "running", &[("service", "app-two-db")]));
        }),
        Vec::<String>::new(),
        "another app's"
    );
}

#[test]
fn a_container_beside_the_one_that_serves_is_drift() {
    assert_eq!(
        after(|facts| host(facts, "10.0.0.2").containers.push(app("app-web-v0", "web", ""))),
        ["10.0.0.2 web: app-web-v0 runs beside app-web-v1 [Extra]"]
    );
}

#[test]
fn a_held_lock_is_told() {
    assert_eq!(
        after(|facts| host(facts, "10.0.0.1").lock = Some("Locked by: Ann\nVersion: v1".into())),
        ["10.0.0.1 deploy lock: is held: Locked by: Ann; Version: v1 [Held]"]
    );
}

#[test]
fn filters_narrow_what_is_compared() {
    let mut facts = as_it_should_be();
    host(&mut facts, "10.0.0.1").containers.push(app("app-cron-v1", "cron", ""));
    host(&mut facts, "10.0.0.2").containers.clear();
    let filter = |hosts: &[&str], roles: &[&str]| Filter {
        hosts: hosts.iter().map(|name| (*name).to_string()).collect(),
        roles: roles.iter().map(|name| (*name).to_string()).collect(),
        primary: false,
    };
    assert_eq!(
        drifted(facts.clone(), &filter(&["10.0.0.1"], &[]), None),
        ["10.0.0.1 app-cron-v1: runs for the role cron, which the configuration does not have [Orphan]"]
    );
    assert_eq!(drifted(facts.clone(), &filter(&[], &["job"]), None), Vec::<String>::new());
    let unseen = facts_of_one(bare());
    assert_eq!(drifted(unseen, &filter(&["10.0.0.1"], &[]), None), Vec::<String>::new());
}

/// Facts of a host that the project does not have.
fn facts_of_one(host: HostFacts) -> Facts {
    facts(&[("10.9.9.9", host)])
}
