//! The fit of breakdown times on synthetic data whose law is known.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::function::erf::erfc;
use superladder_analysis::{
    AnalysisError, Crossing, CrossingOptions, Fit, FitOptions, FitOutcome, FitPoint, Observed, Preferred,
    RatioSeries, Resampling, Weights, Which, crossing, fit,
};

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
}

/// Sizes from 10 to 10^4, equally spaced in ln N.
fn sizes(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |k| 10.0_f64.powf(1.0 + 3.0 * k as f64 / (count - 1) as f64))
}

/// Times of a law with log-normal noise, cut at a horizon.
fn noisy(law: fn(f64) -> f64, count: usize, sigma: f64, horizon: f64, seed: u64) -> Vec<FitPoint> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut point = |n: f64| {
        let time = law(n) * (sigma * normal(&mut random)).exp();
        if time > horizon {
            FitPoint::at_least(n, horizon)
        } else {
            FitPoint { horizon: Some(horizon), ..FitPoint::crossed(n, time) }
        }
    };
    sizes(count).map(&mut point).collect()
}

fn square_root(n: f64) -> f64 {
    5.0 * n.sqrt()
}

fn logarithm(n: f64) -> f64 {
    2.0 + 12.0 * n.ln()
}

fn fitted(points: &[FitPoint], options: &FitOptions) -> Fit {
    fit(points, options).expect("good options").fit().expect("enough crossings").clone()
}

fn without_bootstrap() -> FitOptions {
    FitOptions { resamples: 0, ..FitOptions::default() }
}

#[test]
fn an_exact_power_law_is_found_to_rounding() {
    let points: Vec<FitPoint> = sizes(7).map(|n| FitPoint::crossed(n, square_root(n))).collect();
    let found = fitted(&points, &FitOptions { resamples: 200, ..FitOptions::default() });
    let law = &found.power_law;
    assert!((law.exponent - 0.5).abs() < 1e-10 && (law.prefactor - 5.0).abs() < 1e-8, "{law:?}");
    let interval = law.bootstrap.as_ref().expect("resamples").interval;
    assert!(interval.upper - interval.lower < 1e-7, "{interval:?}");
    assert_eq!(found.comparison.expect("both fitted").preferred, Preferred::PowerLaw);
    let curvature = found.curvature.expect("seven points");
    assert!(curvature.value.abs() < 1e-8);
    assert_eq!(found.band.len(), 33);
    for p in &found.band {
        assert!((p.time / square_root(p.n) - 1.0).abs() < 1e-8);
    }
}

/// Share of seeds whose interval contains the true exponent 1/2: bootstrap, jackknife.
fn coverage(count: usize, horizon: f64, resampling: Resampling, seeds: u64) -> (f64, f64) {
    let (mut bootstrap, mut jackknife) = (0.0, 0.0);
    for seed in 0..seeds {
        let points = noisy(square_root, count, 0.15, horizon, seed);
        let options = FitOptions { resamples: 200, seed, resampling, ..FitOptions::default() };
        let law = fitted(&points, &options).power_law;
        let inside = |i: superladder_analysis::Interval| f64::from(u8::from(i.contains(0.5)));
        bootstrap += law.bootstrap.map_or(0.0, |b| inside(b.interval));
        jackknife += law.jackknife.map_or(0.0, |j| inside(j.interval));
    }
    (bootstrap / seeds as f64, jackknife / seeds as f64)
}

#[test]
fn intervals_contain_the_true_exponent_as_often_as_they_say() {
    // 95 % of 300 seeds: one standard deviation of the count is 1.3 %.
    let (bootstrap, jackknife) = coverage(5, 1e9, Resampling::Parametric, 300);
    println!("5 points: bootstrap {bootstrap}, jackknife {jackknife}");
    assert!((0.91..=0.985).contains(&bootstrap), "{bootstrap}");
    assert!((0.88..=1.0).contains(&jackknife), "{jackknife}");
    let (bootstrap, jackknife) = coverage(12, 1e9, Resampling::Parametric, 300);
    println!("12 points: bootstrap {bootstrap}, jackknife {jackknife}");
    assert!((0.91..=0.985).contains(&bootstrap), "{bootstrap}");
    assert!((0.89..=1.0).contains(&jackknife), "{jackknife}");
    let (pairs, _) = coverage(20, 1e9, Resampling::Pairs, 200);
    println!("20 points: pairs {pairs}");
    assert!((0.84..=0.99).contains(&pairs), "{pairs}");
}

#[test]
fn intervals_keep_their_coverage_with_censored_times() {
    // The horizon cuts off the law at N = 1600: a quarter of twelve points.
    let (bootstrap, jackknife) = coverage(12, 200.0, Resampling::Parametric, 300);
    println!("12 points, horizon 200: bootstrap {bootstrap}, jackknife {jackknife}");
    assert!((0.91..=0.985).contains(&bootstrap), "{bootstrap}");
    assert!((0.88..=1.0).contains(&jackknife), "{jackknife}");
}

#[test]
fn censored_points_remove_the_bias_of_dropping_them() {
    let (mut kept, mut dropped) = (0.0, 0.0);
    let seeds = 300;
    for seed in 0..seeds {
        let points = noisy(square_root, 12, 0.4, 200.0, seed);
        let crossed: Vec<FitPoint> =
            points.iter().filter(|p| matches!(p.observed, Observed::Crossed { .. })).copied().collect();
        kept += fitted(&points, &without_bootstrap()).power_law.exponent / seeds as f64;
        dropped += fitted(&crossed, &without_bootstrap()).power_law.exponent / seeds as f64;
    }
    println!("true 0.5: kept {kept}, dropped {dropped}");
    // One standard error of the mean is about 0.0035.
    assert!((kept - 0.5).abs() < 0.012, "{kept}");
    assert!(dropped < 0.46, "{dropped}");
}

/// Residuals of the best power law through an exact logarithm have a root mean square r. With scatter sigma
/// the AIC difference is then normal with mean `m = n r^2/sigma^2` and deviation `2 sqrt m`: the share of
/// right (> 2) and wrong (< -2) preferences follows, and must be met.
#[test]
fn a_logarithm_is_told_from_a_power_law_as_often_as_the_scatter_allows() {
    let exact: Vec<FitPoint> = sizes(12).map(|n| FitPoint::crossed(n, logarithm(n))).collect();
    let misfit = fitted(&exact, &without_bootstrap()).power_law.scatter;
    for sigma in [0.05, 0.1] {
        let mean = 12.0 * (misfit / sigma).powi(2);
        let share = |z: f64| 50.0 * erfc(z / 2.0_f64.sqrt());
        let expected = [share((2.0 - mean) / (2.0 * mean.sqrt())), share((2.0 + mean) / (2.0 * mean.sqrt()))];
        let (mut power, mut counts, mut bent, mut far) = (0, [0.0; 2], 0, 0);
        for seed in 0..100 {
            let of = |law| fitted(&noisy(law, 12, sigma, 1e9, seed), &without_bootstrap());
            let preferred = |f: &Fit| f.comparison.expect("both fitted").preferred;
            let (straight, curved) = (of(square_root), of(logarithm));
            power += u32::from(preferred(&straight) == Preferred::PowerLaw);
            counts[0] += f64::from(u8::from(preferred(&curved) == Preferred::Logarithm));
            counts[1] += f64::from(u8::from(preferred(&curved) == Preferred::PowerLaw));
            let curvature = curved.curvature.expect("twelve points");
            bent += u32::from(curvature.significant && curvature.value < 0.0);
            let found = curved.logarithm.expect("fitted");
            far += u32::from((found.slope - 12.0).abs() > 3.0 * found.standard_error);
        }
        println!(
            "misfit {misfit:.4}, scatter {sigma}: right, wrong {counts:?} of 100, expected {expected:.1?}"
        );
        for (count, share) in counts.into_iter().zip(expected) {
            let deviation = (share * (1.0 - share / 100.0)).sqrt();
            assert!((count - share).abs() < 3.0 * deviation + 2.0, "{count} {share}");
        }
        assert!(power == 100 && bent >= 40 && far <= 4, "{power} {bent} {far}");
    }
}

/// Closure `sites` of the second-order cumulants at the point L1, t_E(N) of the period-averaged `aa` by an
/// independent program. By hand from the end points: `ln(297.5/17.54)/ln 100 = 0.61`,
/// `ln(10274/67.98)/ln 1000 = 0.73`, `ln(45320/1907)/ln 100 = 0.69`.
#[test]
fn the_exponents_of_the_reference_breakdown_times() {
    let times = [(10.0, 17.54), (100.0, 67.98), (1e3, 297.5), (1e4, 1907.0), (1e5, 10274.0), (1e6, 45320.0)];
    let points: Vec<FitPoint> = times.map(|(n, t)| FitPoint::crossed(n, t)).to_vec();
    let within = |low, high| {
        let options = FitOptions { window: Some([low, high]), ..without_bootstrap() };
        fitted(&points, &options).power_law.exponent
    };
    let found = [within(10.0, 1e3), within(1e2, 1e5), within(1e4, 1e6)];
    for (exponent, expected) in found.into_iter().zip([0.61, 0.735, 0.688]) {
        assert!((exponent - expected).abs() < 0.01, "{found:?}");
    }
    let report = fit(&points, &FitOptions::default()).expect("good options");
    assert_eq!(report.local_exponents.len(), 5);
    assert_eq!(report.fit().expect("six").comparison.expect("both").preferred, Preferred::PowerLaw);
    println!("{}", report.summary());
}

#[test]
fn curvature_is_a_false_alarm_as_rarely_as_its_level_says() {
    let mut alarms = 0;
    for seed in 0..400 {
        let points = noisy(square_root, 10, 0.1, 1e9, seed);
        alarms += u32::from(fitted(&points, &without_bootstrap()).curvature.expect("ten").significant);
    }
    println!("false alarms of curvature: {alarms} of 400");
    // 5 % of 400 = 20, standard deviation 4.4.
    assert!((7..=34).contains(&alarms), "{alarms}");
}

#[test]
fn standard_errors_weigh() {
    let mut points: Vec<FitPoint> = sizes(8).map(|n| FitPoint::crossed(n, square_root(n))).collect();
    for (k, p) in points.iter_mut().enumerate() {
        let (Observed::Crossed { time } | Observed::AtLeast { time } | Observed::AtMost { time }) =
            p.observed;
        let wrong = if k == 7 { 2.0 } else { 1.0 };
        p.observed = Observed::Crossed { time: wrong * time };
        p.standard_error = Some(time * if k == 7 { 1.0 } else { 0.001 });
    }
    let weighted = fitted(&points, &without_bootstrap()).power_law.exponent;
    let equal =
        fitted(&points, &FitOptions { weights: Weights::Equal, ..without_bootstrap() }).power_law.exponent;
    assert!((weighted - 0.5).abs() < 0.003, "{weighted}");
    assert!(equal > 0.54, "{equal}");
}

#[test]
fn the_same_seed_gives_the_same_report_and_it_survives_json() {
    let points = noisy(square_root, 9, 0.2, 150.0, 3);
    let options = FitOptions { resamples: 300, ..FitOptions::default() };
    let [a, b] = [(), ()].map(|()| fit(&points, &options).expect("good options"));
    assert_eq!(a, b);
    let text = serde_json::to_string_pretty(&a).expect("serialises");
    assert!(!text.contains(": NaN"));
    let back: superladder_analysis::FitReport = serde_json::from_str(&text).expect("reads back");
    assert_eq!(back.summary(), a.summary());
    let other = fit(&points, &FitOptions { seed: 2, ..options }).expect("good options");
    let interval = |r: &superladder_analysis::FitReport| {
        r.fit().and_then(|f| f.power_law.bootstrap.clone()).expect("bootstrap").interval
    };
    let (one, two) = (interval(&a), interval(&other));
    assert!(one != two && (one.lower - two.lower).abs() < 0.1 * (one.upper - one.lower));
    let words = a.summary();
    assert!(words.contains("N^") && words.contains("bootstrap") && words.contains("lower bound"), "{words}");
}

#[test]
fn too_few_crossings_give_no_fit_and_say_so() {
    let points = [
        FitPoint::crossed(10.0, 3.0),
        FitPoint::crossed(100.0, 9.0),
        FitPoint::crossed(100.0, 9.1),
        FitPoint::at_least(1e3, 20.0),
    ];
    let report = fit(&points, &FitOptions::default()).expect("good options");
    let FitOutcome::NoFit { reason } = &report.outcome else { panic!("no fit") };
    assert_eq!(reason, "only 2 different N crossed the threshold (N = 10, 100); a fit needs at least three");
    assert_eq!((report.crossings, report.lower_bounds, report.local_exponents.len()), (3, 1, 1));
    assert!(report.summary().starts_with("No fit: only 2"));
    for points in [&[][..], &points[3..]] {
        let report = fit(points, &FitOptions::default()).expect("good options");
        assert!(report.fit().is_none() && report.summary().contains("no N crossed"));
    }
}

#[test]
fn three_crossings_are_enough_and_honest_about_it() {
    let points: Vec<FitPoint> =
        [(10.0, 15.0), (100.0, 55.0), (1000.0, 150.0)].map(|(n, t)| FitPoint::crossed(n, t)).to_vec();
    let found = fitted(&points, &FitOptions::default());
    let interval = found.power_law.bootstrap.expect("resamples").interval;
    // One degree of freedom: Student's quantile is 12.7, not 2.
    let half = 0.5 * (interval.upper - interval.lower);
    assert!(half > 6.0 * found.power_law.standard_error, "{half} {}", found.power_law.standard_error);
    assert!(found.curvature.is_none() && found.power_law.quality.aicc.is_none());
}

#[test]
fn useless_points_are_left_out_with_their_reason() {
    let mut points: Vec<FitPoint> = sizes(5).map(|n| FitPoint::crossed(n, square_root(n))).collect();
    points.push(FitPoint::crossed(f64::NAN, 1.0));
    points.push(FitPoint::crossed(-3.0, 1.0));
    points.push(FitPoint::crossed(50.0, f64::INFINITY));
    points.push(FitPoint::crossed(1e6, 2.0));
    points.push(FitPoint { observed: Observed::AtMost { time: 0.0 }, ..FitPoint::crossed(20.0, 1.0) });
    points.push(FitPoint::at_least(20.0, 0.0));
    let options = FitOptions { window: Some([1.0, 1e5]), ..without_bootstrap() };
    let report = fit(&points, &options).expect("good options");
    assert_eq!((report.used.len(), report.excluded.len()), (5, 6));
    assert!(report.excluded.iter().any(|e| e.reason.contains("outside the window 1 <= N <= 100000")));
    assert!(report.excluded.iter().any(|e| e.reason == "above the threshold from the start"));
    assert!((report.fit().expect("five").power_law.exponent - 0.5).abs() < 1e-9);
}

#[test]
fn bad_options_are_refused_by_name() {
    let options = FitOptions::default();
    for (bad, words) in [
        (FitOptions { level: 1.0, ..options.clone() }, "`level` must be between 0 and 1, but is 1"),
        (FitOptions { resamples: 7, ..options.clone() }, "`resamples` must be 0 or at least 100, but is 7"),
        (
            FitOptions { window: Some([10.0, 3.0]), ..options.clone() },
            "`window` must be larger than its lower end 10, but is 3",
        ),
        (FitOptions { window: Some([-1.0, 3.0]), ..options }, "`window` must be finite and > 0, but is -1"),
    ] {
        let error: AnalysisError = fit(&[], &bad).expect_err("bad");
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn crossings_become_points() {
    let times: Vec<f64> = (0..=400).map(|i| 0.05 * f64::from(i)).collect();
    let found = |f: &dyn Fn(f64) -> f64| -> Crossing {
        let values: Vec<f64> = times.iter().map(|t| f(*t)).collect();
        let series = RatioSeries::new("aa", &times, &values, &vec![1.0; times.len()]).expect("lengths");
        crossing(&series, &CrossingOptions::default()).expect("good options")
    };
    let of = |f: &dyn Fn(f64) -> f64, which| FitPoint::of(10.0, &found(f), which).observed;
    assert_eq!(of(&|_| 0.05, Which::First), Observed::AtLeast { time: 20.0 });
    assert_eq!(of(&|_| 0.5, Which::First), Observed::AtMost { time: 0.0 });
    assert_eq!(
        of(&|t| if t < 7.0 { 0.01 } else { f64::NAN }, Which::First),
        Observed::AtLeast { time: 6.95 }
    );
    let returning = |t: f64| 0.2 * t.sin().powi(2);
    let quarter = std::f64::consts::FRAC_PI_4;
    let close = |o: Observed, t: f64| matches!(o, Observed::Crossed { time } if (time - t).abs() < 1e-4);
    assert!(close(of(&returning, Which::First), quarter));
    assert!(close(of(&returning, Which::Last), quarter + 6.0 * std::f64::consts::PI));
}
