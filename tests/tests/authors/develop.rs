//! `sextant plugin dev`: the plan of a project while its plugin is written.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::bench::{bring_dependencies, shell_command, works, write_project};

/// How long a program that watches may say nothing: it builds a plugin meanwhile.
const PATIENCE: Duration = Duration::from_secs(240);

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
    let watching = Watching::begin(&mine);
    watching.wait_for("mark the image as stable  [mine]");
    watching.wait_for("Watching for changes; Ctrl-C ends it");
    write(&mine, "mark the image as good");
    watching.wait_for("-     18. mark the image as stable  [mine]");
    watching.wait_for("+     18. mark the image as good  [mine]");
    assert_eq!(watching.end(), Some(130));
}

/// A project with a plugin that marks images.
fn beginning() -> tempfile::TempDir {
    bring_dependencies();
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
    said: Receiver<String>,
}

impl Watching {
    fn begin(plugin: &Path) -> Self {
        let mut command = shell_command(plugin, "exec sextant plugin dev --watch --project .. 2>&1");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it can be started");
        let lines = BufReader::new(child.stdout.take().expect("it has an output")).lines();
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, said }
    }

    /// Reads on until a line has this in it.
    fn wait_for(&self, expected: &str) {
        let mut all = String::new();
        loop {
            let line = self.said.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no `{expected}` in:\n{all}"));
            if line.contains(expected) {
                return;
            }
            all.push_str(&line);
            all.push('\n');
        }
    }
}

impl Watching {
    /// Asks it to end; gives its exit code.
    fn end(mut self) -> Option<i32> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is there");
        let limit = Instant::now() + PATIENCE;
        while Instant::now() < limit {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
