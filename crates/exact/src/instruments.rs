//! Everything that measures a state at given cutoffs.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use superladder_dense::HermitianEigenvalues;
use superladder_engine::{Diagnostics, EngineError, Halt, Measurement, Problem, refuse};
use superladder_model::{Evaluation, Observable, Operator, StateFunction};
use superladder_sparse::RealForm;

use crate::error::{INTERRUPTED, NAME};
use crate::leakage::{Leakage, Leaked};
use crate::monitors::Monitors;
use crate::options::Exact;
use crate::probes::Probes;
use crate::setting::Setting;
use crate::state_functions::{Reduction, View, Whole};

/// How one observable is measured.
enum Plan {
    /// From the expectation values of these operators.
    Moments(Vec<usize>),
    /// Fock populations of a mode.
    Photons(usize),
    /// Ladder populations of an ensemble.
    Ladders(usize),
    /// Population of the two highest Fock levels of a mode.
    Top(usize),
    /// From the whole state.
    Whole(Whole),
}

impl Plan {
    fn of(function: StateFunction) -> Self {
        match function {
            StateFunction::PhotonDistribution(m) => Self::Photons(m),
            StateFunction::LadderDistribution(e) => Self::Ladders(e),
            StateFunction::TopPopulation(m) => Self::Top(m),
            StateFunction::Purity => Self::Whole(Whole::Purity),
            StateFunction::Entropy => Self::Whole(Whole::Entropy),
            StateFunction::ReducedPurity(s) => Self::Whole(Whole::ReducedPurity(s)),
            StateFunction::ReducedEntropy(s) => Self::Whole(Whole::ReducedEntropy(s)),
            StateFunction::ReducedState(s) => Self::Whole(Whole::ReducedState(s)),
        }
    }
}

/// Whether an observable of `problem` needs the whole state at the output times, and not only linear
/// functionals.
pub(crate) fn needs_state(problem: &Problem) -> bool {
    problem.observables.iter().any(|o| match o.evaluation {
        Evaluation::Moments { .. } | Evaluation::Sampled(_) => false,
        Evaluation::State(function) => matches!(Plan::of(function), Plan::Whole(_)),
    })
}

/// What a model loses through the cutoffs, and where its functionals stand among the probes.
struct Source {
    leakage: Leakage,
    values: Range<usize>,
}

/// Everything that measures a state and depends on the cutoffs, but not on the time.
pub(crate) struct Instruments {
    pub(crate) problem: Problem,
    pub(crate) setting: Setting,
    /// The form of the states that are measured, if it is not that of the layout.
    form: Option<Arc<RealForm>>,
    pub(crate) probes: Probes,
    pub(crate) monitors: Monitors,
    pub(crate) needs_state: bool,
    eigenvalues: HermitianEigenvalues,
    /// Those of the observables.
    reductions: Vec<Reduction>,
    /// First all cutoffs together; then, if there are several modes, the cutoff of every mode that adapts.
    sources: Vec<Source>,
    /// By mode, the number of the source.
    source_of_mode: Vec<usize>,
    count: usize,
    plans: Vec<Plan>,
}

impl Instruments {
    /// Instruments for `problem` at its cutoffs, of which those of the modes in `adaptive` may change, and for
    /// states in this `form`.
    pub(crate) fn new(
        options: &Exact,
        problem: Problem,
        setting: Setting,
        form: Option<Arc<RealForm>>,
        adaptive: &[usize],
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let (space, layout) = (&setting.space, &setting.layout);
        let (plans, operators) = plans(&problem)?;
        let halted = &|| halt.asked();
        let probes = Probes::new(space, layout, &operators, halted).ok_or(INTERRUPTED)?;
        let probes = match &form {
            Some(form) => probes.in_form(form),
            None => probes,
        };
        let mut count = probes.count();
        let mut source = |only| -> Result<Source, EngineError> {
            let leakage = Leakage::new(&problem, space, layout, only, halt)?;
            let leakage = match &form {
                Some(form) => leakage.in_form(form),
                None => leakage,
            };
            let values = count..count + leakage.count();
            count = values.end;
            Ok(Source { leakage, values })
        };
        let mut sources = vec![source(None)?];
        let mut source_of_mode = vec![0; problem.cutoffs.len()];
        if problem.cutoffs.len() > 1 {
            for &mode in adaptive {
                source_of_mode[mode] = sources.len();
                sources.push(source(Some(mode))?);
            }
        }
        let monitors = Monitors::new(space, layout, (options.bounds, options.positivity), halted);
        let monitors = monitors.ok_or(INTERRUPTED)?;
        let needs_state = needs_state(&problem);
        drop(operators);
        let eigenvalues = HermitianEigenvalues::default();
        let reductions = reductions(&plans, &setting, halted).ok_or(INTERRUPTED)?;
        Ok(Self {
            problem,
            setting,
            form,
            probes,
            monitors,
            needs_state,
            eigenvalues,
            reductions,
            sources,
            source_of_mode,
            count,
            plans,
        })
    }

    pub(crate) fn view<'a>(&'a self, vector: &'a [f64]) -> View<'a> {
        let Setting { space, layout, .. } = &self.setting;
        let vector = match &self.form {
            Some(form) => Cow::Owned(form.expanded(vector)),
            None => Cow::Borrowed(vector),
        };
        View { space, layout, vector, eigenvalues: &self.eigenvalues, reductions: &self.reductions }
    }

    /// Values of all probes.
    pub(crate) fn probe(&self, vector: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; self.count];
        self.evaluate(vector, &mut values);
        values
    }

    /// Number of probes: those of the observables, then those of the bounds of truncation.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn evaluate(&self, vector: &[f64], out: &mut [f64]) {
        self.probes.evaluate(vector, &mut out[..self.probes.count()]);
        for Source { leakage, values } in &self.sources {
            leakage.evaluate(vector, &mut out[values.clone()]);
        }
    }

    /// What leaves through any cutoff.
    pub(crate) fn leakage(&self) -> &Leakage {
        &self.sources[0].leakage
    }

    /// The functionals of what leaves through any cutoff, from the values of all probes.
    pub(crate) fn leaving<'a>(&self, values: &'a [f64]) -> &'a [f64] {
        &values[self.sources[0].values.clone()]
    }

    /// What leaves through the cutoff of a mode that adapts.
    pub(crate) fn leakage_of(&self, mode: usize) -> &Leakage {
        &self.sources[self.source_of_mode[mode]].leakage
    }

    /// The functionals of what leaves through the cutoff of a mode that adapts.
    pub(crate) fn leaving_by<'a>(&self, mode: usize, values: &'a [f64]) -> &'a [f64] {
        &values[self.sources[self.source_of_mode[mode]].values.clone()]
    }

    /// Whether anything can leave the space.
    pub(crate) fn leaks(&self) -> bool {
        !self.leakage().is_closed()
    }

    /// The population from which something leaves through a cutoff in a stage, from the values of all probes.
    pub(crate) fn edge(&self, stage: usize, values: &[f64]) -> f64 {
        self.leakage().edge(stage, self.leaving(values))
    }

    pub(crate) fn note_truncation(&self, bound: f64, time: f64, diagnostics: &mut Diagnostics) {
        if self.probes.modes() > 0 {
            self.monitors.note_truncation(bound, time, diagnostics);
        }
    }

    /// Notes everything about a state at the start of a run. What the cutoffs took of it, `lost`, counts as
    /// population that leaves.
    pub(crate) fn note_start(
        &self,
        vector: &[f64],
        (leaked, lost): (&Leaked, f64),
        time: f64,
        diagnostics: &mut Diagnostics,
    ) {
        let values = self.probe(vector);
        let top = self.edge(0, &values).max(lost);
        self.monitors.note(&self.probes, &values, top, time, 0.0, diagnostics);
        self.note_truncation(leaked.bound, time, diagnostics);
        self.monitors.note_state(&self.view(vector), time, diagnostics);
    }

    pub(crate) fn memory(&self) -> u64 {
        self.probes.memory() + self.sources.iter().map(|s| s.leakage.memory()).sum::<u64>()
    }

    /// Measurements from the values of the probes and, if an observable needs it, the state.
    pub(crate) fn measure(&self, values: &[f64], vector: Option<&[f64]>) -> Vec<Measurement> {
        let plans = self.plans.iter().zip(&self.problem.observables);
        let view = OnceCell::new();
        let figures = |(plan, observable): (&Plan, &Observable)| match plan {
            Plan::Moments(numbers) => {
                let needed: Vec<_> = numbers.iter().map(|n| Probes::expectation(values, *n)).collect();
                match &observable.evaluation {
                    Evaluation::Moments { combine, context, .. } => combine(&needed, context),
                    Evaluation::State(_) | Evaluation::Sampled(_) => Vec::new(),
                }
            }
            Plan::Photons(m) => self.probes.photons(values, *m).to_vec(),
            Plan::Ladders(e) => self.probes.ladders(values, *e).to_vec(),
            Plan::Top(m) => vec![self.probes.top_population(values, *m)],
            Plan::Whole(function) => {
                let view = |vector| view.get_or_init(|| self.view(vector)).evaluate(*function);
                vector.map_or_else(Vec::new, view)
            }
        };
        plans
            .map(figures)
            .map(|values| Measurement { values: values.into_iter().map(Into::into).collect() })
            .collect()
    }
}

/// The reductions that the plans need; `None` once `halted` says so.
fn reductions(plans: &[Plan], setting: &Setting, halted: &dyn Fn() -> bool) -> Option<Vec<Reduction>> {
    let mut found: Vec<Reduction> = Vec::new();
    for plan in plans {
        if let Plan::Whole(Whole::ReducedPurity(s) | Whole::ReducedEntropy(s) | Whole::ReducedState(s)) = plan
            && !found.iter().any(|known| known.subsystem == *s)
        {
            found.push(Reduction::new(&setting.space, &setting.layout, *s, halted)?);
        }
    }
    Some(found)
}

/// How every observable is measured, and the operators whose expectation values are needed.
fn plans(problem: &Problem) -> Result<(Vec<Plan>, Vec<&Operator>), EngineError> {
    let mut operators: Vec<&Operator> = Vec::new();
    let mut plans = Vec::new();
    for observable in &problem.observables {
        plans.push(match &observable.evaluation {
            Evaluation::Moments { operators: needed, .. } => {
                if needed.is_empty() {
                    return Err(refuse(NAME, observable, "it has no operators"));
                }
                let number = |o| {
                    operators.iter().position(|known| *known == o).unwrap_or_else(|| {
                        operators.push(o);
                        operators.len() - 1
                    })
                };
                Plan::Moments(needed.iter().map(number).collect())
            }
            Evaluation::State(function) => Plan::of(*function),
            // Refused before.
            Evaluation::Sampled(_) => Plan::Moments(Vec::new()),
        });
    }
    Ok((plans, operators))
}
