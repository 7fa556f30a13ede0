//! `sextant explain`: why a run failed, and what to look at.

use explanation::{Explanation, explain, failed};
use journal::{Account, Fate, SavedPlan, Store};

use crate::arguments::{Explain, Options};
use crate::commits::shortened;
use crate::console::{Output, print, print_raw, say};
use crate::failure::Failure;
use crate::project::Project;
use crate::runs;

pub fn run(options: &Options, arguments: &Explain) -> Result<u8, Failure> {
    let store = runs::store(&Project::read(options)?.configuration)?;
    let Some(name) = meant(&store, arguments.run.as_deref())? else {
        say("no run of this app failed, as far as this machine knows");
        return Ok(0);
    };
    let account = store.account(&name)?;
    if account.fate == Fate::Finished {
        say(&format!("run {name} went well"));
        return Ok(0);
    }
    let explanation =
        explain(&account, runs::plan(&store, &name)?.as_ref(), last_good(&store, &name, &account).as_ref());
    match options.output {
        Output::Json => print(&serde_json::to_string(&explanation).unwrap_or_default()),
        Output::Text => print_raw(&shortened(&text(&explanation))),
    }
    Ok(0)
}

/// The run that is to be explained: the last one that failed, unless one is named.
fn meant(store: &Store, word: Option<&str>) -> Result<Option<String>, Failure> {
    match word {
        Some(word) => runs::named(store, word).map(Some),
        None => Ok(store.runs().into_iter().rev().find(|name| store.account(name).is_ok_and(|run| failed(&run)))),
    }
}

/// The plan of the last run of the same subcommand before this one that went well.
fn last_good(store: &Store, name: &str, account: &Account) -> Option<SavedPlan> {
    let earlier = store.runs().into_iter().rev().filter(|other| other.as_str() < name);
    let good = earlier.filter(|other| {
        store.account(other).is_ok_and(|other| {
            other.fate == Fate::Finished && other.beginning.subcommand == account.beginning.subcommand
        })
    });
    good.filter_map(|other| store.plan(&other).ok()).next()
}

fn text(explanation: &Explanation) -> String {
    let Explanation { run, subcommand, version, what, place, limit, why, evidence, fleet, differs, look_at, .. } =
        explanation;
    let mut text = format!("Run {run}: {subcommand} {version}\n\n{}\n", capitalised(what));
    if let Some(place) = place {
        let role = place.role.as_ref().map(|role| format!(", role {role}")).unwrap_or_default();
        let step = match (place.step, &place.title) {
            (Some(step), Some(title)) => format!(", step {step}: {title}"),
            _ => String::new(),
        };
        text.push_str(&format!("  where: {}{role}{step}\n", place.machine));
    }
    if let Some(limit) = limit {
        text.push_str(&format!("  limit: {}, {} seconds\n", limit.name, limit.seconds));
    }
    text.push_str(&format!("  why:   {why}\n"));
    let headings = [
        ("What was said", "  | ", evidence),
        ("How the hosts were left", "  ", fleet),
        ("What differs from the last run that went well", "  ", differs),
        ("What to look at", "  - ", look_at),
    ];
    for (heading, mark, lines) in headings.into_iter().filter(|(_, _, lines)| !lines.is_empty()) {
        text.push_str(&format!("\n{heading}\n"));
        lines.iter().for_each(|line| text.push_str(&format!("{mark}{line}\n")));
    }
    text
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}
