//! What a run cannot do without, whatever the hosts tell: so that its lack is found before anything is connected to.

use std::collections::BTreeSet;

use configuration::Text;

use crate::run::{Intent, Run};

/// Names of secrets that every plan of the run will need: a deploy logs in, and boots every selected role.
pub fn indispensable_secrets(run: &Run) -> BTreeSet<String> {
    let (Intent::Setup { skip_push } | Intent::Deploy { skip_push } | Intent::Redeploy { skip_push }) = &run.intent
    else {
        return BTreeSet::new();
    };
    let configuration = &run.configuration;
    let mut names = BTreeSet::new();
    if let Some(credentials) = &configuration.registry.credentials {
        names.insert(credentials.password.clone());
        if let Text::Secret(name) = &credentials.username {
            names.insert(name.clone());
        }
    }
    if !skip_push {
        names.extend(configuration.builder.secrets.iter().cloned());
    }
    let is_selected = |host: &String| run.selection.app_hosts.contains(host);
    for role in configuration.roles.iter().filter(|role| run.selection.roles.contains(&role.name)) {
        for (_, environment) in role.environments.iter().filter(|(host, _)| is_selected(host)) {
            names.extend(environment.secret.values().cloned());
        }
    }
    names.retain(|name| !configuration.literals.contains_key(name));
    names
}
