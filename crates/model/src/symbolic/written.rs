//! Symbolic numbers as text and LaTeX.

use std::fmt::Write;

use num_complex::Complex64;

use super::{Atom, Powers, Symbolic};

/// How formulas are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// Plain text, as in studies.
    Text,
    /// LaTeX.
    Latex,
}

/// Denominators that are written as fractions; other numbers are decimal.
const DENOMINATORS: [u32; 15] = [1, 2, 3, 4, 6, 8, 9, 12, 16, 24, 32, 36, 48, 64, 720];

/// A positive number as `(numerator / denominator) * root`, root being 1, the square root of 2 or pi.
struct Fraction {
    numerator: f64,
    denominator: u32,
    root: Option<(&'static str, &'static str)>,
}

impl Fraction {
    fn of(x: f64) -> Option<Self> {
        let roots = [
            (1.0, None),
            (std::f64::consts::SQRT_2, Some(("sqrt(2)", r"\sqrt{2}"))),
            (std::f64::consts::PI, Some(("pi", r"\pi"))),
        ];
        roots.into_iter().find_map(|(size, root)| {
            DENOMINATORS.into_iter().find_map(|denominator| {
                let wanted = x / size * f64::from(denominator);
                let numerator = wanted.round();
                let whole =
                    numerator > 0.0 && numerator < 1e15 && (wanted - numerator).abs() < 1e-12 * numerator;
                whole.then_some(Self { numerator, denominator, root })
            })
        })
    }
}

/// Factors above and below the line.
#[derive(Default)]
struct Ratio {
    above: Vec<String>,
    below: Vec<String>,
}

impl Notation {
    fn pick<'a>(self, text: &'a str, latex: &'a str) -> &'a str {
        match self {
            Self::Text => text,
            Self::Latex => latex,
        }
    }

    /// A real number.
    pub fn real(self, x: f64) -> String {
        // The last digits are rounding errors.
        let x = format!("{x:.12e}").parse().unwrap_or(x);
        let plain = (1e-4..1e6).contains(&x.abs()) || (x.fract() == 0.0 && x.abs() < 1e15);
        let text = if plain { format!("{x}") } else { format!("{x:e}") };
        match (self, text.split_once('e')) {
            (Self::Latex, Some((mantissa, exponent))) => format!(r"{mantissa} \times 10^{{{exponent}}}"),
            _ => text,
        }
    }

    /// A positive number.
    fn number(self, x: f64, ratio: &mut Ratio) {
        match Fraction::of(x) {
            Some(Fraction { numerator, mut denominator, root }) => {
                if numerator != 1.0 {
                    ratio.above.push(self.real(numerator));
                }
                let root = root.map(|(text, latex)| self.pick(text, latex).to_owned());
                // 1/sqrt(2), not sqrt(2)/2.
                let inverted =
                    numerator == 1.0 && denominator == 2 && root.as_ref().is_some_and(|r| r.contains('2'));
                if inverted {
                    denominator = 1;
                }
                if denominator != 1 {
                    ratio.below.push(denominator.to_string());
                }
                if inverted { ratio.below.extend(root) } else { ratio.above.extend(root) }
            }
            None => ratio.above.push(self.real(x)),
        }
    }

    /// `x^(twice/2)` of a positive power.
    fn power(self, atom: &Atom, twice: i32) -> String {
        let name = self.pick(&atom.text, &atom.latex);
        let (open, close) = (self.pick("(", r"\left("), self.pick(")", r"\right)"));
        let bare =
            name.strip_prefix(open).and_then(|n| n.strip_suffix(close)).filter(|n| !n.contains(['(', ')']));
        match (self, twice) {
            (_, 2) => name.to_owned(),
            (Self::Text, 1) => format!("sqrt({})", bare.unwrap_or(name)),
            (Self::Latex, 1) => format!(r"\sqrt{{{}}}", bare.unwrap_or(name)),
            (Self::Text, _) if twice % 2 == 0 => format!("{name}^{}", twice / 2),
            (Self::Text, _) => format!("{name}^({twice}/2)"),
            (Self::Latex, _) => {
                let base = if name.contains('^') || name.contains('(') {
                    format!("{{{name}}}")
                } else {
                    name.to_owned()
                };
                if twice % 2 == 0 {
                    format!("{base}^{{{}}}", twice / 2)
                } else {
                    format!("{base}^{{{twice}/2}}")
                }
            }
        }
    }

    fn powers(self, powers: &Powers, ratio: &mut Ratio) {
        for (atom, twice) in powers {
            let list = if *twice > 0 { &mut ratio.above } else { &mut ratio.below };
            list.push(self.power(atom, twice.abs()));
        }
    }

    fn ratio(self, ratio: &Ratio) -> String {
        let above = match ratio.above.as_slice() {
            [] => "1".to_owned(),
            // The line of a fraction is a bracket.
            [one] if self == Self::Latex && !ratio.below.is_empty() => {
                let bare = one.strip_prefix(r"\left(").and_then(|b| b.strip_suffix(r"\right)"));
                bare.filter(|b| !b.contains(r"\left(")).unwrap_or(one).to_owned()
            }
            many => many.join(self.pick("*", " ")),
        };
        match (self, ratio.below.as_slice()) {
            (_, []) => above,
            (Self::Text, [one]) => format!("{above}/{one}"),
            (Self::Text, many) => format!("{above}/({})", many.join("*")),
            (Self::Latex, many) => format!(r"\frac{{{above}}}{{{}}}", many.join(" ")),
        }
    }

    /// Sign and size of a single product with a real or an imaginary coefficient; `None` of another.
    fn product(
        self,
        c: Complex64,
        powers: &Powers,
        bracket: Option<String>,
    ) -> Option<(&'static str, String)> {
        let c = tidy(c);
        let (size, imaginary) = match (c.re == 0.0, c.im == 0.0) {
            (_, true) => (c.re, false),
            (true, false) => (c.im, true),
            (false, false) => return None,
        };
        let mut ratio = Ratio::default();
        self.number(size.abs(), &mut ratio);
        if imaginary {
            ratio.above.push(self.pick("i", r"\mathrm{i}").to_owned());
        }
        self.powers(powers, &mut ratio);
        ratio.above.extend(bracket);
        Some((if size < 0.0 { "-" } else { "+" }, self.ratio(&ratio)))
    }

    /// A sum with its signs, in brackets.
    fn bracket(self, terms: &[(Powers, Complex64)]) -> String {
        let mut text = String::new();
        for (number, (powers, c)) in terms.iter().enumerate() {
            let (sign, size) =
                self.product(*c, powers, None).unwrap_or_else(|| ("+", self.complex(*c, powers)));
            match (number, sign) {
                (0, "+") => {}
                (0, _) => text.push('-'),
                _ => {
                    let _ = write!(text, " {sign} ");
                }
            }
            text.push_str(&size);
        }
        match self {
            Self::Text => format!("({text})"),
            Self::Latex => format!(r"\left({text}\right)"),
        }
    }

    fn complex(self, c: Complex64, powers: &Powers) -> String {
        let inner = if c.im < 0.0 { "-" } else { "+" };
        let unit = self.pick("*i", r" \mathrm{i}");
        let number = format!("({} {inner} {}{unit})", self.real(c.re), self.real(c.im.abs()));
        let mut ratio = Ratio { above: vec![number], below: Vec::new() };
        self.powers(powers, &mut ratio);
        self.ratio(&ratio)
    }
}

/// Without parts that are rounding errors of the other.
fn tidy(c: Complex64) -> Complex64 {
    let part = |x: f64| if x.abs() < 1e-13 * c.norm() { 0.0 } else { x };
    Complex64::new(part(c.re), part(c.im))
}

impl Symbolic {
    /// Sign and size. What all terms share stands before a bracket.
    pub fn written(&self, notation: Notation) -> (&'static str, String) {
        let mut terms: Vec<(Powers, Complex64)> =
            self.terms.iter().map(|(powers, c)| (powers.clone(), tidy(*c))).collect();
        match terms.as_slice() {
            [] => return ("+", "0".to_owned()),
            [(powers, c)] => {
                let product = notation.product(*c, powers, None);
                return product.unwrap_or_else(|| ("+", notation.complex(*c, powers)));
            }
            _ => {}
        }
        // Highest powers first.
        terms.sort_by_key(|(powers, _)| std::cmp::Reverse(powers.values().sum::<i32>()));
        let common = shared(&terms);
        for (powers, _) in &mut terms {
            for (atom, power) in &common {
                *powers.entry(atom.clone()).or_default() -= power;
            }
            powers.retain(|_, power| *power != 0);
        }
        let first = terms[0].1;
        let aligned = terms.iter().all(|(_, c)| tidy(c / first).im == 0.0);
        let smallest = terms.iter().map(|(_, c)| c.norm()).fold(f64::INFINITY, f64::min);
        let negative = first.re < 0.0 || (first.re == 0.0 && first.im < 0.0);
        let sign = if negative { -1.0 } else { 1.0 };
        let content = if aligned { first * (smallest / first.norm()) } else { Complex64::from(sign) };
        let content =
            if tidy(content).re != 0.0 && tidy(content).im != 0.0 { Complex64::from(sign) } else { content };
        for (_, c) in &mut terms {
            *c /= content;
        }
        let bracket = notation.bracket(&terms);
        notation.product(content, &common, Some(bracket)).unwrap_or_default()
    }
}

/// The lowest power of every atom in all terms.
fn shared(terms: &[(Powers, Complex64)]) -> Powers {
    let mut common = Powers::new();
    for atom in terms.iter().flat_map(|(powers, _)| powers.keys()) {
        let least = terms.iter().map(|(powers, _)| powers.get(atom).copied().unwrap_or(0)).min().unwrap_or(0);
        common.insert(atom.clone(), least);
    }
    common.retain(|_, power| *power != 0);
    common
}
