//! Lines for a host's own files: audit log, lock, directories, environment files, docker's installation; and hook scripts.

use crate::quoting::{literal, single_quoted, value};
use crate::{Command, Fragment};

/// Exit code of [`take_lock`] when somebody else holds the lock; its output is then the details that the holder left.
pub const LOCK_HELD: i32 = 75;

/// Appends a line to the audit log. `tags` stand after the time, in brackets.
pub fn audit(log: &str, tags: &[String], message: &str) -> Command {
    let tags: String = tags.iter().map(|tag| format!(" [{tag}]")).collect();
    let text = format!("{tags} {message}");
    // A variable of the host's has no place in its log.
    let text = if text.contains("${") { single_quoted(&text) } else { value(&text) };
    // The time is the host's own at that moment: a plan is older than what it does.
    Command::new(format!("mkdir -p .kamal && echo \"[$(date -u +%Y-%m-%dT%H:%M:%SZ)]\"{text} >> {}", literal(log)))
}

/// Makes a directory and its parents. `$PWD` in the path is the ssh user's home.
pub fn make_directory(path: &str) -> Command {
    Command::new(format!("mkdir -p {}", path_word(path)))
}

/// Changes mode or owner of a path.
pub fn change_mode(mode: &str, path: &str) -> Command {
    Command::new(format!("chmod {} {}", literal(mode), path_word(path)))
}

/// Changes the owner of a path.
pub fn change_owner(owner: &str, path: &str) -> Command {
    Command::new(format!("chown {} {}", literal(owner), path_word(path)))
}

/// Removes a path with everything below it.
pub fn remove_path(path: &str) -> Command {
    Command::new(format!("rm -rf {}", path_word(path)))
}

/// Writes a file for docker's `--env-file` from secrets: name in the file, name of the secret. Mode 0600, moved into place whole.
///
/// Without secrets the file is one empty line, as Kamal writes it.
pub fn write_environment_file(path: &str, secrets: &[(String, String)]) -> Command {
    let mut content = Vec::new();
    for (name, secret) in secrets {
        content.push(Fragment::text(format!("{name}=")));
        content.push(Fragment::EnvironmentFileSecret(secret.clone()));
        content.push(Fragment::text("\n"));
    }
    if content.is_empty() {
        content.push(Fragment::text("\n"));
    }
    let directory = path.rsplit_once('/').map_or(".", |(directory, _)| directory);
    let (path, directory) = (literal(path), literal(directory));
    Command::new(format!(
        "mkdir -p {directory} && umask 077 && cat > {path}.new && chmod 600 {path}.new && mv {path}.new {path}"
    ))
    .with_input(content)
}

/// Writes a file of any content, whole: whoever reads it sees the old content or the new one.
pub fn write_file(path: &str, mode: &str, content: Vec<Fragment>) -> Command {
    let (path, new, mode) = (path_word(path), path_word(&format!("{path}.new")), literal(mode));
    Command::new(format!(
        "mkdir -p \"$(dirname {path})\" && umask 077 && cat > {new} && chmod {mode} {new} && mv {new} {path}"
    ))
    .with_input(content)
}

/// Writes a file of any content. A file that exists keeps its identity and its owner, so that a container that has it mounted sees
/// the new content; it is overwritten once all of it is there.
pub fn overwrite(path: &str, content: Vec<Fragment>) -> Command {
    let (path, new) = (path_word(path), path_word(&format!("{path}.new")));
    Command::new(format!(
        "mkdir -p \"$(dirname {path})\" && cat > {new} && \
         if [ -f {path} ]; then cat {new} > {path} && rm {new}; else mv {new} {path}; fi"
    ))
    .with_input(content)
}

/// Takes the lock by making its directory, which only one can do, and leaves who took it, encoded as Kamal encodes it.
///
/// A directory without details is half-made: its maker died between the two steps. It is taken over after two seconds.
pub fn take_lock(directory: &str, details: &str) -> Command {
    let directory = literal(directory);
    Command::new(format!(
        "mkdir -p .kamal && {{ mkdir {directory} 2> /dev/null || {{ [ -e {directory}/details ] || sleep 2; \
         if [ -e {directory}/details ]; then base64 -d < {directory}/details; exit {LOCK_HELD}; fi; \
         mkdir -p {directory}; }}; }} && base64 > {directory}/details"
    ))
    .with_input(vec![Fragment::text(details)])
}

/// Releases the lock.
pub fn release_lock(directory: &str) -> Command {
    let directory = literal(directory);
    Command::new(format!("rm -rf {directory}"))
}

/// Fails unless docker's command is there.
pub fn docker_version() -> Command {
    Command::new("docker -v")
}

/// Exit code of [`install_docker`] for a user who may not install anything.
pub const MAY_NOT_INSTALL: i32 = 77;

/// Installs docker with its own script where it is missing, as root, or as a user who may use sudo.
pub fn install_docker() -> Command {
    Command::new(format!(
        "docker -v || {{ {ROOT} || sudo -nl usermod > /dev/null 2>&1 || exit {MAY_NOT_INSTALL}; \
         sh -c 'curl -fsSL https://get.docker.com || wget -O - https://get.docker.com || echo \"exit 1\"' | sh; }}"
    ))
}

/// Adds a user who is not root to docker's group. What the user may do is settled when a connection begins: this one ends then, so that
/// the next one may speak to docker.
pub fn join_docker_group() -> Command {
    Command::new(format!(
        "{ROOT} || id -nG \"${{USER:-$(id -un)}}\" | grep -qw docker || \
         {{ sudo -n usermod -aG docker \"${{USER:-$(id -un)}}\" && kill -HUP $PPID; }}"
    ))
}

/// Whether the ssh user is root.
const ROOT: &str = "[ \"${EUID:-$(id -u)}\" -eq 0 ]";

/// Runs a hook script of the project on the operator's machine.
pub fn hook_script(path: &str) -> Command {
    let path = literal(path);
    let path = if path.starts_with('/') || path.starts_with('\'') { path } else { format!("./{path}") };
    Command::new(format!("KAMAL_RECORDED_AT=$(date -u +%Y-%m-%dT%H:%M:%SZ) exec {path}"))
}

/// Waits.
pub fn sleep(seconds: u64) -> Command {
    Command::new(format!("sleep {seconds}"))
}

/// Words for a program, taken literally.
pub fn run(words: &[String]) -> Command {
    Command::new(words.iter().map(|word| literal(word)).collect::<Vec<_>>().join(" "))
}

/// A path as a word; a leading `$PWD` is left for the host's shell.
fn path_word(path: &str) -> String {
    match path.strip_prefix("$PWD/") {
        Some(rest) => format!("\"$PWD\"/{}", literal(rest)),
        None => literal(path),
    }
}
