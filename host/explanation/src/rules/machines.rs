//! What a machine runs out of, or cannot do.

use plan::Action;

use crate::Finding;
use crate::case::Case;

pub(super) fn disk_full(case: &Case<'_>) -> Option<Finding> {
    let line = case.line(&["no space left on device", "disk quota exceeded", "ENOSPC"])?;
    Some(Finding {
        cause: "disk-full",
        what: format!("the disk of {} is full", case.machine()),
        why: "images and containers of old versions stay until they are pruned, and failed deploys do not come so far"
            .to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at: vec![
            "`sextant prune all` removes what is old".to_string(),
            "retain_containers".to_string(),
            "logging/options/max-size".to_string(),
        ],
        ..Finding::default()
    })
}

pub(super) fn wrong_architecture(case: &Case<'_>) -> Option<Finding> {
    let phrases = ["exec format error", "no matching manifest for linux/", "does not match the detected host platform"];
    let line = case.line(&phrases)?;
    Some(Finding {
        cause: "wrong-architecture",
        what: format!("the image is built for another processor than that of {}", case.machine()),
        why: "an image runs on the architectures it was built for".to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at: vec!["builder/arch".to_string(), "builder/remote".to_string()],
        ..Finding::default()
    })
}

pub(super) fn port_in_use(case: &Case<'_>) -> Option<Finding> {
    let line = case.line(&["port is already allocated", "address already in use", "failed to bind host port"])?;
    let keys = match case.action() {
        Some(Action::StartAccessory(_) | Action::ResumeAccessory { .. }) => vec!["accessories/NAME/port"],
        Some(Action::BootProxy { .. } | Action::RunProxy { .. } | Action::StartProxy) => {
            vec!["proxy/run/http_port", "proxy/run/https_port", "proxy/run/publish"]
        }
        _ => vec!["servers/ROLE/options/publish", "proxy/run/http_port"],
    };
    let mut look_at = vec![format!("`ss -tlnp` on {} tells who has the port", case.machine())];
    look_at.extend(keys.into_iter().map(|key| key.replace("ROLE", case.role())));
    Some(Finding {
        cause: "port-in-use",
        what: format!("a port of {} is taken already", case.machine()),
        why: "another container or program on the host listens on it".to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at,
        ..Finding::default()
    })
}

pub(super) fn out_of_memory(case: &Case<'_>) -> Option<Finding> {
    let phrases = ["OOMKilled", "out of memory", "cannot allocate memory", "exit code 137", "exited (137)", "signal 9"];
    let line = case.line(&phrases)?;
    Some(Finding {
        cause: "out-of-memory",
        what: format!("a process on {} was killed for want of memory", case.machine()),
        why: "while a version is replaced the old and the new container run side by side, and take memory for both"
            .to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at: vec![
            format!("servers/{}/options/memory", case.role()),
            format!("`dmesg | grep -i oom` on {}", case.machine()),
        ],
        ..Finding::default()
    })
}
