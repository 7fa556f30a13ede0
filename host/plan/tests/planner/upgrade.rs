//! From Kamal 1: the proxy where the app runs, accessories where they live.

use expect_test::{Expect, expect};
use plan::{Intent, PlanError};

use crate::rig::{Double, LARGE, image, large_facts, planned, run, told};

/// An accessory shares a host with the app, another one has its own. No host has docker's network.
fn check(rolling: bool, expected: Expect) {
    let project = format!("{LARGE}  metrics: {{ image: 'prom/node', role: job }}\n");
    let mut run = run(&project, Intent::Upgrade { rolling });
    run.hook_scripts = ["pre-proxy-reboot".to_string()].into();
    let mut facts = large_facts();
    for host in facts.hosts.values_mut() {
        host.images.push(image("v2"));
        host.network = false;
    }
    expected.assert_eq(&told(&planned(run, facts, &Double::default()).unwrap()));
}

#[test]
fn all_hosts_at_once() {
    check(
        false,
        expect![[r#"
            lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.9
            Hook script pre-proxy-reboot
              local: run the hook script pre-proxy-reboot
            Remove the proxy on 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.9
              10.0.0.1: log in, remove Kamal 1's proxy, stop the proxy, remove the proxy's container, remove the proxy's image
              10.0.0.2: log in, remove Kamal 1's proxy, stop the proxy, remove the proxy's container, remove the proxy's image
              10.0.0.3: log in, remove Kamal 1's proxy, stop the proxy, remove the proxy's container, remove the proxy's image
              10.0.0.9: log in, remove Kamal 1's proxy, stop the proxy, remove the proxy's container, remove the proxy's image
            Start the proxy
              10.0.0.1: create docker's network kamal, make the proxy's directory, start the proxy
              10.0.0.2: create docker's network kamal, make the proxy's directory, start the proxy
              10.0.0.3: create docker's network kamal
              10.0.0.9: create docker's network kamal
            Boot the app
              10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v1 | or undo
              10.0.0.1: job waits: start app-job-v2, route | then stop app-job-v1 | or undo
              10.0.0.2: web decides: start app-web-v2, route | then stop app-web-v1 | or undo
              10.0.0.3: job waits: start app-job-v2, route | then stop app-job-v1 | or undo
            Tag the image and clean up
              10.0.0.1: tag
              10.0.0.2: tag
              10.0.0.3: tag
            Remove old containers and images
              10.0.0.1: remove stopped containers but the newest 5, remove images that no container uses
              10.0.0.2: remove stopped containers but the newest 5, remove images that no container uses
              10.0.0.3: remove stopped containers but the newest 5, remove images that no container uses
              10.0.0.9: remove stopped containers but the newest 5, remove images that no container uses
            Reboot accessory db
              10.0.0.9: log in, pull mysql:8, stop container app-db, remove container app-db, write the environment file, start container app-db from mysql:8
            Reboot accessory metrics
              10.0.0.3: log in, pull prom/node, stop container app-metrics, remove container app-metrics, write the environment file, start container app-metrics from prom/node
              10.0.0.1: log in, pull prom/node, stop container app-metrics, remove container app-metrics, write the environment file, start container app-metrics from prom/node
        "#]],
    );
}

#[test]
fn host_after_host() {
    check(
        true,
        expect![[r#"
            lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.9
            Hook script pre-proxy-reboot
              local: run the hook script pre-proxy-reboot
            Remove the proxy on 10.0.0.1
              10.0.0.1: log in, remove Kamal 1's proxy, stop the proxy, remove the proxy's container, remove the proxy's image
            Start the proxy
              10.0.0.1: create docker's network kamal, make the proxy's directory, start the proxy
            Boot the app
              10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v1 | or undo
              10.0.0.1: job waits: start app-job-v2, route | then stop app-job-v1 | or undo
            Tag the image and clean up
              10.0.0.1: tag
            Remove old containers and images
              10.0.0.1: remove stopped containers but the newest 5, remove images that no container uses
            Reboot accessory metrics
              10.0.0.1: log in, pull prom/node, stop container app-metrics, remove container app-metrics, write the environment file, start container app-metrics from prom/node
            Hook script pre-proxy-reboot
              local: run the hook script pre-proxy-reboot
            Remove the proxy on 10.0.0.2
              10.0.0.2: log in, remove Kamal 1's proxy, stop the proxy, remove the proxy's container, remove the proxy's image
            Start the proxy
              10.0.0.2: create docker's network kamal, make the proxy's directory, start the proxy
            Boot the app
              10.0.0.2: web decides: start app-web-v2, route | then stop app-web-v1 | or undo
            Tag the image and clean up
              10.0.0.2: tag
            Remove old containers and images
              10.0.0.2: remove stopped containers but the newest 5, remove images that no container uses
            Hook script pre-proxy-reboot
              local: run the hook script pre-proxy-reboot
            Remove the proxy on 10.0.0.3
              10.0.0.3: log in, remove Kamal 1's proxy, stop the proxy, remove the proxy's container, remove the proxy's image
            Start the proxy
              10.0.0.3: create docker's network kamal
            Boot the app
              10.0.0.3: job decides: start app-job-v2, route | then stop app-job-v1 | or undo
            Tag the image and clean up
              10.0.0.3: tag
            Remove old containers and images
              10.0.0.3: remove stopped containers but the newest 5, remove images that no container uses
            Reboot accessory metrics
              10.0.0.3: log in, pull prom/node, stop container app-metrics, remove container app-metrics, write the environment file, start container app-metrics from prom/node
            Reboot accessory db
              10.0.0.9: log in, create docker's network kamal, pull mysql:8, stop container app-db, remove container app-db, write the environment file, start container app-db from mysql:8
        "#]],
    );
}

#[test]
fn nothing_goes_before_every_host_has_the_image() {
    let error = planned(run(LARGE, Intent::Upgrade { rolling: true }), large_facts(), &Double::default()).unwrap_err();
    assert!(matches!(error, PlanError::ImageMissing { hosts, .. } if hosts == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]));
}
