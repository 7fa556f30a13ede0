//! Wildcards for host and role names, as Ruby's `File.fnmatch` takes them with `File::FNM_EXTGLOB`.

/// Whether `name` matches `pattern`: `*` any text, `?` any character, `[a-z]` or `[^a-z]` one of a set, `{a,b}` one of several
/// patterns, `\` takes the next character as it is. A leading period has to be written out.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    match braces(&pattern) {
        Braces::None => matches_whole(&pattern, &name),
        // `--hosts` is split at commas, so a brace easily loses its partner.
        Braces::Unclosed => false,
        Braces::Alternatives(patterns) => patterns
            .iter()
            .any(|pattern| matches(&pattern.iter().collect::<String>(), &name.iter().collect::<String>())),
    }
}

/// The first pair of braces of a pattern.
enum Braces {
    None,
    Unclosed,
    /// The pattern with each alternative in the place of the pair.
    Alternatives(Vec<Vec<char>>),
}

fn braces(pattern: &[char]) -> Braces {
    let (mut begin, mut depth, mut at) = (None, 0, 0);
    // Where each alternative begins, its brace or comma included.
    let mut parts = Vec::new();
    while at < pattern.len() {
        match pattern[at] {
            '\\' => at += 1,
            '{' => {
                if depth == 0 {
                    begin = Some(at);
                    parts.push(at);
                }
                depth += 1;
            }
            ',' if depth == 1 => parts.push(at),
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
        at += 1;
    }
    let Some(begin) = begin else { return Braces::None };
    if at >= pattern.len() {
        return Braces::Unclosed;
    }
    let ends = parts.iter().skip(1).chain([&at]);
    let alternative =
        |(from, to): (&usize, &usize)| [&pattern[..begin], &pattern[from + 1..*to], &pattern[at + 1..]].concat();
    Braces::Alternatives(parts.iter().zip(ends).map(alternative).collect())
}

/// Matches a pattern without braces.
fn matches_whole(pattern: &[char], name: &[char]) -> bool {
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
        if let Some(after) = name.get(position).and_then(|letter| one(pattern, at, *letter)) {
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

/// Matches a set that begins after its bracket; an unclosed one matches nothing, an empty one neither.
fn set(pattern: &[char], at: usize, letter: char) -> Option<usize> {
    let negated = matches!(pattern.get(at), Some('!' | '^'));
    let mut at = at + usize::from(negated);
    let mut found = false;
    while *pattern.get(at)? != ']' {
        let (low, after) = member(pattern, at)?;
        at = after;
        let mut high = low;
        if pattern.get(at) == Some(&'-') && pattern.get(at + 1).is_some_and(|next| *next != ']') {
            (high, at) = member(pattern, at + 1)?;
        }
        found |= (low..=high).contains(&letter);
    }
    (found != negated).then_some(at + 1)
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
        check("[]a]", &[], &["a", "]", "a]"]);
        check("w[!]b", &["wab"], &["wb"]);
        check("web{1}", &["web1"], &["web{1}", "web"]);
        check("{web,job}*", &["web", "job-eu"], &["{web,job}", "cron"]);
        check("w{e{b,d},o}[1-2]", &["web1", "wed2", "wo1"], &["we1", "web3"]);
        check("{a,}b", &["ab", "b"], &["a"]);
        check("{}", &[""], &["{}"]);
        check("web{1", &[], &["web{1", "web1"]);
        check("2}", &["2}"], &["2"]);
        check("\\{web\\}", &["{web}"], &["web"]);
        check("*", &["", "anything"], &[".hidden"]);
        check("", &[""], &["a"]);
    }
}
