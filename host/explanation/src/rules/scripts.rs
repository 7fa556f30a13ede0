//! Hook scripts of the project.

use plan::Action;

use crate::Finding;
use crate::case::Case;

pub(super) fn hook_script(case: &Case<'_>) -> Option<Finding> {
    let path = match case.action() {
        Some(Action::HookScript(script)) => script.path.clone(),
        _ if case.kind() == "hook-script" => "a hook script".to_string(),
        _ => return None,
    };
    let exit = case.account.steps.iter().rev().find_map(|sent| sent.exit.filter(|exit| *exit != 0));
    let (why, first) = match exit {
        Some(126) => ("it is not executable".to_string(), format!("`chmod +x {path}`")),
        Some(127) => ("a program that it calls, or its interpreter, is not on this machine".to_string(), path.clone()),
        Some(exit) => (format!("it ended with exit code {exit}, which stops the run"), path.clone()),
        None => ("it did not end".to_string(), path.clone()),
    };
    Some(Finding {
        cause: "hook-script",
        what: format!("{path} failed"),
        why,
        look_at: vec![first, "hooks_path".to_string(), "x-hooks narrows which secrets it sees".to_string()],
        ..Finding::default()
    })
}
