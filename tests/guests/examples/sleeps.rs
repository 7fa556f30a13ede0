//! Sleeps for a day, then says that it did.

use sextant_sdk::{Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, _: &Steps) -> Result<(), Fault> {
        std::thread::sleep(std::time::Duration::from_secs(24 * 60 * 60));
        Err(Fault::Failed("it slept".to_string()))
    }
}

sextant_sdk::export!(Guest: tag);
