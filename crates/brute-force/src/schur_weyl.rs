//! Ladders of total spin inside `n` spins-1/2, found numerically.

use num_complex::Complex64;
use superladder_model::Operator;

use crate::Dense;
use crate::space::Space;

/// The `2j + 1` states of spin j, once per copy.
#[derive(Debug, Clone)]
pub(crate) struct Ladder {
    pub(crate) twice_j: usize,
    /// `copies[c][k] = |j, m = j - k, c>`, columns of `2^n` amplitudes.
    pub(crate) copies: Vec<Vec<Dense>>,
}

impl Ladder {
    /// `|j, m, c>` with `m = excitations - n/2`, if the ladder has it.
    pub(crate) fn state(&self, copy: usize, n: usize, excitations: usize) -> Option<&Dense> {
        // k = j - m
        let twice_k = (self.twice_j + n).checked_sub(2 * excitations)?;
        self.copies[copy].get(twice_k / 2)
    }
}

/// Is `2j` one of `n, n - 2, ...`?
pub(crate) fn has_ladder(n: usize, twice_j: usize) -> bool {
    twice_j <= n && (n - twice_j).is_multiple_of(2)
}

/// Orthogonal projector onto total spin j: `prod_{j' != j} (S^2 - j'(j'+1)) / (j(j+1) - j'(j'+1))` over the
/// spins j' that occur (spectral projector by Lagrange interpolation).
pub(crate) fn spin_projector(n: usize, twice_j: usize) -> Dense {
    let space = Space::of_spins(n);
    let square = Operator::spin(0).into_iter().fold(Operator::zero(), |sum, s| sum + s.clone() * s);
    let (square, identity) = (space.operator(&square), Dense::identity(space.dimension()));
    let casimir = |twice_j: usize| 0.25 * (twice_j * (twice_j + 2)) as f64;
    let others = (0..=n).filter(|&other| has_ladder(n, other) && other != twice_j);
    others.fold(identity.clone(), |projector, other| {
        let shifted = square.subtract(&identity.scale(casimir(other).into()));
        projector.mul(&shifted).scale((1.0 / (casimir(twice_j) - casimir(other))).into())
    })
}

/// Projector onto `S^z = excitations - n/2`: the basis states with that many spins up.
pub(crate) fn excitation_projector(n: usize, excitations: usize) -> Dense {
    let kept = |i: usize| i.count_ones() as usize == excitations;
    Dense::diagonal(&(0..1_usize << n).map(|i| f64::from(u8::from(kept(i))).into()).collect::<Vec<_>>())
}

/// All ladders of `n` spins, largest j first.
pub(crate) fn ladders(n: usize) -> Vec<Ladder> {
    let lower = Space::of_spins(n).operator(&Operator::lower(0));
    let spins = (0..=n).rev().filter(|&twice_j| has_ladder(n, twice_j));
    spins.map(|twice_j| ladder(n, twice_j, &lower)).collect()
}

/// Highest-weight vectors by Gram-Schmidt on the columns of the projector onto (j, m = j), where `S^+`
/// vanishes; the rest of each copy by normalised applications of `S^-`.
fn ladder(n: usize, twice_j: usize, lower: &Dense) -> Ladder {
    let highest = usize::midpoint(n, twice_j);
    let projector = spin_projector(n, twice_j).mul(&excitation_projector(n, highest));
    let tops = orthonormal_columns(&projector);
    let descend = |top: Dense| {
        std::iter::successors(Some(top), |state| Some(normalised(&lower.mul(state))))
            .take(twice_j + 1)
            .collect()
    };
    Ladder { twice_j, copies: tops.into_iter().map(descend).collect() }
}

/// An orthonormal basis of the column space of a projector; every vector is orthogonalised twice.
fn orthonormal_columns(projector: &Dense) -> Vec<Dense> {
    const INDEPENDENT_ABOVE: f64 = 1e-6;
    let mut basis: Vec<Dense> = Vec::new();
    for k in 0..projector.columns() {
        let mut column = Dense::from_fn(projector.rows(), 1, |i, _| projector[(i, k)]);
        for _ in 0..2 {
            for vector in &basis {
                let overlap: Complex64 = vector.adjoint().mul(&column)[(0, 0)];
                column = column.subtract(&vector.scale(overlap));
            }
        }
        if column.norm() > INDEPENDENT_ABOVE {
            basis.push(normalised(&column));
        }
    }
    basis
}

fn normalised(vector: &Dense) -> Dense {
    vector.scale((1.0 / vector.norm()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// d_j counted as in textbooks: coupling one more spin makes j +- 1/2 out of each j.
    fn copies_by_coupling(n: usize) -> Vec<usize> {
        let mut counts = vec![0; n + 2];
        counts[0] = 1;
        for _ in 0..n {
            let below = counts.clone();
            for twice_j in 0..=n {
                let from_lower = if twice_j > 0 { below[twice_j - 1] } else { 0 };
                counts[twice_j] = from_lower + below[twice_j + 1];
            }
            counts[n + 1] = 0;
        }
        counts
    }

    #[test]
    fn ladders_are_a_complete_orthonormal_basis_with_the_right_multiplicities() {
        for n in 1..=6 {
            let found = ladders(n);
            let expected = copies_by_coupling(n);
            assert!(found.iter().all(|l| l.copies.len() == expected[l.twice_j]));
            let states: Vec<&Dense> = found.iter().flat_map(|l| l.copies.iter().flatten()).collect();
            assert_eq!(states.len(), 1 << n);
            let basis = Dense::from_fn(1 << n, 1 << n, |i, k| states[k][(i, 0)]);
            let overlaps = basis.adjoint().mul(&basis);
            assert!(overlaps.max_abs_difference(&Dense::identity(1 << n)) < 1e-13);
        }
    }

    #[test]
    fn states_are_eigenstates_and_the_ends_are_annihilated() {
        let n = 5;
        let space = Space::of_spins(n);
        let [raise, lower, z] =
            [Operator::raise(0), Operator::lower(0), Operator::sz(0)].map(|o| space.operator(&o));
        for ladder in ladders(n) {
            for copy in &ladder.copies {
                assert!(raise.mul(&copy[0]).norm() < 1e-13);
                assert!(lower.mul(&copy[ladder.twice_j]).norm() < 1e-13);
                for (k, state) in copy.iter().enumerate() {
                    let m = 0.5 * ladder.twice_j as f64 - k as f64;
                    assert!(z.mul(state).max_abs_difference(&state.scale(m.into())) < 1e-13);
                }
            }
        }
    }
}
