//! The dense exponential against closed forms.

use num_complex::Complex64;
use proptest::prelude::*;
use superladder_dense::{Mat, expm, expm_complex};

fn assert_close(a: &Mat<f64>, exact: impl Fn(usize, usize) -> f64, tolerance: f64) {
    for j in 0..a.ncols() {
        for i in 0..a.nrows() {
            let error = (a[(i, j)] - exact(i, j)).abs();
            assert!(
                error <= tolerance * (1.0 + exact(i, j).abs()),
                "({i}, {j}): {} {}",
                a[(i, j)],
                exact(i, j)
            );
        }
    }
}

#[test]
fn nilpotent_matrices_give_polynomials() {
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    for scale in [1.0_f64, 30.0] {
        let shift = Mat::from_fn(6, 6, |i, j| if j == i + 1 { scale } else { 0.0 });
        let exact =
            |i: usize, j: usize| if j < i { 0.0 } else { scale.powi((j - i) as i32) / factorial(j - i) };
        assert_close(&expm(&shift), exact, 1e-14);
    }
}

#[test]
fn rotations_stay_rotations() {
    for angle in [0.0_f64, 0.3, 3.0, 40.0, 1000.0] {
        let generator = faer::mat![[0.0, -angle], [angle, 0.0]];
        let (s, c) = angle.sin_cos();
        assert_close(&expm(&generator), |i, j| [[c, -s], [s, c]][i][j], 1e-15 * (4.0 + angle));
    }
}

#[test]
fn diagonals_are_exponentiated_entry_by_entry() {
    let d = [0.0_f64, -1.0, 2.5, -300.0, 1e-9];
    let a = Mat::from_fn(5, 5, |i, j| if i == j { d[i] } else { 0.0 });
    assert_close(&expm(&a), |i, j| if i == j { d[i].exp() } else { 0.0 }, 1e-13);
}

#[test]
fn defective_matrices_give_their_jordan_form() {
    for l in [-2.0_f64, 0.0, 3.0] {
        let a = faer::mat![[l, 1.0, 0.0], [0.0, l, 1.0], [0.0, 0.0, l]];
        let e = l.exp();
        assert_close(&expm(&a), |i, j| if j < i { 0.0 } else { e / [1.0, 1.0, 2.0][j - i] }, 1e-14);
    }
}

#[test]
fn complex_matrices_rotate_phases() {
    let a =
        Mat::from_fn(2, 2, |i, j| if i == j { Complex64::new(0.0, 0.0) } else { Complex64::new(0.0, -2.0) });
    let u = expm_complex(&a);
    let (s, c) = 2.0_f64.sin_cos();
    for i in 0..2 {
        for j in 0..2 {
            let exact = if i == j { Complex64::new(c, 0.0) } else { Complex64::new(0.0, -s) };
            assert!((u[(i, j)] - exact).norm() < 1e-14);
        }
    }
}

#[test]
fn extreme_inputs_do_not_panic() {
    let of = |x: f64| Mat::from_fn(1, 1, |_, _| x);
    assert_eq!(expm(&Mat::zeros(0, 0)).nrows(), 0);
    assert!(expm(&of(f64::NAN))[(0, 0)].is_nan());
    assert!(expm(&of(f64::INFINITY))[(0, 0)].is_nan());
    assert_eq!(expm(&of(1e5))[(0, 0)], f64::INFINITY);
    assert_eq!(expm(&of(-1e5))[(0, 0)], 0.0);
}

proptest! {
    #[test]
    fn the_exponential_of_minus_a_is_the_inverse(entries in proptest::collection::vec(-2.0..2.0_f64, 16)) {
        let a = Mat::from_fn(4, 4, |i, j| entries[4 * i + j]);
        let b = Mat::from_fn(4, 4, |i, j| -a[(i, j)]);
        let (e, f) = (expm(&a), expm(&b));
        let product = &e * &f;
        let size = e.norm_l2() * f.norm_l2();
        for i in 0..4 {
            for j in 0..4 {
                let exact = if i == j { 1.0 } else { 0.0 };
                prop_assert!((product[(i, j)] - exact).abs() < 1e-14 * size);
            }
        }
    }
}
