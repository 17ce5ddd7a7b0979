//! What follows time: variables behind those of a sample, which are set and not moved.

use superladder_cumulant::PhaseSpace;
use superladder_engine::EngineError;
use superladder_model::{Model, Modulation};

use crate::checks::refuse_negative_diffusion;
use crate::error::underivable;
use crate::lanes::Lane;

/// Stages of the method of order 8, the first at the start of the step and the last at its end.
pub(crate) const STAGES: usize = 12;
/// Tables of more sizes than this are not kept.
const LARGEST: f64 = 4e6;

/// The equations of a stage as they are derived: those of what is constant, and of every part that follows time at size 1.
pub(crate) struct Derived {
    pub(crate) constant: PhaseSpace,
    pub(crate) parts: Vec<PhaseSpace>,
}

impl Derived {
    /// Of a model, in which rates that follow time are parts alone, and energies are with what they differ by.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`]: what cannot be derived or has no classical noise, by name.
    pub(crate) fn of_model(model: &Model) -> Result<Self, EngineError> {
        let derive = |model: &Model| {
            let space = PhaseSpace::of_model(model).map_err(|e| underivable(&e))?;
            refuse_negative_diffusion(model, &space)?;
            Ok::<_, EngineError>(space)
        };
        let constant = if model.modulations().is_empty() {
            derive(model)?
        } else {
            derive(&model.without_rates_in_time())?
        };
        let parts = model.modulations().iter().map(|m| derive(&m.part)).collect::<Result<_, _>>()?;
        Ok(Self { constant, parts })
    }
}

/// The sizes of the parts of a stage, as variables.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// Number of the first of these variables, and of the one behind the last of any stage.
    range: (usize, usize),
    /// What follows time, with the size that is inside of the constant equations.
    sizes: Vec<(Modulation, f64)>,
}

impl Clock {
    /// Of a stage, behind `dim` variables; so many parts has the stage that has most.
    pub(crate) fn new(model: &Model, dim: usize, most: usize) -> Self {
        let rates = model.dissipators_in_time();
        let inside = |m: &Modulation, rate: &Option<usize>| if rate.is_some() { 0.0 } else { m.nominal };
        let sizes = model.modulations().iter().zip(&rates).map(|(m, rate)| (m.clone(), inside(m, rate)));
        Self { range: (dim, dim + most), sizes: sizes.collect() }
    }

    /// Number of all variables.
    pub(crate) fn end(&self) -> usize {
        self.range.1
    }

    /// The variable of a part.
    pub(crate) fn place(&self, part: usize) -> usize {
        self.range.0 + part
    }

    pub(crate) fn is_still(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The sizes at a time, NaN where one has no value.
    pub(crate) fn sizes(&self, t: f64) -> impl Iterator<Item = f64> {
        self.sizes.iter().map(move |(m, inside)| m.beyond(*inside, t))
    }

    /// Sets the variables to a time.
    pub(crate) fn set(&self, t: f64, v: &mut [Lane]) {
        let own = &mut v[self.range.0..];
        own.iter_mut().zip(self.sizes(t)).for_each(|(lane, size)| *lane = Lane::all(size));
    }

    /// Variables of a sample with those of the clock behind them, at a time.
    pub(crate) fn at(&self, t: f64, sample: &[f64]) -> Vec<f64> {
        let mut all: Vec<f64> = sample[..self.range.0].iter().copied().chain(self.sizes(t)).collect();
        all.resize(self.range.1, 0.0);
        all
    }

    /// What has no value first between two times, in words.
    pub(crate) fn first_fault(&self, start: f64, end: f64) -> Option<String> {
        self.sizes.iter().find_map(|(modulation, _)| modulation.first_fault(start, end))
    }

    /// How much Simpson's rule, by which the noise of a pair of steps of `h` is weighed, errs in the integrals of the
    /// sizes over `pairs` of them from `start`: the largest error of a part, in units of the integral of its modulus.
    pub(crate) fn quadrature_error(&self, (start, h, pairs): (f64, f64, u64)) -> f64 {
        let of = |(m, inside): &(Modulation, f64)| {
            let size = |i: u64| m.beyond(*inside, start + 0.5 * h * i as f64);
            let simpson = |a: f64, b: f64, c: f64| (a + 4.0 * b + c) / 6.0;
            let (mut wrong, mut all) = (0.0, 0.0);
            for pair in 0..pairs {
                let [a, b, c, d, e] = std::array::from_fn(|i| size(4 * pair + i as u64));
                let fine = 0.5 * (simpson(a, b, c) + simpson(c, d, e));
                wrong += (simpson(a, c, e) - fine).abs();
                all += simpson(a.abs(), c.abs(), e.abs()).max(fine.abs());
            }
            if all > 0.0 { wrong / all } else { wrong }
        };
        self.sizes.iter().map(of).fold(0.0, f64::max)
    }
}

/// A step as the clock sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tick<'a> {
    clock: &'a Clock,
    t: f64,
    h: f64,
    /// The sizes at all stages, if they are known.
    known: Option<&'a [f64]>,
}

impl<'a> Tick<'a> {
    pub(crate) fn new(clock: &'a Clock, (t, h): (f64, f64)) -> Self {
        Self { clock, t, h, known: None }
    }

    /// Sets the variables to the time of a stage, a part `node` of the step.
    pub(crate) fn set(&self, stage: usize, node: f64, v: &mut [Lane]) {
        let count = self.clock.sizes.len();
        match self.known {
            Some(known) => {
                let own = &mut v[self.clock.range.0..];
                let sizes = &known[stage * count..(stage + 1) * count];
                own.iter_mut().zip(sizes).for_each(|(lane, size)| *lane = Lane::all(*size));
            }
            None => self.clock.set(self.t + node * self.h, v),
        }
    }
}

/// The sizes at all stages of all steps of a segment: they are the same for all samples.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    sizes: Vec<f64>,
}

impl Table {
    /// Of steps of `h` from `start` on, whose stages are at these `nodes`; empty where that would be too much.
    pub(crate) fn new(clock: &Clock, (start, h, steps): (f64, f64, u64), nodes: &[f64; STAGES]) -> Self {
        let count = (clock.sizes.len() * STAGES) as f64 * steps as f64;
        if count == 0.0 || count > LARGEST {
            return Self::default();
        }
        let times = (0..steps).flat_map(|k| nodes.iter().map(move |node| start + h * k as f64 + node * h));
        Self { sizes: times.flat_map(|t| clock.sizes(t)).collect() }
    }

    /// Step number `step` of the segment, which begins at t.
    pub(crate) fn tick<'a>(&'a self, clock: &'a Clock, step: u64, way: (f64, f64)) -> Tick<'a> {
        let count = clock.sizes.len() * STAGES;
        let first = count * step as usize;
        Tick { known: self.sizes.get(first..first + count), ..Tick::new(clock, way) }
    }
}
