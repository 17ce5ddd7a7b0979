//! ASCII formulas of the tables as labels: `<a^dag a>` becomes `⟨a†a⟩`.

/// Pairs of ASCII and symbol, carried out in order.
const SYMBOLS: &[(&str, &str)] = &[
    ("<=", "≤"),
    (">=", "≥"),
    ("^dag ", "†"),
    ("^dag", "†"),
    ("<", "⟨"),
    (">", "⟩"),
    ("rho", "ρ"),
    ("xi_", "ξ_"),
    ("gamma", "γ"),
    ("sum_", "Σ_"),
    ("^2", "²"),
    ("^x", "ˣ"),
    ("^y", "ʸ"),
    ("^z", "ᶻ"),
    ("^+", "⁺"),
    ("^-", "⁻"),
    (" - ", " − "),
];

/// A longer label does not fit beside a panel.
const LONGEST: usize = 34;

/// A label for an axis: the left sides of the formula, or `name` where they are too long.
pub(super) fn axis_label(formula: &str, name: &str) -> String {
    let formula = formula.split(" with ").next().unwrap_or(formula);
    let sides = formula.split(", ").map(|part| part.split(" = ").next().unwrap_or(part));
    let label = typeset(&sides.collect::<Vec<_>>().join(", "));
    if label.chars().count() <= LONGEST && !label.contains(';') { label } else { name.to_owned() }
}

fn typeset(formula: &str) -> String {
    let text = SYMBOLS.iter().fold(formula.to_owned(), |text, (ascii, symbol)| text.replace(ascii, symbol));
    text.strip_prefix('-').map_or(text.clone(), |rest| format!("−{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_labels() {
        assert_eq!(axis_label("<a^dag a>", "photons"), "⟨a†a⟩");
        assert_eq!(axis_label("tr rho^2 = sum_j tr(rho_j^2)/d_j", "purity"), "tr ρ²");
        assert_eq!(axis_label("<S^x>, <S^y>, <S^z>", "spin"), "⟨Sˣ⟩, ⟨Sʸ⟩, ⟨Sᶻ⟩");
        assert_eq!(axis_label(&"x".repeat(50), "name"), "name");
    }
}
