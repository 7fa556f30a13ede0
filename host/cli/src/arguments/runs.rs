//! What is about runs and their plans: `apply`, `history`, `replay`, `explain`.

use clap::Args;

#[derive(Debug, Args)]
pub struct Apply {
    /// The plan, as `sextant plan --out` wrote it
    pub file: String,
}

#[derive(Debug, Args)]
pub struct Replay {
    /// A run as `sextant history` names it, or its end; `last`; or the path of a saved plan
    #[arg(default_value = "last")]
    pub run: String,
    /// Plan the same run with this configuration instead, and show what would differ
    #[arg(long, value_name = "FILE")]
    pub against: Option<String>,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A run as `sextant history` names it, or its end; `last`; the last one that failed if nothing is named
    pub run: Option<String>,
}
