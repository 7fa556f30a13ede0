//! How we differ from Kamal on purpose. Every difference has a name, which recordings name where it is seen, and a reason, which stands
//! under that name in `tests/cases/DEVIATIONS.md`.

use std::collections::BTreeSet;

use tests::outcome::Effects;

/// Takes a difference out of both sides and says whether it was there.
type Excuse = fn(&mut Effects, &mut Effects) -> bool;

const DEVIATIONS: &[(&str, Excuse)] = &[
    ("password-on-stdin", password_on_stdin),
    ("no-removal-before-pull", no_removal_before_pull),
    ("one-login", one_login),
    ("network-that-is-there", network_that_is_there),
    ("proxy-that-runs", proxy_that_runs),
    ("missing-version-fails", missing_version_fails),
    ("held-lock-is-seen-first", held_lock_is_seen_first),
    ("secrets-by-name", secrets_by_name),
    ("patterns-are-literal", patterns_are_literal),
];

/// The names of all deviations.
pub fn names() -> impl Iterator<Item = &'static str> {
    DEVIATIONS.iter().map(|(name, _)| *name)
}

/// Takes what we do otherwise on purpose out of both sides, and says what there was.
pub fn excuse(kamal: &mut Effects, sextant: &mut Effects) -> BTreeSet<&'static str> {
    let seen = DEVIATIONS.iter().filter(|(_, excuse)| excuse(kamal, sextant)).map(|(name, _)| *name).collect();
    for effects in [kamal, sextant] {
        effects.calls.retain(|_, calls| !calls.is_empty());
    }
    seen
}

/// Drops calls of Kamal's, each judged with those before it.
fn drop_calls(kamal: &mut Effects, goes: impl Fn(&str, &[String], Option<&String>) -> bool) -> bool {
    let mut dropped = false;
    for calls in kamal.calls.values_mut() {
        let mut kept: Vec<String> = Vec::new();
        for (number, call) in calls.iter().enumerate() {
            if goes(call, &kept, calls.get(number + 1)) {
                dropped = true;
            } else {
                kept.push(call.clone());
            }
        }
        *calls = kept;
    }
    dropped
}

fn password_on_stdin(kamal: &mut Effects, _: &mut Effects) -> bool {
    let mut seen = false;
    for call in kamal.calls.values_mut().flatten().filter(|call| call.starts_with("login ")) {
        if let Some((account, _)) = call.split_once(" -p ") {
            let exit = call.split_once("  => ").map_or(String::new(), |(_, exit)| format!("  => {exit}"));
            *call = format!("{account} --password-stdin{exit}");
            seen = true;
        }
    }
    seen
}

fn no_removal_before_pull(kamal: &mut Effects, _: &mut Effects) -> bool {
    drop_calls(kamal, |call, _, next| {
        let call = call.split("  => ").next().unwrap_or(call);
        let image = call.strip_prefix("image rm --force ");
        image.is_some_and(|image| next.is_some_and(|next| next.split("  => ").next() == Some(&format!("pull {image}"))))
    })
}

fn one_login(kamal: &mut Effects, _: &mut Effects) -> bool {
    drop_calls(kamal, |call, kept, _| call.starts_with("login ") && kept.iter().any(|known| known == call))
}

fn network_that_is_there(kamal: &mut Effects, _: &mut Effects) -> bool {
    drop_calls(kamal, |call, _, _| call == "network create kamal  => 1")
}

fn proxy_that_runs(kamal: &mut Effects, sextant: &mut Effects) -> bool {
    let mut started = false;
    for (host, calls) in &mut kamal.calls {
        let ours = sextant.calls.get(host).map_or(&[][..], Vec::as_slice);
        let start = "container start kamal-proxy".to_string();
        if calls.contains(&start) && !ours.contains(&start) {
            calls.retain(|call| *call != start);
            started = true;
        }
    }
    let folder = drop_folders(kamal, sextant, ".kamal/proxy/apps-config/");
    started || folder
}

fn missing_version_fails(kamal: &mut Effects, sextant: &mut Effects) -> bool {
    let nothing = kamal.calls.is_empty() && sextant.calls.is_empty();
    let seen =
        nothing && !kamal.failed && sextant.failed && kamal.hooks.last().is_some_and(|last| last == "pre-connect");
    sextant.failed &= !seen;
    seen
}

fn held_lock_is_seen_first(kamal: &mut Effects, sextant: &mut Effects) -> bool {
    let is_lock = |line: &String| line.contains(" .kamal/lock-");
    let held = |effects: &Effects| effects.failed && effects.files.values().flatten().any(is_lock);
    let seen = held(kamal) && held(sextant) && sextant.calls.is_empty() && !kamal.calls.is_empty();
    if seen {
        kamal.calls.clear();
        for files in kamal.files.values_mut() {
            files.retain(|line| !line.ends_with("-audit.log") && !line.contains("Pulled image with version"));
        }
    }
    seen
}

/// `pack … --env NAME=VALUE` of Kamal's, `pack … --env NAME` and the variable of ours.
fn secrets_by_name(kamal: &mut Effects, sextant: &mut Effects) -> bool {
    let mut seen = false;
    for call in sextant.calls.values_mut().flatten().filter(|call| call.starts_with("pack build ")) {
        let Some((line, name)) = call.strip_suffix(')').and_then(|call| call.split_once(" (knows ")) else { continue };
        let (line, start) = (line.to_string(), format!("{name}="));
        for theirs in kamal.calls.values_mut().flatten().filter(|call| call.starts_with("pack build ")) {
            let words = theirs.split(' ').map(|word| if word.starts_with(&start) { name } else { word });
            *theirs = words.collect::<Vec<_>>().join(" ");
            seen = true;
        }
        *call = line;
    }
    seen
}

fn patterns_are_literal(kamal: &mut Effects, sextant: &mut Effects) -> bool {
    let single = |line: &String| line.replace('"', "'");
    let is_search = |line: &String| line.contains(" | grep \"");
    let mut seen = false;
    for line in kamal.terminal.iter_mut().filter(|line| is_search(line)) {
        if sextant.terminal.contains(&single(line)) {
            *line = single(line);
            seen = true;
        }
    }
    seen
}

/// Drops folders that Kamal leaves empty and we do not make.
fn drop_folders(kamal: &mut Effects, sextant: &Effects, folder: &str) -> bool {
    let mut dropped = false;
    for (host, files) in &mut kamal.files {
        let ours = sextant.files.get(host);
        let before = files.len();
        files.retain(|line| !line.ends_with(&format!(" {folder}")) || ours.is_some_and(|ours| ours.contains(line)));
        dropped |= files.len() < before;
    }
    dropped
}
