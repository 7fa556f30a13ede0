//! A project with one of the examples in it, and a docker that notes what it is told.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A project in a folder of its own.
pub struct Project {
    folder: tempfile::TempDir,
}

/// What a run came to.
#[derive(Debug)]
pub struct Said {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// A project with this configuration, and secrets as `NAME=value` lines.
    pub fn new(configuration: &str, secrets: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["config", ".kamal", "programs", "plugins"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder in it");
        }
        let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("a file");
        write("config/deploy.yml", configuration);
        write(".kamal/secrets", secrets);
        write("Dockerfile", "FROM scratch\n");
        let calls = folder.path().join("calls");
        // A password reaches docker over its standard input.
        let docker = format!(
            "#!/bin/sh\n[ ! -e '{0}.broken' ] || {{ echo 'docker is broken' >&2; exit 1; }}\n\
             printf 'docker %s\\n' \"$*\" >> '{0}'\ncase \"$1\" in login) sed 's/$/ < stdin/' >> '{0}' ;; esac\n",
            calls.display()
        );
        write("programs/docker", &docker);
        let program = folder.path().join("programs/docker");
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
        for entry in Path::new(env!("EXAMPLES")).read_dir().expect("the examples were built").flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "wasm") {
                let name = entry.file_name().to_string_lossy().replace('_', "-");
                std::fs::copy(entry.path(), folder.path().join("plugins").join(name)).expect("a plugin");
            }
        }
        Self { folder }
    }

    /// Runs `sextant` with words.
    pub fn run(&self, words: &[&str]) -> Said {
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new(tests::sextant())
            .current_dir(self.folder.path())
            .args(words)
            .env_clear()
            .env("PATH", format!("{}:{path}", self.folder.path().join("programs").display()))
            .env("HOME", self.folder.path())
            .env("USER", "dev@example.com")
            .env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/examples-cache"))
            .stdin(std::process::Stdio::null())
            .output()
            .expect("sextant can be run");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
        Said { exit: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// From now on docker fails.
    pub fn break_docker(&self) {
        std::fs::write(self.folder.path().join("calls.broken"), "").expect("a file");
    }

    /// What docker was told so far.
    pub fn calls(&self) -> Vec<String> {
        let calls = std::fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_string).collect()
    }
}

impl Said {
    /// Panics unless it went well.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.exit, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Panics unless it failed and told this.
    #[track_caller]
    pub fn failed_telling(&self, text: &str) {
        assert_eq!(self.exit, Some(1), "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(text), "`{text}` was not said:\n{}", self.stderr);
    }
}
