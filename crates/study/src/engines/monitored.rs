//! The engine of monitored states as study files see it.

use serde_json::{Value as Json, json};
use superladder_monitored::Monitored;

use super::choice::EngineChoice;
use super::definition::EngineDefinition;
use super::entry::{Entry, listed, set};
use super::sampling::{self, Common, Detection, Options, Sampler};

pub(super) const MONITORED: EngineDefinition = EngineDefinition {
    name: "monitored",
    summary: "density matrices conditioned on records of chosen channels at an efficiency, for a few spins; averages with standard errors",
    stationary: "none",
    truncated: true,
    adaptive: false,
    displaces: |_, _| Ok(false),
    listed: || listed(ENTRIES),
    of_run: &[("target_error", "{}"), ("target_observables", "[]"), ("shown", "0")],
    read: |section, common| {
        sampling::read(ENTRIES, (section, common), ("monitored", "a Taylor series"), EngineChoice::Monitored)
    },
};

impl Sampler for Monitored {
    fn common(&self) -> Common {
        Common {
            samples: self.records,
            seed: self.seed,
            max_steps: self.max_steps,
            targets: self.targets.clone(),
            bounds: self.bounds,
            tolerance: self.tolerance,
            shown: self.shown,
            detection: Detection::default(),
        }
    }

    fn with_common(self, common: Common) -> Self {
        Self {
            records: common.samples,
            seed: common.seed,
            max_steps: common.max_steps,
            targets: common.targets,
            bounds: common.bounds,
            tolerance: common.tolerance,
            shown: common.shown,
            unravelling: common.detection.unravelling(),
            ..self
        }
    }
}

const ENTRIES: &[Entry<Options<Monitored>>] = &[
    sampling::samples("trajectories", "how many records, or the most there may be with a `target_error`"),
    sampling::seed(),
    Entry {
        name: "recorded",
        default: Some("all channels"),
        allowed: "a list of channels such as \"cavity-loss(a)\"",
        meaning: "the channels that are recorded; the others are averaged over, as what is not recorded of these",
        read: |key, options| {
            options.engine.recorded = key.section.words(key.name)?;
            Ok(())
        },
        shown: Some(|options| options.engine.recorded.as_ref().map_or(Json::Null, |names| json!(names))),
    },
    Entry {
        name: "efficiency",
        default: None,
        allowed: "from 0 to 1",
        meaning: "share of the quanta of the channels `recorded` that is recorded: 0 is the master equation, 1 with all channels a quantum trajectory",
        read: |key, options| {
            set(&mut options.engine.efficiency, key.between(0.0, 1.0)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.efficiency)),
    },
    sampling::unravelling(
        "count what modes lose, or mix it with a local oscillator first, where it is recorded; other channels are counted",
    ),
    sampling::oscillator_flux(),
    sampling::homodyne_angle(),
    sampling::tolerance(),
    sampling::max_steps(None, "steps of one record; a run with one that takes more is given up"),
    sampling::target_error("none: all records are run"),
    sampling::target_observables(),
    sampling::shown(
        "write the first so many records and their clicks one by one (trajectories.csv, jumps.csv)",
    ),
];
