//! The author's path: projects of new plugins, in every language, from the first command to a component that answers. Nothing here is
//! played: cargo, componentize-py and componentize-js are the real ones, and bring what they need from their registries.

mod answers;
mod bench;
mod develop;
mod page;
mod projects;
mod scene;
mod speakers;
