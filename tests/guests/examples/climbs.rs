//! Reaches for a place that is none of its own: which, its settings say.

use sextant_sdk::{Action, BuilderSpec, Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(deployment: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        let settings = deployment.settings();
        let action = match settings.trim_matches(|c: char| !c.is_alphanumeric()) {
            "place\":\"home" => Action::write_environment_file(".kamal/../.bashrc", &[]),
            "place\":\"root" => Action::make_directory("/etc/cron.d"),
            "place\":\"clone" => Action::checkout("/", "/", "HEAD"),
            "place\":\"assets" => Action::clean_assets("/", "", ""),
            "place\":\"machine" => {
                let builder = BuilderSpec::new("mine");
                builder.remote("ssh://root@10.9.9.9");
                Action::ensure_builder(builder)
            }
            "place\":\"ssh" => Action::run(&["ssh", "root@10.9.9.9", "id"].map(String::from)),
            other => return Err(Fault::Failed(other.to_string())),
        };
        steps.add("climb", action);
        Ok(())
    }
}

sextant_sdk::export!(Guest: tag);
