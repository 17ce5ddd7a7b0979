//! Single records against all `2^N` spins, against the master equation, and against quantum trajectories.

use num_complex::Complex64;
use superladder_brute_force::{BruteForce, Dense};
use superladder_engine::{Engine, Problem, Recorder, Silent, run};
use superladder_exact::Exact;
use superladder_model::{Evaluation, Model, Operator, observables_by_name};
use superladder_monitored::Monitored;
use superladder_sampling::Unravelling;
use superladder_trajectories::{Choice, Trajectories};

/// `spins` in a driven lossy cavity that dephase, and a pumped one.
fn problem(spins: usize, times: usize) -> Problem {
    let model = Model::builder()
        .mode("a", 0.3)
        .ensemble("S", spins, 1.0)
        .ensemble("T", 1, 0.7)
        .interaction("dicke", ["a", "S"], 0.5)
        .interaction("tavis-cummings", ["a", "T"], 0.4)
        .channel("cavity-loss", "a", 0.5)
        .channel("pumping", "T", 0.8)
        .channel("emission", "T", 0.3)
        .channel("dephasing", "S", 0.2)
        .build()
        .expect("valid");
    let built = Problem::builder(&model)
        .cutoff("a", 3)
        .initial("a", "coherent", [("amplitude", 0.4)])
        .observe(["photons(a)", "spin(S)", "spin(T)", "moments(S)", "photon-distribution(a)"])
        .times(0.0, 3.0, times);
    built.build().expect("valid")
}

/// The only record of an engine: the values of its observables by time, and when which detector clicked.
fn single(engine: &Monitored, problem: &Problem) -> (Recorder, Vec<(f64, usize)>) {
    let engine = Monitored { records: 1, shown: u64::MAX, ..engine.clone() };
    let (evolution, recorder) = run(&engine, problem, &mut Silent).expect("runs");
    let tables = evolution.attachments();
    let jumps = &tables.iter().find(|t| t.name == "jumps").expect("shown").columns;
    (recorder, jumps[1].1.iter().zip(&jumps[2].1).map(|(t, number)| (*t, *number as usize)).collect())
}

/// The equation between clicks with all `2^N` spins, and what clicks.
struct Reference {
    brute: BruteForce,
    drift: Dense,
    refills: Vec<(f64, Dense)>,
    detectors: Vec<Dense>,
}

impl Reference {
    /// The jumps with these numbers are recorded, at an efficiency; the first one with an eight-port detector.
    fn new(problem: &Problem, recorded: &[usize], efficiency: f64, flux: f64) -> Self {
        let brute = BruteForce::new(problem.model(), &problem.cutoffs).expect("fits");
        let mut drift = brute.hamiltonian().scale(-Complex64::I);
        let (mut refills, mut detectors) = (Vec::new(), Vec::new());
        for (number, (rate, jump)) in brute.jumps().iter().enumerate() {
            let seen = if recorded.contains(&number) { efficiency } else { 0.0 };
            let ports: Vec<Dense> = if number == 0 && seen > 0.0 {
                let identity = Dense::identity(brute.dimension());
                let port = |q: i32| {
                    let light = identity.scale(Complex64::I.powi(q) * flux.sqrt());
                    jump.scale(rate.sqrt().into()).add(&light).scale(0.5.into())
                };
                (0..4).map(port).collect()
            } else {
                vec![jump.scale(rate.sqrt().into())]
            };
            for port in ports {
                drift = drift.add(&port.adjoint().mul(&port).scale((-0.5).into()));
                if seen > 0.0 {
                    detectors.push(port.scale(seen.sqrt().into()));
                }
                refills.push((1.0 - seen, port));
            }
        }
        Self { brute, drift, refills, detectors }
    }

    fn slope(&self, rho: &Dense) -> Dense {
        let half = self.drift.mul(rho);
        let sum = half.add(&half.adjoint());
        let refill = |sum: Dense, (share, jump): &(f64, Dense)| {
            if *share == 0.0 {
                return sum;
            }
            sum.add(&jump.mul(rho).mul(&jump.adjoint()).scale((*share).into()))
        };
        self.refills.iter().fold(sum, refill)
    }

    fn evolve(&self, rho: &Dense, time: f64) -> Dense {
        let steps = (time / 0.1).ceil().max(1.0);
        let mut state = rho.clone();
        for _ in 0..steps as usize {
            let mut term = state.clone();
            for k in 1..=16 {
                term = self.slope(&term).scale((time / steps / f64::from(k)).into());
                state = state.add(&term);
            }
        }
        state
    }

    fn normalised(&self, rho: &Dense) -> Dense {
        rho.scale((1.0 / self.brute.expectation(&Operator::identity(), rho).re).into())
    }
}

/// A record of photons by heterodyne detection and of emitted quanta, both at efficiency 0.6, is replayed click by
/// click with all spins.
#[test]
fn a_record_is_that_of_all_spins() {
    for spins in [1, 2] {
        let problem = problem(spins, 4);
        let flux = 8.0;
        let recorded = Some(vec!["cavity-loss(a)".to_owned(), "emission(T)".to_owned()]);
        let unravelling = Unravelling::Heterodyne { flux };
        let engine = Monitored { recorded, efficiency: 0.6, unravelling, ..Monitored::default() };
        let records = (0..20).map(|first| single(&Monitored { first, ..engine.clone() }, &problem));
        let by_clicks = records.max_by_key(|(_, clicks)| clicks.iter().filter(|c| c.1 == 4).count());
        let (recorder, clicks) = by_clicks.expect("records");
        // Ports 0 to 3 of the loss, and 4 of the emission.
        assert!(clicks.len() > 6 && (1..5).all(|d| d == 2 || clicks.iter().any(|c| c.1 == d)), "{clicks:?}");
        // Jumps: loss, pumping, emission, dephasing of every spin.
        let reference = Reference::new(&problem, &[0, 2], 0.6, flux);
        let mut rho = reference.brute.initial_state(&problem.initial).expect("fits");
        let (mut time, mut clicks) = (0.0, clicks.iter().peekable());
        for record in &recorder.records {
            while let Some((at, detector)) = clicks.next_if(|(at, _)| *at < record.time) {
                let before = reference.evolve(&rho, at - time);
                let jump = &reference.detectors[*detector];
                rho = reference.normalised(&jump.mul(&before).mul(&jump.adjoint()));
                time = *at;
            }
            let shown = reference.normalised(&reference.evolve(&rho, record.time - time));
            for (observable, measured) in problem.observables.iter().zip(&record.measurements) {
                let Evaluation::Moments { operators, combine, context } = &observable.evaluation else {
                    continue;
                };
                let expectations: Vec<Complex64> =
                    operators.iter().map(|o| reference.brute.expectation(o, &shown)).collect();
                for (found, expected) in measured.values.iter().zip(combine(&expectations, context)) {
                    let off = (found.value - expected).abs();
                    assert!(off < 2e-7, "{spins} {} {}: {found:?} {expected}", record.time, observable.name);
                }
            }
        }
    }
}

fn largest_difference(one: &Recorder, other: &Recorder) -> f64 {
    let values = |recorder: &Recorder| -> Vec<f64> {
        let records = recorder.records.iter().flat_map(|r| &r.measurements);
        records.flat_map(|m| m.values.iter().map(|v| v.value)).collect()
    };
    let (one, other) = (values(one), values(other));
    assert_eq!(one.len(), other.len());
    one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Nothing recorded is the master equation, whether nothing is named or nothing arrives.
#[test]
fn without_a_record_it_is_the_master_equation() {
    let problem = problem(2, 5);
    let (_, exact) = run(&Exact::default(), &problem, &mut Silent).expect("runs");
    let names = Monitored { records: 1, recorded: Some(Vec::new()), ..Monitored::default() };
    let blind = Monitored { records: 1, efficiency: 0.0, ..Monitored::default() };
    for engine in [names, blind] {
        let (evolution, found) = run(&engine, &problem, &mut Silent).expect("runs");
        let off = largest_difference(&exact, &found);
        assert!(off < 2e-7, "{off}");
        assert_eq!(evolution.statistics()["clicks"], 0);
    }
}

/// All channels recorded completely: the very trajectories of the engine of pure states, which draws the same random
/// numbers for the same jumps.
#[test]
fn with_the_whole_record_it_is_a_quantum_trajectory() {
    let problem = problem(2, 5);
    for unravelling in [Unravelling::Jumps, Unravelling::Homodyne { flux: 3.0, angle: 0.4 }] {
        let monitored = Monitored { records: 40, unravelling, ..Monitored::default() };
        let pure = Trajectories {
            trajectories: 40,
            unravelling,
            windows: Choice::Off,
            displaced: Choice::Off,
            rotating: Choice::Off,
            ..Trajectories::default()
        };
        let (_, one) = run(&monitored, &problem, &mut Silent).expect("runs");
        let (_, other) = run(&pure, &problem, &mut Silent).expect("runs");
        let off = largest_difference(&one, &other);
        println!("{unravelling:?}: {off}");
        assert!(off < 1e-8, "{unravelling:?}: {off}");
    }
}

/// The same bits on any number of threads, in parts, and with `tolerance` no more than what it promises.
#[test]
fn records_are_the_same_in_any_order() {
    let problem = problem(1, 3);
    let engine = Monitored { records: 6, efficiency: 0.5, ..Monitored::default() };
    let threads = |count: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads");
        pool.install(|| run(&engine, &problem, &mut Silent).expect("runs").1)
    };
    assert_eq!(largest_difference(&threads(1), &threads(3)), 0.0);
    let coarse = Monitored { tolerance: 1e-5, ..engine.clone() };
    let off = largest_difference(&threads(1), &run(&coarse, &problem, &mut Silent).expect("runs").1);
    assert!(off > 0.0 && off < 1e-3, "{off}");
}

#[test]
fn what_cannot_be_is_refused() {
    let problem = problem(1, 3);
    let refused = |engine: Monitored, words: &str| {
        let message = engine.prepare(&problem).err().expect("refused").to_string();
        assert!(message.contains(words), "{message}");
    };
    let engine = Monitored::default();
    let named = |name: &str| Monitored { recorded: Some(vec![name.to_owned()]), ..engine.clone() };
    refused(named("loss(a)"), "`recorded` names 'loss(a)'");
    refused(named("loss(a)"), "cavity-loss(a), pumping(T), emission(T), dephasing(S)");
    refused(Monitored { efficiency: 1.5, ..engine.clone() }, "`efficiency` must be from 0 to 1, but is 1.5");
    refused(Monitored { efficiency: f64::NAN, ..engine.clone() }, "`efficiency`");
    refused(Monitored { records: 0, ..engine.clone() }, "`trajectories`");
    refused(Monitored { tolerance: 1.0, ..engine.clone() }, "`tolerance`");
    let dark = Unravelling::Heterodyne { flux: 0.0 };
    refused(Monitored { unravelling: dark, ..engine.clone() }, "`oscillator_flux`");
    let few = Monitored { max_steps: 2, ..engine.clone() };
    let message = run(&few, &problem, &mut Silent).err().expect("fails").to_string();
    assert!(message.contains("max_steps") || message.contains("time 0"), "{message}");
    let mut large = problem.clone();
    large.cutoffs = vec![2000];
    let message = engine.prepare(&large).err().expect("refused").to_string();
    assert!(message.contains("engine 'trajectories'"), "{message}");
    let mut nonlinear = problem.clone();
    nonlinear.observables = observables_by_name(problem.model(), &["purity".to_owned()]).expect("known");
    let message = engine.prepare(&nonlinear).err().expect("refused").to_string();
    assert!(message.contains("purity") && message.contains("not linear"), "{message}");
}
