//! Without a mode, N emitters at order N are exact: there is no cumulant of more than N sites.

mod common;

use common::problem;
use superladder_cumulant::{Closure, Cumulant};
use superladder_engine::{Engine, Silent, run};
use superladder_exact::Exact;
use superladder_model::{Channel, Ensemble, EnsembleState, InitialState, Interaction, Model, Value};
use superladder_propagate::{Dop853, Method};

fn method() -> Method {
    Method::Dop853(Dop853 { rtol: 1e-12, atol: 1e-14, ..Dop853::default() })
}

type Entry<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, f64)]);

fn model(sizes: &[usize], interactions: &[Entry<'_>], channels: &[Entry<'_>]) -> Model {
    let named = ["S", "T"].iter().zip(sizes).zip([0.9, 1.3]);
    let ensembles =
        named.map(|((name, size), frequency)| Ensemble { name: (*name).into(), size: *size, frequency });
    let mut model = Model::new(vec![], ensembles.collect()).expect("valid");
    let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let given = |list: &[(&str, f64)]| -> Vec<(String, Value)> {
        list.iter().map(|(key, x)| ((*key).to_owned(), Value::Real(*x))).collect()
    };
    for (name, on, arguments) in interactions {
        let interaction = Interaction::new(&model, name, &[], &names(on), &given(arguments)).expect("valid");
        model = model.with_interaction(interaction);
    }
    for (name, on, arguments) in channels {
        let channel = Channel::new(&model, name, &[], &names(on), &given(arguments)).expect("valid");
        model = model.with_channel(channel);
    }
    model
}

const ALONE: &[Entry<'static>] = &[("one-axis-twisting", &["S"], &[("strength", 0.7)])];
const CHANNELS: &[Entry<'static>] = &[
    ("collective-emission", &["S"], &[("rate", 0.3)]),
    ("pumping", &["S"], &[("rate", 0.4)]),
    ("dephasing", &["S"], &[("rate", 0.2)]),
];

/// Largest deviation of every moment observable from the exact engine over 0 < t <= 3.
fn deviation(model: &Model, order: usize) -> f64 {
    let state = |bloch| EnsembleState::Product { bloch };
    let states = [state([0.6, 0.1, -0.7]), state([-0.2, 0.5, 0.3])];
    let initial =
        InitialState { modes: vec![], ensembles: states[..model.ensembles().len()].to_vec(), joint: None };
    let mut names: Vec<String> = vec!["energy".into()];
    for e in model.ensembles() {
        names.extend(["spin", "covariance", "squeezing", "fisher"].map(|o| format!("{o}({})", e.name)));
    }
    if model.ensembles().len() == 2 {
        names.push("covariance(S,T)".into());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let times = (0..=6).map(|i| 0.5 * f64::from(i)).collect();
    let problem = problem(model.clone(), initial, &names, times);
    let exact = Exact { method: method(), ..Exact::default() };
    let cumulant = Cumulant { order, closure: Closure::Sites, method: method(), ..Cumulant::default() };
    let records = [&exact as &dyn Engine, &cumulant]
        .map(|engine| run(engine, &problem, &mut Silent).expect("runs").1.records);
    let mut worst: f64 = 0.0;
    for (a, b) in records[0].iter().zip(&records[1]) {
        for (a, b) in a.measurements.iter().zip(&b.measurements) {
            for (a, b) in a.values.iter().zip(&b.values) {
                worst = worst.max((a.value - b.value).abs());
            }
        }
    }
    worst
}

#[test]
fn emitters_at_the_order_of_their_number_are_exact() {
    let exchange: &[Entry<'_>] = &[
        ("exchange", &["S", "T"], &[("strength", 0.8)]),
        ("one-axis-twisting", &["S"], &[("strength", 0.5)]),
    ];
    let cases: [(&[usize], &[Entry<'_>]); 5] =
        [(&[2], ALONE), (&[3], ALONE), (&[4], ALONE), (&[1, 1], exchange), (&[2, 1], exchange)];
    for (sizes, interactions) in cases {
        let model = model(sizes, interactions, CHANNELS);
        let number = sizes.iter().sum();
        let worst = deviation(&model, number);
        println!("sizes {sizes:?} at order {number}: {worst:.1e}");
        assert!(worst < 1e-9, "sizes {sizes:?}: off by {worst:e}");
        // One order less is not: the comparison sees what it should.
        assert!(deviation(&model, number - 1) > 1e-4, "sizes {sizes:?}");
    }
}
