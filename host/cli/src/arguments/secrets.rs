//! `secrets`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Look secrets up in a store and print them as JSON
    Fetch(Fetch),
    /// Print one secret out of what `secrets fetch` printed
    Extract(Extract),
    /// Print the project's secrets with their values, to see what a deploy would use
    Print,
}

#[derive(Debug, Args)]
pub struct Fetch {
    /// Names of the secrets, as the store has them
    #[arg(value_name = "SECRETS")]
    pub secrets: Vec<String>,
    /// The store: 1password, lastpass, bitwarden, bitwarden-sm, aws_secrets_manager, gcp, doppler, enpass, passbolt, or a plugin's
    #[arg(short, long, value_name = "ADAPTER")]
    pub adapter: String,
    /// Whose account
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// The vault, folder or project they are in
    #[arg(long, value_name = "FROM")]
    pub from: Option<String>,
    /// For a line of a secrets file
    #[arg(long, hide = true)]
    pub inline: bool,
}

#[derive(Debug, Args)]
pub struct Extract {
    /// The secret's name, or the end of it behind a slash
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What `secrets fetch` printed
    #[arg(value_name = "SECRETS")]
    pub secrets: String,
    /// For a line of a secrets file
    #[arg(long, hide = true)]
    pub inline: bool,
}
