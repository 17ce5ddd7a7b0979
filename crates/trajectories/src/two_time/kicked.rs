//! The correlation of one state: kicked copies of it, which are followed.
//!
//! ```text
//! chi_c = s C^dag psi + c B psi / s,     c = 1, -1, i, -i
//! sum_c c^* |chi_c><chi_c| = 4 B |psi><psi| C
//! <C(t) A(t+tau) B(t)>     = 1/4 sum_c c^* |chi_c|^2 <A> in the trajectory that begins at chi_c, on average
//! ```
//! for any s > 0; both parts have the same norm for `s^2 = |B psi| / |C^dag psi|`. Where `C^dag = B` one copy, B psi, is
//! enough. The copies of a state share their random numbers.
//!
//! Source: K. Moelmer, Y. Castin, J. Dalibard, J. Opt. Soc. Am. B 10, 524 (1993), section 4.

use num_complex::Complex64;
use superladder_engine::Halt;
use superladder_model::{Correlation, Operator};
use superladder_sampling::Stream;

use crate::basis::Basis;
use crate::instruments::Instruments;
use crate::products::{ActScratch, Bands, Layout, Table, Term, act};
use crate::trajectory::{Setup, Snapshot, TrajectoryError, Witness, Workspace};
use crate::vector::Vector;

/// Streams of kicked copies are numbered from here on, those of the states below.
const COPIES: u64 = 1 << 60;

/// B and `C^dag`, as they act on states.
pub(super) struct Kicks {
    table: Table,
    right: Vec<Term>,
    /// `None` where it is B.
    left: Option<Vec<Term>>,
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct KickScratch {
    bands: Bands,
    act: ActScratch,
}

/// The values of A along a trajectory.
pub(super) struct Watching<'a> {
    pub(super) instruments: &'a Instruments,
    pub(super) values: Vec<Complex64>,
}

impl Witness for Watching<'_> {
    fn state(&mut self, _output: usize, snapshot: Snapshot<'_>) {
        self.values.push(self.instruments.single(snapshot));
    }
}

impl Kicks {
    pub(super) fn new(layout: &Layout, correlation: &Correlation) -> Self {
        let mut table = Table::default();
        let c = correlation.c.clone().unwrap_or_else(Operator::identity).adjoint();
        let right = table.terms(layout, &correlation.b);
        let left = (c.sorted() != correlation.b.sorted()).then(|| table.terms(layout, &c));
        Self { table, right, left }
    }

    fn image(&self, terms: &[Term], (basis, psi): (&Basis, &Vector), scratch: &mut KickScratch) -> Vector {
        let mut image = Vector::default();
        image.clear(psi.len());
        for term in terms {
            act(&self.table, &scratch.bands, basis, &term.products, |_| 0, psi, &mut scratch.act);
            image.add(term.coefficient, &scratch.act.image);
        }
        image
    }

    /// The copies of a normalised state, with their weights.
    fn copies(&self, (basis, psi): (&Basis, &Vector), scratch: &mut KickScratch) -> Vec<(Complex64, Vector)> {
        scratch.bands.fill(&self.table, basis);
        let right = self.image(&self.right, (basis, psi), scratch);
        let r = right.norm_sqr().sqrt();
        let Some(left) = &self.left else {
            return if r > 0.0 { vec![(Complex64::from(r * r), right)] } else { Vec::new() };
        };
        let left = self.image(left, (basis, psi), scratch);
        let l = left.norm_sqr().sqrt();
        if l * r <= 0.0 {
            return Vec::new();
        }
        let s = (r / l).sqrt();
        let phases = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)].map(|(x, y)| Complex64::new(x, y));
        let copy = |c: Complex64| {
            let mut chi = left.clone();
            chi.scale(s);
            chi.add(c / s, &right);
            (0.25 * c.conj() * chi.norm_sqr(), chi)
        };
        phases.into_iter().map(copy).filter(|(weight, _)| *weight != Complex64::ZERO).collect()
    }

    /// `<C A(tau) B>` of one state at the output times of `setup`, from its copies.
    pub(super) fn followed(
        &self,
        (setup, instruments): (&Setup, &Instruments),
        index: u64,
        (basis, psi): (&Basis, &Vector),
        (workspace, scratch): (&mut Workspace, &mut KickScratch),
        halt: &dyn Halt,
    ) -> Result<Vec<Complex64>, TrajectoryError> {
        let mut sum = vec![Complex64::ZERO; setup.problem.times.len()];
        for (weight, chi) in self.copies((basis, psi), scratch) {
            let stream = Stream::new(setup.seed, COPIES | index);
            let mut watching = Watching { instruments, values: Vec::with_capacity(sum.len()) };
            setup.follow_from(index, stream, (basis, &chi), workspace, &mut watching, halt)?;
            sum.iter_mut().zip(&watching.values).for_each(|(sum, value)| *sum += weight * value);
        }
        Ok(sum)
    }
}
