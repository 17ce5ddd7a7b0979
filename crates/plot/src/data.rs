//! What a picture shows, as numbers and words, for whoever draws it again with another library.

use serde::Serialize;

/// A picture. Undefined numbers are `null` in JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Data {
    /// Title.
    pub title: String,
    /// Rows and columns of cells.
    pub cells: [usize; 2],
    /// Width and height of a cell.
    pub cell: (f64, f64),
    /// The panels.
    pub panels: Vec<PanelData>,
}

/// A panel.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PanelData {
    /// First row, first column, rows and columns that it covers.
    pub place: [usize; 4],
    /// Title.
    pub title: String,
    /// The horizontal axis.
    pub x: AxisData,
    /// The vertical axis.
    pub y: AxisData,
    /// Lines and marks, those below first.
    pub series: Vec<SeriesData>,
    /// Values over two parameters, below them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<MapData>,
    /// Heights of grey lines over the whole width.
    pub levels: Vec<f64>,
    /// Places of grey lines over the whole height.
    pub moments: Vec<f64>,
    /// Curves on the Bloch sphere, `<S>/N`, with their labels and colours.
    pub orbits: Vec<(String, &'static str, Vec<[f64; 3]>)>,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AxisData {
    /// Its label.
    pub label: String,
    /// Evenly spaced in the logarithm.
    pub logarithmic: bool,
    /// Where it begins, if not where the data do.
    pub low: Option<f64>,
    /// Where it ends, if not where the data do.
    pub high: Option<f64>,
    /// Words at 0, 1, 2, ...
    pub words: Vec<String>,
}

/// A line through points, or marks at them.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SeriesData {
    /// Its entry in the legend; empty for none.
    pub label: String,
    /// Horizontal coordinates.
    pub x: Vec<f64>,
    /// Vertical coordinates.
    pub y: Vec<f64>,
    /// Half lengths of vertical bars, one per point, or none.
    pub error: Vec<f64>,
    /// Edges of a band, below and above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band: Option<[Vec<f64>; 2]>,
    /// Its colour.
    pub colour: String,
    /// Width of the line or size of the marks.
    pub width: f64,
    /// `solid`, `dashed`, `dotted`, or lengths of lines and gaps, `8 4`; empty for marks.
    pub dashes: String,
    /// The shape of the marks; empty for lines.
    pub mark: &'static str,
}

/// Values over two parameters.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct MapData {
    /// Coordinates of the columns.
    pub x: Vec<f64>,
    /// Coordinates of the rows.
    pub y: Vec<f64>,
    /// Values, y fastest.
    pub values: Vec<f64>,
    /// The colours, as matplotlib calls them; of `Blues` none for values below all shades.
    pub colours: &'static str,
    /// Colours are evenly spaced in the logarithm of the values.
    pub logarithmic: bool,
    /// Ends of the colours, if not those of the values.
    pub range: Option<(f64, f64)>,
    /// A level whose line is drawn, and its entry in the legend.
    pub level: Option<(f64, String)>,
    /// The values are numbers of kinds with these names and colours.
    pub kinds: Vec<(String, &'static str)>,
}
