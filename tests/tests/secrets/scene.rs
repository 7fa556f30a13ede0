//! A project, and programs on the path that stand in for those of secret stores: they note how they were called and answer as told.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a test runs the program.
pub struct Scene {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a run said.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

/// What the stand-ins and the secrets files of the tests call.
const SYSTEM: [&str; 6] = ["cat", "git", "grep", "head", "sh", "touch"];

const PROJECT: &str = "\
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { username: acme, password: [KAMAL_REGISTRY_PASSWORD] }
builder: { arch: amd64 }
";

impl Scene {
    /// A project without secrets. No program is on the path but a few of the system's: whoever runs the tests may have the store's.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["config", ".kamal", "programs", "system"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder in it");
        }
        for tool in SYSTEM {
            let places = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(tool));
            let found = places.iter().find(|place| place.exists()).unwrap_or_else(|| panic!("{tool} is not installed"));
            symlink(found, folder.path().join("system").join(tool)).expect("a link");
        }
        let scene = Self { folder, variables: Vec::new() };
        scene.file("config/deploy.yml", PROJECT);
        scene
    }

    /// Adds lines to the configuration.
    pub fn configured(self, more: &str) -> Self {
        self.file("config/deploy.yml", &format!("{PROJECT}{more}"));
        self
    }

    /// A file of the project.
    pub fn file(&self, path: &str, text: &str) {
        std::fs::write(self.folder.path().join(path), text).expect("a file");
    }

    /// A path of the project.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets a variable for the program.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_string(), value.to_string()));
        self
    }

    /// A program with its answers: words joined by `|`, exit code, output. Of several answers to the same words each is given once,
    /// the last for ever. A question for its version is always answered.
    pub fn with_program(self, name: &str, answers: &[(&str, i32, &str)]) -> Self {
        let mut cases = String::from("*'|--version#'* | *'|version#'*) exit 0 ;;\n");
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (words, exit, output) in answers {
            let count = counts.entry(words).or_default();
            *count += 1;
            let last = *count == answers.iter().filter(|(other, _, _)| other == words).count();
            let turn = if last { "'#'*".to_string() } else { format!("'#{count}'") };
            let words = words.replace('\'', r"'\''");
            cases.push_str(&format!("'{words}'{turn}) cat <<'END'\n{output}\nEND\nexit {exit} ;;\n"));
        }
        let log = self.path("calls");
        let log = log.display();
        let script = format!(
            "#!/bin/sh\n# Stands in for `{name}`.\nline=\"${{BW_SESSION:+BW_SESSION=$BW_SESSION }}{name}\"\n\
             for word; do line=\"$line|$word\"; done\nprintf '%s\\n' \"$line\" >> '{log}'\n\
             case \"$line#$(grep -cxF -- \"$line\" '{log}')\" in\n{cases}\
             *) echo \"{name} does not know: $line\" >&2; exit 99 ;;\nesac\n"
        );
        let path = self.path("programs").join(name);
        std::fs::write(&path, script).expect("a program");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
        self
    }

    /// Runs `sextant` with words.
    pub fn run(&self, words: &[&str]) -> Said {
        let mut command = Command::new(tests::sextant());
        command
            .current_dir(self.folder.path())
            .args(words)
            .env_clear()
            .env("PATH", format!("{}:{}", self.path("programs").display(), self.path("system").display()))
            .env("HOME", self.folder.path())
            .env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/secrets-cache"))
            .envs(self.variables.iter().cloned())
            .stdin(std::process::Stdio::null());
        let output = command.output().expect("sextant can be run");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
        Said { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// How the programs were called, but for their versions.
    pub fn calls(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        log.lines().filter(|line| !line.ends_with("version")).map(str::to_string).collect()
    }

    /// Runs `secrets fetch` of words split at blanks: what it printed and the calls it took.
    pub fn fetches(&self, words: &str, json: &str, calls: &[&str]) {
        let words: Vec<&str> = ["secrets", "fetch"].into_iter().chain(words.split(' ')).collect();
        let expected = Said { exit: 0, stdout: format!("{json}\n"), stderr: String::new() };
        assert_eq!(self.run(&words), expected, "{words:?}");
        assert_eq!(self.calls(), calls, "{words:?}");
    }

    /// Runs `secrets fetch` of words split at blanks, which fails with a message in Kamal's words.
    pub fn fails(&self, words: &str, message: &str) {
        let words: Vec<&str> = ["secrets", "fetch"].into_iter().chain(words.split(' ')).collect();
        let said = self.run(&words);
        assert_eq!((said.exit, said.stdout.as_str()), (1, ""), "{words:?}: {}", said.stderr);
        assert_eq!(
            said.stderr.lines().next(),
            Some(format!("  ERROR (RuntimeError): {message}").as_str()),
            "{words:?}"
        );
    }
}
