//! Accessories.

use plan::Action;

use crate::Finding;
use crate::case::{Case, between};

/// A container that was made with other settings stays until somebody makes it anew.
pub(super) fn already_there(case: &Case<'_>) -> Option<Finding> {
    let line = case.line(&["is already in use by container"]).filter(|_| case.kind() == "start-accessory")?;
    let name = name(case).or_else(|| between(line, "\"/", "\"").map(str::to_string)).unwrap_or_default();
    Some(Finding {
        cause: "accessory-drift",
        what: format!("the accessory {name} has a container already"),
        why: "booting leaves a container as it is, whatever the configuration says by now".to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at: vec!["`sextant accessory reboot NAME` makes it anew".to_string(), "accessories".to_string()],
        ..Finding::default()
    })
}

pub(super) fn start(case: &Case<'_>) -> Option<Finding> {
    if !matches!(case.kind(), "start-accessory" | "resume-accessory") {
        return None;
    }
    let name = name(case).unwrap_or_default();
    Some(Finding {
        cause: "accessory",
        what: format!("the accessory {name} cannot be started"),
        why: "docker refuses its image or one of its settings".to_string(),
        look_at: vec!["accessories".to_string(), "`sextant accessory logs NAME`".to_string()],
        ..Finding::default()
    })
}

fn name(case: &Case<'_>) -> Option<String> {
    match case.action()? {
        Action::StartAccessory(container) => Some(container.name.clone()),
        Action::ResumeAccessory { name } => Some(name.clone()),
        _ => None,
    }
}
