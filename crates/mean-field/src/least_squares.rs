//! Least squares of the few unknowns of mean field.

/// Least squares `min |rows x - right|` by the normal equations: enough for Newton steps, which correct
/// themselves. It keeps its buffers, so that the many small systems of a map cost no allocation.
#[derive(Debug)]
pub(crate) struct LeastSquares {
    n: usize,
    /// Lower half of `rows^T rows`, row-major.
    normal: Vec<f64>,
    right: Vec<f64>,
}

impl LeastSquares {
    /// For `n` unknowns, without rows.
    pub(crate) fn new(n: usize) -> Self {
        Self { n, normal: vec![0.0; n * n], right: vec![0.0; n] }
    }

    /// Forgets all rows.
    pub(crate) fn clear(&mut self) {
        self.normal.fill(0.0);
        self.right.fill(0.0);
    }

    /// Adds the equation `row . x = right`.
    pub(crate) fn add(&mut self, row: &[f64], right: f64) {
        for (i, x) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            self.right[i] += x * right;
            let normal = &mut self.normal[i * self.n..=i * self.n + i];
            normal.iter_mut().zip(row).for_each(|(a, y)| *a += x * y);
        }
    }

    /// The solution by Cholesky's decomposition, which replaces the rows. Directions that the rows leave open
    /// get a ridge of rounding size. `None` if it is not finite.
    pub(crate) fn solve(&mut self) -> Option<&[f64]> {
        let (n, a) = (self.n, &mut self.normal);
        let ridge = 1e-15 * (0..n).map(|i| a[i * n + i]).fold(f64::MIN_POSITIVE, f64::max);
        for i in 0..n {
            for k in 0..=i {
                let known: f64 = (0..k).map(|l| a[i * n + l] * a[k * n + l]).sum();
                let rest = a[i * n + k] - known;
                a[i * n + k] = if k < i { rest / a[k * n + k] } else { (rest + ridge).max(ridge).sqrt() };
            }
        }
        let x = &mut self.right;
        for i in 0..n {
            let known: f64 = (0..i).map(|l| a[i * n + l] * x[l]).sum();
            x[i] = (x[i] - known) / a[i * n + i];
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|l| a[l * n + i] * x[l]).sum();
            x[i] = (x[i] - known) / a[i * n + i];
        }
        x.iter().all(|x| x.is_finite()).then_some(x.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved_in_the_sense_of_least_squares() {
        let mut system = LeastSquares::new(2);
        system.add(&[0.0, 2.0], 2.0);
        system.add(&[1.0, 1.0], 3.0);
        let x = system.solve().unwrap();
        assert!((x[0] - 2.0).abs() < 1e-13 && (x[1] - 1.0).abs() < 1e-13, "{x:?}");
        // Three equations for a mean; then one equation that leaves a direction open.
        system.clear();
        for y in [1.0, 2.0, 6.0] {
            system.add(&[1.0, 0.0], y);
        }
        system.add(&[0.0, 1.0], 0.0);
        assert!((system.solve().unwrap()[0] - 3.0).abs() < 1e-14);
        system.clear();
        system.add(&[1.0, 1.0], 2.0);
        let x = system.solve().unwrap();
        assert!((x[0] + x[1] - 2.0).abs() < 1e-9, "{x:?}");
        system.clear();
        system.add(&[f64::NAN, 1.0], 2.0);
        assert!(system.solve().is_none());
    }
}
