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
    ("lambda", "λ"),
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
pub fn axis_label(formula: &str, name: &str) -> String {
    let formula = formula.split(" with ").next().unwrap_or(formula);
    let sides = formula.split(", ").map(|part| part.split(" = ").next().unwrap_or(part));
    let label = typeset(&sides.collect::<Vec<_>>().join(", "));
    if label.chars().count() <= LONGEST && !label.contains(';') { label } else { name.to_owned() }
}

/// A horizontal axis with `labels` at 0, 1, 2, ...
pub(crate) fn named_axis(layout: Layout, labels: Vec<String>) -> Layout {
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

/// Indices that have a character of their own.
const INDICES: [(char, char); 6] = [('j', 'ⱼ'), ('n', 'ₙ'), ('t', 'ₜ'), ('x', 'ₓ'), ('0', '₀'), ('2', '₂')];

/// A formula in ASCII with the symbols that it stands for.
pub fn typeset(formula: &str) -> String {
    let text = SYMBOLS.iter().fold(formula.to_owned(), |text, (ascii, symbol)| text.replace(ascii, symbol));
    let text = indexed(&text);
    text.strip_prefix('-').map_or(text.clone(), |rest| format!("−{rest}"))
}

/// Without underscores: indices of one letter as such where there is a character, all others beside their
/// symbol (`ξS²`).
fn indexed(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '_' {
            out.push(c);
            continue;
        }
        let Some(index) = rest.next() else { break };
        let alone = !rest.peek().is_some_and(|next| next.is_alphanumeric());
        let small = INDICES.iter().find(|(plain, _)| alone && *plain == index).map(|(_, small)| *small);
        out.push(small.unwrap_or(index));
    }
    out
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
        let squeezing = "xi_S^2 = 4 min Var(S_perp)/N, xi_R^2 = N min Var(S_perp)/|<S>|^2";
        assert_eq!(axis_label(squeezing, "squeezing"), "ξS², ξR²");
        assert_eq!(axis_label("p_n = <n| rho |n>", "distribution"), "pₙ");
        assert_eq!(axis_label("p_(nmax-1) + p_nmax", "top"), "p(nmax-1) + pnmax");
        assert_eq!(typeset("<s_x(S,1)>"), "⟨sₓ(S,1)⟩");
    }
}
