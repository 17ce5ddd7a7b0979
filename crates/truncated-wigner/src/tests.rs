//! Samples without noise, and the bits of samples.

use std::sync::atomic::AtomicBool;

use superladder_engine::{Engine, Never, Problem, Silent, run};
use superladder_mean_field::MeanField;
use superladder_model::{Model, TimeFunction};
use superladder_sampling::Functions;

use crate::TruncatedWigner;
use crate::error::SampleError;
use crate::lanes::LANES;
use crate::setup::Setup;

/// The reference model in the lasing phase, N spins in each ensemble.
fn lasing(n: usize) -> Model {
    let builder = Model::builder().mode("a", 1.0).ensemble("S", n, 1.0).ensemble("T", n, 1.0);
    builder
        .interaction("dicke", ["a", "S"], 0.2)
        .interaction("tavis-cummings", ["a", "T"], 0.1)
        .interaction("exchange", ["S", "T"], 0.1)
        .channel("cavity-loss", "a", 0.06)
        .channel("pumping", "T", 0.9)
        .channel("emission", "T", 0.1)
        .build()
        .expect("valid")
}

/// A hundred spins, near the limit cycle.
fn near_the_cycle(end: f64, points: usize) -> Problem {
    let builder = Problem::builder(&lasing(100))
        .initial("a", "coherent", num_complex::Complex64::new(-1.412, -10.069))
        .initial("S", "spin-coherent", [("theta", 1.553), ("phi", -1.532)])
        .initial("T", "product", [0.395, -0.022, 0.686])
        .cutoff("a", 1)
        .observe(["amplitude(a)", "spin(S)", "spin(T)"]);
    builder.times(0.0, end, points).build().expect("valid")
}

#[test]
fn without_noise_samples_are_mean_field() {
    let problem = near_the_cycle(1000.0, 3);
    let (_, reference) = run(&MeanField::default(), &problem, &mut Silent).expect("mean field runs");
    let setup = Setup::new(&TruncatedWigner::default(), &problem, &Never).expect("prepared");
    let (samples, noises) = setup.follow_means().expect("followed");
    assert_eq!(noises, 0);
    let numbers = &samples[0].0[2 * setup.instruments.count()..];
    let values = setup.instruments.values(numbers);
    for (number, name) in ["amplitude(a)", "spin(S)", "spin(T)"].iter().enumerate() {
        let scale = if number == 0 { 10.0 } else { 100.0 };
        let expected = reference.records[2].measurements[number].values.iter();
        for (found, expected) in values[number].iter().zip(expected) {
            let error = (found - expected.value) / scale;
            println!("{name}: {error:e}");
            assert!(error.abs() < 1e-6, "{name}: {error:e}");
        }
    }
}

/// The same with a coupling and a pump that follow time.
#[test]
fn without_noise_samples_in_time_are_mean_field() {
    let mut problem = near_the_cycle(60.0, 3);
    let model = problem.stages[0].model.clone();
    let unit = model.interactions()[0].operator.clone() * num_complex::Complex64::from(5.0);
    let pump = model.dissipators().find(|d| d.rate == 0.9).expect("a pump").jump.clone();
    let coupling = TimeFunction::new("0.2*(1 + 0.3*sin(t))", |t| 0.2 * (1.0 + 0.3 * t.sin()));
    let rate = TimeFunction::new("0.9*cos(0.2*t)^2", |t| 0.9 * (0.2 * t).cos().powi(2));
    let model = model.with_energy_in_time("coupling", &unit, coupling, 0.2).expect("valid");
    problem.stages[0].model = model.with_rate_in_time("pump", &pump, rate, 0.9).expect("valid");
    let (_, reference) = run(&MeanField::default(), &problem, &mut Silent).expect("mean field runs");
    let setup = Setup::new(&TruncatedWigner::default(), &problem, &Never).expect("prepared");
    let (samples, _) = setup.follow_means().expect("followed");
    let values = setup.instruments.values(&samples[0].0[2 * setup.instruments.count()..]);
    for (number, scale) in [10.0, 100.0, 100.0].into_iter().enumerate() {
        let expected = reference.records[2].measurements[number].values.iter();
        for (found, expected) in values[number].iter().zip(expected) {
            let error = (found - expected.value) / scale;
            assert!(error.abs() < 1e-6, "{number}: {error:e}");
        }
    }
}

#[test]
fn a_sample_is_the_same_in_any_company() {
    let builder = Problem::builder(&lasing(6)).cutoff("a", 1).initial("S", "up", ());
    let builder = builder.observe(["photons(a)", "spin(S)", "covariance(a,T)"]).times(0.0, 3.0, 4);
    let problem = builder.build().expect("valid");
    let setup = Setup::new(&TruncatedWigner::default(), &problem, &Never).expect("prepared");
    let all: Vec<u64> = (0..LANES as u64).collect();
    let (together, noises) = setup.follow(&all, &Never).expect("followed");
    let (alone, _) = setup.follow(&[7], &Never).expect("followed");
    assert_eq!(together[7], alone[0]);
    assert!(noises > 10 && together[6].0 != together[7].0);
}

#[test]
fn lengths_are_kept_exactly() {
    let builder = Problem::builder(&lasing(6)).cutoff("a", 1).initial("S", "spin-coherent", 1.0);
    let problem = builder.observe("spin-length(S)").times(0.0, 40.0, 5).build().expect("valid");
    let setup = Setup::new(&TruncatedWigner::default(), &problem, &Never).expect("prepared");
    let (samples, _) = setup.follow(&[3], &Never).expect("followed");
    for row in samples[0].0.chunks(setup.instruments.count()) {
        let length = setup.instruments.values(row)[0][0];
        assert!((length - 12.0).abs() < 1e-12, "{length}");
    }
}

#[test]
fn samples_are_given_up_when_asked() {
    let problem = near_the_cycle(1000.0, 2);
    let setup = Setup::new(&TruncatedWigner::default(), &problem, &Never).expect("prepared");
    let halted = AtomicBool::new(true);
    assert_eq!(setup.follow(&[0], &halted).err(), Some(SampleError::Abandoned));
    let engine = TruncatedWigner::default();
    assert!(engine.prepare_while(&problem, &halted).is_err());
}
