//! `sextant abort`: undoes a run that did not end.

use plan::Intent;

use crate::arguments::{Options, TakenUp};
use crate::console::say;
use crate::failure::Failure;
use crate::invocation::{Request, Version};
use crate::unfinished::{self, Unfinished};

use super::change;

pub fn run(options: &Options, named: &TakenUp) -> Result<u8, Failure> {
    let Some(Unfinished { project, options, beginning, interrupted, has_begun }) = unfinished::find(options, named)?
    else {
        say("Nothing to abort: the last run ended well");
        return Ok(0);
    };
    if !has_begun {
        say(&format!("Nothing to abort: the run {} ended before its first step", beginning.run));
        return Ok(0);
    }
    let request = Request {
        intent: Intent::Abort,
        words: vec!["abort".to_string()],
        version: Some(Version::Exactly(beginning.version)),
        no_cache: false,
        takes_up: Some((interrupted, beginning.own_version)),
    };
    change::carry_out_in(&project, &options, request)
}
