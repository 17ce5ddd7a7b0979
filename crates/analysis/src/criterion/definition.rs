//! The table of criteria and the language of their targets.

use super::formulas;
use crate::Subsystems;

/// What a criterion is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CriterionTarget {
    /// The whole system: written without parentheses.
    System,
    /// One mode, `name(mode)`.
    Mode,
    /// One ensemble, `name(ensemble)`.
    Ensemble,
    /// An observable or one of its columns, `name(observable)`.
    Observable,
}

/// An observable that must have been measured, and which of its columns enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The observable as a study writes it, `spin(S)`.
    pub observable: String,
    /// Names of the columns in the order of the formula; empty: all columns of the observable.
    pub columns: Vec<String>,
}

/// What must have been measured in either run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// In the reference run (mean field).
    pub reference: Vec<Need>,
    /// In the tested run.
    pub tested: Vec<Need>,
}

/// The numbers of one time, in the order of [`Needs`].
pub(super) struct Sample<'a> {
    pub(super) reference: &'a [f64],
    pub(super) tested: &'a [f64],
    pub(super) system: &'a Subsystems,
}

/// An entry of the table of criteria.
#[derive(Debug)]
pub struct CriterionDefinition {
    /// Name.
    pub name: &'static str,
    /// What it is taken of.
    pub target: CriterionTarget,
    /// Numerator and denominator in ASCII.
    pub formula: &'static str,
    /// One sentence.
    pub summary: &'static str,
    pub(super) needs: fn(&Subsystems, &Target) -> Needs,
    pub(super) evaluate: fn(&Sample) -> [f64; 2],
}

impl CriterionDefinition {
    /// The name with its kind of target: `aa(mode)`.
    pub fn written(&self) -> String {
        self.target.written(self.name)
    }
}

/// What a criterion is taken of, resolved: an index into the system, or an observable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    System,
    Mode(usize),
    Ensemble(usize),
    Observable(String),
}

impl Target {
    /// As written between the parentheses; none for the whole system.
    pub(super) fn name<'a>(&'a self, system: &'a Subsystems) -> Option<&'a str> {
        match self {
            Self::System => None,
            Self::Mode(m) => system.modes.get(*m).map(String::as_str),
            Self::Ensemble(e) => system.ensembles.get(*e).map(|e| e.name.as_str()),
            Self::Observable(name) => Some(name),
        }
    }
}

impl CriterionTarget {
    /// A name with this kind of target.
    pub(super) fn written(self, name: &str) -> String {
        match self {
            Self::System => name.to_owned(),
            Self::Mode => format!("{name}(mode)"),
            Self::Ensemble => format!("{name}(ensemble)"),
            Self::Observable => format!("{name}(observable)"),
        }
    }

    /// The target that `argument` names; left out, the only one there is.
    pub(super) fn resolve(self, system: &Subsystems, argument: Option<&str>) -> Result<Target, String> {
        match (self, argument) {
            (Self::System, None) => Ok(Target::System),
            (Self::System, Some(_)) => Err("it is taken of the whole system, without parentheses".into()),
            (Self::Mode, _) => pick("mode", &system.modes, argument).map(Target::Mode),
            (Self::Ensemble, _) => {
                let names: Vec<String> = system.ensembles.iter().map(|e| e.name.clone()).collect();
                pick("ensemble", &names, argument).map(Target::Ensemble)
            }
            (Self::Observable, argument) if argument.is_none_or(str::is_empty) => {
                Err("it needs an observable or one of its columns in parentheses, as in `photons(a)`".into())
            }
            (Self::Observable, argument) => {
                Ok(Target::Observable(argument.unwrap_or_default().split_whitespace().collect()))
            }
        }
    }

    /// Every target in the system; none where an observable must be named.
    pub(super) fn all(self, system: &Subsystems) -> Vec<Target> {
        match self {
            Self::System => vec![Target::System],
            Self::Mode => (0..system.modes.len()).map(Target::Mode).collect(),
            Self::Ensemble => (0..system.ensembles.len()).map(Target::Ensemble).collect(),
            Self::Observable => Vec::new(),
        }
    }
}

fn pick(kind: &str, names: &[String], argument: Option<&str>) -> Result<usize, String> {
    let known = names.join(", ");
    match argument {
        Some(name) => names
            .iter()
            .position(|n| n == name)
            .ok_or_else(|| format!("there is no {kind} '{name}'; known: {known}")),
        None if names.len() == 1 => Ok(0),
        None if names.is_empty() => Err(format!("the system has no {kind}")),
        None => Err(format!("which {kind}? there are {known}")),
    }
}

/// Every criterion superladder knows. `MF` marks values of the reference run, everything else is of the
/// tested run; `<..>_c` is a second cumulant; `v` holds `<Q>/sqrt N`, `<P>/sqrt N` of all modes and `<S>/N_e`
/// of all ensembles, N being the largest N_e.
pub static CRITERIA: &[CriterionDefinition] = &[
    CriterionDefinition {
        name: "aa",
        target: CriterionTarget::Mode,
        formula: "|<a a>_c| / |<a>_MF|^2",
        summary: "anomalous second cumulant of a mode against its mean-field intensity",
        needs: |s, t| both(&[amplitude(s, t)], &[cumulants(s, t, &["re_aa", "im_aa"])]),
        evaluate: |x| [formulas::length(x.tested), formulas::square(x.reference)],
    },
    CriterionDefinition {
        name: "ada",
        target: CriterionTarget::Mode,
        formula: "|<a^dag a>_c| / |<a>_MF|^2",
        summary: "incoherent quanta of a mode against its mean-field intensity",
        needs: |s, t| both(&[amplitude(s, t)], &[cumulants(s, t, &["ada"])]),
        evaluate: |x| [formulas::length(x.tested), formulas::square(x.reference)],
    },
    CriterionDefinition {
        name: "smsm",
        target: CriterionTarget::Ensemble,
        formula: "|<S^- S^->_c| / |<S^->_MF|^2",
        summary: "anomalous second cumulant of an ensemble against its mean-field dipole; also SmSm, TmTm, ... by name",
        needs: |s, t| both(&[spin(s, t, &["x", "y"])], &[covariance(s, t, &["xx", "xy", "yy"])]),
        evaluate: |x| [formulas::lowering_pair(x.tested), formulas::square(x.reference)],
    },
    CriterionDefinition {
        name: "norm",
        target: CriterionTarget::System,
        formula: "|G| / (N |v_MF|^2), G = N Cov_sym(v, v), Frobenius norm",
        summary: "all symmetrised collective second cumulants; vacuum (1/2) and product states (1/4 - s s^T) count too",
        needs: |s, _| Needs { reference: means(s), tested: covariances(s) },
        evaluate: |x| {
            [formulas::covariance_norm(x.system, x.tested), formulas::intensive(x.system, x.reference, &[])]
        },
    },
    CriterionDefinition {
        name: "dev_a",
        target: CriterionTarget::Mode,
        formula: "|<a> - <a>_MF| / |<a>_MF|",
        summary: "relative deviation of the amplitude of a mode from mean field",
        needs: |s, t| both(&[amplitude(s, t)], &[amplitude(s, t)]),
        evaluate: |x| [formulas::distance(x.tested, x.reference), formulas::length(x.reference)],
    },
    CriterionDefinition {
        name: "dev_v",
        target: CriterionTarget::System,
        formula: "|v - v_MF| / |v_MF|",
        summary: "relative deviation of all first moments together from mean field",
        needs: |s, _| Needs { reference: means(s), tested: means(s) },
        evaluate: |x| {
            [
                formulas::intensive(x.system, x.tested, x.reference).sqrt(),
                formulas::intensive(x.system, x.reference, &[]).sqrt(),
            ]
        },
    },
    CriterionDefinition {
        name: "std",
        target: CriterionTarget::Mode,
        formula: "sqrt(|<a^dag a>_c|) / |<a>|",
        summary: "noise of a mode against its own amplitude, both of the tested run",
        needs: |s, t| both(&[], &[amplitude(s, t), cumulants(s, t, &["ada"])]),
        evaluate: |x| match x.tested {
            [re, im, ada] => [ada.abs().sqrt(), re.hypot(*im)],
            _ => [f64::NAN; 2],
        },
    },
    CriterionDefinition {
        name: "aa_raw",
        target: CriterionTarget::Mode,
        formula: "|<a a>_c| / |<a>_MF|",
        summary: "the same cumulant against the amplitude itself, not its square: falls as 1/sqrt N, not 1/N",
        needs: |s, t| both(&[amplitude(s, t)], &[cumulants(s, t, &["re_aa", "im_aa"])]),
        evaluate: |x| [formulas::length(x.tested), formulas::length(x.reference)],
    },
    CriterionDefinition {
        name: "deviation",
        target: CriterionTarget::Observable,
        formula: "|x - x_ref| / |x_ref|, Euclidean over the columns of x",
        summary: "relative deviation of any observable, or of one of its columns, between two engines",
        needs: |_, t| both(&[any(t)], &[any(t)]),
        evaluate: |x| [formulas::distance(x.tested, x.reference), formulas::length(x.reference)],
    },
];

fn both(reference: &[Need], tested: &[Need]) -> Needs {
    Needs { reference: reference.to_vec(), tested: tested.to_vec() }
}

pub(super) fn need(observable: String, components: &[&str]) -> Need {
    let columns = components.iter().map(|c| format!("{observable}.{c}")).collect();
    Need { observable, columns }
}

pub(super) fn target<'a>(system: &'a Subsystems, target: &'a Target) -> &'a str {
    target.name(system).unwrap_or_default()
}

pub(super) fn amplitude(s: &Subsystems, t: &Target) -> Need {
    need(format!("amplitude({})", target(s, t)), &["re", "im"])
}

pub(super) fn cumulants(s: &Subsystems, t: &Target, components: &[&str]) -> Need {
    need(format!("field-cumulants({})", target(s, t)), components)
}

pub(super) fn spin(s: &Subsystems, t: &Target, components: &[&str]) -> Need {
    need(format!("spin({})", target(s, t)), components)
}

pub(super) fn covariance(s: &Subsystems, t: &Target, components: &[&str]) -> Need {
    need(format!("covariance({})", target(s, t)), components)
}

/// First moments of all subsystems, modes first.
fn means(system: &Subsystems) -> Vec<Need> {
    let modes = (0..system.modes.len()).map(|m| amplitude(system, &Target::Mode(m)));
    let ensembles = (0..system.ensembles.len()).map(|e| spin(system, &Target::Ensemble(e), &["x", "y", "z"]));
    modes.chain(ensembles).collect()
}

/// Second cumulants of all subsystems and pairs, in the order of [`formulas::pairs`].
fn covariances(system: &Subsystems) -> Vec<Need> {
    let of = |(x, y): (usize, usize)| {
        let (a, b) = (formulas::subsystem(system, x), formulas::subsystem(system, y));
        let name = if x == y { a.name.to_owned() } else { format!("{},{}", a.name, b.name) };
        let pairs = (0..a.components.len()).flat_map(|k| (0..b.components.len()).map(move |l| (k, l)));
        let components: Vec<String> = pairs
            .filter(|(k, l)| x != y || k <= l)
            .map(|(k, l)| format!("{}{}", a.components[k], b.components[l]))
            .collect();
        need(format!("covariance({name})"), &components.iter().map(String::as_str).collect::<Vec<_>>())
    };
    formulas::pairs(system).into_iter().map(of).collect()
}

/// The observable or column of `deviation`: what follows the closing parenthesis is a component.
fn any(t: &Target) -> Need {
    let Target::Observable(text) = t else { return need(String::new(), &[]) };
    match text.rsplit_once(").") {
        Some((head, _)) => Need { observable: format!("{head})"), columns: vec![text.clone()] },
        None => need(text.clone(), &[]),
    }
}
