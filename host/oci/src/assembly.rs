//! An image put together from files: its configuration and its manifest.

use bytes::Bytes;
use plan::ImageAssembly;
use serde_json::{Map, Value, json};

use crate::base::Base;
use crate::content::{Content, digest};
use crate::layer::Layer;
use crate::media;

/// When everything was made: nothing tells otherwise, so the same image has the same digest.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// The configuration of an image: the base's, with what the assembly says.
pub(crate) fn config(image: &ImageAssembly, base: Option<&Base>, diff_id: &str) -> Bytes {
    let mut config = base.map_or_else(|| json!({}), |base| base.config.clone());
    let mut platform = image.platform.split('/');
    config["created"] = CREATED.into();
    for part in ["os", "architecture", "variant"].into_iter().zip(platform.by_ref()) {
        config[part.0] = part.1.into();
    }
    let of_container = config["config"].as_object().cloned().unwrap_or_default();
    config["config"] = container(image, of_container).into();
    let mut diff_ids = config["rootfs"]["diff_ids"].as_array().cloned().unwrap_or_default();
    diff_ids.push(diff_id.into());
    config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
    let mut history = config["history"].as_array().cloned().unwrap_or_default();
    history.push(json!({ "created": CREATED, "created_by": "sextant" }));
    config["history"] = history.into();
    config.to_string().into()
}

/// What a container is started with.
fn container(image: &ImageAssembly, mut config: Map<String, Value>) -> Map<String, Value> {
    let mut set = |name: &str, value: Option<Value>| value.map(|value| config.insert(name.to_string(), value));
    let words = |words: &[String]| (!words.is_empty()).then(|| json!(words));
    set("User", image.user.as_deref().map(Value::from));
    set("WorkingDir", image.working_directory.as_deref().map(Value::from));
    set("Entrypoint", words(&image.entrypoint));
    // The base's words belong to the base's program.
    match words(&image.command) {
        None if !image.entrypoint.is_empty() => config.remove("Cmd"),
        None => None,
        Some(command) => config.insert("Cmd".to_string(), command),
    };
    let environment = config.remove("Env").unwrap_or_default();
    let mut environment: Vec<String> = serde_json::from_value(environment).unwrap_or_default();
    for (name, value) in &image.environment {
        environment.retain(|line| line.split_once('=').is_none_or(|(known, _)| known != name));
        environment.push(format!("{name}={value}"));
    }
    config.insert("Env".to_string(), json!(environment));
    add(&mut config, "ExposedPorts", image.ports.iter().map(|port| (format!("{port}/tcp"), json!({}))));
    add(&mut config, "Labels", image.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
    config
}

/// Adds to an object of an object.
fn add(config: &mut Map<String, Value>, name: &str, pairs: impl Iterator<Item = (String, Value)>) {
    let mut object = config.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    object.extend(pairs);
    if !object.is_empty() {
        config.insert(name.to_string(), object.into());
    }
}

/// The manifest of an image with the base's layers and one more.
pub(crate) fn manifest(config: &Bytes, base: Option<&Base>, layer: &Layer) -> Bytes {
    let mut layers = base.map(|base| base.layers.clone()).unwrap_or_default();
    for layer in &mut layers {
        layer["mediaType"] = media::layer(layer["mediaType"].as_str().unwrap_or_default()).into();
    }
    layers.push(descriptor(media::LAYER_GZIP, &layer.digest, layer.content.length()));
    manifest_of(config, &layers)
}

/// The manifest of an image with these layers.
pub(crate) fn manifest_of(config: &Bytes, layers: &[Value]) -> Bytes {
    let config = descriptor(media::CONFIG, &digest(config), Content::Bytes(config.clone()).length());
    let manifest = json!({ "schemaVersion": 2, "mediaType": media::MANIFEST, "config": config, "layers": layers });
    manifest.to_string().into()
}

/// What a manifest says of a blob.
pub(crate) fn descriptor(media_type: &str, digest: &str, length: u64) -> Value {
    json!({ "mediaType": media_type, "digest": digest, "size": length })
}
