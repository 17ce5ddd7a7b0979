//! ASCII formulas of the tables as labels: `<a^dag a>` becomes `⟨a†a⟩`; words in place of numbers on an axis.

use std::sync::Arc;

use kuva::render::layout::{Layout, TickFormat};

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

/// A horizontal axis with `labels` at 0, 1, 2, ...
pub(super) fn named_axis(layout: Layout, labels: Vec<String>) -> Layout {
    let end = labels.len() as f64;
    let label = move |x: f64| {
        let place = (x.fract() == 0.0 && x >= 0.0).then_some(x as usize);
        place.and_then(|k| labels.get(k)).cloned().unwrap_or_default()
    };
    layout
        .with_x_axis_min(-1.0)
        .with_x_axis_max(end)
        .with_x_tick_step(1.0)
        .with_x_tick_format(TickFormat::Custom(Arc::new(label)))
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
