//! The proxy: booted where it does not run, left alone where it does.

use configuration::Filter;
use expect_test::{Expect, expect};
use plan::{HostFacts, Intent, ProxyAct};

use crate::rig::{Double, LARGE, SMALL, bare, facts, large_facts, planned, run, run_with, told, warm};

fn check(intent: Intent, host: HostFacts, expected: Expect) {
    let plan = planned(run(SMALL, intent), facts(&[("10.0.0.1", host)]), &Double::default()).unwrap();
    expected.assert_eq(&told(&plan));
}

#[test]
fn nothing_is_done_about_a_proxy_that_runs() {
    check(
        Intent::Proxy(ProxyAct::Boot),
        warm(&[]),
        expect![[r#"
        note: kamal-proxy runs already on 10.0.0.1
        lock .kamal/lock-app on 10.0.0.1, visits 10.0.0.1
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
