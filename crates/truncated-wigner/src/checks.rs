//! What is refused, and what a reader is warned of.

use num_complex::Complex64;
use superladder_cumulant::{ChannelNoise, DiffusionEntry, PhaseSpace};
use superladder_dense::hermitian_eigen;
use superladder_engine::{EngineError, Problem, refuse};
use superladder_model::{Evaluation, Jump, Model, Operator, Subject, Subsystem};

use crate::error::{NAME, unsupported};

/// From so many operators of one subsystem in a term on, what is dropped may not be small.
const HIGH: usize = 3;
/// Points of phase space at which the diffusion is looked at.
const POINTS: usize = 60;
/// Eigenvalues above minus this part of the largest element are rounding of zero.
const ROUNDING: f64 = 1e-9;

/// Refuses observables that need a quantum state of every sample.
///
/// # Errors
/// [`EngineError::Observable`] for the first of them, by name.
pub(crate) fn refuse_states_of_samples(problem: &Problem) -> Result<(), EngineError> {
    let needs_state = |e: &Evaluation| matches!(e, Evaluation::Sampled(sampled) if sampled.of_states);
    problem.observables.iter().find(|o| needs_state(&o.evaluation)).map_or(Ok(()), |observable| {
        let reason = "a sample is a point of phase space, not a state with variances of its own; use the engine 'trajectories'";
        Err(refuse(NAME, observable, reason))
    })
}

/// Refuses channels whose diffusion matrix is not positive in the physical region.
///
/// # Errors
/// [`EngineError::Unsupported`] for the first of them, by name.
pub(crate) fn refuse_negative_diffusion(model: &Model, space: &PhaseSpace) -> Result<(), EngineError> {
    let mut noise = space.noise().iter();
    for (number, channel) in model.channels().iter().enumerate() {
        let own = channel.dissipators.iter().filter(|d| d.rate > 0.0).count();
        let entries: Vec<&DiffusionEntry> = noise
            .by_ref()
            .take(own)
            .flat_map(|noise| match noise {
                ChannelNoise::Diffusion(entries) => entries.as_slice(),
                ChannelNoise::Flow { .. } => &[],
            })
            .collect();
        let smallest = (0..POINTS).map(|k| smallest(&entries, &point(model, k))).fold(0.0, f64::min);
        if smallest < -ROUNDING {
            return Err(unsupported(format!(
                "the diffusion of channel {} is negative at few quanta (an eigenvalue is {smallest:.2e} of the largest element), so \
                 that no classical noise gives it; use the engine 'exact' or 'trajectories'",
                named(model, channel.name, &channel.subject, number)
            )));
        }
    }
    Ok(())
}

/// The smallest eigenvalue of a matrix in units of its largest element.
fn smallest(entries: &[&DiffusionEntry], v: &[f64]) -> f64 {
    let dim = v.len();
    let mut matrix = vec![0.0; dim * dim];
    for DiffusionEntry { row, column, terms } in entries {
        let product = |factors: &[u32]| factors.iter().map(|i| v[*i as usize]).product::<f64>();
        let value: f64 = terms.iter().map(|t| t.coefficient * product(&t.factors)).sum();
        matrix[row * dim + column] += value;
        if row != column {
            matrix[column * dim + row] += value;
        }
    }
    let largest = matrix.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let scaled: Vec<Complex64> = matrix.iter().map(|x| Complex64::from(x / largest)).collect();
    hermitian_eigen(&scaled, dim).map_or(f64::NEG_INFINITY, |(values, _)| values[0])
}

/// Intensive variables number `k` of a fixed set: modes from the vacuum on, spins on and inside of the sphere.
fn point(model: &Model, k: usize) -> Vec<f64> {
    let scale = model.ensembles().iter().map(|e| e.size).max().unwrap_or(1) as f64;
    let hashed = |i: usize| (12.9898 * (i + 1) as f64 + 78.233 * (k + 1) as f64).sin();
    let quanta = [0.0, 0.3, 1.0, 3.0][k % 4] / scale.sqrt();
    let modes = 2 * model.modes().len();
    let mut v: Vec<f64> = (0..modes).map(|i| quanta * hashed(i)).collect();
    for (e, ensemble) in model.ensembles().iter().enumerate() {
        let direction = match k % 5 {
            0 => [0.0, 0.0, 1.0],
            1 => [0.0, 0.0, -1.0],
            _ => std::array::from_fn(|c| hashed(modes + 3 * e + c)),
        };
        let norm = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
        let length = [1.0, 0.9, 0.4][k % 3] * 0.5 * ensemble.size as f64 / scale;
        v.extend(direction.map(|x| length * x / norm));
    }
    v
}

/// `'name(a,S)'`, or `number k` for what is in no table.
fn named(model: &Model, name: &str, subject: &Subject, number: usize) -> String {
    let modes = subject.modes.iter().map(|m| model.name(Subsystem::Mode(*m)));
    let ensembles = subject.ensembles.iter().map(|e| model.name(Subsystem::Ensemble(*e)));
    let all: Vec<&str> = modes.chain(ensembles).collect();
    if all.is_empty() {
        format!("'{name}' (number {})", number + 1)
    } else {
        format!("'{name}({})'", all.join(","))
    }
}

/// Largest number of operators of one subsystem in a term.
fn degree(operator: &Operator) -> usize {
    let of_term = |term: &superladder_model::Term| {
        let same = |f: &superladder_model::Factor| {
            term.factors.iter().filter(|g| g.subsystem() == f.subsystem()).count()
        };
        term.factors.iter().map(same).max().unwrap_or(0)
    };
    operator.terms.iter().map(of_term).max().unwrap_or(0)
}

/// Warnings of the terms of degree three and more in one subsystem.
pub(crate) fn high_terms(model: &Model) -> Vec<String> {
    let words = |kind: &str, name: String, degree: usize| {
        format!(
            "{kind} {name} has {degree} operators of one subsystem in a term: what truncated Wigner drops of it is not small at few \
             quanta; hold the results against the engine 'exact' or 'trajectories'"
        )
    };
    let interactions = model.interactions().iter().enumerate().filter_map(|(number, i)| {
        let degree = degree(&i.operator);
        (degree >= HIGH).then(|| words("interaction", named(model, i.name, &i.subject, number), degree))
    });
    let channels = model.channels().iter().enumerate().filter_map(|(number, c)| {
        let of = |jump: &Jump| match jump {
            Jump::Collective(operator) => degree(operator),
            Jump::Local { .. } | Jump::Dressed { .. } => 0,
        };
        let degree = c.dissipators.iter().filter(|d| d.rate > 0.0).map(|d| of(&d.jump)).max().unwrap_or(0);
        (degree >= HIGH).then(|| words("channel", named(model, c.name, &c.subject, number), degree))
    });
    interactions.chain(channels).collect()
}
