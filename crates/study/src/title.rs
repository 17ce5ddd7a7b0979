//! Titles that name parameters: `title = "N = {N}, lambda = {lambda}"`.

use superladder_model::nearest;

use crate::error::{Fault, StudyError};
use crate::section::Section;

/// Stands for a parameter that has many values.
const MANY: &str = "...";

/// The title of the study, if it has one, as it is written.
pub(crate) fn pattern<'a>(root: &'a Section<'_>) -> Result<Option<&'a str>, StudyError> {
    let Some(text) = root.text("title")? else { return Ok(None) };
    let known: Vec<&str> = root.scope().parameters.iter().map(|(name, _)| name.as_str()).collect();
    for piece in pieces(text) {
        let Piece::Name(name) = piece else { continue };
        if !known.contains(&name) {
            let fault = Fault::UnknownName {
                kind: "parameter",
                name: name.to_owned(),
                nearest: nearest(name, &known),
                known: known.iter().map(ToString::to_string).collect(),
            };
            return Err(root.fault("title", fault));
        }
    }
    Ok(Some(text))
}

/// A title with the values of parameters in the places of their names; of those in `varied`, which have many,
/// with dots.
pub(crate) fn filled(pattern: &str, parameters: &[(String, f64)], varied: &[&str]) -> String {
    let value = |name: &str| match parameters.iter().find(|(known, _)| known == name) {
        Some(_) if varied.contains(&name) => MANY.to_owned(),
        Some((_, x)) => x.to_string(),
        None => format!("{{{name}}}"),
    };
    pieces(pattern)
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Name(name) => value(name),
        })
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    /// What stands in braces, if it looks like a name.
    Name(&'a str),
}

/// Text and names in turn. Braces about anything else, as in LaTeX, are text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut name: Option<&str> = None;
    std::iter::from_fn(move || {
        if let Some(name) = name.take() {
            return Some(Piece::Name(name));
        }
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(open) = rest[from..].find('{').map(|k| from + k) {
            let inside = rest[open + 1..].find('}').map(|k| &rest[open + 1..open + 1 + k]);
            if let Some(inside) = inside.filter(|inside| crate::expression::is_symbol(inside)) {
                let before = &rest[..open];
                rest = &rest[open + inside.len() + 2..];
                name = Some(inside);
                return Some(Piece::Text(before));
            }
            from = open + 1;
        }
        Some(Piece::Text(std::mem::take(&mut rest)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_replaced_and_everything_else_stays() {
        let parameters = [("N".to_owned(), 6.0), ("lambda".to_owned(), 0.25)];
        let shown = |text: &str| filled(text, &parameters, &[]);
        assert_eq!(shown("N = {N}, λ = {lambda}"), "N = 6, λ = 0.25");
        assert_eq!(shown("{N}{N}"), "66");
        assert_eq!(shown("$x^{2}$ { {N"), "$x^{2}$ { {N");
        assert_eq!(filled("N = {N}, {lambda}", &parameters, &["N"]), "N = ..., 0.25");
    }
}
