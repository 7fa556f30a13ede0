//! The example `swarm` on a real one: a role is a service that deploys create, update and, if an update fails, roll back.

use std::path::Path;

use fleet::Host;

use crate::scene::Scene;

#[test]
fn a_role_is_deployed_as_a_service_of_a_swarm() {
    let Some(scene) = Scene::bare() else { return };
    let host = &scene.fleet.app_hosts()[0];
    let swarm = Swarm::of_one(host);
    configure(&scene, &host.address, "options: { publish: '80:80' }");

    let first = scene.commit("swarm-first");
    let run = scene.sextant(&["setup"]).succeeded();
    assert!(run.stderr.contains("create service sample-web  ok"), "{}", run.stderr);
    assert_eq!(host.get("/version").as_deref(), Ok(first.name.as_str()));
    assert_eq!(swarm.services(), format!("sample-web {}", scene.image(&first.commit)));

    let second = scene.commit("swarm-second");
    scene.sextant(&["deploy"]).succeeded();
    assert_eq!(host.get("/version").as_deref(), Ok(second.name.as_str()));
    assert_eq!(swarm.services(), format!("sample-web {}", scene.image(&second.commit)));
    // The update took the secret along.
    let variables = host.sh("docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Env}}' sample-web");
    assert!(variables.is_ok_and(|text| text.contains("SAMPLE_TOKEN=")), "the secret has not reached the service");

    let project = std::fs::read_to_string(scene.project.path().join("config/deploy.yml")).unwrap();
    let broken = project.replace("options: { publish: '80:80' }", "options: { publish: '80:80' }\n    cmd: /nowhere");
    scene.project.write("config/deploy.yml", &broken).unwrap();
    scene.commit("swarm-broken");
    let run = scene.sextant(&["deploy"]).ended_with(1);
    assert!(run.stderr.contains("roll service sample-web back  ok"), "{}", run.stderr);
    assert_eq!(host.get("/version").as_deref(), Ok(second.name.as_str()));
    scene.assert_no_lock();
}

/// Gives the project one host and the plugin.
fn configure(scene: &Scene, address: &str, options: &str) {
    let path = scene.project.path().join("config/deploy.yml");
    let project = std::fs::read_to_string(path).unwrap();
    let (before, rest) = project.split_once("  web:\n").expect("the project has the role web");
    let (_, after) = rest.split_once("\n\n").expect("something comes after it");
    let (after, _) = after.split_once("accessories:").expect("it has accessories");
    let plugin = Path::new(env!("EXAMPLES")).join("swarm.wasm");
    std::fs::copy(plugin, scene.project.path().join("swarm.wasm")).expect("the example was built");
    let text = format!(
        "{before}  web:\n    hosts: [{address}]\n    proxy: false\n    {options}\n\n{after}\
         x-plugins:\n  swarm: {{ source: swarm.wasm, grants: {{ programs: [docker, sh] }} }}\n"
    );
    scene.project.write("config/deploy.yml", &text).unwrap();
}

/// A swarm, dissolved when this is dropped: a reset of the fleet knows of none.
struct Swarm<'a>(&'a Host);

impl<'a> Swarm<'a> {
    /// A swarm of one host.
    fn of_one(host: &'a Host) -> Self {
        host.sh(&format!("docker swarm init --advertise-addr {}", host.address)).expect("a swarm can be made");
        Self(host)
    }

    /// Services and their images, without digests.
    fn services(&self) -> String {
        let list = self.0.sh("docker service ls --format '{{.Name}} {{.Image}}'").expect("services can be listed");
        list.lines().map(|line| line.split('@').next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Swarm<'_> {
    fn drop(&mut self) {
        let _ = self.0.sh("docker service rm sample-web; docker swarm leave --force");
    }
}
