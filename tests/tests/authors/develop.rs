//! `sextant plugin dev`: the plan of a project while its plugin is written.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use crate::bench::{shell_command, works, write_project};

#[test]
fn dev_shows_the_plan_with_the_plugin_that_was_just_built() {
    let folder = beginning();
    let plan = works(&folder.path().join("mine"), "sextant plugin dev --project ..");
    assert!(plan.contains("tag by mine"), "{plan}");
    assert!(plan.contains("mark the image as stable  [mine]"), "{plan}");
}

#[test]
fn watch_shows_how_the_plan_changes() {
    let folder = beginning();
    let mine = folder.path().join("mine");
    let mut watching = Watching::begin(&mine);
    watching.wait_for("mark the image as stable  [mine]");
    watching.wait_for("Watching for changes; Ctrl-C ends it");
    write(&mine, "mark the image as good");
    watching.wait_for("-      10. mark the image as stable  [mine]");
    watching.wait_for("+      10. mark the image as good  [mine]");
}

/// A project with a plugin that marks images.
fn beginning() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    works(folder.path(), "sextant plugin new mine --kind boot");
    write(&folder.path().join("mine"), "mark the image as stable");
    let project = "\
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { server: registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
x-plugins: { mine: { source: mine/mine.wasm } }
";
    write_project(folder.path(), project);
    folder
}

fn write(plugin: &Path, title: &str) {
    let source = format!(
        "use sextant_sdk::{{Action, Deployment, Facts, Fault, Steps, Tag}};\n\
         struct Mine;\n\
         impl Tag for Mine {{\n\
             fn propose(deployment: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {{\n\
                 steps.add(\"{title}\", Action::tag(&deployment.image(), \"acme/app:stable\"));\n\
                 Ok(())\n\
             }}\n\
         }}\n\
         sextant_sdk::export!(Mine: tag);\n"
    );
    std::fs::write(plugin.join("src/lib.rs"), source).expect("a source");
}

/// A program that goes on until it is dropped.
struct Watching {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Watching {
    fn begin(plugin: &Path) -> Self {
        let mut command = shell_command(plugin, "exec sextant plugin dev --watch --project .. 2>&1");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it can be started");
        let said = BufReader::new(child.stdout.take().expect("it has an output"));
        Self { child, said }
    }

    fn wait_for(&mut self, expected: &str) {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let read = self.said.read_line(&mut line).expect("it can be read");
            all.push_str(&line);
            if line.contains(expected) {
                return;
            }
            assert_ne!(read, 0, "it ended without `{expected}`:\n{all}");
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
