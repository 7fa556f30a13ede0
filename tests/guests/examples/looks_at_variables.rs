//! Declares one variable and looks at every one that it is asked for.

use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct Guest;

impl Secrets for Guest {
    const PROGRAMS: &'static [&'static str] = &[];
    const VARIABLES: &'static [&'static str] = &["VAULT_TOKEN"];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        Ok(request.secrets().into_iter().map(|name| (name.clone(), programs.variable(&name))).collect())
    }
}

sextant_sdk::export!(Guest: secrets);
