//! A large file on its way to the disk while the rest of it is still being made.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};

/// Bytes that are handed over at once.
const PIECE: usize = 1 << 20;
/// Pieces that may wait for the disk.
const WAITING: usize = 4;
/// Bytes after which the disk is asked to keep what it has: what then is left to do at the end is short.
const KEPT: usize = 1 << 25;

/// Collects bytes and hands them over in pieces.
struct Pieces {
    piece: Vec<u8>,
    to: SyncSender<Vec<u8>>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        // The other side ends early for one reason: the disk refused.
        self.to.send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Writes what `fill` makes into `file`, from a thread of its own.
///
/// # Errors
/// What the file system says, before what `fill` makes of it.
pub(crate) fn ahead(file: &File, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let (to, pieces) = sync_channel::<Vec<u8>>(WAITING);
    std::thread::scope(|scope| {
        let disk = scope.spawn(move || {
            let mut file = file;
            let mut waiting = 0;
            for piece in pieces {
                file.write_all(&piece)?;
                waiting += piece.len();
                if waiting >= KEPT {
                    file.sync_data()?;
                    waiting = 0;
                }
            }
            Ok(())
        });
        let mut writer = Pieces { piece: Vec::new(), to };
        let filled = fill(&mut writer).and_then(|()| writer.flush());
        drop(writer);
        disk.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(filled)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_pieces_arrive_in_their_order() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("file");
        let bytes: Vec<u8> = (0..5 * PIECE / 2).map(|k| (k % 251) as u8).collect();
        ahead(&File::create(&path).expect("a file"), |to| {
            bytes.chunks(1 << 13).try_for_each(|b| to.write_all(b))
        })
        .expect("written");
        assert!(std::fs::read(&path).expect("read") == bytes);
    }

    #[test]
    fn what_the_disk_says_is_what_is_told() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("file");
        std::fs::write(&path, "").expect("written");
        let readable = File::open(&path).expect("a file that cannot be written");
        let told = ahead(&readable, |to| (0..99).try_for_each(|_| to.write_all(&vec![0; PIECE])));
        assert!(told.is_err_and(|e| e.kind() != io::ErrorKind::BrokenPipe));
        let own = ahead(&File::create(&path).expect("a file"), |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(own.is_err_and(|e| e.kind() == io::ErrorKind::StorageFull));
    }
}
