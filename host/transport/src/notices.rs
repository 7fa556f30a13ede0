//! What is worth knowing while connections are made, though nothing failed: a retry, a warning of ssh's.

use std::fmt;
use std::sync::Arc;

/// A function that is told.
type Hear = dyn Fn(&str) + Send + Sync;

/// Whoever is told. Nobody by default.
#[derive(Clone, Default)]
pub struct Notices(Option<Arc<Hear>>);

impl Notices {
    /// Tells every notice, a line, to this function, which must not wait.
    pub fn to(hear: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hear)))
    }

    pub(crate) fn tell(&self, line: &str) {
        if let Some(hear) = &self.0 {
            hear(line);
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Notices(somebody)" } else { "Notices(nobody)" })
    }
}
