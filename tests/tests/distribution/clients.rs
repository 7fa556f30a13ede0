//! Another client of registries takes what was pushed here, and what it pushes can be pinned here: oras, the real one, from PyPI.

use std::path::Path;
use std::process::Command;

use crate::locked;
use crate::machine::{LITTLE, Machine, component, digest};
use crate::registry::{Registry, skip};

#[test]
fn oras_pulls_what_was_pushed() {
    let Some(registry) = Registry::start() else { return };
    let author = Machine::new();
    let bytes = component("1.0.0", LITTLE);
    author.write("login.wasm", &bytes);
    let name = format!("{}/acme/eu-login:1", registry.address);
    let said = author.run(&["plugin", "push", "login.wasm", &format!("oci://{name}")]);
    assert_eq!(said.exit, 0, "{}", said.stderr);
    if oras(&author, &format!("client.pull(target='{name}', outdir='pulled')")) {
        let pulled = std::fs::read(author.path("pulled/eu-login.wasm")).expect("it is named as the plugin is");
        assert!(pulled == bytes, "another component came");
    }
}

#[test]
fn what_oras_pushed_is_pinned() {
    let Some(registry) = Registry::start() else { return };
    let machine = Machine::new();
    let bytes = component("1.0.0", LITTLE);
    machine.write("login.wasm", &bytes);
    machine.write("config.json", b"{}");
    let name = format!("{}/acme/eu-login:1", registry.address);
    let push = format!(
        "client.push(target='{name}', files=['login.wasm:application/wasm'], \
         manifest_config='config.json:application/vnd.wasm.config.v0+json')"
    );
    if oras(&machine, &push) {
        let said = machine.run(&["plugin", "add", &format!("oci://{name}"), "--grant"]);
        assert_eq!(said.exit, 0, "{}", said.stderr);
        assert_eq!(locked(&machine, "digest"), digest(&bytes));
    }
}

/// Has oras do something in the machine's project; tells whether it is there to do it.
fn oras(machine: &Machine, act: &str) -> bool {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../pypi/bin/python");
    if !python.exists() {
        skip(&format!("{} is missing", python.display()));
        return false;
    }
    let script = format!("import oras.client\nclient = oras.client.OrasClient(insecure=True)\n{act}\n");
    let output = Command::new(python).args(["-c", &script]).current_dir(machine.path("")).output();
    let output = output.expect("python can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}
