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
