//! Criteria from tables to breakdown times, with known answers.

use superladder_analysis::{
    AnalysisError, Averaging, CRITERIA, Column, Criterion, CrossingOptions, EnsembleSize, Outcome,
    Subsystems, Table, criteria_by_name, crossing, needs_of,
};

const N: usize = 100;
const SIZE: f64 = 100.0;

fn system() -> Subsystems {
    let ensemble = |name: &str| EnsembleSize { name: name.into(), size: N };
    Subsystems { modes: vec!["a".into()], ensembles: vec![ensemble("S"), ensemble("T")] }
}

fn times() -> Vec<f64> {
    (0..=1000).map(|i| 0.02 * f64::from(i)).collect()
}

type Function = fn(f64) -> f64;

fn table(columns: &[(&str, Function)]) -> Table {
    let mut table = Table::new(times()).expect("times");
    for (name, f) in columns {
        table = table.with_values(*name, times().into_iter().map(f).collect()).expect("lengths");
    }
    table
}

/// Mean field: `<a> = 10 (cos t, -sin t)/2`, spins turning in the plane and at rest.
fn mean_field() -> Table {
    table(&[
        ("amplitude(a).re", |t| 5.0 * t.cos()),
        ("amplitude(a).im", |t| -5.0 * t.sin()),
        ("spin(S).x", |t| 30.0 * t.cos()),
        ("spin(S).y", |t| 30.0 * t.sin()),
        ("spin(S).z", |_| -40.0),
        ("spin(T).x", |_| 0.0),
        ("spin(T).y", |_| 20.0),
        ("spin(T).z", |_| 10.0),
        ("photons(a)", |_| 25.0),
    ])
}

/// A run that leaves it: cumulants that grow with t, amplitude that shrinks as `1 - t/100`.
fn tested() -> Table {
    let mut table = table(&[
        ("amplitude(a).re", |t| 5.0 * t.cos() * (1.0 - 0.01 * t)),
        ("amplitude(a).im", |t| -5.0 * t.sin() * (1.0 - 0.01 * t)),
        ("field-cumulants(a).re_aa", |t| 0.3 * t * t.cos()),
        ("field-cumulants(a).im_aa", |t| 0.3 * t * t.sin()),
        ("field-cumulants(a).ada", |t| 0.25 * t),
        ("spin(S).x", |t| 30.0 * t.cos()),
        ("spin(S).y", |t| 30.0 * t.sin()),
        ("spin(S).z", |t| -40.0 + t),
        ("spin(T).x", |_| 0.0),
        ("spin(T).y", |_| 20.0),
        ("spin(T).z", |_| 10.0),
        ("photons(a)", |t| 25.0 - t),
    ]);
    let zero = vec![0.0; times().len()];
    let (_, needed) = needs_of(&criteria_by_name(&system(), &["norm".into()]).expect("known"));
    assert_eq!(
        needed,
        [
            "covariance(a)",
            "covariance(a,S)",
            "covariance(a,T)",
            "covariance(S)",
            "covariance(S,T)",
            "covariance(T)"
        ]
    );
    let criterion = Criterion::parse(&system(), "norm").expect("known");
    for name in criterion.needs().tested.iter().flat_map(|n| &n.columns) {
        table = table.with_values(name, zero.clone()).expect("lengths");
    }
    let with = |table: Table, name: &str, f: Function| {
        table.with_values(name, times().into_iter().map(f).collect()).expect("lengths")
    };
    let table = with(table, "covariance(S).xx", |t| 9.0 * t);
    let table = with(table, "covariance(S).xy", |t| 6.0 * t);
    with(table, "covariance(S).yy", |t| t)
}

/// Ratio at t = 10 by hand.
#[test]
fn every_criterion_is_the_ratio_it_says() {
    let v_square = 2.0 * 25.0 / SIZE + 0.25 + 0.05;
    // Per N^2: xx 90, yy 10, xy 60 twice.
    let norm = (90.0_f64.powi(2) + 10.0_f64.powi(2) + 2.0 * 60.0_f64.powi(2)).sqrt() / (SIZE * SIZE);
    let cases = [
        ("aa", 3.0 / 25.0),
        ("aa(a)", 3.0 / 25.0),
        ("aa_raw", 3.0 / 5.0),
        ("ada", 2.5 / 25.0),
        ("std", 2.5_f64.sqrt() / 4.5),
        ("SmSm", 80.0_f64.hypot(120.0) / 900.0),
        ("smsm(S)", 80.0_f64.hypot(120.0) / 900.0),
        ("TmTm", 0.0),
        ("norm", norm / v_square),
        ("dev_a", 0.1),
        ("dev_v", ((2.0 * 0.25 / SIZE + 0.01) / v_square).sqrt()),
        ("deviation(photons(a))", 10.0 / 25.0),
        ("deviation( spin(S) )", 10.0 / 50.0),
        ("deviation(spin(S).z)", 10.0 / 40.0),
    ];
    for (name, expected) in cases {
        let criterion = Criterion::parse(&system(), name).expect(name);
        let series = criterion.ratio(&mean_field(), &tested()).expect(name);
        let found = series.ratio()[500];
        assert!((found - expected).abs() < 1e-12, "{name}: {found} {expected}");
    }
    let tested_names: Vec<&str> = cases.iter().map(|(n, _)| n.split('(').next().unwrap_or(n)).collect();
    for definition in CRITERIA {
        assert!(tested_names.contains(&definition.name), "{} is not tested", definition.name);
    }
}

#[test]
fn first_and_averaged_crossings_of_a_criterion() {
    let criterion = Criterion::parse(&system(), "ada").expect("known");
    let series = criterion.ratio(&mean_field(), &tested()).expect("columns");
    let first = crossing(&series, &CrossingOptions::default()).expect("options").first().expect("crosses");
    assert!((first - 10.0).abs() < 1e-6, "{first}");
    let averaging = Some(Averaging::centred(2.0 * std::f64::consts::PI));
    let averaged =
        crossing(&series, &CrossingOptions { averaging, ..CrossingOptions::default() }).expect("options");
    assert!((averaged.first().expect("crosses") - 10.0).abs() < 1e-6);
}

#[test]
fn all_criteria_of_a_system_and_what_they_need() {
    let all =
        criteria_by_name(&system(), &["all".into(), "aa".into(), "deviation(energy)".into()]).expect("known");
    let names: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "aa(a)",
            "ada(a)",
            "smsm(S)",
            "smsm(T)",
            "norm",
            "dev_a(a)",
            "dev_v",
            "std(a)",
            "aa_raw(a)",
            "deviation(energy)"
        ]
    );
    let (reference, tested) = needs_of(&all);
    assert_eq!(reference, ["amplitude(a)", "spin(S)", "spin(T)", "energy"]);
    assert_eq!(tested[..2], ["field-cumulants(a)", "covariance(S)"]);
}

#[test]
fn unknown_names_list_the_known_ones() {
    let message = |text: &str| Criterion::parse(&system(), text).expect_err("bad").to_string();
    assert!(
        message("a").starts_with("unknown criterion 'a'; known: aa(mode), ada(mode), smsm(ensemble), norm")
    );
    assert_eq!(message("aa(b)"), "criterion 'aa(b)': there is no mode 'b'; known: a");
    assert_eq!(message("smsm"), "criterion 'smsm': which ensemble? there are S, T");
    assert_eq!(message("aa(a"), "criterion 'aa(a': a closing parenthesis is missing");
    assert!(message("norm(a)").contains("without parentheses"));
    assert!(message("deviation").contains("needs an observable"));
    let empty = Criterion::parse(&Subsystems::default(), "aa").expect_err("no mode").to_string();
    assert_eq!(empty, "criterion 'aa': the system has no mode");
}

#[test]
fn missing_columns_and_different_times_are_named() {
    let criterion = Criterion::parse(&system(), "aa").expect("known");
    let error = criterion.ratio(&mean_field(), &mean_field()).expect_err("no cumulants").to_string();
    assert!(
        error.starts_with("the tested run lacks column 'field-cumulants(a).re_aa'; it has: amplitude(a).re")
    );
    let other = Table::new(vec![0.0, 0.5]).expect("times");
    assert!(matches!(
        criterion.ratio(&mean_field(), &other),
        Err(AnalysisError::DifferentTimes { index: 1, .. })
    ));
    let none = criterion.ratio(&Table::default(), &Table::default()).expect_err("no columns");
    assert!(matches!(none, AnalysisError::MissingColumn { .. }));
}

#[test]
fn empty_and_single_runs_do_not_panic() {
    let make = |times: Vec<f64>| {
        let count = times.len();
        let mut table = Table::new(times).expect("times");
        for name in ["amplitude(a).re", "amplitude(a).im"] {
            table = table.with_values(name, vec![1.0; count]).expect("lengths");
        }
        table
    };
    let criterion = Criterion::parse(&system(), "dev_a").expect("known");
    for (times, averaging) in [(vec![], None), (vec![1.0], None), (vec![1.0], Some(Averaging::centred(1.0)))]
    {
        let series = criterion.ratio(&make(times.clone()), &make(times.clone())).expect("columns");
        let found = crossing(&series, &CrossingOptions { averaging, ..CrossingOptions::default() });
        match (times.len(), averaging) {
            (1, None) => {
                assert_eq!(found.expect("one value").outcome, Outcome::NeverCrossed { horizon: 1.0 });
            }
            _ => {
                assert!(matches!(
                    found,
                    Err(AnalysisError::TooFew { .. } | AnalysisError::OutOfRange { .. })
                ));
            }
        }
    }
    // The window is shorter than the series, but fits around none of its times.
    let series = criterion.ratio(&make(vec![0.0, 10.0]), &make(vec![0.0, 10.0])).expect("columns");
    let averaging = Some(Averaging::centred(8.0));
    let found = crossing(&series, &CrossingOptions { averaging, ..CrossingOptions::default() });
    assert!(matches!(found, Err(AnalysisError::TooFew { .. })), "{found:?}");
}

#[test]
fn sampling_errors_of_columns_reach_the_breakdown_time() {
    let sampled = |name: &str, f: Function, error: f64| Column {
        name: name.into(),
        values: times().into_iter().map(f).collect(),
        standard_errors: Some(vec![error; times().len()]),
    };
    let run = tested().with(sampled("field-cumulants(a).ada", |t| 0.25 * t, 0.05)).expect("lengths");
    let series =
        Criterion::parse(&system(), "ada").expect("known").ratio(&mean_field(), &run).expect("columns");
    let Outcome::Crossed { standard_error: Some(error), .. } =
        crossing(&series, &CrossingOptions::default()).expect("options").outcome
    else {
        panic!("crosses with an error")
    };
    // 0.05 / 0.25.
    assert!((error - 0.2).abs() < 1e-3, "{error}");
}
