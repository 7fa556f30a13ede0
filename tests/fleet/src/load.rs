//! Requests that keep coming while something else happens, and what became of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Host;

const THREADS_PER_HOST: usize = 2;
const PAUSE: Duration = Duration::from_millis(5);
/// A load that nobody ends ends itself.
const LONGEST: Duration = Duration::from_secs(600);
/// As many failures are kept word for word.
const KEPT_FAILURES: usize = 20;

/// Threads that ask the app hosts for a path, over and over, until [`Load::finish`] or ten minutes have passed.
#[derive(Debug)]
pub struct Load {
    enough: Arc<AtomicBool>,
    threads: Vec<JoinHandle<HostReport>>,
}

/// What became of all requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// One per host, in the fleet's order.
    pub hosts: Vec<HostReport>,
}

/// What became of the requests to one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostReport {
    /// The host's address.
    pub address: String,
    /// How many requests were made.
    pub requests: usize,
    /// How many were not answered with 200.
    pub failed: usize,
    /// The first failures in words.
    pub failures: Vec<String>,
    /// How often each answer came.
    pub versions: BTreeMap<String, usize>,
}

impl Load {
    pub(crate) fn start(hosts: &[Host], path: &str) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let asker = |host: &Host| {
            let (host, path, enough) = (host.clone(), path.to_owned(), Arc::clone(&enough));
            thread::spawn(move || ask(&host, &path, &enough))
        };
        let threads = hosts.iter().flat_map(|host| [host; THREADS_PER_HOST]).map(asker).collect();
        Self { enough, threads }
    }

    /// Ends the requests and returns what became of them.
    pub fn finish(mut self) -> LoadReport {
        self.enough.store(true, Ordering::Relaxed);
        let reports = self.threads.drain(..).filter_map(|thread| thread.join().ok());
        LoadReport::of(reports)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
    }
}

fn ask(host: &Host, path: &str, enough: &AtomicBool) -> HostReport {
    let mut report = HostReport { address: host.address.clone(), ..HostReport::default() };
    let deadline = Instant::now() + LONGEST;
    while !enough.load(Ordering::Relaxed) && Instant::now() < deadline {
        report.count(host.get(path));
        thread::sleep(PAUSE);
    }
    report
}

impl LoadReport {
    /// Adds up what several threads saw of the same host.
    fn of(reports: impl Iterator<Item = HostReport>) -> Self {
        let mut hosts: Vec<HostReport> = Vec::new();
        for report in reports {
            match hosts.iter_mut().find(|host| host.address == report.address) {
                Some(host) => host.add(report),
                None => hosts.push(report),
            }
        }
        Self { hosts }
    }

    /// How many requests were made in all.
    pub fn requests(&self) -> usize {
        self.hosts.iter().map(|host| host.requests).sum()
    }

    /// How many of them were not answered with 200.
    pub fn failures(&self) -> usize {
        self.hosts.iter().map(|host| host.failed).sum()
    }
}

impl HostReport {
    fn count(&mut self, answer: Result<String, String>) {
        self.requests += 1;
        match answer {
            Ok(version) => *self.versions.entry(version).or_default() += 1,
            Err(reason) => {
                self.failed += 1;
                self.keep([reason]);
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.keep(other.failures);
        for (version, count) in other.versions {
            *self.versions.entry(version).or_default() += count;
        }
    }

    fn keep(&mut self, failures: impl IntoIterator<Item = String>) {
        self.failures.extend(failures);
        self.failures.truncate(KEPT_FAILURES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(address: &str, answers: &[Result<&str, &str>]) -> HostReport {
        let mut report = HostReport { address: address.into(), ..HostReport::default() };
        for answer in answers {
            report.count(answer.map(str::to_owned).map_err(str::to_owned));
        }
        report
    }

    #[test]
    fn what_several_threads_saw_is_added_up_per_host() {
        let reports = [
            seen("10.77.0.11", &[Ok("first"), Ok("second")]),
            seen("10.77.0.11", &[Ok("second"), Err("HTTP/1.1 502 Bad Gateway")]),
            seen("10.77.0.12", &[Ok("first")]),
        ];
        let report = LoadReport::of(reports.into_iter());
        assert_eq!((report.requests(), report.failures(), report.hosts.len()), (5, 1, 2));
        assert_eq!(report.hosts[0].versions, BTreeMap::from([("first".into(), 1), ("second".into(), 2)]));
        assert_eq!(report.hosts[0].failures, ["HTTP/1.1 502 Bad Gateway"]);
    }
}
