//! Commits as people read them: by their first letters.

/// How long a commit is.
const WHOLE: usize = 40;

/// How much of it is enough.
const SHORT: usize = 7;

/// The text with every whole commit in it cut to its first letters.
pub fn shortened(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(is_hexadecimal) {
        let end = rest[begin..].find(|letter| !is_hexadecimal(letter)).map_or(rest.len(), |length| begin + length);
        let shown = if end - begin == WHOLE { begin + SHORT } else { end };
        short.push_str(&rest[..shown]);
        rest = &rest[end..];
    }
    short + rest
}

fn is_hexadecimal(letter: char) -> bool {
    letter.is_ascii_digit() || ('a'..='f').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_commits_are_shortened() {
        let commit = "8a021ff3b6c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6";
        let check = |text: &str, expected: &str| assert_eq!(shortened(&text.replace("COMMIT", commit)), expected);
        check("pull ghcr.io/acme/shop:COMMIT", "pull ghcr.io/acme/shop:8a021ff");
        check("COMMIT_uncommitted_0123456789abcdef", "8a021ff_uncommitted_0123456789abcdef");
        check("shop-web-COMMIT and COMMIT", "shop-web-8a021ff and 8a021ff");
        check("COMMITa v1 äö", &format!("{commit}a v1 äö"));
        check("start shop-web-v1", "start shop-web-v1");
        check("", "");
    }
}
