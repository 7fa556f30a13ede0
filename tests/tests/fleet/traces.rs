//! What docker on the hosts remembers, to prove that something was not touched.

use std::time::SystemTime;

use fleet::{Event, Fleet, Host};

/// The containers of some hosts at a moment.
#[derive(Debug)]
pub struct Traces {
    moment: SystemTime,
    hosts: Vec<(Host, String)>,
}

impl Traces {
    /// How things are on every host now.
    pub fn of(fleet: &Fleet) -> Self {
        Self::of_hosts(&fleet.hosts().iter().collect::<Vec<_>>())
    }

    /// How things are on some hosts now.
    pub fn of_hosts(hosts: &[&Host]) -> Self {
        let moment = SystemTime::now();
        Self { moment, hosts: hosts.iter().map(|host| ((*host).clone(), containers(host))).collect() }
    }

    /// Panics when since then a container came, went, started, stopped or was renamed, or an image was tagged.
    #[track_caller]
    pub fn assert_untouched(&self) {
        for (host, before) in &self.hosts {
            let events = self.events(host);
            // What ends in a container began before, or its beginning is among the events, too.
            let ends = |event: &Event| event.action.starts_with("exec_die");
            let touched = |event: &&Event| event.kind == "container" && !ends(event) || event.action == "tag";
            let touches: Vec<&Event> = events.iter().filter(touched).collect();
            assert!(touches.is_empty(), "{} was touched: {touches:?}", host.address);
            assert_eq!(containers(host), *before, "the containers of {} changed", host.address);
        }
    }

    /// What docker did on a host since then.
    pub fn events(&self, host: &Host) -> Vec<Event> {
        host.docker_events_since(self.moment).expect("docker tells its events")
    }
}

fn containers(host: &Host) -> String {
    let line = "docker ps --all --no-trunc --format '{{.ID}} {{.Image}} {{.State}} {{.Names}}' | sort";
    host.sh(line).expect("docker lists containers")
}
