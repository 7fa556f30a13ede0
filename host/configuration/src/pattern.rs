//! Wildcards for host and role names, as Ruby's `File.fnmatch` takes them.

/// Whether `name` matches `pattern`: `*` any text, `?` any character, `[a-z]` or `[^a-z]` one of a set, `\` takes the next
/// character as it is. A leading period has to be written out.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    if name.first() == Some(&'.') && matches!(pattern.first(), Some('*' | '?' | '[')) {
        return false;
    }
    let (mut at, mut position) = (0, 0);
    // After the last `*`: where the pattern goes on, and how much of the name the star has taken.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            at += 1;
            star = Some((at, position));
            continue;
        }
        if position == name.len() && at == pattern.len() {
            return true;
        }
        if let Some(after) = name.get(position).and_then(|letter| one(&pattern, at, *letter)) {
            at = after;
            position += 1;
            continue;
        }
        match star {
            Some((after, taken)) if taken < name.len() => {
                at = after;
                position = taken + 1;
                star = Some((after, position));
            }
            _ => return false,
        }
    }
}

/// Matches one character at `at`; where the pattern goes on if it fits.
fn one(pattern: &[char], at: usize, letter: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => set(pattern, at + 1, letter),
        '\\' => match pattern.get(at + 1) {
            Some(escaped) => (*escaped == letter).then_some(at + 2),
            None => (letter == '\\').then_some(at + 1),
        },
        plain => (plain == letter).then_some(at + 1),
    }
}

/// Matches a set that begins after its bracket; an unclosed one matches nothing.
fn set(pattern: &[char], at: usize, letter: char) -> Option<usize> {
    let negated = matches!(pattern.get(at), Some('!' | '^'));
    let mut at = at + usize::from(negated);
    let mut found = false;
    loop {
        let (low, after) = member(pattern, at)?;
        at = after;
        let mut high = low;
        if pattern.get(at) == Some(&'-') && pattern.get(at + 1).is_some_and(|next| *next != ']') {
            (high, at) = member(pattern, at + 1)?;
        }
        found |= (low..=high).contains(&letter);
        if *pattern.get(at)? == ']' {
            return (found != negated).then_some(at + 1);
        }
    }
}

/// A character of a set, possibly escaped, and where the set goes on.
fn member(pattern: &[char], at: usize) -> Option<(char, usize)> {
    let at = at + usize::from(pattern.get(at) == Some(&'\\'));
    Some((*pattern.get(at)?, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        for name in yes {
            assert!(matches(pattern, name), "{pattern} should match {name}");
        }
        for name in no {
            assert!(!matches(pattern, name), "{pattern} should not match {name}");
        }
    }

    #[test]
    fn patterns() {
        check("web", &["web"], &["web1", "we", ""]);
        check("web*", &["web", "web1", "web-eu-1"], &["job", "aweb"]);
        check("*.example.com", &["a.example.com", "a.b.example.com"], &["example.com", ".example.com"]);
        check("*a*b", &["ab", "xaxb", "aab", "abab"], &["aba", ""]);
        check("10.0.0.?", &["10.0.0.1"], &["10.0.0.10", "10.0.0."]);
        check("10.0.0.[1-3]", &["10.0.0.1", "10.0.0.3"], &["10.0.0.4"]);
        check("w[^e]b", &["wab"], &["web"]);
        check("w[!e]b", &["wab"], &["web"]);
        check("a\\*", &["a*"], &["ab"]);
        check("[", &[], &["[", "a", ""]);
        check("[a", &[], &["a"]);
        check("*", &["", "anything"], &[".hidden"]);
        check("", &[""], &["a"]);
    }
}
