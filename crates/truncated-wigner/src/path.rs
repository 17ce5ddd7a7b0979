//! The way through time: an even number of equal steps between output times and the starts of stages.

use superladder_engine::Problem;

/// Equal steps with the equations of one stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Segment {
    /// Number of the stage.
    pub(crate) stage: usize,
    /// Its start.
    pub(crate) start: f64,
    /// Length of a step.
    pub(crate) h: f64,
    /// Number of steps, even.
    pub(crate) steps: u64,
    /// Number of the output time at its end.
    pub(crate) output: Option<usize>,
}

/// The segments of a problem whose steps are at most `largest` long.
pub(crate) fn segments(problem: &Problem, largest: f64) -> Vec<Segment> {
    let mut all = Vec::new();
    let (mut time, mut stage) = (problem.times[0], 0);
    for (output, end) in problem.times.iter().enumerate().skip(1) {
        while let Some(next) = problem.stages.get(stage + 1).filter(|next| next.start < *end) {
            if next.start > time {
                all.push(segment(stage, (time, next.start), largest, None));
            }
            (time, stage) = (next.start.max(time), stage + 1);
        }
        all.push(segment(stage, (time, *end), largest, Some(output)));
        time = *end;
    }
    all
}

fn segment(stage: usize, (start, end): (f64, f64), largest: f64, output: Option<usize>) -> Segment {
    let length = end - start;
    // A step that is longer by rounding only is no reason for another one.
    let steps = 2.0 * (0.5 * length / largest * (1.0 - 1e-12)).ceil().max(1.0);
    Segment { stage, start, h: length / steps, steps: steps as u64, output }
}

/// Steps of all segments, in floating point.
pub(crate) fn steps(segments: &[Segment]) -> f64 {
    segments.iter().map(|s| s.steps as f64).sum()
}

#[cfg(test)]
mod tests {
    use superladder_model::Model;

    use super::*;

    #[test]
    fn output_times_and_stages_are_hit() {
        let model = Model::builder().mode("a", 1.0).build().expect("valid");
        let builder = Problem::builder(&model).cutoff("a", 1).at([0.0, 1.0, 2.5]);
        let problem = builder.quench(1.0, &model).quench(1.5, &model).build().expect("valid");
        let found = segments(&problem, 0.3);
        let places: Vec<_> = found.iter().map(|s| (s.stage, s.steps, s.output)).collect();
        assert_eq!(places, [(0, 4, Some(1)), (1, 2, None), (2, 4, Some(2))]);
        assert!(found.iter().all(|s| s.h <= 0.3));
        let length: f64 = found.iter().map(|s| s.h * s.steps as f64).sum();
        assert!((length - 2.5).abs() < 1e-12);
    }
}
