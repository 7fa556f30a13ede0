//! `sextant approve`: signs the digest of a plan in a file, and adds the signature to it.

use std::io::Write;
use std::path::Path;

use journal::SavedPlan;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::approvals;
use crate::arguments::{Approve, Options};
use crate::console::{Output, print, print_raw, say};
use crate::failure::Failure;
use crate::outline::{Detail, outline};
use crate::project::Project;
use crate::saved;

pub fn run(options: &Options, arguments: &Approve) -> Result<u8, Failure> {
    let path = Path::new(&arguments.plan);
    let mut saved = saved::read(path)?;
    let detail = if options.verbose { Detail::Commands } else { Detail::Steps };
    if options.output == Output::Text && !options.quiet {
        print_raw(&outline(&saved.plan, detail));
    }
    let signers = known_signers(options);
    // Where they cannot be read, nothing is signed either.
    signers.as_deref().map_or(Ok(()), approvals::check_readable)?;
    let (signature, key) = approvals::sign(&saved.digest, arguments.key.as_deref())?;
    let is_new = !saved.approvals.contains(&signature);
    if is_new {
        saved.approvals.push(signature);
        write(path, &saved)?;
    }
    let approvals = saved.approvals.len();
    match options.output {
        Output::Json => {
            print(&json!({ "approved": saved.digest, "key": key, "new": is_new, "approvals": approvals }).to_string())
        }
        Output::Text => {
            let how = if is_new { "Approved" } else { "Approved already" };
            let plan = &saved.plan;
            say(&format!("{how}: {} {} {}, digest {}", plan.subcommand, plan.service, plan.version, saved.digest));
            say(&format!("Signed with {key}; {} carries {approvals} by now", arguments.plan));
            counted(signers.as_deref(), &saved)?;
        }
    }
    Ok(0)
}

/// The file that says who may approve, where it is known here.
fn known_signers(options: &Options) -> Option<String> {
    let of_project = Project::read(options).ok().and_then(|project| project.configuration.signers);
    approvals::signers(options, of_project.as_deref())
}

/// Tells who the approvals count as, where it is known here who may give them.
fn counted(signers: Option<&str>, saved: &SavedPlan) -> Result<(), Failure> {
    let Some(signers) = signers else { return Ok(()) };
    let approvers = approvals::approvers(saved, Some(signers))?;
    let people = match approvers.as_slice() {
        [] => "nobody".to_string(),
        approvers => approvals::named(approvers),
    };
    say(&format!("Approved by {people}, as {signers} has them"));
    Ok(())
}

/// Writes the plan with its approvals in the place of the file, whole or not at all.
fn write(path: &Path, saved: &SavedPlan) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let replaced = || {
        let mode = std::fs::metadata(path)?.permissions();
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(saved.text().as_bytes())?;
        file.as_file().set_permissions(mode)?;
        file.as_file().sync_all()?;
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    replaced().map_err(|error: std::io::Error| {
        Failure::message(format!("the approval cannot be written to {}: {error}", path.display()))
    })
}
