//! The engine behind the seam: what it refuses, quenches, checkpoints, blow-up, printing.

mod common;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{problem, reference_model, reference_state};
use superladder_cumulant::{Basis, Closure, Cumulant, Derivation, Equations};
use superladder_engine::{
    Diagnostics, Engine, EngineError, Evolution, Halt, Measurement, Problem, Silent, Stage, run,
};
use superladder_model::{EnsembleState, InitialState, ModeState};
use superladder_propagate::{Dop853, Krylov, Method};

fn times(end: f64, step: f64) -> Vec<f64> {
    (0..=(end / step).round() as usize).map(|i| i as f64 * step).collect()
}

fn refusal(engine: &Cumulant, problem: &Problem) -> String {
    engine.prepare(problem).err().expect("refused").to_string()
}

#[test]
fn what_it_cannot_do_is_refused_by_name() {
    let with = |observables: &[&str]| {
        problem(reference_model(10, 0.2), reference_state(10), observables, vec![0.0, 1.0])
    };
    let text = refusal(&Cumulant::default(), &with(&["photons(a)", "ladder-distribution(S)"]));
    assert!(text.contains("'cumulant'") && text.contains("'ladder-distribution(S)'"), "{text}");
    assert!(text.contains("available: amplitude, photons, g2") && !text.contains("purity"), "{text}");
    let text = refusal(&Cumulant { order: 9, ..Cumulant::default() }, &with(&["photons(a)"]));
    assert!(text.contains("`order` of closure 'sites' must be from 1 to 6, but is 9"), "{text}");
    let text = refusal(
        &Cumulant { order: 3, closure: Closure::Casimir, ..Cumulant::default() },
        &with(&["photons(a)"]),
    );
    assert!(text.contains("closure 'casimir' must be 2"), "{text}");
    let krylov = Method::Krylov(Krylov::default());
    let text = refusal(&Cumulant { method: krylov, ..Cumulant::default() }, &with(&["photons(a)"]));
    assert!(text.contains("'krylov'"), "{text}");
}

#[test]
fn dicke_states_are_refused_where_their_digits_are_lost() {
    let start = |n: usize, m: i64| InitialState {
        modes: vec![ModeState::Fock(0)],
        ensembles: vec![
            EnsembleState::Dicke { twice_j: n, twice_m: m },
            EnsembleState::Product { bloch: [0.0, 0.0, 0.8] },
        ],
        joint: None,
    };
    let n = 1_000_000_000;
    let with = |m| problem(reference_model(n, 0.2), start(n, m), &["photons(a)"], vec![0.0, 0.1]);
    let text = refusal(&Cumulant::default(), &with(0));
    assert!(text.contains("1000000000 spins") && text.contains("product state"), "{text}");
    assert!(Cumulant::default().prepare(&with(-(n as i64))).is_ok());
}

/// Two stages are two runs: the recorded moments at the quench are the start of the second.
#[test]
fn a_quench_continues_and_a_checkpoint_has_the_same_bits() {
    let mut problem = problem(
        reference_model(20, 0.2),
        reference_state(20),
        &["default", "covariance(a,T)"],
        times(6.0, 0.5),
    );
    problem.stages.push(Stage { start: 2.25, model: reference_model(20, 0.5) });
    let engine = Cumulant::default();
    let (mut whole, recorder) = run(&engine, &problem, &mut Silent).expect("runs");
    assert_eq!(recorder.records.len(), problem.times.len());
    let names: Vec<&str> = recorder.records[1].diagnostics.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["g2", "photon_number", "propagation", "spin_length", "uncertainty", "variance"]);
    let mut ignore = |_: f64, _: Vec<Measurement>, _: &Diagnostics| ControlFlow::Continue(());
    // In two calls, stopped at an output time inside of the second stage.
    let mut first = engine.prepare(&problem).expect("prepared");
    first.advance(&problem.times[1..8], &mut ignore).expect("runs");
    let bytes = first.save().expect("bytes");
    first.advance(&problem.times[8..], &mut ignore).expect("runs");
    let mut second = engine.prepare(&problem).expect("prepared");
    second.restore(&bytes).expect("fits");
    assert_eq!(second.time(), problem.times[7]);
    second.advance(&problem.times[8..], &mut ignore).expect("runs");
    assert_eq!(first.measure(), second.measure());
    for (a, b) in first.measure().iter().zip(whole.measure()) {
        for (a, b) in a.values.iter().zip(b.values) {
            assert!((a.value - b.value).abs() < 1e-7, "{} and {}", a.value, b.value);
        }
    }
    assert!(second.restore(&bytes[8..]).is_err());
}

/// Order 1 of the closure is order 1 at finite N; second moments are those of a product state.
#[test]
fn order_one_has_product_moments() {
    let problem = problem(
        reference_model(10, 0.2),
        reference_state(10),
        &["field-cumulants(a)", "g2(a)"],
        vec![0.0, 3.0],
    );
    let (_, recorder) =
        run(&Cumulant { order: 1, ..Cumulant::default() }, &problem, &mut Silent).expect("runs");
    let m = &recorder.records[1].measurements;
    assert!(m[0].values.iter().all(|v| v.value.abs() < 1e-12));
    assert!((m[1].values[0].value - 1.0).abs() < 1e-12);
}

/// In the chaotic region closure `sites` leaves every bound: an error with time and N, and what was recorded
/// before it is finite. The symmetrised closure goes on.
#[test]
fn a_blow_up_is_an_error_with_time_and_size() {
    let state = InitialState {
        modes: vec![ModeState::Coherent((-0.01 * 4f64.sqrt()).into())],
        ensembles: vec![
            EnsembleState::SpinCoherent { theta: 0.02, phi: 0.0 },
            EnsembleState::Product { bloch: [0.0, 0.0, 0.8] },
        ],
        joint: None,
    };
    let problem = problem(reference_model(4, 0.6), state, &["default"], times(400.0, 0.5));
    let engine = Cumulant::default();
    let mut evolution = engine.prepare(&problem).expect("prepared");
    let mut last = 0.0;
    let mut record = |time: f64, measurements: Vec<Measurement>, _: &Diagnostics| {
        assert!(measurements[0].values.iter().all(|v| v.value.is_finite()));
        last = time;
        ControlFlow::Continue(())
    };
    let error = evolution.advance(&problem.times[1..], &mut record).expect_err("blows up");
    let EngineError::Propagation { time, .. } = &error else { panic!("{error}") };
    println!("{error}");
    let text = error.to_string();
    assert!(
        *time >= last && *time < 400.0 && text.contains("N = 4") && text.contains("blew up at time"),
        "{text}"
    );
    let kept = Cumulant { closure: Closure::Symmetrised, ..Cumulant::default() };
    run(&kept, &problem, &mut Silent).expect("stays positive");
}

#[test]
fn equations_are_printed_as_text_and_latex() {
    let equations =
        Equations::of_model(&reference_model(100, 0.2), Derivation::new(2, Closure::Sites)).expect("derived");
    assert_eq!(equations.unknowns().len(), 44);
    let text = equations.to_text(0);
    assert!(text.starts_with("# order 2, closure 'sites'"), "{text}");
    assert!(text.contains("\nd/dt <Q(a)> = -0.03 <Q(a)> + <P(a)> - 1.414213562373 <s_y(T,1)>\n"), "{text}");
    assert!(
        text.contains(
            "\nd/dt <s_x(S,1)> = -<s_y(S,1)> + 0.2 <s_z(S,1) s_y(T,1)>c + 0.2 <s_z(S,1)> <s_y(T,1)>\n"
        ),
        "{text}"
    );
    assert_eq!(text.matches("d/dt").count(), 44);
    let latex = equations.to_latex(0);
    assert!(latex.contains("\\begin{align*}\n") && latex.ends_with("\\end{align*}\n"));
    assert!(latex.contains(r"\frac{\mathrm{d}}{\mathrm{d}t} \langle Q_{\mathrm{a}} \rangle &= -0.03 \langle Q_{\mathrm{a}} \rangle + "), "{latex}");
    let rotating = Equations::of_model(
        &reference_model(100, 0.2),
        Derivation { basis: Basis::Ladder, ..Derivation::new(1, Closure::Sites) },
    );
    let text = rotating.expect("derived").to_text(0);
    assert!(
        text.contains("\nd/dt <a(a)> = (-0.03 - i) <a(a)>")
            || text.contains("\nd/dt <a(a)> = -(0.03 + 1i) <a(a)>"),
        "{text}"
    );
    let symmetrised =
        Equations::of_model(&reference_model(100, 0.2), Derivation::new(2, Closure::Symmetrised))
            .expect("derived");
    assert!(symmetrised.to_text(0).contains("<S_x(S) S_x(S)>c"));
}

/// A blow-up needs the limit on the unknowns only where the step control does not notice: a fixed step.
#[test]
fn a_blow_up_is_noticed_at_a_fixed_step_too() {
    let method = Method::Dop853(Dop853 { fixed_step: Some(0.05), ..Dop853::default() });
    let problem = problem(reference_model(2, 0.6), reference_state(2), &["photons(a)"], vec![0.0, 100.0]);
    let error =
        run(&Cumulant { method, ..Cumulant::default() }, &problem, &mut Silent).err().expect("blows up");
    assert!(error.to_string().contains("blew up at time"), "{error}");
}

/// The scaled unknowns hardly know of N: from 10^9 to 10^10 they move by 1/N, and no digit is lost.
#[test]
fn unknowns_keep_their_digits_at_any_size() {
    let unknowns = |n: usize| {
        let observables = ["covariance(a)", "covariance(S)", "covariance(T)", "covariance(a,S)"];
        let problem = problem(reference_model(n, 0.2), reference_state(n), &observables, vec![0.0, 10.0]);
        let mut evolution = Cumulant::default().evolution(&problem).expect("prepared");
        let mut go_on = |_: f64, _: Vec<Measurement>, _: &Diagnostics| ControlFlow::Continue(());
        evolution.advance(&[10.0], &mut go_on).expect("runs");
        evolution.unknowns().to_vec()
    };
    let (a, b) = (unknowns(1_000_000_000), unknowns(10_000_000_000));
    assert_eq!(a.len(), 44);
    let off = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off < 1e-8 && a.iter().all(|x| x.abs() < 10.0), "{off:e}");
}

/// Asks for the end from poll number `last` on.
struct Counted {
    polls: AtomicU64,
    last: u64,
}

impl Halt for Counted {
    fn asked(&self) -> bool {
        self.polls.fetch_add(1, Ordering::SeqCst) + 1 >= self.last
    }
}

#[test]
fn a_derivation_is_given_up_at_any_poll() {
    let problem = problem(reference_model(10, 0.2), reference_state(10), &["photons(a)"], vec![0.0, 1.0]);
    let engine = Cumulant { order: 3, ..Cumulant::default() };
    let counted = |last| Counted { polls: AtomicU64::new(0), last };
    let all = counted(u64::MAX);
    engine.prepare_while(&problem, &all).expect("prepares");
    let polls = all.polls.into_inner();
    assert!(polls > 100, "only {polls} polls");
    for last in (1..=polls).step_by(37) {
        let some = counted(last);
        let ended = engine.prepare_while(&problem, &some);
        assert!(matches!(ended, Err(EngineError::Interrupted { .. })), "poll {last}");
        assert!(some.polls.into_inner() <= last + 1, "poll {last}");
    }
}
