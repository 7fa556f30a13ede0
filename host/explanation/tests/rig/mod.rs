//! Runs that failed, as their journals tell it.

use commands::Machine;
use commands::docker::Container;
use configuration::{Filter, Selection, Source, Sources};
use explanation::Explanation;
use journal::{Account, Beginning, Entry, FailedStep, Line, SavedPlan, SentStep};
use plan::{Action, Basis, Block, Facts, HookOwner, HookScript, Intent, Plan, Run, Stage, Step, Track};

/// A failure in the making.
pub struct Failing {
    /// The kind of the step's action; none for a run that ended before its first step.
    kind: Option<&'static str>,
    host: &'static str,
    exit: i32,
    reason: &'static str,
    said: String,
    log: Vec<String>,
    saved: SavedPlan,
}

impl Failing {
    /// A run of which a step of this kind fails.
    pub fn step(kind: &'static str) -> Self {
        let saved = run("v2", "    proxy: { app_port: 80 }\n", "0.1.0");
        Self {
            kind: Some(kind),
            host: "10.0.0.1",
            exit: 1,
            reason: "exit",
            said: String::new(),
            log: Vec::new(),
            saved,
        }
    }

    /// A run that ends with this error before its first step.
    pub fn before(error: &str) -> Self {
        Self { kind: None, said: error.to_string(), ..Self::step("none") }
    }

    /// What the step says.
    pub fn saying(self, said: &str) -> Self {
        Self { said: said.to_string(), ..self }
    }

    /// The last log lines of the container.
    pub fn logging(self, log: &[&str]) -> Self {
        Self { log: log.iter().map(|line| (*line).to_string()).collect(), ..self }
    }

    /// The exit code of the step.
    pub fn exiting(self, exit: i32) -> Self {
        Self { exit, ..self }
    }

    /// Another reason than the exit code.
    pub fn because(self, reason: &'static str, said: &str) -> Self {
        Self { reason, said: said.to_string(), ..self }
    }

    /// The host on which it fails.
    pub fn on(self, host: &'static str) -> Self {
        Self { host, ..self }
    }

    /// The run that fails.
    pub fn of(self, saved: SavedPlan) -> Self {
        Self { saved, ..self }
    }

    pub fn explained(self) -> Explanation {
        explanation::explain(&self.account(), Some(&self.saved), None)
    }

    pub fn explained_after(self, good: &SavedPlan) -> Explanation {
        explanation::explain(&self.account(), Some(&self.saved), Some(good))
    }

    /// The journal: every step on hosts before that of the failure went well.
    fn account(&self) -> Account {
        let beginning = Beginning::of(&self.saved.basis.run, "20260131T100000Z-abcdef", "0.1.0");
        let mut entries = vec![Entry::Began(Box::new(beginning))];
        let failed = self.saved.plan.steps().find(|(machine, step)| {
            Some(kind(step).as_str()) == self.kind && (machine.to_string() == self.host || **machine == Machine::Local)
        });
        let mut failures = Vec::new();
        if let Some((machine, step)) = failed {
            let before = self.saved.plan.steps().filter(|(at, other)| *at == machine || other.id < step.id);
            for (at, other) in before.filter(|(_, other)| other.id < step.id) {
                entries.extend(ran(at, other, 0, &[]));
            }
            let said: Vec<String> = self.said.lines().map(str::to_string).collect();
            match self.reason {
                "exit" => entries.extend(ran(machine, step, self.exit, &said)),
                _ => entries.extend(ran(machine, step, 0, &[]).into_iter().take(1)),
            }
            failures.push(FailedStep {
                machine: machine.clone(),
                role: Some("web".to_string()),
                step: Some(step.id),
                kind: self.reason.to_string(),
                error: self.said.clone(),
                aftermath: self.log.clone(),
            });
        }
        entries.push(Entry::Failed { kind: "steps".to_string(), error: self.said.clone(), failures });
        let lines =
            entries.into_iter().map(|entry| serde_json::to_string(&Line { at: 0, entry }).expect("a line") + "\n");
        Account::read(&lines.collect::<String>()).expect("a journal")
    }
}

fn ran(machine: &Machine, step: &Step, exit: i32, said: &[String]) -> [Entry; 2] {
    let sent = SentStep { id: step.id, title: step.title.clone(), kind: kind(step) };
    [
        Entry::Sending { machine: machine.clone(), role: None, steps: vec![sent] },
        Entry::Ended { machine: machine.clone(), step: step.id, exit, milliseconds: 1, said: said.to_vec() },
    ]
}

fn kind(step: &Step) -> String {
    let action = serde_json::to_value(&step.action).expect("an action can be written");
    action["kind"].as_str().unwrap_or_default().to_string()
}

/// A run that went well.
pub fn good() -> SavedPlan {
    run("v1", "    proxy: { app_port: 80 }\n", "0.1.0")
}

/// A run with a plan that has a step of every kind.
pub fn run(version: &str, proxy: &str, program: &str) -> SavedPlan {
    let text = format!(
        "service: shop\nimage: acme/shop\nservers:\n  web:\n    hosts: [10.0.0.1, 10.0.0.2]\n{proxy}\
         registry: {{ server: ghcr.io, username: acme, password: [PASSWORD] }}\nbuilder: {{ arch: amd64 }}\n"
    );
    let base = Source { path: "config/deploy.yml".to_string(), text };
    let configuration = configuration::load(&Sources { base, overlay: None, destination: None }).expect("a project");
    let selection = Selection::new(&configuration, &Filter::default()).expect("a selection");
    let run = Run::sample(Intent::Deploy { skip_push: true }, configuration, selection);
    let run = Run { version: version.to_string(), ..run };
    let digest = if version == "v1" { "a".repeat(64) } else { "b".repeat(64) };
    let plan = Plan {
        hooks: vec![HookOwner { hook: "boot".to_string(), plugin: "app".to_string(), digest }],
        version: version.to_string(),
        ..plan()
    };
    SavedPlan::new(program, plan, Basis { run, facts: Facts::default() })
}

fn plan() -> Plan {
    let host = |name: &str| Machine::Host(name.to_string());
    let script = HookScript {
        path: ".kamal/hooks/pre-deploy".to_string(),
        environment: Vec::new(),
        secrets: Vec::new(),
        runtime: false,
    };
    let container = |name: &str| Container {
        name: name.to_string(),
        image: "ghcr.io/acme/shop:v2".to_string(),
        restart: None,
        network: None,
        hostname: None,
        environment: Vec::new(),
        environment_files: Vec::new(),
        log_driver: None,
        log_options: Vec::new(),
        publish: Vec::new(),
        volumes: Vec::new(),
        labels: Vec::new(),
        flags: Vec::new(),
        command: None,
    };
    let build = serde_json::json!({
        "kind": "build", "context": ".", "tags": [], "platforms": [], "builder": null, "output": null, "dockerfile": null,
        "target": null, "labels": [], "arguments": [], "secrets": [], "no_cache": false,
    });
    let image = "ghcr.io/acme/shop:v2".to_string();
    let named = |title: &str, action: Action| Step::new(title, action);
    let prepare = vec![
        named("run the hook script", Action::HookScript(script)),
        named(
            "log in",
            Action::Login { server: None, username: plan::Username::Clear("acme".into()), password: "PASSWORD".into() },
        ),
        named("pull", Action::Pull { image: image.clone() }),
        named("check", Action::RequireServiceLabel { image: image.clone(), service: "shop".into() }),
        named("write", Action::WriteEnvironmentFile { path: "web.env".into(), secrets: Vec::new() }),
        named("boot the proxy", Action::BootProxy { container: None }),
        named("start container shop-web-v2", Action::StartContainer(container("shop-web-v2"))),
        named("start container shop-db", Action::StartAccessory(container("shop-db"))),
        named("build", serde_json::from_value(build).expect("a build")),
        named("tag", Action::Tag { image, name: "latest".into() }),
    ];
    let mut number = 0;
    let mut numbered = |mut step: Step| {
        number += 1;
        step.id = number;
        step
    };
    let prepare: Vec<Step> = prepare.into_iter().map(&mut numbered).collect();
    let boot = |name: &str, numbered: &mut dyn FnMut(Step) -> Step| {
        let route = named(
            "route requests to shop-web-v2 once it is healthy",
            Action::Route {
                service: "shop-web".into(),
                container: "shop-web-v2".into(),
                port: 3000,
                options: vec![("deploy-timeout".into(), Some("30s".into()))],
            },
        );
        let start = vec![numbered(route)];
        let block = Block { role: Some("web".into()), start, ..Block::default() };
        Track { machine: host(name), blocks: vec![block] }
    };
    let tracks = vec![boot("10.0.0.1", &mut numbered), boot("10.0.0.2", &mut numbered)];
    let wait = Action::AwaitHealthy { container: "shop-job-v2".into(), readiness_delay: 7, timeout: 30 };
    let wait = numbered(named("wait until shop-job-v2 is ready", wait));
    let stage = |title: &str, tracks| Stage { title: title.into(), registry: None, begins_boot: false, tracks };
    let track = |steps: Vec<Step>| Track {
        machine: host("10.0.0.1"),
        blocks: vec![Block { start: steps, ..Block::default() }],
    };
    Plan {
        subcommand: "deploy".into(),
        service: "shop".into(),
        prepare: vec![stage("Prepare", vec![track(prepare)])],
        apply: vec![stage("Boot the app", tracks), stage("Jobs", vec![track(vec![wait])])],
        ..Plan::default()
    }
}
