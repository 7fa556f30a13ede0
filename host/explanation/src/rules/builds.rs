//! Builds of the image.

use crate::Finding;
use crate::case::Case;

pub(super) fn build(case: &Case<'_>) -> Option<Finding> {
    let (what, why, keys) = match case.kind() {
        "build" | "pack" => (
            "the image cannot be built",
            "a step of the build failed; its output is above",
            ["builder/dockerfile", "builder/args", "builder/secrets"],
        ),
        "push" | "publish" | "publish-files" => {
            ("the image cannot be pushed", "the registry does not take it", ["registry", "image", "builder"])
        }
        "require-buildx" => (
            "docker's buildx is not on this machine",
            "images are built by it",
            ["builder", "builder/remote", "--skip-push"],
        ),
        "checkout" => (
            "the revision cannot be checked out",
            "images are built from a clean clone of the commit",
            ["builder/context", "--version", "builder"],
        ),
        _ => return None,
    };
    Some(Finding {
        cause: "build",
        what: what.to_string(),
        why: why.to_string(),
        look_at: keys.map(str::to_string).to_vec(),
        ..Finding::default()
    })
}
