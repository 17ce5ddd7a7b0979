//! Keys of engines that sample: when there are enough samples, what is kept of them, how light is detected.

use serde_json::{Map, Value as Json, json};
use superladder_sampling::{ErrorTarget, Histogram, Unravelling};
use toml::de::DeValue;

use super::entry::{Key, set};
use crate::error::StudyError;
use crate::section::Section;

/// `target_error`, one number or a table from observables to numbers, with `target_observables`.
pub(super) fn targets(section: &Section<'_>) -> Result<Vec<ErrorTarget>, StudyError> {
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
pub(super) fn shown(targets: &[ErrorTarget]) -> Json {
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
pub(super) const UNRAVELLING_ALLOWED: &str = "jumps, heterodyne or homodyne";
pub(super) const FLUX_MEANING: &str = "quanta per unit time of the local oscillator of unravelling 'heterodyne' and 'homodyne', whose noise is that of a continuous signal where it is large against the rates of loss";
pub(super) const ANGLE_DEFAULT: &str = "0: the quadrature Q of every mode";
pub(super) const ANGLE_ALLOWED: &str = "a number, with unravelling = \"homodyne\"";
pub(super) const ANGLE_MEANING: &str =
    "phase of the local oscillator: (a e^(-i angle) + a^dag e^(i angle))/sqrt 2 is measured, P at pi/2";

/// `unravelling`, `oscillator_flux` and `homodyne_angle`, of which the engine holds what is used.
pub(super) struct Detection {
    /// The unravelling.
    pub(super) word: &'static str,
    /// Flux of the local oscillator.
    pub(super) flux: f64,
    /// Its phase under homodyne detection.
    pub(super) angle: Option<f64>,
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

    pub(super) fn read_unravelling(&mut self, key: &Key<'_>) -> Result<(), StudyError> {
        let word = key.word("unravelling", &UNRAVELLINGS)?;
        set(&mut self.word, word.and_then(|word| UNRAVELLINGS.into_iter().find(|known| *known == word)));
        Ok(())
    }

    pub(super) fn read_flux(&mut self, key: &Key<'_>) -> Result<(), StudyError> {
        set(&mut self.flux, key.positive(f64::MAX)?);
        Ok(())
    }

    /// Behind the unravelling.
    pub(super) fn read_angle(&mut self, key: &Key<'_>) -> Result<(), StudyError> {
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
