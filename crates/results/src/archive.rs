//! `.npz` files: NumPy arrays in an uncompressed zip archive without dates, so that equal results are equal
//! files.

use std::io::{self, Cursor, Seek, Write};

use npyz::{AutoSerialize, DType, WriteOptions, WriterBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// An `.npz` file in the making.
pub(crate) struct Archive<W: Write + Seek> {
    zip: ZipWriter<W>,
}

impl<W: Write + Seek> Archive<W> {
    pub(crate) fn new(writer: W) -> Self {
        Self { zip: ZipWriter::new(writer) }
    }

    /// Writes one array in C order.
    pub(crate) fn array<T: AutoSerialize>(
        &mut self,
        name: &str,
        shape: &[u64],
        values: &[T],
    ) -> io::Result<()> {
        let mut bytes = Cursor::new(Vec::new());
        let mut array = WriteOptions::new().default_dtype().shape(shape).writer(&mut bytes).begin_nd()?;
        array.extend(values)?;
        array.finish()?;
        self.entry(name, bytes.get_ref())
    }

    /// Writes one byte string, as `numpy.bytes_`.
    pub(crate) fn bytes(&mut self, name: &str, text: &[u8]) -> io::Result<()> {
        let width = text.len() as u64;
        let kind = DType::Plain(format!("|S{width}").parse().map_err(io::Error::other)?);
        let mut bytes = Cursor::new(Vec::new());
        let options = WriteOptions::<[u8]>::new().dtype(kind).shape(&[]);
        let mut array = options.writer(&mut bytes).begin_nd()?;
        array.push(text)?;
        array.finish()?;
        self.entry(name, bytes.get_ref())
    }

    /// Writes a vector of byte strings, padded with zeros as NumPy does.
    pub(crate) fn strings(&mut self, name: &str, texts: &[String]) -> io::Result<()> {
        let width = texts.iter().map(String::len).max().unwrap_or(0).max(1);
        let kind = DType::Plain(format!("|S{width}").parse().map_err(io::Error::other)?);
        let mut bytes = Cursor::new(Vec::new());
        let options = WriteOptions::<[u8]>::new().dtype(kind).shape(&[texts.len() as u64]);
        let mut array = options.writer(&mut bytes).begin_nd()?;
        for text in texts {
            array.push(text.as_bytes())?;
        }
        array.finish()?;
        self.entry(name, bytes.get_ref())
    }

    fn entry(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // Beyond 4 GiB a zip entry needs the 64-bit form; smaller ones stay readable everywhere.
        let large = bytes.len() as u64 >= u64::from(u32::MAX) / 2;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .large_file(large);
        self.zip.start_file(format!("{name}.npy"), options)?;
        self.zip.write_all(bytes)
    }

    /// Writes the directory at the end. (Dropping the writer would hide a full disk.)
    pub(crate) fn finish(self) -> io::Result<()> {
        self.zip.finish()?.flush()
    }
}
