//! `proxy`.

use clap::{ArgAction, Args, Subcommand};

use super::{Confirmation, LogTail};

#[derive(Debug, Subcommand)]
pub enum ProxyCommand {
    #[command(flatten)]
    Change(ProxyChange),
    /// Show the proxy's container
    Details,
    /// Show log lines of the proxy
    Logs(LogTail),
    #[command(external_subcommand)]
    Other(Vec<String>),
}

#[derive(Debug, Clone, Subcommand)]
pub enum ProxyChange {
    /// Start the proxy, making its container where there is none
    Boot,
    /// Make the proxy anew: a brief outage
    Reboot {
        /// One host after the other
        #[arg(long)]
        rolling: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Start the proxy's container
    Start,
    /// Stop the proxy's container
    Stop,
    /// Stop the proxy's container and start it
    Restart,
    /// Remove the proxy
    Remove {
        /// Also when other apps use it
        #[arg(long)]
        force: bool,
    },
    /// Leave settings for the proxy's container on the servers, or remove them: `proxy/run` in the configuration takes their place
    #[command(alias = "boot_config")]
    BootConfig(Box<BootConfig>),
    /// Remove the proxy's stopped container
    #[command(hide = true, alias = "remove_container")]
    RemoveContainer,
    /// Remove the proxy's image
    #[command(hide = true, alias = "remove_image")]
    RemoveImage,
    /// Remove the proxy's directory on the servers
    #[command(hide = true, alias = "remove_proxy_directory")]
    RemoveProxyDirectory,
    /// Put the proxy in the place of Kamal 1's, boot the app behind it and clean up: a brief outage
    #[command(hide = true)]
    Upgrade {
        /// One host after the other
        #[arg(long)]
        rolling: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

/// Settings for the proxy's container on the servers.
#[derive(Debug, Clone, Args)]
pub struct BootConfig {
    /// `set`, `get` or `reset`
    #[arg(value_name = "set|get|reset")]
    pub act: String,
    /// Publish the proxy's ports
    #[arg(long, action = ArgAction::Set, default_value_t = true)]
    pub publish: bool,
    /// Address to publish the ports on, as often as need be
    #[arg(long, value_name = "ADDRESS")]
    pub publish_host_ip: Vec<String>,
    /// Port for HTTP
    #[arg(long, default_value_t = 80, value_name = "PORT")]
    pub http_port: u64,
    /// Port for HTTPS
    #[arg(long, default_value_t = 443, value_name = "PORT")]
    pub https_port: u64,
    /// Size at which docker starts a new log file
    #[arg(long, default_value = "10m", value_name = "SIZE")]
    pub log_max_size: String,
    /// Registry of the proxy's image
    #[arg(long)]
    pub registry: Option<String>,
    /// Repository of the proxy's image in the registry
    #[arg(long)]
    pub repository: Option<String>,
    /// Version of the proxy's image
    #[arg(long, value_name = "VERSION")]
    pub image_version: Option<String>,
    /// Port for metrics
    #[arg(long, value_name = "PORT")]
    pub metrics_port: Option<u64>,
    /// Let the proxy log in detail
    #[arg(long)]
    pub debug: bool,
    /// More options for `docker run`, as NAME=VALUE
    #[arg(long, value_name = "NAME=VALUE", num_args = 1.., action = ArgAction::Append)]
    pub docker_options: Vec<String>,
}
