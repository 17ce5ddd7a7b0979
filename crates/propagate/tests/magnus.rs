//! Linear systems that follow time, by commutator-free Magnus steps.
mod common;

use std::cell::Cell;
use std::ops::ControlFlow;

use common::{Dense, advance, damped, distance, method, observe};
use superladder_propagate::{
    LinearInTime, Method, Observer, OptionValue, PropagateError, Propagator, Samples, Stop,
};

const METHODS: [&str; 2] = ["krylov", "chebyshev"];

/// Rotations of a Bloch vector: `s' = 2 b x s` for `H = b sigma`.
fn about(axis: usize) -> Dense {
    let (i, j) = [(1, 2), (2, 0), (0, 1)][axis];
    let mut a = faer::Mat::zeros(3, 3);
    (a[(j, i)], a[(i, j)]) = (2.0, -2.0);
    Dense(a)
}

/// `H = (t - 1) sigma_x - t sigma_z`.
fn run(method: &Method, end: f64) -> (Vec<f64>, u64) {
    let (none, x, z) = (Dense(faer::Mat::zeros(3, 3)), about(0), about(2));
    let system = LinearInTime::new(&none).with(|t| t - 1.0, &x).with(|t| -t, &z);
    let (mut y, mut propagator) = (vec![1.0, 0.0, 0.0], method.propagator(3));
    advance(propagator.as_mut(), &system, (0.0, end), &mut y).expect("ends");
    (y, propagator.statistics().accepted)
}

#[test]
fn a_driven_spin_is_that_of_independent_code() {
    for name in METHODS {
        let (y, steps) = run(&method(name, &[]), 3.0);
        let error = distance(&y, &[-0.816_747_7, 0.502_195_6, -0.284_117_4]);
        println!("{name}: {y:.9?} in {steps} steps");
        assert!(error < 6e-8, "{name}: {y:?}");
    }
}

#[test]
fn fixed_steps_converge_at_order_4() {
    let (exact, _) = run(&method("krylov", &[("tolerance", 1e-14)]), 3.0);
    for name in METHODS {
        let errors: Vec<f64> = (0..4)
            .map(|k| {
                let step = 0.25 / f64::from(1 << k);
                let finer = if name == "krylov" { "tolerance" } else { "step_tolerance" };
                distance(&run(&method(name, &[("fixed_step", step), (finer, 1e-13)]), 3.0).0, &exact)
            })
            .collect();
        let orders: Vec<f64> = errors.windows(2).map(|e| (e[0] / e[1]).log2()).collect();
        println!("{name}: orders {orders:.3?}, errors {errors:?}");
        let mean = orders.iter().sum::<f64>() / 3.0;
        assert!((mean - 4.0).abs() < 0.2 && (orders[2] - 4.0).abs() < 0.2, "{name}: {orders:?}");
    }
}

#[test]
fn errors_follow_the_tolerance() {
    let (exact, _) = run(&method("krylov", &[("tolerance", 1e-14)]), 3.0);
    for (name, key) in [("krylov", "tolerance"), ("chebyshev", "step_tolerance")] {
        for tolerance in [1e-5, 1e-7, 1e-9, 1e-11] {
            let (y, steps) = run(&method(name, &[(key, tolerance)]), 3.0);
            let error = distance(&y, &exact);
            println!("{name} {tolerance:e}: {error:.1e} in {steps} steps");
            assert!(error < 30.0 * tolerance, "{name} {tolerance:e}: {error:e}");
        }
    }
}

/// A pulse long after the start, in a system that stands still until then, and back to 0 after it.
#[test]
fn a_pulse_after_a_long_rest_is_not_stepped_over() {
    let (none, x) = (Dense(faer::Mat::zeros(3, 3)), about(0));
    let pulse = |t: f64| (-(t - 40.0).powi(2)).exp();
    let system = LinearInTime::new(&none).with(pulse, &x);
    let angle = 2.0 * std::f64::consts::PI.sqrt();
    for name in METHODS {
        let mut y = vec![0.0, 1.0, 0.0];
        let mut propagator = method(name, &[]).propagator(3);
        advance(propagator.as_mut(), &system, (0.0, 100.0), &mut y).expect("ends");
        let error = distance(&y, &[0.0, angle.cos(), angle.sin()]);
        assert!(error < 1e-8, "{name}: {y:?}, {error:e}");
    }
}

/// With a fixed step a constant system takes Magnus steps too, which are exact there.
#[test]
fn constant_systems_are_exact_at_any_fixed_step() {
    let operator = damped(3.0, 0.2);
    for name in METHODS {
        let (mut y, mut propagator) = (vec![1.0, -0.5], method(name, &[("fixed_step", 0.5)]).propagator(2));
        let linear = superladder_propagate::Linear(&operator);
        advance(propagator.as_mut(), &linear, (0.0, 4.0), &mut y).expect("ends");
        assert!(distance(&y, &operator.exact(4.0, &[1.0, -0.5])) < 1e-9, "{name}");
        assert_eq!(propagator.statistics().accepted, 8, "{name}");
    }
}

#[test]
fn what_is_not_finite_is_told_with_the_time() {
    let (whole, x) = (Dense(faer::Mat::zeros(3, 3)), about(0));
    let system = LinearInTime::new(&whole).with(|t| if t < 1.0 { t } else { f64::NAN }, &x);
    for name in METHODS {
        let mut y = vec![0.0, 1.0, 0.0];
        let result = advance(method(name, &[]).propagator(3).as_mut(), &system, (0.0, 2.0), &mut y);
        assert!(matches!(result, Err(PropagateError::NonFinite { time, .. }) if time < 1.0), "{result:?}");
    }
    for name in ["exponential", "rational-krylov"] {
        let mut y = vec![0.0, 1.0, 0.0];
        let result = advance(method(name, &[]).propagator(3).as_mut(), &system, (0.0, 2.0), &mut y);
        assert!(matches!(result, Err(PropagateError::NotLinear { .. })), "{result:?}");
    }
    let wrong = Method::from_name_and_options("krylov", &[("fixed_step", OptionValue::Real(0.0))]);
    assert!(wrong.expect_err("refused").to_string().contains("`fixed_step` must be a finite number > 0"));
}

/// Asks for the end at one poll.
struct Counting {
    polls: Cell<u64>,
    last: u64,
    samples: Vec<f64>,
    seen: Vec<u64>,
}

impl Observer for Counting {
    fn probe_count(&self) -> usize {
        1
    }
    fn probe(&self, vector: &[f64], out: &mut [f64]) {
        out[0] = vector[1];
    }
    fn wants_samples(&self) -> bool {
        true
    }
    fn review(&mut self, samples: &Samples<'_>) -> ControlFlow<()> {
        self.samples.extend(samples.times);
        assert_eq!(samples.rows().count(), 2);
        ControlFlow::Continue(())
    }
    fn poll(&self) -> ControlFlow<()> {
        self.polls.set(self.polls.get() + 1);
        if self.polls.get() >= self.last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()> {
        self.seen.extend([stop.time.to_bits(), stop.probes[0].to_bits()]);
        ControlFlow::Continue(())
    }
}

const STOPS: [f64; 3] = [0.3, 1.1, 2.0];

#[test]
fn a_step_given_up_at_any_poll_costs_no_bit() {
    let (whole, x, z) = (damped_spin(), about(0), about(2));
    let system = LinearInTime::new(&whole).with(|t: f64| t.sin(), &x).with(|t: f64| (2.0 * t).cos(), &z);
    let observer = |last| Counting { polls: Cell::new(0), last, samples: Vec::new(), seen: Vec::new() };
    for name in METHODS {
        let go = |propagator: &mut dyn Propagator, t: f64, y: &mut [f64], seeing: &mut Counting| {
            let stops = &STOPS[STOPS.partition_point(|s| *s <= t)..];
            propagator.advance(&system, t, 2.0, y, stops, seeing).expect("ends")
        };
        let method = method(name, &[]);
        let (mut y, mut all) = (vec![0.6, 0.0, 0.8], observer(u64::MAX));
        go(method.propagator(3).as_mut(), 0.0, &mut y, &mut all);
        assert!(all.samples.is_sorted(), "{name}");
        for last in (1..=all.polls.get()).step_by((all.polls.get() / 12) as usize) {
            let (mut again, mut first) = (vec![0.6, 0.0, 0.8], observer(last));
            let mut propagator = method.propagator(3);
            let reached = go(propagator.as_mut(), 0.0, &mut again, &mut first);
            assert!(reached < 2.0 && first.polls.get() == last, "{name}: poll {last}");
            let (mut other, mut later) = (method.propagator(3), observer(u64::MAX));
            other.restore(&propagator.memory());
            later.seen = first.seen;
            go(other.as_mut(), reached, &mut again, &mut later);
            assert_eq!(later.seen, all.seen, "{name}: poll {last}");
            let bits = |y: &[f64]| y.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&y), bits(&again), "{name}: poll {last}");
        }
    }
}

/// A spin that decays while it turns about y.
fn damped_spin() -> Dense {
    let mut a = about(1).0;
    for i in 0..3 {
        a[(i, i)] = -0.1;
    }
    Dense(a)
}

#[test]
fn states_at_stops_are_those_of_the_way() {
    let (whole, x) = (damped_spin(), about(0));
    let system = LinearInTime::new(&whole).with(|t: f64| t.sin(), &x);
    let start = [0.6, 0.0, 0.8];
    for name in METHODS {
        let mut propagator = method(name, &[]).propagator(3);
        for (t, y) in observe(propagator.as_mut(), &system, (0.0, 3.0), &mut start.to_vec(), &[0.7, 1.9, 3.0])
        {
            let mut exact = start.to_vec();
            let fine = method("dop853", &[("rtol", 1e-13), ("atol", 1e-14)]);
            advance(fine.propagator(3).as_mut(), &system, (0.0, t), &mut exact).expect("ends");
            assert!(distance(&y, &exact) < 1e-9, "{name} at {t}: {:e}", distance(&y, &exact));
        }
    }
}
