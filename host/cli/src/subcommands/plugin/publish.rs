//! `sextant plugin push`, `sign` and `keygen`: the way of a component to others.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use distribution::{PrivateKey, Source};
use manifest::Surface;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::told;
use crate::arguments::Options;
use crate::failure::Failure;
use crate::plugins::surroundings;
use crate::project;

pub fn push(options: &Options, component: &str, to: &str, key: Option<&str>) -> Result<u8, Failure> {
    let Source::Registry(name) = Source::parse(to)? else {
        let hint = "name it `oci://registry/repository:tag`";
        return Err(Failure::with_hint(format!("{to} is no place in a registry"), hint));
    };
    let bytes = read(component)?;
    let key = key.map(private_key).transpose()?;
    let docker = surroundings(&project::directory()?, false).docker;
    let pushed = distribution::push(&docker, &name, &bytes, key.as_ref())?;
    let signer = pushed.signer.as_ref().map(|signer| format!("  signer     {signer}\n")).unwrap_or_default();
    let text = format!(
        "Pushed oci://{}\n  digest     {}\n  artifact   {}\n{signer}",
        pushed.name, pushed.digest, pushed.artifact
    );
    let object = json!({
        "name": pushed.name, "digest": pushed.digest, "artifact": pushed.artifact, "signer": pushed.signer,
    });
    told(options, &text, &object);
    Ok(0)
}

pub fn sign(options: &Options, component: &str, key: &str) -> Result<u8, Failure> {
    let bytes = read(component)?;
    Surface::of(&bytes).map_err(|error| Failure::Message {
        text: format!("{component}: {error}"),
        hint: error.hint().map(str::to_string),
    })?;
    let key = private_key(key)?;
    let file = format!("{component}.sig");
    std::fs::write(&file, key.sign(&bytes) + "\n")
        .map_err(|error| Failure::message(format!("{file} cannot be written: {error}")))?;
    let signer = key.public().fingerprint();
    told(options, &format!("Wrote {file}\n  signer     {signer}\n"), &json!({ "file": file, "signer": signer }));
    Ok(0)
}

/// Never writes over a key: what it signed could not be signed again.
pub fn keygen(options: &Options, name: &str) -> Result<u8, Failure> {
    let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
    if let Some(there) = [&private, &public].into_iter().find(|file| Path::new(file).exists()) {
        return Err(Failure::with_hint(format!("{there} is there already"), "give another name"));
    }
    let key = PrivateKey::generate();
    write_new(&private, 0o600, key.to_pem().expose_secret())?;
    write_new(&public, 0o644, &key.public().to_pem())?;
    let fingerprint = key.public().fingerprint();
    let text = format!(
        "Wrote {private}, which signs: keep it out of the repository\nWrote {public}, which verifies: {fingerprint}\n"
    );
    told(options, &text, &json!({ "private": private, "public": public, "fingerprint": fingerprint }));
    Ok(0)
}

fn write_new(file: &str, mode: u32, text: &str) -> Result<(), Failure> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(file);
    let written = opened.and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.map_err(|error| {
        let hint = "give the path of files that can be made there, without .key and .pub";
        Failure::with_hint(format!("{file} cannot be written: {error}"), hint)
    })
}

fn read(component: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(component).map_err(|error| {
        let hint = "name a component, such as `sextant plugin build` makes";
        Failure::with_hint(format!("{component} cannot be read: {error}"), hint)
    })
}

fn private_key(file: &str) -> Result<PrivateKey, Failure> {
    let text = std::fs::read_to_string(file).map(SecretString::from);
    let text = text.map_err(|error| {
        let hint = "`sextant plugin keygen NAME` makes a key";
        Failure::with_hint(format!("{file} cannot be read: {error}"), hint)
    })?;
    Ok(PrivateKey::parse(file, &text)?)
}
