//! The equations of many models that differ in numbers only.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use num_complex::Complex64;
use superladder_cumulant::{Equations, TapeTerm};
use superladder_model::{Channel, Dissipator, Ensemble, Interaction, Jump, Mode, Model, Operator};

use crate::equations::leading;
use crate::{MeanFieldEquations, MeanFieldError};

/// Drift of every unknown.
type Rows = Vec<Vec<TapeTerm>>;

/// Derives the equations of models one after another, each part of a model once: the drift is the sum over
/// frequencies, interactions and dissipators of a real strength times the drift of the part of strength 1,
/// which is kept. What comes out is that of [`MeanFieldEquations::with_options`] up to the rounding of these
/// products.
#[derive(Debug, Default)]
pub struct Family {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By names and sizes of the subsystems: names, scales and expectation values of the unknowns.
    frames: HashMap<String, Arc<Equations>>,
    /// By the part in words, which hold every digit of its numbers.
    parts: HashMap<String, Arc<Rows>>,
}

/// A part of a model: its strength, and the same part of strength 1.
struct ModelTerm {
    strength: f64,
    unit: Model,
}

impl Family {
    /// A family without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// The equations of `model` as N grows, with Gilbert damping as in [`MeanFieldEquations::with_options`].
    ///
    /// # Errors
    /// [`MeanFieldError`].
    pub fn member(&self, model: &Model, gilbert: &[f64]) -> Result<MeanFieldEquations, MeanFieldError> {
        let empty = bare(model, &[], &[]);
        let key = format!("{empty:?}");
        let kept = self.lock().frames.get(&key).cloned();
        let frame = if let Some(frame) = kept {
            frame
        } else {
            let frame = Arc::new(Equations::of_model(&empty, leading())?);
            self.lock().frames.insert(key, Arc::clone(&frame));
            frame
        };
        let mut sum: Vec<BTreeMap<Vec<u32>, f64>> = vec![BTreeMap::new(); frame.unknowns().len()];
        for ModelTerm { strength, unit } in terms(model) {
            for (row, terms) in self.rows(&unit)?.iter().enumerate() {
                for term in terms {
                    *sum[row].entry(term.factors.clone()).or_default() += strength * term.coefficient;
                }
            }
        }
        let term = |(factors, coefficient): (Vec<u32>, f64)| TapeTerm { coefficient, factors };
        let rows: Rows = sum.into_iter().map(|row| row.into_iter().map(term).collect()).collect();
        MeanFieldEquations::of_rows(frame, rows, model.modes().len(), gilbert)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        // Entries are put in whole, so a panic elsewhere leaves no half of one.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self, unit: &Model) -> Result<Arc<Rows>, MeanFieldError> {
        let key = format!("{unit:?}");
        let kept = self.lock().parts.get(&key).cloned();
        if let Some(rows) = kept {
            return Ok(rows);
        }
        let rows = Arc::new(Equations::of_model(unit, leading())?.terms(0).to_vec());
        self.lock().parts.insert(key, Arc::clone(&rows));
        Ok(rows)
    }
}

/// The subsystems of a model with these frequencies (absent: zero), without interactions and channels.
fn bare(model: &Model, modes: &[f64], ensembles: &[f64]) -> Model {
    let at = |list: &[f64], k: usize| list.get(k).copied().unwrap_or(0.0);
    let mode = |(k, mode): (usize, &Mode)| Mode { frequency: at(modes, k), ..mode.clone() };
    let ensemble = |(k, e): (usize, &Ensemble)| Ensemble { frequency: at(ensembles, k), ..e.clone() };
    let modes = model.modes().iter().enumerate().map(mode).collect();
    let ensembles = model.ensembles().iter().enumerate().map(ensemble).collect();
    Model::new(modes, ensembles).unwrap_or_default()
}

fn terms(model: &Model) -> Vec<ModelTerm> {
    let one = |k: usize| -> Vec<f64> { (0..=k).map(|i| f64::from(u8::from(i == k))).collect() };
    let modes = model.modes().iter().enumerate();
    let modes = modes.map(|(k, m)| ModelTerm { strength: m.frequency, unit: bare(model, &one(k), &[]) });
    let ensembles = model.ensembles().iter().enumerate();
    let ensembles =
        ensembles.map(|(k, e)| ModelTerm { strength: e.frequency, unit: bare(model, &[], &one(k)) });
    let interactions = model.interactions().iter().map(|interaction| {
        let (strength, operator) = normalised(&interaction.operator);
        let unit = bare(model, &[], &[]).with_interaction(Interaction { operator, ..interaction.clone() });
        ModelTerm { strength, unit }
    });
    let channels = model.channels().iter().flat_map(|channel| {
        channel.dissipators.iter().map(move |dissipator| {
            let (strength, jump) = match &dissipator.jump {
                Jump::Collective(operator) => {
                    let (size, operator) = normalised(operator);
                    (dissipator.rate * size * size, Jump::Collective(operator))
                }
                local @ (Jump::Local { .. } | Jump::Dressed { .. }) => (dissipator.rate, local.clone()),
            };
            let dissipators = vec![Dissipator { rate: 1.0, jump }];
            let unit = bare(model, &[], &[]).with_channel(Channel { dissipators, ..channel.clone() });
            ModelTerm { strength, unit }
        })
    });
    modes.chain(ensembles).chain(interactions).chain(channels).filter(|p| p.strength != 0.0).collect()
}

/// The size of the first coefficient, and the operator divided by it.
fn normalised(operator: &Operator) -> (f64, Operator) {
    let size = operator.terms.iter().map(|t| t.coefficient.norm()).find(|x| *x > 0.0).unwrap_or(0.0);
    let unit = if size > 0.0 { operator.clone() * Complex64::from(1.0 / size) } else { operator.clone() };
    (size, unit)
}
