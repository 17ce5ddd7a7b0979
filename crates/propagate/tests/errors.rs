//! Every error has an input that causes it, and its text names what is wrong.
mod common;

use std::ops::ControlFlow;

use common::{Closure, Dense, advance, damped, method};
use faer::Mat;
use superladder_propagate::{
    Dop853, Field, Krylov, Linear, LinearOperator, METHODS, Method, OptionValue, PropagateError,
};

#[test]
fn non_finite_derivatives_and_states_are_named() {
    let nan = Dense(Mat::from_fn(3, 3, |_, _| f64::NAN));
    for definition in METHODS {
        let mut y = [1.0, 2.0, 3.0];
        let result = advance(&mut *(definition.method)().propagator(3), &Linear(&nan), (0.0, 1.0), &mut y);
        let invalid_box = matches!(result, Err(PropagateError::InvalidOption { name: "spectral_box", .. }));
        assert!(
            invalid_box || matches!(result, Err(PropagateError::NonFinite { .. })),
            "{}: {result:?}",
            definition.name
        );
        assert_eq!(y, [1.0, 2.0, 3.0]);
        let mut y = [1.0, f64::INFINITY];
        let result = advance(
            &mut *(definition.method)().propagator(2),
            &Linear(&damped(1.0, 0.0)),
            (0.0, 1.0),
            &mut y,
        );
        assert!(matches!(result, Err(PropagateError::NonFinite { .. })), "{}: {result:?}", definition.name);
    }
    let late =
        Closure(1, |t: f64, y: &[f64], out: &mut [f64]| out[0] = if t > 0.5 { f64::NAN } else { -y[0] });
    for name in ["dop853", "tsit5", "low-storage"] {
        for fixed in [&[][..], &[("fixed_step", 0.01)][..]] {
            let mut y = [1.0];
            let result = advance(&mut *method(name, fixed).propagator(1), &Field(&late), (0.0, 1.0), &mut y);
            let Err(PropagateError::NonFinite { time, .. }) = result else { panic!("{name}: {result:?}") };
            assert!(time < 0.51 && time > 0.4, "{name}: {time}");
        }
    }
}

#[test]
fn a_singularity_ends_in_a_step_underflow() {
    let field = Closure(1, |_t: f64, y: &[f64], out: &mut [f64]| out[0] = y[0] * y[0]);
    for name in ["dop853", "tsit5", "low-storage"] {
        let result = advance(&mut *method(name, &[]).propagator(1), &Field(&field), (0.0, 2.0), &mut [1.0]);
        println!("{name}: {result:?}");
        match result {
            Err(PropagateError::StepUnderflow { time, .. } | PropagateError::NonFinite { time, .. }) => {
                assert!((time - 1.0).abs() < 1e-3, "{name}: {time}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    // A jump of the derivative that no step resolves.
    let rough = Closure(1, |t: f64, _y: &[f64], out: &mut [f64]| {
        out[0] = if (t * 1e18).sin() > 0.0 { 1e20 } else { -1e20 }
    });
    let result = advance(&mut *method("dop853", &[]).propagator(1), &Field(&rough), (1.0, 2.0), &mut [1.0]);
    assert!(matches!(result, Err(PropagateError::StepUnderflow { .. })), "{result:?}");
}

/// A rate that the start does not see, so large that what it bends overflows: no step is zero, and the way is given up.
#[test]
fn a_rate_beyond_all_steps_is_given_up_early() {
    let field = Closure(2, |_t: f64, y: &[f64], out: &mut [f64]| {
        out[0] = -y[0];
        out[1] = y[0] - 1e300 * y[1];
    });
    for name in ["dop853", "tsit5", "low-storage"] {
        let mut propagator = method(name, &[]).propagator(2);
        let result = advance(&mut *propagator, &Field(&field), (0.0, 0.5), &mut [1.0, 0.0]);
        let given_up = matches!(
            result,
            Err(PropagateError::TooFar { .. }
                | PropagateError::StepUnderflow { .. }
                | PropagateError::NonFinite { .. })
        );
        let applications = propagator.statistics().applications;
        assert!(given_up && applications < 50_000, "{name}: {result:?} after {applications}");
    }
}

#[test]
fn too_many_steps_are_named() {
    let operator = Dense::random(30, 0.0, 5);
    for definition in METHODS {
        let mut options = vec![("max_steps", OptionValue::Integer(3))];
        match definition.name {
            "krylov" => options.push(("dimension", OptionValue::Integer(4))),
            // What can be foreseen is not begun: here steps are short because of the states that are shown.
            "chebyshev" => options.push(("outputs", OptionValue::Integer(1))),
            _ => (),
        }
        let m = Method::from_name_and_options(definition.name, &options).expect("valid");
        let end = if definition.name == "chebyshev" { 1.0 } else { 100.0 };
        let stops: Vec<f64> = (1..=10).map(|k| 0.1 * end * f64::from(k)).collect();
        let mut ignore = |_: f64, _: &[f64]| ControlFlow::Continue(());
        let (mut propagator, mut y) = (m.propagator(30), [1.0; 30]);
        let result = propagator.advance(&Linear(&operator), 0.0, end, &mut y, &stops, &mut ignore);
        let Err(PropagateError::MaxSteps { time, end, limit, .. }) = result else {
            panic!("{}: {result:?}", definition.name)
        };
        assert!(time < end && limit == 3, "{}", definition.name);
    }
}

#[test]
fn a_way_without_end_is_not_begun() {
    let operator = Dense::random(30, 0.0, 5);
    let result = advance(
        &mut *method("chebyshev", &[]).propagator(30),
        &Linear(&operator),
        (0.0, 1e300),
        &mut [1.0; 30],
    );
    assert!(
        matches!(result, Err(PropagateError::TooFar { time: 0.0, max_steps: 1_000_000, .. })),
        "{result:?}"
    );
}

#[test]
fn chebyshev_names_a_missing_convergence() {
    /// Claims a spectrum that is far too small for its action.
    struct Wild;
    impl LinearOperator for Wild {
        fn dim(&self) -> usize {
            1
        }
        fn apply(&self, x: &[f64], out: &mut [f64]) {
            out[0] = 1e200 * x[0];
        }
        fn norm_bound(&self) -> f64 {
            1.0
        }
    }
    let result =
        advance(&mut *method("chebyshev", &[]).propagator(1), &Linear(&Wild), (0.0, 1.0), &mut [1.0]);
    let Err(error @ (PropagateError::NotConverged { .. } | PropagateError::NonFinite { .. })) = result else {
        panic!("{result:?}")
    };
    println!("{error}");
    let error = Method::from_name_and_options("chebyshev", &[("step_tolerance", 1e-300.into())]);
    assert!(error.expect_err("refused").to_string().contains("a number from 1e-15"));
}

#[test]
fn methods_for_linear_systems_refuse_others_before_they_start() {
    let field = Closure(1, |_t: f64, _y: &[f64], _out: &mut [f64]| panic!("must not be evaluated"));
    for definition in METHODS.iter().filter(|definition| definition.linear_only) {
        let result =
            advance(&mut *(definition.method)().propagator(1), &Field(&field), (0.0, 1.0), &mut [1.0]);
        assert_eq!(result, Err(PropagateError::NotLinear { method: definition.name }));
    }
    let lawson = Method::Dop853(Dop853 { lawson: true, ..Dop853::default() });
    let result = advance(&mut *lawson.propagator(1), &Field(&field), (0.0, 1.0), &mut [1.0]);
    assert!(matches!(result, Err(PropagateError::NotLinear { .. })));
}

#[test]
fn lawson_needs_an_operator_that_offers_it() {
    struct Plain;
    impl LinearOperator for Plain {
        fn dim(&self) -> usize {
            1
        }
        fn apply(&self, x: &[f64], out: &mut [f64]) {
            out[0] = -x[0];
        }
        fn norm_bound(&self) -> f64 {
            1.0
        }
    }
    let lawson = Method::Dop853(Dop853 { lawson: true, ..Dop853::default() });
    let result = advance(&mut *lawson.propagator(1), &Linear(&Plain), (0.0, 1.0), &mut [1.0]);
    assert!(matches!(result, Err(PropagateError::InvalidOption { name: "lawson", .. })), "{result:?}");
}

#[test]
fn wrong_lengths_and_times_are_named() {
    let operator = damped(1.0, 0.0);
    for definition in METHODS {
        let mut propagator = (definition.method)().propagator(2);
        let result = advance(&mut *propagator, &Linear(&operator), (0.0, 1.0), &mut [1.0; 3]);
        assert_eq!(result, Err(PropagateError::Dimension { expected: 2, found: 3 }), "{}", definition.name);
        let result = advance(&mut *propagator, &Linear(&Dense::random(4, 0.0, 1)), (0.0, 1.0), &mut [1.0; 2]);
        assert_eq!(result, Err(PropagateError::Dimension { expected: 2, found: 4 }), "{}", definition.name);
        for (t, end, stops, wrong) in [
            (0.0, -1.0, &[][..], "t_end"),
            (f64::NAN, 1.0, &[], "t"),
            (0.0, f64::INFINITY, &[], "t_end"),
            (0.0, 1.0, &[0.0], "stops"),
            (0.0, 1.0, &[0.5, 0.5], "stops"),
            (0.0, 1.0, &[1.5], "stops"),
            (0.0, 1.0, &[f64::NAN], "stops"),
        ] {
            let result = propagator.advance(
                &Linear(&operator),
                t,
                end,
                &mut [1.0; 2],
                stops,
                &mut |_: f64, _: &[f64]| ControlFlow::Continue(()),
            );
            assert!(
                matches!(&result, Err(PropagateError::InvalidOption { name, .. }) if *name == wrong),
                "{result:?}"
            );
        }
        assert_eq!(advance(&mut *propagator, &Linear(&operator), (1.0, 1.0), &mut [1.0; 2]), Ok(1.0));
    }
}

#[test]
fn the_table_is_complete_and_its_defaults_are_those_of_the_values() {
    for definition in METHODS {
        assert_eq!((definition.method)().definition().name, definition.name);
        for option in definition.options {
            let Some(default) = option.default else { continue };
            let same =
                Method::from_name_and_options(definition.name, &[(option.name, default)]).expect("valid");
            assert_eq!(same, (definition.method)(), "{} {}", definition.name, option.name);
            let changed = match default {
                OptionValue::Real(x) => OptionValue::Real(x * 0.5),
                OptionValue::Integer(i) => OptionValue::Integer(i + 1),
                OptionValue::Boolean(b) => OptionValue::Boolean(!b),
            };
            let other =
                Method::from_name_and_options(definition.name, &[(option.name, changed)]).expect("valid");
            assert_ne!(other, (definition.method)(), "{} {}", definition.name, option.name);
        }
    }
}

#[test]
fn wrong_names_and_values_are_refused_with_what_is_allowed() {
    let error = Method::from_name_and_options("rk4", &[]).expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "there is no method 'rk4'; known methods: dop853, tsit5, low-storage, krylov, chebyshev, exponential, \
         rational-krylov"
    );
    let error = Method::from_name_and_options("krylov", &[("rtol", 1e-3.into())]).expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "krylov has no option `rtol`; it knows: tolerance, dimension, max_steps, fixed_step"
    );
    // An error per step and one per unit of time are not the same number, nor the same key.
    let error =
        Method::from_name_and_options("chebyshev", &[("tolerance", 1e-3.into())]).expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "chebyshev has no option `tolerance`; it knows: step_tolerance, degree, outputs, max_steps, fixed_step"
    );
    for (name, key, value) in [
        ("dop853", "rtol", OptionValue::Real(-1.0)),
        ("dop853", "rtol", OptionValue::Real(f64::NAN)),
        ("dop853", "atol", OptionValue::Real(0.0)),
        ("dop853", "max_steps", OptionValue::Integer(0)),
        ("dop853", "max_steps", OptionValue::Integer(-3)),
        ("dop853", "max_steps", OptionValue::Real(2.5)),
        ("tsit5", "lawson", OptionValue::Integer(1)),
        ("tsit5", "fixed_step", OptionValue::Real(0.0)),
        ("low-storage", "initial_step", OptionValue::Boolean(true)),
        ("krylov", "dimension", OptionValue::Integer(1)),
        ("krylov", "tolerance", OptionValue::Real(2.0)),
        ("chebyshev", "step_tolerance", OptionValue::Real(0.0)),
        ("chebyshev", "degree", OptionValue::Integer(0)),
        ("chebyshev", "outputs", OptionValue::Integer(0)),
    ] {
        let error = Method::from_name_and_options(name, &[(key, value)]).expect_err("refused");
        assert!(matches!(&error, PropagateError::InvalidOption { name, .. } if *name == key), "{error}");
    }
    // A method made by hand is checked when it advances.
    let m = Method::Krylov(Krylov { dimension: 0, ..Krylov::default() });
    let result = advance(&mut *m.propagator(2), &Linear(&damped(1.0, 0.0)), (0.0, 1.0), &mut [1.0; 2]);
    assert!(matches!(result, Err(PropagateError::InvalidOption { name: "dimension", .. })));
}
