//! `--record FILE`: what is said between the host and its plugins, written down when the run ends, however it ends.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, PoisonError};

use plugin_runtime::{Catalogue, Recorder};

use crate::arguments::Options;
use crate::failure::Failure;
use crate::outside::KnownSecrets;

/// A recording in the making, if one was asked for.
pub struct Record(Option<(String, Arc<Recorder>, KnownSecrets)>);

/// The plugins, recorded if `--record` was given. The file is made at once, so that a run does not end for the lack of one.
pub fn recorded(
    catalogue: Catalogue,
    options: &Options,
    secrets: KnownSecrets,
) -> Result<(Catalogue, Record), Failure> {
    let Some(path) = options.record.clone() else { return Ok((catalogue, Record(None))) };
    write(&path, "")?;
    let recorder = Recorder::new();
    Ok((catalogue.recorded_by(recorder.clone()), Record(Some((path, recorder, secrets)))))
}

impl Record {
    /// Writes the file, without any secret that is known by now.
    pub fn write(&self) -> Result<(), Failure> {
        let Some((path, recorder, secrets)) = &self.0 else { return Ok(()) };
        let secrets = secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let document = recorder.document(secrets.iter().map(|(name, value)| (name.as_str(), value)));
        write(path, &document)
    }
}

/// A file that its owner alone reads: a recording tells much about a project.
fn write(path: &str, text: &str) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::with_hint(format!("{path} cannot be written: {error}"), "--record takes the path of a file to write")
    })
}
