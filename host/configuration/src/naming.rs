//! Names that Kamal gives to what it leaves on servers.

use crate::model::{Accessory, Configuration, Directory, File, Proxy};

/// File name of a certificate.
pub const CERTIFICATE: &str = "cert.pem";

/// File name of a private key.
pub const PRIVATE_KEY: &str = "key.pem";

/// Where apps leave files for the proxy, on a host.
pub const PROXY_DIRECTORY: &str = ".kamal/proxy/apps-config";

/// The same directory as the proxy's container sees it.
const PROXY_DIRECTORY_INSIDE: &str = "/home/kamal-proxy/.apps-config";

impl Configuration {
    /// The image's name with the registry server, without tag: `ghcr.io/acme/app`.
    pub fn repository(&self) -> String {
        match &self.registry.server {
            Some(server) => format!("{server}/{}", self.image),
            None => self.image.clone(),
        }
    }

    /// The image of a version: `ghcr.io/acme/app:1f3a9c0e`.
    pub fn absolute_image(&self, version: &str) -> String {
        format!("{}:{version}", self.repository())
    }

    /// The tag of the newest image: `latest`, or `latest-<destination>`.
    pub fn latest_tag(&self) -> String {
        format!("latest{}", self.destination_suffix())
    }

    /// The newest image.
    pub fn latest_image(&self) -> String {
        self.absolute_image(&self.latest_tag())
    }

    /// What the names of a role's containers begin with, and what kamal-proxy calls the role: `<service>-<role>[-<destination>]`.
    pub fn container_prefix(&self, role: &str) -> String {
        format!("{}-{role}{}", self.service, self.destination_suffix())
    }

    /// Where the app's files are, relative to the ssh user's home: `.kamal/apps/<service>[-<destination>]`.
    pub fn application_directory(&self) -> String {
        format!(".kamal/apps/{}", self.service_with_destination())
    }

    /// Where assets are: `extracted` holds each version's own, `volumes` what containers mount.
    pub fn assets_directory(&self) -> String {
        format!("{}/assets", self.application_directory())
    }

    /// Where the proxy finds what belongs to the app.
    pub fn proxy_directory(&self) -> String {
        format!("{PROXY_DIRECTORY}/{}", self.service_with_destination())
    }

    /// Where the proxy finds the error pages of a version.
    pub fn error_pages_directory(&self, version: &str) -> String {
        format!("{}/error_pages/{version}", self.proxy_directory())
    }

    /// Where the proxy finds the certificate of a role or, without one, of an accessory.
    pub fn certificate_directory(&self, role: Option<&str>) -> String {
        let role = role.map(|role| format!("/{role}")).unwrap_or_default();
        format!("{}/tls{role}", self.proxy_directory())
    }

    /// The options of `kamal-proxy deploy` after the hosts and `--tls`, for a role or, without one, for an accessory.
    pub fn proxy_options(&self, proxy: &Proxy, role: Option<&str>, version: &str) -> Vec<(String, Option<String>)> {
        let option = |name: &str, path: String| {
            let inside = path.replacen(PROXY_DIRECTORY, PROXY_DIRECTORY_INSIDE, 1);
            (name.to_owned(), Some(inside))
        };
        let mut options = Vec::new();
        if proxy.certificate.is_some() {
            let directory = self.certificate_directory(role);
            options.push(option("tls-certificate-path", format!("{directory}/{CERTIFICATE}")));
            options.push(option("tls-private-key-path", format!("{directory}/{PRIVATE_KEY}")));
        }
        options.extend(proxy.options.iter().cloned());
        options.extend(
            self.error_pages_path.is_some().then(|| option("error-pages", self.error_pages_directory(version))),
        );
        options
    }

    /// The directory that is the deploy lock: `.kamal/lock-<service>[-<destination>]`.
    pub fn lock_directory(&self) -> String {
        format!(".kamal/lock-{}", self.service_with_destination())
    }

    /// The file that records who did what: `.kamal/<service>[-<destination>]-audit.log`.
    pub fn audit_log(&self) -> String {
        format!(".kamal/{}-audit.log", self.service_with_destination())
    }

    /// The file with a role's secret variables on a host.
    pub fn host_environment_file(&self, role: &str) -> String {
        format!("{}/env/roles/{role}.env", self.application_directory())
    }

    /// The file with an accessory's secret variables on a host.
    pub fn accessory_environment_file(&self, name: &str) -> String {
        format!("{}/env/accessories/{name}.env", self.application_directory())
    }

    fn service_with_destination(&self) -> String {
        format!("{}{}", self.service, self.destination_suffix())
    }

    fn destination_suffix(&self) -> String {
        self.destination.as_ref().map(|destination| format!("-{destination}")).unwrap_or_default()
    }
}

impl Accessory {
    /// Everything that is mounted into its containers, as docker's `--volume` takes it: volumes, then files, then directories.
    pub fn mounts(&self) -> Vec<String> {
        let files = self
            .files
            .iter()
            .map(|file| mount(&below_home(&file.host_path), &file.container_path, file.options.as_deref()));
        let directories = self
            .directories
            .iter()
            .map(|directory| mount(&directory.path_on_host(), &directory.container_path, directory.options.as_deref()));
        self.volumes.iter().cloned().chain(files).chain(directories).collect()
    }
}

impl File {
    /// Whether it is rendered before it is uploaded.
    pub fn is_template(&self) -> bool {
        self.source.ends_with("erb")
    }
}

impl Directory {
    /// Its path for the host's shell, which calls the ssh user's home `$PWD`.
    pub fn path_on_host(&self) -> String {
        below_home(&self.host_path)
    }
}

fn mount(host_path: &str, container_path: &str, options: Option<&str>) -> String {
    let options = options.map(|options| format!(":{options}")).unwrap_or_default();
    format!("{host_path}:{container_path}{options}")
}

fn below_home(path: &str) -> String {
    if path.starts_with('/') || path.starts_with("$PWD/") { path.to_string() } else { format!("$PWD/{path}") }
}
