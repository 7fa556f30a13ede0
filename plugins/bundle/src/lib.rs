//! The builtin plugins, built from source and embedded. They go through the same door as everybody's.

/// Name and component of every builtin plugin.
pub const PLUGINS: [(&str, &[u8]); 3] = [
    ("registry", include_bytes!(concat!(env!("OUT_DIR"), "/registry.wasm"))),
    ("builder", include_bytes!(concat!(env!("OUT_DIR"), "/builder.wasm"))),
    ("app", include_bytes!(concat!(env!("OUT_DIR"), "/app.wasm"))),
];
