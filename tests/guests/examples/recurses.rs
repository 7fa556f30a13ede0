//! Calls itself without end.

use sextant_sdk::{Action, Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        steps.add("deeper", Action::pull(&deeper(1).to_string()));
        Ok(())
    }
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 32]);
    if depth == u64::MAX { 0 } else { deeper(depth + 1) + room[(depth % 32) as usize] }
}

sextant_sdk::export!(Guest: tag);
