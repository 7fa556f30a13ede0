//! Wants to read a file.

use sextant_sdk::{Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, _: &Steps) -> Result<(), Fault> {
        let text = std::fs::read_to_string(".kamal/secrets").map_err(|error| Fault::Failed(error.to_string()))?;
        Err(Fault::Failed(text))
    }
}

sextant_sdk::export!(Guest: tag);
