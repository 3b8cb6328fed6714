//! Pictures as PNG files, written by one task.

use crate::array::{BUDGET, DistArray};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::exchange::fetch;
use crate::io::failure::Failure;
use crate::io::pieces::PIECE;
use crate::io::progress::Told;
use crate::io::unfinished::{FILE, Unfinished};
use crate::layout::Layout;
use ndarray::Dimension;
use pmi::Task;
use serde::{Deserialize, Serialize};
#[cfg(feature = "plot")]
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

/// Pictures of one size.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Frames {
    width: u32,
    height: u32,
    count: u32,
    /// For how long each is shown, in seconds: a fraction. `None` for a single picture.
    delay: Option<(u16, u16)>,
}

impl Frames {
    /// The bytes of all pixels.
    pub(super) fn bytes(&self) -> u64 {
        3 * u64::from(self.width) * u64::from(self.height) * u64::from(self.count)
    }

    /// A single picture.
    pub(super) fn single(height: usize, width: usize, shape: &[usize]) -> Result<Self> {
        Self::of(1, height, width, None, shape)
    }

    /// So many pictures a second.
    pub(super) fn animation(count: usize, height: usize, width: usize, rate: f64, shape: &[usize]) -> Result<Self> {
        if !(0.02..=1000.0).contains(&rate) {
            let text = format!("{rate} pictures a second cannot be shown: give 0.02 to 1000");
            return Err(Error::argument(text));
        }
        Self::of(count, height, width, Some(((1000.0 / rate).round() as u16, 1000)), shape)
    }

    fn of(count: usize, height: usize, width: usize, delay: Option<(u16, u16)>, shape: &[usize]) -> Result<Self> {
        // What PNG allows.
        let number = |len: usize| u32::try_from(len).ok().filter(|len| (1..1 << 31).contains(len));
        let (Some(width), Some(height), Some(count)) = (number(width), number(height), number(count)) else {
            return Err(Error::argument(format!(
                "an array of shape {shape:?} is no picture: PNG has 1 to 2^31 - 1 pixels a side"
            )));
        };
        Ok(Self { width, height, count, delay })
    }
}

/// Writes the pictures of an array, whose elements in C order are made bytes by what `prepare` returns: `depth` of them
/// for each element. `prepare` may be collective; it is called when it is known that the file can be made.
///
/// Tasks make the bytes of their elements and send them to task 0, picture by picture, in pieces of 16 MiB.
pub(super) fn write<T: Element, D: Dimension, B: Fn(&[T]) -> Vec<u8>>(
    task: &Task,
    path: &Path,
    array: &DistArray<T, D>,
    frames: Frames,
    depth: usize,
    prepare: impl FnOnce(&[T]) -> B,
) -> Result<(), Failure> {
    // A task without a slab says so before others wait for it.
    let slab = array.elements(task);
    // So early that a wrong path costs no work; beside the file, so that a failure leaves an old one whole.
    let (new, _) = Unfinished::create_on_first(task, &FILE, path)?;
    let bytes = prepare(&slab);
    let written = if array.layout.is_in_rows() {
        Source { task, layout: &array.layout, slab: &slab, depth, bytes }.write(new, frames)
    } else {
        let layout = Layout::new(array.shape(), task.size());
        let rows = fetch(task, &array.layout, &slab, &|rank| layout.part(rank), BUDGET);
        Source { task, layout: &layout, slab: &rows, depth, bytes }.write(new, frames)
    };
    written.map_err(|cause| Failure::file(task, path, &cause))
}

/// Where pixels come from: an array in rows.
struct Source<'a, T, B> {
    task: &'a Task,
    layout: &'a Layout,
    slab: &'a [T],
    depth: usize,
    bytes: B,
}

impl<T: Element, B: Fn(&[T]) -> Vec<u8>> Source<'_, T, B> {
    fn write(&self, new: Option<Unfinished>, frames: Frames) -> io::Result<()> {
        let bands = self.bands(frames.count).len();
        // The picture is made in bands; its encoding, at once, takes about as long.
        let told = Told::new(self.task, 2 * bands * frames.count as usize);
        let Some(new) = new else {
            (0..frames.count).for_each(|number| _ = self.frame(number, frames.count, &told));
            return Ok(());
        };
        let mut file = BufWriter::new(new.file());
        let mut png = begin(&mut file, frames);
        for number in 0..frames.count {
            // Also after a failure: the others send theirs.
            let pixels = self.frame(number, frames.count, &told);
            png = png.and_then(|mut png| png.write_image_data(&pixels).map(|()| png));
            told.advance(bands);
        }
        png?.finish()?;
        file.flush()?;
        drop(file);
        told.finish();
        new.finish()
    }

    /// The elements that go to task 0 at once, of a picture of so many.
    fn bands(&self, count: u32) -> impl ExactSizeIterator<Item = Range<usize>> + use<T, B> {
        let len = self.layout.len() / count as usize;
        let step = (PIECE / self.depth).min(len).max(1);
        (0..len.div_ceil(step)).map(move |band| band * step..((band + 1) * step).min(len))
    }

    /// The bytes of picture `number` of so many on task 0, none elsewhere.
    fn frame(&self, number: u32, count: u32, told: &Told) -> Vec<u8> {
        let (task, len) = (self.task, self.layout.len() / count as usize);
        let first = number as usize * len;
        let mut all = vec![0; if task.rank() == 0 { self.depth * len } else { 0 }];
        for band in self.bands(count) {
            let (place, band) = (self.depth * band.start, first + band.start..first + band.end);
            let mine = (self.bytes)(&self.slab[self.share(task.rank(), &band)]);
            let counts: Vec<_> = (0..task.size()).map(|rank| self.depth * self.share(rank, &band).len()).collect();
            let here = (task.rank() == 0).then(|| &mut all[place..place + self.depth * band.len()]);
            task.comm().gather_v_into(0, &mine, here.map(|all| (all, &counts[..])));
            told.step();
        }
        all
    }

    /// Which elements of its slab a task has of these elements of the array.
    fn share(&self, rank: usize, frame: &Range<usize>) -> Range<usize> {
        let mine = self.layout.elements(rank);
        let (start, end) = (frame.start.max(mine.start), frame.end.min(mine.end));
        if start < end { start - mine.start..end - mine.start } else { 0..0 }
    }
}

/// A PNG file without its pictures.
fn begin<W: Write>(file: W, frames: Frames) -> Result<png::Writer<W>, png::EncodingError> {
    let mut encoder = png::Encoder::new(file, frames.width, frames.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    if let Some((seconds, part)) = frames.delay {
        const FOR_EVER: u32 = 0;
        encoder.set_animated(frames.count, FOR_EVER)?;
        encoder.set_frame_delay(seconds, part)?;
    }
    encoder.write_header()
}

/// Writes one picture that is there already.
#[cfg(feature = "plot")]
pub(in crate::io) fn encode(file: &File, (width, height): (u32, u32), pixels: &[u8]) -> io::Result<()> {
    let mut file = BufWriter::new(file);
    let mut png = begin(&mut file, Frames { width, height, count: 1, delay: None })?;
    png.write_image_data(pixels)?;
    png.finish()?;
    file.flush()
}
