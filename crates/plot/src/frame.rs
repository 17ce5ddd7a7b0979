//! The frame of a picture of panels: sizes of cells and letters, legends, the title above all.

use kuva::plot::legend::LegendPosition;
use kuva::render::layout::Layout;

/// How a picture of panels is laid out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Width and height of a panel.
    pub(crate) cell: (f64, f64),
    /// Left and right of the axes, the same for all panels so that they line up; the legend stands on the
    /// right.
    margins: (f64, f64),
    /// Most panels in a row.
    pub(crate) columns: usize,
    /// Number of ticks of an axis, if not that of the plotting library.
    ticks: Option<usize>,
    /// Size of the title of the picture.
    pub(crate) title: u32,
    /// Sizes in a panel: title, labels, ticks, legend.
    letters: [u32; 4],
}

impl Frame {
    /// Many small panels, three in a row.
    pub const SMALL: Self = Self {
        cell: (500.0, 290.0),
        margins: (74.0, 128.0),
        columns: 3,
        ticks: Some(5),
        title: 20,
        letters: [14, 13, 11, 11],
    };

    /// A few large panels below each other.
    pub const fn large(cell: (f64, f64), margins: (f64, f64)) -> Self {
        Self { cell, margins, columns: 1, ticks: None, title: 19, letters: [15, 14, 12, 12] }
    }

    /// Rows and columns that hold so many panels.
    pub(crate) fn cells(&self, panels: usize) -> [usize; 2] {
        let columns = panels.clamp(1, self.columns);
        [panels.div_ceil(columns).max(1), columns]
    }

    /// Size of a title that is as wide as `columns` panels at most, but never too small to be read.
    pub(crate) fn title_size(&self, title: &str, columns: usize) -> u32 {
        /// Width of a letter in parts of its size.
        const LETTER: f64 = 0.58;
        let fits = columns as f64 * self.cell.0 / (LETTER * title.chars().count().max(1) as f64);
        self.title.min(fits as u32).max(10)
    }

    /// A panel's layout in the style of the picture.
    pub(crate) fn style(&self, layout: Layout, title: &str, x: &str, y: &str) -> Layout {
        let [heading, label, tick, body] = self.letters;
        let layout = layout
            .with_title(title)
            .with_x_label(x)
            .with_y_label(y)
            .with_box_axes()
            .with_title_size(heading)
            .with_label_size(label)
            .with_tick_size(tick)
            .with_body_size(body)
            .with_legend_position(LegendPosition::OutsideRightTop)
            .with_legend_box(false)
            .with_force_margins(self.margins.0, self.margins.1);
        match self.ticks {
            Some(ticks) => layout.with_ticks(ticks),
            None => layout,
        }
    }
}
