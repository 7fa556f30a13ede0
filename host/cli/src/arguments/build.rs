//! `build`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum BuildCommand {
    #[command(flatten)]
    Change(BuildChange),
    /// Show the builder that is used and the builders there are
    Details,
    #[command(external_subcommand)]
    Other(Vec<String>),
}

/// Subcommands that build, or change what builds.
#[derive(Debug, Clone, Subcommand)]
pub enum BuildChange {
    /// Build the image, push it, and pull it on the servers
    Deliver,
    /// Build the image and push it; --output=TYPE sends it elsewhere
    Push(ImageArguments),
    /// Pull the image on the servers
    Pull,
    /// Create the builder
    Create,
    /// Remove the builder
    Remove,
    /// Build the working directory as it is, for docker here; --output=TYPE sends it elsewhere
    Dev(ImageArguments),
}

#[derive(Debug, Clone, Args)]
pub struct ImageArguments {
    /// Build without cache
    #[arg(long)]
    pub no_cache: bool,
}
