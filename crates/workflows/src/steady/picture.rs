//! The picture of slow modes: eigenvalues in the complex plane, one colour a charge difference.

use superladder_engine::{SlowModes, StationaryReport};
use superladder_plot::{Axis, COLOURS, Frame, Mark, Marks, Panel, Picture, Series};

use super::findings::difference;

const MARKS: [Mark; 4] = [Mark::Circle, Mark::Square, Mark::Triangle, Mark::Diamond];

/// Decay rates to the left, frequencies upwards; conjugates are drawn.
pub(super) fn picture(title: &str, found: &StationaryReport) -> Picture {
    let shown = found.slow.iter().enumerate().filter(|(_, slow)| !slow.values.is_empty());
    let panel = Panel {
        title: "slow modes".into(),
        x: Axis::new("real part (minus the decay rate)"),
        y: Axis::new("imaginary part (frequency)"),
        series: shown.map(|(number, slow)| Series::Marks(marks(number, slow))).collect(),
        ..Panel::default()
    };
    Frame::large((820.0, 480.0), (74.0, 150.0)).picture(title, &[panel])
}

fn marks(number: usize, slow: &SlowModes) -> Marks {
    let pair = |z: &num_complex::Complex64| [(z.re, z.im), (z.re, -z.im)];
    Marks {
        label: format!("charge difference {}", difference(slow, ", ")),
        points: slow.values.iter().chain(&slow.undamped).flat_map(pair).collect(),
        colour: COLOURS[number % COLOURS.len()],
        size: 5.0,
        mark: MARKS[number % MARKS.len()],
        errors: Vec::new(),
    }
}
