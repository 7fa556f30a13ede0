//! The proxy: booted where it does not run, left alone where it does.

use commands::Machine;
use configuration::Filter;
use expect_test::{Expect, expect};
use plan::{Action, BootSettings, HostFacts, Intent, Part, ProxyAct, Step};

use crate::rig::{Double, LARGE, SMALL, bare, facts, image, large_facts, planned, run, run_with, told, warm};

fn check(intent: Intent, host: HostFacts, expected: Expect) {
    let plan = planned(run(SMALL, intent), facts(&[("10.0.0.1", host)]), &Double::default()).unwrap();
    expected.assert_eq(&told(&plan));
}

#[test]
fn a_proxy_that_runs_is_logged_in_for_and_left_alone() {
    check(
        Intent::Proxy(ProxyAct::Boot),
        warm(&[]),
        expect![[r#"
            note: kamal-proxy runs already on 10.0.0.1
            lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
            Start the proxy
              10.0.0.1: log in
        "#]],
    );
}

#[test]
fn a_stopped_proxy_is_started() {
    let mut host = warm(&[]);
    host.containers[0].state = "exited".to_string();
    let plan =
        planned(run(SMALL, Intent::Proxy(ProxyAct::Boot)), facts(&[("10.0.0.1", host)]), &Double::default()).unwrap();
    assert!(plan.steps().any(|(_, step)| step.title == "start the proxy"));
    assert!(!plan.steps().any(|(_, step)| step.title == "create docker's network kamal"));
}

#[test]
fn a_fresh_host_gets_the_network_first() {
    let plan =
        planned(run(SMALL, Intent::Proxy(ProxyAct::Boot)), facts(&[("10.0.0.1", bare())]), &Double::default()).unwrap();
    let titles: Vec<&str> = plan.steps().map(|(_, step)| step.title.as_str()).collect();
    let at = |title: &str| titles.iter().position(|other| *other == title).unwrap();
    assert!(at("create docker's network kamal") < at("start the proxy"));
}

#[test]
fn a_rolling_reboot_is_one_host_after_the_other() {
    let plan =
        planned(run(LARGE, Intent::Proxy(ProxyAct::Reboot { rolling: true })), large_facts(), &Double::default())
            .unwrap();
    expect![[r#"
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.9
        Reboot the proxy on 10.0.0.1
          10.0.0.1: log in, stop the proxy, remove the proxy's container, make the proxy's directory, start the proxy
        Reboot the proxy on 10.0.0.2
          10.0.0.2: log in, stop the proxy, remove the proxy's container, make the proxy's directory, start the proxy
    "#]]
    .assert_eq(&told(&plan));
}

#[test]
fn hosts_without_the_proxy_get_none() {
    let filter = Filter { hosts: vec!["10.0.0.3".to_string()], ..Filter::default() };
    let run = run_with(LARGE, Intent::Proxy(ProxyAct::Boot), None, &filter);
    let plan = planned(run, facts(&[("10.0.0.3", HostFacts { network: true, ..bare() })]), &Double::default()).unwrap();
    expect![[r#"
        lock .kamal/lock-app on 10.0.0.3, visits 10.0.0.3
    "#]]
    .assert_eq(&told(&plan));
}

#[test]
fn an_upgrade_replaces_the_proxy_boots_the_app_behind_it_and_cleans_up() {
    let mut run = run(LARGE, Intent::Proxy(ProxyAct::Upgrade { rolling: true }));
    run.hook_scripts = ["pre-proxy-reboot", "post-proxy-reboot"].map(str::to_string).into();
    run.selection = run.selection.within(&run.configuration, &["10.0.0.3".to_string(), "10.0.0.9".to_string()]);
    let mut facts = large_facts();
    facts.hosts.get_mut("10.0.0.3").unwrap().images.push(image("v2"));
    let plan = planned(run, facts, &Double::default()).unwrap();
    expect![[r#"
        lock .kamal/lock-app on 10.0.0.3, visits 10.0.0.3 10.0.0.9
        Hook script pre-proxy-reboot
          local: run the hook script pre-proxy-reboot
        Remove the proxy on 10.0.0.3
          10.0.0.3: log in, remove Kamal 1's proxy, stop the proxy, remove the proxy's container, remove the proxy's image
        Boot the app
          10.0.0.3: job decides: start app-job-v2, route | then stop app-job-v1 | or undo
        Tag the image and clean up
          10.0.0.3: tag
        Remove old containers and images
          10.0.0.3: remove stopped containers but the newest 5, remove images that no container uses
        Hook script post-proxy-reboot
          local: run the hook script post-proxy-reboot
        Hook script pre-proxy-reboot
          local: run the hook script pre-proxy-reboot
        Remove the proxy on 10.0.0.9
          10.0.0.9: log in, remove Kamal 1's proxy, stop the proxy, remove the proxy's container, remove the proxy's image
        Remove old containers and images
          10.0.0.9: remove stopped containers but the newest 5, remove images that no container uses
        Hook script post-proxy-reboot
          local: run the hook script post-proxy-reboot
    "#]]
    .assert_eq(&told(&plan));
}

/// The image that the proxy is started from on each host, if the configuration tells.
fn images(project: &str) -> String {
    let plan =
        planned(run(project, Intent::Proxy(ProxyAct::Reboot { rolling: false })), large_facts(), &Double::default());
    let plan = plan.unwrap();
    let image = |(machine, step): (&Machine, &Step)| match &step.action {
        Action::RunProxy { container } => {
            let image = container.as_ref().map_or("as the host has it", |container| container.image.as_str());
            Some(format!("{machine} {image}\n"))
        }
        _ => None,
    };
    plan.steps().filter_map(image).collect()
}

#[test]
fn the_proxy_of_a_host_is_started_as_whatever_it_serves_there_says() {
    assert_eq!(images(LARGE), "10.0.0.1 as the host has it\n10.0.0.2 as the host has it\n");
    let root = format!("{LARGE}proxy: {{ run: {{ version: v1 }} }}\n");
    assert_eq!(images(&root), "10.0.0.1 basecamp/kamal-proxy:v1\n10.0.0.2 basecamp/kamal-proxy:v1\n");
    let accessory = LARGE.replace("host: 10.0.0.9", "host: 10.0.0.9, proxy: { run: { repository: own } }");
    assert_eq!(images(&accessory), "10.0.0.1 as the host has it\n10.0.0.2 as the host has it\n10.0.0.9 own:v0.9.2\n");
}

#[test]
fn settings_are_files_only_where_they_differ() {
    let check = |settings: BootSettings, expected: &[&str]| {
        let run = run(SMALL, Intent::Proxy(ProxyAct::Configure(settings)));
        let plan = planned(run, facts(&[("10.0.0.1", bare())]), &Double::default()).unwrap();
        let content = |step: &Step| match &step.action {
            Action::WriteFile { path, content, .. } => match content.as_slice() {
                [Part::Text(text)] => Some(format!("{path} {text}")),
                _ => None,
            },
            _ => None,
        };
        let files: Vec<String> = plan.steps().filter_map(|(_, step)| content(step)).collect();
        assert_eq!(files, expected);
        assert_eq!(plan.lock, None);
    };
    let defaults = BootSettings {
        publish: true,
        addresses: Vec::new(),
        http_port: 80,
        https_port: 443,
        log_max_size: "10m".to_string(),
        registry: None,
        repository: None,
        image_version: None,
        metrics_port: None,
        debug: false,
        docker_options: Vec::new(),
    };
    check(defaults.clone(), &[]);
    check(
        BootSettings { publish: false, log_max_size: String::new(), debug: true, ..defaults.clone() },
        &[".kamal/proxy/options ", ".kamal/proxy/run_command kamal-proxy run --debug"],
    );
    check(
        BootSettings { registry: Some("reg:5000".to_string()), image_version: Some("v1".to_string()), ..defaults },
        &[".kamal/proxy/image reg:5000/basecamp/kamal-proxy", ".kamal/proxy/image_version v1"],
    );
}
