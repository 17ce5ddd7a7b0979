//! Linear systems: restarts, preconditioners, singular systems, halting, memory, NaN.
mod common;

use common::{Dense, norm, start};
use superladder_eigen::{EigenError, Gmres, Identity, LinearMap};

/// Eigenvalues 1 .. 2 and a few near 0 that a plain restart stumbles over.
fn hard(dim: usize) -> Dense {
    let value = |i: usize| if i < 4 { 1e-3 * (1.0 + i as f64) } else { 1.0 + i as f64 / dim as f64 };
    Dense::diagonal(&(0..dim).map(value).collect::<Vec<_>>()).hidden()
}

fn solve(gmres: &Gmres, a: &Dense, m: &Dense, b: &[f64]) -> (Vec<f64>, u64) {
    let mut x = vec![0.0; a.dim];
    let info = gmres.solve(a, m, b, &mut x, &mut |_, _| true).expect("converges");
    (x, info.iterations)
}

#[test]
fn systems_are_solved_and_slow_directions_survive_a_restart() {
    let a = hard(120);
    let b = start(120);
    let one = Dense::diagonal(&[1.0; 120]);
    let full = Gmres { restart: 120, ..Gmres::default() };
    let mut costs = Vec::new();
    for gmres in [full, Gmres { restart: 20, kept: 8, ..Gmres::default() }] {
        let (x, iterations) = solve(&gmres, &a, &one, &b);
        let rest: Vec<f64> = a.image(&x).iter().zip(&b).map(|(y, b)| y - b).collect();
        assert!(norm(&rest) < 1e-12 * norm(&b));
        costs.push(iterations);
    }
    let plain = Gmres { restart: 20, kept: 0, max_iterations: 2000, ..Gmres::default() };
    let mut x = vec![0.0; 120];
    let plain = plain.solve(&a, &Identity(120), &b, &mut x, &mut |_, _| true);
    let plain = plain.map_or(2000, |info| info.iterations);
    println!("full {}, deflated {}, plain {plain}", costs[0], costs[1]);
    assert!(costs[1] <= 2 * costs[0] && 2 * costs[1] < plain, "{costs:?}, {plain}");
}

#[test]
fn the_inverse_as_preconditioner_takes_one_iteration() {
    let a = hard(40);
    let (_, iterations) = solve(&Gmres::default(), &a, &a.inverse(), &start(40));
    assert!(iterations <= 2, "{iterations}");
}

/// The identity with errors of 1e-3 that depend on the vector, as rounding does.
struct Rounded(usize);

impl LinearMap for Rounded {
    fn dim(&self) -> usize {
        self.0
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        for (k, (out, x)) in out.iter_mut().zip(x).enumerate() {
            *out = x * (1.0 + 1e-3 * (1e6 * x + k as f64).sin());
        }
    }
}

#[test]
fn a_preconditioner_need_not_be_linear() {
    let a = hard(120);
    let b = start(120);
    for gmres in [Gmres::default(), Gmres { restart: 30, kept: 10, ..Gmres::default() }] {
        let mut x = vec![0.0; 120];
        let info = gmres.solve(&a, &Rounded(120), &b, &mut x, &mut |_, _| true).expect("converges");
        let rest: Vec<f64> = a.image(&x).iter().zip(&b).map(|(y, b)| y - b).collect();
        println!("{info:?}");
        assert!(norm(&rest) <= 1e-12 * norm(&b));
    }
}

#[test]
fn singular_systems_with_a_solution_are_solved() {
    let mut values = [1.0; 30];
    (values[0], values[1], values[2]) = (0.0, 0.0, 0.3);
    let a = Dense::diagonal(&values).hidden();
    let b = a.image(&start(30));
    let (x, _) = solve(&Gmres::default(), &a, &Dense::diagonal(&[1.0; 30]), &b);
    let rest: Vec<f64> = a.image(&x).iter().zip(&b).map(|(y, b)| y - b).collect();
    assert!(norm(&rest) < 1e-12 * norm(&b));
}

#[test]
fn what_cannot_be_solved_is_an_error() {
    let one = Identity(3);
    let mut x = [0.0; 3];
    let short = Gmres { max_iterations: 50, ..Gmres::default() };
    let singular = Dense::diagonal(&[0.0, 1.0, 2.0]);
    let found = short.solve(&singular, &one, &[1.0, 0.0, 0.0], &mut x, &mut |_, _| true);
    assert!(matches!(found, Err(EigenError::NotConverged { .. })), "{found:?}");
    let nan = Dense::diagonal(&[1.0, f64::NAN, 2.0]);
    let found = short.solve(&nan, &one, &[1.0, 1.0, 0.0], &mut x, &mut |_, _| true);
    assert!(matches!(found, Err(EigenError::NonFinite { .. })), "{found:?}");
    let found = short.solve(&singular, &one, &[1.0; 2], &mut x, &mut |_, _| true);
    assert_eq!(found, Err(EigenError::Dimension { expected: 3, found: 2 }));
}

#[test]
fn every_iteration_asks_and_may_end_the_work() {
    let a = hard(60);
    let b = start(60);
    for last in [0, 1, 7, 23] {
        let mut asked = 0;
        let mut x = vec![0.0; 60];
        let gmres = Gmres { restart: 10, ..Gmres::default() };
        let found = gmres.solve(&a, &Identity(60), &b, &mut x, &mut |iterations, _| {
            asked += 1;
            iterations < last
        });
        assert_eq!(found, Err(EigenError::Interrupted { algorithm: "gmres", iterations: last }));
        assert_eq!(asked, last + 1);
    }
}

#[test]
fn an_iteration_allocates_nothing() {
    let a = hard(80);
    let b = start(80);
    let cost = |iterations: u64| {
        let mut x = vec![0.0; 80];
        let gmres = Gmres { restart: 60, max_iterations: iterations, ..Gmres::default() };
        let solve = || drop(gmres.solve(&a, &Identity(80), &b, &mut x, &mut |_, _| true));
        allocation_counter::measure(solve).count_total
    };
    assert_eq!(cost(5), cost(40));
}
