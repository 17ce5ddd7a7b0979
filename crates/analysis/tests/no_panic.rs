//! Garbage in: errors or results, never a panic.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use superladder_analysis::{
    Averaging, ConvergenceOptions, CrossingOptions, FitOptions, FitPoint, Interpolation, Law, Observed,
    RatioSeries, Resampling, SettingValues, Tolerance, Which, converge, crossing, fit, local_exponents,
    period,
};

const STRANGE: [f64; 12] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    -1.0,
    1.0,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    1e-300,
    1e150,
];

fn number(random: &mut ChaCha8Rng) -> f64 {
    if random.random_bool(0.3) {
        STRANGE[random.random_range(0..STRANGE.len())]
    } else {
        random.random_range(-0.2..3.0)
    }
}

fn numbers(random: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| number(random)).collect()
}

#[test]
fn series_of_any_numbers() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut crossed = 0;
    for round in 0..4000 {
        let count = random.random_range(0..30);
        let mut times = numbers(&mut random, count);
        if round % 4 != 0 {
            times.retain(|t| t.is_finite());
            times.sort_by(f64::total_cmp);
            times.dedup();
        }
        let (a, b) = (numbers(&mut random, times.len()), numbers(&mut random, times.len()));
        let _ = period(&times, &a);
        let Ok(series) = RatioSeries::new("x", &times, &a, &b) else { continue };
        for interpolation in [Interpolation::LogLinear, Interpolation::MonotoneCubic] {
            for averaging in [None, Some(Averaging::centred(number(&mut random)))] {
                let options = CrossingOptions { threshold: number(&mut random), interpolation, averaging };
                let series = if round % 3 == 0 {
                    series.clone().with_blow_up(number(&mut random))
                } else {
                    series.clone()
                };
                let Ok(found) = crossing(&series, &options) else { continue };
                let point = FitPoint::of(number(&mut random), &found, Which::Last);
                let _ = local_exponents(&[point, point]);
                if let Some(time) = found.first() {
                    crossed += 1;
                    let range = found.range.expect("crossed somewhere");
                    assert!(range[0] <= time && time <= range[1], "{found:?}");
                }
            }
        }
    }
    assert!(crossed > 100, "{crossed}");
}

#[test]
fn points_of_any_numbers() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let mut fits = 0;
    for round in 0..1500 {
        let count = random.random_range(0..9);
        let points: Vec<FitPoint> = (0..count)
            .map(|_| {
                let time = number(&mut random);
                let observed = match random.random_range(0..4) {
                    0 => Observed::AtLeast { time },
                    1 => Observed::AtMost { time },
                    _ => Observed::Crossed { time },
                };
                let standard_error = random.random_bool(0.3).then(|| number(&mut random));
                let horizon = random.random_bool(0.5).then(|| number(&mut random));
                FitPoint { n: number(&mut random), observed, standard_error, horizon }
            })
            .collect();
        let resampling = if round % 2 == 0 { Resampling::Pairs } else { Resampling::Parametric };
        let resamples = if round % 10 == 0 { 100 } else { 0 };
        let options = FitOptions { resamples, resampling, ..FitOptions::default() };
        let report = fit(&points, &options).expect("good options");
        assert!(!report.summary().is_empty());
        fits += usize::from(report.fit().is_some());
    }
    assert!(fits > 100, "{fits}");
}

#[test]
fn settings_of_any_numbers() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let laws = [Law::Order, Law::Exponential, Law::Geometric, Law::Unknown, Law::KnownOrder { order: 2.0 }];
    let mut judged = 0;
    for round in 0..3000 {
        let mut sizes = numbers(&mut random, round % 6);
        let law = laws[round % 5];
        if random.random_bool(0.7) {
            sizes.retain(|s| *s > 0.0);
            sizes.sort_by(f64::total_cmp);
            sizes.dedup();
            if law != Law::Exponential {
                sizes.reverse();
            }
        }
        let settings: Vec<SettingValues> = sizes
            .iter()
            .map(|size| SettingValues {
                label: "x".into(),
                size: *size,
                cost: Some(number(&mut random)),
                values: numbers(&mut random, 2),
            })
            .collect();
        let tolerance = Tolerance { absolute: number(&mut random), relative: 0.1 };
        if let Ok(found) = converge("x", &settings, &ConvergenceOptions { law, tolerance }) {
            assert!(!found.verdict().is_empty());
            judged += 1;
        }
    }
    assert!(judged > 100, "{judged}");
}
