//! A machine that has a project and nothing else: no cache, no logins, no variables.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use manifest::Manifest;

/// What a run said, with the project's folder as `$HERE`.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

pub struct Machine {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

pub const PROJECT: &str = "\
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { server: eu.registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64 }
";

impl Machine {
    pub fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().expect("a folder"), variables: Vec::new() };
        for folder in ["project/config", "project/.kamal", "project/.sextant", "home"] {
            std::fs::create_dir_all(machine.folder.path().join(folder)).expect("a folder in it");
        }
        machine.write("config/deploy.yml", PROJECT.as_bytes());
        machine.write(".kamal/secrets", b"REGISTRY_PASSWORD=x\n");
        machine
    }

    /// Another machine with the same project.
    pub fn cloned(&self) -> Self {
        let clone = Self::new();
        copy(&self.path(""), &clone.path(""));
        clone
    }

    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_string(), value.to_string()));
        self
    }

    pub fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join("home").join(name)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("project").join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("a file of the project");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file of the project")
    }

    pub fn run(&self, words: &[&str]) -> Said {
        let output = Command::new(tests::sextant())
            .current_dir(self.path(""))
            .args(words)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path().join("home"))
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .expect("sextant can be run");
        let here = self.folder.path().join("project").display().to_string();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8").replace(&here, "$HERE");
        Said { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Plans without servers.
    pub fn plan(&self, more: &[&str]) -> Said {
        self.run(&[&["plan", "--offline", "--skip-push", "--version", "v1"], more].concat())
    }

    /// The plan is refused before anything is touched, with these words.
    #[track_caller]
    pub fn refuses(&self, stderr: &str) {
        let said = self.plan(&[]);
        assert_eq!(said, Said { exit: 1, stdout: String::new(), stderr: stderr.to_string() });
    }

    /// The plan is made, and the plugin takes part in it.
    #[track_caller]
    pub fn plans(&self, stderr: &str) {
        let said = self.plan(&[]);
        assert_eq!((said.exit, said.stderr.as_str()), (0, stderr));
        let line = said.stdout.lines().find(|line| line.starts_with("Hooks:")).unwrap_or_default();
        assert!(line.starts_with("Hooks: pre-login by eu-login,"), "{line}");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            std::fs::create_dir_all(&to).expect("a folder");
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("a file");
        }
    }
}

/// A plugin that takes the login, with a manifest that asks for what is given.
pub fn component(version: &str, capabilities: &str) -> Vec<u8> {
    let guest = Path::new(env!("GUESTS")).join("third_party_login.wasm");
    let text = format!(
        "name = \"eu-login\"\nversion = \"{version}\"\ndescription = \"Logs in\"\n[capabilities]\n{capabilities}\n\
         [settings.region]\ntype = \"string\"\ndescription = \"where it is\"\n"
    );
    let manifest = Manifest::parse(&text).expect("a manifest");
    manifest.embed(&std::fs::read(guest).expect("the guest was built")).expect("a component")
}

/// What asks for little.
pub const LITTLE: &str = "network = [\"api.example.com:443\"]\nprograms = [\"aws\"]";

/// `sha256:…` of bytes, as the program shows it.
pub fn digest(bytes: &[u8]) -> String {
    use std::io::Write;
    let mut child =
        Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sha256sum can be run");
    child.stdin.take().expect("its input").write_all(bytes).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    format!("sha256:{}", String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or_default())
}
