//! The engine of truncated Wigner sampling as study files see it.

use serde_json::{Value as Json, json};
use superladder_truncated_wigner::{SpinLength, SpinSampling, TruncatedWigner};

use super::choice::EngineChoice;
use super::definition::{EngineDefinition, Read};
use super::entry::{Entry, listed, read_all, set};
use super::sampling;
use crate::error::Fault;

pub(super) const TRUNCATED_WIGNER: EngineDefinition = EngineDefinition {
    name: "truncated-wigner",
    summary: "classical trajectories with quantum noise derived from the model, for many spins; averages with standard errors",
    stationary: "none",
    truncated: false,
    adaptive: false,
    displaces: |_, _| Ok(false),
    listed: || listed(ENTRIES),
    of_run: &[("target_error", "{}"), ("target_observables", "[]")],
    read: |section, common| {
        let mut engine = TruncatedWigner { bounds: common.bounds, ..TruncatedWigner::default() };
        let options = read_all(ENTRIES, section, &mut engine)?;
        if common.method.is_some() {
            let conflict = "the engine 'truncated-wigner' has its own propagator (fixed steps with noise, `step`); remove the table `method`";
            let fault = Fault::Conflict { of: section.of().to_owned(), conflict: conflict.into() };
            return Err(section.fault("kind", fault));
        }
        Ok(Read { choice: EngineChoice::TruncatedWigner(engine), options, method: None })
    },
};

const ENTRIES: &[Entry<TruncatedWigner>] = &[
    Entry {
        name: "samples",
        default: None,
        allowed: "a whole number >= 1",
        meaning: "how many, or the most there may be with a `target_error`",
        read: |key, engine| {
            set(&mut engine.samples, key.whole(1)?);
            Ok(())
        },
        shown: Some(|engine| json!(engine.samples)),
    },
    Entry {
        name: "seed",
        default: None,
        allowed: "a whole number >= 0",
        meaning: "the same seed gives the same bits on any number of threads",
        read: |key, engine| {
            set(&mut engine.seed, key.whole(0)?);
            Ok(())
        },
        shown: Some(|engine| json!(engine.seed)),
    },
    Entry {
        name: "sampling",
        default: None,
        allowed: "discrete or gaussian",
        meaning: "spins start as +-1/2 along and across their Bloch vector, or from the normal distribution with the same variances",
        read: |key, engine| {
            let word = key.word("sampling", &["discrete", "gaussian"])?;
            let gaussian = word.map(|word| word == "gaussian");
            set(
                &mut engine.sampling,
                gaussian.map(|yes| if yes { SpinSampling::Gaussian } else { SpinSampling::Discrete }),
            );
            Ok(())
        },
        shown: Some(|engine| match engine.sampling {
            SpinSampling::Discrete => json!("discrete"),
            SpinSampling::Gaussian => json!("gaussian"),
        }),
    },
    Entry {
        name: "length",
        default: None,
        allowed: "sharp or free",
        meaning: "|S| of pure ensembles without local channels: sqrt(N/2 (N/2 + 1)) in every sample, or as drawn",
        read: |key, engine| {
            let free = key.word("length", &["sharp", "free"])?.map(|word| word == "free");
            set(&mut engine.length, free.map(|yes| if yes { SpinLength::Free } else { SpinLength::Sharp }));
            Ok(())
        },
        shown: Some(|engine| match engine.length {
            SpinLength::Sharp => json!("sharp"),
            SpinLength::Free => json!("free"),
        }),
    },
    Entry {
        name: "step",
        default: Some("a quarter of the inverse of the fastest rate, less where the drift needs it"),
        allowed: "> 0",
        meaning: "largest time step; there is an even number of them between output times",
        read: |key, engine| {
            if let Some(step) = key.positive(f64::MAX)? {
                engine.step = Some(step);
            }
            Ok(())
        },
        shown: Some(|engine| engine.step.map_or(Json::Null, |step| json!(step))),
    },
    Entry {
        name: "max_steps",
        default: Some("1000000000 of a sample"),
        allowed: "a whole number >= 1",
        meaning: "steps of one trajectory; a run that would take far more is refused as soon as that is seen",
        read: |key, engine| {
            set(&mut engine.max_steps, key.whole(1)?);
            Ok(())
        },
        shown: Some(|engine| json!(engine.max_steps)),
    },
    Entry {
        name: "target_error",
        default: Some("none: all samples are run"),
        allowed: "> 0, or a table from observables or columns to numbers > 0",
        meaning: "stop when no standard error at any time is larger, of all observables or of those named",
        read: |key, engine| {
            engine.targets = sampling::targets(key.section)?;
            Ok(())
        },
        shown: Some(|engine| sampling::shown(&engine.targets)),
    },
    Entry {
        name: "target_observables",
        default: Some("all"),
        allowed: "a list of observables or columns",
        meaning: "what a single `target_error` is asked for",
        // Read together with `target_error`.
        read: |key, _| key.section.words(key.name).map(drop),
        shown: None,
    },
];
