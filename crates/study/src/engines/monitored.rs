//! The engine of monitored states as study files see it.

use serde_json::{Value as Json, json};
use superladder_monitored::{LARGEST_TOLERANCE, Monitored, SMALLEST_TOLERANCE};

use super::choice::EngineChoice;
use super::definition::{EngineDefinition, Read};
use super::entry::{Entry, listed, read_all, set};
use super::sampling::{self, Detection};
use crate::error::Fault;

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
        let mut options = Options::default();
        options.engine.bounds = common.bounds;
        let values = read_all(ENTRIES, section, &mut options)?;
        if common.method.is_some() {
            let conflict =
                "the engine 'monitored' has its own propagator (a Taylor series); remove the table `method`";
            let fault = Fault::Conflict { of: section.of().to_owned(), conflict: conflict.into() };
            return Err(section.fault("kind", fault));
        }
        let Options { engine, detection } = options;
        let choice = EngineChoice::Monitored(Monitored { unravelling: detection.unravelling(), ..engine });
        Ok(Read { choice, options: values, method: None })
    },
};

/// The engine, and how light is detected.
#[derive(Default)]
struct Options {
    engine: Monitored,
    detection: Detection,
}

const ENTRIES: &[Entry<Options>] = &[
    Entry {
        name: "trajectories",
        default: None,
        allowed: "a whole number >= 1",
        meaning: "how many records, or the most there may be with a `target_error`",
        read: |key, options| {
            set(&mut options.engine.records, key.whole(1)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.records)),
    },
    Entry {
        name: "seed",
        default: None,
        allowed: "a whole number >= 0",
        meaning: "the same seed gives the same bits on any number of threads",
        read: |key, options| {
            set(&mut options.engine.seed, key.whole(0)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.seed)),
    },
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
    Entry {
        name: "unravelling",
        default: None,
        allowed: sampling::UNRAVELLING_ALLOWED,
        meaning: "count what modes lose, or mix it with a local oscillator first, where it is recorded; other channels are counted",
        read: |key, options| options.detection.read_unravelling(key),
        shown: Some(|options| json!(options.detection.word)),
    },
    Entry {
        name: "oscillator_flux",
        default: None,
        allowed: "> 0",
        meaning: sampling::FLUX_MEANING,
        read: |key, options| options.detection.read_flux(key),
        shown: Some(|options| json!(options.detection.flux)),
    },
    Entry {
        name: "homodyne_angle",
        default: Some(sampling::ANGLE_DEFAULT),
        allowed: sampling::ANGLE_ALLOWED,
        meaning: sampling::ANGLE_MEANING,
        read: |key, options| options.detection.read_angle(key),
        shown: Some(|options| options.detection.angle.map_or(Json::Null, |angle| json!(angle))),
    },
    Entry {
        name: "tolerance",
        default: None,
        allowed: "from 1e-15 to 0.01",
        meaning: "relative error of a state per unit time",
        read: |key, options| {
            set(&mut options.engine.tolerance, key.between(SMALLEST_TOLERANCE, LARGEST_TOLERANCE)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.tolerance)),
    },
    Entry {
        name: "max_steps",
        default: None,
        allowed: "a whole number >= 1",
        meaning: "steps of one record; a run with one that takes more is given up",
        read: |key, options| {
            set(&mut options.engine.max_steps, key.whole(1)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.max_steps)),
    },
    Entry {
        name: "target_error",
        default: Some("none: all records are run"),
        allowed: "> 0, or a table from observables or columns to numbers > 0",
        meaning: "stop when no standard error at any time is larger, of all observables or of those named",
        read: |key, options| {
            options.engine.targets = sampling::targets(key.section)?;
            Ok(())
        },
        shown: Some(|options| sampling::shown(&options.engine.targets)),
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
    Entry {
        name: "shown",
        default: None,
        allowed: "an integer >= 0",
        meaning: "write the first so many records and their clicks one by one (trajectories.csv, jumps.csv)",
        read: |key, options| {
            set(&mut options.engine.shown, key.whole(0)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.shown)),
    },
];
