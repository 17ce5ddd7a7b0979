//! Small dense real matrices: linear systems and eigenvalues of the few unknowns of mean field.

use faer::Mat;
use faer::linalg::solvers::Solve;
use num_complex::Complex64;

/// Solves `a x = b` by elimination with partial pivoting. `None` for a singular matrix.
fn solve(a: &Mat<f64>, b: &Mat<f64>) -> Option<Vec<f64>> {
    let x = a.partial_piv_lu().solve(b);
    let x: Vec<f64> = (0..x.nrows()).map(|i| x[(i, 0)]).collect();
    x.iter().all(|x| x.is_finite()).then_some(x)
}

/// The x that minimises `|rows x - right|`, by normal equations: enough for Newton steps, which correct themselves.
pub(crate) fn least_squares(rows: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    let n = rows.first()?.len();
    let mut a = Mat::zeros(n, n);
    let mut b = Mat::zeros(n, 1);
    for (row, y) in rows.iter().zip(right) {
        for i in 0..n {
            b[(i, 0)] += row[i] * y;
            for k in 0..n {
                a[(i, k)] += row[i] * row[k];
            }
        }
    }
    let ridge = 1e-15 * (0..n).map(|i| a[(i, i)]).fold(0.0, f64::max);
    (0..n).for_each(|i| a[(i, i)] += ridge);
    solve(&a, &b)
}

/// Eigenvalues of a real row-major matrix, largest real part first; NaN where the iteration does not converge.
pub fn eigenvalues(matrix: &[f64], n: usize) -> Vec<Complex64> {
    let matrix = Mat::from_fn(n, n, |i, k| matrix[i * n + k]);
    let nan = Complex64::new(f64::NAN, f64::NAN);
    let mut values = matrix.eigenvalues().unwrap_or_else(|_| vec![nan; n]);
    values.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    values
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
        let x = solve(&faer::mat![[0., 2.], [1., 1.]], &faer::mat![[2.], [3.]]).unwrap();
        assert!((x[0] - 2.0).abs() < 1e-15 && (x[1] - 1.0).abs() < 1e-15);
        assert!(solve(&faer::mat![[1., 1.], [1., 1.]], &faer::mat![[1.], [2.]]).is_none());
    }
}
