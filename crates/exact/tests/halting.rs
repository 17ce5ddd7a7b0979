//! Preparing and running end at the poll that asks for it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use superladder_engine::{Engine, EngineError, Halt, Problem, Progress, Run, Silent, run};
use superladder_exact::{AdaptiveCutoff, Exact, Generator, Positivity};
use superladder_model::Model;

/// Counts polls; asks for the end at number `last` and at all later ones.
struct Counted {
    polls: AtomicU64,
    last: u64,
}

impl Counted {
    fn new(last: u64) -> Self {
        Self { polls: AtomicU64::new(0), last }
    }

    fn polls(&self) -> u64 {
        self.polls.load(Ordering::SeqCst)
    }
}

impl Halt for Counted {
    fn asked(&self) -> bool {
        self.polls.fetch_add(1, Ordering::SeqCst) + 1 >= self.last
    }
}

/// A run that a count of polls ends.
struct Ending(Counted);

impl Progress for Ending {
    fn reached(&mut self, _: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    fn halt(&self) -> &dyn Halt {
        &self.0
    }
}

fn problem() -> Problem {
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("S", 4, 0.8)
        .interaction("dicke", ["a", "S"], 0.4)
        .channel("cavity-loss", "a", 0.3)
        .channel("emission", "S", 0.2)
        .channel("dephasing", "S", 0.1)
        .build()
        .expect("a model");
    let problem = Problem::builder(&model).cutoff("a", 9).observe("photons(a)").observe("purity");
    problem.times(0.0, 6.0, 7).build().expect("a problem")
}

#[test]
fn a_generator_is_given_up_at_any_poll() {
    let problem = problem();
    for generator in [Generator::MatrixFree, Generator::Assembled] {
        let engine = Exact { generator, ..Exact::default() };
        // Rows of the assembled generator are polled for by several threads: one keeps the count exact.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
        pool.install(|| {
            let all = Counted::new(u64::MAX);
            engine.prepare_while(&problem, &all).expect("prepares");
            let polls = all.polls();
            assert!(polls > 40, "{generator:?}: only {polls} polls");
            for last in (1..=polls).step_by(1 + polls as usize / 40) {
                let counted = Counted::new(last);
                let ended = engine.prepare_while(&problem, &counted);
                assert!(matches!(ended, Err(EngineError::Interrupted { .. })), "{generator:?}: poll {last}");
                assert!(counted.polls() <= last + 1, "{generator:?}: {} after {last}", counted.polls());
            }
        });
    }
}

/// A space of many states, and blocks, is not built in one go.
#[test]
fn large_spaces_are_given_up_at_any_poll() {
    let lossy = |levels: usize, state: &str, given: f64| {
        let model =
            Model::builder().mode("a", 1.0).channel("cavity-loss", "a", 0.3).build().expect("a model");
        let problem = Problem::builder(&model).cutoff("a", levels).initial("a", state, given);
        let problem = problem.observe("photons(a)").observe("photon-distribution(a)");
        problem.times(0.0, 1e-6, 2).build().expect("a problem")
    };
    let spins = |size: usize| {
        let model = Model::builder().ensemble("S", size, 1.0).channel("dephasing", "S", 0.3);
        let model = model.build().expect("a model");
        let bloch = [("bloch", [0.3, 0.2, 0.1])];
        let problem = Problem::builder(&model).initial("S", "product", bloch).observe("reduced-purity(S)");
        problem.times(0.0, 1e-6, 2).build().expect("a problem")
    };
    let cases = [
        (lossy(30_000, "thermal", 2.0), 60),
        (lossy(30_000, "coherent", 2.0), 60),
        (spins(24), 200),
        (lossy(60_000, "fock", 3.0), 100),
    ];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    pool.install(|| {
        for (number, (problem, least)) in cases.iter().enumerate() {
            let all = Counted::new(u64::MAX);
            Exact::default().prepare_while(problem, &all).expect("prepares");
            let polls = all.polls();
            assert!(polls >= *least, "case {number}: only {polls} polls");
            for last in (1..=polls).step_by(1 + polls as usize / 8) {
                let counted = Counted::new(last);
                let ended = Exact::default().prepare_while(problem, &counted);
                assert!(matches!(ended, Err(EngineError::Interrupted { .. })), "case {number}: poll {last}");
                assert!(counted.polls() <= last + 1, "case {number}: {} after {last}", counted.polls());
            }
        }
    });
}

/// Gives a run up at some twenty of its polls; each goes on to the same bits.
fn goes_on_after_any_poll(engine: &Exact, problem: &Problem) {
    let (_, whole) = run(engine, problem, &mut Silent).expect("runs");
    let mut counting = Ending(Counted::new(u64::MAX));
    Run::begin(engine, problem).expect("begins").proceed(&mut counting).expect("ends");
    let polls = counting.0.polls();
    assert!(polls > 20, "only {polls} polls");
    for last in (1..=polls).step_by(1 + polls as usize / 20) {
        let mut interrupted = Run::begin(engine, problem).expect("begins");
        let mut ending = Ending(Counted::new(last));
        interrupted.proceed(&mut ending).expect("pauses");
        assert!(ending.0.polls() <= last + 1, "{} polls after number {last}", ending.0.polls());
        assert!(interrupted.recorder().interrupted, "poll {last}");
        let state = interrupted.evolution().save().expect("a state");
        let records = interrupted.recorder().clone();
        let mut again = Run::resume(engine, problem, records, &state).expect("resumes");
        again.proceed(&mut Silent).expect("ends");
        assert_eq!(again.recorder().records, whole.records, "given up at poll {last}");
    }
}

#[test]
fn a_step_is_given_up_at_any_poll_and_the_run_goes_on_to_the_same_bits() {
    goes_on_after_any_poll(&Exact::default(), &problem());
}

/// Generators are built on the way: most polls are in the middle of a change of cutoffs.
#[test]
fn a_change_of_cutoffs_is_given_up_at_any_poll() {
    let problem = Problem { cutoffs: vec![4], ..problem() };
    let mut engine = Exact { adaptive: vec![Some(AdaptiveCutoff { max: None })], ..Exact::default() };
    engine.bounds.truncation = 1e-6;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    pool.install(|| {
        let (evolution, _) = run(&engine, &problem, &mut Silent).expect("runs");
        assert!(evolution.followed_cutoffs()[0].largest > 6, "no cutoff was raised");
        goes_on_after_any_poll(&engine, &problem);
    });
}

/// A dense decomposition heeds no signal, so that its size has a limit; purities have none.
#[test]
fn eigenvalues_of_large_matrices_are_refused() {
    let model = Model::builder().mode("a", 1.0).channel("cavity-loss", "a", 0.5).build().expect("a model");
    let problem = |observable: &str| {
        let builder = Problem::builder(&model).cutoff("a", 2500).times(0.0, 0.1, 2);
        builder.observe(observable).build().expect("a problem")
    };
    for observable in ["entropy", "reduced-entropy(a)"] {
        let error = Exact::default().resources(&problem(observable)).expect_err(observable).to_string();
        assert!(error.contains("2501 rows") && error.contains("at most 2500"), "{error}");
    }
    let positivity = Exact { positivity: Positivity::Eigenvalues, ..Exact::default() };
    assert!(positivity.resources(&problem("photons(a)")).is_err());
    Exact::default().resources(&problem("purity")).expect("purities need no eigenvalues");
}
