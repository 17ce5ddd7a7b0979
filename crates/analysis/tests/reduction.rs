//! Numbers read off series: extremes, means, levels, and what is undefined.

use superladder_analysis::{Quantity, Reduced, Reduction, Remark};

fn grid(step: f64, end: f64, f: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<f64>) {
    let times: Vec<f64> = (0..=(end / step).round() as usize).map(|k| step * k as f64).collect();
    let values = times.iter().map(|t| f(*t)).collect();
    (times, values)
}

fn reduced(quantity: Quantity, (times, values): &(Vec<f64>, Vec<f64>)) -> Reduced {
    Reduction::whole(quantity).of(times, values)
}

#[test]
fn of_a_parabola_the_extreme_is_exact_on_any_grid() {
    let times = vec![0.0, 0.7, 1.9, 2.2, 4.0];
    let values: Vec<f64> = times.iter().map(|t| 0.3 + 0.5 * (t - 1.6_f64).powi(2)).collect();
    let found = Reduction::whole(Quantity::Minimum).of(&times, &values);
    assert!(
        (found.value - 0.3).abs() < 1e-14 && (found.time.expect("a time") - 1.6).abs() < 1e-14,
        "{found:?}"
    );
    let upside = values.iter().map(|x| -x).collect::<Vec<_>>();
    let found = Reduction::whole(Quantity::Maximum).of(&times, &upside);
    assert!((found.value + 0.3).abs() < 1e-14, "{found:?}");
    let time = Reduction::whole(Quantity::MaximumTime).of(&times, &upside);
    assert!((time.value - 1.6).abs() < 1e-14 && time.time.is_none());
    // Read at another time, the same parabola.
    let read = Reduction::whole(Quantity::Minimum).read(&times, &values, 1.8);
    assert!((read - 0.32).abs() < 1e-14, "{read}");
}

#[test]
fn the_extreme_of_a_swing_lies_between_points_and_a_coarse_grid_is_told() {
    let error = |step: f64| {
        let found = reduced(Quantity::Minimum, &grid(step, 6.0, |t| (t + 0.3).cos()));
        ((found.value + 1.0).abs(), found.remark)
    };
    // The lowest point of the grid itself is off by 8e-4.
    assert!(error(0.1).0 < 3e-6 && error(0.1).1.is_none(), "{:?}", error(0.1));
    assert_eq!(error(0.75).1, Some(Remark::Coarse), "{:?}", error(0.75));
    // One point far below its neighbours, beside a wide swing.
    let found =
        reduced(Quantity::Minimum, &grid(0.1, 6.0, |t| if (t - 3.0).abs() < 0.01 { -5.0 } else { t.sin() }));
    assert_eq!(found.remark, Some(Remark::Coarse));
}

#[test]
fn extremes_at_an_end_and_beside_gaps_are_told() {
    let falling = grid(0.1, 3.0, |t| (-t).exp());
    let found = reduced(Quantity::Minimum, &falling);
    assert_eq!((found.value, found.time, found.remark), ((-3.0_f64).exp(), Some(3.0), Some(Remark::AtEnd)));
    assert_eq!(reduced(Quantity::Maximum, &falling).remark, Some(Remark::AtStart));
    let window = Reduction { from: Some(0.95), to: Some(2.05), ..Reduction::whole(Quantity::Minimum) };
    let found = window.of(&falling.0, &falling.1);
    assert!((found.time.expect("a time") - 2.0).abs() < 1e-12 && found.remark == Some(Remark::AtEnd));
    let gap = grid(0.5, 3.0, |t| if t == 2.0 { f64::NAN } else { (t - 1.6).powi(2) });
    let found = reduced(Quantity::Minimum, &gap);
    assert_eq!((found.time, found.remark), (Some(1.5), Some(Remark::BesideUndefined)));
}

#[test]
fn what_is_undefined_is_never_a_number() {
    let nothing = grid(0.5, 3.0, |_| f64::NAN);
    let all = [
        Quantity::Minimum,
        Quantity::MaximumTime,
        Quantity::Mean,
        Quantity::Final,
        Quantity::RisesAbove(1.0),
    ];
    for quantity in all {
        let found = reduced(quantity, &nothing);
        assert!(found.value.is_nan() && found.remark == Some(Remark::Undefined), "{quantity:?} {found:?}");
    }
    let partly = grid(0.5, 3.0, |t| if t == 2.0 { f64::NAN } else { 1.0 });
    assert!(reduced(Quantity::Mean, &partly).value.is_nan(), "no average over a gap");
    let negative = Reduced { value: -1.0, time: None, remark: None }.decibels();
    assert!(negative.value.is_nan() && negative.remark == Some(Remark::NotPositive));
    let half = Reduced { value: 0.5, time: Some(1.0), remark: None }.decibels();
    assert!((half.value + 3.010_299_956_639_812).abs() < 1e-12 && half.time == Some(1.0));
}

#[test]
fn averages_follow_the_window_between_points() {
    let wave = grid(0.05, 10.0, f64::sin);
    let window = Reduction { from: Some(1.03), to: Some(7.31), ..Reduction::whole(Quantity::Mean) };
    let exact = (1.03_f64.cos() - 7.31_f64.cos()) / (7.31 - 1.03);
    let found = window.of(&wave.0, &wave.1).value;
    assert!((found - exact).abs() < 1e-7, "{found} {exact}");
    // At the end the slope is one-sided: off by h^2/3 |x'''|, and the value by 4/27 of h times that at most, 5e-6.
    let last = Reduction { from: Some(9.99), ..Reduction::whole(Quantity::Mean) }.of(&wave.0, &wave.1).value;
    assert!((last - (9.99_f64.cos() - 10.0_f64.cos()) / 0.01).abs() < 1e-5, "{last}");
}

#[test]
fn levels_are_crossed_in_their_direction() {
    let wave = grid(0.05, 10.0, |t| 1.0 - 0.5 * t.sin());
    let falls = reduced(Quantity::FallsBelow(0.75), &wave);
    assert!((falls.value - std::f64::consts::FRAC_PI_6).abs() < 1e-5, "{falls:?}");
    let rises = reduced(Quantity::RisesAbove(1.25), &wave);
    assert!((rises.value - 7.0 * std::f64::consts::FRAC_PI_6).abs() < 1e-5, "{rises:?}");
    assert_eq!(reduced(Quantity::RisesAbove(2.0), &wave).remark, Some(Remark::NeverCrossed));
    assert_eq!(reduced(Quantity::RisesAbove(0.9), &wave).remark, Some(Remark::BeyondFromStart));
    // From a level on it, as a coherent state is at 1.
    let from_one = reduced(Quantity::FallsBelow(1.0), &wave);
    assert!(from_one.value.abs() < 1e-9, "{from_one:?}");
}
