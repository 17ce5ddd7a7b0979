//! Pictures: axes, curves, maps, spheres. The plotting library is hidden behind [`Picture`]; physics is not
//! known here.
//!
//! ```text
//! Panel (series on two axes) ── Frame ──┐
//! Sheet (curves, maps, spheres)  ───────┴──> Picture ── svg, png, data (for `figure.py` and `report.html`)
//! ```

mod cells;
mod colour_map;
mod contour;
mod dashes;
mod data;
mod frame;
mod heat;
mod map;
mod number;
mod panel;
mod picture;
mod sheet;
mod terminal;
mod typeset;

use kuva::backend::png::PngBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;

pub use colour_map::ColourMap;
pub use data::{AxisData, Data, MapData, PanelData, SeriesData};
pub use frame::Frame;
pub use heat::Heat;
pub use map::{Kinds, Line as MapLine, map};
pub use number::short;
pub use panel::{Axis, Band, Dashes, Line, Mark, Marks, Panel, Scale, Series, constant_range, thinned};
pub use sheet::{
    Corner, Curve, CurvesPanel, MapPanel, Note, Orbit, Shade, Sheet, SheetPanel, SpherePanel, Stroke,
};
pub use terminal::terminal;
pub use typeset::{axis_label, typeset};

/// A drawn picture.
pub struct Picture {
    scene: Scene,
    data: Data,
}

impl Picture {
    /// What it shows.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// As scalable vector graphics.
    pub fn svg(&self) -> String {
        SvgBackend::new().render_scene(&self.scene)
    }

    /// As a bitmap.
    ///
    /// # Errors
    /// What the plotting library says, in words.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        PngBackend::new().with_scale(2.0).render_scene(&dashes::cut(&self.scene))
    }
}

/// Colours that differ for every kind of colour vision (Okabe and Ito, 2008), darkest first.
pub const COLOURS: [&str; 7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];
/// Dashes of lines once the colours are used up.
const DASHES: [&str; 4] = ["8 4", "2 3", "9 3 2 3", "14 4"];

/// Colour and dashes that tell line `number` of a panel from all others: every colour solid first, then with
/// dashes.
pub fn nth(number: usize) -> (&'static str, Dashes) {
    let style = match number / COLOURS.len() {
        0 => Dashes::Solid,
        round => Dashes::Pattern(DASHES[(round - 1) % DASHES.len()]),
    };
    (COLOURS[number % COLOURS.len()], style)
}

/// Wide lines below, narrow ones above: where lines coincide, both are seen.
pub const WIDTHS: [f64; 3] = [2.4, 1.9, 1.5];
/// Label of the axis of time.
pub const TIME: &str = "t  (units of 1/ω, ħ = 1)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_differ_in_colour_or_dashes() {
        let all: Vec<(&str, Dashes)> = (0..COLOURS.len() * (1 + DASHES.len())).map(nth).collect();
        for (k, one) in all.iter().enumerate() {
            assert!(!all[..k].contains(one), "{k}: {one:?}");
        }
    }
}
