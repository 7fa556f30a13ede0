//! The first deploy and those after it.

use std::collections::BTreeSet;

use fleet::LoadReport;

use crate::scene::Scene;

/// Few trips: more sessions than this on a host, and latency is what a deploy costs.
const MOST_SESSIONS: usize = 8;

#[test]
fn setup_brings_bare_hosts_to_serve_the_app_and_its_accessory() {
    let Some(mut scene) = Scene::bare() else { return };
    let version = scene.commit("first");
    scene.sextant(&["setup"]).succeeded();

    scene.assert_serves(&version.name);
    scene.assert_no_lock();
    for host in scene.fleet.hosts() {
        let names = host.sh("docker ps --format '{{.Names}}' | sort | paste -sd ' '").unwrap();
        let is_accessory_host = host.address == scene.fleet.accessory_host().address;
        let web = format!("kamal-proxy sample-web-{}", version.commit);
        assert_eq!(names, if is_accessory_host { "sample-store" } else { &web }, "containers on {}", host.address);
    }
    scene.serving = version;
    scene.leave_as_found();
}

#[test]
fn deploy_replaces_the_version_under_load_without_a_failed_request_and_in_few_trips() {
    let Some(scene) = Scene::deployed() else { return };
    let version = scene.commit("next");
    scene.fleet.hosts().iter().for_each(|host| host.reset_ssh_counts().unwrap());
    let (load, slow) = (scene.fleet.load("/version"), scene.fleet.load("/slow"));
    scene.sextant(&["deploy"]).succeeded();
    // Requests that take a while show whether the old version may finish what it began.
    let reports = [load.finish(), slow.finish()];

    scene.assert_serves(&version.name);
    scene.assert_no_lock();
    for report in &reports {
        assert_all_answered(report);
        for host in &report.hosts {
            let versions: BTreeSet<&str> = host.versions.keys().map(String::as_str).collect();
            let expected = BTreeSet::from([scene.serving.name.as_str(), &version.name]);
            assert_eq!(versions, expected, "{} answered with other versions", host.address);
        }
    }
    for host in scene.fleet.hosts() {
        let (sessions, connections) = (host.ssh_sessions(), host.ssh_connections());
        assert!((1..=MOST_SESSIONS).contains(&sessions), "{sessions} ssh sessions on {}", host.address);
        assert_eq!(connections, 1, "ssh connections to {}", host.address);
    }
    scene.leave(&version);
}

#[test]
fn deploying_the_same_version_again_fails_no_request() {
    let Some(scene) = Scene::deployed() else { return };
    let load = scene.fleet.load("/version");
    scene.sextant(&["deploy", "-P", "--version", &scene.serving.commit]).succeeded();
    assert_all_answered(&load.finish());
    scene.assert_serves(&scene.serving.name);
    scene.leave_as_found();
}

/// Panics unless requests were made and every one was answered.
#[track_caller]
pub fn assert_all_answered(report: &LoadReport) {
    assert_eq!(report.failures(), 0, "{report:#?}");
    assert!(report.hosts.iter().all(|host| host.requests > 10), "hardly any requests were made: {report:#?}");
}
