//! Recorded plans of several projects and intents: every build gives the same plans of them, byte for byte. `REPLAYS=write cargo nextest
//! run --workspace -E 'binary_id(tests::replays)'` records them anew, where a plan is meant to change.

use std::path::{Path, PathBuf};

use configuration::{Filter, Selection, Source, Sources};
use journal::SavedPlan;
use plan::{AccessoryAct, Basis, Container, Facts, HostFacts, Image, Intent, Plan, ProxyAct, Run};
use plugin_runtime::{Builtin, Catalogue, Limits};
use tests::house;

/// What is recorded: a name, the project, a destination, and what is asked of it.
fn scenes() -> Vec<(&'static str, &'static str, Option<&'static str>, Intent)> {
    let deploy = Intent::Deploy { skip_push: false };
    vec![
        ("app-deploy", "tests/cases/projects/app", None, deploy.clone()),
        ("app-rollback", "tests/cases/projects/app", None, Intent::Rollback),
        ("app-remove", "tests/cases/projects/app", None, Intent::Remove),
        ("shop-setup", "tests/cases/projects/shop", None, Intent::Setup { skip_push: true }),
        ("shop-deploy", "tests/cases/projects/shop", None, deploy.clone()),
        ("shop-deploy-staging", "tests/cases/projects/shop", Some("staging"), deploy.clone()),
        ("shop-redeploy", "tests/cases/projects/shop", None, Intent::Redeploy { skip_push: true }),
        ("shop-app-stop", "tests/cases/projects/shop", None, Intent::AppStop),
        ("shop-proxy-reboot", "tests/cases/projects/shop", None, Intent::Proxy(ProxyAct::Reboot { rolling: true })),
        ("shop-prune", "tests/cases/projects/shop", None, Intent::Prune),
        ("accessories-reboot", "tests/cases/projects/accessories", None, Intent::Accessory(AccessoryAct::Reboot, None)),
        ("local-registry-deploy", "tests/recordings/projects/local_registry", None, deploy.clone()),
        ("remote-builder-deploy", "tests/recordings/projects/remote_builder", None, deploy.clone()),
        ("hybrid-builder-deploy", "tests/recordings/projects/hybrid_builder", None, deploy.clone()),
        ("pack-deploy", "tests/recordings/projects/pack", None, deploy),
    ]
}

#[test]
fn every_recorded_plan_is_made_again() {
    let catalogue = catalogue();
    let folder = house().join("tests/replays");
    if std::env::var("REPLAYS").is_ok_and(|value| value == "write") {
        std::fs::create_dir_all(&folder).expect("the folder");
        for (name, project, destination, intent) in scenes() {
            let basis = basis(&house().join(project), destination, intent);
            let plan = basis.plan(&catalogue).unwrap_or_else(|error| panic!("{name}: {error}"));
            let saved = SavedPlan::new(env!("CARGO_PKG_VERSION"), plan, basis);
            std::fs::write(folder.join(format!("{name}.json")), saved.text()).expect("a recorded plan");
        }
    }
    let mut replayed = 0;
    for path in recorded(&folder) {
        let text = std::fs::read_to_string(&path).expect("a recorded plan");
        let saved = SavedPlan::parse(&path, &text).unwrap_or_else(|error| panic!("{error}"));
        let again = saved.basis.plan(&catalogue).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (before, now) = (bytes(&saved.plan), bytes(&again));
        assert!(before == now, "{}: another plan is made; `sextant replay {0}` shows how", path.display());
        assert_eq!(saved.text(), text, "{}: what is read is what was written", path.display());
        replayed += 1;
    }
    assert_eq!(replayed, scenes().len(), "a record for every scene");
}

/// A plan without the digests of builtins, which change whenever they are built.
fn bytes(plan: &Plan) -> String {
    let mut plan = plan.clone();
    plan.hooks.iter_mut().for_each(|owner| owner.digest.clear());
    serde_json::to_string_pretty(&plan).expect("a plan can be written")
}

fn recorded(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the records").flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|own| own == "json")).collect();
    paths.sort();
    paths
}

fn catalogue() -> Catalogue {
    let builtins: Vec<Builtin> = bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
    Catalogue::load(&builtins, Vec::new(), Limits::default(), None).expect("builtins load")
}

/// A run on hosts on which the version before runs.
fn basis(project: &Path, destination: Option<&str>, intent: Intent) -> Basis {
    let source = |name: &str| Source {
        path: format!("config/{name}"),
        text: std::fs::read_to_string(project.join("config").join(name)).expect("a configuration"),
    };
    let sources = Sources {
        base: source("deploy.yml"),
        overlay: destination.map(|destination| source(&format!("deploy.{destination}.yml"))),
        destination: destination.map(str::to_string),
    };
    let configuration = configuration::load(&sources).unwrap_or_else(|error| panic!("{}", error.message));
    let selection = Selection::new(&configuration, &Filter::default()).expect("all hosts");
    let run = Run::sample(intent, configuration, selection);
    let hosts = run.selection.hosts.iter().map(|host| (host.clone(), warm(&run, host))).collect();
    Basis { facts: Facts { hosts, architecture: Some("amd64".to_string()) }, run }
}

fn warm(run: &Run, host: &str) -> HostFacts {
    let configuration = &run.configuration;
    let destination = configuration.destination.clone().unwrap_or_default();
    let mut containers = vec![container("kamal-proxy", "running", "basecamp/kamal-proxy:v0.9.2", &[])];
    for role in run.selection.roles_on(host) {
        for (version, state) in [("v0", "running"), ("v1", "exited")] {
            let labels = [("service", configuration.service.as_str()), ("role", role), ("destination", &destination)];
            let name = format!("{}-{version}", configuration.container_prefix(role));
            containers.push(container(&name, state, &configuration.absolute_image(version), &labels));
        }
    }
    for accessory in configuration.accessories.iter().filter(|accessory| accessory.hosts.iter().any(|on| on == host)) {
        let labels = [("service", accessory.service_name.as_str())];
        containers.push(container(&accessory.service_name, "running", &accessory.image, &labels));
    }
    let image = |version: &str, more: Option<String>| {
        let tags = [configuration.absolute_image(version)].into_iter().chain(more).collect();
        Image {
            id: format!("sha256:{version}"),
            tags: Some(tags),
            labels: None,
            architecture: None,
            size: None,
            command: None,
            environment: None,
        }
    };
    let images = vec![image("v1", None), image("v0", Some(configuration.latest_image()))];
    HostFacts { containers, images, network: true, ..HostFacts::bare() }
}

fn container(name: &str, state: &str, image: &str, labels: &[(&str, &str)]) -> Container {
    Container {
        id: format!("id-of-{name}"),
        name: name.to_string(),
        image: image.to_string(),
        image_id: format!("sha256:{image}"),
        state: state.to_string(),
        labels: Some(labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()),
        ports: None,
        settings: None,
    }
}
