//! What the demo saw, in words, and whether it is what was promised. Pure.

use std::fmt;

use fleet::LoadReport;

/// More sessions than this on one app host, and the promise of few trips is broken.
const MOST_SESSIONS: usize = 8;

/// Everything worth telling about one demo.
pub struct Summary {
    /// The version that was deployed last.
    pub expected: String,
    pub hosts: Vec<HostSummary>,
    pub load: LoadReport,
    /// Seconds.
    pub setup: f64,
    /// Seconds.
    pub deploy: f64,
}

/// One host after the deploy.
pub struct HostSummary {
    pub address: String,
    /// The version it serves; `None` for a host without the app.
    pub serves: Option<String>,
    pub connections: usize,
    pub sessions: usize,
}

impl Summary {
    /// Says in words what should not have happened; nothing when all is well.
    pub fn broken_promises(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if self.load.requests() == 0 {
            broken.push("no request was made".to_owned());
        }
        for host in self.load.hosts.iter().filter(|host| host.failed > 0) {
            let first = host.failures.first().map(String::as_str).unwrap_or("unknown");
            broken.push(format!("{} requests to {} failed, the first with `{first}`", host.failed, host.address));
        }
        for host in &self.hosts {
            let Some(serves) = &host.serves else { continue };
            if *serves != self.expected {
                broken.push(format!("{} serves `{serves}` instead of `{}`", host.address, self.expected));
            }
            if host.sessions > MOST_SESSIONS {
                broken.push(format!("{} ssh sessions on {}, more than {MOST_SESSIONS}", host.sessions, host.address));
            }
        }
        broken
    }
}

/// One fact per line: what about, where, what.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fact = |about: &str, what: String| writeln!(f, "  {about:10}{what}");
        fact("requests", format!("{} in all, {} failed", self.load.requests(), self.load.failures()))?;
        for host in &self.load.hosts {
            let versions: Vec<String> =
                host.versions.iter().map(|(version, count)| format!("`{version}` {count} times")).collect();
            fact("answers", format!("{}  {}", host.address, versions.join(", ")))?;
        }
        for host in &self.hosts {
            if let Some(serves) = &host.serves {
                fact("serves", format!("{}  `{serves}` now", host.address))?;
            }
        }
        for host in &self.hosts {
            let (connections, sessions) = (count(host.connections, "connection"), count(host.sessions, "session"));
            fact("ssh", format!("{}  {connections}, {sessions}", host.address))?;
        }
        fact("setup", format!("{:.1} s", self.setup))?;
        write!(f, "  {:10}{:.1} s", "deploy", self.deploy)
    }
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fleet::HostReport;

    fn summary() -> Summary {
        let report = |address: &str| HostReport {
            address: address.into(),
            requests: 300,
            versions: [("first".to_owned(), 200), ("second".to_owned(), 100)].into(),
            ..HostReport::default()
        };
        let host = |address: &str, serves: Option<&str>| HostSummary {
            address: address.into(),
            serves: serves.map(str::to_owned),
            connections: 1,
            sessions: 5,
        };
        Summary {
            expected: "second".into(),
            hosts: vec![
                host("10.77.0.11", Some("second")),
                host("10.77.0.12", Some("second")),
                host("10.77.0.13", None),
            ],
            load: LoadReport { hosts: vec![report("10.77.0.11"), report("10.77.0.12")] },
            setup: 5.04,
            deploy: 2.31,
        }
    }

    #[test]
    fn a_good_demo_breaks_no_promise_and_reads_calmly() {
        assert_eq!(summary().broken_promises(), Vec::<String>::new());
        assert_eq!(
            summary().to_string(),
            "  requests  600 in all, 0 failed\n  \
               answers   10.77.0.11  `first` 200 times, `second` 100 times\n  \
               answers   10.77.0.12  `first` 200 times, `second` 100 times\n  \
               serves    10.77.0.11  `second` now\n  \
               serves    10.77.0.12  `second` now\n  \
               ssh       10.77.0.11  1 connection, 5 sessions\n  \
               ssh       10.77.0.12  1 connection, 5 sessions\n  \
               ssh       10.77.0.13  1 connection, 5 sessions\n  \
               setup     5.0 s\n  \
               deploy    2.3 s"
        );
    }

    #[test]
    fn each_broken_promise_is_named() {
        let mut summary = summary();
        summary.load.hosts[0].failed = 2;
        summary.load.hosts[0].failures = vec!["HTTP/1.1 502 Bad Gateway".into()];
        summary.hosts[0].serves = Some("first".into());
        summary.hosts[1].sessions = 9;
        summary.hosts[2].sessions = 99; // promised for app hosts only
        assert_eq!(
            summary.broken_promises(),
            [
                "2 requests to 10.77.0.11 failed, the first with `HTTP/1.1 502 Bad Gateway`",
                "10.77.0.11 serves `first` instead of `second`",
                "9 ssh sessions on 10.77.0.12, more than 8",
            ]
        );
    }
}
