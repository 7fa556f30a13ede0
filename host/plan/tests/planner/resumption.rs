//! Runs that take up, or undo, one that did not end.

use expect_test::{Expect, expect};
use plan::{Container, Facts, Intent, Interrupted, PlanError};

use crate::rig::{Double, LARGE, SMALL, container, facts, planned, run, told, warm};

const DEPLOY: Intent = Intent::Deploy { skip_push: false };
const LABELS: [(&str, &str); 3] = [("service", "app"), ("role", "web"), ("destination", "")];

/// A run that began to boot the role web, and what was there before.
fn interrupted(hosts: &[&str], before: Option<Facts>) -> Interrupted {
    Interrupted {
        run: "20260131T100000Z-abcdef".to_string(),
        image_is_pushed: true,
        boots: hosts.iter().map(|host| ((*host).to_string(), "web".to_string(), true)).collect(),
        scripts: vec!["pre-deploy".to_string()],
        lasting: vec!["the image was pushed: it stays in the registry".to_string()],
        before,
    }
}

fn check(project: &str, intent: Intent, takes_up: Interrupted, now: Facts, expected: Expect) {
    let mut run = run(project, intent);
    run.hook_scripts = ["pre-deploy".to_string(), "pre-app-boot".to_string()].into();
    run.takes_up = Some(takes_up);
    expected.assert_eq(&told(&planned(run, now, &Double::default()).expect("it plans")));
}

fn running(name: &str) -> Container {
    container(name, "running", &LABELS)
}

#[test]
fn what_was_pushed_run_and_booted_is_not_done_again() {
    let before = facts(&[("10.0.0.1", warm(&["web"]))]);
    let mut host = warm(&[]);
    host.containers.extend([running("app-web-v2"), container("app-web-v1", "exited", &LABELS)]);
    check(
        SMALL,
        DEPLOY,
        interrupted(&["10.0.0.1"], Some(before)),
        facts(&[("10.0.0.1", host)]),
        expect![[r#"
        note: the image was built and pushed before the run was interrupted
        note: kamal-proxy runs already on 10.0.0.1
        Pull the image
          10.0.0.1: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
        Tag the image and clean up
          10.0.0.1: tag, remove stopped containers but the newest 5, remove images that no container uses
    "#]],
    );
}

#[test]
fn a_boot_that_is_not_seen_to_be_done_is_done_again() {
    let before = facts(&[("10.0.0.1", warm(&["web"]))]);
    let mut host = warm(&["web"]);
    host.containers.insert(0, running("app-web-v2"));
    check(
        SMALL,
        DEPLOY,
        interrupted(&["10.0.0.1"], Some(before)),
        facts(&[("10.0.0.1", host)]),
        expect![[r#"
        note: the image was built and pushed before the run was interrupted
        note: kamal-proxy runs already on 10.0.0.1
        Pull the image
          10.0.0.1: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
        Hook script pre-app-boot
          local: run the hook script pre-app-boot
        Boot the app
          10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v2, stop stale container app-web-v1 | or undo
        Tag the image and clean up
          10.0.0.1: tag, remove stopped containers but the newest 5, remove images that no container uses
    "#]],
    );
}

#[test]
fn other_roles_do_not_wait_for_a_primary_role_that_is_up_already() {
    let hosts = [("10.0.0.1", warm(&["web", "job"])), ("10.0.0.2", warm(&["web"])), ("10.0.0.3", warm(&["job"]))];
    let before = facts(&hosts);
    let mut now = before.clone();
    let first = now.hosts.get_mut("10.0.0.1").expect("it was looked at");
    first.containers.retain(|container| container.name != "app-web-v1");
    first.containers.insert(0, running("app-web-v2"));
    check(
        LARGE,
        DEPLOY,
        interrupted(&["10.0.0.1"], Some(before)),
        now,
        expect![[r#"
        note: the image was built and pushed before the run was interrupted
        note: kamal-proxy runs already on 10.0.0.1, 10.0.0.2
        Pull the image
          10.0.0.1: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
          10.0.0.2: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
          10.0.0.3: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.9
        Start the proxy
          10.0.0.9: create docker's network kamal
        Hook script pre-app-boot
          local: run the hook script pre-app-boot
        Boot the app
          10.0.0.1: job: start app-job-v2, route | then stop app-job-v1 | or undo
          10.0.0.2: web: start app-web-v2, route | then stop app-web-v1 | or undo
          10.0.0.3: job: start app-job-v2, route | then stop app-job-v1 | or undo
        Tag the image and clean up
          10.0.0.1: tag, remove stopped containers but the newest 5, remove images that no container uses
          10.0.0.2: tag, remove stopped containers but the newest 5, remove images that no container uses
          10.0.0.3: tag, remove stopped containers but the newest 5, remove images that no container uses
          10.0.0.9: remove stopped containers but the newest 5, remove images that no container uses
    "#]],
    );
}

#[test]
fn on_another_machine_a_boot_counts_only_if_all_of_its_steps_were_seen_to_end() {
    let mut host = warm(&[]);
    host.containers.push(running("app-web-v2"));
    let mut unsure = interrupted(&["10.0.0.1"], None);
    unsure.boots[0].2 = false;
    let facts = facts(&[("10.0.0.1", host)]);
    check(
        SMALL,
        DEPLOY,
        unsure,
        facts.clone(),
        expect![[r#"
        note: the image was built and pushed before the run was interrupted
        note: kamal-proxy runs already on 10.0.0.1
        Pull the image
          10.0.0.1: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
        Hook script pre-app-boot
          local: run the hook script pre-app-boot
        Boot the app
          10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v2 | or undo
        Tag the image and clean up
          10.0.0.1: tag, remove stopped containers but the newest 5, remove images that no container uses
    "#]],
    );
    check(
        SMALL,
        DEPLOY,
        interrupted(&["10.0.0.1"], None),
        facts,
        expect![[r#"
        note: the image was built and pushed before the run was interrupted
        note: kamal-proxy runs already on 10.0.0.1
        Pull the image
          10.0.0.1: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
        Tag the image and clean up
          10.0.0.1: tag, remove stopped containers but the newest 5, remove images that no container uses
    "#]],
    );
}

#[test]
fn abort_puts_back_what_ran_before_and_says_what_stays() {
    let before = facts(&[("10.0.0.1", warm(&["web"]))]);
    let mut host = warm(&[]);
    host.containers.extend([running("app-web-v2"), container("app-web-v1", "exited", &LABELS)]);
    check(
        SMALL,
        Intent::Abort,
        interrupted(&["10.0.0.1"], Some(before)),
        facts(&[("10.0.0.1", host)]),
        expect![[r#"
        note: the hook script pre-deploy ran: what it did stays
        note: the image was pushed: it stays in the registry
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
        Put back what ran before
          10.0.0.1: start container app-web-v1, route requests to app-web-v1 once it is healthy, stop container app-web-v2, remove container app-web-v2
    "#]],
    );
}

#[test]
fn abort_of_a_first_deploy_leaves_nothing() {
    let before = facts(&[("10.0.0.1", warm(&[]))]);
    let mut host = warm(&[]);
    host.containers.push(running("app-web-v2"));
    check(
        SMALL,
        Intent::Abort,
        interrupted(&["10.0.0.1"], Some(before)),
        facts(&[("10.0.0.1", host)]),
        expect![[r#"
        note: the hook script pre-deploy ran: what it did stays
        note: the image was pushed: it stays in the registry
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
        Put back what ran before
          10.0.0.1: stop routing requests for app-web, stop container app-web-v2, remove container app-web-v2
    "#]],
    );
}

#[test]
fn abort_says_what_it_cannot_put_back() {
    let before = facts(&[("10.0.0.1", warm(&["web"]))]);
    let mut host = warm(&[]);
    host.containers.push(running("app-web-v2"));
    check(
        SMALL,
        Intent::Abort,
        interrupted(&["10.0.0.1"], Some(before)),
        facts(&[("10.0.0.1", host)]),
        expect![[r#"
        note: the hook script pre-deploy ran: what it did stays
        note: the image was pushed: it stays in the registry
        note: app-web-v1 is gone from 10.0.0.1: role web stays as it is there
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
    "#]],
    );
    let mut elsewhere = run(SMALL, Intent::Abort);
    elsewhere.takes_up = Some(interrupted(&["10.0.0.1"], None));
    let refused = planned(elsewhere, Facts::default(), &Double::default()).map(drop);
    assert_eq!(refused, Err(PlanError::UnknownPast { run: "20260131T100000Z-abcdef".to_string() }));
    let nothing = planned(run(SMALL, Intent::Abort), Facts::default(), &Double::default()).map(drop);
    assert_eq!(nothing, Err(PlanError::NothingToAbort));
}
