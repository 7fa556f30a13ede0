//! Plugins of the project's own take part in a deploy on real hosts, and one that misbehaves ends it before anything is touched.

use std::path::Path;

use crate::operator;
use crate::scene::Scene;
use crate::traces::Traces;

#[test]
fn third_parties_log_in_and_build() {
    let Some(scene) = Scene::deployed() else { return };
    let server = format!("{}:*", scene.fleet.registry().address.split(':').next().unwrap_or_default());
    let plugins = format!(
        "x-plugins:\n  login: {{ source: '{}', match: {{ registry: '{server}' }} }}\n  \
         build: {{ source: '{}', grants: {{ programs: [docker] }} }}\n",
        guest(&scene, "third_party_login"),
        guest(&scene, "third_party_build"),
    );
    give(&scene, &plugins, "context: .\n  driver: docker");
    let version = scene.commit("third-parties");
    let run = scene.sextant(&["deploy"]).succeeded();
    let said = |line: &str| assert!(run.stderr.contains(line), "`{line}` was not said:\n{}", run.stderr);
    said("log in the third party's way  ok");
    said("build the image the third party's way  ok");
    said(&format!("push {}", scene.image("")));
    scene.assert_serves(&version.name);
    scene.assert_no_lock();
    scene.leave(&version);
}

#[test]
fn a_plugin_that_misbehaves_ends_the_run_before_anything_is_touched() {
    let Some(scene) = Scene::deployed() else { return };
    let expectations = [
        ("loops", "plugin `guest` ran into a limit in `tag`: 2000 ms of time"),
        ("allocates", "plugin `guest` ran into a limit in `tag`: 64 MiB of memory"),
        ("shouts", "plugin `guest` ran into a limit in `tag`: 1048576 bytes of output"),
        ("panics", "plugin `guest` crashed in `tag`: wasm trap: wasm `unreachable` instruction executed"),
        ("reads_files", "plugin `guest` cannot be loaded: it asks for `wasi:filesystem/"),
    ];
    let before = Traces::of(&scene.fleet);
    for (name, expected) in expectations {
        let project = std::fs::read_to_string(scene.project.path().join("config/deploy.yml")).unwrap();
        let plain = project.split("x-plugins:").next().unwrap_or_default().to_string();
        let plugins = format!("{plain}x-plugins:\n  guest: {{ source: '{}' }}\n", guest(&scene, name));
        scene.project.write("config/deploy.yml", &plugins).unwrap();
        let run = scene.sextant(&["deploy", "-P", "--version", &scene.serving.commit]);
        assert_eq!(run.code, Some(1), "{name}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{name}: {}", run.stderr);
    }
    before.assert_untouched();
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn an_image_is_put_together_and_deployed_without_docker_on_the_operators_machine() {
    let Some(scene) = Scene::deployed() else { return };
    let fleet = &scene.fleet;
    let example = taken(&scene, env!("EXAMPLES"), "oci_image");
    let files = "files: { app: /app, version.txt: /version }, command: [/app], workdir: /tmp, port: 80";
    let plugins = format!("x-plugins:\n  image: {{ source: '{example}', with: {{ {files} }} }}\n");
    give(&scene, &plugins, "driver: docker");
    let version = scene.commit("put-together");
    operator::forget_login(fleet);
    let path = operator::path_without_docker(fleet);
    let (traces, asked) = (operator::traces(fleet), fleet.registry_requests().unwrap().len());

    let mut command = scene.sextant_command(&["deploy"]);
    command.env_remove("DOCKER_HOST").env_remove("DOCKER_CONFIG").env("PATH", &path);
    let run = crate::programs::run(&mut command).succeeded();

    let said = format!("put {} together and push it  ok", scene.image(&version.commit));
    assert!(run.stderr.contains(&said), "`{said}` was not said:\n{}", run.stderr);
    scene.assert_serves(&version.name);
    let left: Vec<String> = operator::traces(fleet).difference(&traces).cloned().collect();
    assert!(left.is_empty(), "docker of the operator's machine was used: {left:#?}");
    let requests = fleet.registry_requests().unwrap().split_off(asked);
    for tag in [version.commit.as_str(), "latest"] {
        let manifest = format!("/v2/fleet/sample/manifests/{tag}");
        let pushed = |request: &fleet::RegistryRequest| request.method == "PUT" && request.path == manifest;
        assert!(requests.iter().any(pushed), "{tag} was not pushed: {requests:#?}");
    }
    scene.leave(&version);
}

/// Adds to the project's configuration, and to its builder.
fn give(scene: &Scene, plugins: &str, builder: &str) {
    scene.project.replace("config/deploy.yml", "driver: docker", builder).unwrap();
    let project = std::fs::read_to_string(scene.project.path().join("config/deploy.yml")).unwrap();
    scene.project.write("config/deploy.yml", &format!("{project}\n{plugins}")).unwrap();
}

/// A guest as a file of the project, where it is taken without being pinned.
fn guest(scene: &Scene, name: &str) -> String {
    taken(scene, env!("GUESTS"), name)
}

fn taken(scene: &Scene, folder: &str, name: &str) -> String {
    let file = format!("{name}.wasm");
    std::fs::copy(Path::new(folder).join(&file), scene.project.path().join(&file)).expect("the plugin was built");
    file
}
