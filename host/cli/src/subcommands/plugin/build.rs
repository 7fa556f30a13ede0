//! `sextant plugin build`: has the language's own tool make a component, and puts what `plugin.toml` says into it.

use std::io::Write;
use std::path::{Path, PathBuf};

use manifest::Manifest;
use serde_json::Value;
use transport::{Complaints, TransportError};

use super::portrait::Portrait;
use crate::arguments::Options;
use crate::console::{Output, print, say};
use crate::failure::Failure;

/// What Rust compiles plugins for.
const TARGET: &str = "wasm32-wasip2";

pub fn run(options: &Options, folder: &str) -> Result<u8, Failure> {
    let folder = Path::new(folder);
    let manifest = manifest_of(folder)?;
    if !options.quiet {
        say(&format!("Building {} {}", manifest.name, manifest.version));
    }
    let component = component(folder)?;
    let whole = manifest.embed(&component).map_err(|error| Failure::message(error.to_string()))?;
    let portrait = Portrait::of(&whole).map_err(|error| Failure::message(error.to_string()))?;
    if let Some(reason) = portrait.objection() {
        return Err(Failure::message(format!("the component cannot be used: {reason}")));
    }
    let path = folder.join(format!("{}.wasm", manifest.name));
    replace(&path, &whole)
        .map_err(|error| Failure::message(format!("{} cannot be written: {error}", path.display())))?;
    let path = path.strip_prefix(".").unwrap_or(&path).display().to_string();
    match options.output {
        Output::Text => print(portrait.text(&path).trim_end()),
        Output::Json => print(&portrait.json(&path).to_string()),
    }
    Ok(0)
}

fn manifest_of(folder: &Path) -> Result<Manifest, Failure> {
    let path = folder.join("plugin.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let hint = "a plugin's folder has a plugin.toml; `sextant plugin new` writes one".to_string();
        Failure::with_hint(format!("{} cannot be read: {error}", path.display()), hint)
    })?;
    Manifest::parse(&text).map_err(|error| {
        let line = error.line().map(|line| format!(" line {line}")).unwrap_or_default();
        let hint = "docs/plugins.md tells what stands in it".to_string();
        Failure::with_hint(format!("{}{line}: {error}", path.display()), hint)
    })
}

/// The component, without a manifest, as the tool of its language makes it.
fn component(folder: &Path) -> Result<Vec<u8>, Failure> {
    let has = |name: &str| folder.join(name).exists();
    match (has("Cargo.toml"), has("app.js"), has("app.py")) {
        (true, _, _) => rust(folder),
        (_, true, _) => js(folder),
        (_, _, true) => python(folder),
        _ => Err(Failure::with_hint(
            format!("{} has no Cargo.toml, no app.js and no app.py", folder.display()),
            "a plugin in Rust has the first, one in JavaScript the second, one in Python the third".to_string(),
        )),
    }
}

fn rust(folder: &Path) -> Result<Vec<u8>, Failure> {
    let missing = "install Rust: https://rustup.rs";
    let words = ["--print", "target-libdir", "--target", TARGET];
    let libraries = tool("rustc", &words, folder, Complaints::Dropped, missing)?;
    if !Path::new(libraries.stdout.trim()).is_dir() {
        let hint = format!("run `rustup target add {TARGET}`");
        return Err(Failure::with_hint(format!("the compiler has nothing for {TARGET}"), hint));
    }
    let words =
        ["build", "--release", "--lib", "--target", TARGET, "--message-format", "json-render-diagnostics", "--quiet"];
    let built = tool("cargo", &words, folder, Complaints::Shown, missing)?;
    if !built.succeeded() {
        return Err(Failure::with_hint(
            "cargo could not build the plugin",
            "the lines above are cargo's and say where",
        ));
    }
    let made = made_by_cargo(&built.stdout).ok_or_else(|| {
        let hint = "its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`, or \"rlib\" beside it";
        Failure::with_hint("cargo built no component", hint)
    })?;
    read(&made)
}

/// The last component among what cargo says it made: dependencies come before what depends on them.
fn made_by_cargo(messages: &str) -> Option<PathBuf> {
    let artifact = |line: &str| -> Option<PathBuf> {
        let message: Value = serde_json::from_str(line).ok()?;
        let files = message.get("filenames")?.as_array()?;
        files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
    };
    messages.lines().rev().find_map(artifact)
}

fn python(folder: &Path) -> Result<Vec<u8>, Failure> {
    let hint = "run `python3 -m venv .venv` and `.venv/bin/pip install componentize-py==0.25.1` in the plugin's folder";
    let own = folder.join(".venv/bin/componentize-py");
    made_in(folder, |made| {
        let words = ["-d", "wit", "-w", "plugin", "componentize", "--stub-wasi", "app", "-o", made];
        tool(&installed(&own, "componentize-py"), &words, folder, Complaints::Shown, hint)
    })
}

fn js(folder: &Path) -> Result<Vec<u8>, Failure> {
    let hint = "run `npm install` in the plugin's folder";
    let own = folder.join("node_modules/.bin/componentize-js");
    made_in(folder, |made| {
        let words = ["app.js", "--wit", "wit", "--world-name", "plugin", "-o", made];
        // Nothing of this is given to plugins.
        let without = ["--disable", "stdio", "random", "clocks", "http", "fetch-event"];
        tool(&installed(&own, "componentize-js"), &[&words[..], &without].concat(), folder, Complaints::Shown, hint)
    })
}

/// The project's own program, if it has it, else the one on the path.
fn installed(own: &Path, name: &str) -> String {
    own.canonicalize().map_or_else(|_| name.to_string(), |path| path.display().to_string())
}

/// What a tool writes to the file it is told. The file lies in the project's folder, because tools look at paths from there.
fn made_in(folder: &Path, make: impl FnOnce(&str) -> Result<transport::Outcome, Failure>) -> Result<Vec<u8>, Failure> {
    let house = folder.canonicalize().map_err(|error| Failure::message(error.to_string()))?;
    let made = tempfile::Builder::new().prefix(".plugin").suffix(".wasm").tempfile_in(&house);
    let made = made.map_err(|error| Failure::message(format!("{} cannot be written to: {error}", house.display())))?;
    let outcome = make(&made.path().display().to_string())?;
    if !outcome.succeeded() {
        say(outcome.stdout.trim_end());
        return Err(Failure::with_hint(
            "the component could not be made",
            "the lines above are the tool's own and say where",
        ));
    }
    read(made.path())
}

/// Runs a program in the project's folder. What it complains about is shown.
fn tool(
    program: &str,
    words: &[&str],
    folder: &Path,
    complaints: Complaints,
    hint: &str,
) -> Result<transport::Outcome, Failure> {
    transport::converse(program, words, folder, &[], complaints).map_err(|error| match error {
        TransportError::MissingProgram { program } => {
            Failure::with_hint(format!("{program} is not installed"), hint.to_string())
        }
        error => Failure::Transport(error),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::message(format!("{} cannot be read: {error}", path.display())))
}

/// Writes a file beside its place and renames it into it, so that nobody ever reads half of it.
fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}
