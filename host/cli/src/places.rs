//! What files, folders and variables are called.

use std::path::PathBuf;

/// Where the configuration stands unless `--config-file` says otherwise.
pub const CONFIG_FILE: &str = "config/deploy.yml";

/// The variable that names the folder of policies.
pub const POLICY_FOLDER: &str = "SEXTANT_POLICY_DIR";

/// The variable that names the file of allowed signers.
pub const ALLOWED_SIGNERS: &str = "SEXTANT_ALLOWED_SIGNERS";

/// The user's own folder for what can be made again.
pub fn cache_directory() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(base.join("sextant"))
}
