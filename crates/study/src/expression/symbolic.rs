//! Expressions as they are written: products of named quantities, text and LaTeX.

use superladder_model::{Atom, Symbolic};

use super::tree::{Expression, Node, Operation};

/// Names and values of the symbols of an expression, in their order.
pub(crate) struct Names {
    /// As they are written: `lambda`, or `lambda(t)` where it follows time.
    pub(crate) texts: Vec<String>,
    pub(crate) values: Vec<f64>,
}

/// Names of Greek letters; what is spelt like one is set as one.
const GREEK: [&str; 37] = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
    "Gamma",
    "Delta",
    "Theta",
    "Lambda",
    "Xi",
    "Pi",
    "Sigma",
    "Upsilon",
    "Phi",
    "Psi",
    "Omega",
    "ell",
    "varphi",
    "varepsilon",
];

/// A name set in type: `gamma_up` as a gamma with the index "up", `eta_prime` as eta', `kappa2` as kappa with index 2.
pub(crate) fn latex_name(name: &str) -> String {
    let (name, time) = name.strip_suffix("(t)").map_or((name, ""), |name| (name, "(t)"));
    let word = |word: &str| match word {
        _ if GREEK.contains(&word) => format!(r"\{word}"),
        _ if word.chars().count() <= 1 || word.chars().all(|c| c.is_ascii_digit()) => word.to_owned(),
        _ => format!(r"\mathrm{{{}}}", word.replace('_', r"\_")),
    };
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or(name);
    let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
    let (stem, digits) = if stem.is_empty() { (first, "") } else { first.split_at(stem.len()) };
    let mut indices: Vec<String> = if digits.is_empty() { Vec::new() } else { vec![digits.to_owned()] };
    let mut primes = String::new();
    for part in parts {
        if part == "prime" { primes.push('\'') } else { indices.push(word(part)) }
    }
    let index = if indices.is_empty() { String::new() } else { format!("_{{{}}}", indices.join(",")) };
    format!("{}{primes}{index}{time}", word(stem))
}

/// How tightly a formula binds: sums, products, signs and powers, atoms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Sum,
    Product,
    Power,
    Whole,
}

/// A formula as text and LaTeX.
struct Formula {
    text: String,
    latex: String,
    binding: Binding,
}

impl Formula {
    fn new(text: impl Into<String>, latex: impl Into<String>, binding: Binding) -> Self {
        Self { text: text.into(), latex: latex.into(), binding }
    }

    /// In brackets, unless it binds at least as tightly as `least`.
    fn within(self, least: Binding) -> Self {
        if self.binding >= least {
            return self;
        }
        Self::new(format!("({})", self.text), format!(r"\left({}\right)", self.latex), Binding::Whole)
    }
}

impl Expression {
    /// The expression as a sum of products of powers of its symbols; what is neither a product nor a power is a named
    /// quantity of its own, as it is written.
    pub(crate) fn symbolic(&self, names: &Names) -> Symbolic {
        self.root.symbolic(names)
    }
}

impl Node {
    fn symbolic(&self, names: &Names) -> Symbolic {
        let known = match self {
            Self::Number(x) => Some(Symbolic::number(*x)),
            Self::Symbol(_) => None,
            Self::Negative(x) => Some(x.symbolic(names).times(&Symbolic::number(-1.0))),
            Self::Two(Operation::Times, both, _) => {
                Some(both[0].symbolic(names).times(&both[1].symbolic(names)))
            }
            Self::Two(Operation::Over, both, _) => {
                both[1].symbolic(names).power(-2).map(|inverse| both[0].symbolic(names).times(&inverse))
            }
            Self::Two(Operation::Power, both, _) => match both[1].value(&[]) {
                Ok(power) if (2.0 * power).fract() == 0.0 && power.abs() <= 16.0 => {
                    both[0].symbolic(names).power((2.0 * power) as i32)
                }
                _ => None,
            },
            Self::Function((name, _), x, _) if *name == "sqrt" => x.symbolic(names).power(1),
            Self::Two(Operation::Plus | Operation::Minus, ..)
            | Self::Function(..)
            | Self::FunctionOfTwo(..) => self.constant(),
        };
        known.filter(|s| s.value().is_finite()).unwrap_or_else(|| Symbolic::atom(self.atom(names)))
    }

    /// The number that an expression without symbols is.
    fn constant(&self) -> Option<Symbolic> {
        self.value(&[]).ok().filter(|x| x.is_finite()).map(Symbolic::number)
    }

    /// The whole of it as one quantity.
    fn atom(&self, names: &Names) -> Atom {
        let value = self.value(&names.values).unwrap_or(f64::NAN);
        let Formula { text, latex, .. } = self.formula(names).within(Binding::Power);
        Atom { text, latex, value }
    }

    fn formula(&self, names: &Names) -> Formula {
        match self {
            Self::Number(x) => Formula::new(x.to_string(), x.to_string(), Binding::Whole),
            Self::Symbol(number) => {
                let name = names.texts.get(*number).map_or("", String::as_str);
                Formula::new(name, latex_name(name), Binding::Whole)
            }
            Self::Negative(x) => {
                let x = x.formula(names).within(Binding::Product);
                Formula::new(format!("-{}", x.text), format!("-{}", x.latex), Binding::Sum)
            }
            Self::Two(operation, both, _) => two(*operation, both[0].formula(names), both[1].formula(names)),
            Self::Function((name, _), x, _) => {
                let Formula { text, latex, .. } = x.formula(names);
                let latex = match *name {
                    "sqrt" => format!(r"\sqrt{{{latex}}}"),
                    "abs" => format!(r"\left|{latex}\right|"),
                    "round" | "floor" | "ceil" | "log10" => {
                        format!(r"\operatorname{{{name}}}\left({latex}\right)")
                    }
                    "asin" | "acos" | "atan" => format!(r"\arc{}\left({latex}\right)", &name[1..]),
                    _ => format!(r"\{name}\left({latex}\right)"),
                };
                Formula::new(format!("{name}({text})"), latex, Binding::Whole)
            }
            Self::FunctionOfTwo((name, _), both) => {
                let [x, y] = [both[0].formula(names), both[1].formula(names)];
                let latex = format!(r"\{name}\left({}, {}\right)", x.latex, y.latex);
                Formula::new(format!("{name}({}, {})", x.text, y.text), latex, Binding::Whole)
            }
        }
    }
}

fn two(operation: Operation, x: Formula, y: Formula) -> Formula {
    let (least, next, binding) = match operation {
        Operation::Plus | Operation::Minus => (Binding::Sum, Binding::Product, Binding::Sum),
        Operation::Times | Operation::Over => (Binding::Product, Binding::Power, Binding::Product),
        Operation::Power => (Binding::Whole, Binding::Whole, Binding::Power),
    };
    if let Operation::Over = operation {
        let latex = format!(r"\frac{{{}}}{{{}}}", x.latex, y.latex);
        let (x, y) = (x.within(least), y.within(next));
        return Formula::new(format!("{}/{}", x.text, y.text), latex, binding);
    }
    let exponent = y.latex.clone();
    let (x, y) = (x.within(least), y.within(next));
    let (text, latex) = match operation {
        Operation::Plus => (" + ", " + "),
        Operation::Minus => (" - ", " - "),
        Operation::Power => {
            return Formula::new(
                format!("{}^{}", x.text, y.text),
                format!("{}^{{{exponent}}}", x.latex),
                binding,
            );
        }
        Operation::Times | Operation::Over => ("*", " "),
    };
    Formula::new(format!("{}{text}{}", x.text, y.text), format!("{}{latex}{}", x.latex, y.latex), binding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use superladder_model::Notation;

    #[test]
    fn expressions_are_written_as_products() {
        let symbols = [("lambda".to_owned(), 0.4), ("N".to_owned(), 10.0), ("gamma_up".to_owned(), 0.3)];
        let names = Names {
            texts: symbols.iter().map(|s| s.0.clone()).collect(),
            values: symbols.iter().map(|s| s.1).collect(),
        };
        let expected = [
            ("lambda/sqrt(N)", "lambda/sqrt(N)", r"\frac{\lambda}{\sqrt{N}}"),
            ("0.5*lambda*2", "lambda", r"\lambda"),
            (
                "2*(1 - gamma_up)/N^2",
                "2*(1 - gamma_up)/N^2",
                r"\frac{2 \left(1 - \gamma_{\mathrm{up}}\right)}{N^{2}}",
            ),
            ("sqrt(1 + lambda^2/4)", "sqrt(1 + lambda^2/4)", r"\sqrt{1 + \frac{\lambda^{2}}{4}}"),
            ("lambda*exp(-(N - 1))", "exp(-(N - 1))*lambda", r"\exp\left(-\left(N - 1\right)\right) \lambda"),
            ("2 + 3", "5", "5"),
        ];
        for (written, text, latex) in expected {
            let expression = Expression::parse(written, &mut symbols.as_slice()).expect(written);
            let symbolic = expression.symbolic(&names);
            assert!((symbolic.value().re - expression.value(&names.values)).abs() < 1e-14, "{written}");
            assert_eq!(symbolic.written(Notation::Text), ("+", text.to_owned()));
            assert_eq!(symbolic.written(Notation::Latex), ("+", latex.to_owned()));
        }
        assert_eq!(latex_name("eta_prime"), r"\eta'");
        assert_eq!(latex_name("omega_a"), r"\omega_{a}");
        assert_eq!(latex_name("kappa2(t)"), r"\kappa_{2}(t)");
    }
}
