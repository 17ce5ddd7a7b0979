//! Kernels of known dimension, limits of what decays, and resolvents against dense inverses.
mod common;

use common::{Dense, norm, start};
use num_complex::Complex64;
use superladder_eigen::{ComplexFunctional, EigenError, Identity, NullVectors, ProjectedResolvent};

/// A generator with a kernel of dimension `kernel`; the rest decays and oscillates.
fn generator(dim: usize, kernel: usize) -> Dense {
    let plain = Dense::from_fn(dim, |i, j| match (i, j) {
        _ if i < kernel || j < kernel => 0.0,
        _ if i == j => -0.2 - (i / 2) as f64 * 0.1,
        _ if i / 2 == j / 2 && i > j => 1.0,
        _ if i / 2 == j / 2 => -1.0,
        _ => 0.0,
    });
    plain.hidden()
}

#[test]
fn kernels_are_found_with_their_dimension_from_both_sides() {
    for kernel in [1, 2, 3] {
        let a = generator(40, kernel);
        let right = NullVectors::default().find(&a, &Identity(40), None, &mut |_, _| true).expect("found");
        let left = NullVectors::default();
        let left = left.find(&a.transposed(), &Identity(40), None, &mut |_, _| true).expect("found");
        assert_eq!([right.vectors.len(), left.vectors.len()], [kernel; 2]);
        assert!(right.complete && left.complete);
        right.vectors.iter().for_each(|v| assert!(norm(&a.image(v)) < 1e-9));
        // The limit of exp(A t) x, by repeated squaring of a dense exponential.
        let x = start(40);
        let limit = right.limit(&left, &x).expect("not defective");
        let matrix = superladder_dense::Mat::from_fn(40, 40, |i, j| 20.0 * a.a[i * 40 + j]);
        let mut power = superladder_dense::expm(&matrix);
        for _ in 0..5 {
            power = superladder_dense::squared(&power);
        }
        for i in 0..40 {
            let expected: f64 = (0..40).map(|j| power[(i, j)] * x[j]).sum();
            assert!((limit[i] - expected).abs() < 1e-8, "{i}: {} {expected}", limit[i]);
        }
    }
}

#[test]
fn an_invertible_operator_has_no_null_vector_and_a_defective_zero_no_limit() {
    let a = generator(20, 0);
    let found = NullVectors::default().find(&a, &Identity(20), None, &mut |_, _| true).expect("no fault");
    assert!(found.vectors.is_empty() && found.complete);
    let jordan =
        Dense::from_fn(12, |i, j| if i == j && i > 1 { -1.0 } else { f64::from(i == 0 && j == 1) }).hidden();
    let search = NullVectors::default();
    let right = search.find(&jordan, &Identity(12), None, &mut |_, _| true);
    let left = search.find(&jordan.transposed(), &Identity(12), None, &mut |_, _| true);
    if let (Ok(right), Ok(left)) = (right, left) {
        assert_eq!(right.vectors.len(), 1);
        assert!(right.limit(&left, &start(12)).is_none());
    }
}

#[test]
fn a_start_is_used_and_faults_are_errors() {
    let a = generator(30, 1);
    let search = NullVectors::default();
    let once = search.find(&a, &Identity(30), None, &mut |_, _| true).expect("found");
    let most = NullVectors { most: 1, ..NullVectors::default() };
    let again = most.find(&a, &Identity(30), Some(&once.vectors[0]), &mut |_, _| true).expect("found");
    assert_eq!((again.iterations, again.vectors.len(), again.complete), (0, 1, false));
    let halted = search.find(&a, &Identity(30), None, &mut |_, _| false);
    assert!(matches!(halted, Err(EigenError::Interrupted { .. })));
    let nan = Dense::diagonal(&[f64::NAN, 1.0]);
    let found = search.find(&nan, &Identity(2), None, &mut |_, _| true);
    assert!(matches!(found, Err(EigenError::NonFinite { .. })), "{found:?}");
}

#[test]
fn resolvents_are_those_of_the_dense_inverse() {
    let (dim, a) = (60, generator(60, 0));
    let b = start(dim);
    let weights = ComplexFunctional { re: (0..dim).map(|i| (i as f64).cos()).collect(), im: vec![0.5; dim] };
    let room = 46;
    let mut resolvent = ProjectedResolvent::new(&b, vec![weights.clone()], room).expect("fits");
    let cost = |resolvent: &mut ProjectedResolvent, size: usize| {
        let grow = || resolvent.grow(&a, size, &mut |_, _| true).expect("finite");
        allocation_counter::measure(grow).count_total
    };
    assert_eq!([cost(&mut resolvent, 10), cost(&mut resolvent, room)], [0, 0]);
    let mut out = [Complex64::ZERO];
    for w in [-1.5, 0.0, 0.4, 1.0, 30.0] {
        let residual = resolvent.evaluate(Complex64::new(0.0, w), &mut out);
        // (i w - A) x = b as a real system of twice the size.
        let double = Dense::from_fn(2 * dim, |i, j| match (i < dim, j < dim) {
            (true, true) => -a.a[i * dim + j],
            (false, false) => -a.a[(i - dim) * dim + j - dim],
            (true, false) => {
                if j - dim == i {
                    -w
                } else {
                    0.0
                }
            }
            (false, true) => {
                if i - dim == j {
                    w
                } else {
                    0.0
                }
            }
        });
        let mut right = b.clone();
        right.extend(vec![0.0; dim]);
        let x = double.inverse().image(&right);
        let expected: Complex64 = (0..dim)
            .map(|i| Complex64::new(weights.re[i], weights.im[i]) * Complex64::new(x[i], x[dim + i]))
            .sum();
        println!("{w}: {} {expected} {residual:e}", out[0]);
        let error = (out[0] - expected).norm() / (1.0 + expected.norm());
        assert!(error < 1e-9 + 30.0 * residual && residual < 1e-8, "{w}: {} {expected}", out[0]);
    }
    assert!(resolvent.size() == room && resolvent.is_full());
    let halted = ProjectedResolvent::new(&b, vec![weights], 5).expect("fits");
    let mut halted = halted;
    assert!(matches!(halted.grow(&a, 5, &mut |_, _| false), Err(EigenError::Interrupted { .. })));
}
