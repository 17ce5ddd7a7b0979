//! Equations in readable form.

use std::fmt::Write;

use num_complex::Complex64;
use superladder_model::{Notation, Subsystem};

use crate::equations::Equations;
use crate::variables::{Basis, JointCumulant, Ordering, Variable, Variables};

/// Text and LaTeX names of the components of modes and spins.
const MODE_NAMES: [[(&str, &str); 2]; 2] = [[("Q", "Q"), ("P", "P")], [("a", "a"), ("a+", r"a^\dagger")]];
const SPIN_NAMES: [[(&str, &str); 3]; 2] =
    [[("x", "x"), ("y", "y"), ("z", "z")], [("-", "-"), ("+", "+"), ("z", "z")]];

impl Variables {
    fn row(&self) -> usize {
        usize::from(self.basis == Basis::Ladder)
    }

    /// A variable; `site` numbers the spins of an ensemble from 1.
    fn variable_text(&self, variable: Variable, site: usize) -> String {
        let (subsystem, k) = self.place(variable);
        let name = self.name(subsystem);
        match (subsystem, self.ordering) {
            (Subsystem::Mode(_), _) => format!("{}({name})", MODE_NAMES[self.row()][k].0),
            (Subsystem::Ensemble(_), Ordering::Sites) => {
                format!("s_{}({name},{site})", SPIN_NAMES[self.row()][k].0)
            }
            (Subsystem::Ensemble(_), Ordering::Symmetrised) => {
                format!("S_{}({name})", SPIN_NAMES[self.row()][k].0)
            }
        }
    }

    fn variable_latex(&self, variable: Variable, site: usize) -> String {
        let (subsystem, k) = self.place(variable);
        let name = self.name(subsystem).replace('_', r"\_");
        let indexed = |symbol: &str, upper: &str, lower: String| format!(r"{symbol}^{{{upper}}}_{{{lower}}}");
        match (subsystem, self.ordering) {
            (Subsystem::Mode(_), _) if (self.row(), k) == (1, 1) => {
                indexed("a", r"\dagger", format!(r"\mathrm{{{name}}}"))
            }
            (Subsystem::Mode(_), _) => format!(r"{}_{{\mathrm{{{name}}}}}", MODE_NAMES[self.row()][k].1),
            (Subsystem::Ensemble(_), Ordering::Sites) => {
                indexed("s", SPIN_NAMES[self.row()][k].1, format!(r"\mathrm{{{name}}},{site}"))
            }
            (Subsystem::Ensemble(_), Ordering::Symmetrised) => {
                indexed("S", SPIN_NAMES[self.row()][k].1, format!(r"\mathrm{{{name}}}"))
            }
        }
    }

    fn sites(&self, joint: JointCumulant) -> Vec<(Variable, usize)> {
        let mut sites: Vec<(Variable, usize)> = Vec::new();
        for variable in joint.variables() {
            let before = sites.iter().filter(|(l, _)| self.place(*l).0 == self.place(variable).0).count();
            sites.push((variable, before + 1));
        }
        sites
    }

    /// `<Q(a)>` or, connected, `<Q(a) s_x(S,1)>c`.
    pub(crate) fn text(&self, joint: JointCumulant) -> String {
        let variables: Vec<String> = self
            .sites(joint)
            .into_iter()
            .map(|(variable, site)| self.variable_text(variable, site))
            .collect();
        format!("<{}>{}", variables.join(" "), if joint.len() > 1 { "c" } else { "" })
    }

    /// The same in LaTeX.
    pub(crate) fn latex(&self, joint: JointCumulant) -> String {
        let variables: Vec<String> = self
            .sites(joint)
            .into_iter()
            .map(|(variable, site)| self.variable_latex(variable, site))
            .collect();
        let connected = if joint.len() > 1 { r"_{\mathrm{c}}" } else { "" };
        format!(r"\langle {} \rangle{connected}", variables.join(" "))
    }
}

/// How cumulants and numbers are written.
pub(crate) trait Style {
    fn cumulant(self, variables: &Variables, joint: JointCumulant) -> String;
    /// Sign and magnitude of a coefficient; 1 is left out before factors.
    fn coefficient(self, c: Complex64, before_factors: bool) -> (&'static str, String);
    fn unit(self) -> &'static str;
}

impl Style for Notation {
    fn cumulant(self, variables: &Variables, joint: JointCumulant) -> String {
        match self {
            Self::Text => variables.text(joint),
            Self::Latex => variables.latex(joint),
        }
    }

    fn coefficient(self, c: Complex64, before_factors: bool) -> (&'static str, String) {
        let negative = c.re < 0.0 || (c.re == 0.0 && c.im < 0.0);
        let (sign, size) = if negative { ("-", -c) } else { ("+", c) };
        if size == Complex64::ONE && before_factors {
            return (sign, String::new());
        }
        let text = match (size.re == 0.0, size.im == 0.0) {
            (_, true) => self.real(size.re),
            (true, false) => format!("{}{}", self.real(size.im), self.unit()),
            (false, false) => {
                let inner = if size.im < 0.0 { "-" } else { "+" };
                format!("({} {inner} {}{})", self.real(size.re), self.real(size.im.abs()), self.unit())
            }
        };
        (sign, text)
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Text => "i",
            Self::Latex => r"\,\mathrm{i}",
        }
    }
}

/// Rounding errors below the last printed digits removed.
fn tidy(c: Complex64) -> Complex64 {
    let round =
        |x: f64| if x.abs() < 1e-13 * c.norm() { 0.0 } else { format!("{x:.12e}").parse().unwrap_or(x) };
    Complex64::new(round(c.re), round(c.im))
}

impl Equations {
    /// What the equations are; `named`: N may be a parameter, which is told by itself.
    fn heading(&self, named: bool) -> String {
        let variables = &self.derivers[0].variables;
        let spins = match variables.ordering {
            Ordering::Sites => {
                "normally ordered modes and spins s = sigma/2 on distinct sites (S,1), (S,2), ..."
            }
            Ordering::Symmetrised => "symmetrised modes and collective spins S",
        };
        let scale = if named { String::new() } else { format!("; N = {}", variables.scale) };
        format!(
            "order {}, closure '{}': cumulants <...>c of {spins}; {} real unknowns{scale}",
            self.derivation.order,
            self.derivation.closure.name(),
            self.unknowns().len(),
        )
    }

    /// The right-hand side of the cumulant with number `row` itself (not of its scaled unknown).
    fn right_hand_side(&self, stage: usize, row: usize, style: Notation) -> String {
        let variables = &self.derivers[0].variables;
        let outer = variables.twice_exponent(self.hierarchy.joints[row]);
        let mut text = String::new();
        for (number, product) in self.hierarchy.stages[stage][row].iter().enumerate() {
            let inner: i32 = product.factors.iter().map(|f| variables.twice_exponent(*f)).sum();
            let c = tidy(product.coefficient * variables.power(inner - outer));
            let coefficient = style.coefficient(c, !product.factors.is_empty());
            self.push_term(&mut text, number, coefficient, &product.factors, style);
        }
        if text.is_empty() { "0".to_owned() } else { text }
    }

    /// Writes a term with its sign behind `number` others.
    pub(crate) fn push_term(
        &self,
        text: &mut String,
        number: usize,
        (sign, size): (&str, String),
        factors: &[JointCumulant],
        style: Notation,
    ) {
        match (number, sign) {
            (0, "+") => {}
            (0, _) => text.push_str(sign),
            _ => {
                let _ = write!(text, " {sign} ");
            }
        }
        let factors = factors.iter().map(|f| style.cumulant(&self.derivers[0].variables, *f));
        let parts: Vec<String> = std::iter::once(size).filter(|s| !s.is_empty()).chain(factors).collect();
        text.push_str(&parts.join(" "));
    }

    /// The equations of a stage as plain text, one line per cumulant. Coefficients are those of the cumulants
    /// themselves; the unknowns behind are scaled to stay of order 1 as N grows ([`crate::Unknown::scale`]).
    ///
    /// # Panics
    /// If there is no such stage.
    pub fn to_text(&self, stage: usize) -> String {
        self.laid_out(&[], Notation::Text, |row| self.right_hand_side(stage, row, Notation::Text))
    }

    /// The same as a LaTeX `align*` environment.
    ///
    /// # Panics
    /// If there is no such stage.
    pub fn to_latex(&self, stage: usize) -> String {
        self.laid_out(&[], Notation::Latex, |row| self.right_hand_side(stage, row, Notation::Latex))
    }

    /// Heading, remarks, and one line per cumulant.
    pub(crate) fn laid_out(
        &self,
        remarks: &[String],
        style: Notation,
        right: impl Fn(usize) -> String,
    ) -> String {
        let variables = &self.derivers[0].variables;
        let mark = if style == Notation::Latex { '%' } else { '#' };
        let mut text = String::new();
        for line in std::iter::once(&self.heading(!remarks.is_empty())).chain(remarks) {
            let _ = writeln!(text, "{mark} {line}");
        }
        if style == Notation::Latex {
            text.push_str("\\begin{align*}\n");
        }
        for (row, joint) in self.hierarchy.joints.iter().enumerate() {
            let right = right(row);
            let _ = match style {
                Notation::Text => writeln!(text, "d/dt {} = {right}", variables.text(*joint)),
                Notation::Latex => {
                    let left = variables.latex(*joint);
                    writeln!(text, r"\frac{{\mathrm{{d}}}}{{\mathrm{{d}}t}} {left} &= {right} \\")
                }
            };
        }
        if style == Notation::Latex {
            text.push_str("\\end{align*}\n");
        }
        text
    }
}
