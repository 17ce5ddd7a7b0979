//! When an approximate *distribution* fails: moments of an approximation against those of a reference.
//!
//! Mean field is a point, and fails at t_E when the distribution has left it. An approximation that is a distribution
//! itself (cumulants, linear noise, truncated Wigner) may go on to be right. It fails at t_W(M), when the moment M that
//! it gives is off:
//!
//! ```text
//! |M - M_ref| > threshold |M_scale| + 2 sigma,   M_scale = M_MF or M_ref
//! ```
//! sigma is the standard error of the difference. The two yardsticks answer different questions: the first measures
//! errors on the scale of mean field, which stays; the second on that of the moment, which may decay.

use super::definition::{CriterionTarget, Need, Target, amplitude, cumulants, need, target};
use super::definition::{covariance, spin};
use crate::error::check_length;
use crate::{AnalysisError, Column, RatioSeries, Subsystems, Table};

/// Errors enter with this factor.
const SIGMAS: f64 = 2.0;

/// What the error of a moment is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Yardstick {
    /// The moment as mean field has it.
    MeanField,
    /// The moment as the reference has it.
    Reference,
}

impl Yardstick {
    /// Both.
    pub const ALL: [Self; 2] = [Self::MeanField, Self::Reference];

    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::MeanField => "mean-field",
            Self::Reference => "reference",
        }
    }
}

/// A moment by which distributions are compared.
#[derive(Debug)]
pub struct MomentDefinition {
    /// Name.
    pub name: &'static str,
    /// What it is taken of.
    pub target: CriterionTarget,
    /// Its formula in ASCII.
    pub formula: &'static str,
    /// One sentence.
    pub summary: &'static str,
    needs: fn(&Subsystems, &Target) -> Vec<Need>,
    /// Real and imaginary part from the columns.
    evaluate: fn(&[f64]) -> [f64; 2],
}

impl MomentDefinition {
    /// The name with its kind of target: `n(mode)`.
    pub fn written(&self) -> String {
        self.target.written(self.name)
    }
}

/// Every moment by which distributions are compared.
pub static MOMENTS: &[MomentDefinition] = &[
    MomentDefinition {
        name: "a",
        target: CriterionTarget::Mode,
        formula: "<a>",
        summary: "coherent amplitude of a mode, as a complex number",
        needs: |s, t| vec![amplitude(s, t)],
        evaluate: |x| pair(x),
    },
    MomentDefinition {
        name: "n",
        target: CriterionTarget::Mode,
        formula: "<a^dag a>",
        summary: "quanta of a mode",
        needs: |s, t| vec![need(format!("photons({})", target(s, t)), &[])],
        evaluate: |x| real(x),
    },
    MomentDefinition {
        name: "var_n",
        target: CriterionTarget::Mode,
        formula: "<(a^dag a)^2> - <a^dag a>^2",
        summary: "variance of the quanta of a mode",
        needs: |s, t| {
            let of = |name: &str| need(format!("{name}({})", target(s, t)), &[]);
            vec![of("photons"), of("g2")]
        },
        evaluate: |x| match x {
            [n, g2] => [(g2 - 1.0) * n * n + n, 0.0],
            _ => [f64::NAN; 2],
        },
    },
    MomentDefinition {
        name: "sz",
        target: CriterionTarget::Ensemble,
        formula: "<S^z>",
        summary: "inversion of an ensemble",
        needs: |s, t| vec![spin(s, t, &["z"])],
        evaluate: |x| real(x),
    },
    MomentDefinition {
        name: "tr_g",
        target: CriterionTarget::Ensemble,
        formula: "tr Cov_sym(S, S) = <S.S> - |<S>|^2",
        summary: "spread of the collective spin of an ensemble in all directions together",
        needs: |s, t| vec![covariance(s, t, &["xx", "yy", "zz"])],
        evaluate: |x| [x.iter().sum(), 0.0],
    },
    MomentDefinition {
        name: "aa",
        target: CriterionTarget::Mode,
        formula: "|<a a>|",
        summary: "modulus of the anomalous second moment of a mode",
        needs: |s, t| vec![amplitude(s, t), cumulants(s, t, &["re_aa", "im_aa"])],
        evaluate: |x| match x {
            [re, im, re_aa, im_aa] => [(re_aa + re * re - im * im).hypot(im_aa + 2.0 * re * im), 0.0],
            _ => [f64::NAN; 2],
        },
    },
];

fn real(x: &[f64]) -> [f64; 2] {
    [x.first().copied().unwrap_or(f64::NAN), 0.0]
}

fn pair(x: &[f64]) -> [f64; 2] {
    <[f64; 2]>::try_from(x).unwrap_or([f64::NAN; 2])
}

/// A moment of a system.
#[derive(Debug, Clone)]
pub struct Moment {
    /// As written in a study, target included: `n(a)`.
    pub name: String,
    /// Its entry in [`MOMENTS`].
    pub definition: &'static MomentDefinition,
    needs: Vec<Need>,
}

impl Moment {
    fn new(system: &Subsystems, definition: &'static MomentDefinition, of: &Target) -> Self {
        let name = format!("{}({})", definition.name, target(system, of));
        Self { name, definition, needs: (definition.needs)(system, of) }
    }

    /// Reads `name` or `name(target)`; the target may be left out when the system has only one that fits.
    ///
    /// # Errors
    /// [`AnalysisError::UnknownMoment`], [`AnalysisError::Target`].
    pub fn parse(system: &Subsystems, text: &str) -> Result<Self, AnalysisError> {
        let text = text.trim();
        let (name, argument) = match text.strip_suffix(')').and_then(|head| head.split_once('(')) {
            Some((name, argument)) => (name.trim(), Some(argument.trim())),
            None => (text, None),
        };
        let definition =
            MOMENTS.iter().find(|d| d.name == name).ok_or_else(|| AnalysisError::UnknownMoment {
                name: name.to_owned(),
                known: MOMENTS.iter().map(MomentDefinition::written).collect(),
            })?;
        let resolved = definition.target.resolve(system, argument);
        let of = resolved.map_err(|reason| AnalysisError::Target { text: text.to_owned(), reason })?;
        Ok(Self::new(system, definition, &of))
    }

    /// What must be measured in all runs, in the words of the model's table of observables.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// The moment at each time of a run, real and imaginary part.
    ///
    /// # Errors
    /// [`AnalysisError::MissingColumn`].
    pub fn values(&self, run: &Table) -> Result<Vec<[f64; 2]>, AnalysisError> {
        let columns: Vec<&Column> = super::columns("run", run, &self.needs)?;
        let at = |k: usize| (self.definition.evaluate)(&super::row(&columns, k));
        Ok((0..run.times().len()).map(at).collect())
    }
}

/// Moments of a study, each once; `all` stands for every moment of every mode and ensemble.
///
/// # Errors
/// As [`Moment::parse`].
pub fn moments_by_name(system: &Subsystems, names: &[String]) -> Result<Vec<Moment>, AnalysisError> {
    let mut found: Vec<Moment> = Vec::new();
    for name in names {
        let batch = if name == "all" {
            let of = |d: &'static MomentDefinition| {
                d.target.all(system).into_iter().map(move |t| Moment::new(system, d, &t))
            };
            MOMENTS.iter().flat_map(of).collect()
        } else {
            vec![Moment::parse(system, name)?]
        };
        for moment in batch {
            if !found.iter().any(|m| m.name == moment.name) {
                found.push(moment);
            }
        }
    }
    Ok(found)
}

/// The moment of an approximation, of the reference and the scale of its error at common times.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// The times.
    pub times: &'a [f64],
    /// Of the approximation.
    pub approximation: &'a [[f64; 2]],
    /// Of the reference.
    pub reference: &'a [[f64; 2]],
    /// That against which the difference is measured.
    pub scale: &'a [[f64; 2]],
    /// Standard error of the difference.
    pub sigma: &'a [f64],
}

impl Compared<'_> {
    /// `|M - M_ref|` over `|M_scale| + (2 / threshold) sigma`, which reaches `threshold` where the difference is
    /// `threshold |M_scale| + 2 sigma`.
    ///
    /// # Errors
    /// [`AnalysisError::Length`], [`AnalysisError::Times`].
    pub fn ratio(&self, name: &str, threshold: f64) -> Result<RatioSeries, AnalysisError> {
        self.against(name, |k| {
            let ([re, im], [x, y]) = (self.approximation[k], self.reference[k]);
            ((re - x).hypot(im - y), self.length(k) + SIGMAS / threshold * self.sigma[k])
        })
    }

    /// `2 sigma` over `|M_scale|`: beyond `threshold` the samples do not tell whether the approximation holds.
    ///
    /// # Errors
    /// [`AnalysisError::Length`], [`AnalysisError::Times`].
    pub fn doubt(&self, name: &str) -> Result<RatioSeries, AnalysisError> {
        self.against(name, |k| (SIGMAS * self.sigma[k], self.length(k)))
    }

    fn length(&self, k: usize) -> f64 {
        self.scale[k][0].hypot(self.scale[k][1])
    }

    fn against(&self, name: &str, of: impl Fn(usize) -> (f64, f64)) -> Result<RatioSeries, AnalysisError> {
        let count = self.times.len();
        let lists = [self.approximation.len(), self.reference.len(), self.scale.len(), self.sigma.len()];
        lists.iter().try_for_each(|length| check_length("the moments", count, *length))?;
        let (numerator, denominator): (Vec<f64>, Vec<f64>) = (0..count).map(of).unzip();
        RatioSeries::new(name, self.times, &numerator, &denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EnsembleSize;

    fn system() -> Subsystems {
        let ensemble = |name: &str| EnsembleSize { name: name.into(), size: 4 };
        Subsystems { modes: vec!["a".into()], ensembles: vec![ensemble("S"), ensemble("T")] }
    }

    fn moment(text: &str) -> Moment {
        Moment::parse(&system(), text).expect("known")
    }

    fn value(text: &str, columns: &[(&str, f64)]) -> [f64; 2] {
        let empty = Table::new(vec![0.0]).expect("a time");
        let table = columns.iter().fold(empty, |t, (name, x)| t.with_values(*name, vec![*x]).expect("one"));
        moment(text).values(&table).expect("there")[0]
    }

    #[test]
    fn moments_are_what_they_say() {
        // Poisson: Var n = n. A thermal state: g2 = 2, Var n = n (n + 1).
        assert_eq!(value("var_n", &[("photons(a)", 3.0), ("g2(a)", 1.0)])[0], 3.0);
        assert_eq!(value("var_n(a)", &[("photons(a)", 3.0), ("g2(a)", 2.0)])[0], 12.0);
        // <aa> = <a>^2 + <aa>_c with <a> = 1 + 2i and <aa>_c = 3 - 4i is 0 + 0i.
        let field = [("amplitude(a).re", 1.0), ("amplitude(a).im", 2.0)];
        let pair = [("field-cumulants(a).re_aa", 3.0), ("field-cumulants(a).im_aa", -4.0)];
        assert_eq!(value("aa", &[&field[..], &pair[..]].concat())[0], 0.0);
        assert_eq!(value("a", &field), [1.0, 2.0]);
        let spread = [("covariance(S).xx", 1.0), ("covariance(S).yy", 1.0), ("covariance(S).zz", 0.5)];
        assert_eq!(value("tr_g(S)", &spread)[0], 2.5);
        assert_eq!(value("sz(T)", &[("spin(T).z", -0.5)])[0], -0.5);
    }

    #[test]
    fn names_and_targets_are_checked() {
        let told = |text: &str| Moment::parse(&system(), text).expect_err("refused").to_string();
        assert!(told("m").contains("known: a(mode), n(mode)"), "{}", told("m"));
        assert!(told("sz").contains("which ensemble?") && told("n(b)").contains("no mode 'b'"));
        let all = moments_by_name(&system(), &["n".into(), "all".into()]).expect("known");
        let names: Vec<&str> = all.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["n(a)", "a(a)", "var_n(a)", "sz(S)", "sz(T)", "tr_g(S)", "tr_g(T)", "aa(a)"]);
    }

    #[test]
    fn the_ratio_reaches_its_threshold_where_the_difference_does() {
        let times = [0.0, 1.0, 2.0];
        let (reference, scale, sigma) = ([[1.0, 0.0]; 3], [[0.0, 2.0]; 3], [0.05; 3]);
        // 0.1 * 2 + 2 * 0.05 = 0.3.
        let approximation = [[1.0, 0.0], [1.0, 0.3], [1.4, 0.0]];
        let compared = Compared {
            times: &times,
            approximation: &approximation,
            reference: &reference,
            scale: &scale,
            sigma: &sigma,
        };
        let ratio = compared.ratio("a(a)", 0.1).expect("equal lengths").ratio();
        assert!(ratio[0] == 0.0 && (ratio[1] - 0.1).abs() < 1e-15 && (ratio[2] - 0.4 / 3.0).abs() < 1e-15);
        assert_eq!(compared.doubt("a(a)").expect("equal lengths").ratio()[0], 0.05);
        let short = Compared { sigma: &sigma[..2], ..compared };
        assert!(short.ratio("a(a)", 0.1).is_err());
    }
}
