//! A fit in plain words.

use super::{Comparison, Curvature, Fit, FitOutcome, FitReport, PowerLaw, Preferred};

impl FitReport {
    /// One paragraph: the law with its intervals, the bounds that entered, what speaks against it.
    pub fn summary(&self) -> String {
        let points = self.points();
        match &self.outcome {
            FitOutcome::NoFit { reason } => format!("No fit: {reason}. {points}"),
            FitOutcome::Fitted(fit) => {
                let law = self.law(&fit.power_law);
                let mut sentences = vec![law, points];
                sentences.extend(fit.comparison.as_ref().map(|c| compared(c, fit)));
                sentences.extend(fit.curvature.as_ref().map(|c| self.bent(c)));
                sentences.join(" ")
            }
        }
    }

    fn law(&self, law: &PowerLaw) -> String {
        // 95, not 95.00000000000001.
        let percent = (1e6 * self.options.level).round() / 1e4;
        let mut intervals = Vec::new();
        if let Some(b) = &law.bootstrap {
            intervals.push(format!("bootstrap {:.3} to {:.3}", b.interval.lower, b.interval.upper));
        }
        if let Some(j) = &law.jackknife {
            intervals.push(format!("jackknife {:.3} to {:.3}", j.interval.lower, j.interval.upper));
        }
        let intervals = if intervals.is_empty() {
            format!("standard error {:.3}", law.standard_error)
        } else {
            format!("{percent} % interval: {}", intervals.join(", "))
        };
        format!("t_E = {:.4} N^{:.3} ({intervals}).", law.prefactor, law.exponent)
    }

    fn points(&self) -> String {
        let mut parts = vec![format!("{} crossed", self.crossings)];
        if self.lower_bounds > 0 {
            parts.push(format!("{} did not within the horizon and count as lower bounds", self.lower_bounds));
        }
        if self.upper_bounds > 0 {
            parts.push(format!(
                "{} had crossed when first known and count as upper bounds",
                self.upper_bounds
            ));
        }
        if !self.excluded.is_empty() {
            parts.push(format!("{} were left out", self.excluded.len()));
        }
        let range = match (self.used.first(), self.used.last()) {
            (Some(a), Some(b)) => format!(" from N = {} to {}", a.n, b.n),
            _ => String::new(),
        };
        format!("Of {} points{range}, {}.", self.used.len() + self.excluded.len(), parts.join(", "))
    }

    fn bent(&self, c: &Curvature) -> String {
        let change = c.value * std::f64::consts::LN_10;
        let verdict = if c.significant {
            "one power law does not describe the window"
        } else {
            "that is not significant"
        };
        let exponents = || self.local_exponents.iter().map(|e| e.exponent);
        let (low, high) =
            (exponents().fold(f64::INFINITY, f64::min), exponents().fold(f64::NEG_INFINITY, f64::max));
        format!(
            "The exponent changes by {change:+.3} per decade, {verdict}; local exponents lie between {low:.3} and {high:.3}."
        )
    }
}

fn compared(c: &Comparison, fit: &Fit) -> String {
    let slope = fit.logarithm.as_ref().map_or(0.0, |l| l.slope);
    let difference = c.difference.abs();
    match c.preferred {
        Preferred::PowerLaw => format!("The AIC prefers the power law to A + B ln N by {difference:.1}."),
        Preferred::Logarithm => {
            format!(
                "The AIC prefers the logarithm A + B ln N, B = {slope:.4}, to the power law by {difference:.1}."
            )
        }
        Preferred::Undecided => {
            format!("The AIC does not tell the power law from A + B ln N (difference {difference:.1}).")
        }
    }
}
