//! What a reader of the plan should know of the hosts before anything is touched: findings are warnings, and a policy may refuse them.
//!
//! A finding is no step and changes none: findings may differ from look to look without another plan.

use std::collections::BTreeSet;

use commands::Machine;
use commands::proxy::{CONTAINER, MINIMUM_VERSION};
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::condition::{matters, registry_of};
use crate::facts::{Container, Facts, HostFacts};
use crate::plan::Plan;
use crate::planner::{older, proxy_version};
use crate::ports::Port;
use crate::run::Run;

/// The least that has to be free where docker keeps its data, in KiB: 1 GiB.
const ROOM: u64 = 1 << 20;

/// How many seconds a clock may be wrong.
const SKEW: u64 = 30;

/// The oldest version of docker that this is meant for.
const OLDEST_DOCKER: &str = "20.10";

/// What docker publishes for the proxy unless it is told otherwise.
const PROXY_PORTS: [&str; 2] = ["80:80", "443:443"];

/// Something about a host that may spoil a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about.
    pub kind: FindingKind,
    /// The host.
    pub host: String,
    /// What was found, in a sentence without the host.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// There is little room where docker keeps its data.
    DiskSpace,
    /// The host's clock is wrong, or the operator's.
    ClockSkew,
    /// docker is old.
    DockerVersion,
    /// The image is made for other processors.
    Architecture,
    /// A port that is to be published is taken.
    PortConflict,
    /// The proxy is older than what is needed.
    ProxyVersion,
    /// The registry takes no connections.
    RegistryUnreachable,
}

impl FindingKind {
    /// Its name in JSON and for policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiskSpace => "disk-space",
            Self::ClockSkew => "clock-skew",
            Self::DockerVersion => "docker-version",
            Self::Architecture => "architecture",
            Self::PortConflict => "port-conflict",
            Self::ProxyVersion => "proxy-version",
            Self::RegistryUnreachable => "registry-unreachable",
        }
    }
}

/// Everything there is to find, host by host in the order of the selection. None for a run to which the state of hosts does not matter.
pub(crate) fn findings(run: &Run, facts: &Facts, plan: &Plan) -> Vec<Finding> {
    if !matters(&run.intent) {
        return Vec::new();
    }
    let observed = run.selection.hosts.iter().filter_map(|host| Some((host, facts.hosts.get(host)?)));
    observed.flat_map(|(host, facts)| Look { run, plan, host, facts }.findings()).collect()
}

/// One host, and what it is looked at for.
struct Look<'a> {
    run: &'a Run,
    plan: &'a Plan,
    host: &'a str,
    facts: &'a HostFacts,
}

impl Look<'_> {
    fn findings(&self) -> Vec<Finding> {
        let single = [self.disk(), self.clock(), self.docker(), self.architecture()];
        let rest = [self.proxy(), self.registry()];
        single.into_iter().flatten().chain(self.ports()).chain(rest.into_iter().flatten()).collect()
    }

    fn finding(&self, kind: FindingKind, message: String, hint: impl Into<String>) -> Finding {
        Finding { kind, host: self.host.to_string(), message, hint: hint.into() }
    }

    /// An image needs about as much room as the one before it.
    fn disk(&self) -> Option<Finding> {
        let condition = &self.facts.condition;
        let (free, engine) = (condition.free?, condition.engine.as_ref()?);
        let latest = self.facts.image(&self.run.configuration.latest_image()).and_then(|image| image.size);
        let needed = latest.map_or(0, |bytes| bytes.div_ceil(1024));
        if free >= ROOM.max(needed) {
            return None;
        }
        let needed = if needed > ROOM { format!(", the last image takes {}", size(needed)) } else { String::new() };
        let message = format!("only {} are free in {}, where docker keeps its data{needed}", size(free), engine.folder);
        Some(self.finding(
            FindingKind::DiskSpace,
            message,
            "`sextant prune all` removes old containers and images, `docker system df` shows what takes the room",
        ))
    }

    fn clock(&self) -> Option<Finding> {
        let skew = self.facts.condition.skew.filter(|skew| skew.unsigned_abs() > SKEW)?;
        let way = if skew > 0 { "ahead of" } else { "behind" };
        let message = format!("the clock is {} seconds {way} this machine's", skew.unsigned_abs());
        Some(self.finding(
            FindingKind::ClockSkew,
            message,
            "certificates, tokens and the times in logs go by it: `timedatectl` shows whether it is kept right",
        ))
    }

    fn docker(&self) -> Option<Finding> {
        let engine = self.facts.condition.engine.as_ref()?;
        let message = format!("docker {} is older than {OLDEST_DOCKER}", engine.version);
        let hint = "it may lack what is asked of it; update docker on that host";
        let number = |letter: char| letter.is_ascii_digit() || letter == '.';
        let version = engine.version.split(|letter| !number(letter)).next().unwrap_or_default();
        older(version, OLDEST_DOCKER).then(|| self.finding(FindingKind::DockerVersion, message, hint))
    }

    /// An image that is built is made for what the builder is told, one that is there says what it is made for.
    fn architecture(&self) -> Option<Finding> {
        let (run, configuration) = (self.run, &self.run.configuration);
        if !run.selection.app_hosts.iter().any(|host| host == self.host) {
            return None;
        }
        let own = &self.facts.condition.engine.as_ref()?.architecture;
        let there = self.facts.image(&configuration.absolute_image(&run.version)).filter(|_| !run.intent.builds());
        let made = match there.and_then(|image| image.architecture.clone()) {
            Some(architecture) => vec![architecture],
            None => configuration.builder.arches.clone(),
        };
        let is_own = |name: &String| name.rsplit_once("linux/").map_or(name.as_str(), |(_, name)| name) == own;
        if made.is_empty() || made.iter().any(is_own) {
            return None;
        }
        let message = format!("the host is {own}, and the image is made for {}", made.join(", "));
        Some(self.finding(FindingKind::Architecture, message, format!("add {own} to builder/arch")))
    }

    /// Ports that the plan publishes and that somebody else has.
    fn ports(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut told = BTreeSet::new();
        for (name, wanted) in self.published() {
            for port in wanted {
                let Some(holder) = self.holder(&name, &port) else { continue };
                if !told.insert((port.host, holder.clone())) {
                    continue;
                }
                let message = format!("port {} is wanted by {name}, and {holder}", port.host);
                let hint =
                    format!("free it, or publish another one; `ss -ltnp 'sport = :{}'` shows who listens", port.host);
                found.push(self.finding(FindingKind::PortConflict, message, hint));
            }
        }
        found
    }

    /// What the containers that the plan starts here publish, by name. What the proxy publishes may be in files on the host.
    fn published(&self) -> Vec<(String, Vec<Port>)> {
        let read = |texts: &[String]| texts.iter().filter_map(|text| Port::read(text)).collect::<Vec<_>>();
        let of = |action: &Action| match action {
            Action::StartContainer(container) | Action::StartAccessory(container) => {
                let flags = container.flags.iter().filter(|(name, _)| name == "publish" || name == "p");
                let flags = flags.filter_map(|(_, text)| text.clone());
                let texts: Vec<String> = container.publish.iter().cloned().chain(flags).collect();
                Some((container.name.clone(), read(&texts)))
            }
            Action::BootProxy { container } | Action::RunProxy { container } => {
                let told = container.as_ref().map(|container| container.publish.clone());
                let usual = (!self.facts.condition.proxy_settings).then(|| PROXY_PORTS.map(str::to_string).to_vec());
                Some((CONTAINER.to_string(), read(&told.or(usual)?)))
            }
            _ => None,
        };
        steps_on(self.plan, self.host).filter_map(of).collect()
    }

    /// Who has a port that a container is to publish.
    fn holder(&self, name: &str, port: &Port) -> Option<String> {
        let running = self.facts.containers.iter().filter(|container| container.runs());
        let holds = |container: &&Container| {
            container.ports.as_ref().is_some_and(|own| Port::of(own).iter().any(|own| own.collides(port)))
        };
        let holders: Vec<&Container> = running.filter(holds).collect();
        if holders.is_empty() {
            let listens = self.facts.condition.listening.as_ref().is_some_and(|ports| ports.contains(&port.host));
            return (listens && port.is_tcp()).then(|| "something that is no container listens there".to_string());
        }
        // A container that goes before the new one comes is not in its way. The app's old one stays until the new one serves.
        let goes =
            |holder: &Container| (holder.name == name && holder.label("role").is_none()) || self.removes(&holder.name);
        let in_the_way = holders.iter().find(|holder| !goes(holder))?;
        Some(format!("container {} has it", in_the_way.name))
    }

    fn removes(&self, container: &str) -> bool {
        container == "traefik" && steps_on(self.plan, self.host).any(|action| matches!(action, Action::RemoveTraefik))
    }

    /// A deploy is refused where the proxy is too old; what else boots the app may do so by chance.
    fn proxy(&self) -> Option<Finding> {
        if !self.run.selection.proxy_hosts.iter().any(|host| host == self.host) {
            return None;
        }
        let proxy = self.facts.container(CONTAINER).filter(|proxy| older(proxy_version(proxy), MINIMUM_VERSION))?;
        let renewed = steps_on(self.plan, self.host).any(|action| matches!(action, Action::RemoveProxyContainer));
        let message = format!("kamal-proxy {} is older than {MINIMUM_VERSION}", proxy_version(proxy));
        let hint = "run `sextant proxy reboot` to update it";
        (!renewed).then(|| self.finding(FindingKind::ProxyVersion, message, hint))
    }

    fn registry(&self) -> Option<Finding> {
        let (server, port) = registry_of(self.run)?;
        let proxied = self.facts.condition.engine.as_ref().is_some_and(|engine| engine.proxied);
        let unreachable = self.facts.condition.reaches_registry == Some(false) && !proxied;
        let message = format!("the registry {server} does not take connections on port {port}");
        let hint = "the image is pulled from there: look at the host's name resolution, routes and firewall";
        unreachable.then(|| self.finding(FindingKind::RegistryUnreachable, message, hint))
    }
}

fn steps_on<'a>(plan: &'a Plan, host: &'a str) -> impl Iterator<Item = &'a Action> {
    let here = move |(machine, _): &(&Machine, _)| matches!(machine, Machine::Host(name) if name == host);
    plan.steps().filter(here).map(|(_, step)| &step.action)
}

/// A number of KiB for people.
fn size(kib: u64) -> String {
    if kib >= 1 << 20 {
        format!("{}.{} GiB", kib >> 20, ((kib % (1 << 20)) * 10) >> 20)
    } else {
        format!("{} MiB", kib >> 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        let check = |kib: u64, expected: &str| assert_eq!(size(kib), expected);
        check(0, "0 MiB");
        check(812 * 1024, "812 MiB");
        check(1 << 20, "1.0 GiB");
        check((3 << 20) + (1 << 19), "3.5 GiB");
    }
}
