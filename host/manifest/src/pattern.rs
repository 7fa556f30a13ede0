//! Patterns of capabilities: whether one takes in all that another does.
//!
//! Not the patterns of host names on the command line, which are Ruby's: here a star never reaches over what separates the parts of
//! a name, so that `*.example.com` is no `a.b.example.com`, and two patterns can be compared.

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// This letter.
    Letter(char),
    /// `?`: any letter but the separator.
    Any,
    /// `*`: any text without the separator.
    Within,
    /// `**`: any text.
    Across,
}

/// Whether `pattern` takes in every name that `narrower` does; a name without wildcards takes in itself. May say no where the
/// comparison would be hard, never yes where it does not hold.
pub(crate) fn takes_in(pattern: &str, narrower: &str, separator: Option<char>) -> bool {
    let (pattern, narrower) = (pieces(pattern), pieces(narrower));
    // `reached[i]`: whether the pieces of the pattern so far take in the first `i` pieces of the other.
    let mut reached = vec![false; narrower.len() + 1];
    reached[0] = true;
    for piece in pattern {
        let mut next = vec![false; narrower.len() + 1];
        let repeats = matches!(piece, Piece::Within | Piece::Across);
        for at in 0..=narrower.len() {
            let none = repeats && reached[at];
            let one = at > 0 && swallows(piece, narrower[at - 1], separator);
            next[at] = none || (one && (reached[at - 1] || (repeats && next[at - 1])));
        }
        reached = next;
    }
    reached[narrower.len()]
}

/// Whether a piece takes in one piece of the other pattern, or more than one if it repeats.
fn swallows(piece: Piece, other: Piece, separator: Option<char>) -> bool {
    let separates = matches!(other, Piece::Letter(letter) if Some(letter) == separator);
    match piece {
        Piece::Letter(_) => piece == other,
        Piece::Any => matches!(other, Piece::Letter(_) | Piece::Any) && !separates,
        Piece::Within => other != Piece::Across && !separates,
        Piece::Across => true,
    }
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for letter in pattern.chars() {
        match (letter, pieces.last()) {
            ('*', Some(Piece::Within)) => {
                pieces.pop();
                pieces.push(Piece::Across);
            }
            ('*', Some(Piece::Across)) => {}
            ('*', _) => pieces.push(Piece::Within),
            ('?', _) => pieces.push(Piece::Any),
            (letter, _) => pieces.push(Piece::Letter(letter)),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_in_names_and_narrower_patterns() {
        let check = |pattern: &str, narrower: &str, separator: char, expected: bool| {
            assert_eq!(takes_in(pattern, narrower, Some(separator)), expected, "{pattern} and {narrower}");
        };
        check("aws", "aws", '/', true);
        check("aws", "awscli", '/', false);
        check("api.ecr.*.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com", '.', true);
        check("api.ecr.*.amazonaws.com", "api.ecr.a.evil.amazonaws.com", '.', false);
        check("**.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com", '.', true);
        check("config/*", "config/image.json", '/', true);
        check("config/*", "config/deep/image.json", '/', false);
        check("config/**", "config/deep/image.json", '/', true);
        check("a?c", "abc", '/', true);
        check("a?c", "a/c", '/', false);
        check("a?c", "a*c", '/', false);
        check("a*c", "a?c", '/', true);
        check("a*", "a*", '/', true);
        check("a*", "a**", '/', false);
        check("a**", "a*", '/', true);
        check("*", "", '/', true);
        check("", "", '/', true);
        check("a*b*c", "a1b2c", '/', true);
        check("a*b*c", "a1c", '/', false);
        check("*a", "*", '/', false);
    }
}
