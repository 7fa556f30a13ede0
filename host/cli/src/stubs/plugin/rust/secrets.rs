//! Looks secrets up with `pass`: the first line of an entry is its value.

use sextant_sdk::{Command, Fault, Found, Programs, Request, Secrets};

struct Pass;

impl Secrets for Pass {
    const PROGRAMS: &'static [&'static str] = &["pass"];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        let folder = request.from();
        let find = |name: String| {
            let entry = entry(folder.as_deref(), &name);
            let outcome = programs.run(&Command::new(&["pass".to_string(), "show".to_string(), entry.clone()]));
            match outcome.exit() {
                0 => Ok((name, Some(value(&outcome.stdout()).to_string()))),
                127 => Err(Fault::from("pass is not installed")),
                _ => Err(Fault::Failed(format!("pass has no entry {entry}"))),
            }
        };
        request.secrets().into_iter().map(find).collect()
    }
}

/// Where `pass` has a secret: in the folder that `--from` names.
fn entry(folder: Option<&str>, name: &str) -> String {
    folder.map_or_else(|| name.to_string(), |folder| format!("{}/{name}", folder.trim_end_matches('/')))
}

/// The first line of what `pass show` prints.
fn value(printed: &str) -> &str {
    printed.lines().next().unwrap_or_default()
}

sextant_sdk::export!(Pass: secrets);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_in_the_folder_that_is_named() {
        assert_eq!(entry(Some("shop/production/"), "DB_PASSWORD"), "shop/production/DB_PASSWORD");
        assert_eq!(entry(None, "DB_PASSWORD"), "DB_PASSWORD");
    }

    #[test]
    fn the_first_line_is_the_value() {
        assert_eq!(value("hunter2\nuser: shop\n"), "hunter2");
        assert_eq!(value(""), "");
    }
}
