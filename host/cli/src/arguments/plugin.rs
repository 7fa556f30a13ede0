//! `plugin`.

use clap::{Args, Subcommand};

use super::author::AuthorCommand;

#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    #[command(flatten)]
    Author(AuthorCommand),
    /// Try a component: replay a recording, or check how it behaves
    Test(TestPlugin),
    /// Build the plugin in this folder and show how the plan of a project changes
    Dev(DevelopPlugin),
    /// Pin a plugin in sextant.lock and add it to x-plugins
    Add(AddPlugin),
    /// Show the plugins of the project
    List,
    /// Look for newer components, show what changes and pin them
    Update {
        /// Only this plugin
        name: Option<String>,
        /// Do it without asking
        #[arg(short, long)]
        yes: bool,
    },
    /// Check that every plugin is what sextant.lock says
    Verify,
    /// Take a plugin out of sextant.lock
    Remove {
        /// Its key in x-plugins
        name: String,
    },
    /// Push a component to a registry
    Push {
        /// The component's file
        component: String,
        /// Where to: oci://registry/repository:tag
        to: String,
        /// Sign it with this private key
        #[arg(long, value_name = "KEY")]
        sign: Option<String>,
    },
    /// Write a signature beside a component: COMPONENT.sig
    Sign {
        /// The component's file
        component: String,
        /// The private key
        #[arg(long, value_name = "KEY")]
        sign: String,
    },
    /// Make a pair of keys: NAME.key signs, NAME.pub verifies
    Keygen {
        /// What the two files are called
        #[arg(default_value = "plugin")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct TestPlugin {
    /// The component's file
    pub component: String,
    /// Ask it what this recording of `--record` holds, offline, and compare the answers
    #[arg(long, value_name = "FILE")]
    pub replay: Option<String>,
    /// Settings and grants as they stand under its name in x-plugins: `with:`, `grants:`
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
}

#[derive(Debug, Args)]
pub struct DevelopPlugin {
    /// The project whose plan is shown
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub project: String,
    /// The plugin's folder
    #[arg(default_value = ".")]
    pub folder: String,
    /// Go on: build again whenever a file changes
    #[arg(long)]
    pub watch: bool,
}

#[derive(Debug, Args)]
pub struct AddPlugin {
    /// A path, https://… or oci://registry/repository:tag
    pub source: String,
    /// Its key in x-plugins; its own name by default
    #[arg(long)]
    pub name: Option<String>,
    /// The public key that has to have signed it
    #[arg(long, value_name = "FILE")]
    pub key: Option<String>,
    /// The only digest that is taken
    #[arg(long, value_name = "SHA256")]
    pub digest: Option<String>,
    /// Grant everything that it asks for
    #[arg(long)]
    pub grant: bool,
}
