//! `sextant resume`: goes on with a run that did not end, from what is on the hosts.

use crate::arguments::{Options, TakenUp};
use crate::console::say;
use crate::failure::Failure;
use crate::invocation::{Request, Version};
use crate::unfinished::{self, Unfinished};

use super::change;

pub fn run(options: &Options, named: &TakenUp) -> Result<u8, Failure> {
    let Some(Unfinished { project, options, beginning, interrupted, .. }) = unfinished::find(options, named)? else {
        say("Nothing to resume: the last run ended well");
        return Ok(0);
    };
    if !options.quiet {
        say(&format!("Resuming {} of {} ({})", beginning.subcommand.join(" "), beginning.version, beginning.run));
    }
    let request = Request {
        intent: beginning.intent,
        words: beginning.subcommand,
        version: Some(Version::Exactly(beginning.version)),
        no_cache: false,
        takes_up: Some((interrupted, beginning.own_version)),
    };
    change::carry_out_in(&project, &options, request)
}
