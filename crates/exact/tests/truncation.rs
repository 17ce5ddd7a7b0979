//! The bound of the error of truncation holds, and is not idle.

mod common;

use common::reference::reference_problem;
use superladder_engine::{End, Problem, Record, Recorder, Silent, Stage, run};
use superladder_exact::Exact;
use superladder_model::{Channel, InitialState, Mode, ModeState, Model, Value, observables_by_name};

fn recorded(problem: &Problem) -> Recorder {
    run(&Exact::default(), problem, &mut Silent).expect("runs").1
}

fn bounds(recorder: &Recorder) -> Vec<f64> {
    let bound = |r: &superladder_engine::Record| {
        r.diagnostics.iter().find(|(name, _)| name == "truncation").expect("is noted").1
    };
    recorder.records.iter().map(bound).collect()
}

/// |tr(O rho) - tr(O rho')| <= ‖O‖ ‖rho - rho'‖_1 for the components of both spins, of norm N/2.
#[test]
fn the_bound_covers_the_error_of_every_bounded_observable() {
    let n = 2;
    let observables = ["spin(S)", "spin(T)"];
    let whole = recorded(&reference_problem(n, 32, 0.7, &observables));
    let mut last = f64::INFINITY;
    for cutoff in [4, 8, 12, 18, 24] {
        let cut = recorded(&reference_problem(n, cutoff, 0.7, &observables));
        let bounds = bounds(&cut);
        assert!(bounds.is_sorted(), "a bound never shrinks");
        for (k, (a, b)) in cut.records.iter().zip(&whole.records).enumerate() {
            for (x, y) in a.measurements.iter().zip(&b.measurements) {
                for (x, y) in x.values.iter().zip(&y.values) {
                    let error = (x.value - y.value).abs() / (0.5 * n as f64);
                    // Both runs were propagated to about 1e-9.
                    assert!(error <= bounds[k] + 1e-8, "cutoff {cutoff}, t = {}: {error:e}", a.time);
                }
            }
        }
        let bound = bounds[bounds.len() - 1];
        assert!(bound < 0.5 * last, "cutoff {cutoff}: {bound:e} after {last:e}");
        println!("cutoff {cutoff}: bound {bound:.2e}");
        last = bound;
    }
    assert!(last < 1e-2, "{last:e}");
}

#[test]
fn nothing_leaks_where_nothing_goes_up() {
    // An empty cavity with loss never leaves the space that it starts in.
    let model = Model::new(vec![Mode { name: "a".into(), frequency: 1.0 }], Vec::new()).expect("valid");
    let rate = [("rate".to_owned(), Value::Real(0.3))];
    let loss = Channel::new(&model, "cavity-loss", &["a".to_owned()], &[], &rate).expect("valid");
    let model = model.with_channel(loss);
    let problem = Problem {
        observables: observables_by_name(&model, &["photons(a)".to_owned()]).expect("known"),
        stages: vec![Stage { start: 0.0, model }],
        initial: InitialState { modes: vec![ModeState::Fock(3)], ensembles: Vec::new(), joint: None },
        times: vec![0.0, 1.0, 2.0],
        cutoffs: vec![6],
        end: End::Records,
    };
    let recorder = recorded(&problem);
    for name in ["truncation", "top_population"] {
        let of = |r: &Record| r.diagnostics.iter().find(|(known, _)| known == name).expect("noted").1;
        assert!(recorder.records.iter().all(|r| of(r) == 0.0), "{name}");
    }
}
