//! Looks for a clock, randomness, environment and arguments, and tells what it found.

use std::hash::{BuildHasher, RandomState};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sextant_sdk::{Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, _: &Steps) -> Result<(), Fault> {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_nanos()).unwrap_or(1);
        let begin = Instant::now();
        let waited = begin.elapsed().as_nanos();
        let random = RandomState::new().hash_one("x");
        let (variables, arguments) = (std::env::vars().count(), std::env::args().count());
        Err(Fault::Failed(format!(
            "clock {clock}, waited {waited}, random {random:x}, {variables} variables, {arguments} arguments"
        )))
    }
}

sextant_sdk::export!(Guest: tag);
