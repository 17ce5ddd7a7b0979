//! The engine of quantum trajectories as study files see it.

use serde_json::{Map, Value as Json, json};
use superladder_sampling::LARGEST_TOLERANCE;
use superladder_trajectories::{Choice, SMALLEST_TRUNCATION, Trajectories};

use super::choice::EngineChoice;
use super::definition::EngineDefinition;
use super::entry::{Entry, Key, listed, set};
use super::sampling::{self, Common, Detection, Options, Sampler};
use crate::error::StudyError;

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
        sampling::read(
            ENTRIES,
            (section, common),
            ("trajectories", "a Taylor series"),
            EngineChoice::Trajectories,
        )
    },
};

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

impl Sampler for Trajectories {
    fn common(&self) -> Common {
        Common {
            samples: self.trajectories,
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
            trajectories: common.samples,
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

const ENTRIES: &[Entry<Options<Trajectories>>] = &[
    sampling::samples("trajectories", "how many, or the most there may be with a `target_error`"),
    sampling::seed(),
    sampling::unravelling(
        "count what modes lose, or mix it with a local oscillator first: the same averages, other conditional states; a lasing state keeps its phase, and its basis small, only under heterodyne",
    ),
    sampling::oscillator_flux(),
    sampling::homodyne_angle(),
    sampling::tolerance(),
    sampling::max_steps(
        None,
        "steps of one trajectory; a run that would take far more is refused as soon as that is seen",
    ),
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
    sampling::target_error("none: all trajectories are run"),
    sampling::target_observables(),
    sampling::shown(
        "write the first so many trajectories and their jumps one by one (trajectories.csv, jumps.csv)",
    ),
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
