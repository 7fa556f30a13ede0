//! Crashes, and says something with an escape sequence in it.

use sextant_sdk::{Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, _: &Steps) -> Result<(), Fault> {
        panic!("out of cheese \x1b[2J error")
    }
}

sextant_sdk::export!(Guest: tag);
