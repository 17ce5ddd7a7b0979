//! Keys that engines that sample have in common: how many samples, when there are enough, what is kept of them, how
//! light is detected.

use serde_json::{Map, Value as Json, json};
use superladder_engine::Bounds;
use superladder_sampling::{ErrorTarget, Histogram, LARGEST_TOLERANCE, SMALLEST_TOLERANCE, Unravelling};
use toml::de::DeValue;

use super::choice::EngineChoice;
use super::definition::{self, Read};
use super::entry::{Entry, Key, read_all, set};
use crate::error::{Fault, StudyError};
use crate::section::Section;

/// An engine that samples.
pub(super) trait Sampler: Default {
    /// Its options that others have too, those that it has not as they are by default.
    fn common(&self) -> Common;

    /// The same engine with these.
    fn with_common(self, common: Common) -> Self;
}

/// Options that several engines that sample have.
#[derive(Default)]
pub(super) struct Common {
    pub(super) samples: u64,
    pub(super) seed: u64,
    pub(super) tolerance: f64,
    pub(super) max_steps: u64,
    pub(super) targets: Vec<ErrorTarget>,
    pub(super) shown: u64,
    pub(super) bounds: Bounds,
    pub(super) detection: Detection,
}

/// An engine that is being read: its own options, and those of [`Common`].
pub(super) struct Options<E> {
    pub(super) engine: E,
    pub(super) common: Common,
}

impl<E: Sampler> Default for Options<E> {
    fn default() -> Self {
        let engine = E::default();
        Self { common: engine.common(), engine }
    }
}

/// Reads an engine that takes no method, since it has the propagator `own`.
pub(super) fn read<E: Sampler>(
    entries: &[Entry<Options<E>>],
    (section, common): (&Section<'_>, &definition::Common),
    (name, own): (&str, &str),
    choice: fn(E) -> EngineChoice,
) -> Result<Read, StudyError> {
    let mut options = Options::<E>::default();
    let values = read_all(entries, section, &mut options)?;
    if common.method.is_some() {
        let conflict =
            format!("the engine '{name}' has its own propagator ({own}); remove the table `method`");
        return Err(section.fault("kind", Fault::Conflict { of: section.of().to_owned(), conflict }));
    }
    let Options { engine, common: read } = options;
    let engine = engine.with_common(Common { bounds: common.bounds, ..read });
    Ok(Read { choice: choice(engine), options: values, method: None })
}

/// How many samples there are.
pub(super) const fn samples<E>(name: &'static str, meaning: &'static str) -> Entry<Options<E>> {
    Entry {
        name,
        default: None,
        allowed: "a whole number >= 1",
        meaning,
        read: |key, options| {
            set(&mut options.common.samples, key.whole(1)?);
            Ok(())
        },
        shown: Some(|options| json!(options.common.samples)),
    }
}

pub(super) const fn seed<E>() -> Entry<Options<E>> {
    Entry {
        name: "seed",
        default: None,
        allowed: "a whole number >= 0",
        meaning: "the same seed gives the same bits on any number of threads",
        read: |key, options| {
            set(&mut options.common.seed, key.whole(0)?);
            Ok(())
        },
        shown: Some(|options| json!(options.common.seed)),
    }
}

pub(super) const fn unravelling<E>(meaning: &'static str) -> Entry<Options<E>> {
    Entry {
        name: "unravelling",
        default: None,
        allowed: "jumps, heterodyne or homodyne",
        meaning,
        read: |key, options| options.common.detection.read_unravelling(key),
        shown: Some(|options| json!(options.common.detection.word)),
    }
}

pub(super) const fn oscillator_flux<E>() -> Entry<Options<E>> {
    Entry {
        name: "oscillator_flux",
        default: None,
        allowed: "> 0",
        meaning: "quanta per unit time of the local oscillator of unravelling 'heterodyne' and 'homodyne', whose noise is that of a continuous signal where it is large against the rates of loss",
        read: |key, options| options.common.detection.read_flux(key),
        shown: Some(|options| json!(options.common.detection.flux)),
    }
}

pub(super) const fn homodyne_angle<E>() -> Entry<Options<E>> {
    Entry {
        name: "homodyne_angle",
        default: Some("0: the quadrature Q of every mode"),
        allowed: "a number, with unravelling = \"homodyne\"",
        meaning: "phase of the local oscillator: (a e^(-i angle) + a^dag e^(i angle))/sqrt 2 is measured, P at pi/2",
        read: |key, options| options.common.detection.read_angle(key),
        shown: Some(|options| options.common.detection.angle.map_or(Json::Null, |angle| json!(angle))),
    }
}

pub(super) const fn tolerance<E>() -> Entry<Options<E>> {
    Entry {
        name: "tolerance",
        default: None,
        allowed: "from 1e-15 to 0.01",
        meaning: "relative error of a state per unit time",
        read: |key, options| {
            set(&mut options.common.tolerance, key.between(SMALLEST_TOLERANCE, LARGEST_TOLERANCE)?);
            Ok(())
        },
        shown: Some(|options| json!(options.common.tolerance)),
    }
}

pub(super) const fn max_steps<E>(default: Option<&'static str>, meaning: &'static str) -> Entry<Options<E>> {
    Entry {
        name: "max_steps",
        default,
        allowed: "a whole number >= 1",
        meaning,
        read: |key, options| {
            set(&mut options.common.max_steps, key.whole(1)?);
            Ok(())
        },
        shown: Some(|options| json!(options.common.max_steps)),
    }
}

pub(super) const fn target_error<E>(default: &'static str) -> Entry<Options<E>> {
    Entry {
        name: "target_error",
        default: Some(default),
        allowed: "> 0, or a table from observables or columns to numbers > 0",
        meaning: "stop when no standard error at any time is larger, of all observables or of those named",
        read: |key, options| {
            options.common.targets = targets(key.section)?;
            Ok(())
        },
        shown: Some(|options| targets_shown(&options.common.targets)),
    }
}

/// Read together with [`target_error`].
pub(super) const fn target_observables<E>() -> Entry<Options<E>> {
    Entry {
        name: "target_observables",
        default: Some("all"),
        allowed: "a list of observables or columns",
        meaning: "what a single `target_error` is asked for",
        read: |key, _| key.section.words(key.name).map(drop),
        shown: None,
    }
}

pub(super) const fn shown<E>(meaning: &'static str) -> Entry<Options<E>> {
    Entry {
        name: "shown",
        default: None,
        allowed: "an integer >= 0",
        meaning,
        read: |key, options| {
            set(&mut options.common.shown, key.whole(0)?);
            Ok(())
        },
        shown: Some(|options| json!(options.common.shown)),
    }
}

/// `target_error`, one number or a table from observables to numbers, with `target_observables`.
fn targets(section: &Section<'_>) -> Result<Vec<ErrorTarget>, StudyError> {
    const ALLOWED: &str = "a number > 0, or a table from observables to numbers > 0";
    let names = section.words("target_observables")?;
    let good = |x: f64| x > 0.0 && x.is_finite();
    if let Some(DeValue::Table(_)) = section.value("target_error").map(toml::Spanned::get_ref) {
        if names.is_some_and(|names| !names.is_empty()) {
            return Err(section.wrong("target_observables", "absent: the table `target_error` names them"));
        }
        let Some(table) = section.section("target_error", "target_error")? else { return Ok(Vec::new()) };
        let target = |key: &str| {
            let error = table.number(key)?.filter(|x| good(*x));
            let error = error.ok_or_else(|| table.wrong(key, "a number > 0"))?;
            Ok(ErrorTarget { observable: Some(key.to_owned()), error })
        };
        return table.keys().map(target).collect();
    }
    let Some(error) = section.number("target_error")? else {
        if names.is_some() {
            return Err(section.wrong("target_observables", "given together with `target_error`"));
        }
        return Ok(Vec::new());
    };
    if !good(error) {
        return Err(section.wrong("target_error", ALLOWED));
    }
    let target = |observable| ErrorTarget { observable, error };
    Ok(match names {
        None => vec![target(None)],
        Some(names) => names.into_iter().map(|name| target(Some(name))).collect(),
    })
}

/// The targets in force as they are shown.
fn targets_shown(targets: &[ErrorTarget]) -> Json {
    match targets {
        [] => Json::Null,
        [ErrorTarget { observable: None, error }] => json!(error),
        named => named
            .iter()
            .filter_map(|t| Some((t.observable.clone()?, json!(t.error))))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// `histograms`, a table from columns to `[low, high, bins]`; none without it.
pub(super) fn histograms(section: &Section<'_>) -> Result<Option<Vec<Histogram>>, StudyError> {
    const ALLOWED: &str = "[low, high, bins] with low < high and 1 to 10000 bins";
    let Some(table) = section.section("histograms", "histograms")? else { return Ok(None) };
    let histogram = |key: &str| {
        let numbers = table.numbers(key)?.unwrap_or_default();
        let [low, high, bins] = numbers[..] else { return Err(table.wrong(key, ALLOWED)) };
        let whole = bins.fract() == 0.0 && (1.0..=10_000.0).contains(&bins);
        if !(whole && low < high && (high - low).is_finite()) {
            return Err(table.wrong(key, ALLOWED));
        }
        Ok(Histogram { column: key.to_owned(), low, high, bins: bins as usize })
    };
    table.keys().map(histogram).collect::<Result<_, _>>().map(Some)
}

const UNRAVELLINGS: [&str; 3] = ["jumps", "heterodyne", "homodyne"];

/// `unravelling`, `oscillator_flux` and `homodyne_angle`, of which the engine holds what is used.
pub(super) struct Detection {
    /// The unravelling.
    word: &'static str,
    /// Flux of the local oscillator.
    flux: f64,
    /// Its phase under homodyne detection.
    angle: Option<f64>,
}

impl Default for Detection {
    fn default() -> Self {
        Self { word: UNRAVELLINGS[0], flux: 10.0, angle: None }
    }
}

impl Detection {
    pub(super) fn unravelling(&self) -> Unravelling {
        let Self { word, flux, angle } = *self;
        match word {
            "heterodyne" => Unravelling::Heterodyne { flux },
            "homodyne" => Unravelling::Homodyne { flux, angle: angle.unwrap_or(0.0) },
            _ => Unravelling::Jumps,
        }
    }

    fn read_unravelling(&mut self, key: &Key<'_>) -> Result<(), StudyError> {
        let word = key.word("unravelling", &UNRAVELLINGS)?;
        set(&mut self.word, word.and_then(|word| UNRAVELLINGS.into_iter().find(|known| *known == word)));
        Ok(())
    }

    fn read_flux(&mut self, key: &Key<'_>) -> Result<(), StudyError> {
        set(&mut self.flux, key.positive(f64::MAX)?);
        Ok(())
    }

    /// Behind the unravelling.
    fn read_angle(&mut self, key: &Key<'_>) -> Result<(), StudyError> {
        let angle = key.section.number(key.name)?;
        let given = angle.is_some();
        if angle.is_some_and(|angle| !angle.is_finite()) || (given && self.word != "homodyne") {
            return Err(key
                .section
                .wrong(key.name, "a finite number, together with unravelling = \"homodyne\""));
        }
        self.angle = angle;
        Ok(())
    }
}
