//! Dicke ladders |j, m>: degeneracies, ladder matrix elements and the branches of local jumps.
//!
//! Sources: B. A. Chase and J. M. Geremia, PRA 78, 052101 (2008); N. Shammah et al., PRA 98, 063815 (2018);
//! Y. Zhang, Y.-X. Zhang and K. Moelmer, NJP 20, 112001 (2018).
//!
//! Half-integers are stored doubled (`twice_j = 2j`). A state of a ladder is labelled by its number of
//! excitations `x = m + N/2`, an integer that means the same on every ladder.

/// Doubled total spins of `spins` spins-1/2, ascending: 2j = N mod 2, ..., N - 2, N.
pub fn all_ladders(spins: usize) -> Vec<usize> {
    (spins % 2..=spins).step_by(2).collect()
}

/// Natural logarithm of `n!`, exact to rounding for small n.
fn ln_factorial(n: usize) -> f64 {
    (2..=n).map(|k| (k as f64).ln()).sum()
}

/// Number of equivalent copies of spin j among `spins` spins-1/2:
/// `d_j = (2j+1) N! / ((N/2+j+1)! (N/2-j)!)`; exact up to 2^53, correctly rounded-ish products above.
pub fn degeneracy(spins: usize, twice_j: usize) -> f64 {
    let below = (spins - twice_j) / 2;
    binomial(spins, below) * (twice_j as f64 + 1.0) / ((spins + twice_j) as f64 / 2.0 + 1.0)
}

/// `ln d_j`, for sizes where `d_j` itself overflows.
pub fn ln_degeneracy(spins: usize, twice_j: usize) -> f64 {
    let direct = degeneracy(spins, twice_j);
    if direct.is_finite() {
        return direct.ln();
    }
    let (above, below) = (usize::midpoint(spins, twice_j) + 1, (spins - twice_j) / 2);
    (twice_j as f64 + 1.0).ln() + ln_factorial(spins) - ln_factorial(above) - ln_factorial(below)
}

/// Binomial coefficient as f64: exact while it is below 2^53.
pub fn binomial(n: usize, k: usize) -> f64 {
    let k = k.min(n - k);
    let mut result = 1.0;
    for i in 0..k {
        result = result * (n - i) as f64 / (i + 1) as f64;
    }
    result.round_if_exact()
}

trait RoundIfExact {
    fn round_if_exact(self) -> Self;
}

impl RoundIfExact for f64 {
    /// Products and quotients of integers below 2^53 come out as integers up to rounding.
    fn round_if_exact(self) -> Self {
        if self < 9.0e15 { self.round() } else { self }
    }
}

/// Position on a ladder: numbers (j, m) as f64.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rung {
    /// Total spin.
    pub j: f64,
    /// z component.
    pub m: f64,
}

impl Rung {
    /// The rung with `x` excitations on the ladder `twice_j` of `spins` spins.
    pub fn new(spins: usize, twice_j: usize, x: usize) -> Self {
        Self { j: 0.5 * twice_j as f64, m: x as f64 - 0.5 * spins as f64 }
    }

    /// `<j, m+1| S^+ |j, m> = sqrt((j - m)(j + m + 1))`.
    pub fn raise(self) -> f64 {
        ((self.j - self.m) * (self.j + self.m + 1.0)).max(0.0).sqrt()
    }

    /// `<j, m-1| S^- |j, m> = sqrt((j + m)(j - m + 1))`.
    pub fn lower(self) -> f64 {
        ((self.j + self.m) * (self.j - self.m + 1.0)).max(0.0).sqrt()
    }
}

/// The three kinds of local operators that make up a single-site jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalPart {
    /// `sigma^+`: one more excitation.
    Raise,
    /// `sigma^-`: one excitation less.
    Lower,
    /// `sigma^z / 2`: excitations unchanged.
    Z,
}

impl LocalPart {
    /// Change of the excitation number.
    pub fn shift(self) -> i64 {
        match self {
            Self::Raise => 1,
            Self::Lower => -1,
            Self::Z => 0,
        }
    }
}

/// `f_dj(j)`, the weight of the branch j -> j + dj of a local jump; 0 where the branch is absent.
pub fn branch_weight(spins: usize, twice_j: usize, dj: i64) -> f64 {
    let (n, j) = (0.5 * spins as f64, 0.5 * twice_j as f64);
    match dj {
        0 if twice_j > 0 => (n + 1.0) / (2.0 * j * (j + 1.0)),
        -1 if twice_j >= 2 => (n + j + 1.0) / (2.0 * j * (2.0 * j + 1.0)),
        1 if twice_j + 2 <= spins => (n - j) / (2.0 * (j + 1.0) * (2.0 * j + 1.0)),
        _ => 0.0,
    }
}

/// `<j + dj, m + dm| T_dj |j, m>` of a local part, dm its shift. Zero when the final rung does not exist.
pub fn branch_element(part: LocalPart, dj: i64, rung: Rung) -> f64 {
    let Rung { j, m } = rung;
    if (m + part.shift() as f64).abs() > j + dj as f64 {
        return 0.0;
    }
    let root = |x: f64, y: f64| (x * y).max(0.0).sqrt();
    match (part, dj) {
        (LocalPart::Raise, 0) => root(j - m, j + m + 1.0),
        (LocalPart::Raise, -1) => root(j - m, j - m - 1.0),
        (LocalPart::Raise, _) => -root(j + m + 1.0, j + m + 2.0),
        (LocalPart::Lower, 0) => root(j + m, j - m + 1.0),
        (LocalPart::Lower, -1) => -root(j + m, j + m - 1.0),
        (LocalPart::Lower, _) => root(j - m + 1.0, j - m + 2.0),
        (LocalPart::Z, 0) => m,
        (LocalPart::Z, -1) => root(j + m, j - m),
        (LocalPart::Z, _) => root(j + m + 1.0, j - m + 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degeneracies_fill_the_space() {
        for spins in 1..=40 {
            let total: f64 =
                all_ladders(spins).iter().map(|&tj| degeneracy(spins, tj) * (tj as f64 + 1.0)).sum();
            assert!((total / 2f64.powi(spins as i32) - 1.0).abs() < 1e-13, "{spins}: {total}");
        }
        assert_eq!(degeneracy(4, 2), 3.0);
        assert!((ln_degeneracy(3000, 0) - (3000.0 * 2f64.ln())).abs() < 40.0);
    }

    /// `sum_dj K^dag K = N/2 -+ m` for sigma^+-, and `N/4` for sigma^z/2.
    #[test]
    fn branches_sum_to_the_number_of_available_spins() {
        for spins in 1..=7usize {
            for twice_j in all_ladders(spins) {
                for k in 0..=twice_j {
                    let x = (spins - twice_j) / 2 + k;
                    let rung = Rung::new(spins, twice_j, x);
                    let total = |part| -> f64 {
                        (-1..=1)
                            .map(|dj| {
                                let weight = branch_weight(spins, twice_j, dj);
                                if weight == 0.0 {
                                    0.0
                                } else {
                                    weight * branch_element(part, dj, rung).powi(2)
                                }
                            })
                            .sum()
                    };
                    let half = 0.5 * spins as f64;
                    assert!((total(LocalPart::Raise) - (half - rung.m)).abs() < 1e-12);
                    assert!((total(LocalPart::Lower) - (half + rung.m)).abs() < 1e-12);
                    assert!((total(LocalPart::Z) - 0.5 * half).abs() < 1e-12);
                }
            }
        }
    }
}
