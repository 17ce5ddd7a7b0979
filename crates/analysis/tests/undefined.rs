//! Ratios that are undefined (0/0 or NaN) at single times: they decide nothing.

use superladder_analysis::{
    Averaging, Crossing, CrossingOptions, Interpolation, Outcome, Placement, RatioSeries, crossing,
};

fn series(count: usize, f: impl Fn(f64) -> [f64; 2]) -> RatioSeries {
    let times: Vec<f64> = (0..count).map(|i| 0.1 * i as f64).collect();
    let (numerator, denominator): (Vec<f64>, Vec<f64>) = times.iter().map(|t| f(*t).into()).unzip();
    RatioSeries::new("test", &times, &numerator, &denominator).expect("equal lengths")
}

fn found(series: &RatioSeries) -> Crossing {
    let log_linear =
        CrossingOptions { interpolation: Interpolation::LogLinear, ..CrossingOptions::default() };
    let (cubic, linear) = (crossing(series, &CrossingOptions::default()), crossing(series, &log_linear));
    let (cubic, linear) = (cubic.expect("good options"), linear.expect("good options"));
    assert_eq!((cubic.upward, cubic.downward, cubic.gaps), (linear.upward, linear.downward, linear.gaps));
    cubic
}

/// The two ways in which a ratio can be undefined.
const UNDEFINED: [[f64; 2]; 2] = [[0.0, 0.0], [f64::NAN, 1.0]];

#[test]
fn an_undefined_start_is_no_crossing() {
    for undefined in UNDEFINED {
        // The first defined ratio is above: an upper bound, and not a crossing at t = 0.
        let c = found(&series(31, |t| if t < 0.05 { undefined } else { [0.5 * t, t] }));
        assert_eq!(c.outcome, Outcome::AboveFromStart { start: 0.1 });
        assert_eq!((c.upward, c.downward, c.last, c.gaps), (0, 0, None, 1));
        assert!(c.range == Some([0.1, 3.0]) && c.ends_above);
        // It is below: the crossing comes when it comes.
        let c = found(&series(31, |t| if t < 0.25 { undefined } else { [0.05 * t * t, t] }));
        assert!((c.first().expect("crosses") - 2.0).abs() < 1e-9, "{:?}", c.outcome);
        assert_eq!((c.upward, c.gaps), (1, 3));
        // It is below, and above at the next: exactly as without the undefined time.
        let f = |t: f64| if t < 0.15 { [0.05, 1.0] } else { [0.2, 0.5] };
        let with = found(&series(31, |t| if t < 0.05 { undefined } else { f(t) }));
        let times: Vec<f64> = (1..31).map(|i| 0.1 * f64::from(i)).collect();
        let (a, b): (Vec<f64>, Vec<f64>) = times.iter().map(|t| f(*t).into()).unzip();
        let without = found(&RatioSeries::new("test", &times, &a, &b).expect("equal lengths"));
        assert_eq!(with.outcome, without.outcome);
        assert!(with.first().is_some_and(|t| t > 0.1 && t < 0.2));
    }
}

#[test]
fn an_undefined_time_in_the_middle_is_no_crossing() {
    for undefined in UNDEFINED {
        let middle = |t: f64, value: f64| if (t - 1.5).abs() < 0.05 { undefined } else { [value, 1.0] };
        let c = found(&series(31, |t| middle(t, 0.5)));
        assert_eq!(
            (c.outcome, c.upward, c.downward, c.gaps),
            (Outcome::AboveFromStart { start: 0.0 }, 0, 0, 1)
        );
        let c = found(&series(31, |t| middle(t, 0.01)));
        assert_eq!((c.outcome, c.upward, c.gaps), (Outcome::NeverCrossed { horizon: 3.0 }, 0, 1));
        // In the very step of the crossing the neighbours decide.
        let c = found(&series(31, |t| middle(t, 0.1 * (t - 1.5).exp())));
        assert!((c.first().expect("crosses") - 1.5).abs() < 1e-9 && c.single(), "{:?}", c.outcome);
    }
}

#[test]
fn an_undefined_end_decides_nothing() {
    let end = |t: f64, value: f64| if t > 2.75 { [0.0, 0.0] } else { [value, 1.0] };
    let c = found(&series(31, |t| end(t, 0.05 * t)));
    assert!((c.first().expect("crosses") - 2.0).abs() < 1e-9 && c.ends_above && c.downward == 0, "{c:?}");
    let c = found(&series(31, |t| end(t, 0.01)));
    let Outcome::NeverCrossed { horizon } = c.outcome else { panic!("{:?}", c.outcome) };
    assert!((horizon - 2.7).abs() < 1e-12 && c.gaps == 3, "{c:?}");
    // NaN up to the end is a blow-up.
    let c = found(&series(31, |t| if t > 2.75 { [f64::NAN, 1.0] } else { [0.01, 1.0] }));
    assert!(
        matches!(c.outcome, Outcome::BlewUp { time, .. } if (time - 2.8).abs() < 1e-12),
        "{:?}",
        c.outcome
    );
}

#[test]
fn a_ratio_that_is_never_defined_stays_below() {
    let c = found(&series(31, |_| [0.0, 0.0]));
    assert_eq!((c.outcome, c.upward, c.ends_above), (Outcome::NeverCrossed { horizon: 3.0 }, 0, false));
}

#[test]
fn averages_forget_an_undefined_time() {
    // Numerator and denominator are averaged each by itself, so that 0/0 is a time like any other; its
    // standard error is undefined, which must not reach the averages of other times.
    for undefined in [0, 15, 30] {
        let plain = series(31, |t| if t == 0.1 * undefined as f64 { [0.0, 0.0] } else { [0.05 * t, 1.0] });
        let mut errors = vec![0.01; 31];
        errors[undefined] = f64::NAN;
        let times = plain.times.clone();
        let plain = plain.with_standard_errors(&times, &errors).expect("lengths");
        for placement in [Placement::Centred, Placement::Trailing] {
            let averaged =
                Averaging { placement, ..Averaging::centred(0.6) }.apply(&plain).expect("long enough");
            let errors = averaged.standard_error.expect("given");
            assert!(errors.iter().all(|e| (e - 0.01).abs() < 1e-12), "{undefined} {errors:?}");
        }
        let options =
            CrossingOptions { averaging: Some(Averaging::centred(0.6)), ..CrossingOptions::default() };
        let c = crossing(&plain, &options).expect("good options");
        let Outcome::Crossed { standard_error: Some(error), .. } = c.outcome else {
            panic!("{:?}", c.outcome)
        };
        assert!((error - 0.2).abs() < 0.01, "{undefined} {error}");
    }
    // An average over nothing but 0/0 is undefined as well.
    let late = series(31, |t| if t < 1.05 { [0.0, 0.0] } else { [0.5, 1.0] });
    let options = CrossingOptions { averaging: Some(Averaging::centred(0.2)), ..CrossingOptions::default() };
    let c = crossing(&late, &options).expect("good options");
    assert!(matches!(c.outcome, Outcome::AboveFromStart { start } if start > 0.85), "{:?}", c.outcome);
}

#[test]
fn an_undefined_error_is_none() {
    let plain = series(31, |t| [0.05 * t, 1.0]);
    let times = plain.times.clone();
    let errors: Vec<f64> = times.iter().map(|t| if *t > 1.95 { f64::NAN } else { 0.01 }).collect();
    let c = found(&plain.with_standard_errors(&times, &errors).expect("lengths"));
    assert!(matches!(c.outcome, Outcome::Crossed { standard_error: None, .. }), "{:?}", c.outcome);
}
