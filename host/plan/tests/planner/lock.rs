//! The deploy lock: who holds it, what stands in it, what hook scripts learn about it.

use expect_test::expect;
use plan::{Action, Intent, Plan, ProxyAct};

use crate::rig::{Double, LARGE, SMALL, container, facts, image, large_facts, planned, run, told, warm};

fn deploy(inherited: bool) -> Plan {
    let mut run = run(SMALL, Intent::Deploy { skip_push: false });
    run.lock_inherited = inherited;
    let scripts = ["pre-connect", "pre-build", "pre-deploy", "pre-app-boot", "post-app-boot", "post-deploy"];
    run.hook_scripts = scripts.map(str::to_string).into();
    planned(run, facts(&[("10.0.0.1", warm(&["web"]))]), &Double::default()).unwrap()
}

/// What each hook script learns about the lock, the secrets and the time it took.
fn scripts(plan: &Plan) -> String {
    let lines = plan.steps().filter_map(|(_, step)| match &step.action {
        Action::HookScript(script) => {
            let lock =
                script.environment.iter().find(|(name, _)| name == "KAMAL_LOCK").map(|(_, value)| value.as_str());
            let secrets = script.secrets.join(" ");
            Some(format!(
                "{} lock {} secrets [{secrets}] runtime {}\n",
                script.path,
                lock.unwrap_or("?"),
                script.runtime
            ))
        }
        _ => None,
    });
    lines.collect()
}

#[test]
fn the_lock_tells_who_when_and_which_version() {
    let lock = deploy(false).lock.unwrap();
    expect![[r#"
        Locked by: Dev at 2026-01-31T10:00:00Z
        Version: v2
        Message: Automatic deploy lock"#]]
    .assert_eq(&lock.details);
}

/// The version that the lock and each hook script tell, where the project is at `abc` and `v2` is booted.
fn versions(intent: Intent) -> String {
    let mut run = run(SMALL, intent);
    run.own_version = "abc".to_string();
    let scripts = ["pre-connect", "pre-deploy", "pre-app-boot", "post-app-boot", "post-deploy", "pre-proxy-reboot"];
    run.hook_scripts = scripts.map(str::to_string).into();
    let mut host = warm(&["web"]);
    host.images.push(image("v2"));
    host.containers.push(container(
        "app-web-v2",
        "exited",
        &[("service", "app"), ("role", "web"), ("destination", "")],
    ));
    let plan = planned(run, facts(&[("10.0.0.1", host)]), &Double::default()).unwrap();
    let locked = plan.lock.iter().flat_map(|lock| lock.details.lines()).find_map(|line| line.strip_prefix("Version: "));
    let told = plan.steps().filter_map(|(_, step)| match &step.action {
        Action::HookScript(script) => {
            let version = script.environment.iter().find(|(name, _)| name == "KAMAL_VERSION")?;
            Some(format!(", {} {}", script.path.rsplit('/').next()?, version.1))
        }
        _ => None,
    });
    format!("lock {}{}", locked.unwrap_or("none"), told.collect::<String>())
}

#[test]
fn another_version_is_told_where_it_is_booted() {
    assert_eq!(
        versions(Intent::Rollback),
        "lock abc, pre-connect abc, pre-deploy v2, pre-app-boot v2, post-app-boot v2, post-deploy v2"
    );
    assert_eq!(versions(Intent::AppBoot), "lock abc, pre-connect abc, pre-app-boot v2, post-app-boot v2");
    let upgraded = "lock abc, pre-connect abc, pre-proxy-reboot abc, pre-app-boot v2, post-app-boot v2";
    assert_eq!(versions(Intent::Upgrade { rolling: false }), upgraded);
    assert_eq!(versions(Intent::Proxy(ProxyAct::Upgrade { rolling: true })), upgraded);
}

#[test]
fn a_parents_lock_is_neither_taken_nor_released() {
    assert_eq!(deploy(true).lock, None);
    let taken = Double::default();
    for intent in [Intent::AppStop, Intent::Prune, Intent::Proxy(ProxyAct::Boot), Intent::Remove] {
        let mut run = run(LARGE, intent);
        run.lock_inherited = true;
        assert_eq!(planned(run, large_facts(), &taken).unwrap().lock, None);
    }
}

#[test]
fn hook_scripts_learn_whether_the_lock_is_held_and_some_of_them_the_secrets() {
    expect![[r#"
        .kamal/hooks/pre-connect lock false secrets [PASSWORD] runtime false
        .kamal/hooks/pre-build lock false secrets [] runtime false
        .kamal/hooks/pre-deploy lock true secrets [PASSWORD] runtime false
        .kamal/hooks/pre-app-boot lock true secrets [] runtime false
        .kamal/hooks/post-app-boot lock true secrets [] runtime false
        .kamal/hooks/post-deploy lock false secrets [PASSWORD] runtime true
    "#]]
    .assert_eq(&scripts(&deploy(false)));
    expect![[r#"
        .kamal/hooks/pre-connect lock true secrets [PASSWORD] runtime false
        .kamal/hooks/pre-build lock true secrets [] runtime false
        .kamal/hooks/pre-deploy lock true secrets [PASSWORD] runtime false
        .kamal/hooks/pre-app-boot lock true secrets [] runtime false
        .kamal/hooks/post-app-boot lock true secrets [] runtime false
        .kamal/hooks/post-deploy lock true secrets [PASSWORD] runtime true
    "#]]
    .assert_eq(&scripts(&deploy(true)));
}

#[test]
fn x_hooks_narrows_the_secrets_of_a_hook_script() {
    let project =
        format!("{SMALL}x-hooks: {{ pre-connect: {{ secrets: [] }}, post-deploy: {{ secrets: [TOKEN] }} }}\n");
    let mut run = run(&project, Intent::Deploy { skip_push: true });
    run.secret_names = vec!["PASSWORD".to_string(), "TOKEN".to_string()];
    run.hook_scripts = ["pre-connect", "pre-deploy", "post-deploy"].map(str::to_string).into();
    let plan = planned(run, facts(&[("10.0.0.1", warm(&["web"]))]), &Double::default()).unwrap();
    expect![[r#"
        .kamal/hooks/pre-connect lock false secrets [] runtime false
        .kamal/hooks/pre-deploy lock true secrets [PASSWORD TOKEN] runtime false
        .kamal/hooks/post-deploy lock false secrets [TOKEN] runtime true
    "#]]
    .assert_eq(&scripts(&plan));
}

#[test]
fn acquire_makes_the_folder_everywhere_and_takes_the_lock_on_the_primary_host() {
    let intent = Intent::LockAcquire { message: "maintenance".to_string() };
    let plan = planned(run(LARGE, intent), facts(&[]), &Double::default()).unwrap();
    expect![[r#"
        Take the deploy lock
          10.0.0.1: make .kamal, take the deploy lock
          10.0.0.2: make .kamal
          10.0.0.3: make .kamal
          10.0.0.9: make .kamal
    "#]]
    .assert_eq(&told(&plan));
}
