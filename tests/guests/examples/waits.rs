//! Has a program run, then works on: as long as it is told, or for ever.

use sextant_sdk::{Command, Fault, Found, Programs, Request, Secrets};

struct Guest;

impl Secrets for Guest {
    const PROGRAMS: &'static [&'static str] = &["program"];
    const NEEDS_ACCOUNT: bool = false;

    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault> {
        let outcome = programs.run(&Command::new(&["program".to_string()]));
        let for_ever = request.secrets() == ["for ever"];
        let mut turns = 0u64;
        while for_ever || turns < 1000 {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
        Ok(vec![("A".to_string(), Some(outcome.stdout()))])
    }
}

sextant_sdk::export!(Guest: secrets);
