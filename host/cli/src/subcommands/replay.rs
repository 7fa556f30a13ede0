//! `sextant replay`: plans a recorded run again, offline, and says whether the plan is the same.

use std::path::Path;

use configuration::Selection;
use journal::SavedPlan;
use plan::{Basis, Facts, Plan};
use serde_json::json;

use super::apply::{changed_plugins, made_by};
use crate::arguments::{Options, Replay};
use crate::catalogue::catalogue;
use crate::console::{Output, print, print_raw, say};
use crate::diff::diff;
use crate::failure::Failure;
use crate::invocation;
use crate::outline::{Detail, outline};
use crate::project::Project;
use crate::{runs, saved};

pub fn run(options: &Options, arguments: &Replay) -> Result<u8, Failure> {
    let (name, saved) = recorded(options, &arguments.run)?;
    let basis = match &arguments.against {
        None => saved.basis.clone(),
        Some(path) => with_configuration(options, path, &saved.basis)?,
    };
    let again = plan_again(options, &basis)?;
    let replayed = Replayed::new(&name, &saved, again, arguments.against.as_deref());
    match options.output {
        Output::Json => print(&replayed.json().to_string()),
        Output::Text => replayed.tell(),
    }
    Ok(u8::from(!replayed.difference.is_empty()))
}

/// The plan of a run, or of a file, and what to call it.
fn recorded(options: &Options, word: &str) -> Result<(String, SavedPlan), Failure> {
    let path = Path::new(word);
    if path.is_file() {
        return Ok((word.to_string(), saved::read(path)?));
    }
    if word.contains('/') {
        return Err(Failure::with_hint(format!("there is no file {word}"), "`sextant plan … --out FILE` writes one"));
    }
    let store = runs::store(&Project::read(options)?.configuration)?;
    let name = runs::named(&store, word)?;
    match runs::plan(&store, &name)? {
        Some(plan) => Ok((format!("run {name}"), plan)),
        None => {
            let hint = format!("`sextant explain {name}` tells why; `sextant history` lists runs");
            Err(Failure::with_hint(format!("the run {name} ended before it had a plan"), hint))
        }
    }
}

/// The same run of the same facts with another configuration; hosts are selected as they were.
fn with_configuration(options: &Options, path: &str, basis: &Basis) -> Result<Basis, Failure> {
    let filter = basis.run.selection.filter.clone();
    let mut options = options.clone();
    options.config_file = path.to_string();
    options.destination.clone_from(&basis.run.configuration.destination);
    let project = Project::read(&options)?;
    let selection = Selection::new(&project.configuration, &filter).map_err(|error| project.wrong(error))?;
    let run = plan::Run { configuration: project.configuration, selection, ..basis.run.clone() };
    Ok(Basis { run, facts: Facts::clone(&basis.facts) })
}

fn plan_again(options: &Options, basis: &Basis) -> Result<Plan, Failure> {
    let project = Project::recorded(&basis.run, options)?;
    let catalogue = catalogue(&project, options)?;
    basis.plan(&catalogue).map_err(|error| invocation::failed(&project, error.into()))
}

/// What came of planning again.
struct Replayed<'a> {
    name: &'a str,
    saved: &'a SavedPlan,
    /// The configuration it was planned with, where that is not the recorded one.
    against: Option<&'a str>,
    /// Plugins that are other ones than they were.
    plugins: Vec<String>,
    /// How the plans differ; empty if they do not.
    difference: String,
}

impl<'a> Replayed<'a> {
    fn new(name: &'a str, saved: &'a SavedPlan, mut again: Plan, against: Option<&'a str>) -> Self {
        let plugins = changed_plugins(&saved.plan, &again);
        // Other plugins are told apart from what they answer.
        again.hooks.clone_from(&saved.plan.hooks);
        again.plugins.clone_from(&saved.plan.plugins);
        let difference = compared(&saved.plan, &again);
        Self { name, saved, against, plugins, difference }
    }

    fn tell(&self) {
        if let Some(made) = made_by(self.saved) {
            say(&format!("note: {made}"));
        }
        self.plugins.iter().for_each(|plugin| say(&format!("note: {plugin}")));
        print_raw(&self.difference);
        let with = self.against.map(|path| format!(" with {path}")).unwrap_or_default();
        let verdict = match (self.difference.is_empty(), self.against) {
            (true, _) => "the plan is identical",
            (false, None) => "the plan is another one",
            (false, Some(_)) => "the plan would be another one",
        };
        say(&format!("{}{with}: {verdict}", self.name));
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "replayed": self.name,
            "program": self.saved.program,
            "against": self.against,
            "identical": self.difference.is_empty(),
            "plugins": self.plugins,
            "difference": self.difference,
        })
    }
}

/// How two plans differ: in words where words tell it, else in their data.
fn compared(before: &Plan, now: &Plan) -> String {
    if before == now {
        return String::new();
    }
    let headings = ("the recorded plan", "the plan now");
    let words = diff(&words(before), &words(now), headings);
    let data = |plan: &Plan| serde_json::to_string_pretty(plan).unwrap_or_default() + "\n";
    if words.is_empty() { diff(&data(before), &data(now), headings) } else { words }
}

/// A plan as text with its commands, without the numbers of steps: one step more changes the number of every later one.
fn words(plan: &Plan) -> String {
    let text = outline(plan, Detail::Commands);
    let lines = text.lines().map(|line| {
        let (before, after) = line.split_at(line.len() - line.trim_start().len());
        let after = after.split_once(". ").filter(|(number, _)| number.chars().all(|letter| letter.is_ascii_digit()));
        after.map_or_else(|| line.to_string(), |(_, title)| format!("{before}{title}"))
    });
    lines.map(|line| line + "\n").collect()
}
