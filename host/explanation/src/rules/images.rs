//! Images that a host cannot have.

use plan::Action;

use crate::Finding;
use crate::case::Case;

pub(super) fn denied(case: &Case<'_>) -> Option<Finding> {
    let denied = ["pull access denied", "denied:", "unauthorized", "authentication required", "403 forbidden"];
    let line = case.line(&denied).filter(|_| pulls(case))?;
    Some(Finding {
        cause: "pull-denied",
        what: format!("the registry does not let {} have the image{}", case.machine(), image(case)),
        why: "the user may not read this repository, or there is none of this name: registries do not say which"
            .to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at: ["image", "registry/username", "registry/password", "registry/server"].map(str::to_string).to_vec(),
        ..Finding::default()
    })
}

pub(super) fn not_found(case: &Case<'_>) -> Option<Finding> {
    let line = case.line(&["manifest unknown", "not found", "no such image"]).filter(|_| pulls(case))?;
    Some(Finding {
        cause: "image-not-found",
        what: format!("the image{} is not in the registry", image(case)),
        why:
            "no image of this version was pushed, or under another name; with --skip-push somebody else has to push it"
                .to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at: vec!["--version".to_string(), "image".to_string(), "registry/server".to_string()],
        ..Finding::default()
    })
}

pub(super) fn registry_unreachable(case: &Case<'_>) -> Option<Finding> {
    let phrases =
        ["connection refused", "no such host", "i/o timeout", "timed out", "tls handshake", "toomanyrequests"];
    let line = case.line(&phrases).filter(|_| pulls(case))?;
    Some(Finding {
        cause: "registry-unreachable",
        what: format!("{} gets no image from the registry", case.machine()),
        why: "the registry does not answer this host, or refuses to answer it so often".to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at: vec!["registry/server".to_string(), "image".to_string()],
        ..Finding::default()
    })
}

pub(super) fn of_another_service(case: &Case<'_>) -> Option<Finding> {
    if case.kind() != "require-service-label" {
        return None;
    }
    Some(Finding {
        cause: "image-of-another-service",
        what: "the image carries no label of this service".to_string(),
        why: "only an image with the label `service` is taken: the program that built it did not set it, or it is another app's".to_string(),
        look_at: vec!["image".to_string(), "service".to_string(), "builder".to_string()],
        ..Finding::default()
    })
}

fn pulls(case: &Case<'_>) -> bool {
    matches!(case.kind(), "pull" | "pull-accessory-image" | "start-accessory" | "run-proxy" | "boot-proxy")
}

fn image(case: &Case<'_>) -> String {
    match case.action() {
        Some(Action::Pull { image } | Action::PullAccessoryImage { image }) => format!(" {image}"),
        _ => String::new(),
    }
}
