//! `test`: the name read backwards, without any store. `LPAREN` and `RPAREN` in a name stand for parentheses.

use secrets::prefixed;
use sextant_sdk::{Fault, Found, Programs, Request, Secrets};

struct Test;

impl Secrets for Test {
    const PROGRAMS: &'static [&'static str] = &[];
    const NEEDS_ACCOUNT: bool = true;

    fn fetch(request: &Request, _: &Programs) -> Result<Vec<Found>, Fault> {
        let backwards = |name: &str| name.replace("LPAREN", "(").replace("RPAREN", ")").chars().rev().collect();
        Ok(prefixed(request).into_iter().map(|name| (name.clone(), Some(backwards(&name)))).collect())
    }
}

sextant_sdk::export!(Test: secrets);
