//! The engine of quantum trajectories as study files see it.

use serde_json::{Map, Value as Json, json};
use superladder_trajectories::{
    Choice, LARGEST_TOLERANCE, SMALLEST_TOLERANCE, SMALLEST_TRUNCATION, Trajectories,
};

use super::choice::EngineChoice;
use super::definition::{EngineDefinition, Read};
use super::entry::{Entry, Key, listed, read_all, set};
use super::sampling::{self, Detection};
use crate::error::{Fault, StudyError};

pub(super) const TRAJECTORIES: EngineDefinition = EngineDefinition {
    name: "trajectories",
    summary: "quantum jumps of pure states inside of and between sectors; averages with standard errors",
    stationary: "`steady` and, for correlations without spectra, `spectrum`, with standard errors",
    truncated: true,
    adaptive: false,
    displaces: |section, cutoff| {
        let choice = section.choice("displaced", "displaced", &CHOICES)?;
        Ok(choice.map_or(Choice::Auto, by_word).displaces(cutoff))
    },
    listed: || listed(ENTRIES),
    of_run: &[("target_error", "{}"), ("target_observables", "[]"), ("shown", "0"), ("histograms", "{}")],
    read: |section, common| {
        let mut options = Options::default();
        options.engine.bounds = common.bounds;
        let values = read_all(ENTRIES, section, &mut options)?;
        if common.method.is_some() {
            let conflict = "the engine 'trajectories' has its own propagator (a Taylor series); remove the table `method`";
            let fault = Fault::Conflict { of: section.of().to_owned(), conflict: conflict.into() };
            return Err(section.fault("kind", fault));
        }
        let Options { engine, detection } = options;
        let choice =
            EngineChoice::Trajectories(Trajectories { unravelling: detection.unravelling(), ..engine });
        Ok(Read { choice, options: values, method: None })
    },
};

/// The engine, and how light is detected.
#[derive(Default)]
struct Options {
    engine: Trajectories,
    detection: Detection,
}

const CHOICES: [&str; 3] = ["auto", "on", "off"];

fn by_word(word: &str) -> Choice {
    match word {
        "on" => Choice::On,
        "off" => Choice::Off,
        _ => Choice::Auto,
    }
}

fn choice(key: &Key<'_>, slot: &mut Choice) -> Result<(), StudyError> {
    set(slot, key.word(key.name, &CHOICES)?.map(by_word));
    Ok(())
}

fn word(choice: Choice) -> Json {
    json!(match choice {
        Choice::Auto => "auto",
        Choice::On => "on",
        Choice::Off => "off",
    })
}

const ENTRIES: &[Entry<Options>] = &[
    Entry {
        name: "trajectories",
        default: None,
        allowed: "a whole number >= 1",
        meaning: "how many, or the most there may be with a `target_error`",
        read: |key, options| {
            set(&mut options.engine.trajectories, key.whole(1)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.trajectories)),
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
        name: "unravelling",
        default: None,
        allowed: sampling::UNRAVELLING_ALLOWED,
        meaning: "count what modes lose, or mix it with a local oscillator first: the same averages, other conditional states; a lasing state keeps its phase, and its basis small, only under heterodyne",
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
        meaning: "steps of one trajectory; a run that would take far more is refused as soon as that is seen",
        read: |key, options| {
            set(&mut options.engine.max_steps, key.whole(1)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.max_steps)),
    },
    Entry {
        name: "windows",
        default: Some("auto: on where a basis moves or the largest sector has 2000 states or more"),
        allowed: "auto, on or off",
        meaning: "keep only the levels around the state; windows follow it, grow and shrink by themselves",
        read: |key, options| choice(key, &mut options.engine.windows),
        shown: Some(|options| word(options.engine.windows)),
    },
    Entry {
        name: "displaced",
        default: Some(
            "auto: on for modes with a `cutoff` of 24 or more, unless the first trajectory costs less without",
        ),
        allowed: "auto, on or off",
        meaning: "a = alpha + b, alpha following the <a> of each trajectory; `cutoff` then limits the levels of b",
        read: |key, options| choice(key, &mut options.engine.displaced),
        shown: Some(|options| word(options.engine.displaced)),
    },
    Entry {
        name: "rotating",
        default: Some(
            "auto: on for ensembles of 16 spins or more, unless the first trajectory costs less without",
        ),
        allowed: "auto, on or off",
        meaning: "Dicke states along the mean spin of each trajectory",
        read: |key, options| choice(key, &mut options.engine.rotating),
        shown: Some(|options| word(options.engine.rotating)),
    },
    Entry {
        name: "truncation",
        default: None,
        allowed: "from 1e-30 to 0.01",
        meaning: "weight that windows and moving bases may discard in one trajectory, all times together",
        read: |key, options| {
            set(&mut options.engine.truncation, key.between(SMALLEST_TRUNCATION, LARGEST_TOLERANCE)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.truncation)),
    },
    Entry {
        name: "target_error",
        default: Some("none: all trajectories are run"),
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
        meaning: "write the first so many trajectories and their jumps one by one (trajectories.csv, jumps.csv)",
        read: |key, options| {
            set(&mut options.engine.shown, key.whole(0)?);
            Ok(())
        },
        shown: Some(|options| json!(options.engine.shown)),
    },
    Entry {
        name: "histograms",
        default: Some("none"),
        allowed: "a table from columns to [low, high, bins]",
        meaning: "count how values of single trajectories are distributed at every time (histograms.csv)",
        read: |key, options| {
            set(&mut options.engine.histograms, sampling::histograms(key.section)?);
            Ok(())
        },
        shown: Some(|options| match options.engine.histograms.as_slice() {
            [] => Json::Null,
            found => found
                .iter()
                .map(|h| (h.column.clone(), json!([h.low, h.high, h.bins as f64])))
                .collect::<Map<_, _>>()
                .into(),
        }),
    },
];
