//! Random projects, runs and hosts, always the same ones for a seed.

use configuration::{Filter, Selection, Source, Sources};
use plan::{
    AccessoryAct, Basis, Checkout, Container, Docker, ErrorPage, Facts, HostFacts, Image, Intent, LockWait, Part,
    ProxyAct, RegistryAct, Run,
};

/// How many runs of a project are made.
const RUNS: usize = 5;

/// A small generator of numbers.
pub struct Numbers(u64);

impl Numbers {
    /// Numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// Whether something happens that happens once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A project, and some runs of it with what was observed for each.
pub fn worlds(seed: u64) -> Vec<Basis> {
    let mut numbers = Numbers::new(seed + 1);
    loop {
        let destination = numbers.once_in(4).then(|| "staging".to_string());
        let source = |text: String| Source { path: "config/deploy.yml".to_string(), text };
        let sources = Sources {
            base: source(project(&mut numbers)),
            overlay: destination.as_ref().map(|_| source("labels: { stage: 'yes' }\n".to_string())),
            destination,
        };
        let configuration = configuration::load(&sources)
            .unwrap_or_else(|error| panic!("seed {seed}: {}\n{}", error.message, sources.base.text));
        let mut made = Vec::new();
        for _ in 0..RUNS {
            if let Ok(selection) = Selection::new(&configuration, &filter(&mut numbers)) {
                let run = run(intent(&mut numbers), configuration.clone(), selection, &mut numbers);
                let facts = facts(&run, &mut numbers);
                made.push(Basis { run, facts });
            }
        }
        if !made.is_empty() {
            return made;
        }
    }
}

/// The same hosts some time later: often as before.
pub fn moved_on(basis: &Basis, numbers: &mut Numbers) -> Facts {
    let mut facts = basis.facts.clone();
    for of_host in facts.hosts.values_mut() {
        match numbers.below(8) {
            0 if !of_host.containers.is_empty() => {
                let at = numbers.below(of_host.containers.len());
                of_host.containers.remove(at);
            }
            1 if !of_host.containers.is_empty() => {
                let at = numbers.below(of_host.containers.len());
                of_host.containers[at].state = "exited".to_string();
            }
            2 => of_host.network = !of_host.network,
            3 => of_host.images.clear(),
            4 => *of_host = host(&basis.run, numbers),
            5 => of_host.lock = Some("Locked by: Somebody".to_string()),
            _ => {}
        }
    }
    facts
}

/// The facts with containers in no order: only which is there counts as a change.
pub fn sorted(facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    facts.hosts.values_mut().for_each(|host| host.containers.sort_by(|one, other| one.name.cmp(&other.name)));
    facts
}

fn project(numbers: &mut Numbers) -> String {
    let mut text = format!(
        "service: shop\nimage: acme/shop\nbuilder: {{ arch: {} }}\n",
        numbers.one(&["amd64", "arm64", "[amd64, arm64], remote: 'ssh://app@10.0.9.9'"])
    );
    let registries = [
        "{ server: ghcr.io, username: acme, password: [PASSWORD] }",
        "{ username: [NAME], password: [PASSWORD] }",
        "{ server: ghcr.io, username: acme, password: hunter2 }",
        "{ server: 'localhost:5555' }",
    ];
    text += &format!("registry: {}\n", numbers.one(&registries));
    let proxy = [
        "",
        "    proxy: false\n",
        "    proxy: { hosts: [shop.example.com, www.example.com], forward_headers: true }\n",
        "    proxy: { app_port: 3000 }\n",
    ];
    let hosts = |numbers: &mut Numbers, limit: usize| {
        let count = numbers.below(limit) + 1;
        let first = numbers.below(3);
        (first..first + count).map(|host| format!("10.0.0.{}", host + 1)).collect::<Vec<_>>().join(", ")
    };
    text += &format!("servers:\n  web:\n    hosts: [{}]\n{}", hosts(numbers, 5), numbers.one(&proxy));
    if numbers.once_in(2) {
        let more = [
            "",
            "    cmd: bin/jobs\n",
            "    env: { clear: { QUEUE: 'a: b' }, secret: [TOKEN] }\n",
            "    stop_timeout: 90\n",
        ];
        text += &format!("  job:\n    hosts: [{}]\n{}", hosts(numbers, 3), numbers.one(&more));
    }
    if numbers.once_in(3) {
        text +=
            &format!("  cron:\n    hosts: [{}]\n    options: {{ memory: 1g, 'cap-add': [a, b] }}\n", hosts(numbers, 2));
    }
    if numbers.once_in(2) {
        text += "accessories:\n  db:\n    image: mysql:8\n    host: 10.0.0.9\n    env: { secret: [ROOT_PASSWORD] }\n    \
                 files: ['config/my.cnf:/etc/my.cnf', 'config/my.cnf.erb:/etc/other.cnf']\n    directories: ['data:/var/lib/mysql']\n";
        if numbers.once_in(2) {
            text += "  cache: { image: 'redis:7', roles: [web], port: 6379, cmd: 'redis-server --save \"\"' }\n";
        }
    }
    let sections = [
        "boot: { limit: 2, wait: 3 }\n",
        "boot: { limit: 40%, parallel_roles: true }\n",
        "env: { clear: { A: 'x y', B: \"line\\nbreak\", C: '[1]' }, secret: [TOKEN, 'ALIAS:OTHER'] }\n",
        "labels: { team: \"a, 'b'\" }\n",
        "volumes: ['/data:/data', 'logs:/log:ro']\n",
        "logging: { driver: journald, options: { tag: '{{.Name}}' } }\n",
        "deploy_timeout: 60\nreadiness_delay: 3\ndrain_timeout: 5\n",
        "error_pages_path: public\n",
        "asset_path: /app/public\n",
        "retain_containers: 2\n",
        "ssh: { user: app, port: 2222 }\n",
        "x-hooks: { pre-deploy: { secrets: [TOKEN] } }\n",
    ];
    for section in sections {
        if numbers.once_in(4) && !(section.starts_with("boot") && text.contains("\nboot: ")) {
            text += section;
        }
    }
    text
}

fn filter(numbers: &mut Numbers) -> Filter {
    let names = |numbers: &mut Numbers, of: &[&str]| {
        if numbers.once_in(5) { vec![numbers.one(of).to_string()] } else { Vec::new() }
    };
    Filter {
        hosts: names(numbers, &["10.0.0.1", "10.0.0.*", "10.0.0.9"]),
        roles: names(numbers, &["web", "job", "*"]),
        primary: numbers.once_in(10),
    }
}

fn intent(numbers: &mut Numbers) -> Intent {
    let skip_push = numbers.once_in(2);
    let accessory = |act| Intent::Accessory(act, None);
    let intents = [
        Intent::Setup { skip_push },
        Intent::Deploy { skip_push },
        Intent::Deploy { skip_push },
        Intent::Deploy { skip_push },
        Intent::Redeploy { skip_push },
        Intent::Rollback,
        Intent::AppBoot,
        Intent::AppStart,
        Intent::AppStop,
        Intent::AppRemove,
        Intent::AppStopStale,
        Intent::AppLive,
        Intent::AppMaintenance { drain_timeout: Some(3), message: Some("it's \"closed\"".to_string()) },
        Intent::AppRemoveContainer { version: "v1".to_string() },
        Intent::AppRemoveContainers,
        Intent::AppRemoveImages,
        Intent::AppRemoveDirectories,
        accessory(AccessoryAct::Boot),
        accessory(AccessoryAct::Reboot),
        accessory(AccessoryAct::Upgrade { rolling: true }),
        accessory(AccessoryAct::Remove),
        accessory(AccessoryAct::Upload),
        Intent::Proxy(ProxyAct::Boot),
        Intent::Proxy(ProxyAct::Reboot { rolling: numbers.once_in(2) }),
        Intent::Proxy(ProxyAct::Remove { force: true }),
        Intent::Proxy(ProxyAct::Upgrade { rolling: true }),
        Intent::Prune,
        Intent::PruneContainers { retain: Some(3) },
        Intent::PruneImages,
        Intent::Registry { act: RegistryAct::Setup, local: true, hosts: true },
        Intent::Bootstrap,
        Intent::LockAcquire { message: "because\nof this".to_string() },
        Intent::LockRelease,
        Intent::Remove,
        Intent::Upgrade { rolling: numbers.once_in(2) },
        Intent::BuildPush { output: "registry".to_string() },
        Intent::BuildPull,
        Intent::BuildDeliver,
        Intent::BuildCreate,
        Intent::BuildRemove,
        Intent::BuildDev { output: "docker".to_string() },
    ];
    numbers.one(&intents).clone()
}

fn run(
    intent: Intent,
    configuration: configuration::Configuration,
    selection: Selection,
    numbers: &mut Numbers,
) -> Run {
    let version = numbers.one(&["v1", "v2", "0123456789abcdef0123456789abcdef01234567"]).to_string();
    let checkout = Checkout {
        root: "/srv/the shop".to_string(),
        prefix: numbers.one(&["", "apps/shop"]).to_string(),
        revision: "0123456789abcdef0123456789abcdef01234567".to_string(),
        branch: Some("main".to_string()),
        changes: if numbers.once_in(3) { vec![" M a b".to_string()] } else { Vec::new() },
    };
    let scripts = ["pre-connect", "pre-build", "pre-deploy", "post-deploy", "pre-app-boot", "docker-setup"];
    let rendered = (
        ("db".to_string(), "config/my.cnf.erb".to_string()),
        vec![Part::Text("[mysqld]\n".to_string()), Part::Secret("ROOT_PASSWORD".to_string())],
    );
    Run {
        own_version: version.clone(),
        version,
        checkout: (!numbers.once_in(4)).then_some(checkout),
        hook_scripts: scripts.iter().filter(|_| numbers.once_in(4)).map(|name| name.to_string()).collect(),
        error_pages: vec![ErrorPage { source: "public/404.html".to_string(), mode: "644".to_string() }],
        secret_names: ["NAME", "PASSWORD", "ROOT_PASSWORD", "TOKEN", "OTHER"].map(str::to_string).to_vec(),
        rendered: [rendered].into_iter().collect(),
        roles_option: numbers.once_in(5).then(|| "web".to_string()),
        no_cache: numbers.once_in(5),
        lock_inherited: numbers.once_in(8),
        lock_wait: numbers.once_in(4).then_some(LockWait { timeout: 60, interval: 5 }),
        seed: format!("seed {}", numbers.below(1_000_000)),
        ..Run::sample(intent, configuration, selection)
    }
}

fn facts(run: &Run, numbers: &mut Numbers) -> Facts {
    let hosts = run.selection.hosts.iter().map(|name| (name.clone(), host(run, numbers))).collect();
    Facts { hosts, architecture: numbers.once_in(3).then(|| "amd64".to_string()) }
}

fn host(run: &Run, numbers: &mut Numbers) -> HostFacts {
    let mut containers = Vec::new();
    let destination = run.configuration.destination.clone().unwrap_or_default();
    for role in &run.configuration.roles {
        for version in ["v2", "v1", "v0"] {
            if numbers.once_in(2) {
                let labels = [("service", "shop"), ("role", role.name.as_str()), ("destination", destination.as_str())];
                let name = format!("{}-{version}", run.configuration.container_prefix(&role.name));
                let state = *numbers.one(&["running", "running", "exited", "restarting", "created"]);
                containers.push(container(&name, state, &format!("ghcr.io/acme/shop:{version}"), &labels, numbers));
            }
        }
    }
    if numbers.once_in(2) {
        let image =
            format!("basecamp/kamal-proxy:{}", numbers.one(&["v0.9.2", "v0.9.2", "v0.9.9", "v0.1.0", "latest"]));
        let state: &str = if numbers.once_in(2) { "running" } else { "exited" };
        containers.push(container("kamal-proxy", state, &image, &[], numbers));
    }
    for accessory in &run.configuration.accessories {
        if numbers.once_in(2) {
            continue;
        }
        let labels = [("service", accessory.service_name.as_str())];
        containers.push(container(&accessory.service_name, "running", &accessory.image, &labels, numbers));
    }
    if numbers.once_in(9) {
        containers.push(container("traefik", "running", "traefik:v2", &[], numbers));
    }
    let images = ["v0", "v1", "v2", "latest"].iter().filter(|_| numbers.once_in(2)).map(|tag| Image {
        id: format!("sha256:{tag}"),
        tags: Some(vec![run.configuration.absolute_image(tag)]),
        labels: None,
        architecture: None,
        size: None,
        command: None,
        environment: None,
    });
    let images = images.collect();
    let mut facts = HostFacts::bare();
    facts.images = images;
    facts.containers = containers;
    facts.docker = match numbers.below(40) {
        0 => Docker::Missing,
        1 => Docker::Failing("Cannot connect\nto the Docker daemon".to_string()),
        _ => Docker::Ready,
    };
    facts.network = !numbers.once_in(3);
    facts.lock = numbers.once_in(10).then(|| "Locked by: Somebody at 10:00\nVersion: v0".to_string());
    if numbers.once_in(2) {
        facts.apps.push("shop".to_string());
    }
    facts
}

fn container(name: &str, state: &str, image: &str, labels: &[(&str, &str)], numbers: &mut Numbers) -> Container {
    Container {
        id: format!("{:012x}", numbers.below(usize::MAX)),
        name: name.to_string(),
        image: image.to_string(),
        image_id: format!("sha256:{image}"),
        state: state.to_string(),
        labels: Some(labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()),
        ports: None,
        settings: None,
    }
}
