//! What a plan says of what does not serve while it is carried out.

use plan::{AccessoryAct, Facts, Intent, ProxyAct, downtimes};

use crate::rig::{Double, LARGE, SMALL, facts, large_facts, planned, run, warm};

/// A line for each.
fn told(project: &str, intent: Intent, facts: Facts) -> Vec<String> {
    let plan = planned(run(project, intent), facts, &Double::default()).unwrap();
    let line = |found: plan::Downtime| {
        let until = found.until.map_or("on".to_string(), |until| format!("to: {until}"));
        format!("{} on {}, from: {}, {until}", found.what, found.hosts.join(", "), found.from)
    };
    downtimes(&plan).into_iter().map(line).collect()
}

#[test]
fn a_deploy_has_none() {
    let small = || facts(&[("10.0.0.1", warm(&["web"]))]);
    assert_eq!(told(SMALL, Intent::Deploy { skip_push: true }, small()), Vec::<String>::new());
    assert_eq!(told(LARGE, Intent::Deploy { skip_push: true }, large_facts()), Vec::<String>::new());
}

#[test]
fn the_proxy_is_away_while_it_is_made_anew_on_every_host_that_has_one() {
    for rolling in [true, false] {
        let found = told(LARGE, Intent::Proxy(ProxyAct::Reboot { rolling }), large_facts());
        assert_eq!(found, ["the proxy on 10.0.0.1, 10.0.0.2, from: stop the proxy, to: start the proxy"]);
    }
    let found = told(LARGE, Intent::Proxy(ProxyAct::Stop), large_facts());
    assert_eq!(found, ["the proxy on 10.0.0.1, 10.0.0.2, from: stop the proxy, on"]);
}

#[test]
fn an_app_that_is_stopped_is_told_once_and_one_that_was_replaced_is_not() {
    let small = || facts(&[("10.0.0.1", warm(&["web"]))]);
    let found = told(SMALL, Intent::AppStop, small());
    assert_eq!(found, ["the service app-web on 10.0.0.1, from: stop routing requests to app-web, on"]);
}

#[test]
fn an_accessory_is_away_from_when_it_is_stopped_to_when_it_is_started() {
    let found = told(LARGE, Intent::Accessory(AccessoryAct::Restart, Some("db".to_string())), large_facts());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("the container app-db on 10.0.0.9, from: stop"), "{found:?}");
    assert!(found[0].contains(", to: start"), "{found:?}");
}
