//! The studies behind the figures, as they stand in `data/studies`.

use superladder_mean_field::{MeanFieldEquations, ReferenceModel};

use crate::error::ReproduceError;
use superladder_study::{Study, StudyError};
use superladder_workflows::maps;
use superladder_workflows::sweep::{Sweep, SweepError};

/// A study that comes with the program.
#[derive(Debug)]
pub struct PaperStudy {
    /// Name of its file without the extension.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! paper_study {
    ($name:literal) => {
        PaperStudy { name: $name, text: include_str!(concat!("../studies/", $name, ".toml")) }
    };
}

/// Figs. 2, 4 and 9.
pub(super) static FIG2: PaperStudy = paper_study!("paper-fig2");
/// Fig. 3.
pub(super) static FIG3: PaperStudy = paper_study!("paper-fig3");
/// Fig. 5.
pub(super) static FIG5: PaperStudy = paper_study!("paper-fig5");
/// Figs. 6 and 7.
pub(super) static FIG6: PaperStudy = paper_study!("paper-fig6");

/// Inverted spins.
pub(super) static BURST: PaperStudy = paper_study!("superradiance");
/// Pumped atoms that emit together.
pub(super) static LINEWIDTH: PaperStudy = paper_study!("linewidth");
/// The open Dicke model with local channels.
pub(super) static OPEN_DICKE: PaperStudy = paper_study!("open-dicke");
/// Driven spins that decay together.
pub(super) static DRIVEN: PaperStudy = paper_study!("driven-superradiance");
/// A laser of few spins.
pub(super) static LASER: PaperStudy = paper_study!("tavis-cummings-laser");
/// A driven atom.
pub(super) static MOLLOW: PaperStudy = paper_study!("mollow");
/// Twisting under noise.
pub(super) static TWISTING: PaperStudy = paper_study!("one-axis-twisting");
/// Tilted spins in a lossy cavity.
pub(super) static TILTED: PaperStudy = paper_study!("tilted-spins");
/// A laser by moment equations.
pub(super) static CUMULANTS: PaperStudy = paper_study!("cumulant-laser");

impl PaperStudy {
    /// The study with these `--set` changes.
    ///
    /// # Errors
    /// [`StudyError`].
    pub fn study(&self, sets: &[String]) -> Result<Study, StudyError> {
        Study::parse(&format!("data/studies/{}.toml", self.name), self.name, self.text, sets)
    }

    /// The study over a grid.
    pub(super) fn sweep(&self, sets: &[String], axes: &[String]) -> Result<Sweep, SweepError> {
        Sweep::product(sets, axes, |sets| self.study(sets))
    }

    /// The mean-field equations at given parameters.
    pub(super) fn equations(&self, values: &[(&str, f64)]) -> Result<MeanFieldEquations, ReproduceError> {
        Ok(maps::equations(&self.study(&sets(values))?)?)
    }

    /// The parameters of the reference model at given parameters.
    pub(super) fn reference(&self, values: &[(&str, f64)]) -> Result<ReferenceModel, ReproduceError> {
        let study = self.study(&sets(values))?;
        let gilbert = study.engine.gilbert().first().copied().unwrap_or(0.0);
        Ok(ReferenceModel::of_model(study.problem.model(), gilbert)?)
    }
}

/// `parameters.KEY=VALUE` for every pair.
pub(super) fn sets(values: &[(&str, f64)]) -> Vec<String> {
    values.iter().map(|(key, value)| format!("parameters.{key}={value:?}")).collect()
}
