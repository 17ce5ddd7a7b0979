//! Tables beside the records.

/// A table of numbers beside the records: columns by name, all of the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    /// Name of the table, which becomes the name of its files.
    pub name: String,
    /// Name and values of every column.
    pub columns: Vec<(String, Vec<f64>)>,
}
