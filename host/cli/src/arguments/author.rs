//! `plugin new|build|inspect`: for those who write plugins.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum AuthorCommand {
    /// Write a project of a new plugin, which builds, tests and runs at once
    New(NewPlugin),
    /// Build the plugin of a folder: NAME.wasm, with its manifest inside
    Build {
        /// The folder that plugin.toml is in
        #[arg(default_value = ".", value_name = "FOLDER")]
        folder: String,
    },
    /// Show what a plugin exports, asks for and takes
    Inspect {
        /// A component's file, or a key of x-plugins, or a builtin
        #[arg(value_name = "PLUGIN")]
        plugin: String,
    },
}

#[derive(Debug, Args)]
pub struct NewPlugin {
    /// What it is called, and its folder: small letters, digits and dashes
    pub name: String,
    /// What it is for
    #[arg(long, value_enum)]
    pub kind: PluginKind,
    /// What it is written in
    #[arg(long = "lang", value_enum, default_value = "rust")]
    pub language: Language,
}

/// What a plugin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PluginKind {
    /// Logs in to a registry
    Registry,
    /// Builds and pushes the image
    Builder,
    /// Boots containers
    Boot,
    /// Judges plans
    Policy,
    /// Looks secrets up in a store
    Secrets,
    /// Tells others what happens
    Notify,
}

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// With cargo
    Rust,
    /// With componentize-py
    Python,
    /// With componentize-js
    Js,
}
