//! `sextant plugin new`: a project that builds, tests and runs at once. Everything in it comes out of this program.

use std::fs;
use std::io;
use std::path::Path;

use crate::arguments::{Language, NewPlugin, PluginKind};
use crate::console::print;
use crate::failure::Failure;

/// A text of this program's.
macro_rules! stub {
    ($name:literal) => {
        include_str!(concat!("../../stubs/plugin/", $name))
    };
}

/// What stands in the stubs where the plugin's name belongs.
const NAME: &str = "PLUGIN-NAME";

/// Where a Rust project has the SDK, and projects in other languages have the contract.
const SDK: &str = "vendor/sextant-sdk";
const CONTRACT: &str = "wit/deps/sextant-deploy";

/// A file of the new project: its path in it, and its text.
type File = (String, String);

pub fn run(arguments: &NewPlugin) -> Result<u8, Failure> {
    let NewPlugin { name, kind, language } = arguments;
    let folder = Path::new(name);
    let files = files(name, *kind, *language)?;
    if folder.symlink_metadata().is_ok() {
        let hint = "choose another name, or remove it first".to_string();
        return Err(Failure::with_hint(format!("{name} is there already"), hint));
    }
    if let Err(error) = files.iter().try_for_each(|(path, text)| write(&folder.join(path), text)) {
        let _ = fs::remove_dir_all(folder);
        return Err(Failure::message(format!("the project {name} cannot be written: {error}")));
    }
    let steps: String = steps(*language).iter().map(|step| format!("  {step}\n")).collect();
    print(&format!("Created {name}. Next:\n\n  cd {name}\n{steps}\nREADME.md there tells how to use it in a deploy."));
    Ok(0)
}

/// What is done next in the new folder, one command after the other.
fn steps(language: Language) -> &'static [&'static str] {
    match language {
        Language::Rust => &["cargo test", "sextant plugin build"],
        Language::Python => &[
            "python3 -m venv .venv",
            ".venv/bin/pip install componentize-py==0.25.1",
            "python3 -m unittest",
            "sextant plugin build",
        ],
        Language::Js => &["npm install", "npm test", "sextant plugin build"],
    }
}

fn files(name: &str, kind: PluginKind, language: Language) -> Result<Vec<File>, Failure> {
    let named = |text: &str| text.replace(NAME, name);
    let manifest = named(manifest(kind));
    if !manifest::is_name(name) {
        let (text, hint) = (format!("`{name}` is no name of a plugin"), manifest::NAMES.to_string());
        return Err(Failure::Usage { text, hint });
    }
    if !name.starts_with(|letter: char| letter.is_ascii_lowercase()) || name == "sextant-sdk" {
        let hint = "a package begins with a letter, and sextant-sdk is taken".to_string();
        return Err(Failure::Usage { text: format!("`{name}` cannot be the name of a package"), hint });
    }
    let mut files = sources(kind, language);
    files.push(("plugin.toml", manifest.clone()));
    files.push(("README.md", readme(kind, language)));
    let mut files: Vec<File> = files.into_iter().map(|(path, text)| (path.to_string(), named(&text))).collect();
    let beside = |folder: &str, texts: &[(&str, &str)]| -> Vec<File> {
        texts.iter().map(|(name, text)| (format!("{folder}/{name}"), text.to_string())).collect()
    };
    if language == Language::Rust {
        files.extend(beside(SDK, &bundle::SDK));
        files.extend(beside(&format!("{SDK}/wit"), &bundle::CONTRACT));
    } else {
        files.extend(beside(CONTRACT, &bundle::CONTRACT));
        files.push(("wit/world.wit".to_string(), world(kind)));
    }
    Ok(files)
}

/// What a plugin of a kind asks for and takes, in whatever language it is written.
fn manifest(kind: PluginKind) -> &'static str {
    match kind {
        PluginKind::Registry => stub!("kinds/registry.toml"),
        PluginKind::Builder => stub!("kinds/builder.toml"),
        PluginKind::Boot => stub!("kinds/boot.toml"),
        PluginKind::Policy => stub!("kinds/policy.toml"),
        PluginKind::Secrets => stub!("kinds/secrets.toml"),
        PluginKind::Notify => stub!("kinds/notify.toml"),
    }
}

/// The files that differ from language to language. In Python and JavaScript `app` has the hooks; what can be tested without Sextant
/// stands beside it.
fn sources(kind: PluginKind, language: Language) -> Vec<(&'static str, String)> {
    let common: &[(&str, &str)] = match language {
        Language::Rust => &[("Cargo.toml", stub!("rust/Cargo.toml.stub")), (".gitignore", "target\n*.wasm\n")],
        Language::Python => &[(".gitignore", ".venv\n__pycache__\n*.wasm\n")],
        Language::Js => &[("package.json", stub!("js/package.json")), (".gitignore", "node_modules\n*.wasm\n")],
    };
    let own: &[(&str, &str)] = match (language, kind) {
        (Language::Rust, kind) => &[("src/lib.rs", rust(kind))],
        (Language::Python, PluginKind::Registry) => &[
            ("app.py", stub!("python/registry.py")),
            ("tokens.py", stub!("python/tokens.py")),
            ("test_tokens.py", stub!("python/test_tokens.py")),
        ],
        (Language::Python, PluginKind::Builder) => &[
            ("app.py", stub!("python/builder.py")),
            ("command.py", stub!("python/command.py")),
            ("test_command.py", stub!("python/test_command.py")),
        ],
        (Language::Python, PluginKind::Boot) => &[
            ("app.py", stub!("python/boot.py")),
            ("serving.py", stub!("python/serving.py")),
            ("test_serving.py", stub!("python/test_serving.py")),
        ],
        (Language::Python, PluginKind::Policy) => &[
            ("app.py", stub!("python/policy.py")),
            ("rule.py", stub!("python/rule.py")),
            ("test_rule.py", stub!("python/test_rule.py")),
        ],
        (Language::Python, PluginKind::Secrets) => &[
            ("app.py", stub!("python/secrets.py")),
            ("entries.py", stub!("python/entries.py")),
            ("test_entries.py", stub!("python/test_entries.py")),
        ],
        (Language::Python, PluginKind::Notify) => &[
            ("app.py", stub!("python/notify.py")),
            ("words.py", stub!("python/words.py")),
            ("test_words.py", stub!("python/test_words.py")),
        ],
        (Language::Js, PluginKind::Registry) => &[
            ("app.js", stub!("js/registry.js")),
            ("tokens.js", stub!("js/tokens.js")),
            ("tokens.test.js", stub!("js/tokens.test.js")),
        ],
        (Language::Js, PluginKind::Builder) => &[
            ("app.js", stub!("js/builder.js")),
            ("command.js", stub!("js/command.js")),
            ("command.test.js", stub!("js/command.test.js")),
        ],
        (Language::Js, PluginKind::Boot) => &[
            ("app.js", stub!("js/boot.js")),
            ("serving.js", stub!("js/serving.js")),
            ("serving.test.js", stub!("js/serving.test.js")),
        ],
        (Language::Js, PluginKind::Policy) => &[
            ("app.js", stub!("js/policy.js")),
            ("rule.js", stub!("js/rule.js")),
            ("rule.test.js", stub!("js/rule.test.js")),
        ],
        (Language::Js, PluginKind::Secrets) => &[
            ("app.js", stub!("js/secrets.js")),
            ("entries.js", stub!("js/entries.js")),
            ("entries.test.js", stub!("js/entries.test.js")),
        ],
        (Language::Js, PluginKind::Notify) => &[
            ("app.js", stub!("js/notify.js")),
            ("words.js", stub!("js/words.js")),
            ("words.test.js", stub!("js/words.test.js")),
        ],
    };
    common.iter().chain(own).map(|(path, text)| (*path, text.to_string())).collect()
}

fn rust(kind: PluginKind) -> &'static str {
    match kind {
        PluginKind::Registry => stub!("rust/registry.rs"),
        PluginKind::Builder => stub!("rust/builder.rs"),
        PluginKind::Boot => stub!("rust/boot.rs"),
        PluginKind::Policy => stub!("rust/policy.rs"),
        PluginKind::Secrets => stub!("rust/secrets.rs"),
        PluginKind::Notify => stub!("rust/notify.rs"),
    }
}

/// The hooks that a project in Python or JavaScript exports.
fn world(kind: PluginKind) -> String {
    let worlds: &[&str] = match kind {
        PluginKind::Registry => &["pre-login-plugin", "credentials-plugin"],
        PluginKind::Builder => &["build-plugin", "push-plugin"],
        PluginKind::Boot => &["boot-plugin"],
        PluginKind::Secrets => &["secrets-plugin"],
        PluginKind::Policy => &["policy-plugin"],
        PluginKind::Notify => &["notify-plugin"],
    };
    let version = bundle::CONTRACT_VERSION;
    let lines: String = worlds.iter().map(|world| format!("    include sextant:deploy/{world}@{version};\n")).collect();
    format!(
        "package local:plugin;\n\n/// What this plugin exports: the host finds its hooks by these.\nworld plugin {{\n{lines}}}\n"
    )
}

fn readme(kind: PluginKind, language: Language) -> String {
    let about = match kind {
        PluginKind::Registry => stub!("kinds/registry.md"),
        PluginKind::Builder => stub!("kinds/builder.md"),
        PluginKind::Boot => stub!("kinds/boot.md"),
        PluginKind::Policy => stub!("kinds/policy.md"),
        PluginKind::Secrets => stub!("kinds/secrets.md"),
        PluginKind::Notify => stub!("kinds/notify.md"),
    };
    let needs = match language {
        Language::Rust => stub!("rust/needs.md"),
        Language::Python => stub!("python/needs.md"),
        Language::Js => stub!("js/needs.md"),
    };
    let steps: String = steps(language).iter().map(|step| format!("$ {step}\n")).collect();
    format!("{about}\n## Build\n\n{needs}\n```console\n{steps}```\n\n{}", stub!("kinds/afterwards.md"))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
