//! The engine of truncated Wigner sampling as study files see it.

use serde_json::{Value as Json, json};
use superladder_truncated_wigner::{SpinLength, SpinSampling, TruncatedWigner};

use super::choice::EngineChoice;
use super::definition::EngineDefinition;
use super::entry::{Entry, listed, set};
use super::sampling::{self, Common, Options, Sampler};

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
        sampling::read(
            ENTRIES,
            (section, common),
            ("truncated-wigner", "fixed steps with noise, `step`"),
            EngineChoice::TruncatedWigner,
        )
    },
};

impl Sampler for TruncatedWigner {
    fn common(&self) -> Common {
        Common {
            samples: self.samples,
            seed: self.seed,
            max_steps: self.max_steps,
            targets: self.targets.clone(),
            bounds: self.bounds,
            ..Common::default()
        }
    }

    fn with_common(self, common: Common) -> Self {
        Self {
            samples: common.samples,
            seed: common.seed,
            max_steps: common.max_steps,
            targets: common.targets,
            bounds: common.bounds,
            ..self
        }
    }
}

const ENTRIES: &[Entry<Options<TruncatedWigner>>] = &[
    sampling::samples("samples", "how many, or the most there may be with a `target_error`"),
    sampling::seed(),
    Entry {
        name: "sampling",
        default: None,
        allowed: "discrete or gaussian",
        meaning: "spins start as +-1/2 along and across their Bloch vector, or from the normal distribution with the same variances",
        read: |key, options| {
            let word = key.word("sampling", &["discrete", "gaussian"])?;
            let gaussian = word.map(|word| word == "gaussian");
            set(
                &mut options.engine.sampling,
                gaussian.map(|yes| if yes { SpinSampling::Gaussian } else { SpinSampling::Discrete }),
            );
            Ok(())
        },
        shown: Some(|options| match options.engine.sampling {
            SpinSampling::Discrete => json!("discrete"),
            SpinSampling::Gaussian => json!("gaussian"),
        }),
    },
    Entry {
        name: "length",
        default: None,
        allowed: "sharp or free",
        meaning: "|S| of pure ensembles without local channels: sqrt(N/2 (N/2 + 1)) in every sample, or as drawn",
        read: |key, options| {
            let free = key.word("length", &["sharp", "free"])?.map(|word| word == "free");
            set(
                &mut options.engine.length,
                free.map(|yes| if yes { SpinLength::Free } else { SpinLength::Sharp }),
            );
            Ok(())
        },
        shown: Some(|options| match options.engine.length {
            SpinLength::Sharp => json!("sharp"),
            SpinLength::Free => json!("free"),
        }),
    },
    Entry {
        name: "step",
        default: Some("a quarter of the inverse of the fastest rate, less where the drift needs it"),
        allowed: "> 0",
        meaning: "largest time step; there is an even number of them between output times",
        read: |key, options| {
            if let Some(step) = key.positive(f64::MAX)? {
                options.engine.step = Some(step);
            }
            Ok(())
        },
        shown: Some(|options| options.engine.step.map_or(Json::Null, |step| json!(step))),
    },
    sampling::max_steps(
        Some("1000000000 of a sample"),
        "steps of one trajectory; a run that would take far more is refused as soon as that is seen",
    ),
    sampling::target_error("none: all samples are run"),
    sampling::target_observables(),
];
