//! Observe, plan, review, apply: how a run goes.
//!
//! Knows no option flags and prints nothing. What happens is told as [`Event`]s; what went wrong as a [`LifecycleError`].

mod account;
mod apply;
mod barrier;
mod connect;
mod deeds;
mod error;
mod event;
mod fence;
mod lock;
mod observe;
mod operation;
mod perform;
mod stages;
mod track;

pub use apply::Settled;
pub use connect::connect;
pub use deeds::{Deed, Deeds};
pub use error::{Failure, FailureKind, LifecycleError};
pub use event::{Event, Events};
pub use operation::Operation;
