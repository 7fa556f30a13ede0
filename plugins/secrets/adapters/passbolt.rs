//! `passbolt`: passwords by name, in folders or at the top: the folders level by level, then all resources in one call.

use secrets::{Results, Value, entries, failed, listed, prefixed, require, run, text};
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct Passbolt;

impl Secrets for Passbolt {
    const PROGRAMS: &'static [&'static str] = &["passbolt"];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        require(programs, &["passbolt", "--version"], "Passbolt")?;
        if !run(programs, &["passbolt", "verify"]).succeeded() {
            return failed("Failed to login to Passbolt");
        }
        let names = prefixed(request);
        if names.is_empty() {
            return failed("No secrets given to fetch");
        }
        let folders = folders(programs, &names)?;
        let conditions: Vec<String> = names.iter().filter_map(|name| condition(name, &folders)).collect();
        let filter = conditions.join(" || ");
        let mut words = vec!["passbolt", "list", "resources", "--filter", &filter];
        words.extend(folders.iter().flat_map(|folder| ["--folder", &folder.id]));
        words.extend(["--column", "name", "--column", "password", "--json"]);
        let answer = run(programs, &words);
        if !answer.succeeded() {
            return failed(format!("Could not read {} from Passbolt", listed(&names)));
        }
        let mut results = Results::default();
        for item in entries(&answer.json("passbolt list resources")?) {
            results.set(text(item, "name").unwrap_or_default(), text(item, "password"));
        }
        let missing: Vec<&str> = names.iter().map(|name| path(name).1).filter(|name| !results.has(name)).collect();
        if !missing.is_empty() {
            return failed(format!("Could not find the following secrets in Passbolt: {}", missing.join(", ")));
        }
        Ok(results.done())
    }
}

/// A folder, with the names from the top down to its own.
struct Folder {
    id: String,
    path: Vec<String>,
}

/// The folders of a name, and the name itself.
fn path(name: &str) -> (Vec<&str>, &str) {
    let mut parts: Vec<&str> = name.split('/').collect();
    let own = parts.pop().unwrap_or_default();
    (parts, own)
}

/// Every folder on the way to a secret, those at the top first.
fn folders(programs: &Programs, names: &[String]) -> Result<Vec<Folder>, Fault> {
    let mut paths: Vec<Vec<&str>> = Vec::new();
    for (folders, _) in names.iter().map(|name| path(name)) {
        if !folders.is_empty() && !paths.contains(&folders) {
            paths.push(folders);
        }
    }
    let mut tops: Vec<&str> = Vec::new();
    for path in &paths {
        if !tops.contains(&path[0]) {
            tops.push(path[0]);
        }
    }
    if tops.is_empty() {
        return Ok(Vec::new());
    }
    let filter = tops.iter().map(|name| format!("Name == {}", quoted(name))).collect::<Vec<_>>().join(" || ");
    let Some(found) = list_folders(programs, &filter)? else { return failed("Could not read folders from Passbolt") };
    let mut known: Vec<Folder> = Vec::new();
    for folder in
        entries(&found).iter().filter(|folder| text(folder, "folder_parent_id").is_none_or(|id| id.is_empty()))
    {
        known.push(Folder { id: id(folder), path: text(folder, "name").into_iter().collect() });
    }
    for path in &paths {
        for depth in 2..=path.len() {
            if find(&known, &path[..depth]).is_some() {
                continue;
            }
            let Some(parent) = find(&known, &path[..depth - 1]) else { break };
            let name = path[depth - 1];
            let filter = format!("Name == {} && FolderParentID == {}", quoted(name), quoted(&parent.id));
            let Some(found) = list_folders(programs, &filter)? else { break };
            let Some(folder) = entries(&found).first() else { break };
            known.push(Folder { id: id(folder), path: path[..depth].iter().map(ToString::to_string).collect() });
        }
    }
    let missing: Vec<String> =
        paths.iter().filter(|path| find(&known, path).is_none()).map(|path| path.join("/")).collect();
    if !missing.is_empty() {
        return failed(format!("Could not find the following folders in Passbolt: {}", missing.join(", ")));
    }
    Ok(known)
}

/// The folders that a filter finds; nothing if the program failed.
fn list_folders(programs: &Programs, filter: &str) -> Result<Option<Value>, Fault> {
    let answer = run(programs, &["passbolt", "list", "folders", "--filter", filter, "--json"]);
    if answer.succeeded() { answer.json("passbolt list folders").map(Some) } else { Ok(None) }
}

fn find<'a>(folders: &'a [Folder], path: &[&str]) -> Option<&'a Folder> {
    folders.iter().find(|folder| folder.path == path)
}

fn id(folder: &Value) -> String {
    text(folder, "id").unwrap_or_default()
}

/// What finds one secret.
fn condition(name: &str, folders: &[Folder]) -> Option<String> {
    let (path, own) = path(name);
    if path.is_empty() {
        return Some(format!("Name == {}", quoted(own)));
    }
    let folder = find(folders, &path)?;
    Some(format!("(Name == {} && FolderParentID == {})", quoted(own), quoted(&folder.id)))
}

/// A text as Passbolt's filters take it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

sextant_sdk::export!(Passbolt: secrets);
