//! What programs find that are started on the operator's machine: a `kamal` on the path, which is this program, and what was asked of it.
//!
//! Hook scripts, secrets files and templates call `kamal`. They are meant to reach the program that started them: with the lock it
//! holds, and whether or not Kamal is installed. `SEXTANT_KAMAL_SHIM=0` leaves the path as it is.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};

use crate::places::{ALLOWED_SIGNERS, POLICY_FOLDER, cache_directory};

/// Under which name children know this program.
const NAME: &str = "kamal";

/// Whether this program was called as `kamal`.
pub fn called_as_kamal() -> bool {
    let program = std::env::args_os().next().map(PathBuf::from);
    program.is_some_and(|program| program.file_name() == Some(OsStr::new(NAME)))
}

/// What children learn about the command line.
#[derive(Debug, Clone, Default)]
pub struct Children {
    /// `--verbose`, which they find as `VERBOSE`.
    pub verbose: bool,
    /// `--destination`, which they find as `KAMAL_DESTINATION`.
    pub destination: Option<String>,
    /// `--policy-dir`, which they find as `SEXTANT_POLICY_DIR`: a deploy that a hook script starts is judged like its own.
    pub policy_dir: Option<String>,
    /// `--allowed-signers`, which they find as `SEXTANT_ALLOWED_SIGNERS`.
    pub allowed_signers: Option<String>,
}

impl Children {
    /// Variables for children, in addition to this program's own. The destination of whoever started this program is none of theirs:
    /// it is taken away.
    pub fn environment(&self) -> Vec<(String, Option<String>)> {
        let whole = |path: &Option<String>| {
            let path = std::path::absolute(path.as_deref()?).ok()?;
            Some(path.to_string_lossy().into_owned())
        };
        let added = [
            ("PATH", path()),
            ("VERBOSE", self.verbose.then(|| "1".to_string())),
            (POLICY_FOLDER, whole(&self.policy_dir)),
            (ALLOWED_SIGNERS, whole(&self.allowed_signers)),
        ];
        let added = added.into_iter().filter(|(_, value)| value.is_some());
        let told = added.chain([("KAMAL_DESTINATION", self.destination.clone())]);
        told.map(|(name, value)| (name.to_string(), value)).collect()
    }
}

/// A path that begins with the folder in which `kamal` is this program. Nothing where that is not wanted, or where no folder is to be
/// had that nobody else can write to.
fn path() -> Option<String> {
    if std::env::var("SEXTANT_KAMAL_SHIM").is_ok_and(|wanted| wanted == "0") {
        return None;
    }
    let folder = folder(&std::env::current_exe().ok()?)?.display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let begins = path.split(':').next() == Some(folder.as_str());
    Some(if begins || path.is_empty() { path } else { format!("{folder}:{path}") })
}

/// A folder of the user's own that holds nothing but `kamal`, a link to this program.
fn folder(program: &Path) -> Option<PathBuf> {
    // Programs at different places have different folders: neither takes the other's link away.
    let mark = plan::digest(&String::from_utf8_lossy(program.as_os_str().as_bytes()));
    let name = format!("bin-{}", &mark[..12]);
    let places = [cache_directory(), Some(std::env::temp_dir().join(format!("sextant-{}", user())))];
    places.into_iter().flatten().map(|place| place.join(&name)).find(|folder| link(folder, program).is_some())
}

/// Makes the folder and the link in it, unless both are there.
fn link(folder: &Path, program: &Path) -> Option<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).ok()?;
    let safe = |folder: &Path| {
        fs::symlink_metadata(folder)
            .is_ok_and(|found| found.is_dir() && found.uid() == user() && found.mode() & 0o022 == 0)
    };
    if !safe(folder) || !folder.parent().is_some_and(safe) {
        return None;
    }
    let link = folder.join(NAME);
    if fs::read_link(&link).is_ok_and(|target| target == program) {
        return Some(());
    }
    // Moved into place, so that a run beside this one finds it whole.
    let fresh = folder.join(format!(".{NAME}-{}", std::process::id()));
    let _ = fs::remove_file(&fresh);
    symlink(program, &fresh).ok()?;
    fs::rename(&fresh, &link).ok()
}

/// Who owns what this program makes.
fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}
