//! The planner on facts made by hand, with hooks that note what they were asked: whole plans as text.

mod rig;

mod app_hosts;
mod boot;
mod lock;
mod overrides;
mod proxy;
mod publishing;
mod refusals;
mod resumption;
mod skip_push;
mod upgrade;
