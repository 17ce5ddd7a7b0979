//! Small dense real matrices: linear systems and eigenvalues of the few unknowns of mean field.

use num_complex::Complex64;

/// Solves `a x = b` by Gaussian elimination with partial pivoting; `a` is row-major. `None` if a pivot vanishes.
pub(crate) fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|x, y| a[x * n + k].abs().total_cmp(&a[y * n + k].abs()))?;
        let regular = a[pivot * n + k].abs() > 1e-300;
        if !regular {
            return None;
        }
        for c in 0..n {
            a.swap(k * n + c, pivot * n + c);
        }
        b.swap(k, pivot);
        for r in k + 1..n {
            let factor = a[r * n + k] / a[k * n + k];
            for c in k..n {
                a[r * n + c] -= factor * a[k * n + c];
            }
            b[r] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        let sum: f64 = (k + 1..n).map(|c| a[k * n + c] * b[c]).sum();
        b[k] = (b[k] - sum) / a[k * n + k];
    }
    Some(b)
}

/// The x that minimises `|rows x - right|`, by normal equations: enough for Newton steps, which correct themselves.
pub(crate) fn least_squares(rows: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    let n = rows.first()?.len();
    let mut a = vec![0.0; n * n];
    let mut b = vec![0.0; n];
    for (row, y) in rows.iter().zip(right) {
        for i in 0..n {
            b[i] += row[i] * y;
            for k in 0..n {
                a[i * n + k] += row[i] * row[k];
            }
        }
    }
    let ridge = 1e-15 * (0..n).map(|i| a[i * n + i]).fold(0.0, f64::max);
    (0..n).for_each(|i| a[i * n + i] += ridge);
    solve(a, b)
}

/// Eigenvalues of a real row-major matrix, largest real part first: complex QR iteration with Wilkinson shifts on the
/// Hessenberg form (G. H. Golub, C. F. Van Loan, Matrix Computations, 4th ed., section 7.5).
pub fn eigenvalues(matrix: &[f64], n: usize) -> Vec<Complex64> {
    let mut h: Vec<Complex64> = matrix.iter().map(|x| Complex64::from(*x)).collect();
    hessenberg(&mut h, n);
    let scale = h.iter().map(|z| z.norm()).fold(f64::MIN_POSITIVE, f64::max);
    let mut values = Vec::with_capacity(n);
    let mut end = n;
    let mut sweeps = 0;
    while end > 0 {
        if end == 1 {
            values.push(h[0]);
            break;
        }
        let small = |h: &[Complex64], k: usize| {
            let size = (h[(k - 1) * n + k - 1].norm() + h[k * n + k].norm()).max(1e-3 * scale);
            h[k * n + k - 1].norm() <= f64::EPSILON * size
        };
        if small(&h, end - 1) {
            values.push(h[(end - 1) * n + end - 1]);
            end -= 1;
            sweeps = 0;
            continue;
        }
        let start = (1..end).rev().find(|k| small(&h, *k)).unwrap_or(0);
        sweeps += 1;
        let shift = if sweeps % 11 == 10 {
            h[(end - 1) * n + end - 1] + h[(end - 1) * n + end - 2].norm()
        } else {
            wilkinson(&h, n, end)
        };
        qr_sweep(&mut h, n, start, end, shift);
        if sweeps > 1000 {
            values.extend((0..end).map(|_| Complex64::new(f64::NAN, f64::NAN)));
            break;
        }
    }
    values.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    values
}

fn hessenberg(h: &mut [Complex64], n: usize) {
    for k in 0..n.saturating_sub(2) {
        let pivot = (k + 1..n).max_by(|x, y| h[x * n + k].norm().total_cmp(&h[y * n + k].norm()));
        let Some(pivot) = pivot.filter(|p| h[p * n + k].norm() > 0.0) else { continue };
        for c in 0..n {
            h.swap((k + 1) * n + c, pivot * n + c);
        }
        for r in 0..n {
            h.swap(r * n + k + 1, r * n + pivot);
        }
        for r in k + 2..n {
            let factor = h[r * n + k] / h[(k + 1) * n + k];
            for c in 0..n {
                let above = h[(k + 1) * n + c];
                h[r * n + c] -= factor * above;
            }
            for row in 0..n {
                let right = h[row * n + r];
                h[row * n + k + 1] += factor * right;
            }
        }
    }
}

/// The eigenvalue of the last 2 x 2 block nearest its last element.
fn wilkinson(h: &[Complex64], n: usize, end: usize) -> Complex64 {
    let (a, b) = (h[(end - 2) * n + end - 2], h[(end - 2) * n + end - 1]);
    let (c, d) = (h[(end - 1) * n + end - 2], h[(end - 1) * n + end - 1]);
    let middle = (a + d) / 2.0;
    let root = ((a - d) * (a - d) / 4.0 + b * c).sqrt();
    let (x, y) = (middle + root, middle - root);
    if (x - d).norm() < (y - d).norm() { x } else { y }
}

fn qr_sweep(h: &mut [Complex64], n: usize, start: usize, end: usize, shift: Complex64) {
    for i in start..end {
        h[i * n + i] -= shift;
    }
    let mut rotations = Vec::with_capacity(end - start);
    for k in start..end - 1 {
        let (x, y) = (h[k * n + k], h[(k + 1) * n + k]);
        let length = x.norm().hypot(y.norm());
        let (c, s) = if length > 0.0 { (x / length, y / length) } else { (Complex64::ONE, Complex64::ZERO) };
        for col in k..end {
            let (u, v) = (h[k * n + col], h[(k + 1) * n + col]);
            h[k * n + col] = c.conj() * u + s.conj() * v;
            h[(k + 1) * n + col] = -s * u + c * v;
        }
        rotations.push((k, c, s));
    }
    for (k, c, s) in rotations {
        for row in start..(k + 2).min(end) {
            let (u, v) = (h[row * n + k], h[row * n + k + 1]);
            h[row * n + k] = u * c + v * s;
            h[row * n + k + 1] = -u * s.conj() + v * c.conj();
        }
    }
    for i in start..end {
        h[i * n + i] += shift;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_of_a_companion_matrix_are_its_roots() {
        // (x - 1)(x + 2)(x^2 + 9) = x^4 + x^3 + 7 x^2 + 9 x - 18
        let matrix = [0., 0., 0., 18., 1., 0., 0., -9., 0., 1., 0., -7., 0., 0., 1., -1.];
        let found = eigenvalues(&matrix, 4);
        let roots = [(1.0, 0.0), (0.0, 3.0), (0.0, -3.0), (-2.0, 0.0)];
        for (re, im) in roots {
            let nearest = found.iter().map(|z| (z - Complex64::new(re, im)).norm()).fold(9.0, f64::min);
            assert!(nearest < 1e-13, "{found:?}");
        }
    }

    #[test]
    fn linear_systems_are_solved() {
        let x = solve(vec![0., 2., 1., 1.], vec![2., 3.]).unwrap();
        assert!((x[0] - 2.0).abs() < 1e-15 && (x[1] - 1.0).abs() < 1e-15);
        assert!(solve(vec![1., 1., 1., 1.], vec![1., 2.]).is_none());
    }
}
