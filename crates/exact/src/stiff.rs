//! The method in force: the one asked for, or the exponential of the whole matrix where that takes far less
//! work.

use superladder_engine::Problem;
use superladder_propagate::{Exponential, Method};

use crate::generator::Elements;
use crate::options::Exact;
use crate::setting::Setting;
use crate::spectrum::rectangle;

/// Most unknowns for which the exponential is taken without being asked for.
const LARGEST: u64 = 2000;
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

impl Exact {
    /// The method that `problem` is run with, from a `rectangle` around the eigenvalues of the generator and the
    /// number of independent real unknowns. The choice depends on counts alone.
    pub(crate) fn method_for(&self, problem: &Problem, rectangle: (f64, f64, f64), unknowns: u64) -> Method {
        let Method::Chebyshev(options) = &self.method else { return self.method.clone() };
        if !self.automatic || unknowns > LARGEST {
            return self.method.clone();
        }
        let (times, n) = (&problem.times, unknowns as f64);
        let rows = REACHED * n;
        let span = times[times.len() - 1] - times[0];
        let applications = options.estimated_applications(rectangle, span);
        // Each output interval starts anew, and substeps resolve rotations.
        let intervals = (times.len() as f64 - 1.0).max(1.0);
        let substeps = intervals.max(span * rectangle.2 / RADIANS);
        let squarings = ((rectangle.2 - rectangle.0) * span / intervals).max(1.0).log2();
        let whole = 2.0 * rows.powi(3) * (PRODUCTS + 2.0 * squarings) + 4.0 * rows * rows * substeps;
        if applications > FEW && applications * n * PER_UNKNOWN > GAIN * whole {
            return Method::Exponential(Exponential::default());
        }
        self.method.clone()
    }

    /// The method of the first stage.
    pub(crate) fn first_method(&self, problem: &Problem, setting: &Setting, elements: &Elements) -> Method {
        let unknowns = setting.layout.unknowns();
        if unknowns > LARGEST {
            return self.method.clone();
        }
        self.method_for(problem, rectangle(&setting.layout, &elements.effective), unknowns)
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
