//! The reference two-ensemble model with the initial state of the golden files.

use num_complex::Complex64;
use superladder_engine::{End, Problem, Stage};
use superladder_model::{
    Channel, Ensemble, EnsembleState, InitialState, Interaction, Mode, ModeState, Model, Value,
    observables_by_name,
};

pub fn reference_model(n: usize, lambda: f64) -> Model {
    let modes = vec![Mode { name: "a".into(), frequency: 1.0 }];
    let ensemble = |name: &str| Ensemble { name: name.into(), size: n, frequency: 1.0 };
    let model = Model::new(modes, vec![ensemble("S"), ensemble("T")]).expect("valid");
    let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let real = |key: &str, x: f64| vec![(key.to_owned(), Value::Real(x))];
    let interactions = [
        ("dicke", names(&["a"]), names(&["S"]), lambda),
        ("tavis-cummings", names(&["a"]), names(&["T"]), 0.1),
        ("exchange", names(&[]), names(&["S", "T"]), 0.1),
    ];
    let channels = [
        ("cavity-loss", names(&["a"]), names(&[]), 0.06),
        ("pumping", names(&[]), names(&["T"]), 0.9),
        ("emission", names(&[]), names(&["T"]), 0.1),
    ];
    let mut result = model.clone();
    for (name, m, e, x) in interactions {
        let interaction = Interaction::new(&model, name, &m, &e, &real("strength", x)).expect("valid");
        result = result.with_interaction(interaction);
    }
    for (name, m, e, x) in channels {
        result = result.with_channel(Channel::new(&model, name, &m, &e, &real("rate", x)).expect("valid"));
    }
    result
}

pub fn reference_problem(n: usize, cutoff: usize, lambda: f64, observables: &[&str]) -> Problem {
    let model = reference_model(n, lambda);
    let names: Vec<String> = observables.iter().map(ToString::to_string).collect();
    let observables = observables_by_name(&model, &names).expect("known");
    let alpha = Complex64::from(0.3 * (n as f64).sqrt());
    Problem {
        stages: vec![Stage { start: 0.0, model }],
        initial: InitialState {
            modes: vec![ModeState::Coherent(alpha)],
            ensembles: vec![
                EnsembleState::SpinCoherent { theta: 0.3, phi: 0.0 },
                EnsembleState::Dicke { twice_j: n, twice_m: -(n as i64) },
            ],
            joint: None,
        },
        observables,
        times: (0..=100).map(|i| f64::from(i) / 10.0).collect(),
        cutoffs: vec![cutoff],
        end: End::Records,
    }
}
