//! Observables: a list of operators and a function of their expectation values, or a named function of the
//! state.

mod combine;
mod limit;
mod own;
mod quadratures;
mod sampled;

pub use combine::Combine;
pub use sampled::Sampled;

use crate::model::find;
use crate::spin_quantities::SpinMoments;
use num_complex::Complex64;

use crate::{Dissipator, Factor, Jump, Model, ModelError, Operator, Subsystem, Term};

/// What an observable is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// The whole system: written without parentheses.
    System,
    /// One mode, `name(mode)`.
    Mode,
    /// One ensemble, `name(ensemble)`.
    Ensemble,
    /// Any subsystem, `name(subsystem)`.
    Subsystem,
    /// One or two subsystems, `name(x)` or `name(x, y)`.
    Pair,
    /// An ensemble and the mode whose phase it is referred to, `name(ensemble, mode)`.
    Referred,
}

/// The subsystems an observable is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The whole system.
    System,
    /// One subsystem.
    One(Subsystem),
    /// Two subsystems, possibly the same one twice.
    Two(Subsystem, Subsystem),
}

/// What the combining function of an observable knows beside expectation values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Context {
    /// Number of spins of the target ensemble (0 when the target is none).
    pub spins: f64,
}

/// Functions of the state that are not functions of a few expectation values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateFunction {
    /// Populations of the Fock states of a mode.
    PhotonDistribution(usize),
    /// Probabilities P(j) of the ladders of an ensemble, j ascending over all N/2, N/2-1, ... >= 0.
    LadderDistribution(usize),
    /// Population of the two highest Fock levels kept of a mode.
    TopPopulation(usize),
    /// `tr rho^2` of the whole system, copies of the ladders counted.
    Purity,
    /// Von Neumann entropy `-tr rho ln rho` of the whole system, copies of the ladders counted.
    Entropy,
    /// `tr rho^2` of one subsystem.
    ReducedPurity(Subsystem),
    /// Von Neumann entropy of one subsystem.
    ReducedEntropy(Subsystem),
    /// Reduced density matrix of one subsystem.
    ReducedState(Subsystem),
}

/// How an observable is evaluated.
#[derive(Debug, Clone)]
pub enum Evaluation {
    /// `combine(<O_1>, <O_2>, ...)`.
    Moments {
        /// The operators whose expectation values are needed.
        operators: Vec<Operator>,
        /// The function of the expectation values; one value per component. NaN means undefined.
        combine: Combine,
        /// The context handed to `combine`.
        context: Context,
    },
    /// A named function of the state.
    State(StateFunction),
    /// A function of what every single sample shows, averaged over samples: of engines that sample only.
    Sampled(Sampled),
}

/// Shape of an observable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Named real components.
    Components(Vec<&'static str>),
    /// A real vector.
    Vector(usize),
    /// A complex square matrix of this many rows, stored as re, im pairs in row-major order.
    Matrix(usize),
    /// Complex square matrices (one per ladder, j ascending) of these sizes, one after the other, as re, im
    /// pairs.
    Blocks(Vec<usize>),
}

impl Shape {
    /// Number of real values.
    pub fn len(&self) -> usize {
        match self {
            Self::Components(names) => names.len(),
            Self::Vector(n) => *n,
            Self::Matrix(n) => 2 * n * n,
            Self::Blocks(sizes) => sizes.iter().map(|d| 2 * d * d).sum(),
        }
    }

    /// True for a shape without values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An entry of the table of observables.
#[derive(Debug)]
pub struct ObservableDefinition {
    /// Name.
    pub name: &'static str,
    /// What it is taken of.
    pub target: TargetKind,
    /// Formula in ASCII.
    pub formula: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Part of the set called `default`.
    pub in_default: bool,
    components: fn(&Target) -> Vec<&'static str>,
    build: fn(&Model, &Target, Context) -> Evaluation,
}

/// What observables of one kind share in tables and pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caption {
    /// Name of the kind: that of the entry in [`OBSERVABLES`], or of an observable of one's own.
    pub name: &'static str,
    /// Formula in ASCII.
    pub formula: &'static str,
}

/// An observable of a model.
///
/// Those of the table [`OBSERVABLES`] are read by name, [`Observable::parse`]; others are made of operators,
/// [`Observable::expectation`] and [`Observable::function`]. Every engine evaluates both alike.
#[derive(Debug, Clone)]
pub struct Observable {
    /// As written in a configuration, `name(targets)`, or a name of one's own.
    pub name: String,
    /// Name and formula of its kind.
    pub definition: Caption,
    /// What it is taken of.
    pub target: Target,
    /// How it is evaluated.
    pub evaluation: Evaluation,
    /// Names of the components of a value made of moments.
    components: Vec<&'static str>,
}

impl Observable {
    /// Reads `name`, `name(x)` or `name(x, y)`.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`] and [`ModelError::Observable`].
    pub fn parse(model: &Model, text: &str) -> Result<Self, ModelError> {
        let (name, arguments) = split_call(text)?;
        let known: Vec<&str> = OBSERVABLES.iter().map(|o| o.name).collect();
        let definition = &OBSERVABLES[find("observable", name, &known)?];
        let target = resolve_target(model, definition, &arguments, text)?;
        Ok(Self::new(model, definition, target))
    }

    fn new(model: &Model, definition: &'static ObservableDefinition, target: Target) -> Self {
        let name = match target {
            Target::System => definition.name.to_owned(),
            Target::One(x) => format!("{}({})", definition.name, model.name(x)),
            Target::Two(x, y) if x == y => format!("{}({})", definition.name, model.name(x)),
            Target::Two(x, y) => format!("{}({},{})", definition.name, model.name(x), model.name(y)),
        };
        let spins = match target {
            Target::One(Subsystem::Ensemble(e)) => model.ensembles()[e].size as f64,
            _ => 0.0,
        };
        let evaluation = (definition.build)(model, &target, Context { spins });
        let components = (definition.components)(&target);
        let definition = Caption { name: definition.name, formula: definition.formula };
        Self { name, definition, target, evaluation, components }
    }

    /// Shape of the value; `levels` are the numbers of Fock levels kept per mode (engines without a Fock
    /// space pass an empty slice and refuse state functions).
    pub fn shape(&self, model: &Model, levels: &[usize]) -> Shape {
        let ladder_sizes = |e: usize| {
            let n = model.ensembles()[e].size;
            (n % 2 + 1..=n + 1).step_by(2).collect()
        };
        match &self.evaluation {
            Evaluation::Moments { .. } | Evaluation::Sampled(_) => Shape::Components(self.components.clone()),
            Evaluation::State(function) => match *function {
                StateFunction::PhotonDistribution(m) => Shape::Vector(levels[m]),
                StateFunction::LadderDistribution(e) => Shape::Vector(model.ensembles()[e].size / 2 + 1),
                StateFunction::ReducedState(Subsystem::Mode(m)) => Shape::Matrix(levels[m]),
                StateFunction::ReducedState(Subsystem::Ensemble(e)) => Shape::Blocks(ladder_sizes(e)),
                StateFunction::TopPopulation(_)
                | StateFunction::Purity
                | StateFunction::Entropy
                | StateFunction::ReducedPurity(_)
                | StateFunction::ReducedEntropy(_) => Shape::Components(vec![""]),
            },
        }
    }

    /// Number of real values, `shape(model, levels).len()`, in floating point: nothing is listed, and no size
    /// is too large to be counted.
    pub fn count(&self, model: &Model, levels: &[usize]) -> f64 {
        let Evaluation::State(function) = &self.evaluation else { return self.components.len() as f64 };
        let size = |e: usize| model.ensembles()[e].size as f64;
        match *function {
            StateFunction::PhotonDistribution(m) => levels[m] as f64,
            StateFunction::LadderDistribution(e) => (size(e) / 2.0).floor() + 1.0,
            StateFunction::ReducedState(Subsystem::Mode(m)) => 2.0 * (levels[m] as f64).powi(2),
            // The ladders have N + 1, N - 1, ... states.
            StateFunction::ReducedState(Subsystem::Ensemble(e)) => {
                let n = size(e);
                (n + 1.0) * (n + 2.0) * (n + 3.0) / 3.0
            }
            StateFunction::TopPopulation(_)
            | StateFunction::Purity
            | StateFunction::Entropy
            | StateFunction::ReducedPurity(_)
            | StateFunction::ReducedEntropy(_) => 1.0,
        }
    }

    /// Column names of the value, `name` or `name.component`, in the order of the values.
    pub fn columns(&self, model: &Model, levels: &[usize]) -> Vec<String> {
        let named = |parts: Vec<String>| parts.into_iter().map(|p| format!("{}.{p}", self.name)).collect();
        match self.shape(model, levels) {
            Shape::Components(parts) if parts == [""] => vec![self.name.clone()],
            Shape::Components(parts) => named(parts.iter().map(ToString::to_string).collect()),
            Shape::Vector(n) => match self.evaluation {
                Evaluation::State(StateFunction::LadderDistribution(_)) => {
                    let first = self.smallest_twice_j(model);
                    named((0..n).map(|i| half_integer(first + 2 * i)).collect())
                }
                _ => named((0..n).map(|i| i.to_string()).collect()),
            },
            shape @ (Shape::Matrix(_) | Shape::Blocks(_)) => {
                named((0..shape.len()).map(|i| format!("{}{}", ["re", "im"][i % 2], i / 2)).collect())
            }
        }
    }

    fn smallest_twice_j(&self, model: &Model) -> usize {
        match self.target {
            Target::One(Subsystem::Ensemble(e)) => model.ensembles()[e].size % 2,
            _ => 0,
        }
    }
}

fn half_integer(twice: usize) -> String {
    if twice.is_multiple_of(2) { format!("j={}", twice / 2) } else { format!("j={twice}/2") }
}

fn split_call(text: &str) -> Result<(&str, Vec<&str>), ModelError> {
    let text = text.trim();
    let Some((name, rest)) = text.split_once('(') else { return Ok((text, Vec::new())) };
    let inner = rest.strip_suffix(')').ok_or_else(|| ModelError::Observable {
        text: text.to_owned(),
        reason: "a closing parenthesis is missing".into(),
    })?;
    Ok((name.trim(), inner.split(',').map(str::trim).collect()))
}

fn resolve_target(
    model: &Model,
    definition: &ObservableDefinition,
    arguments: &[&str],
    text: &str,
) -> Result<Target, ModelError> {
    let fail = |reason: String| ModelError::Observable { text: text.to_owned(), reason };
    let subsystem = |name: &str| -> Result<Subsystem, ModelError> {
        let all = model.subsystems();
        let known: Vec<&str> = all.iter().map(|s| model.name(*s)).collect();
        find("subsystem", name, &known).map(|i| all[i]).map_err(|e| fail(e.to_string()))
    };
    match (definition.target, arguments) {
        (TargetKind::System, []) => Ok(Target::System),
        (TargetKind::Mode, [name]) => match subsystem(name)? {
            s @ Subsystem::Mode(_) => Ok(Target::One(s)),
            Subsystem::Ensemble(_) => Err(fail(format!("'{name}' is an ensemble, but a mode is needed"))),
        },
        (TargetKind::Ensemble, [name]) => match subsystem(name)? {
            s @ Subsystem::Ensemble(_) => Ok(Target::One(s)),
            Subsystem::Mode(_) => Err(fail(format!("'{name}' is a mode, but an ensemble is needed"))),
        },
        (TargetKind::Subsystem, [name]) => Ok(Target::One(subsystem(name)?)),
        (TargetKind::Pair, [name]) => subsystem(name).map(|s| Target::Two(s, s)),
        (TargetKind::Pair, [x, y]) => Ok(Target::Two(subsystem(x)?, subsystem(y)?)),
        (TargetKind::Referred, [x, y]) => match (subsystem(x)?, subsystem(y)?) {
            (s @ Subsystem::Ensemble(_), m @ Subsystem::Mode(_)) => Ok(Target::Two(s, m)),
            _ => Err(fail("an ensemble is needed first, then the mode that it is referred to".into())),
        },
        (kind, given) => Err(fail(format!("{}, but {} given", needed(kind), given.len()))),
    }
}

fn needed(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::System => "takes no argument",
        TargetKind::Mode => "needs one mode in parentheses",
        TargetKind::Ensemble => "needs one ensemble in parentheses",
        TargetKind::Subsystem => "needs one mode or ensemble in parentheses",
        TargetKind::Pair => "needs one or two modes or ensembles in parentheses",
        TargetKind::Referred => "needs an ensemble and a mode in parentheses",
    }
}

/// Observables of a configuration: single ones by [`Observable::parse`], and the sets `default` and `all` (all but
/// those that single samples decide, [`Evaluation::Sampled`]).
///
/// # Errors
/// As [`Observable::parse`].
pub fn observables_by_name(model: &Model, names: &[String]) -> Result<Vec<Observable>, ModelError> {
    let mut found: Vec<Observable> = Vec::new();
    for name in names {
        let batch = match name.as_str() {
            "default" => everything(model, |d| d.in_default),
            "all" => {
                let mut all = everything(model, |_| true);
                all.retain(|o| !matches!(o.evaluation, Evaluation::Sampled(_)));
                all
            }
            single => vec![Observable::parse(model, single)?],
        };
        for observable in batch {
            if !found.iter().any(|o| o.name == observable.name) {
                found.push(observable);
            }
        }
    }
    Ok(found)
}

fn everything(model: &Model, wanted: fn(&ObservableDefinition) -> bool) -> Vec<Observable> {
    let mut all = Vec::new();
    let subsystems = model.subsystems();
    for definition in OBSERVABLES.iter().filter(|d| wanted(d)) {
        let targets: Vec<Target> = match definition.target {
            TargetKind::System => vec![Target::System],
            TargetKind::Mode => subsystems
                .iter()
                .filter(|s| matches!(s, Subsystem::Mode(_)))
                .map(|s| Target::One(*s))
                .collect(),
            TargetKind::Ensemble => subsystems
                .iter()
                .filter(|s| matches!(s, Subsystem::Ensemble(_)))
                .map(|s| Target::One(*s))
                .collect(),
            TargetKind::Subsystem => subsystems.iter().map(|s| Target::One(*s)).collect(),
            TargetKind::Pair => {
                let pairs = subsystems.iter().enumerate();
                pairs.flat_map(|(i, x)| subsystems[i..].iter().map(|y| Target::Two(*x, *y))).collect()
            }
            // Only by name.
            TargetKind::Referred => Vec::new(),
        };
        all.extend(targets.into_iter().map(|t| Observable::new(model, definition, t)));
    }
    all
}

fn mode(target: &Target) -> usize {
    match target {
        Target::One(Subsystem::Mode(m)) => *m,
        _ => unreachable!("resolve_target gives this entry a mode"),
    }
}

fn ensemble(target: &Target) -> usize {
    match target {
        Target::One(Subsystem::Ensemble(e)) => *e,
        _ => unreachable!("resolve_target gives this entry an ensemble"),
    }
}

fn subsystem(target: &Target) -> Subsystem {
    match target {
        Target::One(s) => *s,
        _ => unreachable!("resolve_target gives this entry a subsystem"),
    }
}

/// Hermitian components of a subsystem: quadratures Q, P of a mode; x, y, z of an ensemble.
fn components_of(subsystem: Subsystem) -> (Vec<Operator>, &'static [&'static str]) {
    match subsystem {
        Subsystem::Mode(m) => (Operator::quadratures(m).to_vec(), &["Q", "P"]),
        Subsystem::Ensemble(e) => (Operator::spin(e).to_vec(), &["x", "y", "z"]),
    }
}

const PAIR_NAMES: [[&str; 5]; 5] = [
    ["QQ", "QP", "Qx", "Qy", "Qz"],
    ["PQ", "PP", "Px", "Py", "Pz"],
    ["xQ", "xP", "xx", "xy", "xz"],
    ["yQ", "yP", "yx", "yy", "yz"],
    ["zQ", "zP", "zx", "zy", "zz"],
];

/// Component pairs (k, l) of a target; only k <= l for a subsystem with itself.
fn component_pairs(target: &Target) -> Vec<(usize, usize)> {
    let Target::Two(x, y) = target else { unreachable!("resolve_target gives this entry a pair") };
    let (nx, ny) = (components_of(*x).1.len(), components_of(*y).1.len());
    (0..nx).flat_map(|k| (0..ny).map(move |l| (k, l))).filter(|(k, l)| x != y || k <= l).collect()
}

fn pair_names(target: &Target) -> Vec<&'static str> {
    let Target::Two(x, y) = target else { unreachable!("resolve_target gives this entry a pair") };
    let offset = |s: &Subsystem| if matches!(s, Subsystem::Mode(_)) { 0 } else { 2 };
    component_pairs(target).into_iter().map(|(k, l)| PAIR_NAMES[offset(x) + k][offset(y) + l]).collect()
}

/// Operators of the symmetrised second moments, each followed by the two first moments.
fn pair_operators(target: &Target) -> Vec<Operator> {
    let Target::Two(x, y) = target else { unreachable!("resolve_target gives this entry a pair") };
    let (a, b) = (components_of(*x).0, components_of(*y).0);
    let triple = |(k, l): (usize, usize)| {
        [Operator::symmetrised(&a[k], &b[l]).collected(), a[k].clone(), b[l].clone()]
    };
    component_pairs(target).into_iter().flat_map(triple).collect()
}

/// `S_x, S_y, S_z` and the six symmetrised products, in the order of [`SpinMoments::from_expectations`].
fn spin_moment_operators(e: usize) -> Vec<Operator> {
    let s = Operator::spin(e);
    let mut operators = s.to_vec();
    for (k, l) in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)] {
        operators.push(Operator::symmetrised(&s[k], &s[l]).collected());
    }
    operators
}

fn spin_function(
    target: &Target,
    context: Context,
    plain: fn(&SpinMoments, f64) -> Vec<f64>,
    along: fn(&SpinMoments, f64, &SpinMoments) -> Vec<Option<f64>>,
) -> Evaluation {
    let operators = spin_moment_operators(ensemble(target));
    let moments = SpinMoments::from_expectations;
    let combine = Combine::new(move |e, c| plain(&moments(e), c.spins))
        .guided(move |e, guide, c| along(&moments(e), c.spins, &moments(guide)));
    Evaluation::Moments { operators, combine, context }
}

/// Quadratures Q, P of a mode and their symmetrised products QQ, QP, PP.
fn quadrature_operators(m: usize) -> Vec<Operator> {
    let q = Operator::quadratures(m);
    let mut operators = q.to_vec();
    operators.extend([(0, 0), (0, 1), (1, 1)].map(|(k, l)| Operator::symmetrised(&q[k], &q[l]).collected()));
    operators
}

fn photon_pair(m: usize) -> Operator {
    Operator::product(&[Factor::Create(m), Factor::Create(m), Factor::Annihilate(m), Factor::Annihilate(m)])
}

/// `a` of a mode, `S^-` of an ensemble.
fn lowering(subsystem: Subsystem) -> Operator {
    match subsystem {
        Subsystem::Mode(m) => Operator::annihilate(m),
        Subsystem::Ensemble(e) => Operator::lower(e),
    }
}

/// `sum_k q_k rate_k L_k^dag L_k` over the jumps every part of which takes the same number q_k > 0 of quanta from a mode.
fn lost(model: &Model, m: usize) -> Operator {
    let taken = |term: &Term| -> i64 {
        let own = term.factors.iter().filter(|f| f.subsystem() == Subsystem::Mode(m));
        -own.map(|f| f.shift()).sum::<i64>()
    };
    let mut sum = Operator::zero();
    for Dissipator { rate, jump } in model.dissipators() {
        let (Jump::Collective(operator) | Jump::Dressed { dressing: operator, .. }) = jump else { continue };
        let quanta = operator.terms.first().map_or(0, taken);
        if quanta > 0 && operator.terms.iter().all(|term| taken(term) == quanta) {
            let size = jump.local_ensemble().map_or(0, |e| model.ensembles()[e].size);
            sum = sum + jump.decay(size) * Complex64::from(quanta as f64 * rate);
        }
    }
    sum.collected()
}

/// `<AB> - <A><B>` of expectation values in triples `<AB>, <A>, <B>`.
fn connected_parts(e: &[Complex64]) -> Vec<f64> {
    e.chunks_exact(3).map(|c| c[0].re - c[1].re * c[2].re).collect()
}

/// `numerator / denominator`, undefined (NaN) where the denominator vanishes.
fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator.abs() > 1e-300 { numerator / denominator } else { f64::NAN }
}

fn single(_: &Target) -> Vec<&'static str> {
    vec![""]
}

/// Every observable superladder knows.
pub static OBSERVABLES: &[ObservableDefinition] = &[
    ObservableDefinition {
        name: "amplitude",
        target: TargetKind::Mode,
        formula: "<a>",
        summary: "coherent amplitude of a mode",
        in_default: true,
        components: |_| vec!["re", "im"],
        build: |_, t, context| Evaluation::Moments {
            operators: vec![Operator::annihilate(mode(t))],
            combine: Combine::new(|e, _| vec![e[0].re, e[0].im]),
            context,
        },
    },
    ObservableDefinition {
        name: "photons",
        target: TargetKind::Mode,
        formula: "<a^dag a>",
        summary: "mean number of quanta of a mode",
        in_default: true,
        components: single,
        build: |_, t, context| Evaluation::Moments {
            operators: vec![Operator::number(mode(t))],
            combine: Combine::new(|e, _| vec![e[0].re]),
            context,
        },
    },
    ObservableDefinition {
        name: "g2",
        target: TargetKind::Mode,
        formula: "<a^dag a^dag a a> / <a^dag a>^2",
        summary: "second-order coherence at zero delay; undefined without quanta",
        in_default: false,
        components: single,
        build: |_, t, context| Evaluation::Moments {
            operators: vec![photon_pair(mode(t)), Operator::number(mode(t))],
            combine: Combine::new(|e, _| vec![ratio(e[0].re, e[1].re * e[1].re)]),
            context,
        },
    },
    ObservableDefinition {
        name: "photons-per-spin",
        target: TargetKind::Mode,
        formula: "<a^dag a>/N, N the number of all spins",
        summary: "mean number of quanta of a mode per spin, for sizes on one axis; undefined without spins",
        in_default: false,
        components: single,
        build: |model, t, _| Evaluation::Moments {
            operators: vec![Operator::number(mode(t))],
            combine: Combine::new(|e, c| vec![ratio(e[0].re, c.spins)]),
            context: Context { spins: model.ensembles().iter().map(|e| e.size as f64).sum() },
        },
    },
    ObservableDefinition {
        name: "flux",
        target: TargetKind::Mode,
        formula: "sum_k q_k rate_k <L_k^dag L_k> over the jumps that take q_k quanta from the mode",
        summary: "quanta that a mode loses per time, kappa <a^dag a> for a cavity loss; rates at the start of the study",
        in_default: false,
        components: single,
        build: |model, t, context| Evaluation::Moments {
            operators: vec![lost(model, mode(t))],
            combine: Combine::new(|e, _| vec![e[0].re]),
            context,
        },
    },
    ObservableDefinition {
        name: "field-cumulants",
        target: TargetKind::Mode,
        formula: "<a a> - <a>^2 and <a^dag a> - |<a>|^2",
        summary: "second cumulants of a mode",
        in_default: false,
        components: |_| vec!["re_aa", "im_aa", "ada"],
        build: |_, t, context| {
            let m = mode(t);
            Evaluation::Moments {
                operators: vec![
                    Operator::annihilate(m) * Operator::annihilate(m),
                    Operator::number(m),
                    Operator::annihilate(m),
                ],
                combine: Combine::new(|e, _| {
                    let aa = e[0] - e[2] * e[2];
                    vec![aa.re, aa.im, e[1].re - e[2].norm_sqr()]
                }),
                context,
            }
        },
    },
    ObservableDefinition {
        name: "quadrature-squeezing",
        target: TargetKind::Mode,
        formula: "2 min eig Cov(Q,P), Q = (a + a^dag)/sqrt 2, P = -i (a - a^dag)/sqrt 2",
        summary: "smallest variance of a quadrature of a mode over all phases, in units of that of the vacuum",
        in_default: false,
        components: single,
        build: |_, t, context| Evaluation::Moments {
            operators: quadrature_operators(mode(t)),
            combine: Combine::new(|e, _| quadratures::squeezing(e))
                .guided(|e, guide, _| quadratures::squeezing_along(e, guide)),
            context,
        },
    },
    ObservableDefinition {
        name: "spin",
        target: TargetKind::Ensemble,
        formula: "<S^x>, <S^y>, <S^z>",
        summary: "mean collective spin of an ensemble",
        in_default: true,
        components: |_| vec!["x", "y", "z"],
        build: |_, t, context| Evaluation::Moments {
            operators: Operator::spin(ensemble(t)).to_vec(),
            combine: Combine::new(|e, _| e.iter().map(|z| z.re).collect()),
            context,
        },
    },
    ObservableDefinition {
        name: "spin-per-spin",
        target: TargetKind::Ensemble,
        formula: "<S^x>/N, <S^y>/N, <S^z>/N",
        summary: "mean spin of one spin of an ensemble, for sizes on one axis; between -1/2 and 1/2",
        in_default: false,
        components: |_| vec!["x", "y", "z"],
        build: |_, t, context| Evaluation::Moments {
            operators: Operator::spin(ensemble(t)).to_vec(),
            combine: Combine::new(|e, c| e.iter().map(|z| z.re / c.spins).collect()),
            context,
        },
    },
    ObservableDefinition {
        name: "intensity",
        target: TargetKind::Ensemble,
        formula: "<S^+ S^->",
        summary: "superradiant intensity of an ensemble, in units of the collective rate",
        in_default: false,
        components: single,
        build: |_, t, context| Evaluation::Moments {
            operators: vec![Operator::raise(ensemble(t)) * Operator::lower(ensemble(t))],
            combine: Combine::new(|e, _| vec![e[0].re]),
            context,
        },
    },
    ObservableDefinition {
        name: "intensity-per-spin",
        target: TargetKind::Ensemble,
        formula: "<S^+ S^->/N",
        summary: "superradiant intensity per spin: the population of the upper level where spins emit independently",
        in_default: false,
        components: single,
        build: |_, t, context| Evaluation::Moments {
            operators: vec![Operator::raise(ensemble(t)) * Operator::lower(ensemble(t))],
            combine: Combine::new(|e, c| vec![e[0].re / c.spins]),
            context,
        },
    },
    ObservableDefinition {
        name: "spin-length",
        target: TargetKind::Ensemble,
        formula: "<S.S> = <S^x S^x + S^y S^y + S^z S^z>",
        summary: "total spin of an ensemble; N/2 (N/2 + 1) on the symmetric ladder",
        in_default: false,
        components: single,
        build: |_, t, context| {
            let squares = Operator::spin(ensemble(t)).map(|s| s.clone() * s);
            Evaluation::Moments {
                operators: vec![squares.into_iter().fold(Operator::zero(), |sum, s| sum + s).collected()],
                combine: Combine::new(|e, _| vec![e[0].re]),
                context,
            }
        },
    },
    ObservableDefinition {
        name: "squeezing",
        target: TargetKind::Ensemble,
        formula: "xi_S^2 = 4 min Var(S_perp)/N, xi_R^2 = N min Var(S_perp)/|<S>|^2, |<S>|/(N/2)",
        summary: "Kitagawa-Ueda and Wineland squeezing parameters; undefined where <S> = 0",
        in_default: true,
        components: |_| vec!["kitagawa_ueda", "wineland", "polarisation"],
        build: |_, t, c| spin_function(t, c, SpinMoments::squeezing, SpinMoments::squeezing_along),
    },
    ObservableDefinition {
        name: "fisher",
        target: TargetKind::Ensemble,
        formula: "|<S>|^2/(N min Var(S_perp)) <= F_Q/N <= 4 max Var(S_n)/N",
        summary: "bounds of the quantum Fisher information per spin under rotations; lower > 1 proves entanglement",
        in_default: false,
        components: |_| vec!["lower", "upper"],
        build: |_, t, c| spin_function(t, c, SpinMoments::fisher, SpinMoments::fisher_along),
    },
    ObservableDefinition {
        name: "generalised-squeezing",
        target: TargetKind::Ensemble,
        formula: "2 tr(gamma)/N; lambda_min(X)/(tr C - N/2); [(N-1) tr(gamma) - N(N-2)/4]/lambda_max(X); X = (N-1) gamma + C (Toth et al., PRL 99, 250405 (2007); Vitagliano et al., PRA 89, 032307 (2014))",
        summary: "parameters of Toth's inequalities, each < 1 only for entangled states, also for mixed j",
        in_default: false,
        components: |_| vec!["singlet", "optimal", "planar"],
        build: |_, t, c| spin_function(t, c, SpinMoments::generalised, SpinMoments::generalised_along),
    },
    ObservableDefinition {
        name: "moments",
        target: TargetKind::Pair,
        formula: "<A B + B A>/2 with A, B in {Q, P} of modes and {S^x, S^y, S^z} of ensembles",
        summary: "symmetrised second moments of one or two subsystems",
        in_default: false,
        components: pair_names,
        build: |_, t, context| Evaluation::Moments {
            operators: pair_operators(t),
            combine: Combine::new(|e, _| e.chunks_exact(3).map(|c| c[0].re).collect()),
            context,
        },
    },
    ObservableDefinition {
        name: "covariance",
        target: TargetKind::Pair,
        formula: "<A B + B A>/2 - <A><B> with A, B in {Q, P} of modes and {S^x, S^y, S^z} of ensembles",
        summary: "connected second moments (second cumulants) of one or two subsystems",
        in_default: false,
        components: pair_names,
        build: |_, t, context| Evaluation::Moments {
            operators: pair_operators(t),
            combine: Combine::new(|e, _| connected_parts(e)),
            context,
        },
    },
    ObservableDefinition {
        name: "correlation",
        target: TargetKind::Pair,
        formula: "<A^dag B>/sqrt(<A^dag A><B^dag B>) with A, B = a of modes and S^- of ensembles",
        summary: "first-order coherence of two subsystems, modulus at most 1; undefined where one is empty",
        in_default: false,
        components: |_| vec!["re", "im"],
        build: |_, t, context| {
            let Target::Two(x, y) = t else { unreachable!("resolve_target gives this entry a pair") };
            let (a, b) = (lowering(*x), lowering(*y));
            let product = |a: &Operator, b: &Operator| a.adjoint() * b.clone();
            Evaluation::Moments {
                operators: vec![product(&a, &b), product(&a, &a), product(&b, &b)],
                combine: Combine::new(|e, _| {
                    let norm = (e[1].re * e[2].re).sqrt();
                    vec![ratio(e[0].re, norm), ratio(e[0].im, norm)]
                }),
                context,
            }
        },
    },
    ObservableDefinition {
        name: "conditional-squeezing",
        target: TargetKind::Ensemble,
        formula: "mean over trajectories of xi_S^2, xi_R^2, |<S>|/(N/2) of the state of each one",
        summary: "squeezing that an observer sees who has the record of all channels, or of those that the engine 'monitored' records; engines 'trajectories' and 'monitored', belongs to the unravelling",
        in_default: false,
        components: |_| vec!["kitagawa_ueda", "wineland", "polarisation"],
        build: |_, t, context| Evaluation::Sampled(Sampled::squeezing(ensemble(t), context)),
    },
    ObservableDefinition {
        name: "conditional-fisher",
        target: TargetKind::Ensemble,
        formula: "mean over trajectories of |<S>|^2/(N min Var(S_perp)) and 4 max Var(S_n)/N of the state of each one",
        summary: "bounds of the quantum Fisher information per spin, all channels recorded ('monitored': those chosen): the first is 1/xi_R^2, 0 where <S> = 0; engines 'trajectories', 'monitored'",
        in_default: false,
        components: |_| vec!["lower", "upper"],
        build: |_, t, context| Evaluation::Sampled(Sampled::fisher(ensemble(t), context)),
    },
    ObservableDefinition {
        name: "conditional-shares",
        target: TargetKind::Ensemble,
        formula: "shares of the trajectories with xi_R^2 < 1 and with <S> = 0",
        summary: "how many states, all channels recorded ('monitored': those chosen), are squeezed, and in how many squeezing is undefined; engines 'trajectories', 'monitored'",
        in_default: false,
        components: |_| vec!["squeezed", "undefined"],
        build: |_, t, context| Evaluation::Sampled(Sampled::shares(ensemble(t), context)),
    },
    ObservableDefinition {
        name: "conditional-quantiles",
        target: TargetKind::Ensemble,
        formula: "quantiles 0.05, 0.25, 0.5, 0.75, 0.95 over trajectories of xi_S^2 and xi_R^2",
        summary: "how squeezing is distributed over records of all channels ('monitored': of those chosen), to 0.2 dB from -15 to 15 dB; engines 'trajectories', 'monitored'",
        in_default: false,
        components: |_| sampled::QUANTILE_NAMES.to_vec(),
        build: |_, t, context| Evaluation::Sampled(Sampled::quantiles(ensemble(t), context)),
    },
    ObservableDefinition {
        name: "conditional-covariance",
        target: TargetKind::Pair,
        formula: "mean over trajectories of <A B + B A>/2 - <A><B> with A, B in {Q, P} of modes and {S^x, S^y, S^z} of ensembles",
        summary: "connected second moments in the state of each trajectory, all channels recorded ('monitored': those chosen); engines 'trajectories', 'monitored'",
        in_default: false,
        components: pair_names,
        build: |_, t, context| Evaluation::Sampled(Sampled::covariance(pair_operators(t), context)),
    },
    ObservableDefinition {
        name: "phase-referenced-squeezing",
        target: TargetKind::Referred,
        formula: "xi_S^2, xi_R^2, |<S>|/(N/2) of the averages of the spins turned about z by arg <a> of each sample",
        summary: "squeezing against the phase of the light, S^- e^(-i arg a) in place of S^-; engines 'trajectories' and 'truncated-wigner'",
        in_default: false,
        components: |_| vec!["kitagawa_ueda", "wineland", "polarisation"],
        build: |model, t, _| {
            let Target::Two(Subsystem::Ensemble(e), Subsystem::Mode(m)) = *t else {
                unreachable!("resolve_target gives this entry an ensemble and a mode")
            };
            let context = Context { spins: model.ensembles()[e].size as f64 };
            Evaluation::Sampled(Sampled::phase_referenced(e, m, context))
        },
    },
    ObservableDefinition {
        name: "energy",
        target: TargetKind::System,
        formula: "<H>",
        summary: "expectation value of the Hamiltonian at the start of the study",
        in_default: false,
        components: single,
        build: |model, _, context| Evaluation::Moments {
            operators: vec![model.hamiltonian()],
            combine: Combine::new(|e, _| vec![e[0].re]),
            context,
        },
    },
    ObservableDefinition {
        name: "photon-distribution",
        target: TargetKind::Mode,
        formula: "p_n = <n| rho |n>",
        summary: "populations of the Fock states of a mode",
        in_default: false,
        components: single,
        build: |_, t, _| Evaluation::State(StateFunction::PhotonDistribution(mode(t))),
    },
    ObservableDefinition {
        name: "top-population",
        target: TargetKind::Mode,
        formula: "p_(nmax-1) + p_nmax",
        summary: "population of the two highest Fock levels kept: a monitor of the truncation",
        in_default: false,
        components: single,
        build: |_, t, _| Evaluation::State(StateFunction::TopPopulation(mode(t))),
    },
    ObservableDefinition {
        name: "ladder-distribution",
        target: TargetKind::Ensemble,
        formula: "P(j) = tr rho_j",
        summary: "probabilities of the total spins j of an ensemble",
        in_default: false,
        components: single,
        build: |_, t, _| Evaluation::State(StateFunction::LadderDistribution(ensemble(t))),
    },
    ObservableDefinition {
        name: "purity",
        target: TargetKind::System,
        formula: "tr rho^2 = sum_j tr(rho_j^2)/d_j",
        summary: "purity of the whole state, the d_j copies of spin j counted",
        in_default: false,
        components: single,
        build: |_, _, _| Evaluation::State(StateFunction::Purity),
    },
    ObservableDefinition {
        name: "entropy",
        target: TargetKind::System,
        formula: "-sum_j tr[rho_j ln(rho_j/d_j)]",
        summary: "von Neumann entropy of the whole state in nats, the d_j copies of spin j counted",
        in_default: false,
        components: single,
        build: |_, _, _| Evaluation::State(StateFunction::Entropy),
    },
    ObservableDefinition {
        name: "reduced-purity",
        target: TargetKind::Subsystem,
        formula: "tr rho_x^2",
        summary: "purity of one mode or ensemble",
        in_default: false,
        components: single,
        build: |_, t, _| Evaluation::State(StateFunction::ReducedPurity(subsystem(t))),
    },
    ObservableDefinition {
        name: "reduced-entropy",
        target: TargetKind::Subsystem,
        formula: "-tr rho_x ln rho_x",
        summary: "von Neumann entropy of one mode or ensemble in nats",
        in_default: false,
        components: single,
        build: |_, t, _| Evaluation::State(StateFunction::ReducedEntropy(subsystem(t))),
    },
    ObservableDefinition {
        name: "reduced-state",
        target: TargetKind::Subsystem,
        formula: "rho_x = tr_rest rho",
        summary: "reduced density matrix of one mode (matrix) or ensemble (one matrix per ladder); npz output only",
        in_default: false,
        components: single,
        build: |_, t, _| Evaluation::State(StateFunction::ReducedState(subsystem(t))),
    },
];
