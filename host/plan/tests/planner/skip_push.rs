//! `--skip-push`: the operator's machine is left alone, the hosts still log in and pull.

use expect_test::{Expect, expect};
use plan::Intent;

use crate::rig::{Double, SMALL, facts, planned, run, told, warm};

fn check(intent: Intent, hooks: Double, calls: Expect) {
    planned(run(SMALL, intent), facts(&[("10.0.0.1", warm(&["web"]))]), &hooks).unwrap();
    calls.assert_eq(&hooks.calls());
}

#[test]
fn without_it_the_image_is_built_after_a_local_login() {
    let calls = expect![[r#"
        build
        pre-login Local
        pre-login Hosts
        boot web 10.0.0.1
        tag 10.0.0.1
    "#]];
    check(Intent::Deploy { skip_push: false }, Double::default(), calls);
}

#[test]
fn push_is_asked_only_when_the_build_left_the_image_local() {
    let calls = expect![[r#"
        build
        push
        pre-login Local
        pre-login Hosts
        boot web 10.0.0.1
        tag 10.0.0.1
    "#]];
    check(Intent::Deploy { skip_push: false }, Double { leaves_image_local: true, ..Double::default() }, calls);
}

#[test]
fn with_it_neither_local_login_nor_build_nor_push_is_asked() {
    let calls = || {
        expect![[r#"
            pre-login Hosts
            boot web 10.0.0.1
            tag 10.0.0.1
        "#]]
    };
    for intent in
        [Intent::Deploy { skip_push: true }, Intent::Redeploy { skip_push: true }, Intent::Setup { skip_push: true }]
    {
        check(intent, Double { leaves_image_local: true, ..Double::default() }, calls());
    }
}

#[test]
fn with_it_the_hosts_log_in_and_pull_all_the_same() {
    let plan = planned(
        run(SMALL, Intent::Deploy { skip_push: true }),
        facts(&[("10.0.0.1", warm(&["web"]))]),
        &Double::default(),
    );
    expect![[r#"
        note: kamal-proxy runs already on 10.0.0.1
        Pull the image
          10.0.0.1: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
        Boot the app
          10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v1 | or undo
        Tag the image and clean up
          10.0.0.1: tag, remove stopped containers but the newest 5, remove images that no container uses
    "#]]
    .assert_eq(&told(&plan.unwrap()));
}

#[test]
fn a_local_pre_build_script_goes_with_the_build() {
    let titles = |skip_push: bool| {
        let mut run = run(SMALL, Intent::Deploy { skip_push });
        run.hook_scripts.insert("pre-build".to_string());
        let plan = planned(run, facts(&[("10.0.0.1", warm(&["web"]))]), &Double::default()).unwrap();
        plan.steps().any(|(_, step)| step.title == "run the hook script pre-build")
    };
    assert!(titles(false));
    assert!(!titles(true));
}

#[test]
fn rollback_and_app_boot_ask_for_no_login() {
    let calls = || {
        expect![[r#"
            boot web 10.0.0.1
            tag 10.0.0.1
        "#]]
    };
    for intent in [Intent::Rollback, Intent::AppBoot] {
        let mut host = warm(&["web"]);
        host.images.push(crate::rig::image("v2"));
        host.containers.push(crate::rig::container("app-web-v2", "exited", &[("service", "app"), ("role", "web")]));
        let hooks = Double::default();
        planned(run(SMALL, intent), facts(&[("10.0.0.1", host)]), &hooks).unwrap();
        calls().assert_eq(&hooks.calls());
    }
}
