//! `policy` and `approve`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Hold a policy against recorded plans: does it say of each what it should?
    Test {
        /// Files of tests, or folders with files that end in .test.yml
        #[arg(default_value = ".", value_name = "FOLDER|FILE")]
        files: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct Approve {
    /// A file that `plan --out` wrote
    pub plan: String,
    /// The ssh key to sign with: a private key, or a public one whose private half the ssh-agent has
    #[arg(long, value_name = "FILE")]
    pub key: Option<String>,
}
