//! `sextant drift`: what on the hosts differs from the configuration. It only looks.

use plan::Drift;

use crate::arguments::Options;
use crate::commits::shortened;
use crate::console::{Output, print};
use crate::failure::Failure;
use crate::invocation;
use crate::project::Project;

/// The exit code where something differs.
const DRIFTED: u8 = 3;

pub fn run(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let destinations = project.destinations(&options.config_file);
    let found = invocation::drift(&project, options, &destinations)?;
    let hosts = &project.selection.hosts;
    match options.output {
        Output::Json => print(&json(&project, &found)),
        Output::Text => {
            let text = text(hosts, &found);
            print(&if options.verbose { text } else { shortened(&text) });
        }
    }
    Ok(if found.is_empty() { 0 } else { DRIFTED })
}

/// For programs: the hosts that were looked at, and what differs.
fn json(project: &Project, found: &[Drift]) -> String {
    let configuration = &project.configuration;
    let object = serde_json::json!({
        "service": configuration.service,
        "destination": configuration.destination,
        "hosts": project.selection.hosts,
        "drift": found,
    });
    format!("{object:#}")
}

/// For people: host by host.
fn text(hosts: &[String], found: &[Drift]) -> String {
    let mut lines = Vec::new();
    for host in hosts {
        let here: Vec<&Drift> = found.iter().filter(|drift| drift.host == *host).collect();
        if here.is_empty() {
            lines.push(format!("{host}: as the configuration has it"));
            continue;
        }
        lines.push(format!("{host}:"));
        for drift in here {
            lines.push(format!("  {}: {}", drift.subject, drift.message));
            lines.push(format!("    hint: {}", drift.hint));
        }
    }
    lines.push(String::new());
    let count = found.len();
    lines.push(match count {
        0 => "Nothing differs from the configuration.".to_string(),
        1 => "1 thing differs from the configuration.".to_string(),
        _ => format!("{count} things differ from the configuration."),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use plan::DriftKind;

    use super::*;

    #[test]
    fn hosts_are_told_one_by_one() {
        let hosts = ["10.0.0.1", "10.0.0.2"].map(str::to_string);
        let drift = Drift {
            host: hosts[1].clone(),
            subject: "proxy".into(),
            kind: DriftKind::Missing,
            message: "has no container".into(),
            hint: "`sextant proxy boot` starts it".into(),
            differences: Vec::new(),
        };
        let told = "10.0.0.1: as the configuration has it\n10.0.0.2:\n  proxy: has no container\n    \
                    hint: `sextant proxy boot` starts it\n\n1 thing differs from the configuration.";
        assert_eq!(text(&hosts, &[drift]), told);
        let none = "10.0.0.1: as the configuration has it\n10.0.0.2: as the configuration has it\n\n\
                    Nothing differs from the configuration.";
        assert_eq!(text(&hosts, &[]), none);
    }
}
