//! Calls the host without end.

use sextant_sdk::{Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(deployment: &Deployment, _: &Facts, _: &str, _: &Steps) -> Result<(), Fault> {
        let mut length = 0;
        loop {
            length = std::hint::black_box(length + deployment.service().len());
        }
    }
}

sextant_sdk::export!(Guest: tag);
