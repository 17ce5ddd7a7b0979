//! Tables beside the records, as `.csv` and `.npz`.

use std::io::{self, Seek, Write};

use superladder_engine::Attachment;

use super::arrays::Archive;

/// Comma-separated values; whole numbers are written as such, and every number reads back to the same bits.
pub(super) fn write_table(writer: &mut impl Write, table: &Attachment) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(writer);
    csv.write_record(table.columns.iter().map(|(name, _)| name))?;
    for row in 0..table.columns.first().map_or(0, |(_, values)| values.len()) {
        csv.write_record(table.columns.iter().map(|(_, values)| values[row].to_string()))?;
    }
    csv.flush()
}

/// One array a column.
pub(super) fn write_table_arrays(writer: &mut (impl Write + Seek), table: &Attachment) -> io::Result<()> {
    let mut archive = Archive::new(writer);
    for (name, values) in &table.columns {
        archive.array(name, &[values.len() as u64], values)?;
    }
    archive.finish()
}
