//! The method in force: the one asked for, or an exponential that does not feel stiffness where that takes far
//! less work.

use superladder_engine::{Never, Problem};
use superladder_propagate::{Exponential, Method, RationalKrylov};

use crate::generator::Elements;
use crate::options::Exact;
use crate::setting::Setting;
use crate::spectrum::rectangle;

/// Most unknowns for which the exponential of the whole matrix is taken without being asked for, and a rational
/// Krylov method.
const WHOLE: u64 = 2000;
const LARGEST: u64 = 20_000;
/// Applications below which nothing is changed.
const FEW: f64 = 2e4;
/// So many times less work it must be.
const GAIN: f64 = 2.0;
/// Part of the unknowns that a state reaches: charges and real or imaginary parts that stay zero leave a third in
/// cavities with resonant spins, a driven one reaches all.
const REACHED: f64 = 0.5;
/// Arithmetic operations of one application, for every unknown.
const PER_UNKNOWN: f64 = 50.0;
/// Products of matrices beside the squarings, in both computations of an exponential.
const PRODUCTS: f64 = 18.0;
/// Radians between the samples along the way.
const RADIANS: f64 = 4.0;
/// Radians of one step of the rational Krylov method; more where decays are so many times faster than rotations,
/// most of which are overdamped then.
const RATIONAL_RADIANS: f64 = 15.0;
const OVERDAMPED: f64 = 20.0;
const OVERDAMPED_RADIANS: f64 = 100.0;
/// Its solutions of linear systems in a step.
const SOLUTIONS: f64 = 40.0;
/// Arithmetic operations of the factors over the square of the rows, of a solution over the power 3/2, and of the
/// small exponentials of a step: measured where all numbers are coupled.
const FACTORS: f64 = 40.0;
const SOLUTION: f64 = 50.0;
const SMALL: f64 = 5e7;
/// Relative error of a whole run with it.
const ERROR: f64 = 1e-8;

/// Arithmetic operations of the exponential of the whole matrix; substeps resolve rotations.
fn whole_work(n: f64, span: f64, intervals: f64, (left, _, height): (f64, f64, f64)) -> f64 {
    let rows = REACHED * n;
    let substeps = intervals.max(span * height / RADIANS);
    let squarings = ((height - left) * span / intervals).max(1.0).log2();
    2.0 * rows.powi(3) * (PRODUCTS + 2.0 * squarings) + 4.0 * rows * rows * substeps
}

/// Arithmetic operations of the rational Krylov method: its matrix, by one application a row, and steps that
/// grow by a factor of four until a rotation limits them.
fn rational_work(n: f64, span: f64, (left, _, height): (f64, f64, f64)) -> f64 {
    let rows = REACHED * n;
    let growing = (span * (height - left)).max(1.0).log2() / 2.0;
    let radians = if -left > OVERDAMPED * height { OVERDAMPED_RADIANS } else { RATIONAL_RADIANS };
    let steps = growing + span * height / radians;
    let step = SOLUTIONS * SOLUTION * rows.powf(1.5) + SMALL;
    rows * n * PER_UNKNOWN + growing * FACTORS * rows.powi(2) + steps * step
}

impl Exact {
    /// The method that `problem` is run with, from a `rectangle` around the eigenvalues of the generator and the
    /// number of independent real unknowns. The choice depends on counts alone.
    pub(crate) fn method_for(&self, problem: &Problem, rectangle: (f64, f64, f64), unknowns: u64) -> Method {
        let Method::Chebyshev(options) = &self.method else { return self.method.clone() };
        if !self.automatic || unknowns > LARGEST {
            return self.method.clone();
        }
        let (times, n) = (&problem.times, unknowns as f64);
        let span = times[times.len() - 1] - times[0];
        let applications = options.estimated_applications(rectangle, span);
        let work = applications * n * PER_UNKNOWN;
        // Each output interval starts anew.
        let intervals = (times.len() as f64 - 1.0).max(1.0);
        let whole = if unknowns <= WHOLE { whole_work(n, span, intervals, rectangle) } else { f64::INFINITY };
        let rational = rational_work(n, span, rectangle);
        if applications <= FEW || work <= GAIN * whole.min(rational) {
            return self.method.clone();
        }
        if whole <= rational {
            return Method::Exponential(Exponential::default());
        }
        let default = RationalKrylov::default();
        let tolerance = default.tolerance.min(ERROR / span);
        Method::RationalKrylov(RationalKrylov { tolerance, ..default })
    }

    /// The method of the first stage.
    pub(crate) fn first_method(&self, problem: &Problem, setting: &Setting, elements: &Elements) -> Method {
        let unknowns = setting.layout.unknowns();
        // Fewer unknowns are looked at in no time.
        let rectangle = || rectangle(&setting.layout, &elements.effective, &Never);
        match (unknowns <= LARGEST).then(rectangle).flatten() {
            Some(rectangle) => self.method_for(problem, rectangle, unknowns),
            None => self.method.clone(),
        }
    }

    /// Memory, in bytes, of the `method` of the first stage where it is not the one asked for.
    pub(crate) fn memory_of_choice(&self, method: &Method, setting: &Setting) -> u64 {
        if *method == self.method {
            return 0;
        }
        let rows = setting.layout.unknowns() as usize;
        8 * (method.state_vectors(rows, true) * rows) as u64
    }

    /// The `method` of the first stage in words.
    pub(crate) fn describe_method(&self, method: &Method) -> String {
        let (name, asked) = (method.definition().name, self.method.definition().name);
        if name == asked {
            return name.to_owned();
        }
        format!("{name} (stiff: by {asked} it would take far longer; `method.name` decides otherwise)")
    }
}
