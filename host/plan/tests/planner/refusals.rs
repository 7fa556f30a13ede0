//! What cannot be planned, and so touches nothing.

use plan::{AccessoryAct, Docker, Facts, HostFacts, Intent, PlanError, ProxyAct};

use crate::rig::{Double, LARGE, SMALL, bare, container, facts, image, large_facts, planned, run, warm};

/// Two app hosts of [`LARGE`] on which `v2` can be booted again, and one that is to be made.
fn with_v2(third: HostFacts) -> Facts {
    let mut facts = large_facts();
    for (host, roles) in [("10.0.0.1", &["web", "job"][..]), ("10.0.0.2", &["web"])] {
        let known = facts.hosts.get_mut(host).unwrap();
        known.images.push(image("v2"));
        for role in roles {
            known.containers.push(container(
                &format!("app-{role}-v2"),
                "exited",
                &[("service", "app"), ("role", role)],
            ));
        }
    }
    facts.hosts.insert("10.0.0.3".to_string(), third);
    facts
}

fn check(intent: Intent, facts: Facts, expected: &str) {
    assert_eq!(planned(run(LARGE, intent), facts, &Double::default()).unwrap_err().to_string(), expected);
}

#[test]
fn a_rollback_to_a_version_that_no_host_has_names_those_that_are_there() {
    let error = planned(run(LARGE, Intent::Rollback), large_facts(), &Double::default()).unwrap_err();
    let hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(str::to_string).to_vec();
    let available = vec!["v1".to_string()];
    assert_eq!(error, PlanError::VersionMissing { version: "v2".to_string(), hosts, available });
}

#[test]
fn a_rollback_needs_the_version_of_every_role_on_every_host() {
    check(Intent::Rollback, with_v2(bare()), "the app version `v2` is not available as a container on 10.0.0.3");
    let mut facts = with_v2(bare());
    let both = facts.hosts.get_mut("10.0.0.1").unwrap();
    both.containers.retain(|container| container.name != "app-job-v2");
    check(Intent::Rollback, facts, "the app version `v2` is not available as a container on 10.0.0.1, 10.0.0.3");
}

#[test]
fn an_image_that_one_app_host_lacks_is_an_error() {
    let third = || HostFacts { containers: vec![container("app-job-v2", "exited", &[("role", "job")])], ..bare() };
    check(Intent::Rollback, with_v2(third()), "the image ghcr.io/acme/app:v2 is missing on 10.0.0.3");
    check(Intent::AppBoot, with_v2(third()), "the image ghcr.io/acme/app:v2 is missing on 10.0.0.3");
    let whole = HostFacts { images: vec![image("v2")], ..third() };
    planned(run(LARGE, Intent::Rollback), with_v2(whole), &Double::default()).unwrap();
}

#[test]
fn a_proxy_that_is_too_old_stops_a_deploy_before_the_build() {
    let mut facts = large_facts();
    facts.hosts.get_mut("10.0.0.2").unwrap().containers[1].image = "basecamp/kamal-proxy:v0.8.4".to_string();
    let hooks = Double::default();
    for intent in
        [Intent::Deploy { skip_push: false }, Intent::Setup { skip_push: false }, Intent::Proxy(ProxyAct::Boot)]
    {
        let error = planned(run(LARGE, intent), facts.clone(), &hooks).unwrap_err();
        assert_eq!(error.to_string(), "kamal-proxy version v0.8.4 on 10.0.0.2 is too old, at least v0.9.2 is needed");
    }
    assert_eq!(hooks.calls(), "");
    // The way out of it.
    planned(run(LARGE, Intent::Proxy(ProxyAct::Reboot { rolling: false })), facts, &hooks).unwrap();
}

#[test]
fn docker_must_answer_on_every_host() {
    let check = |docker: Docker, expected: &str| {
        let hosts = facts(&[("10.0.0.1", HostFacts { docker, ..bare() })]);
        let error = planned(run(SMALL, Intent::AppStop), hosts, &Double::default()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(Docker::Missing, "docker is not installed on 10.0.0.1");
    check(Docker::Failing("permission denied".into()), "docker does not answer on 10.0.0.1: permission denied");
}

#[test]
fn setup_installs_docker_where_it_is_missing() {
    let mut facts = large_facts();
    facts.hosts.insert("10.0.0.3".to_string(), HostFacts { docker: Docker::Missing, ..bare() });
    let plan = planned(run(LARGE, Intent::Setup { skip_push: true }), facts, &Double::default()).unwrap();
    let installs = plan.steps().filter(|(_, step)| step.title == "install docker");
    assert_eq!(installs.map(|(machine, _)| machine.to_string()).collect::<Vec<_>>(), ["10.0.0.3"]);
}

#[test]
fn a_proxy_that_apps_use_is_removed_only_by_force() {
    let hosts = facts(&[("10.0.0.1", HostFacts { apps: vec!["app".into(), "other".into()], ..warm(&["web"]) })]);
    let plan =
        |force| planned(run(SMALL, Intent::Proxy(ProxyAct::Remove { force })), hosts.clone(), &Double::default());
    assert_eq!(plan(false).unwrap_err().to_string(), "not removing the proxy, as other apps are installed on 10.0.0.1");
    plan(true).unwrap();
}

#[test]
fn an_accessory_that_is_not_configured_is_an_error() {
    check(
        Intent::Accessory(AccessoryAct::Boot, Some("nope".into())),
        large_facts(),
        "No accessory by the name of 'nope' (options: db)",
    );
}
