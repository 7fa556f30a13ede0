//! Secrets as the operator meets them: the subcommands, the files, the stores.

mod adapters;
mod files;
mod plugins;
mod scene;
mod subcommands;
