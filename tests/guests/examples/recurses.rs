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
#[allow(unconditional_recursion)]
fn deeper(depth: u64) -> u64 {
    depth ^ deeper(std::hint::black_box(depth + 1)).rotate_left(1)
}

sextant_sdk::export!(Guest: tag);
