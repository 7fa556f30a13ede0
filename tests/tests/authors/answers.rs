//! What the projects of a kind answer: the same in every language, to the letter.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use commands::Machine;
use expect_test::expect;
use plan::{Container, Facts, HostFacts, Plan, PlanError, Step};

use crate::bench::{fails, works, write_project};
use crate::scene::scene;

/// A project with what can be said of a role, once with a proxy before it and once without.
const PROJECT: &str = "\
service: shop
image: acme/shop
servers:
  web: { hosts: [10.0.0.1], options: { cpus: 2 }, labels: { tier: front } }
  job: { hosts: [10.0.0.2], cmd: bin/jobs }
proxy: { ssl: true, hosts: [shop.example, www.shop.example], app_port: 3000 }
registry: { server: registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
env: { clear: { PLACE: north }, secret: [KEY] }
volumes: ['data:/data']
deploy_timeout: 50
drain_timeout: 40
readiness_delay: 9
logging: { driver: local, options: { max-size: 5m } }
";

/// What a project of the kind `builder` does.
pub fn builds(component: &Path) {
    let granted = "grants: { programs: [docker] }";
    let plan = planned(component, PROJECT, &format!("{granted}, with: {{ target: app }}")).expect("it plans");
    expect![[r#"
        local start: build the image with my-builder (1800 s)
          {"kind":"run","words":["docker","build","--label","service=shop","--tag","registry.example/acme/shop:v1","--target","app","."]}
        local start: name it registry.example/acme/shop:latest too (60 s)
          {"kind":"tag","image":"registry.example/acme/shop:v1","name":"registry.example/acme/shop:latest"}
        local start: push registry.example/acme/shop:v1 (1800 s)
          {"kind":"push","image":"registry.example/acme/shop:v1"}
        local start: push registry.example/acme/shop:latest (1800 s)
          {"kind":"push","image":"registry.example/acme/shop:latest"}
    "#]]
    .assert_eq(&steps_of_the_guest(&plan));
    let plain = planned(component, PROJECT, granted).expect("it plans");
    let expected = steps_of_the_guest(&plan).replace(r#""--target","app","#, "");
    assert_eq!(steps_of_the_guest(&plain), expected);
    let wrong = planned(component, PROJECT, &format!("{granted}, with: {{ target: 2 }}"));
    is_a_wrong_setting("target", wrong);
}

/// What a project of the kind `boot` does.
pub fn boots(component: &Path) {
    let plan = planned(component, PROJECT, "with: { memory: 512m }").expect("it plans");
    expect![[r#"
        10.0.0.1 start: rename shop-web-v1 to shop-web-v1_replaced_c5610c34e511d263 (600 s)
          {"kind":"rename-container","name":"shop-web-v1","to":"shop-web-v1_replaced_c5610c34e511d263"}
        10.0.0.1 start: write the secret environment (600 s)
          {"kind":"write-environment-file","path":".kamal/apps/shop/env/roles/web.env","secrets":[["KEY","KEY"]]}
        10.0.0.1 start: start container shop-web-v1 (600 s)
          {"kind":"start-container","name":"shop-web-v1","image":"registry.example/acme/shop:v1","restart":"unless-stopped","network":"kamal","hostname":null,"environment":[["KAMAL_CONTAINER_NAME","shop-web-v1"],["KAMAL_VERSION","v1"],["KAMAL_HOST","10.0.0.1"],["PLACE","north"]],"environment_files":[".kamal/apps/shop/env/roles/web.env"],"log_driver":"local","log_options":[["max-size","5m"]],"publish":[],"volumes":["data:/data"],"labels":[["service","shop"],["role","web"],["destination",null],["tier","front"]],"flags":[["cpus","2"],["memory","512m"]],"command":null}
        10.0.0.1 start: wait until shop-web-v1 serves (170 s)
          {"kind":"route","service":"shop-web","container":"shop-web-v1","port":3000,"options":[["host","shop.example"],["host","www.shop.example"],["tls",null],["deploy-timeout","50s"],["drain-timeout","40s"],["buffer-requests",null],["buffer-responses",null],["log-request-header","Cache-Control"],["log-request-header","Last-Modified"],["log-request-header","User-Agent"]]}
        10.0.0.1 finish: stop old container shop-web-v0 (600 s, may fail)
          {"kind":"stop-container","name":"shop-web-v0","id":"webv0webv0webv0webv0","timeout":null}
        10.0.0.1 abort: show the last log lines of shop-web-v1 (600 s, may fail)
          {"kind":"show-logs","container":"shop-web-v1"}
        10.0.0.1 abort: stop container shop-web-v1 (600 s, may fail)
          {"kind":"stop-container","name":"shop-web-v1","id":null,"timeout":null}
        10.0.0.2 start: write the secret environment (600 s)
          {"kind":"write-environment-file","path":".kamal/apps/shop/env/roles/job.env","secrets":[["KEY","KEY"]]}
        10.0.0.2 start: start container shop-job-v1 (600 s)
          {"kind":"start-container","name":"shop-job-v1","image":"registry.example/acme/shop:v1","restart":"unless-stopped","network":"kamal","hostname":null,"environment":[["KAMAL_CONTAINER_NAME","shop-job-v1"],["KAMAL_VERSION","v1"],["KAMAL_HOST","10.0.0.2"],["PLACE","north"]],"environment_files":[".kamal/apps/shop/env/roles/job.env"],"log_driver":"local","log_options":[["max-size","5m"]],"publish":[],"volumes":["data:/data"],"labels":[["service","shop"],["role","job"],["destination",null]],"flags":[["memory","512m"]],"command":"bin/jobs"}
        10.0.0.2 start: wait until shop-job-v1 serves (170 s)
          {"kind":"await-healthy","container":"shop-job-v1","readiness_delay":9,"timeout":50}
        10.0.0.2 finish: stop old container shop-job-v0 (600 s, may fail)
          {"kind":"stop-container","name":"shop-job-v0","id":"jobv0jobv0jobv0jobv0","timeout":40}
        10.0.0.2 abort: show the last log lines of shop-job-v1 (600 s, may fail)
          {"kind":"show-logs","container":"shop-job-v1"}
        10.0.0.2 abort: stop container shop-job-v1 (600 s, may fail)
          {"kind":"stop-container","name":"shop-job-v1","id":null,"timeout":40}
    "#]]
    .assert_eq(&steps_of_the_guest(&plan));
    is_a_wrong_setting("memory", planned(component, PROJECT, "with: { memory: 512 }"));
    let unlimited = planned(component, PROJECT, "").expect("it plans");
    let expected = steps_of_the_guest(&plan).replace(r#",["memory","512m"]"#, "").replace(r#"["memory","512m"]"#, "");
    assert_eq!(steps_of_the_guest(&unlimited), expected);
    let refused = planned(component, &format!("{PROJECT}asset_path: /app/public\n"), "").map(drop);
    expect!["plugin `guest` has no answer for `boot`: asset_path"]
        .assert_eq(&refused.expect_err("it says so").to_string());
}

/// What a project of the kind `secrets` does: the one in the folder `my-secrets`, with a stand-in of its program.
pub fn looks_up(folder: &Path) {
    let project = "\
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64 }
x-plugins: { my-secrets: { source: my-secrets/my-secrets.wasm, grants: { programs: [pass] } } }
";
    write_project(folder, project);
    let store = r#"#!/bin/sh
case "$*" in
  'show shop/production/DB_PASSWORD') printf 'hunter2\nuser: shop\n' ;;
  'show KEY') printf 'k\302\205ey\r\n' ;;
  'show GONE') exit 127 ;;
  *) exit 1 ;;
esac
"#;
    std::fs::create_dir(folder.join("bin")).expect("a folder can be made");
    std::fs::write(folder.join("bin/pass"), store).expect("a file can be written");
    let fetch =
        |words: &str| format!("chmod +x bin/pass; PATH=\"$PWD/bin:$PATH\" sextant secrets fetch -a my-secrets {words}");
    // What is printed is escaped for a shell.
    let fetched = |words: &str| works(folder, &fetch(words)).replace('\\', "");
    assert_eq!(fetched("--from shop/production/ DB_PASSWORD"), "{\"DB_PASSWORD\":\"hunter2\"}\n");
    // A line ends where lines of a terminal do, and nowhere else.
    assert_eq!(fetched("KEY"), "{\"KEY\":\"k\u{85}ey\"}\n");
    let refuse = |words: &str, said: &str| {
        let complaint = fails(folder, &fetch(words), 1);
        assert!(complaint.contains(said), "{complaint}");
    };
    refuse("--from shop NONE", "pass has no entry shop/NONE");
    refuse("GONE", "pass is not installed");
}

/// The plan of a deploy onto hosts on which an older version runs, and this one stands.
fn planned(component: &Path, project: &str, entry: &str) -> Result<Plan, PlanError> {
    let (run, catalogue) = scene(component, project, entry, false).map_err(PlanError::Hook)?;
    let container = |role: &str, version: &str, state: &str| Container {
        id: format!("{role}{version}").repeat(4),
        name: format!("shop-{role}-{version}"),
        image: format!("registry.example/acme/shop:{version}"),
        image_id: String::new(),
        state: state.to_string(),
        labels: Some(
            [("service", "shop"), ("role", role), ("destination", "")]
                .map(|(key, value)| (key.into(), value.into()))
                .into(),
        ),
        ports: None,
        settings: None,
    };
    let host = |containers: Vec<Container>| HostFacts { containers, ..HostFacts::bare() };
    let hosts = BTreeMap::from([
        ("10.0.0.1".to_string(), host(vec![container("web", "v1", "exited"), container("web", "v0", "running")])),
        ("10.0.0.2".to_string(), host(vec![container("job", "v0", "running")])),
    ]);
    plan::plan(&run, &Arc::new(Facts { hosts, ..Facts::default() }), &catalogue)
}

/// What the component under test has in a plan: each step with what it does.
fn steps_of_the_guest(plan: &Plan) -> String {
    let mut told = String::new();
    for track in plan.stages().flat_map(|stage| &stage.tracks) {
        for block in &track.blocks {
            for (part, steps) in [("start", &block.start), ("finish", &block.finish), ("abort", &block.abort)] {
                let own = steps.iter().filter(|step| step.plugin.as_deref() == Some("guest"));
                own.for_each(|step| told.push_str(&told_of(&track.machine, part, step)));
            }
        }
    }
    told
}

fn told_of(machine: &Machine, part: &str, step: &Step) -> String {
    let machine = match machine {
        Machine::Local => "local",
        Machine::Host(host) => host,
    };
    let mut told = format!("{machine} {part}: {} ({} s", step.title, step.time_limit);
    told.push_str(if step.may_fail { ", may fail)\n" } else { ")\n" });
    let _ = writeln!(told, "  {}", serde_json::to_string(&step.action).expect("it is JSON"));
    told
}

/// The manifest says what a setting is, so the component is not even asked.
fn is_a_wrong_setting(setting: &str, planned: Result<Plan, PlanError>) {
    let said = planned.expect_err("the setting does not fit").to_string();
    let expected =
        format!("plugin `guest` does not take what stands under `with`: setting `{setting}` should be a string");
    assert_eq!(said, expected);
}
