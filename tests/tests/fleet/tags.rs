//! The image is tagged `latest` on app hosts only, after every boot.

use fleet::Event;

use crate::operator;
use crate::scene::Scene;
use crate::traces::Traces;

#[test]
fn tag_runs_once_on_each_app_host_after_the_last_boot_of_all_and_nowhere_else() {
    let Some(scene) = Scene::deployed() else { return };
    let latest = scene.image("latest");
    let mut version = scene.commit("tag");
    for words in [&["deploy"][..], &["redeploy"], &["deploy", "--skip-push"]] {
        version = scene.commit("tag");
        if words.contains(&"--skip-push") {
            operator::publish(&scene, &version);
        }
        let traces = Traces::of(&scene.fleet);
        scene.sextant(words).succeeded();

        let events: Vec<Vec<Event>> = scene.fleet.hosts().iter().map(|host| traces.events(host)).collect();
        let (app, accessory) = events.split_at(2);
        let starts = |events: &Vec<Event>| -> Vec<u64> {
            events
                .iter()
                .filter(|event| event.kind == "container" && event.action == "start")
                .map(|event| event.at)
                .collect()
        };
        assert!(app.iter().all(|events| starts(events).len() == 1), "{words:?}: not one boot per app host: {app:#?}");
        let last_start = app.iter().flat_map(starts).max().unwrap_or_default();
        for (host, events) in scene.fleet.app_hosts().iter().zip(app) {
            let tags: Vec<&Event> =
                events.iter().filter(|event| event.kind == "image" && event.action == "tag").collect();
            assert_eq!(tags.len(), 1, "{words:?}: tags on {}: {tags:#?}", host.address);
            assert_eq!(tags[0].name, latest, "{words:?}: the tag on {}", host.address);
            assert!(tags[0].at > last_start, "{words:?}: {} was tagged before every host had booted", host.address);
            let ids = host
                .sh(&format!("docker image inspect --format '{{{{.Id}}}}' {latest} {}", scene.image(&version.commit)));
            let ids = ids.unwrap();
            let (tagged, deployed) = ids.split_once('\n').unwrap();
            assert_eq!(tagged, deployed, "{words:?}: `latest` on {} is another image", host.address);
        }
        let strange: Vec<&Event> =
            accessory[0].iter().filter(|event| matches!(event.action.as_str(), "pull" | "tag")).collect();
        assert!(strange.is_empty(), "{words:?}: the accessory's host was given an image: {strange:#?}");
        let images = scene.fleet.accessory_host().sh("docker images --all --format '{{.Repository}}'").unwrap();
        assert!(!images.contains("fleet/sample") && images.contains("fleet/store"), "{words:?}: its images: {images}");
    }
    scene.leave(&version);
}
