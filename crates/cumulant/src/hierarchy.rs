//! Which cumulants are unknowns: closure under the drift, without those that are zero and stay zero.

use std::collections::{BTreeMap, BTreeSet};

use num_complex::Complex64;

use crate::drift::{Deriver, Polynomial};
use crate::variables::{JointCumulant, Variables};

/// A closed set of canonical cumulants and their drift in every stage.
#[derive(Debug, Clone)]
pub(crate) struct Hierarchy {
    /// The unknown cumulants in ascending order.
    pub(crate) joints: Vec<JointCumulant>,
    /// Drift of every unknown, stage by stage.
    pub(crate) stages: Vec<Vec<Polynomial>>,
}

impl Hierarchy {
    /// The smallest set that contains `seeds` and every cumulant in the drift of its members, in any stage.
    /// `None` once `halted` says so, which is asked for every cumulant.
    pub(crate) fn close(
        derivers: &[Deriver],
        seeds: impl IntoIterator<Item = JointCumulant>,
        halted: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let variables = &derivers[0].variables;
        let mut known: BTreeMap<JointCumulant, Vec<Polynomial>> = BTreeMap::new();
        let mut open: BTreeSet<JointCumulant> =
            seeds.into_iter().map(|joint| variables.canonical(joint)).collect();
        while let Some(joint) = open.pop_first() {
            if halted() {
                return None;
            }
            let drifts: Vec<Polynomial> = derivers.iter().map(|d| d.drift(joint)).collect();
            let factors = drifts.iter().flatten().flat_map(|product| &product.factors);
            let found: Vec<JointCumulant> = factors.map(|factor| variables.canonical(*factor)).collect();
            known.insert(joint, drifts);
            open.extend(found.into_iter().filter(|joint| !known.contains_key(joint)));
        }
        Some(Self::from_map(known, derivers.len()))
    }

    fn from_map(known: BTreeMap<JointCumulant, Vec<Polynomial>>, stages: usize) -> Self {
        let joints = known.keys().copied().collect();
        let mut drifts: Vec<Vec<Polynomial>> = vec![Vec::new(); stages];
        for row in known.into_values() {
            for (stage, polynomial) in drifts.iter_mut().zip(row) {
                stage.push(polynomial);
            }
        }
        Self { joints, stages: drifts }
    }

    /// Drops every cumulant that vanishes at the start and whose drift vanishes with them (forbidden by a
    /// symmetry of model and initial state), then all that `seeds` no longer need.
    pub(crate) fn without_zeros(
        self,
        deriver: &Deriver,
        initial: impl Fn(JointCumulant) -> Complex64,
        seeds: impl IntoIterator<Item = JointCumulant>,
    ) -> Self {
        let zeros = self.zeros(&deriver.variables, initial);
        self.reduced(deriver, &zeros, seeds)
    }

    /// Every cumulant that vanishes at the start and whose drift vanishes with them.
    pub(crate) fn zeros(
        &self,
        variables: &Variables,
        initial: impl Fn(JointCumulant) -> Complex64,
    ) -> BTreeSet<JointCumulant> {
        let mut zeros: BTreeSet<JointCumulant> =
            self.joints.iter().copied().filter(|joint| initial(*joint) == Complex64::ZERO).collect();
        let vanishes = |polynomial: &Polynomial, zeros: &BTreeSet<JointCumulant>| {
            polynomial.iter().all(|p| p.factors.iter().any(|f| zeros.contains(&variables.canonical(*f))))
        };
        loop {
            let rows = self.joints.iter().enumerate();
            let driven: Vec<JointCumulant> = rows
                .filter(|(i, joint)| {
                    zeros.contains(*joint) && !self.stages.iter().all(|stage| vanishes(&stage[*i], &zeros))
                })
                .map(|(_, joint)| *joint)
                .collect();
            if driven.is_empty() {
                return zeros;
            }
            zeros.retain(|joint| driven.binary_search(joint).is_err());
        }
    }

    fn reduced(
        mut self,
        deriver: &Deriver,
        zeros: &BTreeSet<JointCumulant>,
        seeds: impl IntoIterator<Item = JointCumulant>,
    ) -> Self {
        let variables = &deriver.variables;
        for polynomial in self.stages.iter_mut().flatten() {
            polynomial.retain(|p| p.factors.iter().all(|f| !zeros.contains(&variables.canonical(*f))));
        }
        let mut needed = BTreeSet::new();
        let mut open: Vec<JointCumulant> =
            seeds.into_iter().map(|j| variables.canonical(j)).filter(|j| !zeros.contains(j)).collect();
        while let Some(joint) = open.pop() {
            let Ok(row) = self.joints.binary_search(&joint) else { continue };
            if needed.insert(joint) {
                let products = self.stages.iter().flat_map(|stage| &stage[row]);
                open.extend(products.flat_map(|p| &p.factors).map(|f| variables.canonical(*f)));
            }
        }
        let keep = |joint: &JointCumulant| needed.contains(joint);
        let kept: Vec<bool> = self.joints.iter().map(keep).collect();
        for stage in &mut self.stages {
            let mut flags = kept.iter();
            stage.retain(|_| flags.next().copied().unwrap_or(false));
        }
        self.joints.retain(keep);
        self
    }
}
