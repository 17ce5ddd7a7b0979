//! Whether a state can leave the Fock levels that are kept at all.

use superladder_engine::{Problem, Stage};
use superladder_model::{Factor, Subsystem};

use crate::reachable::{Reachable, models_of, products};

/// More combinations of levels than this are not followed.
const MOST: usize = 1 << 20;

/// By mode: whether a term of the model leads above the cutoff from a combination of levels, one of every
/// subsystem, that the initial state or what comes of it has.
///
/// ```text
/// five spins up, vacuum, a^dag S^- + a S^+ and losses:   (n, x) = (0, 5) -> (1, 4) -> ... -> (5, 0)   no further
/// ```
/// Where there are too many combinations, or a mode starts in all of its levels, the answer is that it may.
pub(crate) fn may_leave(problem: &Problem) -> Vec<bool> {
    let Some(mut joint) = Joint::at_start(problem) else { return vec![true; problem.cutoffs.len()] };
    for stage in &problem.stages {
        joint.spread(stage);
    }
    joint.leaving
}

/// Combinations of levels, numbered with the last subsystem running fastest.
struct Joint {
    modes: usize,
    /// Highest level of every subsystem.
    highest: Vec<usize>,
    reached: Vec<bool>,
    leaving: Vec<bool>,
}

impl Joint {
    fn at_start(problem: &Problem) -> Option<Self> {
        let start = Reachable::at_start(problem);
        let highest: Vec<usize> = start.levels.iter().map(|levels| levels.len() - 1).collect();
        let size = highest.iter().try_fold(1_usize, |size, h| size.checked_mul(h + 1))?;
        if size > MOST {
            return None;
        }
        let modes = problem.cutoffs.len();
        let mut joint = Self { modes, highest, reached: vec![false; size], leaving: vec![false; modes] };
        for number in 0..size {
            let levels = joint.levels(number);
            joint.reached[number] = levels.iter().zip(&start.levels).all(|(level, has)| has[*level]);
        }
        Some(joint)
    }

    fn levels(&self, mut number: usize) -> Vec<usize> {
        let mut levels = vec![0; self.highest.len()];
        for (level, highest) in levels.iter_mut().zip(&self.highest).rev() {
            *level = number % (highest + 1);
            number /= highest + 1;
        }
        levels
    }

    fn number(&self, levels: &[usize]) -> usize {
        levels.iter().zip(&self.highest).fold(0, |number, (level, highest)| number * (highest + 1) + level)
    }

    /// Adds all that a stage leads to.
    fn spread(&mut self, stage: &Stage) {
        let terms: Vec<Vec<Factor>> = models_of(stage).flat_map(products).collect();
        let mut open: Vec<usize> = (0..self.reached.len()).filter(|n| self.reached[*n]).collect();
        while let Some(number) = open.pop() {
            for factors in &terms {
                if let Some(next) = self.image(number, factors).filter(|next| !self.reached[*next]) {
                    self.reached[next] = true;
                    open.push(next);
                }
            }
        }
    }

    /// Where a product leads, the rightmost factor acting first; notes what goes above a cutoff.
    fn image(&mut self, number: usize, factors: &[Factor]) -> Option<usize> {
        let (mut levels, mut above) = (self.levels(number), Vec::new());
        for factor in factors.iter().rev() {
            let axis = match factor.subsystem() {
                Subsystem::Mode(m) => m,
                Subsystem::Ensemble(e) => self.modes + e,
            };
            levels[axis] = levels[axis].checked_add_signed(factor.shift() as isize)?;
            if levels[axis] > self.highest[axis] {
                // There is no spin to raise; a mode has more levels than are kept.
                if axis >= self.modes {
                    return None;
                }
                above.push(axis);
            }
        }
        for axis in &above {
            self.leaving[*axis] = true;
        }
        above.is_empty().then(|| self.number(&levels))
    }
}
