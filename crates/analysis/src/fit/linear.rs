//! Small positive definite systems: at most three parameters of a curve and its scatter.

/// Largest number of unknowns.
pub(super) const SIZE: usize = 4;
/// Unknowns; those beyond the size in use are 0.
pub(super) type Vector = [f64; SIZE];
/// A symmetric matrix, by rows.
pub(super) type Matrix = [Vector; SIZE];

/// Lower Cholesky factor of the leading block of `size`, scaled to a unit diagonal; none where it is not
/// positive definite.
fn cholesky(matrix: &Matrix, size: usize) -> Option<(Matrix, Vector)> {
    let mut scale = [1.0; SIZE];
    for k in 0..size {
        scale[k] = matrix[k][k].sqrt();
        if !(scale[k] > 0.0 && scale[k].is_finite()) {
            return None;
        }
    }
    let mut lower = Matrix::default();
    for i in 0..size {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest = matrix[i][j] / (scale[i] * scale[j]) - inner;
            lower[i][j] = if i == j { rest.sqrt() } else { rest / lower[j][j] };
        }
        if lower[i][i].is_nan() || lower[i][i] <= 1e-7 {
            return None;
        }
    }
    Some((lower, scale))
}

/// Solution of the leading block of `size`; none where it is not positive definite.
pub(super) fn solve(matrix: &Matrix, right: &Vector, size: usize) -> Option<Vector> {
    let (lower, scale) = cholesky(matrix, size)?;
    let mut x = Vector::default();
    for i in 0..size {
        let inner: f64 = (0..i).map(|k| lower[i][k] * x[k]).sum();
        x[i] = (right[i] / scale[i] - inner) / lower[i][i];
    }
    for i in (0..size).rev() {
        let inner: f64 = (i + 1..size).map(|k| lower[k][i] * x[k]).sum();
        x[i] = (x[i] - inner) / lower[i][i];
    }
    (0..size).for_each(|i| x[i] /= scale[i]);
    x.iter().all(|x| x.is_finite()).then_some(x)
}

/// Inverse of the leading block of `size`, zero elsewhere; none where it is not positive definite.
pub(super) fn inverse(matrix: &Matrix, size: usize) -> Option<Matrix> {
    let mut result = Matrix::default();
    for k in 0..size {
        let mut unit = Vector::default();
        unit[k] = 1.0;
        result[k] = solve(matrix, &unit, size)?;
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_of_very_different_scales_is_solved() {
        let matrix = [[4e12, 2.0, 0.0, 0.0], [2.0, 2e-12, 0.0, 0.0], [0.0; 4], [0.0; 4]];
        let x = solve(&matrix, &[6.0, 4e-12, 0.0, 0.0], 2).expect("positive definite");
        // Scaled by (1e6, 1e-6): [[4, 2], [2, 2]] y = [6e-6, 4e-6], y = (1, 1) 1e-6.
        assert!((x[0] * 1e12 - 1.0).abs() < 1e-12 && (x[1] - 1.0).abs() < 1e-12, "{x:?}");
        let product = inverse(&matrix, 2).expect("positive definite");
        assert!((product[0][0] - 0.5e-12).abs() < 1e-24 && (product[0][1] + 0.5).abs() < 1e-12);
        assert_eq!(
            solve(&[[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.0; 4], [0.0; 4]], &[1.0; 4], 2),
            None
        );
    }
}
