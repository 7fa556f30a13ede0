//! A third party's secret adapter: looks passwords up in a KeePass file that `--from` names.

use sextant_sdk::{Command, Fault, Found, Programs, Request, Secrets};

struct Adapter;

impl Secrets for Adapter {
    const PROGRAMS: &'static [&'static str] = &["keepassxc-cli"];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        let file = request.from().ok_or_else(|| Fault::Failed("name the file with --from".into()))?;
        let find = |name: String| {
            let words = ["keepassxc-cli", "show", "-s", "-a", "Password", &file, &name];
            let outcome = programs.run(&Command::new(&words.map(String::from)));
            match outcome.exit() {
                0 => Ok((name, Some(outcome.stdout().trim_end().to_string()))),
                _ => Err(Fault::Failed(format!("Could not find {name} in {file}"))),
            }
        };
        request.secrets().into_iter().map(find).collect()
    }
}

sextant_sdk::export!(Adapter: secrets);
