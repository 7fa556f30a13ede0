//! `sextant plugin dev`: builds the plugin of a folder and shows how a project's plan changes by it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use manifest::Manifest;
use tokio::signal::unix::{SignalKind, signal};
use transport::Complaints;

use crate::arguments::{Build, Change, DevelopPlugin, Options};
use crate::console::{print, print_raw, say};
use crate::diff::diff;
use crate::failure::Failure;
use crate::invocation::{self, Look, Planned, failed};
use crate::outline::{Detail, outline};
use crate::project::Project;
use crate::subcommands::change;

/// How often files are looked at.
const GLANCE: Duration = Duration::from_millis(300);

/// The exit code of what was interrupted.
const INTERRUPTED: i32 = 130;

/// Folders whose content is made, not written.
const MADE: [&str; 5] = ["target", "node_modules", "__pycache__", ".git", "dist"];

pub fn run(options: &Options, arguments: &DevelopPlugin) -> Result<u8, Failure> {
    let folder = canonical(&arguments.folder)?;
    let project = canonical(&arguments.project)?;
    std::env::set_current_dir(&project)
        .map_err(|error| Failure::message(format!("{} cannot be entered: {error}", project.display())))?;
    let mut seen = files(&folder);
    let shown = round(options, &folder, None);
    if !arguments.watch {
        return shown?.denied.map_or(Ok(0), Err);
    }
    end_when_told();
    let mut before = shown.map(|shown| shown.told(options));
    say("Watching for changes; Ctrl-C ends it");
    loop {
        if let Err(failure) = &before {
            failure.tell(options.output);
        }
        let last = before.ok();
        loop {
            std::thread::sleep(GLANCE);
            let now = files(&folder);
            if now != seen {
                seen = now;
                break;
            }
        }
        let shown = round(options, &folder, last.as_deref()).map(|shown| shown.told(options));
        before = shown.or_else(|failure| match &last {
            // What cannot be built leaves the last plan to compare with.
            Some(last) => {
                failure.tell(options.output);
                Ok(last.clone())
            }
            None => Err(failure),
        });
    }
}

/// A plan that was shown.
struct Shown {
    text: String,
    /// Why policies, the one that is being written among them, would not let it be carried out.
    denied: Option<Failure>,
}

impl Shown {
    /// Tells why it is denied; the text is there to compare with all the same.
    fn told(self, options: &Options) -> String {
        self.denied.iter().for_each(|failure| failure.tell(options.output));
        self.text
    }
}

/// Ends the program at Ctrl-C and SIGTERM, whatever it does: plans are made with signals caught, and they stay so.
fn end_when_told() {
    let told = async |kind| match signal(kind) {
        Ok(mut signals) => drop(signals.recv().await),
        Err(_) => std::future::pending().await,
    };
    std::thread::spawn(move || {
        let Ok(runtime) = invocation::runtime() else { return };
        runtime.block_on(async {
            tokio::select! {
                () = told(SignalKind::interrupt()) => {}
                () = told(SignalKind::terminate()) => {}
                () = told(SignalKind::hangup()) => {}
            }
        });
        std::process::exit(INTERRUPTED);
    });
}

/// Builds and plans once. Gives the plan, after it was shown: as a whole, or how it differs from the one before.
fn round(options: &Options, folder: &Path, before: Option<&str>) -> Result<Shown, Failure> {
    let (name, component) = build(folder)?;
    let mut options = options.clone();
    // A version from git would differ from commit to commit, and the plan with it.
    options.version.get_or_insert_with(|| "dev".to_string());
    let project = Project::read(&options)?;
    if !project.configuration.plugins.iter().any(|plugin| plugin.name == name) {
        let hint = format!("add it to {}: `x-plugins: {{ {name}: {{ source: … }} }}`", options.config_file);
        return Err(Failure::with_hint(format!("the project has no plugin `{name}`"), hint));
    }
    options.built = Some((name, component));
    let request = change::request(&Change::Deploy(Build { skip_push: false, no_cache: false }));
    let Planned { saved, denied } = invocation::plan(&project, &options, request, Look::Offline)?;
    let detail = if options.verbose { Detail::Commands } else { Detail::Steps };
    let now = outline(&saved.plan, detail);
    match before {
        None => print_raw(&now),
        Some(before) if before == now => print("The plan is as before"),
        Some(before) => print_raw(&diff(before, &now, ("before", "now"))),
    }
    Ok(Shown { text: now, denied: denied.map(|error| failed(&project, error)) })
}

/// Builds the plugin of a folder by `plugin build`; gives its name and the component.
fn build(folder: &Path) -> Result<(String, Vec<u8>), Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::message(format!("cannot start itself: {error}")))?;
    let shown = folder.display().to_string();
    let program = program.display().to_string();
    let built =
        transport::converse(&program, &["plugin", "build", &shown, "--quiet"], folder, &Vec::new(), Complaints::Shown)
            .map_err(|error| Failure::message(error.to_string()))?;
    if !built.succeeded() {
        return Err(Failure::message(format!("the plugin in {shown} could not be built")));
    }
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|error| Failure::message(format!("{} cannot be read: {error}", path.display())))
    };
    let text = String::from_utf8_lossy(&read("plugin.toml")?).into_owned();
    let manifest = Manifest::parse(&text).map_err(|error| Failure::message(format!("plugin.toml: {error}")))?;
    let component = read(&format!("{}.wasm", manifest.name))?;
    Ok((manifest.name, component))
}

/// What people write in a folder, with the times of the last changes.
fn files(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() && !MADE.iter().any(|made| name == *made) {
                folders.push(path);
            } else if metadata.is_file() && path.extension().is_none_or(|extension| extension != "wasm") {
                // The lock file is cargo's to write while it builds.
                if name != "Cargo.lock" {
                    found.extend(metadata.modified().ok().map(|time| (path, time)));
                }
            }
        }
    }
    found
}

fn canonical(folder: &str) -> Result<PathBuf, Failure> {
    Path::new(folder)
        .canonicalize()
        .map_err(|error| Failure::message(format!("the folder {folder} cannot be found: {error}")))
}
