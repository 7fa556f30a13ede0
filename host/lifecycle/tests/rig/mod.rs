//! Runs on scripted machines, for the tests of whole runs.
#![allow(dead_code)] // each test uses a part

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use commands::Machine;
use configuration::{Filter, PolicyMode, Secrets, Selection, Source, Sources};
use journal::Journal;
use lifecycle::{Deed, Deeds, Event, LifecycleError, Operation, Settled};
use plan::hooks::{Answer, BootAnswer, Happening, Hooks, Opinion, Place, Proposal, Registry, Verdict, Whereabouts};
use plan::{Action, Basis, Facts, HookError, HookOwner, Intent, Plan, PluginUse, Run, Username};
use transport::{Interrupts, Outcome, Scripted, SecretValues};

/// Two roles on two hosts.
pub const PROJECT: &str = "
service: shop
image: acme/shop
servers:
  web: { hosts: [a, b], proxy: false }
  job: { hosts: [a] }
registry: { username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
";

/// What a host says to a look that asks for its containers first.
pub fn looked(containers: &str) -> String {
    let rest: String = (1..20).map(|part| format!("\n\u{1e} {part} 0\n")).collect();
    format!("{containers}\n\n\u{1e} 0 0\n{rest}")
}

/// What became of a run.
pub struct Played {
    pub result: Result<(), LifecycleError>,
    pub told: Vec<String>,
    pub lines: Vec<String>,
    /// The plan that was carried out.
    pub plan: Option<Plan>,
    /// Every call.
    pub calls: Vec<transport::Call>,
}

impl Played {
    /// What plugins proposed and a host carried out, in order.
    pub fn steps(&self, host: &str) -> Vec<String> {
        let end = format!(" on {host}");
        let words = self
            .lines
            .iter()
            .filter_map(|line| line.strip_prefix("echo "))
            .map(|line| line.trim_matches('\'').to_string());
        words.filter(|line| line.ends_with(&end)).collect()
    }

    pub fn released(&self) -> bool {
        self.lines.iter().any(|line| line.starts_with("d=.kamal/lock-shop; ") && line.contains("rm -rf $d"))
    }
}

pub async fn play(machines: Scripted) -> Played {
    play_with(machines, PROJECT).await
}

pub async fn play_with(machines: Scripted, project: &str) -> Played {
    play_noting(machines, project, &Journal::nowhere()).await
}

/// Plays a run; with facts, exactly the plan that they gave.
pub async fn play_exactly(machines: Scripted, project: &str, recorded: Option<Facts>) -> Played {
    play_run(machines, project, &Journal::nowhere(), recorded).await
}

/// Plays a run and has it written down.
pub async fn play_noting(machines: Scripted, project: &str, journal: &Journal) -> Played {
    play_run(machines, project, journal, None).await
}

async fn play_run(machines: Scripted, project: &str, journal: &Journal, recorded: Option<Facts>) -> Played {
    let base = Source { path: "config/deploy.yml".into(), text: project.into() };
    let configuration =
        configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid");
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let intent = Intent::Deploy { skip_push: true };
    let run = Run { subcommand: vec!["deploy".into()], ..Run::sample(intent, configuration, selection) };
    let settled = recorded.map(|facts| {
        let basis = Basis { run: run.clone(), facts };
        let plan = basis.plan(&Plugins).expect("a plan can be made");
        Settled { plan, present: Arc::new(Run { started: 2_000_000_000, ..run.clone() }), basis, approvals: Vec::new() }
    });
    let secrets_file = [Source { path: ".kamal/secrets".into(), text: "PASSWORD=planted".into() }];
    let secrets = Secrets::parse(&[".kamal/secrets".into()], &secrets_file, &Default::default(), &mut |_| Ok(None))
        .expect("the secrets are valid");
    let told = Mutex::new(Vec::new());
    let planned = Mutex::new(None);
    let events = |event: Event<'_>| {
        if let Event::Planned { plan } | Event::Replanned { plan } = event {
            *planned.lock().expect("nobody panics") = Some(plan.clone());
        }
        told.lock().expect("nobody panics").extend(word(event));
    };
    let operation = Operation {
        run: Arc::new(run),
        transport: &machines,
        hooks: &Plugins,
        secrets: &secrets,
        lookup: &|| unreachable!("no secret takes a command"),
        deeds: &Told(&told),
        journal,
        events: &events,
        interrupts: &Interrupts::new(),
        exactly: settled.as_ref(),
    };
    let result = operation.perform().await;
    let calls = machines.calls();
    let lines = calls.iter().map(|call| call.line.clone()).collect();
    let told = told.lock().expect("nobody panics").clone();
    let plan = planned.lock().expect("nobody panics").clone();
    Played { result, told, lines, plan, calls }
}

/// Deeds that are told instead of done.
struct Told<'a>(&'a Mutex<Vec<String>>);

impl Deeds for Told<'_> {
    fn perform<'a>(&'a self, action: &'a Action) -> Deed<'a, String> {
        self.0.lock().expect("nobody panics").push(format!("did {action:?}"));
        Box::pin(async { Ok("done".to_string()) })
    }

    fn credentials<'a>(&'a self, plugin: &'a str, server: Option<&'a str>) -> Deed<'a, SecretValues> {
        self.0.lock().expect("nobody panics").push(format!("asked {plugin} about {server:?}"));
        let (user, password) = plan::credential_names(plugin, server);
        Box::pin(async move { Ok(SecretValues::from([(user, "u".into()), (password, "p".into())])) })
    }

    fn notify<'a>(&'a self, _: &'a Happening) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>> {
        Box::pin(async { Vec::new() })
    }
}

fn word(event: Event<'_>) -> Option<String> {
    match event {
        Event::PolicyWarned { reason, .. } => Some(reason.to_string()),
        Event::Replanned { .. } => Some("replanned".to_string()),
        Event::LockDying { host, .. } => Some(format!("lock dying on {host}")),
        Event::LockTakenOver { host, details } => Some(format!("took over on {host}: {details}")),
        Event::LockSkipped { host, .. } => Some(format!("lock skipped on {host}")),
        Event::BarrierOpened { .. } => Some("barrier opened".to_string()),
        Event::BarrierClosed { .. } => Some("barrier closed".to_string()),
        Event::StepBegan { step, .. } => Some(format!("began {}", step.title)),
        _ => None,
    }
}

pub fn on(machine: &Machine, host: &str) -> bool {
    *machine == Machine::Host(host.to_string())
}

pub fn ends(exit: i32, stderr: &str) -> transport::Answer {
    transport::Answer::Ends(Outcome::failure(exit, stderr))
}

/// Plugins whose steps say what they are.
struct Plugins;

pub fn says(what: String) -> Answer {
    let step = Proposal {
        title: what.clone(),
        action: Action::Run { words: vec!["echo".into(), what] },
        unless: None,
        may_fail: false,
        audit: None,
        time_limit: None,
        prepares: false,
    };
    Answer { plugin: "test".into(), steps: vec![step] }
}

impl Hooks for Plugins {
    fn pre_login(&self, _: &Arc<Run>, _: &Arc<Facts>, registry: &Registry, _: Place) -> Result<Answer, HookError> {
        let mut answer = says("log in".into());
        let (username, password) = (Username::Clear("acme".into()), registry.credentials.password.clone());
        answer.steps[0].action = Action::Login { server: None, username, password };
        Ok(answer)
    }

    fn build(&self, _: &Arc<Run>, _: &Arc<Facts>) -> Result<(Answer, Whereabouts), HookError> {
        unreachable!("nothing is built under --skip-push")
    }

    fn push(&self, _: &Arc<Run>, _: &Arc<Facts>) -> Result<Answer, HookError> {
        unreachable!("nothing is pushed under --skip-push")
    }

    fn tag(&self, _: &Arc<Run>, _: &Arc<Facts>, host: &str) -> Result<Answer, HookError> {
        Ok(says(format!("tag on {host}")))
    }

    fn boot(&self, _: &Arc<Run>, _: &Arc<Facts>, role: &str, host: &str) -> Result<BootAnswer, HookError> {
        let part = |part: &str| says(format!("{part} {role} on {host}"));
        Ok(BootAnswer {
            prepare: Answer::default(),
            start: part("start"),
            finish: part("finish"),
            abort: part("abort"),
        })
    }

    fn owners(&self, _: &Run) -> Vec<HookOwner> {
        Vec::new()
    }

    fn plugins(&self) -> Vec<PluginUse> {
        Vec::new()
    }

    /// Lets everything pass, and tells by which time.
    fn review(&self, run: &Arc<Run>, _: &Arc<Facts>, _: &Arc<Plan>) -> Vec<Opinion> {
        let verdict = Verdict::Warn { reason: format!("judged at {}", run.started), steps: Vec::new() };
        vec![Opinion {
            policy: "clock".to_string(),
            verdicts: vec![verdict],
            mode: PolicyMode::Enforce,
            may_override: false,
        }]
    }
}
