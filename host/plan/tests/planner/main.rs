//! The planner on facts made by hand, with hooks that note what they were asked: whole plans as text.

mod app_hosts;
mod boot;
mod changes;
mod downtime;
mod drift;
mod lock;
mod overrides;
mod preflight;
mod proxy;
mod publishing;
mod refusals;
mod resumption;
mod rig;
mod skip_push;
mod upgrade;
