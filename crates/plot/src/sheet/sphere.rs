//! Trajectories of a collective spin on its Bloch sphere, seen from aside and a little from above.

use kuva::plot::LinePlot;
use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::{Note, noted, silent, style};

/// A trajectory.
#[derive(Debug, Clone)]
pub struct Orbit {
    /// Its entry in the legend; empty for none.
    pub label: String,
    /// Its colour.
    pub colour: &'static str,
    /// Its colour behind the sphere.
    pub behind: &'static str,
    /// Its points `<S>/N`, on the sphere of radius 1/2.
    pub points: Vec<[f64; 3]>,
}

/// A panel with a Bloch sphere.
#[derive(Debug, Clone, Default)]
pub struct SpherePanel {
    /// Title.
    pub title: String,
    /// The trajectories, those below first.
    pub orbits: Vec<Orbit>,
}

/// Direction of the eye: angle about z from x, angle above the equator.
const EYE: (f64, f64) = (-0.9, 0.32);
/// Half of what is seen, in units of the radius.
const HALF: f64 = 1.45;

/// Coordinates on the paper and towards the eye, in units of the radius.
fn projected(point: [f64; 3]) -> (f64, f64, f64) {
    let [x, y, z] = point.map(|c| 2.0 * c);
    let (turn, tilt) = EYE;
    let (right, towards) = (-x * turn.sin() + y * turn.cos(), x * turn.cos() + y * turn.sin());
    (right, z * tilt.cos() - towards * tilt.sin(), towards * tilt.cos() + z * tilt.sin())
}

/// The parts of a curve in front of the sphere (`true`) or behind it.
fn parts(points: &[[f64; 3]], front: bool) -> Vec<Vec<(f64, f64)>> {
    let seen: Vec<(f64, f64, f64)> = points.iter().map(|p| projected(*p)).collect();
    let pieces = seen.split(|p| (p.2 >= 0.0) != front).filter(|piece| piece.len() > 1);
    pieces.map(|piece| piece.iter().map(|p| (p.0, p.1)).collect()).collect()
}

/// A circle of the sphere: `centre + cos(t) first + sin(t) second`.
fn circle(first: [f64; 3], second: [f64; 3]) -> Vec<[f64; 3]> {
    let angle = |k: i32| f64::from(k) * std::f64::consts::TAU / 180.0;
    let at = |t: f64| std::array::from_fn(|i| 0.5 * (t.cos() * first[i] + t.sin() * second[i]));
    (0..=180).map(|k| at(angle(k))).collect()
}

fn line(points: Vec<(f64, f64)>, colour: &str, width: f64) -> Plot {
    LinePlot::new().with_data(points).with_color(colour).with_stroke_width(width).into()
}

impl SpherePanel {
    pub(super) fn draw(&self) -> (Vec<Plot>, Layout) {
        let mut plots: Vec<Plot> = Vec::new();
        let frame = [
            circle([1., 0., 0.], [0., 1., 0.]),
            circle([1., 0., 0.], [0., 0., 1.]),
            circle([0., 1., 0.], [0., 0., 1.]),
        ];
        for (front, colour) in [(false, "#E4E4E4"), (true, "#BBBBBB")] {
            let of_frame = frame.iter().flat_map(|c| parts(c, front));
            plots.extend(of_frame.map(|points| line(points, colour, 1.0)));
            for orbit in &self.orbits {
                let (colour, width) = if front { (orbit.colour, 1.6) } else { (orbit.behind, 1.0) };
                plots.extend(
                    parts(&orbit.points, front).into_iter().map(|points| line(points, colour, width)),
                );
            }
        }
        let outline = (0..=180).map(|k| (f64::from(k) * std::f64::consts::TAU / 180.0).sin_cos()).collect();
        plots.push(line(outline, "#888888", 1.2));
        let mut notes = Vec::new();
        for (axis, name) in ["Sˣ", "Sʸ", "Sᶻ"].into_iter().enumerate() {
            let end = |length: f64| {
                let mut point = [0.0; 3];
                point[axis] = 0.5 * length;
                let (x, y, _) = projected(point);
                (x, y)
            };
            plots.push(line(vec![end(1.0), end(1.22)], "#444444", 1.4));
            let (x, y) = end(1.36);
            notes.push(Note { text: name.into(), at: (x, y - 0.09) });
        }
        let layout = style(Layout::auto_from_plots(&plots), &self.title, "", "", 10.0)
            .with_force_margins(10.0, 10.0)
            .with_force_margins_y(34.0, 10.0)
            .with_equal_aspect()
            .with_x_axis_min(-HALF)
            .with_x_axis_max(HALF)
            .with_y_axis_min(-HALF)
            .with_y_axis_max(HALF)
            .with_tick_format(silent())
            .with_axis_line_width(0.01)
            .with_tick_length(0.0);
        let entry = |o: &Orbit| LegendEntry {
            label: o.label.clone(),
            color: o.colour.into(),
            shape: LegendShape::Line,
            dasharray: None,
        };
        let entries: Vec<LegendEntry> =
            self.orbits.iter().filter(|o| !o.label.is_empty()).map(entry).collect();
        let layout = if entries.is_empty() {
            layout
        } else {
            layout
                .with_legend_entries(entries)
                .with_legend_position(LegendPosition::InsideTopRight)
                .with_legend_box(false)
        };
        (plots, noted(layout, &notes))
    }
}
