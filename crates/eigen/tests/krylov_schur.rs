//! Eigenpairs against dense decompositions: complex, degenerate, defective, invariant starts, NaN, halting.
mod common;

use common::{Dense, norm, start};
use superladder_dense::eigenvalues;
use superladder_eigen::{ComplexSchur, EigenError, Eigenpairs, KrylovSchur, Wanted};

fn check(a: &Dense, found: &Eigenpairs, tolerance: f64) {
    for pair in &found.pairs {
        let (re, im) = (a.image(&pair.re), a.image(&pair.im));
        let (l, w) = (pair.value.re, pair.value.im);
        let rest: Vec<f64> = (0..a.dim)
            .flat_map(|i| {
                let (x, y) = (pair.re[i], pair.im[i]);
                [re[i] - l * x + w * y, im[i] - l * y - w * x]
            })
            .collect();
        assert!(norm(&rest) < tolerance, "{:?}: {:e}", pair.value, norm(&rest));
        let length = norm(&[norm(&pair.re), norm(&pair.im)]);
        assert!((length - 1.0).abs() < 1e-9);
    }
}

#[test]
fn extreme_pairs_are_those_of_the_dense_matrix() {
    let a = Dense::random(90, 0.3);
    let mut dense = eigenvalues(&a.a, 90);
    for wanted in [Wanted::Rightmost, Wanted::LargestModulus] {
        if wanted == Wanted::LargestModulus {
            dense.sort_by(|a, b| b.norm().total_cmp(&a.norm()));
        }
        let solver = KrylovSchur { wanted, ..KrylovSchur::default() };
        let found = solver.solve(&a, None, &mut |_, _| true).expect("converges");
        assert!(found.pairs.len() >= 6 && found.applications > 30);
        for (pair, expected) in found.pairs.iter().zip(&dense) {
            let nearest = dense.iter().map(|z| (z - pair.value).norm()).fold(9.0, f64::min);
            assert!(
                nearest < 1e-9 && (pair.value.re - expected.re).abs() < 1e-8,
                "{:?} {expected}",
                pair.value
            );
        }
        check(&a, &found, 1e-8);
    }
}

/// Block diagonal with the eigenvalue 3 three times, hidden by a similarity.
#[test]
fn degenerate_eigenvalues_are_found_as_often_as_they_occur_where_the_subspace_closes() {
    let mut values = vec![3.0; 3];
    values.extend([2.0, 1.0, 0.5]);
    let a = Dense::diagonal(&values).hidden();
    let solver = KrylovSchur { count: 4, dimension: 6, ..KrylovSchur::default() };
    let found = solver.solve(&a, None, &mut |_, _| true).expect("converges");
    let three = found.pairs.iter().filter(|p| (p.value.re - 3.0).abs() < 1e-9).count();
    assert_eq!(three, 3, "{:?}", found.pairs.iter().map(|p| p.value).collect::<Vec<_>>());
    check(&a, &found, 1e-9);
}

#[test]
fn a_defective_eigenvalue_is_found_to_the_root_of_rounding() {
    let jordan = Dense::from_fn(40, |i, j| {
        let value = if i < 2 { 2.0 } else { 1.0 - i as f64 / 40.0 };
        if i == j { value } else { f64::from(i == 0 && j == 1) }
    });
    let a = jordan.hidden();
    let solver = KrylovSchur { count: 2, dimension: 20, ..KrylovSchur::default() };
    let found = solver.solve(&a, None, &mut |_, _| true).expect("converges");
    for pair in &found.pairs[..2] {
        assert!((pair.value - 2.0).norm() < 1e-6, "{:?}", pair.value);
    }
    check(&a, &found, 1e-6);
}

#[test]
fn an_invariant_start_vector_does_not_end_the_search() {
    let values: Vec<f64> = (0..50).map(|i| 5.0 - 0.1 * f64::from(i)).collect();
    let a = Dense::diagonal(&values);
    let mut start = vec![0.0; 50];
    start[20] = 2.0;
    let solver = KrylovSchur { count: 3, ..KrylovSchur::default() };
    let found = solver.solve(&a, Some(&start), &mut |_, _| true).expect("converges");
    for (pair, expected) in found.pairs.iter().zip([5.0, 4.9, 4.8]) {
        assert!((pair.value.re - expected).abs() < 1e-9, "{:?}", pair.value);
    }
    let zero = solver.solve(&a, Some(&[0.0; 50]), &mut |_, _| true).expect("a start of its own");
    assert!((zero.pairs[0].value.re - 5.0).abs() < 1e-9);
}

#[test]
fn faults_and_halts_are_errors() {
    let solver = KrylovSchur::default();
    let nan = Dense::from_fn(40, |i, j| if i == 3 && j == 5 { f64::NAN } else { f64::from(i == j) });
    let found = solver.solve(&nan, Some(&start(40)), &mut |_, _| true);
    assert!(matches!(found, Err(EigenError::NonFinite { .. })), "{found:?}");
    let found = solver.solve(&nan, Some(&[f64::NAN; 40]), &mut |_, _| true);
    assert!(matches!(found, Err(EigenError::NonFinite { .. })), "{found:?}");
    let a = Dense::random(60, 0.1);
    let mut polled = 0;
    let found = solver.solve(&a, None, &mut |_, _| {
        polled += 1;
        polled <= 33
    });
    assert_eq!(found, Err(EigenError::Interrupted { algorithm: "krylov-schur", iterations: 33 }));
    let short = KrylovSchur { max_restarts: 1, dimension: 8, tolerance: 1e-14, ..KrylovSchur::default() };
    let found = short.solve(&a, None, &mut |_, _| true);
    assert!(matches!(found, Err(EigenError::NotConverged { .. })), "{found:?}");
}

#[test]
fn an_iteration_allocates_nothing() {
    let a = Dense::random(100, 0.7);
    let cost = |last: u64| {
        let solver = KrylovSchur { dimension: 60, ..KrylovSchur::default() };
        let solve = || drop(solver.solve(&a, None, &mut |iterations, _| iterations < last));
        allocation_counter::measure(solve).count_total
    };
    assert_eq!(cost(5), cost(50));
}

#[test]
fn the_schur_form_is_one_and_keeps_the_order_that_was_asked_for() {
    let a = Dense::random(30, 1.7);
    let mut schur = ComplexSchur::of_real(&a.a, 30).expect("converges");
    schur.order(|z| -z.re);
    let values = schur.values();
    let dense = eigenvalues(&a.a, 30);
    for k in 0..30 {
        assert!(k == 0 || values[k - 1].re >= values[k].re - 1e-12);
        assert!(dense.iter().any(|z| (z - values[k]).norm() < 1e-11), "{}", values[k]);
        let x = schur.eigenvector(k);
        for i in 0..30 {
            let image: num_complex::Complex64 = (0..30).map(|j| x[j] * a.a[i * 30 + j]).sum();
            assert!((image - values[k] * x[i]).norm() < 1e-11);
        }
    }
    assert!(ComplexSchur::of_real(&[f64::NAN], 1).is_none());
}
