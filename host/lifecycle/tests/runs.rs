//! Whole runs on scripted machines: what reaches which machine in which order, and what is left when something fails.

mod rig;

use lifecycle::LifecycleError;
use plan::{Container, Facts, HostFacts};
use transport::{Outcome, Scripted};

use rig::{PROJECT, ends, looked, on, play, play_exactly, play_with};

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
    assert!(!played.lines.iter().any(|line| line.contains("start web") || line.contains("mkdir $d")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_lock_stops_the_run_and_is_not_released() {
    let machines = Scripted::new().when(|_, line| line.contains("mkdir $d"), ends(75, ""));
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

/// A project with a proxy, and what its hosts told when its plan was made: the proxy runs on `a`.
const BEHIND_A_PROXY: &str = r#"{"id":"p","name":"/kamal-proxy","image":"basecamp/kamal-proxy:v0.9.2","image_id":"i","state":"running","labels":{}}"#;

fn recorded() -> (String, Facts) {
    let proxy = Container {
        id: "p".to_string(),
        name: "kamal-proxy".to_string(),
        image: "basecamp/kamal-proxy:v0.9.2".to_string(),
        image_id: "i".to_string(),
        state: "running".to_string(),
        labels: Some(Default::default()),
        ports: None,
        settings: None,
    };
    let a = HostFacts { containers: vec![proxy], ..HostFacts::bare() };
    let hosts = [("a".to_string(), a), ("b".to_string(), HostFacts::bare())].into_iter().collect();
    (PROJECT.replace(", proxy: false", ", proxy: { app_port: 3000 }"), Facts { hosts, architecture: None })
}

/// Machines on which the proxy runs on `a` for so many looks.
fn with_a_proxy_for(looks: usize) -> Scripted {
    let mut seen = 0;
    Scripted::new().answering(move |machine, line| {
        if !on(machine, "a") || !line.contains("docker ps --all") {
            return None;
        }
        seen += 1;
        let told = if seen <= looks { BEHIND_A_PROXY } else { "" };
        Some(transport::Answer::Ends(Outcome::success(looked(told))))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_made_before_is_carried_out_where_nothing_changed() {
    let (project, facts) = recorded();
    let played = play_exactly(with_a_proxy_for(9), &project, Some(facts)).await;
    played.result.as_ref().expect("all goes well");
    assert!(played.steps("a").contains(&"start web on a".to_string()), "{:?}", played.lines);
    assert!(!played.told.contains(&"replanned".to_string()));
    // Policies judge it by the present time.
    assert!(played.told.contains(&"judged at 2000000000".to_string()), "{:?}", played.told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_made_before_is_left_alone_where_the_hosts_changed() {
    let (project, facts) = recorded();
    let played = play_exactly(with_a_proxy_for(0), &project, Some(facts)).await;
    let Err(LifecycleError::Outdated { changes, .. }) = &played.result else { panic!("{:?}", played.result) };
    assert_eq!(changes, &["a: container kamal-proxy is gone"]);
    assert!(!played.lines.iter().any(|line| line.contains("pull") || line.contains("mkdir")), "{:?}", played.lines);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_made_before_is_not_planned_again_under_the_lock() {
    let (project, facts) = recorded();
    let played = play_exactly(with_a_proxy_for(1), &project, Some(facts)).await;
    let Err(LifecycleError::Outdated { changes, .. }) = &played.result else { panic!("{:?}", played.result) };
    assert_eq!(changes, &["a: container kamal-proxy is gone"]);
    assert!(played.steps("a").is_empty() && played.released(), "{:?}", played.lines);
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
