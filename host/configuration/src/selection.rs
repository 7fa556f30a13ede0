//! Which hosts and roles an invocation is about: everything, or what `--hosts`, `--roles` and `--primary` leave.

use indexmap::IndexSet;
use serde::{Deserialize, Serialize};

use crate::error::ConfigurationError;
use crate::model::{Configuration, Limit};
use crate::pattern;

/// What was asked for on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// `--hosts`, split at commas; wildcards work. Empty means all.
    pub hosts: Vec<String>,
    /// `--roles`, split at commas; wildcards work. Empty means all.
    pub roles: Vec<String>,
    /// `--primary`: only the primary host, of the first role in `roles` if there is one. Replaces `hosts`.
    pub primary: bool,
}

/// The hosts and roles that remain, in the order in which they are worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// What was asked for.
    pub filter: Filter,
    /// Every host of the project, whatever the filter says: roles in alphabetical order, then accessories.
    pub all_hosts: Vec<String>,
    /// Hosts that remain, those of the primary role first.
    pub hosts: Vec<String>,
    /// Names of the roles that remain, the primary one first.
    pub roles: Vec<String>,
    /// Hosts of any role among `hosts`, those of the primary role first. Never holds an accessory-only host.
    pub app_hosts: Vec<String>,
    /// Hosts among `hosts` that run the proxy, for a role or for an accessory.
    pub proxy_hosts: Vec<String>,
    /// Hosts of accessories among `hosts`.
    pub accessory_hosts: Vec<String>,
    /// Where the deploy lock lives. Absent only in a project without hosts; with accessories alone it is their first host.
    pub primary_host: Option<String>,
    /// Where the deploy lock of a run without a filter lives.
    pub project_primary_host: Option<String>,
    /// The role whose first healthy container opens the way for the others.
    pub primary_role: Option<String>,
    /// The roles that remain with all their hosts.
    role_hosts: Vec<(String, Vec<String>)>,
}

impl Selection {
    /// Applies a filter: hosts, then roles, then primary.
    ///
    /// # Errors
    /// `ArgumentError` when no host or no role matches.
    pub fn new(configuration: &Configuration, filter: &Filter) -> Result<Self, ConfigurationError> {
        let every_role = role_hosts(configuration);
        let all_hosts = all_hosts(configuration);
        let mut specific_hosts = specific(&filter.hosts, &all_hosts, "hosts")?;
        let names: Vec<_> = every_role.iter().map(|(name, _)| name.clone()).collect();
        let specific_roles = specific(&filter.roles, &names, "roles")?.map(|matched| {
            let role = |name: &String| every_role.iter().find(|(other, _)| other == name).cloned();
            matched.iter().filter_map(role).collect::<Vec<_>>()
        });
        let first_host = |role: Option<&(String, Vec<String>)>| role.and_then(|(_, hosts)| hosts.first().cloned());
        let primary_of = |roles: &[(String, Vec<String>)]| {
            let is_primary = |role: &&(String, Vec<String>)| role.0 == configuration.primary_role;
            roles.iter().find(is_primary).or(roles.first()).cloned()
        };
        let project_primary_host = first_host(every_role.iter().find(|(name, _)| *name == configuration.primary_role))
            .or_else(|| {
                let has_roles = !every_role.is_empty();
                all_hosts.first().filter(|_| !has_roles).cloned()
            });
        if filter.primary {
            let host = match &specific_roles {
                Some(roles) => first_host(roles.first()),
                None => project_primary_host.clone(),
            };
            specific_hosts = host.map(|host| vec![host]);
        }

        let candidates = specific_roles.as_ref().unwrap_or(&every_role);
        let within = specific_hosts.as_ref().unwrap_or(&all_hosts);
        let mut roles: Vec<_> =
            candidates.iter().filter(|(_, hosts)| hosts.iter().any(|host| within.contains(host))).cloned().collect();
        let mut hosts = within.clone();
        if let Some(roles) = &specific_roles {
            hosts.retain(|host| roles.iter().any(|(_, hosts)| hosts.contains(host)));
        }

        let primary_host = specific_hosts
            .as_ref()
            .and_then(|hosts| hosts.first().cloned())
            .or_else(|| specific_roles.as_ref().and_then(|roles| first_host(primary_of(roles).as_ref())))
            .or_else(|| project_primary_host.clone());
        let on_primary: Vec<_> = roles
            .iter()
            .filter(|(_, hosts)| primary_host.as_ref().is_some_and(|host| hosts.contains(host)))
            .cloned()
            .collect();
        let primary_role = primary_of(&on_primary).map(|(name, _)| name);
        roles.sort_by_key(|(name, _)| Some(name) != primary_role.as_ref());
        let has_primary_role = |host: &String| {
            roles.iter().any(|(name, hosts)| Some(name) == primary_role.as_ref() && hosts.contains(host))
        };

        let kept = |hosts_of: Vec<String>| hosts_of.into_iter().filter(|host| hosts.contains(host)).collect::<Vec<_>>();
        let mut app_hosts = kept(unique(every_role.iter().flat_map(|(_, hosts)| hosts.clone())));
        app_hosts.sort_by_key(|host| !has_primary_role(host));
        let proxy_hosts = kept(proxy_hosts(configuration));
        let accessory_hosts =
            kept(unique(configuration.accessories.iter().flat_map(|accessory| accessory.hosts.clone())));
        hosts.sort_by_key(|host| !has_primary_role(host));
        Ok(Self {
            filter: filter.clone(),
            hosts,
            roles: roles.iter().map(|(name, _)| name.clone()).collect(),
            app_hosts,
            proxy_hosts,
            accessory_hosts,
            primary_host,
            project_primary_host,
            primary_role,
            role_hosts: roles,
            all_hosts,
        })
    }

    /// What remains of it on these hosts: as if they had been asked for one by one.
    pub fn within(&self, configuration: &Configuration, hosts: &[String]) -> Self {
        let mut narrowed = self.clone();
        let lists =
            [&mut narrowed.hosts, &mut narrowed.app_hosts, &mut narrowed.proxy_hosts, &mut narrowed.accessory_hosts];
        lists.into_iter().for_each(|list| list.retain(|host| hosts.contains(host)));
        narrowed.role_hosts.retain(|(_, on)| on.iter().any(|host| hosts.contains(host)));
        if narrowed.primary_host.as_ref().is_none_or(|host| !hosts.contains(host)) {
            narrowed.primary_host = hosts.first().cloned();
            let on_primary: Vec<&String> = narrowed
                .role_hosts
                .iter()
                .filter(|(_, on)| narrowed.primary_host.as_ref().is_some_and(|host| on.contains(host)))
                .map(|(name, _)| name)
                .collect();
            let primary = on_primary.iter().find(|name| **name == &configuration.primary_role);
            narrowed.primary_role = primary.or(on_primary.first()).map(|name| (*name).clone());
            let primary = narrowed.primary_role.clone();
            narrowed.role_hosts.sort_by_key(|(name, _)| Some(name) != primary.as_ref());
        }
        narrowed.roles = narrowed.role_hosts.iter().map(|(name, _)| name.clone()).collect();
        narrowed
    }

    /// Names of the roles that remain and include `host`, the primary one first.
    pub fn roles_on(&self, host: &str) -> Vec<&str> {
        let on = self.role_hosts.iter().filter(|(_, hosts)| hosts.iter().any(|other| other == host));
        on.map(|(name, _)| name.as_str()).collect()
    }

    /// The groups in which hosts boot: one of all app hosts, or slices of `boot.limit`. A percentage is of all hosts of the
    /// project, accessory-only ones included, rounded down, at least one.
    pub fn boot_groups(&self, configuration: &Configuration) -> Vec<Vec<String>> {
        let size = match configuration.boot.limit {
            None => self.app_hosts.len(),
            Some(Limit::Hosts(hosts)) => usize::try_from(hosts).unwrap_or(usize::MAX),
            Some(Limit::Percent(percent)) => {
                let percent = usize::try_from(percent).unwrap_or(usize::MAX);
                self.all_hosts.len().saturating_mul(percent) / 100
            }
        };
        self.app_hosts.chunks(size.max(1)).map(<[String]>::to_vec).collect()
    }
}

fn role_hosts(configuration: &Configuration) -> Vec<(String, Vec<String>)> {
    let names = |role: &crate::model::Role| role.hosts.iter().map(|host| host.name.clone()).collect();
    configuration.roles.iter().map(|role| (role.name.clone(), names(role))).collect()
}

fn all_hosts(configuration: &Configuration) -> Vec<String> {
    let of_roles = configuration.roles.iter().flat_map(|role| role.hosts.iter().map(|host| host.name.clone()));
    unique(of_roles.chain(configuration.accessories.iter().flat_map(|accessory| accessory.hosts.clone())))
}

fn proxy_hosts(configuration: &Configuration) -> Vec<String> {
    let roles = configuration.roles.iter().filter(|role| role.proxy.is_some());
    let accessories = configuration.accessories.iter().filter(|accessory| accessory.proxy.is_some());
    let of_roles = roles.flat_map(|role| role.hosts.iter().map(|host| host.name.clone()));
    unique(of_roles.chain(accessories.flat_map(|accessory| accessory.hosts.clone())))
}

/// The items that match a filter, in the filter's order; nothing when there is no filter.
fn specific(filters: &[String], items: &[String], what: &str) -> Result<Option<Vec<String>>, ConfigurationError> {
    if filters.is_empty() {
        return Ok(None);
    }
    let matching = |filter: &String| {
        let filter = filter.clone();
        items.iter().filter(move |item| pattern::matches(&filter, item)).cloned()
    };
    let matched = unique(filters.iter().flat_map(matching));
    if matched.is_empty() {
        let error = ConfigurationError::argument(format!("No --{what} match for {}", filters.join(",")));
        return Err(error.with_hint(format!("there are: {}", items.join(", "))));
    }
    Ok(Some(matched))
}

fn unique(items: impl Iterator<Item = String>) -> Vec<String> {
    items.collect::<IndexSet<_>>().into_iter().collect()
}
