//! Plans in files and runs that were recorded: what the program makes of them, and what it refuses. No host is needed.

use std::path::Path;
use std::process::{Command, Output};

use journal::{Beginning, Entry, FailedStep, Journal, SavedPlan, SentStep, Store};
use plan::Plan;
use serde_json::{Value, json};
use tests::{schema, sextant};

const PROJECT: &str = "\
service: shop
image: acme/shop
servers: { web: [10.0.0.1], job: { hosts: [10.0.0.1], cmd: bin/jobs } }
registry: { server: ghcr.io, username: acme, password: hunter2 }
builder: { arch: amd64 }
env: { clear: { LEVEL: info } }
";

const REFUSED: &str = "nothing was touched; make the plan anew with `sextant plan --out`";

#[test]
fn a_plan_is_written_for_its_owner_alone_and_without_secrets() {
    use std::os::unix::fs::PermissionsExt;
    let folder = planned();
    let path = folder.path().join("plan.json");
    assert_eq!(std::fs::metadata(&path).expect("a plan").permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).expect("a plan");
    assert!(!text.contains("hunter2"), "{text}");
    let saved = SavedPlan::parse(&path, &text).expect("a saved plan");
    let said = run(folder.path(), &["plan", "-P", "--offline", "--out", "again.json"]);
    assert!(said.stderr.contains("The plan is in again.json, with the digest "), "{}", said.stderr);
    assert!(said.stdout.starts_with("Plan: deploy shop v1\n"), "{}", said.stdout);
    assert_eq!(schema::faults(&serde_json::to_value(&saved.plan).expect("a plan is JSON")), [""; 0]);
    let leftovers = std::fs::read_dir(folder.path()).expect("the folder").flatten();
    assert!(!leftovers.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(".tmp")));
}

#[test]
fn the_schema_is_printed_and_knows_every_action() {
    let folder = project();
    let printed = run(folder.path(), &["plan", "--schema"]).stdout;
    let file = std::fs::read_to_string(tests::house().join("docs/plan.schema.json")).expect("the schema");
    assert_eq!(printed, file);
    // serde lists all kinds when it meets one that is none.
    let unknown =
        serde_json::from_value::<plan::Action>(json!({ "kind": "?" })).expect_err("no such action").to_string();
    let listed = unknown.split_once("expected one of ").expect("a list").1;
    let kinds: Vec<String> = listed.split(", ").map(|kind| kind.trim_matches('`').to_string()).collect();
    assert_eq!(schema::kinds(), kinds, "docs/plan.schema.json is stale");
}

#[test]
fn a_plan_is_replayed_without_connections_and_processes() {
    let folder = planned();
    for words in [vec!["replay", "plan.json"], vec!["replay", "plan.json", "--against", "config/deploy.yml"]] {
        let trace = folder.path().join("trace");
        let mut strace = command("strace".as_ref(), folder.path());
        strace.args(["-f", "--quiet=all", "--trace=connect,socket,execve,fork,vfork,clone,clone3,sendto", "--output"]);
        let ran = strace
            .arg(&trace)
            .arg(sextant())
            .args(&words)
            .output()
            .expect("strace can be run: cargo xtask test installs it");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let seen = std::fs::read_to_string(&trace).expect("strace wrote what it saw");
        let acts = |line: &&str| !line.contains("CLONE_THREAD") && !line.contains("+++") && !line.contains("---");
        let calls: Vec<&str> = seen.lines().filter(acts).collect();
        // The program itself is the only one that starts.
        assert!(calls.len() == 1 && calls[0].contains("execve("), "{words:?}: {calls:#?}");
    }
}

#[test]
fn a_plan_that_was_changed_is_refused() {
    let folder = planned();
    let path = folder.path().join("plan.json");
    let text = std::fs::read_to_string(&path).expect("a plan").replacen("\"may_fail\": false", "\"may_fail\": true", 1);
    std::fs::write(&path, text).expect("a changed plan");
    let said = run(folder.path(), &["apply", "plan.json"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.starts_with("error: the plan in plan.json was changed after it was made"), "{}", said.stderr);
    assert!(said.stderr.ends_with(&format!("hint: {REFUSED}\n")), "{}", said.stderr);
}

#[test]
fn a_plan_that_its_own_basis_does_not_give_is_refused_though_its_digest_is_right() {
    let folder = planned();
    let path = folder.path().join("plan.json");
    let saved = read(&path);
    let mut plan = saved.plan.clone();
    plan.apply[0].tracks[0].blocks[0].start[0].title = "something else".to_string();
    std::fs::write(&path, SavedPlan::new(&saved.program, plan, saved.basis).text()).expect("a plan made by hand");
    let said = run(folder.path(), &["apply", "plan.json"]);
    assert_eq!(
        said.stderr,
        format!(
            "error: this is not the plan that its own facts and configuration give: it was changed after it was made\nhint: {REFUSED}\n"
        )
    );
}

#[test]
fn a_plan_of_other_plugins_is_refused_and_they_are_named() {
    let folder = planned();
    let path = folder.path().join("plan.json");
    let saved = read(&path);
    let mut plan: Plan = saved.plan.clone();
    plan.hooks.iter_mut().filter(|owner| owner.plugin == "app").for_each(|owner| owner.digest = "0".repeat(64));
    std::fs::write(&path, SavedPlan::new(&saved.program, plan, saved.basis).text()).expect("a plan of another plugin");
    let said = run(folder.path(), &["apply", "plan.json"]);
    assert!(said.stderr.starts_with("error: plugin `app` is another one: 000000000000 then, "), "{}", said.stderr);
    // Planning again with other plugins that answer the same is told, and no difference.
    let replayed = run(folder.path(), &["replay", "plan.json"]);
    assert!(replayed.stderr.starts_with("note: plugin `app` is another one"), "{}", replayed.stderr);
    assert_eq!((replayed.code, replayed.stdout.as_str()), (Some(0), ""));
}

#[test]
fn a_plan_of_another_project_or_configuration_is_refused() {
    let check = |from: &str, to: &str, said: &[&str]| {
        let folder = planned();
        std::fs::write(folder.path().join("config/deploy.yml"), PROJECT.replace(from, to)).expect("another project");
        let refused = run(folder.path(), &["apply", "plan.json"]);
        assert_eq!(refused.code, Some(1));
        for part in said.iter().copied().chain([REFUSED]) {
            assert!(refused.stderr.contains(part), "{part} in {}", refused.stderr);
        }
        assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    };
    check("service: shop", "service: cart", &["this plan is of the service `shop`, and this is `cart`"]);
    let changed = "the configuration is another one than when the plan was made";
    check("LEVEL: info", "LEVEL: debug", &[changed, "-    LEVEL: info", "+    LEVEL: debug"]);
}

#[test]
fn what_a_plan_is_about_cannot_be_said_again() {
    let folder = planned();
    let said = run(folder.path(), &["apply", "plan.json", "--hosts", "10.0.0.1"]);
    assert_eq!(
        (said.code, said.stderr.lines().next()),
        (Some(2), Some("error: --hosts has no meaning for a plan that is made already"))
    );
    let said = run(folder.path(), &["apply", "plan.json", "-d", "staging"]);
    assert!(
        said.stderr.starts_with("error: this plan is for the destination `none`, not `staging`"),
        "{}",
        said.stderr
    );
}

#[test]
fn another_configuration_shows_what_would_differ() {
    let folder = planned();
    std::fs::write(folder.path().join("new.yml"), PROJECT.replace("LEVEL: info", "LEVEL: debug"))
        .expect("a configuration");
    let said = run(folder.path(), &["replay", "plan.json", "--against", "new.yml"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stdout.contains("-") && said.stdout.contains("--env LEVEL=\"debug\""), "{}", said.stdout);
    assert_eq!(said.stderr, "plan.json with new.yml: the plan would be another one\n");
    let said = run(folder.path(), &["replay", "plan.json", "--against", "new.yml", "--output", "json"]);
    let told: Value = serde_json::from_str(&said.stdout).expect("one object");
    assert_eq!((&told["identical"], &told["against"]), (&json!(false), &json!("new.yml")));
}

#[test]
fn runs_are_listed_replayed_and_explained() {
    let folder = planned();
    let saved = read(&folder.path().join("plan.json"));
    let store = Store::new(&folder.path().join("state/sextant"), "shop", None);
    let nobody = run(folder.path(), &["history"]);
    assert_eq!((nobody.stdout.as_str(), nobody.code), ("", Some(0)));
    record(&store, "20260131T100000Z-aaaaaa", &saved, None);
    record(
        &store,
        "20260131T110000Z-bbbbbb",
        &saved,
        Some("Error: target failed to become healthy within configured timeout (30s)"),
    );
    record(&store, "20260131T120000Z-cccccc", &saved, None);

    let listed = run(folder.path(), &["history"]).stdout;
    let words: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().take(5).collect()).collect();
    assert_eq!(
        words,
        [
            vec!["RUN", "SUBCOMMAND", "VERSION", "WHO", "ENDED"],
            vec!["20260131T120000Z-cccccc", "deploy", "v1", saved.basis.run.performer.as_str(), "finished"],
            vec!["20260131T110000Z-bbbbbb", "deploy", "v1", saved.basis.run.performer.as_str(), "failed"],
            vec!["20260131T100000Z-aaaaaa", "deploy", "v1", saved.basis.run.performer.as_str(), "finished"],
        ]
    );
    let objects: Value =
        serde_json::from_str(&run(folder.path(), &["history", "--output", "json"]).stdout).expect("JSON");
    assert_eq!(objects[1]["ended"], json!("failed"));

    for name in ["last", "cccccc", "20260131T110000Z-bbbbbb"] {
        let said = run(folder.path(), &["replay", name]);
        assert!(said.stderr.ends_with(": the plan is identical\n"), "{}", said.stderr);
        assert_eq!(said.code, Some(0));
    }
    let said = run(folder.path(), &["replay", "nobody"]);
    assert_eq!(said.stderr, "error: there is no run `nobody`\nhint: `sextant history` lists them\n");

    let explained = run(folder.path(), &["explain"]);
    assert_eq!(
        explained.stdout,
        "\
Run 20260131T110000Z-bbbbbb: deploy v1

The app listens on port 3000, and the proxy asks port 80
  where: 10.0.0.1, role web, step STEP: route requests to shop-web-v1 once it is healthy
  limit: deploy_timeout, 30 seconds
  why:   the proxy found nobody on the port that it was told

What was said
  | * Listening on http://0.0.0.0:3000

What to look at
  - proxy/app_port
  - env/clear/PORT
"
        .replace("STEP", &route(&saved.plan).0.to_string())
    );
    let object: Value =
        serde_json::from_str(&run(folder.path(), &["explain", "bbbbbb", "--output", "json"]).stdout).expect("JSON");
    assert_eq!((&object["cause"], &object["limit"]["name"]), (&json!("wrong-app-port"), &json!("deploy_timeout")));
    assert_eq!(run(folder.path(), &["explain", "last"]).stderr, "run 20260131T120000Z-cccccc went well\n");
}

#[test]
fn a_run_that_ended_before_its_first_step_has_nothing_to_abort() {
    let folder = planned();
    let saved = read(&folder.path().join("plan.json"));
    let store = Store::new(&folder.path().join("state/sextant"), "shop", None);
    let name = "20260131T100000Z-aaaaaa";
    let journal = store.begin(name, "0.0.0").expect("a journal");
    journal.note(Entry::Began(Box::new(Beginning::of(&saved.basis.run, name, &saved.program)))).expect("a line");
    let error = "failed to reach `10.0.0.1`".to_string();
    journal.note(Entry::Failed { kind: "observe".to_string(), error, failures: Vec::new() }).expect("a line");
    let said = run(folder.path(), &["abort"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(0), "Nothing to abort: the run 20260131T100000Z-aaaaaa ended before its first step\n")
    );
}

/// Writes a run down: one that went well, or whose new container the proxy does not find.
fn record(store: &Store, name: &str, saved: &SavedPlan, error: Option<&str>) {
    let journal: Journal = store.begin(name, "0.0.0").expect("a journal");
    let note = |entry| journal.note(entry).expect("a line");
    note(Entry::Began(Box::new(Beginning::of(&saved.basis.run, name, &saved.program))));
    journal.keep(&saved.plan, saved.basis.clone()).expect("the plan");
    let Some(error) = error else { return note(Entry::Finished) };
    let (id, title) = route(&saved.plan);
    let machine = commands::Machine::Host("10.0.0.1".to_string());
    let sent = SentStep { id, title, kind: "route".to_string() };
    note(Entry::Sending { machine: machine.clone(), role: Some("web".to_string()), steps: vec![sent] });
    note(Entry::Ended { machine: machine.clone(), step: id, exit: 1, milliseconds: 1, said: vec![error.to_string()] });
    let failure = FailedStep {
        machine,
        role: Some("web".to_string()),
        step: Some(id),
        kind: "exit".to_string(),
        error: error.to_string(),
        aftermath: vec!["* Listening on http://0.0.0.0:3000".to_string()],
    };
    note(Entry::Failed { kind: "steps".to_string(), error: error.to_string(), failures: vec![failure] });
}

fn route(plan: &Plan) -> (u32, String) {
    let mut steps = plan.steps().map(|(_, step)| step);
    let step = steps.find(|step| matches!(step.action, plan::Action::Route { .. })).expect("requests are routed");
    (step.id, step.title.clone())
}

fn read(path: &Path) -> SavedPlan {
    SavedPlan::parse(path, &std::fs::read_to_string(path).expect("a plan")).expect("a saved plan")
}

/// A project, with a plan of it in a file.
fn planned() -> tempfile::TempDir {
    let folder = project();
    let said = run(folder.path(), &["plan", "-P", "--offline", "--out", "plan.json"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    folder
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("config")).expect("a folder in it");
    std::fs::write(folder.path().join("config/deploy.yml"), PROJECT).expect("a file in that");
    std::fs::write(folder.path().join("config/deploy.staging.yml"), "{}").expect("an overlay");
    folder
}

struct Said {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

fn run(folder: &Path, words: &[&str]) -> Said {
    let Output { status, stdout, stderr } =
        command(sextant().as_os_str(), folder).args(words).output().expect("sextant can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    Said { stdout: text(stdout), stderr: text(stderr), code: status.code() }
}

fn command(program: &std::ffi::OsStr, folder: &Path) -> Command {
    let mut command = Command::new(program);
    let cache = tests::built("sextant").with_file_name("tmp").join("cases-cache");
    command.current_dir(folder).env("XDG_CACHE_HOME", cache).env("XDG_STATE_HOME", folder.join("state"));
    command.env("VERSION", "v1").env_remove("CI").env("NO_COLOR", "1");
    command
}
