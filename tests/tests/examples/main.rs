//! The plugins of `plugins/examples`, as the projects that use them would meet them.

mod ecr;
mod packages;
mod policies;
mod project;
mod recorded;
mod scene;
mod slack;
mod swarm;
