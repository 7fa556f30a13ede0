//! Images without docker on the operator's machine: examples build them, the host pushes them, and nobody else sees the registry's login.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "the-registrys-own-password";

/// A project, a registry that asks for a password, and a PATH without docker.
struct Scene {
    folder: TempDir,
    server: String,
    registry: Child,
}

impl Scene {
    /// Says why the test cannot run, if so. With `SEXTANT_NO_SKIP=1` that is a failure.
    #[allow(clippy::print_stderr)]
    fn with(plugin: &str, programs: &[&str]) -> Option<Self> {
        let own = ["docker-registry", "htpasswd"].map(|program| ("/usr/bin", program));
        let missing = own.into_iter().chain(programs.iter().map(|program| ("/usr/bin", *program)));
        if let Some(program) = missing.map(|(folder, name)| Path::new(folder).join(name)).find(|path| !path.exists()) {
            let may_skip = std::env::var_os("SEXTANT_NO_SKIP").is_none_or(|value| value != "1");
            assert!(may_skip, "SEXTANT_NO_SKIP=1, and {} is not installed", program.display());
            eprintln!("skipped: {} is not installed", program.display());
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let server = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let registry = registry(folder.path(), &server);
        let scene = Self { folder, server, registry };
        scene.write("config/deploy.yml", &deploy_yml(&scene.server, plugin));
        scene.write(".kamal/secrets", &format!("REGISTRY_PASSWORD={PASSWORD}\n"));
        for example in ["oci_image", "buildah"] {
            let component = Path::new(env!("EXAMPLES")).join(example).with_extension("wasm");
            fs::copy(component, scene.project().join(example).with_extension("wasm")).expect("the example was built");
        }
        scene.write("dist/app", "the program");
        scene.write("Dockerfile", "FROM scratch\nCOPY dist/app /app\nENTRYPOINT [\"/app\"]\n");
        let git = |words: &[&str]| {
            let words = [&["-c", "user.name=Dev", "-c", "user.email=dev@example.com"], words].concat();
            let done = Command::new("git").args(words).current_dir(scene.project()).output();
            assert!(done.is_ok_and(|done| done.status.success()));
        };
        git(&["init", "--quiet"]);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message=first"]);
        fs::create_dir(scene.programs()).expect("a folder");
        for entry in ["/bin", "/usr/bin"].iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten() {
            if !entry.file_name().to_string_lossy().starts_with("docker") {
                let _ = symlink(entry.path(), scene.programs().join(entry.file_name())); // the first of a name wins
            }
        }
        Some(scene)
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn programs(&self) -> PathBuf {
        self.folder.path().join("programs")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn sextant(&self, words: &[&str]) -> Output {
        let mut sextant = Command::new(tests::sextant());
        sextant.args(words).current_dir(self.project()).env("PATH", self.programs());
        sextant.env("HOME", self.folder.path()).env_remove("XDG_CACHE_HOME").env_remove("DOCKER_HOST");
        // Where `CI` is set, plugins of the project have to be pinned.
        sextant.env_remove("CI");
        let output = sextant.output().expect("it can be started");
        for text in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(text).contains(PASSWORD), "the password was told");
        }
        output
    }

    /// The manifest's and the configuration's JSON of a tag, as the registry has them.
    fn image(&self, tag: &str) -> (Value, Value) {
        let data = self.folder.path().join("data/docker/registry/v2");
        let link = data.join("repositories/acme/shop/_manifests/tags").join(tag).join("current/link");
        let digest = fs::read_to_string(&link).unwrap_or_else(|error| panic!("{}: {error}", link.display()));
        let blob = |digest: &str| -> Value {
            let hexadecimal = digest.trim_start_matches("sha256:");
            let path = data.join("blobs/sha256").join(&hexadecimal[..2]).join(hexadecimal).join("data");
            serde_json::from_slice(&fs::read(path).expect("the blob is there")).expect("JSON")
        };
        let manifest = blob(&digest);
        let config = blob(manifest["config"]["digest"].as_str().expect("a digest"));
        (manifest, config)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.registry.kill();
        let _ = self.registry.wait();
    }
}

/// Starts Debian's registry, which asks for a password.
fn registry(folder: &Path, server: &str) -> Child {
    let passwords = Command::new("htpasswd").args(["-Bbn", "acme", PASSWORD]).output().expect("htpasswd runs").stdout;
    fs::write(folder.join("htpasswd"), passwords).expect("a file");
    let place = folder.display();
    let configuration = format!(
        "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {place}/data }} }}\n\
         http: {{ addr: '{server}' }}\nauth: {{ htpasswd: {{ realm: test, path: {place}/htpasswd }} }}\n"
    );
    fs::write(folder.join("registry.yml"), configuration).expect("a file");
    let mut serve = Command::new("docker-registry");
    serve.arg("serve").arg(folder.join("registry.yml")).stdout(Stdio::null()).stderr(Stdio::null());
    let registry = serve.spawn().expect("it can be started");
    let begin = Instant::now();
    while TcpStream::connect(server).is_err() {
        assert!(begin.elapsed() < Duration::from_secs(20), "the registry does not answer");
        std::thread::yield_now();
    }
    registry
}

fn deploy_yml(server: &str, plugin: &str) -> String {
    format!(
        "service: shop\nimage: acme/shop\nservers: [10.0.0.1]\n\
         registry: {{ server: '{server}', username: acme, password: [REGISTRY_PASSWORD] }}\n\
         builder: {{ arch: amd64 }}\nx-plugins:\n  image: {{ {plugin} }}\n"
    )
}

fn example(name: &str, more: &str) -> String {
    format!("source: {name}.wasm, {more}")
}

fn succeeded(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stdout));
    text
}

const FILES: &str = "with: { files: { dist/app: /app }, entrypoint: [/app], port: 3000, environment: { LANG: C } }";

#[test]
fn an_image_of_files_is_pushed_without_docker() {
    let Some(scene) = Scene::with(&example("oci_image", FILES), &[]) else { return };
    succeeded(&scene.sextant(&["build", "push", "--version", "v1"]));
    let (manifest, config) = scene.image("v1");
    assert_eq!(scene.image("latest").0, manifest);
    assert_eq!(
        config["config"],
        json!({
            "Entrypoint": ["/app"], "Env": ["LANG=C"], "ExposedPorts": { "3000/tcp": {} }, "Labels": { "service": "shop" },
        })
    );
    // The same files are the same image.
    succeeded(&scene.sextant(&["build", "push", "--version", "v2"]));
    assert_eq!(scene.image("v2").0, manifest);
}

#[test]
fn a_plan_shows_what_is_published_and_does_nothing() {
    let Some(scene) = Scene::with(&example("oci_image", FILES), &[]) else { return };
    let output = scene.sextant(&["build", "push", "--version", "v1", "--dry-run", "--output", "json"]);
    succeeded(&output);
    let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let steps = &plan["prepare"][0]["tracks"][0]["blocks"][0]["start"];
    let image = format!("{}/acme/shop", scene.server);
    let action = json!({
        "kind": "publish",
        "image": {
            "names": [format!("{image}:v1"), format!("{image}:latest")], "platform": "linux/amd64",
            "files": [{ "source": "dist/app", "path": "/app" }], "entrypoint": ["/app"], "command": [],
            "environment": [["LANG", "C"]], "ports": [3000], "labels": [["service", "shop"]],
        },
        "login": {
            "kind": "login", "server": scene.server, "username": { "clear": "acme" }, "password": "REGISTRY_PASSWORD",
        },
    });
    assert_eq!((steps.as_array().map(Vec::len), &steps[0]["action"]), (Some(1), &action), "{plan:#}");
    assert!(!scene.folder.path().join("data").exists(), "something was pushed");
}

#[test]
fn what_is_missing_is_told_with_its_path() {
    let Some(scene) = Scene::with(&example("oci_image", "with: { files: { dist/none: /app } }"), &[]) else { return };
    let output = scene.sextant(&["build", "push", "--version", "v1"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let missing = scene.project().join("dist/none");
    assert!(said.contains(&format!("failed to read {}: No such file or directory", missing.display())), "{said}");
    assert!(!scene.folder.path().join("data").exists(), "something was pushed");
}

#[test]
fn a_wrong_password_is_told_and_nothing_is_pushed() {
    let Some(scene) = Scene::with(&example("oci_image", FILES), &[]) else { return };
    scene.write(".kamal/secrets", "REGISTRY_PASSWORD=another\n");
    let output = scene.sextant(&["build", "push", "--version", "v1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&format!("{} refuses the login", scene.server)), "{said}");
}

#[test]
fn buildah_builds_without_ever_seeing_the_registrys_login() {
    let settings = "grants: { programs: [buildah] }, with: { isolation: chroot }";
    let Some(scene) = Scene::with(&example("buildah", settings), &["buildah"]) else { return };
    // Notes what buildah is given, then lets it work in a folder of the test's own.
    let (noted, storage) = (scene.folder.path().join("noted"), scene.folder.path().join("storage"));
    let wrapper = format!(
        "#!/bin/sh\n{{ echo \"$@\"; env; cat \"$HOME\"/.docker/config.json 2>/dev/null; }} >> {}\n\
         exec /usr/bin/buildah --root {1}/root --runroot {1}/run --storage-driver vfs \"$@\"\n",
        noted.display(),
        storage.display()
    );
    fs::remove_file(scene.programs().join("buildah")).expect("it was linked");
    fs::write(scene.programs().join("buildah"), wrapper).expect("a file");
    fs::set_permissions(scene.programs().join("buildah"), fs::Permissions::from_mode(0o755)).expect("a mode");
    succeeded(&scene.sextant(&["build", "push", "--version", "v1"]));
    let (manifest, config) = scene.image("v1");
    assert_eq!(scene.image("latest").0, manifest);
    assert_eq!(config["config"]["Entrypoint"], json!(["/app"]));
    assert_eq!(config["config"]["Labels"]["service"], json!("shop"));
    let noted = fs::read_to_string(noted).expect("buildah was run");
    assert!(noted.contains("build --quiet") && noted.contains("oci-archive:tmp/image.tar"), "{noted}");
    assert!(!noted.contains(PASSWORD), "buildah was told the password");
    assert!(!noted.contains("REGISTRY_PASSWORD"), "buildah was told that there is a password");
}

#[test]
fn buildah_that_is_not_granted_is_not_run() {
    let Some(scene) = Scene::with(&example("buildah", ""), &[]) else { return };
    let output = scene.sextant(&["build", "push", "--version", "v1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("plugin `image` is not granted the program `buildah`, which a step of `build` needs"),
        "{said}"
    );
}
