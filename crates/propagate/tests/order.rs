//! Every Runge-Kutta method converges at its order, and so does its dense output.
mod common;

use common::{
    Closure, Dense, advance, damped, distance, driven, driven_exact, lotka_volterra, method, observe,
};
use superladder_propagate::{Field, Linear, METHODS, Method, System, VectorField as _};

/// Errors of five step lengths, each half of the one before.
fn errors(name: &str, first: f64, run: impl Fn(&Method) -> f64) -> Vec<f64> {
    (0..5).map(|k| run(&method(name, &[("fixed_step", first / f64::from(1 << k))]))).collect()
}

fn assert_order(what: &str, errors: &[f64], order: f64) {
    let slopes: Vec<f64> = errors.windows(2).map(|e| (e[0] / e[1]).log2()).collect();
    let mean = slopes.iter().sum::<f64>() / slopes.len() as f64;
    println!(
        "{what}: order {mean:.3}, slopes {slopes:.2?}, errors {}",
        errors.iter().map(|e| format!("{e:.1e}")).collect::<Vec<_>>().join(" ")
    );
    assert!((mean - order).abs() < 0.2, "{what}: {mean} instead of {order}; {slopes:?}");
}

fn end_error(method: &Method, system: &dyn System, end: f64, start: &[f64], exact: &[f64]) -> f64 {
    let mut y = start.to_vec();
    advance(&mut *method.propagator(y.len()), system, (0.0, end), &mut y).expect("finite");
    distance(&y, exact)
}

#[test]
fn fields_with_explicit_time_converge_at_the_order() {
    let field = driven();
    for (name, order, first) in [("dop853", 8.0, 1.0), ("tsit5", 5.0, 0.0625), ("low-storage", 4.0, 0.125)] {
        let run = |m: &Method| end_error(m, &Field(&field), 4.0, &[1.0, 0.0], &driven_exact(4.0));
        assert_order(&format!("{name} driven"), &errors(name, first, run), order);
    }
}

#[test]
fn linear_systems_converge_at_the_order() {
    // A rotation whose error constants do not vanish by symmetry, seen through a non-normal basis.
    let operator = Dense(faer::mat![[-0.3, 1.7, 0.2], [-1.1, 0.1, 0.4], [0.3, -0.5, -0.9]]);
    let start = [1.0, -0.5, 0.7];
    for (name, order, first) in [("dop853", 8.0, 1.0), ("tsit5", 5.0, 0.125), ("low-storage", 4.0, 0.125)] {
        let run = |m: &Method| end_error(m, &Linear(&operator), 4.0, &start, &operator.exact(4.0, &start));
        assert_order(&format!("{name} linear"), &errors(name, first, run), order);
    }
}

#[test]
fn the_integrating_factor_keeps_the_order() {
    let operator = Dense(faer::mat![[-0.6, 1.7, 0.2], [-1.4, 0.3, 0.9], [0.3, -0.8, -1.0]]);
    let start = [1.0, -0.5, 0.7];
    for (name, order, first) in [("dop853", 8.0, 2.0), ("tsit5", 5.0, 0.125), ("low-storage", 4.0, 0.125)] {
        let run = |m: &Method| {
            let mut m = m.clone();
            match &mut m {
                Method::Dop853(o) => o.lawson = true,
                Method::Tsit5(o) => o.lawson = true,
                Method::LowStorage(o) => o.lawson = true,
                _ => unreachable!(),
            }
            end_error(&m, &Linear(&operator), 2.0, &start, &operator.exact(2.0, &start))
        };
        assert_order(&format!("{name} lawson"), &errors(name, first, run), order);
    }
}

/// Largest error at points strictly inside of the first step: of order p + 1 for an interpolant of order p.
fn dense_errors(name: &str, first: f64, system: &dyn System, exact: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
    (0..5)
        .map(|k| {
            let h = first / f64::from(1 << k);
            let start = exact(0.0);
            let mut propagator = method(name, &[("fixed_step", h)]).propagator(start.len());
            let stops = [0.3 * h, 0.61 * h];
            let seen = observe(&mut *propagator, system, (0.0, h), &mut start.clone(), &stops);
            assert_eq!(seen.len(), 2);
            seen.iter().map(|(t, y)| distance(y, &exact(*t))).fold(0.0, f64::max)
        })
        .collect()
}

#[test]
fn dense_output_converges_at_its_order() {
    let operator = damped(1.3, 0.2);
    let exact = |t: f64| operator.exact(t, &[1.0, -0.5]);
    assert_order("dop853 dense", &dense_errors("dop853", 1.0, &Linear(&operator), exact), 8.0);
    assert_order("tsit5 dense", &dense_errors("tsit5", 0.25, &Linear(&operator), exact), 5.0);
    let shifted = Closure(2, |t: f64, y: &[f64], out: &mut [f64]| driven().derivative(t + 0.4, y, out));
    let exact = |t: f64| driven_exact(t + 0.4).to_vec();
    assert_order("dop853 dense driven", &dense_errors("dop853", 1.0, &Field(&shifted), exact), 8.0);
    assert_order("tsit5 dense driven", &dense_errors("tsit5", 0.125, &Field(&shifted), exact), 5.0);
}

#[test]
fn adaptive_steps_meet_the_tolerance() {
    let start = [1.0, 0.0];
    for (w, g) in [(3.0, 0.0), (5.0, 0.2)] {
        let operator = damped(w, g);
        let exact = operator.exact(10.0, &start);
        for name in ["dop853", "tsit5", "low-storage"] {
            for rtol in [1e-4, 1e-6, 1e-8, 1e-10] {
                let m = method(name, &[("rtol", rtol), ("atol", rtol * 1e-2)]);
                let mut y = start;
                let mut propagator = m.propagator(2);
                advance(&mut *propagator, &Linear(&operator), (0.0, 10.0), &mut y).expect("reaches the end");
                let (error, s) = (distance(&y, &exact), propagator.statistics());
                println!("{name} w={w} g={g} rtol={rtol:e}: error {error:.1e}, {s:?}");
                // The error per step is controlled: the total is a modest multiple of it.
                assert!(error < 100.0 * rtol, "{name} {rtol}: {error}");
                assert!(s.rejected * 5 <= s.accepted + 10, "{name} {rtol}: {s:?}");
            }
        }
    }
}

#[test]
fn lotka_volterra_keeps_its_invariant() {
    let field = lotka_volterra();
    let invariant = |y: &[f64]| y[0] + y[1] - y[0].ln() - y[1].ln();
    for (name, rtol) in [("dop853", 1e-10), ("tsit5", 1e-9), ("low-storage", 1e-8)] {
        let mut propagator = method(name, &[("rtol", rtol), ("atol", rtol)]).propagator(2);
        let mut y = [3.0, 1.0];
        let stops: Vec<f64> = (1..=100).map(f64::from).map(|k| 0.5 * k).collect();
        let before = invariant(&y);
        for (t, y) in observe(&mut *propagator, &Field(&field), (0.0, 50.0), &mut y, &stops) {
            let drift = (invariant(&y) - before).abs();
            assert!(drift < 1e3 * rtol, "{name} at {t}: {drift:e}");
        }
        println!("{name}: drift {:.1e}, {:?}", invariant(&y) - before, propagator.statistics());
    }
}

#[test]
fn stops_do_not_change_the_trajectory() {
    let field = lotka_volterra();
    for name in ["dop853", "tsit5"] {
        let mut plain = [3.0, 1.0];
        advance(&mut *method(name, &[]).propagator(2), &Field(&field), (0.0, 9.0), &mut plain).expect("ends");
        let mut shown = [3.0, 1.0];
        let stops: Vec<f64> = (1..=90).map(|k| 0.1 * f64::from(k)).filter(|t| *t < 9.0).collect();
        observe(&mut *method(name, &[]).propagator(2), &Field(&field), (0.0, 9.0), &mut shown, &stops);
        assert_eq!(plain.map(f64::to_bits), shown.map(f64::to_bits), "{name}");
    }
}

#[test]
fn exact_stops_end_steps_at_the_stops() {
    let operator = damped(3.0, 0.1);
    let stops = [0.05, 0.4, 1.0 / 3.0 + 1.0, 2.0];
    for name in ["dop853", "tsit5"] {
        let options = [("exact_stops", true.into()), ("rtol", 1e-9.into()), ("atol", 1e-11.into())];
        let mut propagator = Method::from_name_and_options(name, &options).expect("valid").propagator(2);
        for (t, y) in observe(&mut *propagator, &Linear(&operator), (0.0, 2.0), &mut [1.0, 0.0], &stops) {
            let error = distance(&y, &operator.exact(t, &[1.0, 0.0]));
            assert!(error < 1e-8, "{name} at {t}: {error:e}");
        }
        assert!(propagator.statistics().accepted >= 4);
    }
}

#[test]
fn the_right_hand_sides_are_counted() {
    let operator = damped(1.0, 0.0);
    // Per step 12, 6 (the last one is the next slope, the first one is extra) and 5.
    for (name, steps, count) in [("dop853", 4, 4 * 12), ("tsit5", 4, 4 * 6 + 1), ("low-storage", 4, 4 * 5)] {
        let mut propagator = method(name, &[("fixed_step", 0.25)]).propagator(2);
        advance(&mut *propagator, &Linear(&operator), (0.0, 1.0), &mut [1.0, 0.0]).expect("ends");
        let statistics = propagator.statistics();
        assert_eq!((statistics.accepted, statistics.applications), (steps, count), "{name}");
    }
}

#[test]
fn the_table_names_the_orders_tested_here() {
    let orders: Vec<_> = METHODS.iter().filter_map(|m| m.order.map(|order| (m.name, order))).collect();
    assert_eq!(orders, [("dop853", 8), ("tsit5", 5), ("low-storage", 4)]);
}
