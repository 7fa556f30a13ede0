//! What differs between a run and the last one that went well.

use std::collections::BTreeMap;

use journal::SavedPlan;
use similar::{ChangeTag, TextDiff};

/// How many lines of the configuration are shown.
const LINES: usize = 30;

/// What differs, a line each.
pub(crate) fn since(good: &SavedPlan, now: &SavedPlan) -> Vec<String> {
    let (before, after) = (&good.basis.run, &now.basis.run);
    let mut lines = Vec::new();
    let mut changed = |what: &str, before: &str, after: &str| {
        if before != after {
            lines.push(format!("{what}: {before} then, {after} now"));
        }
    };
    changed("version", &before.version, &after.version);
    changed("image", &before.configuration.image, &after.configuration.image);
    changed("performer", &before.performer, &after.performer);
    changed("Sextant", &good.program, &now.program);
    let (old, new) = (digests(good), digests(now));
    for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        let of = |digests: &BTreeMap<String, String>| digests.get(name).cloned().unwrap_or_else(|| "none".to_string());
        changed(&format!("plugin {name}"), &of(&old), &of(&new));
    }
    for (host, facts) in &now.basis.facts.hosts {
        let proxy = |facts: &plan::HostFacts| {
            facts.container("kamal-proxy").map_or("none".to_string(), |proxy| proxy.image.clone())
        };
        if let Some(then) = good.basis.facts.hosts.get(host) {
            changed(&format!("proxy on {host}"), &proxy(then), &proxy(facts));
        }
    }
    let text = |run: &plan::Run| configuration::dump(&run.configuration.document);
    lines.extend(configuration_lines(&text(before), &text(after)));
    lines
}

/// Lines of the configuration that came or went.
fn configuration_lines(before: &str, after: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(before, after);
    let changes = diff.iter_all_changes().filter_map(|change| {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => return None,
        };
        Some(format!("configuration: {sign} {}", change.value().trim_end()))
    });
    changes.take(LINES).collect()
}

fn digests(saved: &SavedPlan) -> BTreeMap<String, String> {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let owners = saved.plan.hooks.iter().map(|owner| (owner.plugin.clone(), short(&owner.digest)));
    owners.chain(saved.plan.plugins.iter().map(|plugin| (plugin.name.clone(), short(&plugin.digest)))).collect()
}
