//! Groups, roles, the barrier, stale containers, destinations.

use configuration::Filter;
use expect_test::{Expect, expect};
use plan::{ErrorPage, Facts, Intent, Run};

use crate::rig::{Double, LARGE, SMALL, container, facts, large_facts, planned, run, run_with, told, warm};

const ALL: Intent = Intent::Redeploy { skip_push: true };

/// The plan from the lock on.
fn check(run: Run, facts: Facts, expected: Expect) {
    let told = told(&planned(run, facts, &Double::default()).unwrap());
    expected.assert_eq(&told[told.find("lock ").unwrap_or_default()..]);
}

#[test]
fn groups_boot_one_after_the_other_with_a_pause_and_the_tag_comes_last() {
    let project = format!("{LARGE}boot: {{ limit: 2, wait: 5 }}\n");
    let mut run = run(&project, ALL);
    run.hook_scripts = ["pre-app-boot", "post-app-boot"].map(str::to_string).into();
    check(
        run,
        large_facts(),
        expect![[r#"
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.9
        Hook script pre-app-boot
          local: run the hook script pre-app-boot
        Boot group 1 of 2
          10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v1 | or undo
          10.0.0.1: job waits: start app-job-v2, route | then stop app-job-v1 | or undo
          10.0.0.2: web decides: start app-web-v2, route | then stop app-web-v1 | or undo
        Hook script post-app-boot
          local: run the hook script post-app-boot
        Wait
          local: wait 5 seconds
        Hook script pre-app-boot
          local: run the hook script pre-app-boot
        Boot group 2 of 2
          10.0.0.3: job waits: start app-job-v2, route | then stop app-job-v1 | or undo
        Hook script post-app-boot
          local: run the hook script post-app-boot
        Wait
          local: wait 5 seconds
        Tag the image and clean up
          10.0.0.1: tag
          10.0.0.2: tag
          10.0.0.3: tag
    "#]],
    );
}

#[test]
fn roles_of_a_host_are_tracks_of_their_own_when_they_boot_side_by_side() {
    let project = format!("{LARGE}boot: {{ parallel_roles: true }}\n");
    let plan = planned(run(&project, ALL), large_facts(), &Double::default()).unwrap();
    let boot = plan.apply.iter().find(|stage| stage.title == "Boot the app").unwrap();
    let tracks: Vec<String> = boot
        .tracks
        .iter()
        .map(|track| {
            let roles: Vec<&str> = track.blocks.iter().filter_map(|block| block.role.as_deref()).collect();
            format!("{} {}", track.machine, roles.join(" "))
        })
        .collect();
    assert_eq!(tracks, ["10.0.0.1 web", "10.0.0.1 job", "10.0.0.2 web", "10.0.0.3 job"]);
}

#[test]
fn the_first_selected_role_decides_when_the_primary_one_is_left_out() {
    let filter = Filter { roles: vec!["job".to_string()], ..Filter::default() };
    check(
        run_with(LARGE, ALL, None, &filter),
        large_facts(),
        expect![[r#"
        lock .kamal/lock-app on 10.0.0.3, visits 10.0.0.3 10.0.0.1
        Boot the app
          10.0.0.3: job decides: start app-job-v2, route | then stop app-job-v1 | or undo
          10.0.0.1: job decides: start app-job-v2, route | then stop app-job-v1 | or undo
        Tag the image and clean up
          10.0.0.3: tag
          10.0.0.1: tag
    "#]],
    );
}

#[test]
fn a_destination_names_lock_and_containers_and_sees_only_its_own() {
    let mut host = warm(&["web"]);
    let labels = [("service", "app"), ("role", "web"), ("destination", "staging")];
    host.containers.push(container("app-web-staging-v1", "running", &labels));
    let run = run_with(SMALL, ALL, Some("staging"), &Filter::default());
    check(
        run,
        facts(&[("10.0.0.1", host)]),
        expect![[r#"
        lock .kamal/lock-app-staging on 10.0.0.1, visits 10.0.0.1
        Boot the app
          10.0.0.1: web decides: start app-web-staging-v2, route | then stop app-web-staging-v1 | or undo
        Tag the image and clean up
          10.0.0.1: tag
    "#]],
    );
}

#[test]
fn stale_containers_behind_the_proxy_stop_once_the_new_one_serves() {
    let mut host = warm(&["web"]);
    let labels = [("service", "app"), ("role", "web"), ("destination", "")];
    // Newest first: the current one is the newest, as none is of the image tagged latest.
    host.containers.insert(1, container("app-web-stale", "running", &labels));
    host.containers.insert(2, container("app-web-stopped", "exited", &labels));
    check(
        run(SMALL, ALL),
        facts(&[("10.0.0.1", host)]),
        expect![[r#"
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
        Boot the app
          10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v1, stop stale container app-web-stale | or undo
        Tag the image and clean up
          10.0.0.1: tag
    "#]],
    );
}

#[test]
fn stale_containers_without_a_proxy_stop_before_the_boot() {
    let mut host = warm(&["web"]);
    let labels = [("service", "app"), ("role", "web"), ("destination", "")];
    host.containers.insert(1, container("app-web-stale", "running", &labels));
    let project = SMALL.replace("[10.0.0.1]", "{ web: { hosts: [10.0.0.1], proxy: false } }");
    let plan = planned(run(&project, ALL), facts(&[("10.0.0.1", host)]), &Double::default()).unwrap();
    let told = told(&plan);
    let (stop, boot) = (told.find("stop stale container app-web-stale"), told.find("Boot the app"));
    assert!(stop.is_some() && stop < boot, "{told}");
}

#[test]
fn the_current_container_is_the_one_of_the_image_tagged_latest() {
    let mut host = warm(&["web"]);
    let labels = [("service", "app"), ("role", "web"), ("destination", "")];
    let mut newer = container("app-web-newer", "running", &labels);
    newer.image_id = "sha256:newer".to_string();
    host.containers.insert(0, newer);
    let mut latest = crate::rig::image("v1");
    latest.tags = Some(vec!["ghcr.io/acme/app:latest".to_string()]);
    host.images.push(latest);
    check(
        run(SMALL, ALL),
        facts(&[("10.0.0.1", host)]),
        expect![[r#"
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
        Boot the app
          10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v1, stop stale container app-web-newer | or undo
        Tag the image and clean up
          10.0.0.1: tag
    "#]],
    );
}

#[test]
fn the_same_inputs_give_the_same_plan() {
    let plan = || planned(run(LARGE, Intent::Deploy { skip_push: false }), large_facts(), &Double::default()).unwrap();
    assert_eq!(plan(), plan());
    let ids: Vec<u32> = plan().steps().map(|(_, step)| step.id).collect();
    assert_eq!(ids, (1..=ids.len() as u32).collect::<Vec<_>>());
}

#[test]
fn every_host_is_prepared_before_the_first_group_boots() {
    let project = format!(
        "{LARGE}boot: {{ limit: 1 }}\nerror_pages_path: public\nproxy: {{ host: a, ssl: {{ certificate_pem: C, private_key_pem: K }} }}\n"
    );
    let mut run = run(&project, ALL);
    run.error_pages = vec![ErrorPage { source: "public/404.html".to_string(), mode: "644".to_string() }];
    let plan = planned(run, large_facts(), &Double { prepares: true, ..Double::default() }).unwrap();
    let told = told(&plan);
    let shown = &told[told.find("Prepare").unwrap()..told.find("Boot group 2").unwrap()];
    expect![[r#"
        Prepare the hosts
          10.0.0.1: upload the error page public/404.html, prepare web, write the certificate from secret C for the proxy, write the private key from secret K for the proxy, prepare job
          10.0.0.2: upload the error page public/404.html, prepare web, write the certificate from secret C for the proxy, write the private key from secret K for the proxy
          10.0.0.3: upload the error page public/404.html, prepare job
        Boot group 1 of 3
          10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v1, remove the error pages of other versions | or undo
          10.0.0.1: job waits: start app-job-v2, route | then stop app-job-v1, remove the error pages of other versions | or undo
    "#]]
    .assert_eq(shown);
    assert!(plan.secrets().contains("C") && plan.secrets().contains("K"));
}
