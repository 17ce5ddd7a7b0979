//! Operators as text: `0.5 a0^dag a0 + (0.1-0.2i) S1^+`, the number of the mode or the ensemble behind its
//! letter.

use std::fmt;

use num_complex::Complex64;

use super::{Factor, Operator, Term};

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Annihilate(m) => write!(f, "a{m}"),
            Self::Create(m) => write!(f, "a{m}^dag"),
            Self::Lower(e) => write!(f, "S{e}^-"),
            Self::Raise(e) => write!(f, "S{e}^+"),
            Self::Sz(e) => write!(f, "S{e}^z"),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coefficient = match self.coefficient {
            Complex64 { re: 1.0, im: 0.0 } if !self.factors.is_empty() => String::new(),
            Complex64 { re: -1.0, im: 0.0 } if !self.factors.is_empty() => "-".to_owned(),
            Complex64 { re, im: 0.0 } => re.to_string(),
            Complex64 { re: 0.0, im } => format!("{im}i"),
            z => format!("({z})"),
        };
        let factors = self.factors.iter().map(ToString::to_string);
        let words: Vec<String> =
            std::iter::once(coefficient).chain(factors).filter(|w| !w.is_empty()).collect();
        write!(f, "{}", words.join(" "))
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms.is_empty() {
            return write!(f, "0");
        }
        for (i, term) in self.terms.iter().enumerate() {
            let text = term.to_string();
            match text.strip_prefix('-') {
                Some(rest) if i > 0 => write!(f, " - {}", rest.trim_start())?,
                _ => write!(f, "{}{text}", if i == 0 { "" } else { " + " })?,
            }
        }
        Ok(())
    }
}
