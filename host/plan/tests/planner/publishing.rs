//! Images that the host publishes itself: no docker is needed on the operator's machine, and nothing goes anywhere else.

use expect_test::{Expect, expect};
use plan::{Action, AssembledFile, ImageAssembly, Intent, Plan, Step, Username};

use crate::rig::{Double, SMALL, facts, planned, run, told, warm, words};

const DEPLOY: Intent = Intent::Deploy { skip_push: false };

fn assembly() -> ImageAssembly {
    let file = AssembledFile { source: "dist/app".to_string(), path: "/app".to_string(), mode: Some(0o755) };
    ImageAssembly {
        names: vec!["ghcr.io/acme/app:v2".to_string(), "ghcr.io/acme/app:latest".to_string()],
        platform: "linux/amd64".to_string(),
        files: vec![file],
        ..ImageAssembly::default()
    }
}

fn publish(change: impl FnOnce(&mut ImageAssembly)) -> (String, Action) {
    let mut image = assembly();
    change(&mut image);
    ("publish the image".to_string(), Action::Publish { image, login: None })
}

fn publish_files(path: &str) -> (String, Action) {
    let names = vec!["ghcr.io/acme/app:v2".to_string()];
    let action = Action::PublishFiles { path: path.to_string(), names, labels: vec![], login: None };
    ("publish what was built".to_string(), action)
}

fn plan_of(project: &str, builds: impl IntoIterator<Item = (String, Action)>) -> Plan {
    let hooks = Double { builds: builds.into_iter().collect(), ..Double::default() };
    planned(run(project, DEPLOY), facts(&[("10.0.0.1", warm(&["web"]))]), &hooks).unwrap()
}

/// The stages before the lock, without those on hosts.
fn check(project: &str, builds: impl IntoIterator<Item = (String, Action)>, expected: Expect) {
    let text = told(&plan_of(project, builds));
    let before: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("note")).take_while(|line| !line.starts_with("Pull")).collect();
    expected.assert_eq(&(before.join("\n") + "\n"));
}

fn published(plan: &Plan) -> &Step {
    plan.steps().map(|(_, step)| step).find(|step| step.action.publishes()).expect("an image is published")
}

#[test]
fn docker_does_not_log_in_here_when_the_host_publishes() {
    check(
        SMALL,
        [publish(|_| {})],
        expect![[r#"
        Build and push the image
          local: publish the image
    "#]],
    );
}

#[test]
fn a_program_that_builds_files_needs_no_login_either() {
    check(
        SMALL,
        [words("nix-build image.nix"), publish_files("result")],
        expect![[r#"
        Build and push the image
          local: nix-build image.nix, publish what was built
    "#]],
    );
}

#[test]
fn docker_logs_in_where_any_step_is_its_own() {
    let build = commands::builds::ImageBuild { context: ".".to_string(), ..Default::default() };
    let build = ("build a base".to_string(), Action::Build(build));
    for step in [build, words("docker build .")] {
        let title = step.0.clone();
        let plan = plan_of(SMALL, [step, publish_files("result")]);
        let steps: Vec<&str> = plan.steps().take(4).map(|(_, step)| step.title.as_str()).collect();
        assert_eq!(steps, ["check docker and buildx", "log in", &title, "publish what was built"]);
        assert!(matches!(&published(&plan).action, Action::PublishFiles { login: Some(_), .. }));
    }
}

#[test]
fn what_is_published_has_the_registrys_login_and_the_services_label() {
    let plan = plan_of(SMALL, [publish(|image| image.labels = vec![("service".to_string(), "mine".to_string())])]);
    let Action::Publish { image, login } = &published(&plan).action else { panic!("it is put together") };
    assert_eq!(image.labels, [("service".to_string(), "app".to_string())]);
    let (server, username) = (Some("ghcr.io".to_string()), Username::Clear("acme".to_string()));
    let expected = Action::Login { server, username, password: "PASSWORD".to_string() };
    assert_eq!(login.as_deref(), Some(&expected));
    assert_eq!(published(&plan).action.secrets(), ["PASSWORD"]);
}

#[test]
fn what_is_proposed_beside_the_login_stays() {
    let errand = Action::Errand { plugin: "double".to_string(), name: "create the repository".to_string() };
    let hooks = Double { builds: vec![publish(|_| {})], login_here_also: Some(errand), ..Double::default() };
    let plan = planned(run(SMALL, DEPLOY), facts(&[("10.0.0.1", warm(&["web"]))]), &hooks).unwrap();
    let steps: Vec<&str> = plan.steps().take(2).map(|(_, step)| step.title.as_str()).collect();
    assert_eq!(steps, ["and more", "publish the image"]);
}

#[test]
fn a_local_registry_is_started_without_a_look_for_docker() {
    let project =
        SMALL.replace("{ server: ghcr.io, username: acme, password: [PASSWORD] }", "{ server: 'localhost:5555' }");
    let names = vec!["localhost:5555/acme/app:v2".to_string()];
    check(
        &project,
        [publish(|image| image.names = names)],
        expect![[r#"
        Start the local registry
          local: start the local registry on port 5555
        Build and push the image
          local: publish the image
    "#]],
    );
}

#[test]
fn what_differs_from_the_commit_is_in_an_image_that_is_not_built_from_a_clone() {
    let mut run = run(SMALL, DEPLOY);
    run.checkout.as_mut().unwrap().changes = vec![" M app.rb".to_string()];
    let hooks = Double { builds: vec![publish(|_| {})], ..Double::default() };
    let plan = planned(run, facts(&[("10.0.0.1", warm(&["web"]))]), &hooks).unwrap();
    assert_eq!(plan.notes[0], "Building with uncommitted changes: app.rb");
}

#[test]
fn rules_for_what_is_published() {
    let refused = |step: (String, Action), rule: &str| {
        let title = step.0.clone();
        let hooks = Double { builds: vec![step], ..Double::default() };
        let error = planned(run(SMALL, DEPLOY), facts(&[("10.0.0.1", warm(&["web"]))]), &hooks).unwrap_err();
        assert_eq!(error.to_string(), format!("the plan breaks a rule: {rule} (step 1: {title})"));
    };
    let named = |name: &str| publish(|image| image.names = vec![name.to_string()]);
    for name in ["evil.example/acme/app:v2", "ghcr.io/acme/app-store:v2", "acme/app:v2", "ghcr.io/acme/app@sha256:0"] {
        let rule = "is no name for an image of this project, whose repository is ghcr.io/acme/app";
        refused(named(name), &format!("`{name}` {rule}"));
    }
    refused(publish(|image| image.names.clear()), "an image needs a name");
    for source in ["../secret", "/etc/passwd", "dist/../../x", ""] {
        refused(
            publish(|image| image.files[0].source = source.to_string()),
            &format!("`{source}` leads out of the project"),
        );
        refused(publish_files(source), &format!("`{source}` leads out of the project"));
    }
    for source in [".kamal/secrets", "./.kamal"] {
        let rule = format!("`{source}` is where secrets are, which no image gets");
        refused(publish(|image| image.files[0].source = source.to_string()), &rule);
    }
    for path in ["app", "/../app", "/a/./b", ""] {
        let rule = format!("`{path}` is no absolute path of an image");
        refused(publish(|image| image.files[0].path = path.to_string()), &rule);
    }
    for platform in ["linux", "", "linux/", "a/b/c/d"] {
        let rule = format!("`{platform}` is no platform such as linux/amd64");
        refused(publish(|image| image.platform = platform.to_string()), &rule);
    }
}

#[test]
fn an_image_that_is_wanted_elsewhere_is_not_published() {
    let hooks = Double { builds: vec![publish(|_| {})], ..Double::default() };
    for intent in
        [Intent::BuildPush { output: "docker".to_string() }, Intent::BuildDev { output: "docker".to_string() }]
    {
        let error = planned(run(SMALL, intent), facts(&[]), &hooks).unwrap_err().to_string();
        assert!(error.contains("the image is wanted in `docker`, not in the registry"), "{error}");
    }
}

#[test]
fn only_build_and_push_publish() {
    let (_, action) = publish(|_| {});
    let intent = || run(SMALL, DEPLOY);
    let facts = || facts(&[("10.0.0.1", warm(&["web"]))]);
    let here = Double { login_here_also: Some(action.clone()), ..Double::default() };
    assert_eq!(
        planned(intent(), facts(), &here).unwrap_err().to_string(),
        "plugin `double` has no answer for `pre-login`: only `build` and `push` can publish images"
    );
    let there = Double { login_also: Some(action), ..Double::default() };
    let error = planned(intent(), facts(), &there).unwrap_err().to_string();
    assert!(error.contains("this is done on the operator's machine, not on 10.0.0.1"), "{error}");
}
