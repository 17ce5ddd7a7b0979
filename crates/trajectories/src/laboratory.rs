//! Back from the moving frames: reduced density matrices in the basis of the laboratory.

use num_complex::Complex64;
use superladder_space::Axis;

use crate::basis::{Basis, Window};
use crate::frame::Frame;
use crate::rotation::{Rotation, RotationScratch};
use crate::trajectory::Snapshot;
use crate::vector::Vector;

/// Levels above the last one that is asked for, so that a displaced state is not reflected there: as many as
/// the displaced levels reach.
fn room(alpha: Complex64, highest: i64, levels: usize) -> usize {
    let top = (alpha.norm() + (highest as f64).sqrt() + 6.0).powi(2).ceil() as usize;
    top.max(levels) + 8
}

/// Normalised reduced density matrix of a subsystem, row-major, on its `levels` lowest levels of the
/// laboratory; exact there whatever the frame.
pub(crate) fn density(snapshot: Snapshot<'_>, axis: usize, levels: usize) -> Vec<Complex64> {
    let Snapshot { basis, psi, square } = snapshot;
    let window = basis.windows[axis];
    let columns = columns(basis, axis, levels);
    let inside = reduced(basis, axis, psi);
    let mut rho = vec![Complex64::ZERO; levels * levels];
    // T rho T^dag, first T rho.
    let mut half = vec![Complex64::ZERO; levels * window.len];
    for (k, column) in columns.iter().enumerate() {
        for (n, t) in column.iter().enumerate() {
            for l in 0..window.len {
                half[n * window.len + l] += t * inside[k * window.len + l];
            }
        }
    }
    for row in 0..levels {
        for (l, column) in columns.iter().enumerate() {
            let value = half[row * window.len + l] / square;
            for (n, t) in column.iter().enumerate() {
                rho[row * levels + n] += value * t.conj();
            }
        }
    }
    rho
}

/// `sum_rest psi(k, rest) conj psi(l, rest)` in the frame.
fn reduced(basis: &Basis, axis: usize, psi: &Vector) -> Vec<Complex64> {
    let grid = basis.grid(axis);
    let mut rho = vec![Complex64::ZERO; grid.len * grid.len];
    for outer in 0..grid.outer {
        for k in 0..grid.len {
            for l in 0..grid.len {
                let (a, b) = ((outer * grid.len + k) * grid.inner, (outer * grid.len + l) * grid.inner);
                let sum: Complex64 = (0..grid.inner).map(|i| psi.get(a + i) * psi.get(b + i).conj()).sum();
                rho[k * grid.len + l] += sum;
            }
        }
    }
    rho
}

/// The levels of a window, each as its amplitudes on the `levels` lowest levels of the laboratory.
fn columns(basis: &Basis, axis: usize, levels: usize) -> Vec<Vec<Complex64>> {
    let (ladder, window) = (basis.axes[axis], basis.windows[axis]);
    let (wide, rotation, angles) = match (basis.frames[axis], ladder) {
        (Frame::Displaced(alpha), Axis::Fock { .. }) => {
            (room(alpha, window.end(), levels), Rotation { beta: alpha }, [0.0; 2])
        }
        (Frame::Rotated(q), _) => {
            let [phi, theta, chi] = euler(q);
            (ladder.levels(), Rotation { beta: Complex64::from(-0.5 * theta) }, [phi, chi])
        }
        (Frame::Displaced(_), _) => (ladder.levels(), Rotation { beta: Complex64::ZERO }, [0.0; 2]),
    };
    let first = Window { low: 0, len: window.len };
    let whole = Window { low: 0, len: wide };
    let columns = Axis::Fock { levels: Axis::UNBOUNDED };
    let still = Frame::Displaced(Complex64::ZERO);
    // The levels of the window run fastest, so that they are rotated side by side.
    let table = Basis { axes: vec![ladder, columns], frames: vec![still; 2], windows: vec![whole, first] };
    let mut psi = Vector::default();
    psi.clear(window.len * wide);
    let phase = |angle: f64, k: usize| Complex64::from_polar(1.0, -angle * k as f64);
    for k in 0..window.len {
        let level = window.low as usize + k;
        psi.set(level * window.len + k, phase(angles[1], level));
    }
    if rotation.beta != Complex64::ZERO {
        rotation.apply(&table, 0, &mut psi, &mut RotationScratch::default());
    }
    let column =
        |k: usize| (0..levels.min(wide)).map(|n| phase(angles[0], n) * psi.get(n * window.len + k)).collect();
    (0..window.len).map(column).collect()
}

/// `(phi, theta, chi)` of a rotation `R_z(phi) R_y(theta) R_z(chi)`.
fn euler(q: [[f64; 3]; 3]) -> [f64; 3] {
    let across = q[0][2].hypot(q[1][2]);
    let theta = across.atan2(q[2][2]);
    if across < 1e-14 {
        return [(-q[0][1]).atan2(q[1][1]), theta, 0.0];
    }
    [q[1][2].atan2(q[0][2]), theta, q[2][1].atan2(-q[2][0])]
}
