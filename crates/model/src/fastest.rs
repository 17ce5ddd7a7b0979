//! What is fastest in a model.

use crate::{Jump, Model, Subject};

impl Model {
    /// The largest frequency, coefficient of an interaction, or rate: in words with its value. `None` for a model
    /// in which nothing happens.
    ///
    /// ```
    /// use superladder_model::Model;
    ///
    /// let model = Model::builder().mode("a", 2.0).channel("cavity-loss", "a", 30.0).build()?;
    /// assert_eq!(model.fastest().as_deref(), Some("the rate of channel 'cavity-loss(a)', 30.0"));
    /// # Ok::<(), superladder_model::ModelError>(())
    /// ```
    pub fn fastest(&self) -> Option<String> {
        let modes = self.modes().iter().map(|m| (m.frequency, format!("frequency of mode '{}'", m.name)));
        let ensembles =
            self.ensembles().iter().map(|e| (e.frequency, format!("frequency of ensemble '{}'", e.name)));
        let interactions = self.interactions().iter().map(|i| {
            let largest = i.operator.terms.iter().map(|t| t.coefficient.norm()).fold(0.0, f64::max);
            (largest, format!("coefficient of interaction '{}({})'", i.name, self.named(&i.subject)))
        });
        let channels = self.channels().iter().map(|c| {
            let of = |d: &crate::Dissipator| d.rate * strength(&d.jump);
            let largest = c.dissipators.iter().map(of).fold(0.0, f64::max);
            (largest, format!("rate of channel '{}({})'", c.name, self.named(&c.subject)))
        });
        let all = modes.chain(ensembles).chain(interactions).chain(channels);
        let fastest = all.filter(|(x, _)| *x != 0.0).max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
        fastest.map(|(value, words)| format!("the {words}, {value:?}"))
    }

    /// The names of what an entry acts on.
    fn named(&self, subject: &Subject) -> String {
        let modes = subject.modes.iter().map(|m| self.modes()[*m].name.as_str());
        let ensembles = subject.ensembles.iter().map(|e| self.ensembles()[*e].name.as_str());
        modes.chain(ensembles).collect::<Vec<_>>().join(",")
    }
}

fn largest(coefficients: [&num_complex::Complex64; 3]) -> f64 {
    coefficients.map(num_complex::Complex64::norm_sqr).into_iter().fold(0.0, f64::max)
}

/// Square of the largest coefficient of a jump: what its rate is multiplied with.
fn strength(jump: &Jump) -> f64 {
    match jump {
        Jump::Collective(operator) => {
            operator.terms.iter().map(|t| t.coefficient.norm_sqr()).fold(0.0, f64::max)
        }
        Jump::Local { raise, lower, z, .. } => largest([raise, lower, z]),
        Jump::Dressed { dressing, raise, lower, z, .. } => {
            let of = |t: &crate::Term| t.coefficient.norm_sqr();
            dressing.terms.iter().map(of).fold(0.0, f64::max) * largest([raise, lower, z])
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Model;

    #[test]
    fn coefficients_and_signs_count() {
        let coupled = Model::builder().mode("a", -3.0).ensemble("S", 4, 1.0);
        let coupled = coupled.interaction("tavis-cummings", ["a", "S"], 8.0).build().expect("valid");
        // 8 / sqrt(4) = 4.
        assert_eq!(
            coupled.fastest().as_deref(),
            Some("the coefficient of interaction 'tavis-cummings(a,S)', 4.0")
        );
        let free = Model::builder().mode("a", -3.0).ensemble("S", 4, 1.0).build().expect("valid");
        assert_eq!(free.fastest().as_deref(), Some("the frequency of mode 'a', -3.0"));
        assert_eq!(Model::builder().mode("a", 0.0).build().expect("valid").fastest(), None);
    }
}
