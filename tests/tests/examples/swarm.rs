//! The example `swarm` in plans: a role is a service, seen to on its first host.

use std::sync::Arc;

use commands::Machine;
use plan::{Action, Intent, Plan};

use crate::scene::{plan_of, scene};

const PROJECT: &str = "
service: shop
image: acme/shop
servers:
  web:
    hosts: [10.0.0.1, 10.0.0.2]
    proxy: false
    options: { publish: '80:3000', memory: 512m }
    cmd: bin/serve --fast
registry: { server: ghcr.io, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
volumes: ['data:/data']
env: { clear: { COLOUR: green }, secret: [TOKEN] }
";

const GRANTS: &str = "grants: { programs: [docker, sh] }";

fn plan(entry: &str, project: &str) -> Result<Plan, String> {
    let (run, catalogue) = scene("swarm", entry, project, None, Intent::AppBoot);
    plan_of(&Arc::new(run), &catalogue)
}

#[test]
fn a_role_is_a_service_on_its_first_host() {
    let plan = plan(&format!("{GRANTS}, with: {{ replicas: {{ web: 3 }} }}"), PROJECT).expect("it plans");
    let machine = |machine: &Machine| match machine {
        Machine::Local => "here".to_string(),
        Machine::Host(host) => host.clone(),
    };
    let steps: Vec<String> = plan
        .steps()
        .filter(|(_, step)| step.plugin.as_deref() == Some("swarm"))
        .map(|(place, step)| format!("{}: {}", machine(place), step.title))
        .collect();
    assert_eq!(
        steps,
        [
            "10.0.0.1: write the secrets of service shop-web",
            "10.0.0.1: create service shop-web",
            "10.0.0.1: update service shop-web to ghcr.io/acme/shop:v1",
            "10.0.0.1: show the tasks of service shop-web",
            "10.0.0.1: roll service shop-web back",
            "10.0.0.1: tag ghcr.io/acme/shop:v1 as the latest image",
            "10.0.0.2: tag ghcr.io/acme/shop:v1 as the latest image",
        ]
    );
}

#[test]
fn a_service_has_what_a_container_has() {
    let run = words_of("create service shop-web", PROJECT);
    let token = run.rsplit_once("sextant.run=").expect("it tells the run").1.split(' ').next().unwrap_or_default();
    let rest = format!(
        "--container-label service=shop --container-label role=web --container-label destination= \
         {}--mount type=volume,source=data,target=/data ",
        "--publish mode=host,published=80,target=3000,protocol=tcp "
    );
    assert_eq!(
        run,
        format!(
            "docker service create --name shop-web --with-registry-auth --replicas 2 \
             --env-file .kamal/apps/shop/env/roles/web.env --env COLOUR=green --env KAMAL_VERSION=v1 \
             --label service=shop --label role=web --label destination= --label sextant.run={token} {rest}\
             --update-order stop-first --update-failure-action pause --rollback-order stop-first \
             --limit-memory 512m --stop-grace-period 30s --log-opt max-size=10m ghcr.io/acme/shop:v1 bin/serve --fast"
        )
    );
}

#[test]
fn without_ports_a_new_task_starts_first() {
    let project = PROJECT.replace("publish: '80:3000', ", "");
    for title in ["create service shop-web", "update service shop-web to ghcr.io/acme/shop:v1"] {
        assert!(words_of(title, &project).contains(" --update-order start-first "), "{title}");
    }
}

#[test]
fn an_update_names_secrets_and_never_holds_them() {
    let run = words_of("update service shop-web to ghcr.io/acme/shop:v1", PROJECT);
    let line = " .kamal/apps/shop/env/roles/web.env service update --with-registry-auth --image ghcr.io/acme/shop:v1 \
                --replicas 2 --args bin/serve --fast --env-add TOKEN --env-add COLOUR=green ";
    assert!(run.contains(line), "{run}");
    assert!(run.ends_with(" --limit-memory 512m --stop-grace-period 30s --log-opt max-size=10m shop-web"), "{run}");
}

#[test]
fn what_a_service_cannot_do_is_told() {
    let check = |text: &str, other: &str, expected: &str| {
        assert!(PROJECT.contains(text), "the project has no `{text}`");
        let error = plan(GRANTS, &PROJECT.replace(text, other)).expect_err("it does not plan");
        assert_eq!(error, format!("plugin `swarm` has no answer for `boot`: {expected}"));
    };
    check(
        "proxy: false",
        "proxy: true",
        "the role web stands behind kamal-proxy, which knows no services: give it `proxy: false`",
    );
    check("memory: 512m", "shm-size: 1g", "role web: a service has no option `shm-size`");
    check(
        "'80:3000'",
        "'127.0.0.1:80:3000'",
        "role web: a service cannot publish `127.0.0.1:80:3000`: write it as `8080:80`",
    );
    check(
        "'data:/data'",
        "'$PWD/data:/data'",
        "role web: a service cannot have the volume `$PWD/data:/data`: its paths are absolute and plain",
    );
    check(
        "bin/serve --fast",
        "sh -c 'serve | log'",
        "role web: a service runs plain words, no shell: `sh -c 'serve | log'`",
    );
}

#[test]
fn programs_have_to_be_granted() {
    let error = plan("grants: { programs: [docker] }", PROJECT).expect_err("it does not plan");
    assert_eq!(error, "plugin `swarm` is not granted the program `sh`, which a step of `boot` needs");
}

/// The words that a step runs, joined.
fn words_of(title: &str, project: &str) -> String {
    let plan = plan(GRANTS, project).expect("it plans");
    let found = plan.steps().find_map(|(_, step)| match &step.action {
        Action::Run { words } if step.title == title => Some(words.join(" ")),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nothing will {title}"))
}
