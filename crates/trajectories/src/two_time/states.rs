//! Independent pure states of a stationary ensemble, or of one at a time, asked for two times.

use num_complex::Complex64;
use rayon::prelude::*;
use superladder_engine::{
    CorrelationSeries, EmissionSpectrum, EngineError, Halt, Problem, SpectrumComparison, SpectrumMethod,
    Stage, Stationary, StationaryOptions, StationaryReport, TwoTime, TwoTimeState, available_memory,
    check_memory,
};
use superladder_model::{Correlation, Model, Observable, Operator};
use superladder_sampling::{Functions, SumSizes, Sums, Tally, estimates};

use super::kicked::{KickScratch, Kicks, Watching};
use crate::basis::Basis;
use crate::error::{NAME, unsupported};
use crate::instruments::Instruments;
use crate::options::{Choice, Trajectories};
use crate::trajectory::{Setup, Snapshot, TrajectoryError, Witness, Workspace};
use crate::vector::Vector;

const NO_SPECTRUM: &str = "trajectories give correlations, whose statistical errors leave no line; use the engine 'exact' \
                           or 'cumulant' for spectra";

/// The states of all trajectories at rest or at a time, in the plain basis.
struct RestingStates {
    engine: Trajectories,
    /// The model that they have, without observables.
    problem: Problem,
    report: StationaryReport,
    states: Vec<(Basis, Vector)>,
}

/// Keeps the last state that it sees.
#[derive(Default)]
struct Last(Option<(Basis, Vector)>);

impl Witness for Last {
    fn state(&mut self, _output: usize, snapshot: Snapshot<'_>) {
        let mut psi = snapshot.psi.clone();
        psi.scale(1.0 / snapshot.square.sqrt());
        self.0 = Some((snapshot.basis.clone(), psi));
    }
}

/// What tells whether averages are at rest: numbers of quanta, amplitudes, spins and their light.
fn monitors(model: &Model) -> Vec<Observable> {
    let modes = (0..model.modes().len()).flat_map(|m| [Operator::number(m), Operator::annihilate(m)]);
    let light = |e: usize| Operator::raise(e) * Operator::lower(e);
    let spins = (0..model.ensembles().len()).flat_map(|e| [Operator::sz(e), Operator::lower(e), light(e)]);
    let named = modes.chain(spins).enumerate();
    named.map(|(k, operator)| Observable::expectation(&format!("monitor {k}"), operator)).collect()
}

impl RestingStates {
    fn new(
        engine: Trajectories,
        (way, problem): (&Problem, Problem),
        report: StationaryReport,
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let (setup, _) = engine.setup(way)?;
        let unknowns = engine.trajectories as f64 * Trajectories::largest_sector(&problem, &setup.ladders);
        check_memory(NAME, (16.0 * unknowns) as u64, available_memory(), (2.0 * unknowns) as u64)?;
        let one = |workspace: &mut Workspace, index: u64| {
            let mut last = Last::default();
            setup.follow_while(index, workspace, &mut last, halt)?;
            Ok(last.0)
        };
        let indices = engine.first..engine.first + engine.trajectories;
        let found: Result<Vec<_>, TrajectoryError> =
            indices.into_par_iter().map_init(Workspace::new, one).collect();
        let states = found.map_err(|e| setup.failed(e))?;
        Ok(Self { engine, problem, report, states: states.into_iter().flatten().collect() })
    }

    /// What follows states over `times`, and looks at an operator.
    fn looking(&self, operator: &Operator, times: Vec<f64>) -> Result<(Setup, Instruments), EngineError> {
        let observables = vec![Observable::expectation("looked at", operator.clone())];
        let stages = vec![Stage { start: times[0], model: self.problem.model().clone() }];
        self.engine.setup(&Problem { stages, times, observables, ..self.problem.clone() })
    }

    /// The value of an operator in every state.
    fn values(&self, operator: &Operator) -> Result<Vec<Complex64>, EngineError> {
        let (_, instruments) = self.looking(operator, vec![0.0])?;
        let value = |(basis, psi): &(Basis, Vector)| {
            let mut watching = Watching { instruments: &instruments, values: Vec::new() };
            watching.state(0, Snapshot { basis, psi, square: psi.norm_sqr() });
            watching.values[0]
        };
        Ok(self.states.iter().map(value).collect())
    }
}

/// A correlation at every delay from the averages of
///
/// ```text
/// re <A>, im <A>, re <B>, im <B>, then re and im at every delay
/// ```
struct Connected(bool);

impl Functions for Connected {
    fn values(&self, means: &[f64]) -> Vec<Vec<f64>> {
        let pair = |x: &[f64]| Complex64::new(x[0], x[1]);
        let off = if self.0 { pair(means) * pair(&means[2..]) } else { Complex64::ZERO };
        let series = means[4..].chunks_exact(2).map(|x| pair(x) - off);
        vec![series.flat_map(|z| [z.re, z.im]).collect()]
    }

    fn along(&self, means: &[f64], _guide: &[f64]) -> Vec<Option<f64>> {
        vec![None; means.len() - 4]
    }
}

impl TwoTimeState for RestingStates {
    fn report(&self) -> &StationaryReport {
        &self.report
    }

    fn expectation(&self, operator: &Operator) -> Complex64 {
        let nan = Complex64::new(f64::NAN, f64::NAN);
        let mean = |values: Vec<Complex64>| values.iter().sum::<Complex64>() / values.len() as f64;
        self.values(operator).map_or(nan, mean)
    }

    fn has_spectra(&self) -> bool {
        false
    }

    /// Standard errors come from blocks of trajectories.
    fn series(
        &self,
        correlation: &Correlation,
        delays: &[f64],
        halt: &dyn Halt,
    ) -> Result<CorrelationSeries, EngineError> {
        correlation.operators().try_for_each(|o| self.problem.model().check_operator(o))?;
        CorrelationSeries::check_delays(delays, NAME)?;
        let first = delays
            .first()
            .ok_or_else(|| unsupported("delays must be 0 or more and strictly increasing, one at least"))?;
        let before = usize::from(*first > 0.0);
        let times: Vec<f64> = [0.0].iter().take(before).chain(delays).copied().collect();
        let (setup, instruments) = self.looking(&correlation.a, times)?;
        let kicks = Kicks::new(&setup.layout(), correlation);
        let [a, b] = [self.values(&correlation.a)?, self.values(&correlation.b)?];
        let one = |(workspace, scratch): &mut (Workspace, KickScratch), place: usize| {
            let (basis, psi) = &self.states[place];
            let index = self.engine.first + place as u64;
            kicks.followed((&setup, &instruments), index, (basis, psi), (workspace, scratch), halt)
        };
        let buffers = || (Workspace::new(), KickScratch::default());
        let found: Result<Vec<_>, TrajectoryError> =
            (0..self.states.len()).into_par_iter().map_init(buffers, one).collect();
        let found = found.map_err(|e| setup.failed(e))?;
        let width = 4 + 2 * delays.len();
        let mut sums = Sums::new(SumSizes { numbers: width, counts: 0, worst: 0 });
        for (place, series) in found.iter().enumerate() {
            let all = [a[place], b[place]].into_iter().chain(series[before..].iter().copied());
            let mut tally = Tally { numbers: all.flat_map(|z| [z.re, z.im]).collect(), ..Tally::default() };
            sums.add(place as u64, &mut tally)
                .map_err(|_| setup.failed(TrajectoryError::OutOfRange { index: place as u64, time: 0.0 }))?;
        }
        let measured = estimates(&Connected(correlation.connected), &sums, 0, width);
        let numbers = &measured[0].values;
        let error = |k: usize| numbers[k].standard_error.unwrap_or(f64::NAN);
        let places = (0..delays.len()).map(|k| 2 * k);
        Ok(CorrelationSeries {
            values: places.clone().map(|k| Complex64::new(numbers[k].value, numbers[k + 1].value)).collect(),
            errors: places.map(|k| error(k).hypot(error(k + 1))).collect(),
        })
    }

    fn spectrum(
        &self,
        _correlation: &Correlation,
        _omega: &[f64],
        _method: SpectrumMethod,
        _halt: &dyn Halt,
    ) -> Result<EmissionSpectrum, EngineError> {
        Err(unsupported(NO_SPECTRUM))
    }

    fn compare(
        &self,
        _correlation: &Correlation,
        _spectrum: &EmissionSpectrum,
        _halt: &dyn Halt,
    ) -> Result<SpectrumComparison, EngineError> {
        Err(unsupported(NO_SPECTRUM))
    }

    fn spectral_grid(
        &self,
        _correlation: &Correlation,
        _count: usize,
        _halt: &dyn Halt,
    ) -> Result<Vec<f64>, EngineError> {
        Err(unsupported(NO_SPECTRUM))
    }

    fn delay_grid(&self, _correlation: &Correlation, _halt: &dyn Halt) -> Result<Vec<f64>, EngineError> {
        Err(unsupported(
            "trajectories know no times of decay beforehand; give `delays` to the correlation, or use the engine 'exact' \
             or 'cumulant'",
        ))
    }
}

impl Trajectories {
    /// The same in the plain basis, without targets and tables.
    fn plain(&self) -> Self {
        let off = Choice::Off;
        let (targets, histograms) = (Vec::new(), Vec::new());
        Self { windows: off, displaced: off, rotating: off, targets, histograms, shown: 0, ..self.clone() }
    }
}

impl TwoTime for Trajectories {
    /// The states of all trajectories once their averages are at rest; correlations from kicked copies of them.
    fn two_time(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<Box<dyn TwoTimeState>, EngineError> {
        problem.validate()?;
        let own = Problem { observables: Vec::new(), ..problem.last_stage() };
        let plain = self.plain();
        let monitored = Problem { observables: monitors(own.model()), ..own.clone() };
        let mut report = plain.stationary(&monitored, options, halt)?;
        (report.measurements, report.errors) = (Vec::new(), Vec::new());
        let start = own.times[0];
        let followed = report.diagnostics.figures.get("followed").copied().unwrap_or(0.0);
        let way = Problem { times: vec![start, start + 0.5 * followed], ..own.clone() };
        Ok(Box::new(RestingStates::new(plain, (&way, own), report, halt)?))
    }

    fn two_time_from(
        &self,
        problem: &Problem,
        time: f64,
        halt: &dyn Halt,
    ) -> Result<Box<dyn TwoTimeState>, EngineError> {
        problem.validate()?;
        problem.without_explicit_time(NAME)?;
        let (way, here) = problem.until(time);
        let report = StationaryReport::unknown(here.cutoffs.clone());
        Ok(Box::new(RestingStates::new(self.plain(), (&way, here), report, halt)?))
    }
}
