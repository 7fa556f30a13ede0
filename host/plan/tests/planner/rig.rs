//! Projects, facts and hooks for the tests, and a plan as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use configuration::{Filter, Selection, Source, Sources};
use plan::hooks::{Answer, BootAnswer, Opinion, Place, Proposal, Registry, Whereabouts};
use plan::{
    Action, Barrier, Block, Checkout, Container, Facts, HookError, HookOwner, Hooks, HostFacts, Image, Intent, Plan,
    PlanError, PluginUse, Run, Stage, Step, Username,
};

/// One role on one host.
pub const SMALL: &str = "
service: app
image: acme/app
servers: [10.0.0.1]
registry: { server: ghcr.io, username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
";

/// Two roles on three hosts, one of them with both, and a host with an accessory alone.
pub const LARGE: &str = "
service: app
image: acme/app
servers:
  web: [10.0.0.1, 10.0.0.2]
  job: { hosts: [10.0.0.3, 10.0.0.1] }
registry: { server: ghcr.io, username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
accessories:
  db: { image: 'mysql:8', host: 10.0.0.9 }
";

/// A run on a project, version `v2`, without filters and hook scripts.
pub fn run(project: &str, intent: Intent) -> Run {
    run_with(project, intent, None, &Filter::default())
}

/// A run with a destination, whose overlay is empty, and with filters.
pub fn run_with(project: &str, intent: Intent, destination: Option<&str>, filter: &Filter) -> Run {
    let source = |path: &str, text: &str| Source { path: path.to_string(), text: text.to_string() };
    let sources = Sources {
        base: source("config/deploy.yml", project),
        overlay: destination.map(|_| source("config/deploy.overlay.yml", "{}")),
        destination: destination.map(str::to_string),
    };
    let configuration = configuration::load(&sources).unwrap();
    let selection = Selection::new(&configuration, filter).unwrap();
    Run {
        version: "v2".to_string(),
        own_version: "v2".to_string(),
        checkout: Some(Checkout {
            root: "/app".into(),
            prefix: String::new(),
            revision: "abc".into(),
            branch: Some("main".into()),
            changes: vec![],
        }),
        secret_names: vec!["PASSWORD".to_string()],
        ..Run::sample(intent, configuration, selection)
    }
}

/// A host on which the proxy and version `v1` of these roles run.
pub fn warm(roles: &[&str]) -> HostFacts {
    let app = |role: &&str| {
        container(&format!("app-{role}-v1"), "running", &[("service", "app"), ("role", role), ("destination", "")])
    };
    let mut containers: Vec<Container> = roles.iter().map(app).collect();
    containers.push(container("kamal-proxy", "running", &[]));
    containers[roles.len()].image = "basecamp/kamal-proxy:v0.9.2".to_string();
    HostFacts { containers, network: true, ..bare() }
}

/// A host with docker and nothing else.
pub fn bare() -> HostFacts {
    HostFacts::bare()
}

/// A container; its id is its name, behind `id-`.
pub fn container(name: &str, state: &str, labels: &[(&str, &str)]) -> Container {
    Container {
        id: format!("id-{name}"),
        name: name.to_string(),
        image: "ghcr.io/acme/app:v1".to_string(),
        image_id: "sha256:v1".to_string(),
        state: state.to_string(),
        labels: Some(labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()),
        ports: None,
        settings: None,
    }
}

/// An image of the app.
pub fn image(version: &str) -> Image {
    let tags = Some(vec![format!("ghcr.io/acme/app:{version}")]);
    Image { id: format!("sha256:{version}"), tags, ..Image::default() }
}

/// Facts by host.
pub fn facts(hosts: &[(&str, HostFacts)]) -> Facts {
    let hosts = hosts.iter().map(|(name, facts)| (name.to_string(), facts.clone())).collect::<BTreeMap<_, _>>();
    Facts { hosts, architecture: None }
}

/// Facts of [`LARGE`]: everything runs.
pub fn large_facts() -> Facts {
    let accessory = container("app-db", "running", &[("service", "app-db")]);
    facts(&[
        ("10.0.0.1", warm(&["web", "job"])),
        ("10.0.0.2", warm(&["web"])),
        ("10.0.0.3", HostFacts { network: true, containers: warm(&["job"]).containers[..1].to_vec(), ..bare() }),
        ("10.0.0.9", HostFacts { network: true, containers: vec![accessory], ..bare() }),
    ])
}

/// Hooks that note what they were asked, and answer with little.
#[derive(Default)]
pub struct Double {
    /// Where the image is after the build.
    pub leaves_image_local: bool,
    /// Whether a role needs anything on its hosts before any of them boots.
    pub prepares: bool,
    /// What logging in to a host also does.
    pub login_also: Option<Action>,
    /// What building the image takes, and where; nothing said is a program.
    pub builds: Vec<(String, Action)>,
    /// What logging in on the operator's machine also does.
    pub login_here_also: Option<Action>,
    /// What a role's container is started with, beside its name and image; nothing said is a program.
    pub starts: Option<commands::docker::Container>,
    /// Names of the variables that it gets from a file of secrets.
    pub secrets: Vec<(String, String)>,
    /// What was asked so far.
    pub asked: Mutex<Vec<String>>,
}

impl Double {
    /// What was asked, one line each.
    pub fn calls(&self) -> String {
        self.asked.lock().unwrap().iter().map(|call| format!("{call}\n")).collect()
    }

    fn note(&self, call: String) {
        self.asked.lock().unwrap().push(call);
    }
}

fn answer(steps: impl IntoIterator<Item = (String, Action)>) -> Answer {
    let proposal = |(title, action)| Proposal {
        title,
        action,
        unless: None,
        may_fail: false,
        audit: None,
        time_limit: None,
        prepares: false,
    };
    Answer { plugin: "double".to_string(), steps: steps.into_iter().map(proposal).collect() }
}

/// A program that runs, as a step of that title.
pub fn words(text: &str) -> (String, Action) {
    (text.to_string(), Action::Run { words: text.split(' ').map(str::to_string).collect() })
}

impl Hooks for Double {
    fn pre_login(&self, _: &Arc<Run>, _: &Arc<Facts>, registry: &Registry, place: Place) -> Result<Answer, HookError> {
        self.note(format!("pre-login {place:?}"));
        let server = registry.server.clone();
        let (username, password) = (Username::Clear("acme".into()), registry.credentials.password.clone());
        let login = Action::Login { server, username, password };
        let more = if place == Place::Hosts { &self.login_also } else { &self.login_here_also }.clone();
        Ok(answer(
            [("log in".to_string(), login)].into_iter().chain(more.map(|action| ("and more".to_string(), action))),
        ))
    }

    fn build(&self, _: &Arc<Run>, _: &Arc<Facts>) -> Result<(Answer, Whereabouts), HookError> {
        self.note("build".to_string());
        let whereabouts = if self.leaves_image_local { Whereabouts::Local } else { Whereabouts::Registry };
        let steps = if self.builds.is_empty() { vec![words("build")] } else { self.builds.clone() };
        Ok((answer(steps), whereabouts))
    }

    fn push(&self, _: &Arc<Run>, _: &Arc<Facts>) -> Result<Answer, HookError> {
        self.note("push".to_string());
        Ok(answer([words("push")]))
    }

    fn tag(&self, _: &Arc<Run>, _: &Arc<Facts>, host: &str) -> Result<Answer, HookError> {
        self.note(format!("tag {host}"));
        Ok(answer([words("tag")]))
    }

    fn boot(&self, run: &Arc<Run>, facts: &Arc<Facts>, role: &str, host: &str) -> Result<BootAnswer, HookError> {
        self.note(format!("boot {role} {host}"));
        let old = facts.current(run, host, role).map(|old| words(&format!("stop {}", old.name)));
        let prefix = run.configuration.container_prefix(role);
        let name = format!("{prefix}-{}", run.version);
        let start = match &self.starts {
            None => vec![words(&format!("start {name}")), words("route")],
            Some(wanted) => {
                let image = run.configuration.absolute_image(&run.version);
                let path = run.configuration.host_environment_file(role);
                let container = commands::docker::Container {
                    name: name.clone(),
                    image,
                    environment_files: vec![path.clone()],
                    ..wanted.clone()
                };
                vec![
                    ("secrets".into(), Action::WriteEnvironmentFile { path, secrets: self.secrets.clone() }),
                    (format!("start {name}"), Action::StartContainer(container)),
                ]
            }
        };
        let prepare = self.prepares.then(|| words(&format!("prepare {role}")));
        Ok(BootAnswer {
            prepare: answer(prepare),
            start: answer(start),
            finish: answer(old),
            abort: answer([words("undo")]),
        })
    }

    fn owners(&self, _: &Run) -> Vec<HookOwner> {
        Vec::new()
    }

    fn plugins(&self) -> Vec<PluginUse> {
        Vec::new()
    }

    fn review(&self, _: &Arc<Run>, _: &Arc<Facts>, _: &Arc<Plan>) -> Vec<Opinion> {
        Vec::new()
    }
}

/// The plan of a run on these facts.
pub fn planned(run: Run, facts: Facts, hooks: &Double) -> Result<Plan, PlanError> {
    plan::plan(&Arc::new(run), &Arc::new(facts), hooks)
}

/// The plan as text: a line per machine and block; audit lines are left out.
pub fn told(plan: &Plan) -> String {
    let mut text = String::new();
    for note in &plan.notes {
        let _ = writeln!(text, "note: {note}");
    }
    part(&mut text, "before connecting", &plan.connect);
    stages(&mut text, &plan.prepare);
    if let Some(lock) = &plan.lock {
        let _ = writeln!(text, "lock {} on {}, visits {}", lock.directory, lock.host, lock.hosts.join(" "));
    }
    stages(&mut text, &plan.apply);
    if !plan.conclude.is_empty() {
        text.push_str("unlocked\n");
    }
    stages(&mut text, &plan.conclude);
    text
}

fn stages(text: &mut String, stages: &[Stage]) {
    for stage in stages {
        let _ = writeln!(text, "{}", stage.title);
        for track in &stage.tracks {
            for block in &track.blocks {
                let _ = writeln!(text, "  {}: {}", track.machine, block_line(block));
            }
        }
    }
}

fn block_line(block: &Block) -> String {
    let role = match (&block.role, block.barrier) {
        (None, _) => String::new(),
        (Some(role), Barrier::None) => format!("{role}: "),
        (Some(role), Barrier::Decides) => format!("{role} decides: "),
        (Some(role), Barrier::Waits) => format!("{role} waits: "),
    };
    let parts = [(" | then ", &block.finish), (" | or ", &block.abort)];
    let parts = parts.into_iter().filter(|(_, steps)| !steps.is_empty());
    let parts: String = parts.map(|(before, steps)| format!("{before}{}", titles(steps))).collect();
    format!("{role}{}{parts}", titles(&block.start))
}

fn titles(steps: &[Step]) -> String {
    let shown = steps.iter().filter(|step| !matches!(step.action, Action::Audit { .. }));
    shown.map(|step| step.title.as_str()).collect::<Vec<_>>().join(", ")
}

fn part(text: &mut String, heading: &str, steps: &[Step]) {
    if !steps.is_empty() {
        let _ = writeln!(text, "{heading}: {}", titles(steps));
    }
}
