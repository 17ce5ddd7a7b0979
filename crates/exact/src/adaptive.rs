//! Cutoffs that follow the state: they are raised and lowered so that the error of truncation keeps its
//! budget.
//!
//! An integral over the time bounds what leaves through the cutoff of a mode (`leakage`), so that the budget
//! can be spent *per unit time*: the share is what is left of the budget over what is left of the time. A
//! step in which more leaks is refused and done again from its start with more levels. The run is cut into
//! segments, which grow longer while nothing happens. At their ends cutoffs are raised before the share is
//! reached, and lowered where levels have become empty. New levels start empty, which is exact; cutting off
//! the weight w counts `2 sqrt(w)`.
//!
//! The highest occupied levels tell how many are missing: populations fall by about the same factor from
//! level to level, and the leak is proportional to their square root.

mod report;

use serde::{Deserialize, Serialize};
use superladder_engine::Problem;
use superladder_propagate::Samples;

use crate::instruments::Instruments;
use crate::leakage::Leaked;
use crate::options::Exact;

/// The first segment as a part of the whole time.
const FIRST_SEGMENT: f64 = 1.0 / 64.0;
/// The longest and the shortest segment.
const SEGMENTS: (f64, f64) = (1.0 / 4.0, 1.0 / 1024.0);
/// Part of the budget that the truncation of the initial state may spend.
const INITIAL: f64 = 0.05;
/// Parts of the share: above the first a cutoff is raised, until the second is expected; below the third it
/// is lowered.
const RAISE: f64 = 0.5;
const AIM: f64 = 0.1;
const LOWER: f64 = 0.02;
/// Part of what is left of the budget that one lowering of a cutoff may spend.
const CUT: f64 = 0.01;
/// What leaks is expected to grow by at most this factor in a segment.
const LARGEST_GROWTH: f64 = 10.0;
/// Slope of the logarithm of the populations below which the highest levels count as flat.
const FLAT: f64 = 0.05;

/// Why a cutoff changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// The initial state needs it.
    Initial,
    /// More was going to leak than the share.
    Raised,
    /// A step was refused, since more leaked than the share.
    Refused,
    /// Levels were empty.
    Lowered,
}

/// What keeps a cutoff from being raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Limit {
    /// The largest cutoff that the study allows.
    Max,
    /// The memory.
    Memory,
    /// What leaks is noise of the propagation.
    Noise,
}

/// A request for more levels.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Growth {
    pub(crate) mode: usize,
    levels: usize,
    noise: bool,
    pub(crate) reason: Reason,
}

/// A cutoff that can be lowered.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Shrink {
    pub(crate) mode: usize,
    pub(crate) cutoff: usize,
    /// How far that moves the state, in trace distance.
    pub(crate) lost: f64,
}

/// A change that was decided on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum CutoffChange {
    /// More levels.
    Raised(Vec<Growth>),
    /// Less levels.
    Lowered(Vec<Shrink>),
}

/// A mode whose cutoff follows the state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Followed {
    pub(super) mode: usize,
    max: Option<usize>,
    /// What has left through this cutoff.
    leaked: Leaked,
    /// Rate at the end of the last segment.
    rate: f64,
    limited: Option<Limit>,
}

/// One change of cutoffs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) time: f64,
    pub(super) cutoffs: Vec<usize>,
    pub(super) reason: Reason,
}

/// Decides how the cutoffs of a run follow the state, and remembers what it decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CutoffControl {
    followed: Vec<Followed>,
    /// Largest bound of what leaves through one of the cutoffs.
    budget: f64,
    span: f64,
    last: f64,
    /// Length of the next segment, and the end of the present one.
    segment: f64,
    end: f64,
    /// Whether cutoffs were raised in the present segment.
    disturbed: bool,
    /// Memory that may be used, in bytes; found once, so that a run that is continued elsewhere has the same
    /// bits.
    available: u64,
    refused: u64,
    history: Vec<Change>,
    largest: Vec<usize>,
    notes: Vec<String>,
    /// To be carried out before the next step.
    pub(crate) decided: Option<CutoffChange>,
}

impl CutoffControl {
    /// For a problem of which some cutoffs adapt; `None` if none does.
    pub(crate) fn new(options: &Exact, problem: &Problem, available: u64) -> Option<Self> {
        let followed: Vec<Followed> = options
            .adaptive
            .iter()
            .enumerate()
            .filter_map(|(mode, adaptive)| {
                let max = adaptive.as_ref()?.max;
                Some(Followed { mode, max, leaked: Leaked::default(), rate: 0.0, limited: None })
            })
            .collect();
        if followed.is_empty() {
            return None;
        }
        // One part of the budget is kept for what leaves through fixed cutoffs.
        let parts = followed.len() + usize::from(problem.cutoffs.len() > followed.len());
        let (first, last) = (problem.times[0], problem.times[problem.times.len() - 1]);
        let span = last - first;
        Some(Self {
            followed,
            budget: options.bounds.truncation / parts as f64,
            span,
            last,
            segment: FIRST_SEGMENT * span,
            end: first,
            disturbed: false,
            available,
            refused: 0,
            history: Vec::new(),
            largest: problem.cutoffs.clone(),
            notes: Vec::new(),
            decided: None,
        })
    }

    /// The modes whose cutoffs adapt.
    pub(crate) fn modes(&self) -> Vec<usize> {
        self.followed.iter().map(|f| f.mode).collect()
    }

    /// Memory that may be used, in bytes.
    pub(crate) fn available(&self) -> u64 {
        self.available
    }

    /// Starts with an initial state that has lost `losses` above the cutoffs.
    pub(crate) fn start(&mut self, instruments: &Instruments, time: f64, values: &[f64], losses: &[f64]) {
        for followed in &mut self.followed {
            let lost = 2.0 * losses[followed.mode].max(0.0).sqrt();
            let leaving = instruments.leaving_by(followed.mode, values).to_vec();
            followed.leaked = Leaked::start(time, lost, leaving);
        }
        self.largest.clone_from(&instruments.problem.cutoffs);
    }

    /// The levels that the initial state lacks.
    pub(crate) fn growths_at_start(
        &self,
        instruments: &Instruments,
        stage: usize,
        time: f64,
        values: &[f64],
    ) -> Vec<Growth> {
        let open = self.followed.iter().filter(|f| f.limited.is_none());
        open.filter_map(|followed| {
            let rate = followed.leaked.rate(instruments.leakage_of(followed.mode), stage);
            let share = self.share(followed, time);
            let mut growth = growth(instruments, followed, values, (rate, share), 0.0, Reason::Initial);
            if followed.leaked.bound > INITIAL * self.budget {
                growth.levels = growth.levels.max(1 + instruments.problem.cutoffs[followed.mode] / 8);
                return Some(growth);
            }
            (rate > RAISE * share).then_some(growth)
        })
        .collect()
    }

    /// The share: the error that may be spent per unit time from now on.
    fn share(&self, followed: &Followed, time: f64) -> f64 {
        let left = (self.budget - followed.leaked.bound).max(0.0);
        if self.last > time { left / (self.last - time) } else { f64::INFINITY }
    }

    /// Looks at the samples of a step. Returns the cutoffs to raise before it is done again, none if it may
    /// stand.
    pub(crate) fn review(
        &mut self,
        instruments: &Instruments,
        stage: usize,
        start: f64,
        samples: &Samples<'_>,
        error: f64,
    ) -> Vec<Growth> {
        let mut growths = Vec::new();
        let mut trials = Vec::new();
        for followed in &self.followed {
            let leakage = instruments.leakage_of(followed.mode);
            let share = self.share(followed, start);
            let mut trial = followed.leaked.clone();
            let (mut refused, mut worst) = (false, (0.0, None));
            for (time, values) in samples.rows() {
                trial.advance(leakage, stage, time, instruments.leaving_by(followed.mode, values));
                let allowed = followed.leaked.bound + share * (time - start);
                let kept = trial.bound <= allowed;
                refused |= !kept;
                let rate = trial.rate(leakage, stage);
                if rate >= worst.0 {
                    worst = (rate, Some(values));
                }
            }
            if refused
                && followed.limited.is_none()
                && let (rate, Some(values)) = worst
            {
                growths.push(growth(instruments, followed, values, (rate, share), error, Reason::Refused));
            }
            trials.push(trial);
        }
        if growths.is_empty() {
            for (followed, trial) in self.followed.iter_mut().zip(trials) {
                followed.leaked = trial;
            }
        } else {
            self.refused += 1;
            self.disturbed = true;
        }
        growths
    }

    /// The end of the segment that `time` lies in.
    pub(crate) fn segment_end(&mut self, time: f64) -> f64 {
        if time >= self.end {
            self.end = time + self.segment;
            if self.last - self.end < 0.1 * self.segment {
                self.end = self.last;
            }
        }
        self.end
    }

    /// Whether a segment ends at `time`.
    pub(crate) fn is_end(&self, time: f64) -> bool {
        time == self.end
    }

    /// Ends a segment. Returns the levels that will be missing in the next one.
    pub(crate) fn end_segment(
        &mut self,
        instruments: &Instruments,
        stage: usize,
        time: f64,
        values: &[f64],
        error: f64,
    ) -> Vec<Growth> {
        let mut growths = Vec::new();
        for number in 0..self.followed.len() {
            let followed = &self.followed[number];
            let rate = followed.leaked.rate(instruments.leakage_of(followed.mode), stage);
            let factor = (rate / followed.rate.max(f64::MIN_POSITIVE)).clamp(1.0, LARGEST_GROWTH);
            let share = self.share(followed, time);
            if followed.limited.is_none() && rate * factor > RAISE * share {
                let wanted = (rate * factor, share);
                growths.push(growth(instruments, followed, values, wanted, error, Reason::Raised));
            }
            self.followed[number].rate = rate;
        }
        let (longest, shortest) = (SEGMENTS.0 * self.span, SEGMENTS.1 * self.span);
        let factor = if self.disturbed {
            0.5
        } else if growths.is_empty() {
            2.0
        } else {
            1.0
        };
        self.segment = (self.segment * factor).clamp(shortest, longest);
        self.disturbed = false;
        growths
    }

    /// The cutoffs that can be lowered.
    pub(crate) fn shrinks(
        &self,
        instruments: &Instruments,
        stage: usize,
        time: f64,
        values: &[f64],
    ) -> Vec<Shrink> {
        let shrink = |followed: &Followed| {
            let (mode, cutoff) = (followed.mode, instruments.problem.cutoffs[followed.mode]);
            let leakage = instruments.leakage_of(mode);
            let populations = instruments.probes.photons(values, mode);
            let share = self.share(followed, time);
            let left = (self.budget - followed.leaked.bound).max(0.0);
            let leaving = instruments.leaving_by(mode, values);
            let weight =
                |from: usize, to: usize| populations[from..to].iter().map(|p| p.max(0.0)).sum::<f64>();
            let good = |to: usize| {
                let edge = weight((to + 1).saturating_sub(leakage.reach()), to + 1);
                let lost = 2.0 * weight(to + 1, cutoff + 1).sqrt();
                let holds = leakage.rate_with(stage, leaving, edge) <= LOWER * share && lost <= CUT * left;
                holds.then_some(Shrink { mode, cutoff: to, lost })
            };
            // A small change does not repay the work of changing.
            let highest = cutoff.checked_sub((cutoff / 6).max(3))?;
            (2..=highest).rev().map_while(good).last()
        };
        self.followed.iter().filter_map(shrink).collect()
    }

    /// The cutoff that a request leads to. At a limit it is the present one, and the limit is noted.
    pub(crate) fn allowed(&mut self, growth: &Growth, present: usize, time: f64, problem: &Problem) -> usize {
        let max = self.followed.iter().find(|f| f.mode == growth.mode).and_then(|f| f.max);
        let wanted = (present + growth.levels).min(max.unwrap_or(usize::MAX).max(present));
        if growth.noise {
            self.limit(growth.mode, Limit::Noise, time, problem);
            return present;
        }
        if wanted == present {
            self.limit(growth.mode, Limit::Max, time, problem);
        }
        wanted
    }

    /// Notes that a cutoff cannot be raised.
    pub(crate) fn limit(&mut self, mode: usize, limit: Limit, time: f64, problem: &Problem) {
        let Some(followed) = self.followed.iter_mut().find(|f| f.mode == mode) else { return };
        if followed.limited.is_some() {
            return;
        }
        followed.limited = Some(limit);
        let (name, cutoff) = (&problem.model().modes()[mode].name, problem.cutoffs[mode]);
        let why = match limit {
            Limit::Max => "it is the largest that the study allows; raise `max`".to_owned(),
            Limit::Memory => {
                let available = self.available as f64 / 1_073_741_824.0;
                format!(
                    "more does not fit {available:.3} GiB of memory; allow a larger truncation error or less time"
                )
            }
            Limit::Noise => {
                "what leaks is the error of the propagation; give the method a smaller tolerance".to_owned()
            }
        };
        self.notes.push(format!(
            "the cutoff of mode '{name}' could not be raised beyond {cutoff} at t = {time}: {why}"
        ));
    }

    /// Takes over changed cutoffs. `lost`, by mode: how far the change has moved the state.
    pub(crate) fn resized(&mut self, instruments: &Instruments, values: &[f64], lost: &[(usize, f64)]) {
        for followed in &mut self.followed {
            let mode = followed.mode;
            let moved: f64 = lost.iter().filter(|(m, _)| *m == mode).map(|(_, x)| x).sum();
            followed.leaked.change(moved, instruments.leaving_by(mode, values).to_vec());
            if moved > 0.0 {
                followed.limited = None;
            }
        }
    }

    /// Adds a change to the history.
    pub(crate) fn note(&mut self, time: f64, cutoffs: &[usize], reason: Reason) {
        for (largest, cutoff) in self.largest.iter_mut().zip(cutoffs) {
            *largest = (*largest).max(*cutoff);
        }
        self.history.push(Change { time, cutoffs: cutoffs.to_vec(), reason });
    }
}

/// The levels that lower the leak from `rate` to well below the `share`.
fn growth(
    instruments: &Instruments,
    followed: &Followed,
    values: &[f64],
    (rate, share): (f64, f64),
    error: f64,
    reason: Reason,
) -> Growth {
    let mode = followed.mode;
    let populations = instruments.probes.photons(values, mode);
    let cutoff = populations.len() - 1;
    let most = (cutoff / 2).max(8);
    let growth = |levels: usize, noise| Growth { mode, levels, noise, reason };
    // Pairs of levels, since parity may leave every second one empty.
    let distance = (2 * (cutoff / 8)).clamp(2, 6);
    let Some(below) = cutoff.checked_sub(distance + 1) else { return growth(4, false) };
    let pair = |n: usize| (populations[n] + populations[n + 1]).max(f64::MIN_POSITIVE);
    let top = pair(cutoff - 1);
    let slope = (pair(below) / top).ln() / distance as f64;
    let falls = slope > FLAT;
    if !falls {
        return growth(most, top < 10.0 * error);
    }
    let levels = 2.0 * (rate / (AIM * share)).max(1.0).ln() / slope;
    growth((levels.ceil().min(most as f64) as usize).max(2), false)
}
