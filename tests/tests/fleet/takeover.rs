//! Kamal and Sextant take over from each other, at any moment.

use fleet::{Kamal, Project};

use crate::deploys::assert_all_answered;
use crate::programs::{self, Run};
use crate::scene::{self, Scene};

#[test]
fn sextant_takes_over_from_kamal_and_kamal_from_sextant() {
    let Some(scene) = Scene::bare() else { return };
    let kamal = match Kamal::install(&scene.fleet, |_| ()) {
        Ok(kamal) => kamal,
        Err(error) => return scene::skip(&error.to_string()),
    };
    let kamal = |words: &[&str]| -> Run {
        let project: &Project = &scene.project;
        programs::run(kamal.command(&scene.fleet).args(words).current_dir(project.path()))
    };
    let first = scene.commit("by-kamal");
    kamal(&["setup"]).succeeded();
    scene.assert_serves(&first.name);

    let second = scene.commit("by-sextant");
    let load = scene.fleet.load("/version");
    scene.sextant(&["deploy"]).succeeded();
    assert_all_answered(&load.finish());
    scene.assert_serves(&second.name);
    let version = kamal(&["app", "version"]).succeeded().telling(&[&second.commit]);
    assert!(!version.said().contains(&first.commit), "{}", version.said());

    scene.sextant(&["lock", "acquire", "--message", "sextant holds it"]).succeeded();
    kamal(&["lock", "status"]).succeeded().telling(&["Fleet Operator", "sextant holds it"]);
    assert_ne!(kamal(&["deploy", "--skip-push"]).code, Some(0), "kamal deployed over a lock that sextant holds");
    kamal(&["lock", "release"]).succeeded();
    scene.assert_no_lock();
    kamal(&["lock", "acquire", "--message", "kamal holds it"]).succeeded();
    scene.sextant(&["lock", "status"]).succeeded().telling(&["Fleet Operator", "kamal holds it"]);
    scene.sextant(&["app", "stop"]).ended_with(1).telling(&["kamal holds it"]);
    scene.sextant(&["lock", "release"]).succeeded();

    let third = scene.commit("by-kamal-again");
    let load = scene.fleet.load("/version");
    kamal(&["deploy"]).succeeded();
    assert_all_answered(&load.finish());
    scene.assert_serves(&third.name);
    scene.sextant(&["app", "version"]).succeeded().telling(&[&third.commit]);

    kamal(&["rollback", &second.commit]).succeeded();
    scene.assert_serves(&second.name);
    kamal(&["app", "version"]).succeeded().telling(&[&second.commit]);
    scene.sextant(&["app", "version"]).succeeded().telling(&[&second.commit]);
    scene.sextant(&["rollback", &first.commit]).succeeded();
    scene.assert_serves(&first.name);
    scene.assert_no_lock();
    scene.leave(&first);
}

#[test]
fn kamal_and_sextant_take_turns_at_accessories_maintenance_proxies_and_removal() {
    let Some(scene) = Scene::bare() else { return };
    let kamal = match Kamal::install(&scene.fleet, |_| ()) {
        Ok(kamal) => kamal,
        Err(error) => return scene::skip(&error.to_string()),
    };
    let kamal = |words: &[&str]| {
        let project: &Project = &scene.project;
        programs::run(kamal.command(&scene.fleet).args(words).current_dir(project.path())).succeeded();
    };
    let sextant = |words: &[&str]| {
        scene.sextant(words).succeeded();
    };
    type Program<'a> = &'a dyn Fn(&[&str]);
    let turns: [(Program<'_>, Program<'_>); 2] = [(&kamal, &sextant), (&sextant, &kamal)];
    for (one, other) in turns {
        scene.fleet.reset().expect("the fleet can be reset");
        let version = scene.commit("in-turns");
        one(&["setup"]);
        scene.assert_serves(&version.name);
        other(&["accessory", "reboot", "store"]);
        assert_stored(&scene);
        one(&["accessory", "stop", "store"]);
        other(&["accessory", "start", "store"]);
        assert_stored(&scene);
        one(&["accessory", "reboot", "store"]);
        assert_stored(&scene);

        one(&["app", "maintenance"]);
        assert_closed(&scene);
        other(&["app", "live"]);
        scene.assert_serves(&version.name);

        one(&["app", "stop"]);
        other(&["app", "start", "--version", &version.commit]);
        scene.assert_serves(&version.name);
        other(&["proxy", "reboot", "-y"]);
        scene.assert_serves(&version.name);

        let next = scene.commit("in-turns-again");
        other(&["deploy"]);
        one(&["rollback", &version.commit]);
        scene.assert_serves(&version.name);
        other(&["rollback", &next.commit]);
        scene.assert_serves(&next.name);
        one(&["prune", "all"]);
        scene.assert_no_lock();

        other(&["remove", "-y"]);
        for host in scene.fleet.hosts() {
            assert_eq!(host.sh("docker ps --all --quiet").unwrap(), "", "containers are left on {}", host.address);
        }
    }
}

/// Panics unless the accessory runs, once.
#[track_caller]
fn assert_stored(scene: &Scene) {
    let names = scene.fleet.accessory_host().sh("docker ps --format '{{.Names}}'").unwrap();
    assert_eq!(names, "sample-store");
}

/// Panics unless both app hosts say that they are closed.
#[track_caller]
fn assert_closed(scene: &Scene) {
    for host in scene.fleet.app_hosts() {
        let answer = host.get("/version").expect_err("maintenance answers with an error");
        assert!(answer.contains("503"), "{} answers {answer}", host.address);
    }
}
