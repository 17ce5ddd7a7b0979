//! Tables as comma-separated values: the one writer of them.

use std::io::{self, Seek, Write};

use superladder_engine::Attachment;

use crate::archive::Archive;

/// A table on its way to a writer. Cells with commas, quotes or line ends are put in quotes.
pub struct TableWriter<W: Write> {
    csv: csv::Writer<W>,
}

impl<W: Write> TableWriter<W> {
    /// A table without rows.
    pub fn new(writer: W) -> Self {
        Self { csv: csv::Writer::from_writer(writer) }
    }

    /// Writes a row; the first one is the heading.
    ///
    /// # Errors
    /// Whatever the writer says, or a row with another number of cells than the heading.
    pub fn row(&mut self, cells: impl IntoIterator<Item: AsRef<[u8]>>) -> io::Result<()> {
        Ok(self.csv.write_record(cells)?)
    }

    /// Writes what is still kept back.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }
}

/// Writes a table: a heading and rows of cells.
///
/// # Errors
/// As [`TableWriter::row`].
pub fn write_rows<R>(
    writer: &mut impl Write,
    heading: impl IntoIterator<Item: AsRef<[u8]>>,
    rows: impl IntoIterator<Item = R>,
) -> io::Result<()>
where
    R: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut table = TableWriter::new(writer);
    table.row(heading)?;
    rows.into_iter().try_for_each(|row| table.row(row))?;
    table.finish()
}

/// Comma-separated values; whole numbers are written as such, and every number reads back to the same bits.
///
/// # Errors
/// Whatever the writer says.
pub fn write_table(writer: &mut impl Write, table: &Attachment) -> io::Result<()> {
    let rows = table.columns.first().map_or(0, |(_, values)| values.len());
    let row = |row: usize| table.columns.iter().map(move |(_, values)| values[row].to_string());
    write_rows(writer, table.columns.iter().map(|(name, _)| name), (0..rows).map(row))
}

/// One array a column.
///
/// # Errors
/// Whatever the writer says.
pub fn write_table_arrays(writer: &mut (impl Write + Seek), table: &Attachment) -> io::Result<()> {
    let mut archive = Archive::new(writer);
    for (name, values) in &table.columns {
        archive.array(name, &[values.len() as u64], values)?;
    }
    archive.finish()
}
