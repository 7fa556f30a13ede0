//! What policies and approvers say decides before anything is touched, and is told where it was set aside.

use std::path::Path;
use std::process::Command;

use crate::images::refused;
use crate::programs;
use crate::scene::Scene;
use crate::traces::Traces;

#[test]
fn a_plan_that_a_policy_denies_leaves_every_host_untouched_unless_it_is_overridden() {
    let Some(scene) = Scene::deployed() else { return };
    let policy = "image_allowlist";
    let entry = |more: &str| {
        let images = "with: { images: ['registry.example/*'] }";
        format!("x-plugins:\n  allowlist: {{ source: {policy}.wasm, {images}{more} }}\n")
    };
    give(&scene, policy, &entry(""));
    let deploy = ["deploy", "-P", "--version", &scene.serving.commit];
    let hurry = ["--override", "allowlist", "--reason", "the shop is down"];
    let reason = "policy `allowlist` denies this plan: the image ";
    refused(&scene, &deploy, &[reason, "is not among those that may be used"]);
    refused(&scene, &[&deploy[..], &["--skip-hooks"]].concat(), &[reason]);
    refused(&scene, &[&deploy[..], &hurry].concat(), &["the policy `allowlist` cannot be set aside"]);

    give(&scene, policy, &entry(", override: true"));
    refused(&scene, &deploy, &[reason, "--override POLICY --reason TEXT"]);
    scene.sextant(&[&deploy[..], &hurry].concat()).succeeded();
    for host in scene.fleet.app_hosts() {
        let audited = host.sh("cat .kamal/sample-audit.log").expect("the host has an audit log");
        let told = |line: &str| line.contains("allowlist") && line.contains("the shop is down");
        assert!(audited.lines().any(told), "{}: {audited}", host.address);
    }
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn a_plan_is_applied_when_the_right_people_approved_it_and_the_hosts_are_as_it_saw_them() {
    let Some(scene) = Scene::deployed() else { return };
    for name in ["ann", "eve"] {
        let key = scene.project.path().join(name);
        programs::run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(key)).succeeded();
    }
    let public = std::fs::read_to_string(scene.project.path().join("ann.pub")).expect("the public half");
    scene.project.write("approvers", &format!("ann@example.com,lead {public}")).expect("a file");
    let policy = "require_approval";
    let settings = "with: { more_hosts_than: 1, roles: [lead] }";
    let entry =
        format!("x-approvals: {{ signers: approvers }}\nx-plugins:\n  gate: {{ source: {policy}.wasm, {settings} }}\n");
    give(&scene, policy, &entry);
    let version = scene.commit("approved");
    let planned = || scene.sextant(&["plan", "deploy", "--out", "plan.json"]).succeeded();
    let approve = |key: &str| scene.sextant(&["approve", "plan.json", "--key", key]).succeeded();

    planned();
    let wanted = "policy `gate` wants the approval of 1 of lead";
    refused(&scene, &["deploy"], &[wanted, "hint:"]);
    refused(&scene, &["apply", "plan.json"], &[wanted]);
    approve("eve");
    refused(
        &scene,
        &["apply", "plan.json"],
        &[wanted, "approval 1 does not count", "is not among the allowed signers"],
    );

    // Signed for one plan, it counts for no other.
    planned();
    approve("ann");
    let signed = std::fs::read_to_string(scene.project.path().join("plan.json")).expect("the plan is there");
    planned();
    let unsigned = std::fs::read_to_string(scene.project.path().join("plan.json")).expect("the plan is there");
    scene.project.write("plan.json", &with_approvals_of(&unsigned, &signed)).expect("the plan can be written");
    refused(&scene, &["apply", "plan.json"], &[wanted, "another plan was signed, or it was changed"]);

    // The hosts changed after it was made: what was approved is not what would be done.
    scene.project.write("plan.json", &signed).expect("the plan can be written");
    let changed = &scene.fleet.app_hosts()[1];
    let running = format!("sample-web-{}", scene.serving.commit);
    changed.sh(&format!("docker rename {running} sample-web-other")).expect("docker renames");
    refused(&scene, &["apply", "plan.json"], &["another plan would be made now", &changed.address, "hint:"]);
    changed.sh(&format!("docker rename sample-web-other {running}")).expect("docker renames");

    let load = scene.fleet.load("/version");
    scene.sextant(&["apply", "plan.json"]).ended_with(0).telling(&["Approved by ann@example.com (lead)\n"]);
    crate::deploys::assert_all_answered(&load.finish());
    scene.assert_serves(&version.name);
    scene.assert_no_lock();
    let traces = Traces::of(&scene.fleet);
    scene.sextant(&["apply", "plan.json"]).ended_with(1).telling(&["another plan would be made now"]);
    traces.assert_untouched();
    scene.leave(&version);
}

/// A saved plan with the approvals of another one.
fn with_approvals_of(plan: &str, other: &str) -> String {
    let mut plan: serde_json::Value = serde_json::from_str(plan).expect("a plan is JSON");
    let other: serde_json::Value = serde_json::from_str(other).expect("a plan is JSON");
    plan["approvals"] = other["approvals"].clone();
    serde_json::to_string_pretty(&plan).expect("JSON can be written")
}

/// Gives the project an example policy and what the configuration says of it.
fn give(scene: &Scene, policy: &str, entry: &str) {
    let file = format!("{policy}.wasm");
    let built = Path::new(env!("EXAMPLES")).join(&file);
    std::fs::copy(built, scene.project.path().join(&file)).expect("the example was built");
    let whole = std::fs::read_to_string(scene.project.path().join("config/deploy.yml")).expect("the project has one");
    let plain = whole.split("x-").next().unwrap_or_default();
    scene.project.write("config/deploy.yml", &format!("{plain}{entry}")).expect("the project can be written");
}
