//! Which service answers a request, and how that survives a restart. Pure apart from the targets it hands out.

use std::sync::Arc;
use std::time::Duration;

use crate::call::Deployment;
use crate::target::Target;

/// A name with hosts and path prefixes, and the one target that answers for it.
#[derive(Debug)]
pub struct Service {
    pub name: String,
    pub hosts: Vec<String>,
    pub path_prefixes: Vec<String>,
    pub strip_path_prefix: bool,
    pub tls: bool,
    pub target_timeout: Duration,
    pub target: Arc<Target>,
    /// The message of the 503 page while stopped.
    pub stopped: Option<String>,
}

/// All services, in order of name.
#[derive(Debug, Default)]
pub struct Routes {
    services: Vec<Service>,
}

impl Routes {
    /// Returns the service for a `Host` header and a path: an exact host before a wildcard before a catch-all, then the
    /// longest path prefix.
    pub fn find(&self, host: &str, path: &str) -> Option<&Service> {
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
        let rank = |service: &Service| Some((service.host_rank(&host)?, service.prefix_of(path)?.len()));
        self.services
            .iter()
            .filter_map(|service| Some((rank(service)?, service)))
            .max_by_key(|(rank, _)| *rank)
            .map(|(_, s)| s)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Service> {
        self.services.iter_mut().find(|service| service.name == name)
    }

    /// Returns whether another service already answers for one of these hosts and prefixes.
    pub fn conflicts_with(&self, deployment: &Deployment) -> bool {
        let shared = |ours: &[String], theirs: &[String]| {
            ours.is_empty() && theirs.is_empty() || ours.iter().any(|one| theirs.contains(one))
        };
        self.services.iter().any(|service| {
            service.name != deployment.service
                && shared(&service.hosts, &deployment.hosts)
                && shared(&service.path_prefixes, &deployment.path_prefixes)
        })
    }

    /// Points a service at a new, healthy target and returns the one it had.
    pub fn switch(&mut self, deployment: &Deployment, target: Arc<Target>) -> Option<Arc<Target>> {
        let old = self.remove(&deployment.service);
        let stopped = old.as_ref().and_then(|service| service.stopped.clone());
        self.insert(Service {
            name: deployment.service.clone(),
            hosts: deployment.hosts.clone(),
            path_prefixes: deployment.path_prefixes.clone(),
            strip_path_prefix: deployment.strip_path_prefix,
            tls: deployment.tls,
            target_timeout: deployment.target_timeout,
            target,
            stopped,
        });
        old.map(|service| service.target)
    }

    pub fn remove(&mut self, name: &str) -> Option<Service> {
        let at = self.services.iter().position(|service| service.name == name)?;
        Some(self.services.remove(at))
    }

    fn insert(&mut self, service: Service) {
        let at = self.services.partition_point(|other| other.name < service.name);
        self.services.insert(at, service);
    }

    /// The table `kamal-proxy list` prints.
    pub fn table(&self) -> String {
        let mut rows = vec![["Service", "Host", "Path", "Target", "State", "TLS"].map(str::to_owned)];
        rows.extend(self.services.iter().map(|service| {
            let or = |list: &[String], none: &str| if list.is_empty() { none.to_owned() } else { list.join(",") };
            [
                service.name.clone(),
                or(&service.hosts, "*"),
                or(&service.path_prefixes, "/"),
                service.target.address().to_owned(),
                if service.stopped.is_some() { "stopped" } else { "running" }.to_owned(),
                if service.tls { "yes" } else { "no" }.to_owned(),
            ]
        }));
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
        let widths: [usize; 6] = std::array::from_fn(width);
        let line = |row: &[String; 6]| {
            let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            format!("{}\n", cells.join("  ").trim_end())
        };
        rows.iter().map(line).collect()
    }

    /// One line per service, fields between tabs.
    pub fn to_text(&self) -> String {
        let line = |service: &Service| {
            let fields = [
                service.name.clone(),
                service.target.address().to_owned(),
                service.hosts.join(","),
                service.path_prefixes.join(","),
                service.strip_path_prefix.to_string(),
                service.tls.to_string(),
                service.target_timeout.as_millis().to_string(),
                service.stopped.as_ref().map(|message| format!("stopped {message}")).unwrap_or_default(),
            ];
            fields.map(|field| field.replace(['\t', '\n'], " ")).join("\t") + "\n"
        };
        self.services.iter().map(line).collect()
    }

    /// Reads what [`Routes::to_text`] wrote; a line it cannot read is left out.
    pub fn from_text(text: &str) -> Self {
        let mut routes = Self::default();
        text.lines().filter_map(Service::from_line).for_each(|service| routes.insert(service));
        routes
    }
}

impl Service {
    fn from_line(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, target, hosts, prefixes, strip, tls, timeout, stopped] = fields.as_slice() else { return None };
        let list = |text: &str| text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect();
        Some(Self {
            name: (*name).to_owned(),
            hosts: list(hosts),
            path_prefixes: list(prefixes),
            strip_path_prefix: *strip == "true",
            tls: *tls == "true",
            target_timeout: Duration::from_millis(timeout.parse().ok()?),
            target: Arc::new(Target::new(*target)),
            stopped: stopped.strip_prefix("stopped ").map(str::to_owned),
        })
    }

    /// Higher is more exact; `None` when this service does not answer for the host.
    fn host_rank(&self, host: &str) -> Option<u8> {
        if self.hosts.is_empty() {
            return Some(0);
        }
        let rank = |pattern: &String| match pattern.strip_prefix('*') {
            Some(suffix) => host.ends_with(suffix).then_some(1),
            None => (pattern == host).then_some(2),
        };
        self.hosts.iter().filter_map(rank).max()
    }

    /// Returns the longest of its path prefixes that holds this path; the empty one when it has none.
    pub fn prefix_of(&self, path: &str) -> Option<&str> {
        if self.path_prefixes.is_empty() {
            return Some("");
        }
        let trimmed = self.path_prefixes.iter().map(|prefix| prefix.trim_end_matches('/'));
        let holds = |prefix: &&str| {
            path.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        };
        trimmed.filter(holds).max_by_key(|prefix| prefix.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;

    fn routes(lines: &[&str]) -> Routes {
        let mut routes = Routes::default();
        for line in lines {
            let deployment = deployment(line);
            let target = Arc::new(Target::new(deployment.target.clone()));
            routes.switch(&deployment, target);
        }
        routes
    }

    fn deployment(line: &str) -> Deployment {
        let words: Vec<String> = format!("deploy {line}").split_whitespace().map(str::to_owned).collect();
        let Ok(Call::Deploy(deployment)) = Call::parse(&words) else { panic!("not a deploy: {line}") };
        deployment
    }

    #[test]
    fn requests_go_by_host_then_by_the_longest_path_prefix() {
        let routes = routes(&[
            "all --target=a:80",
            "shop --target=b:80 --host=shop.example.com",
            "api --target=c:80 --host=shop.example.com --path-prefix=/api",
            "wild --target=d:80 --host=*.example.com",
        ]);
        for (host, path, service) in [
            ("10.77.0.11", "/", "all"),
            ("shop.example.com", "/", "shop"),
            ("SHOP.example.com:80", "/apis", "shop"),
            ("shop.example.com", "/api/orders", "api"),
            ("shop.example.com", "/api?x=1", "api"),
            ("blog.example.com", "/", "wild"),
        ] {
            assert_eq!(routes.find(host, path).map(|s| s.name.as_str()), Some(service), "{host}{path}");
        }
    }

    #[test]
    fn no_service_answers_for_a_strange_host() {
        let routes = routes(&["shop --target=b:80 --host=shop.example.com"]);
        assert!(routes.find("example.org", "/").is_none());
    }

    #[test]
    fn a_host_belongs_to_one_service() {
        let routes = routes(&["shop --target=b:80 --host=shop.example.com", "all --target=a:80"]);
        assert!(routes.conflicts_with(&deployment("other --target=c:80 --host=shop.example.com")));
        assert!(routes.conflicts_with(&deployment("other --target=c:80")));
        assert!(!routes.conflicts_with(&deployment("shop --target=c:80 --host=shop.example.com")));
        assert!(!routes.conflicts_with(&deployment("other --target=c:80 --host=shop.example.com --path-prefix=/api")));
    }

    #[test]
    fn switching_keeps_a_stopped_service_stopped_and_returns_the_old_target() {
        let mut routes = routes(&["shop --target=b:80"]);
        routes.get_mut("shop").unwrap().stopped = Some("back soon".into());
        let old = routes.switch(&deployment("shop --target=c:80"), Arc::new(Target::new("c:80")));
        assert_eq!(old.unwrap().address(), "b:80");
        assert_eq!(routes.get_mut("shop").unwrap().stopped.as_deref(), Some("back soon"));
    }

    #[test]
    fn routes_survive_a_restart() {
        let mut before =
            routes(&["all --target=a:80", "shop --target=b:80 --host=x.com --host=y.com --path-prefix=/api --tls"]);
        before.get_mut("all").unwrap().stopped = Some("back soon".into());
        let after = Routes::from_text(&before.to_text());
        assert_eq!(after.to_text(), before.to_text());
        assert_eq!(
            after.table(),
            "Service  Host         Path  Target  State    TLS\n\
             all      *            /     a:80    stopped  no\n\
             shop     x.com,y.com  /api  b:80    running  yes\n"
        );
    }
}
