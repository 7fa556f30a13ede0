//! The door that acting plugins reach the world outside through. What may pass is decided in `plugin-runtime`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use plugin_runtime::{Call, HttpRequest, HttpResponse, Outcome, Outside};
use secrecy::SecretString;
use transport::SecretValues;

/// A shell's exit code for a program that it does not find.
const NOT_INSTALLED: i32 = 127;

/// The largest file that a plugin may read, and the most that it gets of an answer.
const SIZE: u64 = 1 << 20;

/// Values of secrets, which become known while a run goes on.
pub type KnownSecrets = Arc<Mutex<SecretValues>>;

/// The operator's machine.
pub struct Operator {
    directory: PathBuf,
    secrets: Option<KnownSecrets>,
}

impl Operator {
    /// While secrets are looked up: there are none to be had yet.
    pub fn before_secrets(directory: PathBuf) -> Self {
        Self { directory, secrets: None }
    }

    /// While a plan is carried out.
    pub fn with_secrets(directory: PathBuf, secrets: KnownSecrets) -> Self {
        Self { directory, secrets: Some(secrets) }
    }
}

impl Outside for Operator {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, String> {
        let HttpRequest { method, url, headers, body } = request;
        let answer = transport::send(method, url, headers, body.as_ref(), SIZE)?;
        Ok(HttpResponse { status: answer.status, headers: answer.headers, body: answer.body })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        read_inside(&self.directory, path)
    }

    fn run(&self, call: &Call) -> Outcome {
        let Some((program, arguments)) = call.words.split_first() else { return Outcome::default() };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let variables: Vec<_> =
            call.variables.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
        let complaints = if call.is_quiet { transport::Complaints::Dropped } else { transport::Complaints::Shown };
        match transport::converse(program, &arguments, &self.directory, &variables, complaints) {
            Ok(outcome) => Outcome { exit: outcome.exit, stdout: outcome.stdout },
            Err(_) => Outcome { exit: NOT_INSTALLED, stdout: String::new() },
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn secret(&self, name: &str) -> Result<SecretString, String> {
        let Some(secrets) = &self.secrets else {
            return Err(format!("the secret `{name}` cannot be had while secrets are looked up"));
        };
        let known = secrets.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).cloned().ok_or_else(|| format!("there is no secret `{name}`"))
    }

    fn now(&self) -> u64 {
        u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default()
    }
}

/// Reads a file of a folder. Neither `..` nor a link leads out of it.
pub fn read_inside(folder: &Path, path: &str) -> Result<Vec<u8>, String> {
    let wrong = |error: std::io::Error| format!("{path} cannot be read: {error}");
    let folder = folder.canonicalize().map_err(wrong)?;
    let file = folder.join(path).canonicalize().map_err(wrong)?;
    if !file.starts_with(&folder) {
        return Err(format!("{path} leads out of the project"));
    }
    let metadata = file.metadata().map_err(wrong)?;
    if !metadata.is_file() {
        return Err(format!("{path} is no file"));
    }
    if metadata.len() > SIZE {
        return Err(format!("{path} has more than {} KiB", SIZE >> 10));
    }
    std::fs::read(file).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_inside_of_the_project_alone() {
        let house = tempfile::tempdir().expect("a folder can be made");
        let project = house.path().join("project");
        std::fs::create_dir_all(project.join("config")).expect("a folder can be made");
        std::fs::write(project.join("config/image.json"), "{}").expect("a file can be written");
        std::fs::write(house.path().join("private"), "secret").expect("a file can be written");
        std::os::unix::fs::symlink("../private", project.join("link")).expect("a link can be made");
        let check = |path: &str, expected: Result<&str, &str>| {
            let found = read_inside(&project, path).map(|bytes| String::from_utf8(bytes).expect("it is text"));
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{path}");
        };
        check("config/image.json", Ok("{}"));
        check("config/../config/image.json", Ok("{}"));
        check("../private", Err("../private leads out of the project"));
        check("link", Err("link leads out of the project"));
        check("/etc/passwd", Err("/etc/passwd leads out of the project"));
        check("config", Err("config is no file"));
        check("absent", Err("absent cannot be read: No such file or directory (os error 2)"));
    }
}
