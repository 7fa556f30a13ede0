//! What a project's templates see of the machine: environment, files, commands where the user allows them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use configuration::{Ran, Source, Standing, Surroundings};

use crate::children::Children;

/// What templates may do beyond looking, by option or by environment variable.
#[derive(Debug, Clone, Copy, Default)]
pub struct Permissions {
    /// Run commands: `--allow-erb-commands`, `SEXTANT_ALLOW_ERB_COMMANDS=1`.
    pub commands: bool,
    /// Be rendered by this machine's Ruby, which may do anything: `--erb-ruby`, `SEXTANT_ERB_RUBY=1`.
    pub ruby: bool,
}

/// The operator's machine, as templates see it.
pub struct Machine {
    directory: PathBuf,
    environment: BTreeMap<String, String>,
    permissions: Permissions,
    children: Children,
}

/// What Ruby does with a template.
const RENDER: &str = r#"$stdout.write ERB.new(File.read(ARGV[0]), trim_mode: "-").result"#;

impl Machine {
    /// The machine from within a folder.
    pub fn new(directory: PathBuf, permissions: Permissions, children: Children) -> Self {
        let allowed = |name: &str| std::env::var(name).is_ok_and(|value| value == "1");
        let permissions = Permissions {
            commands: permissions.commands || allowed("SEXTANT_ALLOW_ERB_COMMANDS"),
            ruby: permissions.ruby || allowed("SEXTANT_ERB_RUBY"),
        };
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let mut environment: BTreeMap<String, String> =
            std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect();
        environment.extend(children.verbose.then(|| ("VERBOSE".to_string(), "1".to_string())));
        Self { directory, environment, permissions, children }
    }

    /// What a program prints, whether or not it fails; nothing if it cannot be started.
    fn printed(&self, program: &str, words: &[&str]) -> Option<String> {
        let outcome = transport::capture(program, words, &self.directory, &self.children.environment()).ok()?;
        if !outcome.stderr.trim().is_empty() {
            crate::console::say(outcome.stderr.trim_end());
        }
        Some(outcome.stdout)
    }
}

impl Surroundings for Machine {
    fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    fn folder(&self) -> String {
        self.directory.to_string_lossy().into_owned()
    }

    fn read(&self, path: &str) -> Option<String> {
        let bytes = std::fs::read(self.directory.join(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn look(&self, path: &str) -> Option<Standing> {
        let found = std::fs::metadata(self.directory.join(path)).ok()?;
        Some(if found.is_dir() { Standing::Folder } else { Standing::File })
    }

    fn run(&self, command: &str) -> Ran {
        if !self.permissions.commands {
            return Ran::NotAllowed;
        }
        self.printed("/bin/sh", &["-c", command]).map_or(Ran::NotFound, Ran::Printed)
    }

    fn say(&self, line: &str) {
        crate::console::say(line);
    }

    fn docker_architecture(&self) -> Option<String> {
        let printed = self.printed("docker", &["info", "--format", "{{.Architecture}}"])?;
        match printed.trim() {
            "" => None,
            "aarch64" => Some("arm64".to_string()),
            "x86_64" => Some("amd64".to_string()),
            other => Some(other.to_string()),
        }
    }

    fn ruby(&self, template: &Source) -> Option<Result<String, String>> {
        if !self.permissions.ruby {
            return None;
        }
        let words = ["-rerb", "-e", RENDER, "--", template.path.as_str()];
        let rendered = transport::capture("ruby", &words, &self.directory, &self.children.environment());
        Some(match rendered {
            Err(error) => Err(format!("{error}")),
            Ok(outcome) if outcome.succeeded() => Ok(outcome.stdout),
            Ok(outcome) => Err(outcome.stderr.trim_end().to_string()),
        })
    }
}
