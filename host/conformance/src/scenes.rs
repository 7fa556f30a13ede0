//! Projects and facts that plugins are tried on.

use std::collections::BTreeMap;
use std::sync::Arc;

use configuration::{Filter, Selection, Source, Sources};
use plan::hooks::{Place, Registry};
use plan::{Checkout, Container, Facts, HostFacts, Image, Intent, Run};
use plugin_runtime::{EventRecord, Question, RegistryRecord};

/// A project at a moment.
pub(crate) struct Stage {
    /// What is special about it.
    pub name: &'static str,
    /// The run.
    pub run: Arc<Run>,
    /// What was observed.
    pub facts: Arc<Facts>,
}

/// Every stage that plugins are tried on.
pub(crate) fn stages() -> Vec<Stage> {
    let (small, roles, accessories) = (
        include_str!("../scenes/small.yml"),
        include_str!("../scenes/roles.yml"),
        include_str!("../scenes/accessories.yml"),
    );
    let stage = |name, text, destination: Option<&str>, facts: fn(&Run) -> Facts| {
        let run = run(text, destination);
        let facts = facts(&run);
        Stage { name, run: Arc::new(run), facts: Arc::new(facts) }
    };
    vec![
        stage("a first deploy of a small project", small, None, bare),
        stage("a small project that runs", small, None, running),
        stage("no facts at all", small, None, |_| Facts::default()),
        stage("two roles that run", roles, None, running),
        stage("two roles with a destination", roles, Some("staging"), running),
        stage("a host with accessories alone", accessories, None, bare),
    ]
}

impl Stage {
    /// What a plugin is asked while planning.
    pub fn planning(&self) -> Vec<Question> {
        let mut questions: Vec<Question> = [Place::Local, Place::Hosts]
            .into_iter()
            .filter_map(|place| Some(Question::PreLogin { registry: self.registry()?, place }))
            .collect();
        questions.extend([Question::Build, Question::Push]);
        let selection = &self.run.selection;
        questions.extend(selection.app_hosts.iter().map(|host| Question::Tag { host: host.clone() }));
        for host in &selection.app_hosts {
            let roles = selection.roles_on(host).into_iter();
            questions.extend(roles.map(|role| Question::Boot { role: role.to_string(), host: host.clone() }));
        }
        questions
    }

    /// What a plugin is asked while a plan is carried out, but for errands.
    pub fn acting(&self) -> Vec<Question> {
        let credentials = self.registry().map(|registry| Question::Credentials { registry });
        let event = |kind: &str, error: Option<&str>| Question::Notify {
            event: EventRecord {
                kind: kind.to_string(),
                hosts: self.run.selection.hosts.clone(),
                seconds: 42,
                error: error.map(str::to_string),
            },
        };
        let events =
            [event("started", None), event("finished", None), event("failed", Some("10.0.0.1: no space left"))];
        credentials.into_iter().chain(events).collect()
    }

    fn registry(&self) -> Option<RegistryRecord> {
        let registry = &self.run.configuration.registry;
        let (server, credentials) = (registry.login_server().map(str::to_string), registry.credentials.clone()?);
        Some(RegistryRecord::of(&Registry { server, credentials }))
    }
}

fn run(text: &str, destination: Option<&str>) -> Run {
    let source = |path: &str, text: &str| Source { path: path.to_string(), text: text.to_string() };
    let sources = Sources {
        base: source("config/deploy.yml", text),
        overlay: destination.map(|destination| source(&format!("config/deploy.{destination}.yml"), "{}")),
        destination: destination.map(str::to_string),
    };
    let configuration = configuration::load(&sources).expect("a scene is a valid project");
    let selection = Selection::new(&configuration, &Filter::default()).expect("a scene selects something");
    let checkout = Checkout {
        root: "/home/dev/shop".to_string(),
        prefix: String::new(),
        revision: "0123456789abcdef0123456789abcdef01234567".to_string(),
        branch: Some("main".to_string()),
        changes: Vec::new(),
    };
    let run = Run::sample(Intent::Deploy { skip_push: false }, configuration, selection);
    Run { checkout: Some(checkout), subcommand: vec!["deploy".to_string()], ..run }
}

/// Hosts with nothing but docker.
fn bare(run: &Run) -> Facts {
    let hosts = run.selection.hosts.iter().map(|host| (host.clone(), HostFacts::bare())).collect();
    Facts { hosts, architecture: Some("amd64".to_string()) }
}

/// Hosts on which an older version runs.
fn running(run: &Run) -> Facts {
    let mut facts = bare(run);
    let configuration = &run.configuration;
    let latest = configuration.latest_image();
    for (host, facts) in &mut facts.hosts {
        let image = Image { id: "sha256:0ld".into(), tags: Some(vec![latest.clone()]), ..Image::default() };
        facts.images.push(image);
        for role in run.selection.roles_on(host) {
            let destination = configuration.destination.clone().unwrap_or_default();
            let labels =
                [("service", configuration.service.clone()), ("role", role.to_string()), ("destination", destination)];
            facts.containers.push(Container {
                id: format!("{:0>64}", facts.containers.len() + 1),
                name: format!("{}-v0", configuration.container_prefix(role)),
                image: configuration.absolute_image("v0"),
                image_id: "sha256:0ld".into(),
                state: "running".into(),
                labels: Some(
                    labels.into_iter().map(|(key, value)| (key.to_string(), value)).collect::<BTreeMap<_, _>>(),
                ),
                ..Container::default()
            });
        }
    }
    facts
}
