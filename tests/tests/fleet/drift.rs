//! What is done to hosts by hand is told, and telling it changes nothing.

use crate::scene::Scene;
use crate::traces::Traces;

#[test]
fn what_is_done_by_hand_is_told_as_drift_and_nothing_is_touched() {
    let Some(scene) = Scene::deployed() else { return };
    scene.sextant(&["drift"]).succeeded().telling(&["Nothing differs from the configuration."]);
    let plan = scene.sextant(&["plan", "redeploy", "--skip-push", "--version", &scene.serving.commit]).succeeded();
    plan.telling(&["this version already runs with these settings"]);

    let [first, second] = scene.fleet.app_hosts() else { panic!("two app hosts") };
    let store = scene.fleet.accessory_host();
    let (commit, image) = (&scene.serving.commit, scene.image(&scene.serving.commit));
    let labels = "--label service=sample --label destination=";
    first.sh(&format!("docker rm --force sample-web-{commit}")).expect("the container can be removed");
    let orphan = format!("docker run --detach --name sample-cron-{commit} {labels} --label role=cron {image}");
    second.sh(&orphan).expect("an orphan starts");
    let again = format!("docker run --detach --name sample-store --network kamal --label service=sample-store {image}");
    store
        .sh(&format!("docker rm --force sample-store && docker pull --quiet {image} && {again}"))
        .expect("another image");

    let traces = Traces::of(&scene.fleet);
    scene.sextant(&["drift"]).ended_with(3).telling(&[
        "web: has no container",
        &format!("sample-cron-{commit}").replace(commit.as_str(), &commit[..7]),
        "runs for the role cron, which the configuration does not have",
        "accessory store: runs ",
        "and the configuration says ",
        "port 6000:80 is new",
    ]);
    scene
        .sextant(&["drift", "--hosts", &second.address.to_string(), "--output", "json"])
        .ended_with(3)
        .telling(&["\"orphan\""]);
    scene.sextant(&["plan", "--skip-push", "--version", commit]).succeeded().telling(&[
        "Against what runs now",
        "nothing → ",
        "`sextant accessory reboot store` does not",
    ]);
    traces.assert_untouched();
}
