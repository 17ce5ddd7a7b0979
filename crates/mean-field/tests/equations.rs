//! Derived order-1 equations against the paper's (A1), eigenvalues of (A2), fixed points and limit cycles.

mod common;

use std::ops::ControlFlow;

use common::{Parameters, from_targets, targets};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use superladder_brute_force::cases;
use superladder_mean_field::{Family, Limit, MeanFieldEquations, turned};
use superladder_model::Model;
use superladder_propagate::{Dop853, Field, Method};

/// (A1) of Chelpanova et al., PRB 108, 104302 (2023), as printed (docs/EQUATIONS.md, Mean field).
fn paper(x: &Parameters, v: &[f64]) -> Vec<f64> {
    let i = Complex64::I;
    let r = std::f64::consts::FRAC_1_SQRT_2;
    let a = Complex64::new(r * v[0], r * v[1]);
    let (sm, sp, sz) = (Complex64::new(v[2], -v[3]), Complex64::new(v[2], v[3]), v[4]);
    let (tm, tp, tz) = (Complex64::new(v[5], -v[6]), Complex64::new(v[5], v[6]), v[7]);
    let field = a + a.conj();
    let gamma = x.up + x.down;
    let da = -(i * x.wc + x.kappa / 2.0) * a - i * x.lambda * (sp + sm) - i * x.eta * tm;
    let dsz = i * x.lambda * field * (sm - sp) + i * x.etap * (tp * sm - tm * sp);
    let dsm = -i * x.wz * sm + 2.0 * i * x.lambda * field * sz + 2.0 * i * x.etap * tm * sz;
    let dtz = i * x.eta * (a.conj() * tm - a * tp) - i * x.etap * (tp * sm - tm * sp) + (x.up - x.down) / 2.0
        - gamma * tz;
    let dtm = -(i * x.wt + gamma / 2.0) * tm + 2.0 * i * x.eta * a * tz + 2.0 * i * x.etap * tz * sm;
    vec![da.re / r, da.im / r, dsm.re, -dsm.im, dsz.re, dtm.re, -dtm.im, dtz.re]
}

#[test]
fn order_one_is_the_papers_a1() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut number = || random.random_range(-1.0..1.0f64);
    for n in [1, 7, 1000] {
        for limit in [Limit::Infinite, Limit::Finite] {
            let x = Parameters {
                wc: number(),
                wz: number(),
                wt: number(),
                lambda: number(),
                eta: number(),
                etap: number(),
                kappa: number().abs(),
                up: number().abs(),
                down: number().abs(),
            };
            let equations = MeanFieldEquations::with_options(&x.model(n), limit, &[]).expect("derived");
            let v: Vec<f64> = (0..8).map(|_| number()).collect();
            let mut found = vec![0.0; 8];
            equations.drift(&v, &mut found);
            for (f, e) in found.iter().zip(paper(&x, &v)) {
                assert!((f - e).abs() < 1e-14, "N = {n}: {f} instead of {e}");
            }
        }
    }
}

/// `tr J^k`, k = 1..=powers.
fn power_sums(matrix: &[f64], dim: usize, powers: usize) -> Vec<f64> {
    let product = |a: &[f64], b: &[f64]| -> Vec<f64> {
        (0..dim * dim).map(|e| (0..dim).map(|l| a[e / dim * dim + l] * b[l * dim + e % dim]).sum()).collect()
    };
    let trace = |a: &[f64]| (0..dim).map(|i| a[i * dim + i]).sum::<f64>();
    let mut power = matrix.to_vec();
    (0..powers)
        .map(|_| {
            let sum = trace(&power);
            power = product(&power, matrix);
            sum
        })
        .collect()
}

fn check_spectrum(equations: &MeanFieldEquations, v: &[f64], eigenvalues: &[Complex64]) {
    assert_eq!(eigenvalues.len(), 8);
    let sums = power_sums(&equations.jacobian(v), 8, 8);
    for (k, sum) in sums.iter().enumerate() {
        let expected: Complex64 = eigenvalues.iter().map(|e| e.powi(k as i32 + 1)).sum();
        assert!(
            (sum - expected).norm() < 1e-11 * 3f64.powi(k as i32),
            "tr J^{}: {sum} instead of {expected}",
            k + 1
        );
    }
}

fn eigenvalues(value: &serde_json::Value) -> Vec<Complex64> {
    let number = |v: &serde_json::Value| v.as_f64().expect("a number");
    value.as_array().expect("a list").iter().map(|e| Complex64::new(number(&e[0]), number(&e[1]))).collect()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().filter_map(serde_json::Value::as_f64).collect()
}

fn equations(entry: &serde_json::Value, options: &serde_json::Value) -> (Parameters, MeanFieldEquations) {
    let number = |key: &str, default: f64| options[key].as_f64().or(entry[key].as_f64()).unwrap_or(default);
    let mut x = Parameters::standard(number("lam", 0.0), number("gup", 0.0), number("kap", 0.06));
    x.wt = number("wt", 1.0);
    let gilbert = [number("kapG", 0.0)];
    let equations =
        MeanFieldEquations::with_options(&x.model(10), Limit::Infinite, &gilbert).expect("derived");
    (x, equations)
}

#[test]
fn jacobian_in_the_normal_state_has_the_eigenvalues_of_a2() {
    for entry in targets()["eig_A"].as_array().expect("a list") {
        let (x, equations) = equations(entry, entry);
        let mut spectrum = eigenvalues(&entry["eig_A"]);
        spectrum.extend([Complex64::ZERO, Complex64::from(-1.0)]);
        let v = [0.0, 0.0, 0.0, 0.0, -0.5, 0.0, 0.0, (x.up - x.down) / 2.0];
        check_spectrum(&equations, &v, &spectrum);
    }
}

#[test]
fn superradiant_fixed_points_with_their_eigenvalues() {
    for entry in targets()["SR_fixed_points"].as_array().expect("a list") {
        let (_, equations) = equations(entry, entry);
        let v = from_targets(&numbers(&entry["y"]));
        let mut rate = vec![0.0; 8];
        equations.drift(&v, &mut rate);
        assert!(rate.iter().all(|r| r.abs() < 1e-15), "{rate:?}");
        let mut spectrum = eigenvalues(&entry["eigs"]);
        spectrum.push(Complex64::ZERO);
        check_spectrum(&equations, &v, &spectrum);
    }
}

#[test]
fn limit_cycles_close() {
    let mut gilbert = 0;
    for entry in targets()["limit_cycles"].as_array().expect("a list") {
        let (_, equations) = equations(entry, &entry["kw"]);
        gilbert += usize::from(entry["kw"]["kapG"].is_number());
        let start = from_targets(&numbers(&entry["y0"]));
        let period = entry["T"].as_f64().expect("a number");
        let method = Method::Dop853(Dop853 { rtol: 1e-12, atol: 1e-14, ..Dop853::default() });
        let mut v = start.clone();
        let mut go_on = |_: f64, _: &[f64]| ControlFlow::Continue(());
        method.propagator(8).advance(&Field(&equations), 0.0, period, &mut v, &[], &mut go_on).expect("runs");
        let off = v.iter().zip(&start).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-9, "{entry}: {off:e}");
    }
    assert!(gilbert > 0);
}

#[test]
fn jacobian_is_the_derivative_of_the_drift() {
    let x = Parameters::standard(0.6, 0.9, 0.06);
    let equations = MeanFieldEquations::with_options(&x.model(3), Limit::Infinite, &[0.3]).expect("derived");
    let v: Vec<f64> = (0..8).map(|i| 0.3 - 0.1 * f64::from(i)).collect();
    let jacobian = equations.jacobian(&v);
    // The drift is quadratic: central differences are exact up to rounding.
    for k in 0..8 {
        let shifted = |h: f64| {
            let mut w = v.clone();
            w[k] += h;
            let mut out = vec![0.0; 8];
            equations.drift(&w, &mut out);
            out
        };
        let (up, down) = (shifted(0.5), shifted(-0.5));
        for i in 0..8 {
            assert!((up[i] - down[i] - jacobian[8 * i + k]).abs() < 1e-14);
        }
    }
}

#[test]
fn product_states_carry_the_means() {
    let x = Parameters::standard(0.6, 0.9, 0.06);
    let equations = MeanFieldEquations::new(&x.model(50)).expect("derived");
    let v = [0.4, -1.2, 0.1, 0.2, -0.4, -0.05, 0.02, 0.3];
    let back = equations.initial(&equations.product_state(&v)).expect("fits");
    assert!(v.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-15));
    let names: Vec<&str> = equations.unknowns().iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names[..3], ["<Q(a)>", "<P(a)>", "<s_x(S,1)>"]);
    assert!((equations.unknowns()[0].scale - 50f64.sqrt()).abs() < 1e-14);
    assert!(MeanFieldEquations::with_options(&x.model(2), Limit::Finite, &[0.1, 0.2]).is_err());
}

/// Drift and Jacobian of a model as a member of the family and as derived by itself.
fn same_equations(family: &Family, model: &Model, gilbert: &[f64], what: &str) {
    let direct = MeanFieldEquations::with_options(model, Limit::Infinite, gilbert).expect("derived");
    let member = family.member(model, gilbert).expect("derived");
    let names = |e: &MeanFieldEquations| e.unknowns().iter().map(|v| v.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&direct), names(&member), "{what}");
    let v: Vec<f64> = (0..member.dim()).map(|i| (0.7 + 1.3 * i as f64).sin()).collect();
    let (mut a, mut b) = (vec![0.0; v.len()], vec![0.0; v.len()]);
    direct.drift(&v, &mut a);
    member.drift(&v, &mut b);
    let pairs = a.into_iter().zip(b).chain(direct.jacobian(&v).into_iter().zip(member.jacobian(&v)));
    for (x, y) in pairs {
        assert!((x - y).abs() < 1e-14 * x.abs().max(1.0), "{what}: {y} instead of {x}");
    }
}

#[test]
fn a_family_derives_the_equations_of_its_members() {
    let family = Family::new();
    for (lambda, up) in [(0.0, 0.3), (0.2, 0.9), (0.7, 1.0)] {
        let model = Parameters::standard(lambda, up, 0.06).model(10);
        same_equations(&family, &model, &[0.04], "the reference model");
        assert!(family.member(&model, &[0.1, 0.2]).is_err());
    }
    // Every interaction with every channel of the tables, on equal and unequal ensembles.
    for sizes in [(2, 2), (2, 3)] {
        for case in cases(sizes) {
            let model = case.model().expect("a model");
            same_equations(&family, &model, &[], &format!("{case:?}"));
        }
    }
}

#[test]
fn continuous_symmetries_are_found_with_the_unknowns_that_they_turn() {
    let standard = Parameters::standard(0.2, 0.9, 0.06);
    let of = |x: Parameters| turned(&MeanFieldEquations::new(&x.model(10)).expect("derived"));
    // The Dicke coupling leaves a parity only.
    assert!(of(standard).is_empty());
    // The excitations of mode and both ensembles together.
    assert_eq!(of(Parameters { lambda: 0.0, ..standard }), [0, 1, 2, 3, 5, 6]);
    // With a Dicke coupling to S, T is free once nothing couples to it.
    assert_eq!(of(Parameters { eta: 0.0, etap: 0.0, ..standard }), [5, 6]);
}
