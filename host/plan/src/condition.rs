//! What state a host is in, beside what runs on it: docker's server, room on the disk, the clock, ports, the way to the registry.
//!
//! It may differ from look to look, so no step depends on it: [`crate::preflight`] makes findings of it. What a host cannot tell is absent.

use configuration::Configuration;
use serde::{Deserialize, Serialize};

use crate::facts::Answer;
use crate::run::{AccessoryAct, Intent, Run};

/// The state of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// docker's server.
    pub engine: Option<Engine>,
    /// KiB that are free where docker keeps its data.
    pub free: Option<u64>,
    /// Seconds that the host's clock is ahead of the operator's; negative if it is behind.
    pub skew: Option<i64>,
    /// Those of the ports that the project publishes on which something listens, whatever it is.
    pub listening: Option<Vec<u16>>,
    /// Whether files on the host tell what the proxy publishes, as `proxy boot_config` leaves them.
    pub proxy_settings: bool,
    /// Whether the project's registry takes connections from there.
    pub reaches_registry: Option<bool>,
}

/// docker's server on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// Its version: `28.2.2`.
    pub version: String,
    /// The host's architecture, as images name it: `amd64`, `arm64`.
    pub architecture: String,
    /// Whether it reaches registries through a proxy.
    pub proxied: bool,
    /// The folder where it keeps its data.
    pub folder: String,
}

/// A look at a host: the operator's clock when it began and when it ended, in seconds since 1970-01-01 UTC. It takes a while, and the
/// host's clock was read somewhere in between.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// When it began.
    pub began: i64,
    /// When it ended.
    pub ended: i64,
}

impl Condition {
    /// Nothing is known.
    pub const fn unknown() -> Self {
        Self { engine: None, free: None, skew: None, listening: None, proxy_settings: false, reaches_registry: None }
    }

    /// Reads the answers about docker's server, the clock, ports, the proxy's folder and, where it was asked for, the registry.
    pub fn read([engine, clock, listeners, proxy]: [&Answer; 4], registry: Option<&Answer>, moment: Moment) -> Self {
        let mut lines = engine.stdout.lines();
        let engine = lines.next().and_then(read_engine);
        // Filesystem, size, used, free: the name of a file system may have blanks, so fields are counted from the end.
        let free = lines.next().and_then(|line| line.split_whitespace().rev().nth(2)?.parse().ok());
        let reached = |answer: &Answer| match answer.stdout.lines().last()? {
            "reachable" => Some(true),
            "unreachable" => Some(false),
            _ => None,
        };
        Self {
            engine,
            free,
            skew: clock.stdout.trim().parse().ok().map(|clock| skew(clock, moment)),
            listening: read_listeners(&listeners.stdout),
            proxy_settings: proxy.stdout.lines().any(|name| name == "options"),
            reaches_registry: registry.and_then(reached),
        }
    }
}

fn read_engine(line: &str) -> Option<Engine> {
    let mut parts = line.splitn(4, '|').map(str::trim);
    let version = parts.next().filter(|version| !version.is_empty())?.to_string();
    let architecture = parts.next()?.to_string();
    let proxied = parts.next()? == "proxied";
    Some(Engine { version, architecture: architecture_of(&architecture), proxied, folder: parts.next()?.to_string() })
}

/// The kernel's name of an architecture as images have it.
pub(crate) fn architecture_of(name: &str) -> String {
    match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" => "arm",
        "i386" | "i686" => "386",
        other => other,
    }
    .to_string()
}

/// How far a clock was ahead for certain: nothing while it may have been right.
fn skew(clock: i64, Moment { began, ended }: Moment) -> i64 {
    if clock < began { clock - began } else { (clock - ended).max(0) }
}

/// `00000000:0050` and `00000000000000000000000000000000:0050`, then a line that says that it was all.
fn read_listeners(text: &str) -> Option<Vec<u16>> {
    let (text, _) = text.trim_end().rsplit_once('.')?;
    let port = |line: &str| u16::from_str_radix(line.rsplit_once(':')?.1, 16).ok();
    let mut ports: Vec<u16> = text.lines().filter_map(port).collect();
    ports.sort_unstable();
    ports.dedup();
    Some(ports)
}

/// The TCP ports that the project publishes on its hosts.
pub(crate) fn published(configuration: &Configuration) -> Vec<u16> {
    let flags = |options: &[(String, Option<String>)]| -> Vec<String> {
        let named = options.iter().filter(|(name, _)| name == "publish" || name == "p");
        named.filter_map(|(_, text)| text.clone()).collect()
    };
    let proxies = configuration.roles.iter().filter_map(|role| role.proxy.as_ref());
    let proxies = proxies.chain(configuration.accessories.iter().filter_map(|accessory| accessory.proxy.as_ref()));
    let runs = proxies.filter_map(|proxy| proxy.run.as_ref()).flat_map(|run| run.publish.clone());
    let roles = configuration.roles.iter().flat_map(|role| flags(&role.options));
    let accessories = configuration
        .accessories
        .iter()
        .flat_map(|accessory| accessory.port.clone().into_iter().chain(flags(&accessory.options)));
    let written = runs.chain(roles).chain(accessories).filter_map(|text| Some(crate::ports::Port::read(&text)?.host));
    let mut ports: Vec<u16> = [80, 443].into_iter().chain(written).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Where the project's registry listens, if a run has hosts pull from it and its server is named. One on the operator's machine is reached
/// another way.
pub(crate) fn registry_of(run: &Run) -> Option<(String, u16)> {
    let registry = &run.configuration.registry;
    let pulls = matches!(
        run.intent,
        Intent::Setup { .. }
            | Intent::Deploy { .. }
            | Intent::Redeploy { .. }
            | Intent::BuildPull
            | Intent::BuildDeliver
    );
    if !pulls || registry.local_port().is_some() {
        return None;
    }
    let place = registry.login_server()?.trim_start_matches("https://").split('/').next()?;
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (place, 443),
    };
    // What is no plain name is nothing to put into a path.
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_string(), port))
}

/// Whether a run brings images to hosts or containers up, so that what a host is like matters.
pub(crate) fn matters(intent: &Intent) -> bool {
    match intent {
        Intent::Setup { .. }
        | Intent::Deploy { .. }
        | Intent::Redeploy { .. }
        | Intent::Rollback
        | Intent::AppBoot
        | Intent::Upgrade { .. }
        | Intent::BuildPull
        | Intent::BuildDeliver
        | Intent::Proxy(_) => true,
        Intent::Accessory(act, _) => matches!(
            act,
            AccessoryAct::Boot | AccessoryAct::Reboot | AccessoryAct::Upgrade { .. } | AccessoryAct::PullImage
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        Answer { exit: 0, stdout: text.to_string(), stderr: String::new() }
    }

    #[test]
    fn a_host_tells_what_it_can() {
        let engine = "28.2.2|aarch64||/var/lib/docker\n/dev/my disk 41152736 30000000 9039680 77% /\n";
        let moment = Moment { began: 1000, ended: 1003 };
        let read = |engine: &str, clock: &str, listeners: &str, registry: &str| {
            let answers = [engine, clock, listeners, "apps-config\n"].map(answer);
            Condition::read(answers.each_ref(), Some(&answer(registry)), moment)
        };
        let known = read(engine, "1002\n", "0100007F:0050\n00000000:01BB\n.\n", "/usr/bin/bash\nreachable\n");
        assert_eq!(
            known,
            Condition {
                engine: Some(Engine {
                    version: "28.2.2".into(),
                    architecture: "arm64".into(),
                    proxied: false,
                    folder: "/var/lib/docker".into(),
                }),
                free: Some(9_039_680),
                skew: Some(0),
                listening: Some(vec![80, 443]),
                proxy_settings: false,
                reaches_registry: Some(true),
            }
        );
        assert_eq!(read("", "", "", ""), Condition::unknown());
        assert_eq!(read("28.2.2|x86_64|proxied|/data\n", "", ".\n", "").free, None);
        assert_eq!(read("", "", ".\n", "").listening, Some(Vec::new()));
    }

    #[test]
    fn a_clock_is_wrong_only_where_it_cannot_have_been_right() {
        let check = |clock: i64, expected: i64| {
            assert_eq!(skew(clock, Moment { began: 1000, ended: 1003 }), expected, "{clock}");
        };
        check(1000, 0);
        check(1003, 0);
        check(1010, 7);
        check(400, -600);
    }
}
