//! Whole runs on scripted machines: what reaches which machine in which order, and what is left when something fails.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use commands::Machine;
use configuration::{Filter, Secrets, Selection, Source, Sources};
use lifecycle::{Deed, Deeds, Event, LifecycleError, Operation};
use plan::hooks::{Answer, BootAnswer, Happening, Hooks, Opinion, Place, Proposal, Registry, Whereabouts};
use plan::{Action, Facts, HookError, HookOwner, Intent, Plan, PluginUse, Run, Username};
use transport::{Interrupts, Outcome, Scripted, SecretValues};

const PROJECT: &str = "
service: shop
image: acme/shop
servers:
  web: { hosts: [a, b], proxy: false }
  job: { hosts: [a] }
registry: { username: acme, password: [PASSWORD] }
builder: { arch: amd64 }
";

#[tokio::test(flavor = "multi_thread")]
async fn other_roles_boot_once_the_first_container_of_the_primary_role_is_healthy() {
    let played = play(Scripted::new()).await;
    played.result.as_ref().expect("all goes well");
    assert_eq!(
        played.steps("a"),
        ["start web", "finish web", "start job", "finish job", "tag"].map(|step| format!("{step} on a"))
    );
    assert_eq!(played.steps("b"), ["start web", "finish web", "tag"].map(|step| format!("{step} on b")));
    let opened = played.told.iter().position(|told| told == "barrier opened").expect("the barrier opens");
    let job = played.told.iter().position(|told| told == "began start job on a").expect("job boots");
    assert!(opened < job);
    assert!(played.released());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_role_boots_when_the_first_container_of_the_primary_role_fails() {
    let machines = Scripted::new().when(|_, line| line.contains("start web"), ends(1, "no such port"));
    let played = play(machines).await;
    let Err(LifecycleError::Steps { stage, failures }) = &played.result else { panic!("the boot fails") };
    assert_eq!((stage.as_str(), failures.len()), ("Boot the app", 2));
    assert_eq!(played.steps("a"), ["start web on a", "abort web on a"]);
    assert_eq!(played.steps("b"), ["start web on b", "abort web on b"]);
    assert!(played.told.contains(&"barrier closed".to_string()));
    assert!(played.released());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_on_one_host_leaves_the_others_whole_and_stops_what_follows() {
    let machines = Scripted::new().when(|machine, line| on(machine, "b") && line.contains("start web"), ends(1, "oh"));
    let played = play(machines).await;
    assert!(played.result.is_err());
    assert_eq!(played.steps("b"), ["start web on b", "abort web on b"]);
    assert!(played.steps("a").contains(&"finish web on a".to_string()), "{:?}", played.steps("a"));
    assert!(!played.lines.iter().any(|line| line.contains("tag on")), "nothing is tagged");
    assert!(played.released());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_booted_when_one_host_cannot_pull() {
    let machines =
        Scripted::new().when(|machine, line| on(machine, "b") && line.contains("docker pull"), ends(1, "not found"));
    let played = play(machines).await;
    assert!(matches!(played.result, Err(LifecycleError::Steps { .. })));
    assert!(!played.lines.iter().any(|line| line.contains("start web") || line.contains("mkdir .kamal/lock-")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_lock_stops_the_run_and_is_not_released() {
    let machines = Scripted::new().when(|_, line| line.contains("mkdir .kamal/lock-"), ends(75, ""));
    let played = play(machines).await;
    assert!(matches!(&played.result, Err(LifecycleError::LockHeld { host, .. }) if host == "a"));
    assert!(!played.released());
    assert!(!played.lines.iter().any(|line| line.contains("start web")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_is_given_back_when_another_host_fails_while_it_is_taken() {
    let machines =
        Scripted::new().when(|machine, line| on(machine, "b") && line == "mkdir -p .kamal", ends(1, "read-only"));
    let played = play(machines).await;
    assert!(matches!(&played.result, Err(LifecycleError::Lock { host, .. }) if host == "b"));
    assert!(played.released());
    assert!(!played.lines.iter().any(|line| line.contains("start web")));
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_changed_before_the_lock_was_taken_are_planned_for_again() {
    let mut looks = 0;
    let proxy = r#"{"id":"p","name":"/kamal-proxy","image":"basecamp/kamal-proxy:v0.9.2","image_id":"i","state":"running","labels":{}}"#;
    let machines = Scripted::new().answering(move |machine, line| {
        if !on(machine, "a") || !line.contains("docker ps --all") {
            return None;
        }
        looks += 1;
        // Somebody stopped the network and the proxy is gone at the second look: the plan has to start it.
        Some(transport::Answer::Ends(Outcome::success(looked(if looks == 1 { proxy } else { "" }))))
    });
    let played = play_with(machines, &PROJECT.replace(", proxy: false", ", proxy: { app_port: 3000 }")).await;
    played.result.as_ref().expect("all goes well");
    assert!(played.told.contains(&"replanned".to_string()), "{:?}", played.told);
    assert!(played.lines.iter().any(|line| line.contains("docker container start kamal-proxy")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_reached_ends_the_run_before_anything_is_touched() {
    let played = play(Scripted::new().unreachable("b")).await;
    assert!(matches!(played.result, Err(LifecycleError::Observe(_))));
    assert!(!played.lines.iter().any(|line| line.contains("pull") || line.contains("mkdir")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret_ends_the_run_before_anything_is_touched() {
    let played = play_with(Scripted::new(), &PROJECT.replace("[PASSWORD]", "[NOBODY_SET_ME]")).await;
    assert!(matches!(played.result, Err(LifecycleError::Secret(_))));
    assert!(!played.lines.iter().any(|line| line.contains("pull")));
}

/// What a host says to a look that asks for its containers first.
fn looked(containers: &str) -> String {
    let rest: String = (1..20).map(|part| format!("\n\u{1e} {part} 0\n")).collect();
    format!("{containers}\n\n\u{1e} 0 0\n{rest}")
}

/// What became of a run.
struct Played {
    result: Result<(), LifecycleError>,
    told: Vec<String>,
    lines: Vec<String>,
}

impl Played {
    /// What plugins proposed and a host carried out, in order.
    fn steps(&self, host: &str) -> Vec<String> {
        let end = format!(" on {host}");
        let words = self
            .lines
            .iter()
            .filter_map(|line| line.strip_prefix("echo "))
            .map(|line| line.trim_matches('\'').to_string());
        words.filter(|line| line.ends_with(&end)).collect()
    }

    fn released(&self) -> bool {
        self.lines.iter().any(|line| line.contains("rm -rf .kamal/lock-shop"))
    }
}

async fn play(machines: Scripted) -> Played {
    play_with(machines, PROJECT).await
}

async fn play_with(machines: Scripted, project: &str) -> Played {
    let base = Source { path: "config/deploy.yml".into(), text: project.into() };
    let configuration =
        configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid");
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let intent = Intent::Deploy { skip_push: true };
    let run = Run { subcommand: vec!["deploy".into()], ..Run::sample(intent, configuration, selection) };
    let secrets_file = [Source { path: ".kamal/secrets".into(), text: "PASSWORD=planted".into() }];
    let secrets = Secrets::parse(&[".kamal/secrets".into()], &secrets_file, &Default::default(), &mut |_| Ok(None))
        .expect("the secrets are valid");
    let told = Mutex::new(Vec::new());
    let events = |event: Event<'_>| told.lock().expect("nobody panics").extend(word(event));
    let operation = Operation {
        run: Arc::new(run),
        transport: &machines,
        hooks: &Plugins,
        secrets: &secrets,
        lookup: &|| unreachable!("no secret takes a command"),
        deeds: &Told(&told),
        events: &events,
        interrupts: &Interrupts::new(),
        approvals: Vec::new(),
    };
    let result = operation.perform().await;
    let lines = machines.calls().into_iter().map(|call| call.line).collect();
    let told = told.lock().expect("nobody panics").clone();
    Played { result, told, lines }
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
        Event::Replanned { .. } => Some("replanned".to_string()),
        Event::BarrierOpened { .. } => Some("barrier opened".to_string()),
        Event::BarrierClosed { .. } => Some("barrier closed".to_string()),
        Event::StepBegan { step, .. } => Some(format!("began {}", step.title)),
        _ => None,
    }
}

fn on(machine: &Machine, host: &str) -> bool {
    *machine == Machine::Host(host.to_string())
}

fn ends(exit: i32, stderr: &str) -> transport::Answer {
    transport::Answer::Ends(Outcome::failure(exit, stderr))
}

/// Plugins whose steps say what they are.
struct Plugins;

fn says(what: String) -> Answer {
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

    fn review(&self, _: &Arc<Run>, _: &Arc<Facts>, _: &Arc<Plan>) -> Vec<Opinion> {
        Vec::new()
    }
}
