//! One spin of an ensemble told from the others.
//!
//! ```text
//! S = S' + s        N spins       ->  N - 1 spins and one of its own, numbered behind all ensembles
//! ```
//! in every operator, and local jumps on both: the same physics in a larger language. What single spins do, for
//! instance the light that an ensemble sends to the side, is a correlation of s.

use num_complex::Complex64;

use crate::{
    Channel, Correlation, Dissipator, Ensemble, EnsembleState, Factor, InitialState, Interaction, Jump,
    Model, ModelError, Operator, Term,
};

impl Model {
    /// The number of the tagged spin in [`Model::with_tagged_spin`]; an ensemble of one spin is its own.
    pub(crate) fn tagged(&self, ensemble: usize) -> usize {
        if self.ensembles()[ensemble].size == 1 { ensemble } else { self.ensembles().len() }
    }

    /// The same model with one spin of an ensemble as an ensemble of its own, the last one. An ensemble of one
    /// spin stays as it is.
    ///
    /// # Panics
    /// If there is no such ensemble.
    #[must_use]
    pub fn with_tagged_spin(&self, ensemble: usize) -> Self {
        let tagged = self.tagged(ensemble);
        if tagged == ensemble {
            return self.clone();
        }
        let Ensemble { name, size, frequency } = self.ensembles()[ensemble].clone();
        let mut ensembles = self.ensembles().to_vec();
        ensembles[ensemble].size = size - 1;
        ensembles.push(Ensemble { name: format!("{name} (one spin)"), size: 1, frequency });
        let interaction = |i: &Interaction| Interaction {
            operator: i.operator.with_tagged_spin(ensemble, tagged),
            ..i.clone()
        };
        let jumps = |d: &Dissipator| match &d.jump {
            Jump::Collective(operator) => {
                let jump = Jump::Collective(operator.with_tagged_spin(ensemble, tagged));
                vec![Dissipator { rate: d.rate, jump }]
            }
            Jump::Local { ensemble: e, raise, lower, z } if *e == ensemble => {
                let own = Jump::Local { ensemble: tagged, raise: *raise, lower: *lower, z: *z };
                vec![d.clone(), Dissipator { rate: d.rate, jump: own }]
            }
            Jump::Dressed { dressing, ensemble: e, raise, lower, z } if *e == ensemble => {
                let (dressing, raise, lower, z) = (dressing.clone(), *raise, *lower, *z);
                let own = Jump::Dressed { dressing, ensemble: tagged, raise, lower, z };
                vec![d.clone(), Dissipator { rate: d.rate, jump: own }]
            }
            Jump::Local { .. } | Jump::Dressed { .. } => vec![d.clone()],
        };
        let channel = |c: &Channel| Channel {
            dissipators: c.dissipators.iter().flat_map(jumps).collect(),
            ..c.clone()
        };
        Self::of_parts(
            self.modes().to_vec(),
            ensembles,
            self.interactions().iter().map(interaction).collect(),
            self.channels().iter().map(channel).collect(),
        )
    }
}

impl Operator {
    /// `S -> S + s` in every factor of an ensemble, s being the spin of ensemble number `tagged`.
    #[must_use]
    pub fn with_tagged_spin(&self, ensemble: usize, tagged: usize) -> Self {
        let other = |factor: &Factor| match factor {
            Factor::Raise(e) if *e == ensemble => Some(Factor::Raise(tagged)),
            Factor::Lower(e) if *e == ensemble => Some(Factor::Lower(tagged)),
            Factor::Sz(e) if *e == ensemble => Some(Factor::Sz(tagged)),
            Factor::Annihilate(_)
            | Factor::Create(_)
            | Factor::Raise(_)
            | Factor::Lower(_)
            | Factor::Sz(_) => None,
        };
        let expanded = |term: &Term| {
            let one = Self { terms: vec![Term { coefficient: term.coefficient, factors: Vec::new() }] };
            term.factors.iter().fold(one, |product, factor| {
                let own = Self::product(&[*factor]);
                let both = other(factor).map_or(own.clone(), |other| own + Self::product(&[other]));
                product * both
            })
        };
        Self { terms: self.terms.iter().flat_map(|term| expanded(term).terms).collect() }
    }
}

impl InitialState {
    /// The state of [`Model::with_tagged_spin`] that is this state of `model`.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`] for a state in which spins are correlated.
    pub fn with_tagged_spin(&self, model: &Model, ensemble: usize) -> Result<Self, ModelError> {
        let mut split = self.clone();
        if model.tagged(ensemble) == ensemble {
            return Ok(split);
        }
        if self.joint.is_some() {
            return Err(ModelError::OutOfRange {
                key: "initial".into(),
                of: format!("ensemble '{}'", model.ensembles()[ensemble].name),
                value: "a saved state of correlated spins".into(),
                allowed: "a product state where one spin is told from the others".into(),
            });
        }
        let size = model.ensembles()[ensemble].size;
        let (rest, own) = match &self.ensembles[ensemble] {
            EnsembleState::Dicke { twice_j, twice_m }
                if *twice_j == size && twice_m.unsigned_abs() as usize == size =>
            {
                let of = |n: usize| EnsembleState::Dicke { twice_j: n, twice_m: n as i64 * twice_m.signum() };
                (of(size - 1), of(1))
            }
            EnsembleState::Dicke { .. } => {
                return Err(ModelError::OutOfRange {
                    key: "initial".into(),
                    of: format!("ensemble '{}'", model.ensembles()[ensemble].name),
                    value: "a Dicke state of correlated spins".into(),
                    allowed: "a product state where one spin is told from the others".into(),
                });
            }
            product => (*product, *product),
        };
        split.ensembles[ensemble] = rest;
        split.ensembles.push(own);
        Ok(split)
    }
}

impl Correlation {
    /// `sum_i <sigma_i^+(t+tau) sigma_i^-(t)>` of an ensemble of `model`: the light that goes to the side, whose
    /// phases do not add up. The operators are those of [`Model::with_tagged_spin`], N times one spin.
    ///
    /// # Panics
    /// If there is no such ensemble.
    pub fn side_light(model: &Model, ensemble: usize) -> Self {
        let (tagged, size) = (model.tagged(ensemble), model.ensembles()[ensemble].size);
        let dipole = Self::dipole(tagged);
        Self { a: dipole.a * Complex64::from(size as f64), ..dipole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_acts_on_both() {
        let model = Model::builder()
            .mode("a", 1.0)
            .ensemble("S", 3, 0.5)
            .ensemble("T", 1, 0.5)
            .interaction("tavis-cummings", ["a", "S"], 0.3)
            .channel("collective-emission", "S", 0.2)
            .channel("pumping", "S", 0.1)
            .channel("emission", "T", 0.1)
            .build()
            .expect("valid");
        let tagged = model.with_tagged_spin(0);
        assert_eq!(tagged.ensembles().iter().map(|e| e.size).collect::<Vec<_>>(), [2, 1, 1]);
        assert!(tagged.hamiltonian().is_hermitian());
        // a S^+ and a^dag S^-, twice; a^dag a and three S^z.
        assert_eq!(tagged.hamiltonian().terms.len(), 8);
        assert_eq!(tagged.dissipators().count(), 4);
        assert_eq!(model.with_tagged_spin(1), model);
        let product = Operator::raise(0) * Operator::lower(0);
        assert_eq!(product.with_tagged_spin(0, 2).terms.len(), 4);
        let correlation = Correlation::new(&model, "side-light", &[], &["S".to_owned()]).expect("known");
        assert!(
            model.check_operator(&correlation.a).is_err() && tagged.check_operator(&correlation.a).is_ok()
        );
        assert_eq!(correlation.a.terms[0].coefficient.re, 3.0);
        let ground = InitialState::ground(&model).with_tagged_spin(&model, 0).expect("a product");
        assert_eq!(ground, InitialState::ground(&tagged));
        let mut dicke = InitialState::ground(&model);
        dicke.ensembles[0] = EnsembleState::Dicke { twice_j: 3, twice_m: 1 };
        let refused = dicke.with_tagged_spin(&model, 0).expect_err("correlated").to_string();
        assert!(refused.contains("ensemble 'S'") && refused.contains("product state"), "{refused}");
    }
}
