//! What is found on hosts: one row per finding, and what is no finding.

use plan::{Condition, Engine, HostFacts, Intent};

use crate::rig::{Double, SMALL, bare, container, facts, image, planned, run, warm};

const PUBLISHES: &str = "
service: app
image: acme/app
servers: { web: { hosts: [10.0.0.1], options: { publish: '8080:80' } } }
registry: { server: ghcr.io, username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
accessories:
  db: { image: 'mysql:8', host: 10.0.0.1, port: '127.0.0.1:3306:3306' }
";

fn engine(version: &str, architecture: &str) -> Option<Engine> {
    Some(Engine {
        version: version.into(),
        architecture: architecture.into(),
        proxied: false,
        folder: "/var/lib/docker".into(),
    })
}

/// What is found in a run on one host, a line each.
fn found(project: &str, intent: Intent, host: HostFacts) -> Vec<String> {
    let plan = planned(run(project, intent), facts(&[("10.0.0.1", host)]), &Double::default()).unwrap();
    let line = |finding: &plan::Finding| format!("{}: {}: {}", finding.kind.name(), finding.host, finding.message);
    plan.findings.iter().map(line).collect()
}

fn deploy() -> Intent {
    Intent::Deploy { skip_push: false }
}

fn on(condition: Condition) -> HostFacts {
    HostFacts { condition, ..warm(&["web"]) }
}

fn well() -> Condition {
    Condition { engine: engine("28.2.2", "amd64"), free: Some(50 << 20), skew: Some(0), ..Condition::unknown() }
}

#[test]
fn a_host_that_is_well_or_tells_nothing_has_no_findings() {
    let none: Vec<String> = Vec::new();
    assert_eq!(found(SMALL, deploy(), on(well())), none);
    assert_eq!(found(SMALL, deploy(), on(Condition::unknown())), none);
}

#[test]
fn what_may_spoil_a_run_is_found() {
    let check = |condition: Condition, expected: &str| {
        assert_eq!(found(SMALL, deploy(), on(condition)), [expected]);
    };
    check(
        Condition { free: Some(812 << 10), ..well() },
        "disk-space: 10.0.0.1: only 812 MiB are free in /var/lib/docker, where docker keeps its data",
    );
    check(
        Condition { skew: Some(95), ..well() },
        "clock-skew: 10.0.0.1: the clock is 95 seconds ahead of this machine's",
    );
    check(
        Condition { skew: Some(-600), ..well() },
        "clock-skew: 10.0.0.1: the clock is 600 seconds behind this machine's",
    );
    check(
        Condition { engine: engine("19.03.8+dfsg", "amd64"), ..well() },
        "docker-version: 10.0.0.1: docker 19.03.8+dfsg is older than 20.10",
    );
    check(
        Condition { engine: engine("28.2.2", "arm64"), ..well() },
        "architecture: 10.0.0.1: the host is arm64, and the image is made for amd64",
    );
    check(
        Condition { reaches_registry: Some(false), ..well() },
        "registry-unreachable: 10.0.0.1: the registry ghcr.io does not take connections on port 443",
    );
}

#[test]
fn a_registry_behind_a_proxy_is_not_judged() {
    let proxied = engine("28.2.2", "amd64").map(|engine| Engine { proxied: true, ..engine });
    let condition = Condition { engine: proxied, reaches_registry: Some(false), ..well() };
    assert_eq!(found(SMALL, deploy(), on(condition)), Vec::<String>::new());
}

#[test]
fn an_image_needs_as_much_room_as_the_last_one() {
    let latest = plan::Image { size: Some(4 << 30), ..image("latest") };
    let host = HostFacts { images: vec![latest], ..on(Condition { free: Some(3 << 20), ..well() }) };
    assert_eq!(
        found(SMALL, deploy(), host),
        [
            "disk-space: 10.0.0.1: only 3.0 GiB are free in /var/lib/docker, where docker keeps its data, the last image takes 4.0 GiB"
        ]
    );
}

#[test]
fn an_image_that_is_there_says_itself_what_it_is_made_for() {
    let there = plan::Image { architecture: Some("arm64".into()), ..image("v2") };
    let host = HostFacts { images: vec![there], ..on(Condition { engine: engine("28.2.2", "arm64"), ..well() }) };
    assert_eq!(found(SMALL, Intent::Deploy { skip_push: true }, host), Vec::<String>::new());
}

#[test]
fn ports_that_somebody_else_has_are_found() {
    let taken = |name: &str, port: &str| {
        let mut container = container(name, "running", &[]);
        let (place, inside) = port.rsplit_once(':').unwrap();
        let (address, host) = place.rsplit_once(':').unwrap_or(("", place));
        let binding = plan::Binding { host_ip: address.into(), host_port: host.into() };
        container.ports = Some([(format!("{inside}/tcp"), Some(vec![binding]))].into());
        container
    };
    let listening = Condition { listening: Some(vec![443]), ..well() };
    let host = HostFacts { containers: vec![taken("nginx", "0.0.0.0:80:80")], condition: listening, ..bare() };
    assert_eq!(
        found(SMALL, deploy(), host),
        [
            "port-conflict: 10.0.0.1: port 80 is wanted by kamal-proxy, and container nginx has it",
            "port-conflict: 10.0.0.1: port 443 is wanted by kamal-proxy, and something that is no container listens there",
        ]
    );
    // The proxy that runs already is nobody else, and files on the host may have it publish other ports.
    let own = HostFacts { condition: Condition { listening: Some(vec![80, 443]), ..well() }, ..warm(&["web"]) };
    assert_eq!(found(SMALL, deploy(), own), Vec::<String>::new());
    let settings = Condition { listening: Some(vec![80]), proxy_settings: true, ..well() };
    assert_eq!(found(SMALL, deploy(), HostFacts { condition: settings, ..bare() }), Vec::<String>::new());
    // An accessory that is made anew leaves its port first; on another address nobody is in the way.
    let boot = |act| Intent::Accessory(act, None);
    let db = |port: &str| HostFacts { containers: vec![taken("mine", port)], ..bare() };
    assert_eq!(
        found(PUBLISHES, boot(plan::AccessoryAct::Boot), db("3306:3306")),
        ["port-conflict: 10.0.0.1: port 3306 is wanted by app-db, and container mine has it"]
    );
    assert_eq!(found(PUBLISHES, boot(plan::AccessoryAct::Boot), db("10.0.0.1:3306:3306")), Vec::<String>::new());
    let own = HostFacts { containers: vec![taken("app-db", "127.0.0.1:3306:3306")], ..bare() };
    assert_eq!(found(PUBLISHES, boot(plan::AccessoryAct::Reboot), own), Vec::<String>::new());
}

#[test]
fn an_old_container_of_the_app_keeps_its_port_until_the_new_one_serves() {
    let mut host = on(well());
    let binding = plan::Binding { host_ip: String::new(), host_port: "8080".into() };
    host.containers[0].ports = Some([("80/tcp".to_string(), Some(vec![binding]))].into());
    let hooks = Double {
        starts: Some(commands::docker::Container {
            flags: vec![("publish".into(), Some("8080:80".into()))],
            ..commands::docker::Container::default()
        }),
        ..Double::default()
    };
    let plan = planned(run(PUBLISHES, deploy()), facts(&[("10.0.0.1", host)]), &hooks).unwrap();
    let messages: Vec<&str> = plan.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["port 8080 is wanted by app-web-v2, and container app-web-v1 has it"]);
}

#[test]
fn a_proxy_that_is_too_old_is_found_where_the_plan_is_not_refused() {
    let mut host = on(well());
    host.containers[1].image = "basecamp/kamal-proxy:v0.8.4".into();
    let expected = ["proxy-version: 10.0.0.1: kamal-proxy v0.8.4 is older than v0.9.2"];
    assert_eq!(found(SMALL, Intent::Redeploy { skip_push: true }, host.clone()), expected);
    let reboot = Intent::Proxy(plan::ProxyAct::Reboot { rolling: false });
    assert_eq!(found(SMALL, reboot, host), Vec::<String>::new());
}

#[test]
fn findings_are_no_reason_for_other_steps() {
    let plan = |condition: Condition| {
        planned(run(SMALL, deploy()), facts(&[("10.0.0.1", on(condition))]), &Double::default()).unwrap()
    };
    let (calm, alarmed) = (plan(well()), plan(Condition { free: Some(1), skew: Some(9999), ..well() }));
    assert!(calm.findings.is_empty() && alarmed.findings.len() == 2);
    assert_eq!((calm.apply, calm.conclude, calm.prepare), (alarmed.apply, alarmed.conclude, alarmed.prepare));
}

#[test]
fn a_run_that_brings_nothing_up_has_no_findings() {
    let host = || on(Condition { free: Some(1), ..well() });
    assert_eq!(found(SMALL, Intent::AppStop, host()), Vec::<String>::new());
    assert_eq!(found(SMALL, Intent::Prune, host()), Vec::<String>::new());
}
