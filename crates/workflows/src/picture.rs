//! Pictures of states: the Wigner or Husimi function of a mode, the Husimi function of an ensemble, at a time or where the
//! state ends.
//!
//! ```text
//! study + "husimi(S)" + time ── engine ──> reduced state ── phase space ──> Portrait ──> table, picture, words
//! ```

mod phase_space;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use num_complex::Complex64;
use serde_json::json;
use superladder_engine::{Diagnostics, End, EngineError, Problem};
use superladder_model::{ModelError, Observable, Shape, Subsystem};
use superladder_plot::{Axis, ColourMap, Frame, Panel, Series};
use superladder_study::{Study, StudyError};
use thiserror::Error;

pub use phase_space::{LARGEST_WIGNER, husimi_of_ensemble, husimi_of_mode, wigner};

use crate::attempt::attempt;
use crate::results::{Clock, Head, OutputError, OutputFolder, write_rows};

/// What is asked for.
pub struct Plan<'a> {
    /// The study.
    pub study: &'a Study,
    /// `husimi(x)` or `wigner(a)`.
    pub of: &'a str,
    /// The time, or `steady`.
    pub at: &'a str,
    /// Points along each axis.
    pub points: usize,
    /// The output folder.
    pub output: PathBuf,
    /// Replace it if it exists.
    pub force: bool,
    /// Started when the command began.
    pub clock: Clock,
}

/// Why there is no picture.
#[derive(Debug, Error)]
pub enum PictureError {
    /// The study is at fault.
    #[error("{0}")]
    Study(#[from] StudyError),
    /// What is to be drawn is not known.
    #[error("--of must be husimi(x) of a mode or ensemble, or wigner(a) of a mode, but is '{0}'")]
    Of(String),
    /// Its subsystem is not known.
    #[error("--of '{of}': {fault}")]
    Subsystem {
        /// What was given.
        of: String,
        /// What is wrong with it.
        fault: Box<ModelError>,
    },
    /// There is no such time.
    #[error("--at must be a time from {start} on, or steady, but is '{found}'")]
    At {
        /// The first output time.
        start: f64,
        /// What was given.
        found: String,
    },
    /// Too few or too many points.
    #[error("--points must be from 5 to 400, but is {0}")]
    Points(usize),
    /// The Wigner function does not fit double precision.
    #[error(
        "the state reaches |alpha| = {radius:.1}, beyond the {largest:.1} to which the Wigner function is drawn; use husimi"
    )]
    TooWide {
        /// Where the picture would end.
        radius: f64,
        /// How far it may go.
        largest: f64,
    },
    /// The engine refuses the study, or fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The run failed before the time was reached.
    #[error("the run failed at t = {time}: {reason}")]
    Failed {
        /// When.
        time: f64,
        /// Why.
        reason: String,
    },
    /// It was interrupted.
    #[error("interrupted: nothing is written")]
    Interrupted,
    /// The results cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl PictureError {
    /// True when another study or argument would help.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_bad_input(),
            Self::Output(error) => error.is_bad_input(),
            Self::Failed { .. } | Self::Interrupted => false,
            Self::Study(_)
            | Self::Of(_)
            | Self::Subsystem { .. }
            | Self::At { .. }
            | Self::Points(_)
            | Self::TooWide { .. } => true,
        }
    }
}

/// A state with the function that is drawn of it.
pub struct Portrait {
    /// `husimi(S)`.
    pub name: String,
    /// Labels of both axes.
    pub labels: [&'static str; 2],
    /// Coordinates along both axes.
    pub axes: [Vec<f64>; 2],
    /// The values, second axis fastest.
    pub values: Vec<f64>,
    /// The integral over the picture, which is 1 but for what lies outside of it.
    pub integral: f64,
    /// Whether the run kept its bounds.
    pub diagnostics: Diagnostics,
}

/// How a picture ended: its words, whether every bound was kept, where it is.
pub struct Drawn {
    /// For a reader.
    pub text: String,
    /// Every bound was kept.
    pub converged: bool,
    /// The folder.
    pub folder: PathBuf,
}

/// Which function, of which subsystem.
struct Asked {
    is_wigner: bool,
    subsystem: Subsystem,
    observable: Observable,
}

/// Half the width of a picture of a mode is this many standard deviations of the vacuum beyond the amplitude of its largest
/// populated level.
const BEYOND: f64 = 2.0;
/// A level is populated where all from it on hold more than this.
const POPULATED: f64 = 1e-4;

impl Plan<'_> {
    /// Finds the state, draws it, and writes table, picture and manifest.
    ///
    /// # Errors
    /// [`PictureError`].
    pub fn run(&self, interrupted: &AtomicBool) -> Result<Drawn, PictureError> {
        let folder = OutputFolder::begin(&self.output, self.force)?;
        let portrait = self.portrait(interrupted)?;
        let text = self.words(&portrait);
        let [x, y] = portrait.labels;
        let rows = portrait.places().zip(&portrait.values);
        let rows = rows.map(|([x, y], value)| [x.to_string(), y.to_string(), value.to_string()]);
        folder.write("picture.csv", |file| write_rows(file, [x, y, portrait.name.as_str()], rows))?;
        let title = format!("{}, {}", self.study.title, self.when());
        folder.write_picture(
            "picture",
            &Frame::large((620.0, 520.0), (84.0, 150.0)).picture(&title, &[portrait.panel()]),
        )?;
        folder.write_text("report.txt", &text)?;
        folder.write_text("study.toml", self.study.text())?;
        let configuration = self.study.resolved();
        let head = Head { command: "picture", study: &self.study.name, configuration, clock: &self.clock };
        let broken = portrait.diagnostics.broken();
        folder.write_json(
            "manifest.json",
            &head.manifest(json!({
                "of": portrait.name,
                "at": self.at,
                "points": self.points,
                "integral": portrait.integral,
                "converged": broken.is_empty(),
                "not_converged": broken,
                "diagnostics": portrait.diagnostics,
            })),
        )?;
        Ok(Drawn { text, converged: broken.is_empty(), folder: folder.finish()? })
    }

    /// The function of the state, without writing anything.
    ///
    /// # Errors
    /// [`PictureError`].
    pub fn portrait(&self, interrupted: &AtomicBool) -> Result<Portrait, PictureError> {
        if !(5..=400).contains(&self.points) {
            return Err(PictureError::Points(self.points));
        }
        let asked = self.asked()?;
        let problem = self.problem(&asked)?;
        let found = attempt(self.study.engine().as_ref(), &problem, interrupted)?;
        if found.recorder.interrupted {
            return Err(PictureError::Interrupted);
        }
        let levels = found.recorder.levels(&problem);
        let record = found.recorder.records.last();
        if let Some((time, reason)) = found.failure {
            return Err(PictureError::Failed { time, reason });
        }
        let values = record.map_or_else(Vec::new, |r| r.measurements[0].values.clone());
        let entry = |pair: &[superladder_engine::Estimate]| Complex64::new(pair[0].value, pair[1].value);
        let rho: Vec<Complex64> = values.chunks_exact(2).map(entry).collect();
        let shape = asked.observable.shape(problem.model(), &levels);
        let drawn = match (asked.subsystem, shape) {
            (Subsystem::Ensemble(_), Shape::Blocks(sizes)) => Ok(self.of_sphere(&rho, &sizes)),
            _ => self.of_plane(&rho, asked.is_wigner),
        };
        let ([x, y], labels, values, area) = drawn?;
        let integral = area * values.iter().sum::<f64>();
        let name = self.of.trim().to_owned();
        Ok(Portrait { name, labels, axes: [x, y], values, integral, diagnostics: found.diagnostics })
    }

    fn asked(&self) -> Result<Asked, PictureError> {
        let unknown = || PictureError::Of(self.of.to_owned());
        let (kind, rest) = self.of.trim().split_once('(').ok_or_else(unknown)?;
        let is_wigner = match kind.trim() {
            "husimi" => false,
            "wigner" => true,
            _ => return Err(unknown()),
        };
        let name = rest.strip_suffix(')').ok_or_else(unknown)?.trim();
        let model = self.study.problem.model();
        let observable = Observable::parse(model, &format!("reduced-state({name})"))
            .map_err(|fault| PictureError::Subsystem { of: self.of.to_owned(), fault: Box::new(fault) })?;
        let subsystem =
            model.subsystems().into_iter().find(|s| model.name(*s) == name).ok_or_else(unknown)?;
        if is_wigner && matches!(subsystem, Subsystem::Ensemble(_)) {
            return Err(unknown());
        }
        Ok(Asked { is_wigner, subsystem, observable })
    }

    /// The problem that leads to the state.
    fn problem(&self, asked: &Asked) -> Result<Problem, PictureError> {
        let whole = &self.study.problem;
        let observables = vec![asked.observable.clone()];
        if self.at == "steady" {
            let times = vec![whole.times[0]];
            return Ok(Problem { observables, times, end: End::Stationary, ..whole.last_stage() });
        }
        let start = whole.times[0];
        let time = self.at.parse::<f64>().ok().filter(|t| t.is_finite() && *t >= start);
        let time = time.ok_or_else(|| PictureError::At { start, found: self.at.to_owned() })?;
        Ok(Problem { observables, ..whole.until(time).0 })
    }

    fn when(&self) -> String {
        if self.at == "steady" { "stationary state".into() } else { format!("t = {}", self.at) }
    }

    fn words(&self, portrait: &Portrait) -> String {
        let mut text = format!(
            "{}\n{} ({}), engine '{}'\n",
            self.study.title,
            portrait.name,
            self.when(),
            self.study.engine.name()
        );
        let [x, y] = portrait.labels;
        let extreme = |better: fn(f64, f64) -> bool| {
            let all = portrait.places().zip(portrait.values.iter().copied());
            all.reduce(|a, b| if better(b.1, a.1) { b } else { a })
        };
        for (word, found) in [("largest", extreme(|a, b| a > b)), ("smallest", extreme(|a, b| a < b))] {
            if let Some(([a, b], value)) = found {
                let _ = writeln!(text, "  {word:<9} {value:>10.6}  at {x} = {a:.3}, {y} = {b:.3}");
            }
        }
        let _ = writeln!(text, "  integral over the picture {:.6}", portrait.integral);
        for reason in portrait.diagnostics.broken() {
            let _ = writeln!(text, "NOT CONVERGED: {reason}");
        }
        text
    }
}

/// Axes, labels, values (second axis fastest) and the area of a cell.
type Drawing = ([Vec<f64>; 2], [&'static str; 2], Vec<f64>, f64);

impl Plan<'_> {
    /// Azimuth against the cosine of the polar angle: equal areas are equal areas of the sphere.
    fn of_sphere(&self, rho: &[Complex64], sizes: &[usize]) -> Drawing {
        let mut rest = rho;
        let mut block = |dim: &usize| {
            let (own, others) = rest.split_at(dim * dim);
            rest = others;
            own.to_vec()
        };
        let blocks: Vec<Vec<Complex64>> = sizes.iter().map(&mut block).collect();
        let x = centres(self.points, -1.0, 1.0);
        let y = centres(self.points, -1.0, 1.0);
        let value = |x: f64, y: f64| husimi_of_ensemble(&blocks, y.acos(), std::f64::consts::PI * x);
        let values = over(&x, &y, value);
        let area = 4.0 * std::f64::consts::PI / (self.points * self.points) as f64;
        ([x, y], ["azimuth/pi", "cos(polar angle)"], values, area)
    }

    fn of_plane(&self, rho: &[Complex64], is_wigner: bool) -> Result<Drawing, PictureError> {
        let levels = rho.len().isqrt();
        let population = |n: &usize| rho[n * (levels + 1)].re;
        let mut above = 0.0;
        let last = (0..levels).rev().find(|n| {
            above += population(n);
            above > POPULATED
        });
        let radius = (last.unwrap_or(0) as f64).sqrt() + BEYOND;
        let largest = (0.25 * LARGEST_WIGNER).sqrt();
        if is_wigner && radius > largest {
            return Err(PictureError::TooWide { radius, largest });
        }
        let axis = centres(self.points, -radius, radius);
        let value = |re: f64, im: f64| {
            let alpha = Complex64::new(re, im);
            if is_wigner { wigner(rho, levels, alpha) } else { husimi_of_mode(rho, levels, alpha) }
        };
        let values = over(&axis, &axis, value);
        let area = (2.0 * radius / self.points as f64).powi(2);
        Ok(([axis.clone(), axis], ["Re alpha", "Im alpha"], values, area))
    }
}

/// Centres of cells of equal width.
fn centres(count: usize, low: f64, high: f64) -> Vec<f64> {
    (0..count).map(|k| low + (high - low) * (k as f64 + 0.5) / count as f64).collect()
}

fn over(x: &[f64], y: &[f64], value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    x.iter().flat_map(|x| y.iter().map(|y| value(*x, *y)).collect::<Vec<f64>>()).collect()
}

impl Portrait {
    /// The place of every value.
    fn places(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        self.axes[0].iter().flat_map(|x| self.axes[1].iter().map(|y| [*x, *y]))
    }

    /// Where the function is negative, the line at 0 is drawn.
    fn panel(&self) -> Panel {
        let low = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_negative = low < -1e-3 * high;
        let range = if is_negative { (low, high) } else { (0.0, high) };
        let map = ColourMap {
            x: self.axes[0].clone(),
            y: self.axes[1].clone(),
            values: self.values.clone(),
            range: Some(range),
            level: is_negative.then(|| (0.0, "0".to_owned())),
            ..ColourMap::default()
        };
        let [x, y] = self.labels;
        Panel {
            title: self.name.clone(),
            x: Axis::new(x),
            y: Axis::new(y),
            series: vec![Series::Map(map)],
            ..Panel::default()
        }
    }
}
