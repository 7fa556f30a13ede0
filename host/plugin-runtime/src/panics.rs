//! Mistakes of the host's own in the middle of a call: they end the call, not the program, and print nothing.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Does something; a panic in it is an error in words.
pub(crate) fn caught<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    quieten();
    let around = INSIDE.replace(true);
    let done = catch_unwind(AssertUnwindSafe(act));
    INSIDE.set(around);
    done.map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        match PLACE.take() {
            Some(place) => format!("{text} ({place})"),
            None => text.to_string(),
        }
    })
}

/// Lets the program's own hook tell of panics, but not of those that are caught here.
fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
            if INSIDE.get() {
                PLACE.set(panic.location().map(ToString::to_string));
            } else {
                tell(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_in_words() {
        assert_eq!(caught(|| 1), Ok(1));
        let told = caught(|| panic!("out of {}", "cheese")).unwrap_err();
        assert!(told.starts_with("out of cheese (") && told.contains("panics.rs:"), "{told}");
    }
}
