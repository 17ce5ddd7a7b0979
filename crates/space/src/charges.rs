//! Conserved charges: weak U(1) and Z_k symmetries found from the model.

use std::collections::BTreeSet;

use superladder_model::{Factor, Jump, Model, Operator, Subsystem};

use crate::halting::{PIECES, go_on};

/// Values of all charges of a state or of a coherence (a difference of two states).
pub type Charge = Vec<i64>;

/// The conserved charges of a model. Labels of a basis state are the Fock numbers of the modes followed by
/// the excitation numbers `m + N/2` of the ensembles; a charge is `weights . labels`, taken modulo its
/// modulus (0 for a U(1) charge).
///
/// They are found exactly: the shifts of labels made by the terms of H, and the differences between the
/// shifts of the parts of each jump operator, span a lattice; the classes of labels modulo this lattice are
/// the conserved quantities (weak symmetries of the Lindbladian). The Smith form of the lattice gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charges {
    weights: Vec<Vec<i64>>,
    moduli: Vec<i64>,
}

impl Charges {
    /// No charges: the space is not reduced.
    pub fn none() -> Self {
        Self { weights: Vec::new(), moduli: Vec::new() }
    }

    /// The charges conserved by all `models` (the stages of a schedule).
    pub fn find<'a>(models: impl IntoIterator<Item = &'a Model>) -> Self {
        let mut shifts = BTreeSet::new();
        let mut length = 0;
        for model in models {
            length = model.modes().len() + model.ensembles().len();
            shifts.extend(operator_shifts(&model.hamiltonian(), model));
            for dissipator in model.dissipators() {
                let parts: Vec<Vec<i64>> = match &dissipator.jump {
                    Jump::Collective(operator) => operator_shifts(&operator.collected(), model),
                    Jump::Local { ensemble, raise, lower, z } => {
                        let position = model.modes().len() + ensemble;
                        let present = [(raise, 1), (lower, -1), (z, 0)];
                        let present = present.iter().filter(|(c, _)| c.norm_sqr() > 0.0);
                        present.map(|(_, s)| unit(length, position, *s)).collect()
                    }
                    Jump::Dressed { dressing, ensemble, raise, lower, z } => {
                        let position = model.modes().len() + ensemble;
                        let present = [(raise, 1), (lower, -1), (z, 0)];
                        let present = present.iter().filter(|(c, _)| c.norm_sqr() > 0.0);
                        let dressings = operator_shifts(&dressing.collected(), model);
                        let moved = |shift: &Vec<i64>, s: i64| {
                            let mut moved = shift.clone();
                            moved[position] += s;
                            moved
                        };
                        present.flat_map(|(_, s)| dressings.iter().map(|d| moved(d, *s))).collect()
                    }
                };
                for part in parts.iter().skip(1) {
                    shifts.insert(part.iter().zip(&parts[0]).map(|(a, b)| a - b).collect());
                }
            }
        }
        Self::from_shifts(&shifts.into_iter().collect::<Vec<_>>(), length)
    }

    fn from_shifts(shifts: &[Vec<i64>], length: usize) -> Self {
        let (diagonal, transform) = smith(shifts, length);
        let (mut weights, mut moduli) = (Vec::new(), Vec::new());
        for (column, &modulus) in diagonal.iter().enumerate() {
            if modulus != 1 {
                let mut weight: Vec<i64> = transform.iter().map(|row| row[column]).collect();
                if modulus > 1 {
                    for w in &mut weight {
                        *w = w.rem_euclid(modulus);
                    }
                } else if weight.iter().find(|w| **w != 0).is_some_and(|w| *w < 0) {
                    for w in &mut weight {
                        *w = -*w;
                    }
                }
                weights.push(weight);
                moduli.push(modulus);
            }
        }
        Self { weights, moduli }
    }

    /// Number of charges.
    pub fn len(&self) -> usize {
        self.moduli.len()
    }

    /// True when nothing is conserved.
    pub fn is_empty(&self) -> bool {
        self.moduli.is_empty()
    }

    /// Charges of the labels (or of a difference of labels).
    pub fn of(&self, labels: &[i64]) -> Charge {
        let value = |w: &Vec<i64>| w.iter().zip(labels).map(|(w, l)| w * l).sum::<i64>();
        self.weights.iter().zip(&self.moduli).map(|(w, &k)| reduce(value(w), k)).collect()
    }

    /// Basis states whose labels have these numbers of values have at most so many different charges.
    pub fn most(&self, ranges: &[usize]) -> f64 {
        let values = |(w, modulus): (&Vec<i64>, &i64)| {
            let span = w.iter().zip(ranges).map(|(w, range)| w.abs() as f64 * (*range as f64 - 1.0));
            if *modulus > 0 { *modulus as f64 } else { 1.0 + span.sum::<f64>() }
        };
        self.weights.iter().zip(&self.moduli).map(values).product()
    }

    /// `a - b`.
    pub fn difference(&self, a: &Charge, b: &Charge) -> Charge {
        a.iter().zip(b).zip(&self.moduli).map(|((a, b), &k)| reduce(a - b, k)).collect()
    }

    /// The differences that the terms of an operator connect.
    pub fn of_operator(&self, operator: &Operator, model: &Model) -> BTreeSet<Charge> {
        operator_shifts(&operator.collected(), model).iter().map(|s| self.of(s)).collect()
    }

    /// All coherences of states that are off-diagonal in the labels `positions` only, each of `ranges`
    /// values; `None` once `halted` says so, which is asked for every few thousand of them.
    pub fn coherences(
        &self,
        positions: &[usize],
        ranges: &[usize],
        halted: &dyn Fn() -> bool,
    ) -> Option<BTreeSet<Charge>> {
        let mut found = BTreeSet::from([vec![0; self.len()]]);
        let mut done = 0;
        for &position in positions {
            let step = unit(ranges.len(), position, 1);
            let step = self.of(&step);
            if step.iter().all(|s| *s == 0) {
                continue;
            }
            let range = ranges[position] as i64 - 1;
            let multiples = (-range..=range).map(|k| step.iter().map(|s| s * k).collect::<Vec<_>>());
            let multiples: BTreeSet<Charge> = multiples.map(|c| self.reduced(&c)).collect();
            let mut sums = BTreeSet::new();
            for (a, b) in found.iter().flat_map(|a| multiples.iter().map(move |b| (a, b))) {
                go_on(done, PIECES, halted)?;
                done += 1;
                sums.insert(self.sum(a, b));
            }
            found = sums;
        }
        Some(found)
    }

    /// [`Charges::coherences`] of these labels are at most so many.
    pub fn most_coherences(&self, positions: &[usize], ranges: &[usize]) -> f64 {
        let differences = |range: usize| (2.0 * range as f64 - 1.0).max(1.0);
        let apart = positions.iter().map(|position| differences(ranges[*position])).product::<f64>();
        let doubled: Vec<usize> = ranges.iter().map(|range| range.saturating_mul(2)).collect();
        apart.min(self.most(&doubled))
    }

    fn reduced(&self, charge: &Charge) -> Charge {
        charge.iter().zip(&self.moduli).map(|(c, &k)| reduce(*c, k)).collect()
    }

    /// `a + b`.
    pub fn sum(&self, a: &Charge, b: &Charge) -> Charge {
        self.reduced(&a.iter().zip(b).map(|(a, b)| a + b).collect())
    }

    /// One line per charge, for instance `U(1): n_a + x_S` or `Z2: n_a + x_S + x_T mod 2`.
    pub fn describe(&self, model: &Model) -> Vec<String> {
        let names: Vec<String> = model
            .subsystems()
            .into_iter()
            .map(|s| match s {
                Subsystem::Mode(_) => format!("n_{}", model.name(s)),
                Subsystem::Ensemble(_) => format!("x_{}", model.name(s)),
            })
            .collect();
        let sum = |w: &Vec<i64>| {
            let parts = w.iter().zip(&names).filter(|(w, _)| **w != 0);
            let parts = parts.map(|(w, n)| if *w == 1 { n.clone() } else { format!("{w} {n}") });
            parts.collect::<Vec<_>>().join(" + ").replace("+ -", "- ")
        };
        self.weights
            .iter()
            .zip(&self.moduli)
            .map(
                |(w, &k)| {
                    if k == 0 { format!("U(1): {}", sum(w)) } else { format!("Z{k}: {} mod {k}", sum(w)) }
                },
            )
            .collect()
    }
}

fn reduce(value: i64, modulus: i64) -> i64 {
    if modulus == 0 { value } else { value.rem_euclid(modulus) }
}

fn unit(length: usize, position: usize, value: i64) -> Vec<i64> {
    let mut vector = vec![0; length];
    vector[position] = value;
    vector
}

/// Label shifts of the terms of an operator.
fn operator_shifts(operator: &Operator, model: &Model) -> Vec<Vec<i64>> {
    let modes = model.modes().len();
    let length = modes + model.ensembles().len();
    let shift = |factors: &[Factor]| {
        let mut sum = vec![0; length];
        for factor in factors {
            let position = match factor.subsystem() {
                Subsystem::Mode(m) => m,
                Subsystem::Ensemble(e) => modes + e,
            };
            sum[position] += factor.shift();
        }
        sum
    };
    operator.terms.iter().map(|t| shift(&t.factors)).collect()
}

/// Diagonal form of an integer matrix under unimodular row and column operations: the diagonal (padded with
/// zeros to `length`, entries >= 0) and the column transform V (x V are the new coordinates of a row vector
/// x).
fn smith(rows: &[Vec<i64>], length: usize) -> (Vec<i64>, Vec<Vec<i64>>) {
    let mut a: Vec<Vec<i64>> = rows.to_vec();
    let mut v: Vec<Vec<i64>> = (0..length).map(|i| unit(length, i, 1)).collect();
    let mut diagonal = vec![0; length];
    for p in 0..length.min(a.len()) {
        while let Some((row, column)) = smallest_entry(&a, p) {
            a.swap(p, row);
            for r in a.iter_mut().chain(v.iter_mut()) {
                r.swap(p, column);
            }
            let pivot = a[p][p];
            for r in p + 1..a.len() {
                let factor = a[r][p].div_euclid(pivot);
                for c in p..length {
                    let change = factor * a[p][c];
                    a[r][c] -= change;
                }
            }
            for c in p + 1..length {
                let factor = a[p][c].div_euclid(pivot);
                for r in a.iter_mut().chain(v.iter_mut()) {
                    r[c] -= factor * r[p];
                }
            }
            let cleared = (p + 1..a.len()).all(|r| a[r][p] == 0) && (p + 1..length).all(|c| a[p][c] == 0);
            if cleared {
                diagonal[p] = pivot.abs();
                break;
            }
        }
    }
    (diagonal, v)
}

/// Position of the non-zero entry of smallest modulus in the trailing block.
fn smallest_entry(a: &[Vec<i64>], from: usize) -> Option<(usize, usize)> {
    let rows = a.iter().enumerate().skip(from);
    let entries =
        rows.flat_map(|(r, row)| row.iter().enumerate().skip(from).map(move |(c, x)| (x.abs(), r, c)));
    entries.filter(|e| e.0 != 0).min().map(|(_, r, c)| (r, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dicke_has_z2_and_tavis_cummings_u1() {
        let dicke = Charges::from_shifts(&[vec![1, 1], vec![1, -1], vec![-1, 1], vec![-1, -1]], 2);
        assert_eq!((dicke.moduli.clone(), dicke.of(&[3, 2])), (vec![2], vec![1]));
        let tc = Charges::from_shifts(&[vec![1, -1], vec![-1, 1]], 2);
        assert_eq!(tc.moduli, vec![0]);
        assert_eq!(tc.of(&[1, 2]), vec![3]);
    }

    #[test]
    fn the_reference_model_keeps_only_total_parity() {
        let shifts = [vec![1, 1, 0], vec![1, -1, 0], vec![1, 0, -1], vec![0, 1, -1]];
        let charges = Charges::from_shifts(&shifts, 3);
        assert_eq!(charges.moduli, vec![2]);
        assert_eq!(charges.weights, vec![vec![1, 1, 1]]);
    }

    #[test]
    fn without_couplings_every_label_is_conserved_and_a_drive_breaks_it() {
        assert_eq!(Charges::from_shifts(&[], 2).moduli, vec![0, 0]);
        assert!(Charges::from_shifts(&[vec![1]], 1).is_empty());
        assert_eq!(Charges::from_shifts(&[vec![3]], 1).moduli, vec![3]);
        let two_photon = Charges::from_shifts(&[vec![2, -1]], 2);
        assert_eq!(two_photon.moduli, vec![0]);
        assert_eq!(two_photon.of(&[2, -1]), vec![0]);
        assert_ne!(two_photon.of(&[1, 0]), vec![0]);
    }
}
