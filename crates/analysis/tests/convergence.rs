//! Convergence studies with known limits.

use superladder_analysis::{
    AnalysisError, ConvergenceOptions, Law, Regime, SettingValues, Tolerance, converge,
};

fn settings(sizes: &[f64], f: impl Fn(f64) -> Vec<f64>) -> Vec<SettingValues> {
    let setting = |(k, size): (usize, &f64)| SettingValues {
        label: format!("size = {size}"),
        size: *size,
        cost: Some((k + 1) as f64),
        values: f(*size),
    };
    sizes.iter().enumerate().map(setting).collect()
}

fn options(law: Law, relative: f64) -> ConvergenceOptions {
    ConvergenceOptions { law, tolerance: Tolerance { absolute: 0.0, relative } }
}

#[test]
fn richardson_gains_the_next_order_and_knows_its_error() {
    // 2 + h^4 + h^5 at h = 0.4, 0.2, 0.1.
    let study = settings(&[0.4, 0.2, 0.1], |h| vec![2.0 + h.powi(4) + h.powi(5)]);
    let found = converge("x", &study, &options(Law::KnownOrder { order: 4.0 }, 1e-4)).expect("good");
    let value = found.extrapolation.values[0].expect("defined");
    let truth = (value - 2.0).abs();
    println!("finest {:.2e} off, estimate {truth:.2e} off, said {:.2e}", 1.1e-4, found.extrapolation.error);
    assert!(truth < 1.2e-5 && truth < found.extrapolation.error && found.extrapolation.error < 40.0 * truth);
    assert_eq!(found.extrapolation.regime, Regime::Asymptotic);
    assert!(found.extrapolation.observed.is_some_and(|p| (p - 4.0).abs() < 0.3));
    assert!(found.settings[1].distance > 1.8e-3 && !found.settings[1].converged);
}

#[test]
fn the_order_is_observed_on_uneven_sizes() {
    let study = settings(&[0.5, 0.3, 0.1], |h| vec![1.0 + 3.0 * h.powf(2.5), 7.0 - h.powf(2.5)]);
    let found = converge("x", &study, &options(Law::Order, 1e-3)).expect("good");
    assert!((found.extrapolation.observed.expect("order") - 2.5).abs() < 1e-9);
    let values: Vec<f64> = found.extrapolation.values.iter().flatten().copied().collect();
    assert!((values[0] - 1.0).abs() < 1e-10 && (values[1] - 7.0).abs() < 1e-10);
}

#[test]
fn cutoffs_converge_exponentially_and_the_cheapest_is_suggested() {
    let study = settings(&[10.0, 20.0, 25.0, 40.0], |c| vec![3.0 + 5.0 * (-0.5 * c).exp(), f64::NAN]);
    let found = converge("photons(a)", &study, &options(Law::Exponential, 1e-4)).expect("good");
    assert!((found.extrapolation.observed.expect("rate") - 0.5).abs() < 1e-6);
    assert!((found.extrapolation.values[0].expect("defined") - 3.0).abs() < 1e-11);
    assert_eq!((found.extrapolation.values[1], found.undefined), (None, 1));
    // 5 exp(-10) = 2.3e-4 is within 3e-4, 5 exp(-5) is not.
    assert_eq!((found.converged, found.cheapest), (true, Some(1)));
    assert!(
        found.verdict().contains("converged at size = 40") && found.verdict().contains("size = 20 is enough")
    );
}

#[test]
fn geometric_sequences_of_either_sign_are_summed() {
    for q in [0.5, -0.6_f64] {
        let study =
            settings(&[1.0, 2.0, 3.0], |k| vec![4.0 + q.powf(k.round()), 1.0 - 2.0 * q.powi(k as i32)]);
        let found = converge("x", &study, &options(Law::Geometric, 1e-9)).expect("good");
        assert!((found.extrapolation.observed.expect("factor") - q).abs() < 1e-12);
        assert!((found.extrapolation.values[0].expect("defined") - 4.0).abs() < 1e-12);
        assert!((found.extrapolation.values[1].expect("defined") - 1.0).abs() < 1e-12);
        assert!(!found.converged, "the finest setting itself is far away");
    }
}

#[test]
fn what_does_not_fall_is_not_converged() {
    let diverging = settings(&[0.4, 0.2, 0.1], |h| vec![1.0 / h]);
    for law in [Law::KnownOrder { order: 2.0 }, Law::Order, Law::Geometric] {
        let found = converge("x", &diverging, &options(law, 1e-3)).expect("good");
        assert_eq!(found.extrapolation.regime, Regime::NotAsymptotic, "{law:?}");
        assert!(!found.converged && found.cheapest.is_none() && found.extrapolation.error >= 5.0);
        assert!(found.verdict().contains("not converged"));
    }
    // First order where fourth is claimed.
    let slow = settings(&[0.4, 0.2, 0.1], |h| vec![1.0 + h]);
    let found = converge("x", &slow, &options(Law::KnownOrder { order: 4.0 }, 1e-3)).expect("good");
    assert_eq!(found.extrapolation.regime, Regime::NotAsymptotic);
    assert!((found.extrapolation.observed.expect("seen") - 1.0).abs() < 1e-6);
}

#[test]
fn equal_results_are_converged_and_two_settings_suffice() {
    let study = settings(&[0.2, 0.1], |_| vec![1.5]);
    let found = converge("x", &study, &options(Law::Order, 1e-6)).expect("good");
    assert_eq!(
        (found.extrapolation.regime, found.converged, found.cheapest),
        (Regime::Rounding, true, Some(0))
    );
    let study = settings(&[0.2, 0.1], |h| vec![1.0 + 1e-6 * h * h]);
    let found = converge("x", &study, &options(Law::KnownOrder { order: 2.0 }, 1e-6)).expect("good");
    assert_eq!(found.extrapolation.regime, Regime::Unchecked);
    assert!((found.extrapolation.values[0].expect("defined") - 1.0).abs() < 1e-15 && found.converged);
    let study = settings(&[0.0, 0.0, 0.0], |_| vec![1.0]);
    assert!(converge("methods", &study, &options(Law::Unknown, 1e-6)).expect("good").converged);
}

#[test]
fn reports_survive_json() {
    let study = settings(&[10.0, 20.0, 30.0], |c| vec![(-0.1 * c).exp(), f64::NAN]);
    let found = converge("x", &study, &options(Law::Exponential, 1e-3)).expect("good");
    let text = serde_json::to_string(&found).expect("serialises");
    assert!(text.contains("\"regime\":\"asymptotic\""));
    let back: superladder_analysis::Convergence = serde_json::from_str(&text).expect("reads back");
    assert_eq!(back.verdict(), found.verdict());
}

#[test]
fn bad_input_is_refused_by_name() {
    let good = settings(&[0.2, 0.1], |h| vec![h]);
    let order = options(Law::Order, 1e-6);
    let message =
        |s: &[SettingValues], o: &ConvergenceOptions| converge("x", s, o).expect_err("bad").to_string();
    assert_eq!(message(&good[..1], &order), "settings of 'x': at least 2 are needed, but 1 given");
    assert_eq!(message(&[], &order), "settings of 'x': at least 2 are needed, but 0 given");
    let mut uneven = good.clone();
    uneven[1].values.push(1.0);
    assert_eq!(message(&uneven, &order), "'x' at size = 0.1 must have 1 values, but has 2");
    assert!(
        message(&settings(&[0.1, 0.2], |h| vec![h]), &order)
            .contains("smaller than that of the setting before")
    );
    assert!(
        message(&good, &options(Law::Exponential, 1.0)).contains("larger than that of the setting before")
    );
    assert!(message(&good, &options(Law::KnownOrder { order: 0.0 }, 1.0)).starts_with("`order` must be"));
    assert!(message(&good, &options(Law::Order, -1.0)).starts_with("`relative tolerance` must be"));
    let mut undefined = good.clone();
    undefined[1].values[0] = f64::NAN;
    assert!(matches!(converge("x", &undefined, &order), Err(AnalysisError::NotFinite { index: 0, .. })));
    undefined[0].values[0] = f64::NAN;
    assert_eq!(message(&undefined, &order), "defined values of 'x': at least 1 are needed, but 0 given");
    let empty = settings(&[0.2, 0.1], |_| vec![]);
    assert!(matches!(converge("x", &empty, &order), Err(AnalysisError::TooFew { .. })));
}
