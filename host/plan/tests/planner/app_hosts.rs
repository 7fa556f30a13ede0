//! A host with accessories alone takes part in the lock, the network and pruning, and never sees the app's image.

use commands::docker::Container;
use expect_test::expect;
use plan::{AccessoryAct, Action, Intent};

use crate::rig::{Double, LARGE, bare, facts, large_facts, planned, run, told};

const ALL: Intent = Intent::Deploy { skip_push: true };

#[test]
fn tag_is_asked_once_per_app_host_after_every_boot_and_never_for_an_accessory_host() {
    let hooks = Double::default();
    planned(run(LARGE, ALL), large_facts(), &hooks).unwrap();
    expect![[r#"
        pre-login Hosts
        boot web 10.0.0.1
        boot job 10.0.0.1
        boot web 10.0.0.2
        boot job 10.0.0.3
        tag 10.0.0.1
        tag 10.0.0.2
        tag 10.0.0.3
    "#]]
    .assert_eq(&hooks.calls());
}

#[test]
fn an_accessory_host_neither_logs_in_nor_pulls_nor_boots_nor_tags_but_prunes() {
    let plan = planned(run(LARGE, ALL), large_facts(), &Double::default()).unwrap();
    expect![[r#"
        note: kamal-proxy runs already on 10.0.0.1, 10.0.0.2
        Pull the image
          10.0.0.1: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
          10.0.0.2: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
          10.0.0.3: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.9
        Boot the app
          10.0.0.1: web decides: start app-web-v2, route | then stop app-web-v1 | or undo
          10.0.0.1: job waits: start app-job-v2, route | then stop app-job-v1 | or undo
          10.0.0.2: web decides: start app-web-v2, route | then stop app-web-v1 | or undo
          10.0.0.3: job waits: start app-job-v2, route | then stop app-job-v1 | or undo
        Tag the image and clean up
          10.0.0.1: tag, remove stopped containers but the newest 5, remove images that no container uses
          10.0.0.2: tag, remove stopped containers but the newest 5, remove images that no container uses
          10.0.0.3: tag, remove stopped containers but the newest 5, remove images that no container uses
          10.0.0.9: remove stopped containers but the newest 5, remove images that no container uses
    "#]]
    .assert_eq(&told(&plan));
}

#[test]
fn a_fresh_accessory_host_gets_the_network_and_its_accessory() {
    let hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.9"].map(|host| (host, bare()));
    let plan = planned(run(LARGE, Intent::Setup { skip_push: true }), facts(&hosts), &Double::default()).unwrap();
    expect![[r#"
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.9
        Pull the image
          10.0.0.1: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
          10.0.0.2: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
          10.0.0.3: log in, pull ghcr.io/acme/app:v2, check that the image carries the service's label
        Start the proxy
          10.0.0.1: create docker's network kamal, make the proxy's directory, start the proxy
          10.0.0.2: create docker's network kamal, make the proxy's directory, start the proxy
          10.0.0.3: create docker's network kamal
          10.0.0.9: create docker's network kamal
        Boot accessory db
          10.0.0.9: log in, write the environment file, start container app-db from mysql:8
        Boot the app
          10.0.0.1: web decides: start app-web-v2, route | or undo
          10.0.0.1: job waits: start app-job-v2, route | or undo
          10.0.0.2: web decides: start app-web-v2, route | or undo
          10.0.0.3: job waits: start app-job-v2, route | or undo
        Tag the image and clean up
          10.0.0.1: tag, remove stopped containers but the newest 5, remove images that no container uses
          10.0.0.2: tag, remove stopped containers but the newest 5, remove images that no container uses
          10.0.0.3: tag, remove stopped containers but the newest 5, remove images that no container uses
          10.0.0.9: remove stopped containers but the newest 5, remove images that no container uses
    "#]]
    .assert_eq(&told(&plan));
}

#[test]
fn a_plugin_that_brings_the_apps_image_to_an_accessory_host_is_refused() {
    let check = |action: Action| {
        let hooks = Double { login_also: Some(action), ..Double::default() };
        let hosts = facts(&[("10.0.0.9", bare())]);
        planned(run(LARGE, Intent::Accessory(AccessoryAct::Boot, None)), hosts, &hooks).unwrap_err().to_string()
    };
    let expected = "the plan breaks a rule: host 10.0.0.9 has no app role, the app's image has no business there (step 2: and more)";
    assert_eq!(check(Action::Pull { image: "ghcr.io/acme/app:v2".into() }), expected);
    assert_eq!(check(Action::Tag { image: "ghcr.io/acme/app:v2".into(), name: "other:v2".into() }), expected);
    let container = Container { image: "ghcr.io/acme/app:v2".into(), ..Container::default() };
    assert_eq!(check(Action::StartContainer(container)), expected);
}

#[test]
fn a_plugin_may_pull_other_images_there() {
    let hooks = Double { login_also: Some(Action::Pull { image: "mysql:8".into() }), ..Double::default() };
    planned(run(LARGE, Intent::Accessory(AccessoryAct::Boot, None)), facts(&[("10.0.0.9", bare())]), &hooks).unwrap();
}
