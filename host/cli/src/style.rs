//! A little weight and colour, where a terminal shows it. Everything is understandable without.

use std::io::IsTerminal;

/// Whether standard error shows colours.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    colours: bool,
}

impl Style {
    /// As standard error and `NO_COLOR` say.
    pub fn for_stderr() -> Self {
        Self { colours: std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// Without colours: for programs.
    pub fn plain() -> Self {
        Self { colours: false }
    }

    /// Heavy.
    pub fn strong(self, text: &str) -> String {
        self.code("1", text)
    }

    /// Light.
    pub fn faint(self, text: &str) -> String {
        self.code("2", text)
    }

    /// For what failed.
    pub fn bad(self, text: &str) -> String {
        self.code("31", text)
    }

    /// For what went well.
    pub fn good(self, text: &str) -> String {
        self.code("32", text)
    }

    fn code(self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}
