//! The moving basis of a subsystem: what the factors of operators are in it.
//!
//! ```text
//! mode: the origin of phase space moves        ensemble: -z' points along the mean spin
//!
//!   Im                                              z      z'
//!    |      . b = 0: the state                      |     /
//!    |     /                                        |    /  theta: U = exp(-i phi S^z) exp(-i theta S^y)
//!    |    / alpha                                   |   /
//!    |   /                                          |  /
//!    |__/__________ Re                              | /_______ x      column j of Q: axis j of the frame
//!   a = alpha + b                                   S_i = sum_j Q_ij S'_j
//! ```
//! In both the state is near the lowest level, `b |0> = 0` or `S'^- |-j> = 0`, so that few levels hold it.

use num_complex::Complex64;
use superladder_model::{Factor, Subsystem};

/// How the basis of a subsystem lies in the laboratory. Any frame is exact: it is a unitary change of basis,
/// and every factor becomes a linear combination of the factors of the frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Frame {
    /// `a = alpha + b`: `|psi> = D(alpha) |psi'>`.
    Displaced(Complex64),
    /// `S_i = sum_j Q_ij S'_j` with a rotation Q: `|psi> = U |psi'>`, `U^dag S_i U = sum_j Q_ij S_j`.
    Rotated([[f64; 3]; 3]),
}

/// `constant + lower A^- + z S^z + raise A^+` on the levels of one subsystem.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Linear {
    pub(crate) constant: Complex64,
    pub(crate) lower: Complex64,
    pub(crate) z: Complex64,
    pub(crate) raise: Complex64,
}

const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

impl Frame {
    /// The laboratory.
    pub(crate) fn at_rest(subsystem: Subsystem) -> Self {
        match subsystem {
            Subsystem::Mode(_) => Self::Displaced(Complex64::ZERO),
            Subsystem::Ensemble(_) => Self::Rotated(IDENTITY),
        }
    }

    /// The frame whose z axis points along `(theta, phi)`: `U = exp(-i phi S^z) exp(-i theta S^y)`, so that
    /// the spin-coherent state of these angles is its lowest level.
    pub(crate) fn along(theta: f64, phi: f64) -> Self {
        let ((st, ct), (sp, cp)) = (theta.sin_cos(), phi.sin_cos());
        Self::Rotated([[cp * ct, -sp, cp * st], [sp * ct, cp, sp * st], [-st, 0.0, ct]])
    }

    /// A factor of the laboratory in this frame.
    pub(crate) fn factor(&self, factor: Factor) -> Linear {
        let one = Complex64::ONE;
        match (*self, factor) {
            (Self::Displaced(alpha), Factor::Create(_)) => {
                Linear { constant: alpha.conj(), raise: one, ..Linear::default() }
            }
            (Self::Displaced(alpha), _) => Linear { constant: alpha, lower: one, ..Linear::default() },
            (Self::Rotated(_), Factor::Raise(_)) => self.vector(one, Complex64::ZERO, Complex64::ZERO),
            (Self::Rotated(_), Factor::Lower(_)) => self.vector(Complex64::ZERO, one, Complex64::ZERO),
            (Self::Rotated(_), _) => self.vector(Complex64::ZERO, Complex64::ZERO, one),
        }
    }

    /// `raise S^+ + lower S^- + z S^z` of the laboratory in this frame; the same holds for every vector
    /// operator, such as the three parts of a branch of a local jump.
    pub(crate) fn vector(&self, raise: Complex64, lower: Complex64, z: Complex64) -> Linear {
        let Self::Rotated(q) = self else {
            return Linear { constant: Complex64::ZERO, lower, z, raise };
        };
        if *q == IDENTITY {
            return Linear { constant: Complex64::ZERO, lower, z, raise };
        }
        // Along the axes: raise S^+ + lower S^- = (raise + lower) S^x + i (raise - lower) S^y.
        let along = [raise + lower, Complex64::I * (raise - lower), z];
        let component = |j: usize| (0..3).map(|i| along[i] * q[i][j]).sum::<Complex64>();
        let (x, y) = (component(0), component(1));
        Linear {
            constant: Complex64::ZERO,
            lower: 0.5 * (x + Complex64::I * y),
            z: component(2),
            raise: 0.5 * (x - Complex64::I * y),
        }
    }

    /// The frame displaced by `delta` in addition.
    pub(crate) fn displaced(self, delta: Complex64) -> Self {
        match self {
            Self::Displaced(alpha) => Self::Displaced(alpha + delta),
            rotated @ Self::Rotated(_) => rotated,
        }
    }

    /// `U V` for a rotation V by `angle` about `(cos direction, sin direction, 0)` of the frame.
    pub(crate) fn rotated(self, angle: f64, direction: f64) -> Self {
        let Self::Rotated(q) = self else { return self };
        let ((s, c), (y, x)) = (angle.sin_cos(), direction.sin_cos());
        let v = 1.0 - c;
        let about =
            [[c + x * x * v, x * y * v, y * s], [x * y * v, c + y * y * v, -x * s], [-y * s, x * s, c]];
        let product = |i: usize, j: usize| (0..3).map(|k| q[i][k] * about[k][j]).sum();
        Self::Rotated(orthonormal(std::array::from_fn(|i| std::array::from_fn(|j| product(i, j)))))
    }
}

/// Rounding of many products removed: rows made orthogonal unit vectors again.
fn orthonormal(mut q: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let dot = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let unit = |a: [f64; 3]| a.map(|x| x / dot(&a, &a).sqrt());
    q[0] = unit(q[0]);
    let overlap = dot(&q[0], &q[1]);
    let upright: [f64; 3] = std::array::from_fn(|i| q[1][i] - overlap * q[0][i]);
    q[1] = unit(upright);
    let [a, b, _] = q;
    q[2] = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_frame_knows_the_components_of_the_spin() {
        let (theta, phi) = (0.8f64, -1.3f64);
        let frame = Frame::along(theta, phi);
        // <S> in the lowest level of the frame is -j along (theta, phi).
        let mean = |l: Linear| -0.5 * l.z;
        let plus = mean(frame.factor(Factor::Raise(0)));
        let expected = Complex64::from_polar(-0.5 * theta.sin(), phi);
        assert!((plus - expected).norm() < 1e-15);
        assert!((mean(frame.factor(Factor::Sz(0))).re + 0.5 * theta.cos()).abs() < 1e-15);
    }

    #[test]
    fn rotations_about_one_axis_add_up() {
        let twice = Frame::along(0.3, 0.2).rotated(0.4, 0.9).rotated(0.25, 0.9);
        let (Frame::Rotated(a), Frame::Rotated(b)) = (twice, Frame::along(0.3, 0.2).rotated(0.65, 0.9))
        else {
            panic!("rotations")
        };
        let difference = a.iter().flatten().zip(b.iter().flatten()).map(|(x, y)| (x - y).abs());
        assert!(difference.fold(0.0, f64::max) < 1e-15);
    }
}
