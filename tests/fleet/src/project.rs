//! The sample project: a git repository that Kamal and Sextant can deploy to the fleet.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{command, run};
use crate::layout::{ACCESSORY_HOST, APP_HOSTS, Layout, write};
use crate::{Error, Result, images, operator, registry};

const DEPLOY_YML: &str = include_str!("../app/project/config/deploy.yml");
const SECRETS: &str = include_str!("../app/project/.kamal/secrets");

/// A laid out copy of the sample project.
#[derive(Debug, Clone)]
pub struct Project {
    directory: PathBuf,
}

impl Project {
    /// Lays out the project in a directory, which is emptied first, and makes it a git repository without commits.
    pub(crate) fn lay_out(layout: &Layout, directory: &Path) -> Result<Self> {
        let _ = fs::remove_dir_all(directory);
        images::lay_out_app(layout, directory)?;
        let project = Self { directory: directory.to_owned() };
        project.write("config/deploy.yml", &deploy_yml(layout))?;
        project.write(".kamal/secrets", SECRETS)?;
        project.git(["init", "--quiet", "--initial-branch=main"])?;
        Ok(project)
    }

    /// Where it lies: the directory to deploy from.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// Writes a file of the project, by its path inside.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        write(&self.directory.join(path), text)
    }

    /// Replaces a text in a file of the project; a file without it is an error.
    pub fn replace(&self, path: &str, from: &str, to: &str) -> Result<()> {
        let file = self.directory.join(path);
        let text = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
        if !text.contains(from) {
            return Err(Error::Failed { command: format!("replace `{from}`"), output: format!("not in `{path}`") });
        }
        write(&file, text.replace(from, to))
    }

    /// Makes this the version the app will answer with, commits everything, and returns the commit's full id.
    pub fn commit(&self, version: &str) -> Result<String> {
        self.write("version.txt", &format!("{version}\n"))?;
        self.git(["add", "--all"])?;
        self.git(["commit", "--quiet", "--allow-empty", "--message", &format!("version {version}")])?;
        self.git(["rev-parse", "HEAD"])
    }

    /// Goes to a commit: what is deployed next is that one.
    pub fn check_out(&self, commit: &str) -> Result<()> {
        self.git(["checkout", "--quiet", commit]).map(drop)
    }

    fn git<const N: usize>(&self, words: [&str; N]) -> Result<String> {
        let identity =
            ["-c", "user.name=Fleet Operator", "-c", "user.email=operator@fleet.test", "-c", "commit.gpgsign=false"];
        run(command(["git"]).args(identity).args(words).current_dir(&self.directory))
    }
}

fn deploy_yml(layout: &Layout) -> String {
    let registry = registry::registry(layout);
    DEPLOY_YML
        .replace("@APP_1@", APP_HOSTS[0])
        .replace("@APP_2@", APP_HOSTS[1])
        .replace("@ACCESSORY@", ACCESSORY_HOST)
        .replace("@REGISTRY@", &registry.address)
        .replace("@USERNAME@", &registry.username)
        .replace("@KEY@", &operator::private_key(layout).to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_of_deploy_yml_is_filled() {
        assert_eq!(deploy_yml(&Layout::new()).lines().find(|line| line.contains('@')), None);
    }
}
