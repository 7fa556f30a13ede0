//! Images from files, into a registry and out of it again.

mod rig;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use expect_test::expect;
use oci::Publisher;
use plan::{AssembledFile, ImageAssembly};
use rig::{Open, Private, image, layer, run};
use serde_json::{Value, json};

fn write(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A project with a program, a folder and secrets.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("dist/app"), "the program", 0o755);
    write(&folder.path().join("public/index.html"), "hello", 0o640);
    write(&folder.path().join("public/deep/er.txt"), "deep", 0o644);
    symlink("index.html", folder.path().join("public/start.html")).unwrap();
    write(&folder.path().join(".kamal/secrets"), "PASSWORD=hunter2", 0o600);
    write(&folder.path().join(".git/config"), "[core]", 0o644);
    folder
}

fn file(source: &str, path: &str, mode: Option<u32>) -> AssembledFile {
    AssembledFile { source: source.to_string(), path: path.to_string(), mode }
}

fn assembly(server: &str, files: Vec<AssembledFile>) -> ImageAssembly {
    ImageAssembly {
        names: ["v1", "latest"].map(|tag| format!("{server}/acme/app:{tag}")).to_vec(),
        platform: "linux/amd64".to_string(),
        files,
        entrypoint: vec!["/app".to_string()],
        labels: vec![("service".to_string(), "app".to_string())],
        ..ImageAssembly::default()
    }
}

#[tokio::test]
async fn files_become_an_image_under_every_name() {
    let (open, project) = (Open::start().await, project());
    let files =
        vec![file("dist/app", "/app", None), file("public", "/var/www", Some(0o644)), file("dist/app", "/tmp/x", None)];
    let mut assembly = assembly(&open.server, files);
    assembly.command = vec!["--port".to_string(), "80".to_string()];
    assembly.environment = vec![("PORT".to_string(), "80".to_string())];
    assembly.working_directory = Some("/var/www".to_string());
    assembly.user = Some("1000:1000".to_string());
    assembly.ports = vec![80];
    let published = open.publisher(project.path()).publish(&assembly).await.unwrap();
    let registry = open.registry();
    for name in &assembly.names {
        let (manifest, config) = image(&registry, name).await;
        let diff_id = &config["rootfs"]["diff_ids"][0];
        let expected = json!({
            "created": "1970-01-01T00:00:00Z", "os": "linux", "architecture": "amd64",
            "config": {
                "User": "1000:1000", "WorkingDir": "/var/www", "Entrypoint": ["/app"], "Cmd": ["--port", "80"],
                "Env": ["PORT=80"], "ExposedPorts": { "80/tcp": {} }, "Labels": { "service": "app" },
            },
            "rootfs": { "type": "layers", "diff_ids": [diff_id] },
            "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "sextant" }],
        });
        assert_eq!(config, expected);
        assert_eq!(oci::digest(manifest.to_string().as_bytes()), published.digest);
    }
    expect![[r#"
        755 0 0 app the program
        1777 0 0 tmp/
        755 0 0 tmp/x the program
        755 0 0 var/
        755 0 0 var/www/
        755 0 0 var/www/deep/
        644 0 0 var/www/deep/er.txt deep
        644 0 0 var/www/index.html hello
        777 0 0 var/www/start.html -> index.html
    "#]]
    .assert_eq(&layer(&registry, &assembly.names[0], 0).await);
}

#[tokio::test]
async fn the_same_files_give_the_same_image_and_are_not_sent_again() {
    let open = Open::start().await;
    let mut digests = Vec::new();
    for _ in 0..2 {
        let project = project();
        let assembly = assembly(&open.server, vec![file("public", "/www", None), file("dist/app", "/app", None)]);
        digests.push(open.publisher(project.path()).publish(&assembly).await.unwrap());
    }
    assert_eq!(digests[0].digest, digests[1].digest);
    assert!(digests[0].sent > 0 && digests[1].sent == 0, "{digests:?}");
}

#[tokio::test]
async fn a_whole_project_comes_without_its_secrets_and_its_history() {
    let (open, project) = (Open::start().await, project());
    let assembly = assembly(&open.server, vec![file(".", "/", None)]);
    open.publisher(project.path()).publish(&assembly).await.unwrap();
    expect![[r#"
        755 0 0 dist/
        755 0 0 dist/app the program
        755 0 0 public/
        755 0 0 public/deep/
        644 0 0 public/deep/er.txt deep
        640 0 0 public/index.html hello
        777 0 0 public/start.html -> index.html
    "#]]
    .assert_eq(&layer(&open.registry(), &assembly.names[0], 0).await);
}

#[tokio::test]
async fn what_leads_out_of_the_project_or_to_its_secrets_is_refused() {
    let (open, project) = (Open::start().await, project());
    let outside = tempfile::tempdir().unwrap();
    write(&outside.path().join("secret"), "of another", 0o600);
    symlink(outside.path().join("secret"), project.path().join("link")).unwrap();
    symlink(project.path().join(".kamal/secrets"), project.path().join("inner")).unwrap();
    let publisher = open.publisher(project.path());
    for (source, reason) in [
        ("link", "it leads out of the project"),
        ("../secret", "No such file or directory (os error 2)"),
        ("inner", "it is where secrets are, which no image gets"),
        ("missing", "No such file or directory (os error 2)"),
    ] {
        let expected = format!("read {}: {reason}", project.path().join(source).display());
        let error = publisher.publish(&assembly(&open.server, vec![file(source, "/x", None)])).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        let names = [format!("{}/acme/app:v1", open.server)];
        assert_eq!(publisher.publish_files(source, &names, &[]).await.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn an_image_begins_as_its_base_without_a_detour() {
    let (open, project) = (Open::start().await, project());
    let publisher = open.publisher(project.path());
    let mut base = assembly(&open.server, vec![file("public", "/www", None)]);
    base.names = vec![format!("{}/acme/base:1", open.server)];
    (base.entrypoint, base.command) = (vec!["/old".to_string()], vec!["old".to_string()]);
    base.environment = vec![("KEPT".to_string(), "1".to_string()), ("CHANGED".to_string(), "1".to_string())];
    publisher.publish(&base).await.unwrap();
    let mut own = assembly(&open.server, vec![file("dist/app", "/app", None)]);
    own.base = Some(base.names[0].clone());
    own.environment = vec![("CHANGED".to_string(), "2".to_string())];
    publisher.publish(&own).await.unwrap();
    let (manifest, config) = image(&open.registry(), &own.names[0]).await;
    assert_eq!(config["config"]["Env"], json!(["KEPT=1", "CHANGED=2"]));
    assert_eq!((&config["config"]["Entrypoint"], &config["config"]["Cmd"]), (&json!(["/app"]), &Value::Null));
    assert_eq!(
        (manifest["layers"].as_array().unwrap().len(), config["rootfs"]["diff_ids"].as_array().unwrap().len()),
        (2, 2)
    );
    assert!(layer(&open.registry(), &own.names[0], 0).await.contains("www/index.html"));
    own.platform = "linux/arm64".to_string();
    let error = publisher.publish(&own).await.unwrap_err();
    assert_eq!(error.to_string(), format!("pull {}: it is for linux/amd64, not for linux/arm64", base.names[0]));
}

#[tokio::test]
async fn a_base_of_another_registry_is_copied() {
    let Some(private) = Private::start(true) else { return };
    let (open, project) = (Open::start().await, project());
    let mut base = assembly(&open.server, vec![file("public", "/www", None)]);
    base.names.truncate(1);
    open.publisher(project.path()).publish(&base).await.unwrap();
    let login = private.login("the-registrys-password");
    let publisher = Publisher {
        project: project.path().to_path_buf(),
        login: Some((private.server.clone(), login.clone())),
        trust: private.trust(),
    };
    let mut own = assembly(&private.server, vec![file("dist/app", "/app", None)]);
    own.base = Some(base.names[0].clone());
    publisher.publish(&own).await.unwrap();
    let registry = private.registry(Some(&login)).unwrap();
    assert!(layer(&registry, &own.names[0], 0).await.contains("www/index.html"));
    assert!(layer(&registry, &own.names[1], 1).await.contains("app the program"));
}

/// An OCI layout with one image, whose layer is one file.
fn layout(folder: &Path) -> Value {
    let blob = |bytes: &[u8]| {
        let digest = oci::digest(bytes);
        write(&folder.join("blobs/sha256").join(&digest[7..]), "", 0o644);
        fs::write(folder.join("blobs/sha256").join(&digest[7..]), bytes).unwrap();
        json!({ "digest": digest, "size": bytes.len() })
    };
    let with = |mut descriptor: Value, media_type: &str| {
        descriptor["mediaType"] = media_type.into();
        descriptor
    };
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o644);
    archive.append_data(&mut header, "hello", &b"hello"[..]).unwrap();
    let tar = archive.into_inner().unwrap();
    let config = json!({ "os": "linux", "architecture": "amd64", "rootfs": { "type": "layers", "diff_ids": [oci::digest(&tar)] } });
    let config = with(blob(config.to_string().as_bytes()), "application/vnd.oci.image.config.v1+json");
    let layer = with(blob(&tar), "application/vnd.oci.image.layer.v1.tar");
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [layer] });
    let manifest = with(blob(manifest.to_string().as_bytes()), "application/vnd.oci.image.manifest.v1+json");
    write(&folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#, 0o644);
    write(&folder.join("index.json"), &json!({ "schemaVersion": 2, "manifests": [manifest] }).to_string(), 0o644);
    manifest
}

async fn publish_files(registry: &Open, project: &Path, path: &str) -> Result<(Value, Value), String> {
    let names = [format!("{}/acme/app:v1", registry.server)];
    let labels = [("service".to_string(), "app".to_string())];
    let published = registry.publisher(project).publish_files(path, &names, &labels).await;
    let published = published.map_err(|error| error.to_string())?;
    let name = format!("{}/acme/app@{}", registry.server, published.digest);
    Ok(image(&registry.registry(), &name).await)
}

#[tokio::test]
async fn a_layout_is_pushed_as_folder_as_archive_and_compressed() {
    let (open, project) = (Open::start().await, project());
    let layout_of = project.path().join("result");
    let original = layout(&layout_of);
    let place = project.path().display().to_string();
    run("tar", &["-C", &format!("{place}/result"), "-cf", &format!("{place}/result.tar"), "."]);
    run("tar", &["-C", &format!("{place}/result"), "-czf", &format!("{place}/result.tar.gz"), "."]);
    let mut images = Vec::new();
    for path in ["result", "result.tar", "result.tar.gz"] {
        let (manifest, config) = publish_files(&open, project.path(), path).await.unwrap();
        assert_eq!(config["config"]["Labels"], json!({ "service": "app" }), "{path}");
        images.push((manifest, config));
    }
    assert!(images.iter().all(|image| *image == images[0]));
    // One that has the label stays as it is, to the byte.
    let names = [format!("{}/acme/app:as-it-is", open.server)];
    let published = open.publisher(project.path()).publish_files("result", &names, &[]).await.unwrap();
    assert_eq!(Some(published.digest.as_str()), original["digest"].as_str());
}

#[tokio::test]
async fn a_layout_with_an_image_per_platform_stays_one() {
    let (open, project) = (Open::start().await, project());
    let mut manifest = layout(&project.path().join("result"));
    manifest["platform"] = json!({ "os": "linux", "architecture": "amd64" });
    let mut other = manifest.clone();
    other["platform"]["architecture"] = "arm64".into();
    let index = json!({ "schemaVersion": 2, "manifests": [manifest, other] });
    fs::write(project.path().join("result/index.json"), index.to_string()).unwrap();
    let (index, _) = publish_files(&open, project.path(), "result").await.unwrap();
    let platforms: Vec<&Value> =
        index["manifests"].as_array().unwrap().iter().map(|entry| &entry["platform"]["architecture"]).collect();
    assert_eq!(platforms, ["amd64", "arm64"]);
    let child = format!("{}/acme/app@{}", open.server, index["manifests"][1]["digest"].as_str().unwrap());
    let (_, config) = image(&open.registry(), &child).await;
    assert_eq!(config["config"]["Labels"], json!({ "service": "app" }));
}

#[tokio::test]
async fn what_docker_saves_is_pushed_and_a_damaged_layer_is_not() {
    let (open, project) = (Open::start().await, project());
    let result = project.path().join("result");
    layout(&result);
    let blobs: Vec<(String, Vec<u8>)> = fs::read_dir(result.join("blobs/sha256"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    let (name, config) = blobs.iter().find(|(_, bytes)| bytes.starts_with(br#"{"os""#)).unwrap();
    let (_, tar) = blobs.iter().find(|(_, bytes)| bytes.starts_with(b"hello")).unwrap();
    let saved = project.path().join("saved");
    write(&saved.join(format!("{name}.json")), std::str::from_utf8(config).unwrap(), 0o644);
    fs::create_dir_all(saved.join("one")).unwrap();
    fs::write(saved.join("one/layer.tar"), tar).unwrap();
    fs::create_dir_all(saved.join("two")).unwrap();
    symlink("../one/layer.tar", saved.join("two/layer.tar")).unwrap();
    let list = json!([{ "Config": format!("{name}.json"), "RepoTags": ["app:v1"], "Layers": ["two/layer.tar"] }]);
    write(&saved.join("manifest.json"), &list.to_string(), 0o644);
    let place = project.path().display().to_string();
    let pack = || run("tar", &["-C", &format!("{place}/saved"), "-cf", &format!("{place}/saved.tar"), "."]);
    pack();
    let (manifest, _) = publish_files(&open, project.path(), "saved.tar").await.unwrap();
    assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    fs::write(saved.join("one/layer.tar"), "damaged").unwrap();
    pack();
    let error = publish_files(&open, project.path(), "saved.tar").await.unwrap_err();
    assert!(error.ends_with("saved.tar: its layer two/layer.tar is damaged"), "{error}");
}

#[tokio::test]
async fn what_is_no_image_is_told_and_leaves_nothing() {
    let (open, project) = (Open::start().await, project());
    let check = async |path: &str, expected: &str| {
        let error = publish_files(&open, project.path(), path).await.unwrap_err();
        assert!(error.ends_with(expected), "{path}: {error}");
    };
    check("public", "it is neither an OCI layout nor what `docker save` writes").await;
    check("dist/app", "app: failed to read entire block").await;
    layout(&project.path().join("result"));
    let index = project.path().join("result/index.json");
    let both: Value = serde_json::from_str(&fs::read_to_string(&index).unwrap()).unwrap();
    let twice = json!({ "manifests": [both["manifests"][0], both["manifests"][0]] });
    fs::write(&index, twice.to_string()).unwrap();
    check("result", "it holds 2 images; one is to be published").await;
    fs::write(&index, json!({ "manifests": [{ "digest": "sha256:0" }] }).to_string()).unwrap();
    check("result", "sha256:0 is missing in it").await;
    fs::write(&index, "{").unwrap();
    check("result", "its index.json cannot be read: EOF while parsing an object at line 1 column 1").await;
    let found =
        open.registry().manifest(&oci::Name::parse(&format!("{}/acme/app:v1", open.server)).unwrap(), &[]).await;
    assert!(found.is_err(), "a name leads to an image that is not whole");
}

#[tokio::test]
async fn names_of_several_repositories_are_refused() {
    let (open, project) = (Open::start().await, project());
    let mut assembly = assembly(&open.server, vec![file("dist/app", "/app", None)]);
    assembly.names[1] = format!("{}/acme/other:v1", open.server);
    let error = open.publisher(project.path()).publish(&assembly).await.unwrap_err();
    let (first, other) = (&assembly.names[0], &assembly.names[1]);
    assert_eq!(
        error.to_string(),
        format!("`{other}` is no name of an image: it is in another repository than {first}")
    );
}

#[test]
fn servers_of_logins_are_those_of_names() {
    let check = |registry: Option<&str>, expected: &str| assert_eq!(oci::server_of(registry), expected);
    check(None, "index.docker.io");
    check(Some("docker.io"), "index.docker.io");
    check(Some("ghcr.io"), "ghcr.io");
    check(Some("localhost:5000"), "localhost:5000");
    check(Some("https://registry.example/v2/"), "registry.example");
}
