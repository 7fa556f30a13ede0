//! Plugins of the project's own take part in a deploy on real hosts, and one that misbehaves ends it before anything is touched.

use std::path::Path;

use manifest::Manifest;

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
        ("opens_sockets", "plugin `guest` cannot be loaded: it asks for `wasi:sockets/"),
        ("recurses", "plugin `guest` ran into a limit in `tag`: 512 KiB of stack"),
        ("hoards_handles", "plugin `guest` ran into a limit in `tag`: 10000 handles"),
        ("calls_on", "plugin `guest` ran into a limit in `tag`: 100000 calls of the host"),
        ("lists", "plugin `guest` ran into a limit in `tag`: 4194304 bytes in one call of the host"),
        ("floods", "plugin `guest` ran into a limit in `tag`: 1000 steps"),
        ("climbs", "plugin `guest`"),
        ("takes_program", "plugin `guest` is not granted the program `curl`"),
        ("takes_secret", "plugin `guest` is not granted the secret `RAILS_MASTER_KEY`"),
    ];
    let before = Traces::of(&scene.fleet);
    for (name, expected) in expectations {
        let project = std::fs::read_to_string(scene.project.path().join("config/deploy.yml")).unwrap();
        let plain = project.split("x-plugins:").next().unwrap_or_default().to_string();
        // Calling the host so often takes a busy machine longer than a plugin has.
        let limits = if name == "calls_on" { ", limits: { time: 60s }" } else { "" };
        let plugins = format!("{plain}x-plugins:\n  guest: {{ source: '{}'{limits} }}\n", guest(&scene, name));
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

    let said = format!("put {} together and push it  ok", scene.image(&version.commit[..7]));
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

#[test]
fn a_plugin_is_pushed_to_the_registry_pinned_on_a_clean_machine_and_takes_part_in_a_deploy() {
    let Some(scene) = Scene::deployed() else { return };
    let address = scene.fleet.registry().address.clone();
    let server = format!("{}:*", address.split(':').next().unwrap_or_default());
    let source = format!("oci://{address}/acme/login:1");
    scene.sextant(&["registry", "login", "--skip-remote"]).succeeded();
    scene.sextant(&["plugin", "keygen", "acme"]).succeeded();
    push(&scene, "1.0.0", "", &source, "acme.key");
    give(
        &scene,
        &format!("x-plugins:\n  login: {{ source: '{source}', key: acme.pub, match: {{ registry: '{server}' }} }}\n"),
        "driver: docker",
    );

    // What is not pinned is not used.
    let refused = |reason: &str| {
        let run = scene.sextant(&["deploy", "-P", "--version", &scene.serving.commit]);
        assert_eq!(run.code, Some(1), "{reason}: {}", run.stderr);
        assert!(run.stderr.contains(reason), "`{reason}` was not said:\n{}", run.stderr);
    };
    let before = Traces::of(&scene.fleet);
    refused("plugin `login` is not in sextant.lock");
    before.assert_untouched();

    scene.sextant(&["plugin", "add", &source, "--name", "login", "--key", "acme.pub"]).succeeded();
    let run = scene.sextant(&["deploy", "-P", "--version", &scene.serving.commit]).succeeded();
    let said = "log in the third party's way  ok";
    assert!(run.stderr.contains(said), "`{said}` was not said:\n{}", run.stderr);

    // Another signer, and more capabilities under the same tag: neither is pinned without a yes.
    let before = Traces::of(&scene.fleet);
    push(&scene, "1.1.0", "network = [\"*.example.com:443\"]", &source, "acme.key");
    let update = scene.sextant(&["plugin", "update", "login"]);
    assert_eq!(update.code, Some(1), "{}", update.stderr);
    let told = format!("{}{}", update.stdout, update.stderr);
    assert!(told.contains("  + network *.example.com:443\n"), "{told}");
    scene.sextant(&["plugin", "keygen", "other"]).succeeded();
    push(&scene, "1.2.0", "", &source, "other.key");
    let update = scene.sextant(&["plugin", "update", "login", "--yes"]);
    assert_eq!(update.code, Some(1), "{}{}", update.stdout, update.stderr);

    let lock = std::fs::read_to_string(scene.project.path().join("sextant.lock")).expect("the lock was written");
    let digest = lock.split('"').find(|word| word.starts_with("sha256:")).expect("it holds a digest").to_string();
    scene.project.write(".sextant/revoked", &format!("{digest} its author lost the key\n")).unwrap();
    refused("its author lost the key");
    before.assert_untouched();
    scene.assert_no_lock();
    // What was done before the digest was revoked is planned again.
    std::fs::remove_file(scene.project.path().join(".sextant/revoked")).expect("it was written");
    scene.leave_as_found();
}

/// Pushes a login of that version, which asks for so much.
fn push(scene: &Scene, version: &str, asks: &str, source: &str, key: &str) {
    let manifest = format!("name = \"login\"\nversion = \"{version}\"\n[capabilities]\n{asks}\n");
    let manifest = Manifest::parse(&manifest).expect("the manifest is valid");
    let guest = std::fs::read(Path::new(env!("GUESTS")).join("third_party_login.wasm")).expect("the guest was built");
    let component = manifest.embed(&guest).expect("it can be embedded");
    std::fs::write(scene.project.path().join("login.wasm"), component).expect("the project can be written");
    scene.sextant(&["plugin", "push", "login.wasm", source, "--sign", key]).succeeded();
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
