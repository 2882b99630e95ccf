//! What the file system makes whoever replaces a file wait for: room for the new one, and the end of the old.

use std::fs::File;
use std::sync::OnceLock;

use crossbeam_channel::{Sender, bounded};

/// Files that were replaced and wait to be closed, at most.
const REPLACED: usize = 64;

/// Closes files that were replaced. The file system frees a file when nobody has it open any
/// more, and some wait there for the disk (ext4 mounted with `discard` and without a journal, a
/// network's): a thread of its own does, as far as it keeps up.
#[derive(Default)]
pub struct Closer(OnceLock<Sender<File>>);

impl Closer {
    /// Closes a file, soon.
    pub fn close(&self, old: File) {
        let closer = self.0.get_or_init(|| {
            let (sender, files) = bounded::<File>(REPLACED);
            // Where there is no thread to be had, nobody receives, and files are closed here.
            let _ =
                std::thread::Builder::new().name("lifthill-close".into()).spawn(move || files.iter().for_each(drop));
            sender
        });
        drop(closer.try_send(old));
    }
}

/// Asks for room for a file that is about to be renamed over another. It then has its place on the
/// disk before the renaming, and ext4 need not stop there to find it one (its `auto_da_alloc`), which
/// takes longer than all else. A wish only: where it cannot be granted, writing will say so.
pub fn reserve(file: &File, bytes: usize) {
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, bytes as u64);
    #[cfg(not(target_os = "linux"))]
    let _ = (file, bytes);
}
