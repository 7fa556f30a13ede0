//! The builtin plugins, built from source and embedded. They go through the same door as everybody's. And what authors begin with: the
//! contract ([`CONTRACT`], a file per interface) and the sources of the SDK ([`SDK`]), so that `sextant plugin new` needs nothing else.

/// A component of the bundle, under its name.
macro_rules! component {
    ($name:literal) => {
        ($name, include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm")).as_slice())
    };
}

/// Name and component of every builtin plugin that answers hooks of the lifecycle.
pub const PLUGINS: [(&str, &[u8]); 3] = [component!("registry"), component!("builder"), component!("app")];

/// Name and component of every builtin secret adapter. They are compiled when somebody asks them, not before.
pub const ADAPTERS: [(&str, &[u8]); 10] = [
    component!("aws_secrets_manager"),
    component!("bitwarden"),
    component!("bitwarden_secrets_manager"),
    component!("doppler"),
    component!("enpass"),
    component!("gcp_secret_manager"),
    component!("last_pass"),
    component!("one_password"),
    component!("passbolt"),
    component!("test"),
];

include!(concat!(env!("OUT_DIR"), "/texts.rs"));
