//! States of all subsystems together: a permutation-symmetric density matrix, ladder by ladder.

use std::collections::BTreeSet;

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::model::find;
use crate::{Model, ModelError};

/// The part of a [`JointState`] on one ladder of every ensemble.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JointBlock {
    /// `2 j` of every ensemble.
    pub twice_j: Vec<usize>,
    /// Labels of the basis states, one state after the other: the quanta of every mode, then the excitations
    /// `x = m + N/2` of every ensemble.
    pub labels: Vec<u32>,
    /// Row, column and value of the elements of the upper half, row <= column, that are not zero.
    pub elements: Vec<(u32, u32, Complex64)>,
}

/// A permutation-symmetric density matrix of all modes and ensembles, with their correlations: the end of
/// another run, or a stationary state.
///
/// A direct sum of blocks, one value of j for every ensemble; a block holds the sum over the `d_j` equivalent
/// copies of its ladders, so that the traces of the blocks add up to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JointState {
    /// Names of the modes.
    pub modes: Vec<String>,
    /// Names and sizes of the ensembles.
    pub ensembles: Vec<(String, usize)>,
    /// The time of the state; infinite for a stationary one.
    pub time: f64,
    /// The blocks.
    pub blocks: Vec<JointBlock>,
}

impl JointBlock {
    /// Labels of a basis state out of `width` per state.
    fn labels_of(&self, state: u32, width: usize) -> &[u32] {
        &self.labels[state as usize * width..(state as usize + 1) * width]
    }

    /// Weights of the basis states that have one.
    fn weights(&self) -> impl Iterator<Item = (u32, f64)> {
        self.elements.iter().filter(|(row, column, _)| row == column).map(|(row, _, value)| (*row, value.re))
    }
}

impl JointState {
    /// Labels per basis state.
    pub fn width(&self) -> usize {
        self.modes.len() + self.ensembles.len()
    }

    /// The trace.
    pub fn trace(&self) -> f64 {
        self.blocks.iter().flat_map(JointBlock::weights).map(|(_, weight)| weight).sum()
    }

    /// Populations of the Fock states of a mode, from 0 to the highest that has a place.
    pub fn populations(&self, mode: usize) -> Vec<f64> {
        let width = self.width();
        let mut found: Vec<f64> = Vec::new();
        for block in &self.blocks {
            for (state, weight) in block.weights() {
                let n = block.labels_of(state, width)[mode] as usize;
                found.resize(found.len().max(n + 1), 0.0);
                found[n] += weight;
            }
        }
        found
    }

    /// `2 j` of the ladders of an ensemble that hold anything.
    pub fn ladders(&self, ensemble: usize) -> Vec<usize> {
        let holding = self.blocks.iter().filter(|block| !block.elements.is_empty());
        holding.map(|block| block.twice_j[ensemble]).collect::<BTreeSet<usize>>().into_iter().collect()
    }

    /// The same state with its subsystems in the order of `model`.
    ///
    /// # Errors
    /// [`ModelError`] where the modes, the ensembles or the sizes are not those of the model, and where the
    /// numbers are those of no state.
    pub fn arranged(&self, model: &Model) -> Result<Self, ModelError> {
        self.check()?;
        let own: Vec<&str> = self
            .modes
            .iter()
            .map(String::as_str)
            .chain(self.ensembles.iter().map(|e| e.0.as_str()))
            .collect();
        let all = model.modes().len() + model.ensembles().len();
        if own.len() != all {
            return Err(unfit("subsystems", own.len().to_string(), format!("{all}, those of the model")));
        }
        let mut order = Vec::with_capacity(all);
        for mode in model.modes() {
            order.push(find("mode of the state", &mode.name, &own[..self.modes.len()])?);
        }
        let mut ensembles = Vec::new();
        for ensemble in model.ensembles() {
            let at = find("ensemble of the state", &ensemble.name, &own[self.modes.len()..])?;
            let (name, size) = &self.ensembles[at];
            if *size != ensemble.size {
                let allowed = format!("{}, the size of the model's", ensemble.size);
                return Err(unfit(&format!("spins in ensemble '{name}'"), size.to_string(), allowed));
            }
            ensembles.push(at);
            order.push(self.modes.len() + at);
        }
        let width = self.width();
        let arrange = |block: &JointBlock| JointBlock {
            twice_j: ensembles.iter().map(|e| block.twice_j[*e]).collect(),
            labels: block
                .labels
                .chunks(width)
                .flat_map(|labels| order.iter().map(|at| labels[*at]))
                .collect(),
            elements: block.elements.clone(),
        };
        Ok(Self {
            modes: model.modes().iter().map(|m| m.name.clone()).collect(),
            ensembles: model.ensembles().iter().map(|e| (e.name.clone(), e.size)).collect(),
            time: self.time,
            blocks: self.blocks.iter().map(arrange).collect(),
        })
    }

    /// Whether the numbers can be those of a state: every ladder and label exists, every element is finite and
    /// has its place, and the trace is 1.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    pub fn check(&self) -> Result<(), ModelError> {
        let width = self.width();
        for block in &self.blocks {
            let fits = block.twice_j.len() == self.ensembles.len()
                && (block.twice_j.iter().zip(&self.ensembles))
                    .all(|(tj, (_, n))| tj <= n && (n - tj) % 2 == 0);
            if !fits {
                return Err(unfit(
                    "2 j",
                    format!("{:?}", block.twice_j),
                    "those of ladders of its ensembles".into(),
                ));
            }
            if width == 0 || !block.labels.len().is_multiple_of(width) {
                return Err(unfit(
                    "labels",
                    block.labels.len().to_string(),
                    format!("{width} per basis state"),
                ));
            }
            let states = block.labels.len() / width;
            let excitations = |labels: &[u32]| {
                let ladders = block.twice_j.iter().zip(&self.ensembles).zip(&labels[self.modes.len()..]);
                ladders
                    .into_iter()
                    .all(|((tj, (_, n)), x)| ((n - tj) / 2..=(n + tj) / 2).contains(&(*x as usize)))
            };
            if let Some(bad) = block.labels.chunks(width).find(|labels| !excitations(labels)) {
                return Err(unfit("labels", format!("{bad:?}"), "on their ladders".into()));
            }
            let good = |(row, column, value): &&(u32, u32, Complex64)| {
                row <= column && (*column as usize) < states && value.is_finite()
            };
            if let Some(bad) = block.elements.iter().find(|element| !good(element)) {
                return Err(unfit("elements", format!("{bad:?}"), "finite and in the upper half".into()));
            }
        }
        let trace = self.trace();
        // NaN is no trace.
        if (trace - 1.0).abs() < 1e-3 { Ok(()) } else { Err(unfit("trace", trace.to_string(), "1".into())) }
    }
}

fn unfit(key: &str, value: String, allowed: String) -> ModelError {
    ModelError::OutOfRange { key: key.into(), of: "the saved state".into(), value, allowed }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One photon, and a spin that is up with probability 1/4.
    fn state() -> JointState {
        let element = |row, column, value: f64| (row, column, Complex64::from(value));
        let block = JointBlock {
            twice_j: vec![1],
            labels: vec![1, 0, 1, 1],
            elements: vec![element(0, 0, 0.75), element(0, 1, 0.1), element(1, 1, 0.25)],
        };
        JointState {
            modes: vec!["a".into()],
            ensembles: vec![("S".into(), 1)],
            time: 2.0,
            blocks: vec![block],
        }
    }

    #[test]
    fn a_state_knows_its_weights() {
        let state = state();
        assert_eq!(state.trace(), 1.0);
        assert_eq!(state.populations(0), [0.0, 1.0]);
        assert_eq!(state.ladders(0), [1]);
    }

    #[test]
    fn subsystems_come_into_the_order_of_the_model() {
        let two = JointState {
            modes: vec!["a".into(), "b".into()],
            ensembles: Vec::new(),
            time: 0.0,
            blocks: vec![JointBlock {
                twice_j: Vec::new(),
                labels: vec![3, 5],
                elements: vec![(0, 0, Complex64::ONE)],
            }],
        };
        let model = Model::builder().mode("b", 1.0).mode("a", 1.0).build().unwrap();
        let arranged = two.arranged(&model).unwrap();
        assert_eq!(arranged.blocks[0].labels, [5, 3]);
        assert_eq!(arranged.populations(0).len(), 6);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let model = |n| Model::builder().mode("a", 1.0).ensemble("S", n, 1.0).build().unwrap();
        assert!(state().arranged(&model(1)).is_ok());
        let told = |refused: Result<JointState, ModelError>| refused.unwrap_err().to_string();
        assert!(told(state().arranged(&model(2))).contains("spins in ensemble 'S'"));
        let renamed = Model::builder().mode("c", 1.0).ensemble("S", 1, 1.0).build().unwrap();
        assert!(told(state().arranged(&renamed)).contains("mode of the state"));
        let mut bad = state();
        bad.blocks[0].elements[0].2 = Complex64::from(f64::NAN);
        assert!(bad.check().is_err());
        bad = state();
        bad.blocks[0].labels[1] = 7;
        assert!(bad.check().is_err());
        bad = state();
        bad.blocks[0].elements.pop();
        assert!(bad.check().unwrap_err().to_string().contains("trace"));
    }
}
