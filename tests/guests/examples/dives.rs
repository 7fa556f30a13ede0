//! Asks for values a million levels deep, and opens roles within roles.

use sextant_sdk::{Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(deployment: &Deployment, _: &Facts, _: &str, _: &Steps) -> Result<(), Fault> {
        let deep = deployment.configuration(&"/a".repeat(1_000_000));
        let odd = deployment.configuration(&"~1~0/-1/99999999999999999999".repeat(10_000));
        let builders: Vec<_> = (0..1000).map(|_| deployment.builder()).collect();
        Err(Fault::Failed(format!("{deep:?} {odd:?} {}", builders.len())))
    }
}

sextant_sdk::export!(Guest: tag);
