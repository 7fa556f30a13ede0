//! `--skip-push` needs no docker on the operator's machine, while the hosts still log in and pull.

use std::collections::BTreeSet;

use crate::operator;
use crate::scene::Scene;

#[test]
fn deploy_skip_push_needs_no_docker_here_while_the_hosts_log_in_and_pull() {
    without_docker("deploy");
}

#[test]
fn redeploy_skip_push_needs_no_docker_here_while_the_hosts_log_in_and_pull() {
    without_docker("redeploy");
}

fn without_docker(subcommand: &str) {
    let Some(scene) = Scene::deployed() else { return };
    let fleet = &scene.fleet;
    let version = scene.commit(subcommand);
    operator::publish(&scene, &version);
    fleet.hosts().iter().for_each(|host| host.forget_login().unwrap());
    operator::forget_login(fleet);
    let path = operator::path_without_docker(fleet);
    let (traces, asked) = (operator::traces(fleet), fleet.registry_requests().unwrap().len());

    let mut command = scene.sextant_command(&[subcommand, "--skip-push"]);
    command.env_remove("DOCKER_HOST").env_remove("DOCKER_CONFIG").env("PATH", &path);
    assert!(!path.join("docker").exists() && path.join("ssh").exists(), "the PATH is not what this test is about");
    crate::programs::run(&mut command).succeeded();

    scene.assert_serves(&version.name);
    let left: Vec<String> = operator::traces(fleet).difference(&traces).cloned().collect();
    assert!(left.is_empty(), "something was logged in to or built on the operator's machine: {left:#?}");
    let requests = fleet.registry_requests().unwrap().split_off(asked);
    assert!(!requests.iter().any(|request| request.pushes()), "something was pushed: {requests:#?}");
    let clients: BTreeSet<&str> = requests.iter().map(|request| request.client.as_str()).collect();
    assert_eq!(clients, BTreeSet::from(fleet::APP_HOSTS), "others than the app hosts asked the registry");
    let manifest = format!("/v2/fleet/sample/manifests/{}", version.commit);
    for host in fleet.app_hosts() {
        let pulled = |r: &&fleet::RegistryRequest| r.client == host.address && r.path == manifest && r.status == 200;
        assert!(requests.iter().any(|request| pulled(&request)), "{} did not pull", host.address);
        let login = host.sh("cat ~/.docker/config.json").expect("the host logged in");
        assert!(login.contains(&fleet.registry().address), "{} is logged in elsewhere: {login}", host.address);
    }
    scene.leave(&version);
}
