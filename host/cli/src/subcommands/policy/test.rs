//! `sextant policy test`: a policy against recorded plans.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use configuration::Plugin;
use journal::SavedPlan;
use plan::Hooks;
use plan::hooks::Verdict;
use plugin_runtime::{Cache, Catalogue, Limits};
use serde_json::{Value, json};

use super::cases::{Case, Suite, words};
use crate::arguments::Options;
use crate::console::{Output, print};
use crate::failure::Failure;
use crate::places::cache_directory;

/// How the names of files with tests end.
const ENDING: &str = ".test.yml";

pub fn run(options: &Options, named: &[String]) -> Result<u8, Failure> {
    let mut results = Vec::new();
    for path in files(named)? {
        let suite = Suite::read(&path)?;
        let component = std::fs::read(&suite.component).map_err(|error| {
            let text = format!("the policy {} cannot be read: {error}", suite.component.display());
            Failure::with_hint(
                text,
                "`policy:` is relative to the file of tests; `sextant plugin build` makes a component",
            )
        })?;
        for case in &suite.cases {
            let found = verdicts(&suite.component, &component, case)?;
            let is_right = found.len() == case.expected.len()
                && case.expected.iter().zip(&found).all(|(expected, verdict)| expected.is(verdict));
            if options.output == Output::Text {
                tell(case, &found, is_right);
            }
            results.push(object(&path, case, &found, is_right));
        }
    }
    let failed = results.iter().filter(|result| result["ok"] == Value::Bool(false)).count();
    match options.output {
        Output::Json => print(&json!({ "tests": results, "ok": failed == 0 }).to_string()),
        Output::Text => print(&match (results.len(), failed) {
            (1, 0) => "1 test, as expected".to_string(),
            (all, 0) => format!("{all} tests, all as expected"),
            (all, failed) => format!("{failed} of {all} tests failed"),
        }),
    }
    Ok(u8::from(failed > 0))
}

/// The files of tests that are meant, those of a folder by name.
fn files(named: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named.iter().map(PathBuf::from) {
        if !path.is_dir() {
            files.push(path);
            continue;
        }
        let unread = |error| Failure::message(format!("the folder {} cannot be read: {error}", path.display()));
        let entries = path.read_dir().map_err(unread)?;
        let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        found.retain(|file| file.to_string_lossy().ends_with(ENDING));
        if found.is_empty() {
            let text = format!("the folder {} has no file that ends in {ENDING}", path.display());
            return Err(Failure::with_hint(text, "docs/policies.md tells how tests are written"));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// What the policy says of the plan of a test.
fn verdicts(path: &Path, component: &[u8], case: &Case) -> Result<Vec<Verdict>, Failure> {
    let recorded = recorded(&case.plan)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let entry =
        Plugin { settings: case.settings.clone(), ..configuration::bare_plugin(&stem, &path.display().to_string()) };
    let cache = cache_directory().map(|folder| Cache::new(folder.join("components")));
    let own = vec![(entry, component.to_vec())];
    let catalogue = Catalogue::load(&[], own, Limits::default(), cache.as_ref())?;
    if catalogue.policies().is_empty() {
        return Err(Failure::message(format!("{} is no policy: it exports no hook `policy`", path.display())));
    }
    let (run, facts) = (Arc::new(recorded.basis.run), Arc::new(recorded.basis.facts));
    let opinions = catalogue.review(&run, &facts, &Arc::new(recorded.plan));
    Ok(opinions.into_iter().flat_map(|opinion| opinion.verdicts).collect())
}

/// A recorded plan. Its digest does not matter here: a test may be about a plan that somebody wrote.
fn recorded(path: &Path) -> Result<SavedPlan, Failure> {
    let wrong = |reason: String| {
        let text = format!("the recorded plan {} cannot be read: {reason}", path.display());
        Failure::with_hint(text, "`sextant plan … --out FILE` records one; `plan:` is relative to the file of tests")
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

fn tell(case: &Case, found: &[Verdict], is_right: bool) {
    if is_right {
        return print(&format!("ok    {}", case.name));
    }
    let or_allow = |words: Vec<String>| if words.is_empty() { vec!["allow".to_string()] } else { words };
    let expected = or_allow(case.expected.iter().map(|expected| expected.words()).collect());
    let found = or_allow(found.iter().map(words).collect());
    print(&format!("FAIL  {}", case.name));
    expected.iter().for_each(|line| print(&format!("        expected  {line}")));
    found.iter().for_each(|line| print(&format!("        found     {line}")));
}

fn object(file: &Path, case: &Case, found: &[Verdict], is_right: bool) -> Value {
    json!({
        "file": file.display().to_string(),
        "test": case.name,
        "ok": is_right,
        "expected": case.expected.iter().map(|expected| expected.words()).collect::<Vec<_>>(),
        "found": found,
    })
}
