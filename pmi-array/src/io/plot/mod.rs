//! Plots: lines, points and images of arrays with axes, as Matplotlib draws them.
//!
//! Needs the feature `plot`, and nothing installed: the font is compiled in.

mod data;
mod draw;
mod ticks;

use super::picture::Style;
use super::unfinished::{FILE, Unfinished};
use super::{Colormap, picture};
use crate::array::DistArray;
use crate::element::Real;
use crate::error::{Error, Result};
use crate::expr::{Compare, Expression};
use data::{Image, Layer, Source};
use ndarray::{Ix1, Ix2};
use std::path::Path;

/// A plot in the making: what is added to it, in this order, and what stands around it. Names are those of Matplotlib.
///
/// ```
/// use pmi_array::{Colormap, DistArray, Math, plot::Figure};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir();
/// # let (lines, image) = (folder.join(format!("pmi-doc-{}-l.png", std::process::id())), folder.join(format!("pmi-doc-{}-i.png", std::process::id())));
/// # pmi::with_tasks(2, || {
/// let x = DistArray::linspace(0.0, 6.0, 200);
/// Figure::new()
///     .title("Two functions")
///     .xlabel("x")
///     .plot(&x, x.sin(), "sin x")
///     .scatter(&x, x.cos(), "cos x")
///     .savefig(&lines)?;
/// let field = DistArray::from_fn((30, 40), |(i, j)| ((i + 1) * (j + 1)) as f64);
/// Figure::new().imshow(&field).colormap(Colormap::Magma).log().colorbar("strength").savefig(&image)?;
/// # Ok::<(), pmi_array::Error>(())
/// # })?;
/// # std::fs::remove_file(lines)?;
/// # std::fs::remove_file(image)?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a figure is to be saved"]
pub struct Figure {
    title: String,
    labels: [String; 2],
    limits: [Option<(f64, f64)>; 2],
    size: (u32, u32),
    layers: Vec<Layer>,
    image: Option<Box<dyn Source>>,
    extent: Option<[f64; 4]>,
    style: Style,
    colorbar: Option<String>,
}

impl Default for Figure {
    fn default() -> Self {
        Self::new()
    }
}

impl Figure {
    /// An empty one of 800 x 600 pixels.
    pub fn new() -> Self {
        Self {
            title: String::new(),
            labels: Default::default(),
            limits: [None; 2],
            size: (800, 600),
            layers: Vec::new(),
            image: None,
            extent: None,
            style: Style::default(),
            colorbar: None,
        }
    }

    /// Its width and height in pixels, 200 x 150 at the least.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = (width.max(200), height.max(150));
        self
    }

    /// The line above it.
    pub fn title(mut self, text: impl Into<String>) -> Self {
        self.title = text.into();
        self
    }

    /// What the horizontal axis has.
    pub fn xlabel(mut self, text: impl Into<String>) -> Self {
        self.labels[0] = text.into();
        self
    }

    /// What the vertical axis has.
    pub fn ylabel(mut self, text: impl Into<String>) -> Self {
        self.labels[1] = text.into();
        self
    }

    /// The ends of the horizontal axis; unless given, those of the data with a margin.
    pub fn xlim(mut self, left: f64, right: f64) -> Self {
        self.limits[0] = Some((left, right));
        self
    }

    /// The ends of the vertical axis; unless given, those of the data with a margin.
    pub fn ylim(mut self, bottom: f64, top: f64) -> Self {
        self.limits[1] = Some((bottom, top));
        self
    }

    /// Adds a line through the points (x, y), interrupted where one is no finite number. A label that is not empty is
    /// in the legend.
    ///
    /// Expressions are computed now; the points come to the controller when the figure is saved.
    ///
    /// # Panics
    /// Where there are not as many x as y, or the calling thread does not control their world.
    #[track_caller]
    pub fn plot<X, Y>(self, x: X, y: Y, label: impl Into<String>) -> Self
    where
        X: Expression<Elem: Real, Dim = Ix1>,
        Y: Expression<Elem: Real, Dim = Ix1>,
    {
        self.layer(x, y, label.into(), false)
    }

    /// Adds the points (x, y). Otherwise as [`plot`](Figure::plot).
    ///
    /// # Panics
    /// As [`plot`](Figure::plot).
    #[track_caller]
    pub fn scatter<X, Y>(self, x: X, y: Y, label: impl Into<String>) -> Self
    where
        X: Expression<Elem: Real, Dim = Ix1>,
        Y: Expression<Elem: Real, Dim = Ix1>,
    {
        self.layer(x, y, label.into(), true)
    }

    #[track_caller]
    fn layer<X, Y>(mut self, x: X, y: Y, label: String, points: bool) -> Self
    where
        X: Expression<Elem: Real, Dim = Ix1>,
        Y: Expression<Elem: Real, Dim = Ix1>,
    {
        let (x, y) = (x.astype::<f64>().eval(), y.astype::<f64>().eval());
        assert!(x.len() == y.len(), "{} x and {} y make no points: give as many", x.len(), y.len());
        self.layers.push(Layer { x, y, label, points });
        self
    }

    /// Shows an array as a picture behind lines and points, row 0 on top, in colours as those of
    /// [`picture`](DistArray::picture). Axes count its elements, which are squares; [`extent`](Figure::extent) has them
    /// count something else. Where there are more elements than pixels, some are left out.
    pub fn imshow<T: Real>(mut self, array: &DistArray<T, Ix2>) -> Self {
        self.image = Some(Box::new(array.clone()));
        self
    }

    /// Where the edges of the image are on the axes.
    pub fn extent(mut self, left: f64, right: f64, bottom: f64, top: f64) -> Self {
        self.extent = Some([left, right, bottom, top]);
        self
    }

    /// The image's colours.
    pub fn colormap(mut self, map: Colormap) -> Self {
        self.style.map = map;
        self
    }

    /// The numbers that have the image's first and last colour: Matplotlib's `clim`.
    pub fn clim(mut self, min: f64, max: f64) -> Self {
        self.style.range = Some((min, max));
        self
    }

    /// The image's colours go with the logarithm: see [`Picture::log`](picture::Picture::log).
    pub fn log(mut self) -> Self {
        self.style.log = true;
        self
    }

    /// The colour of NaNs in the image.
    pub fn nan_color(mut self, color: [u8; 3]) -> Self {
        self.style.nan = color;
        self
    }

    /// Adds a bar beside the image that tells which colour is which number, with a label that may be empty.
    pub fn colorbar(mut self, label: impl Into<String>) -> Self {
        self.colorbar = Some(label.into());
        self
    }

    /// Draws it and writes it as a PNG file.
    ///
    /// The controller draws. Lines and points are [gathered](DistArray::gather); of an image come the elements that are
    /// seen, and two numbers for its scale.
    ///
    /// # Errors
    /// Where the file cannot be written, lines have more points than [`set_gather_limit`](crate::set_gather_limit)
    /// allows, limits or ranges have no meaning, or the image has no elements; where the calling thread does not
    /// control the arrays' world.
    pub fn savefig(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.check()?;
        // The controller is task 0.
        let failed = |cause| Error::file_on(0, path, None, cause);
        let new = Unfinished::create(&FILE, path).map_err(failed)?;
        let image = self.image.as_ref().map(|array| array.image(self.style, self.size)).transpose()?;
        let lines = self.layers.iter().map(Layer::points).collect::<Result<Vec<_>>>()?;
        let pixels = draw::draw(self, image.as_ref(), &lines).map_err(Error::argument)?;
        picture::encode(new.file(), self.size, &pixels).and_then(|()| new.finish()).map_err(failed)
    }

    fn check(&self) -> Result<()> {
        self.style.check()?;
        let ends = self.limits.into_iter().flatten();
        let sides = self.extent.into_iter().flat_map(|[left, right, bottom, top]| [(left, right), (bottom, top)]);
        for (from, to) in ends.chain(sides) {
            if !(from.is_finite() && to.is_finite() && from != to) {
                return Err(Error::argument(format!("no axis runs from {from} to {to}: give two different numbers")));
            }
        }
        Ok(())
    }

    /// What the axes have, the horizontal one first: as given, or from the data.
    fn ranges(&self, image: Option<&Image>, lines: &[Vec<(f64, f64)>]) -> [(f64, f64); 2] {
        let edges = image.map(|image| self.extent.unwrap_or_else(|| image.edges()));
        let axis = |number: usize| {
            if let Some(limits) = self.limits[number] {
                return limits;
            }
            if let Some(edges) = edges {
                return (edges[2 * number], edges[2 * number + 1]);
            }
            let seen = lines.iter().flatten().filter(|(x, y)| x.is_finite() && y.is_finite());
            let seen = seen.map(|(x, y)| if number == 0 { *x } else { *y });
            ticks::with_margin(seen)
        };
        [axis(0), axis(1)]
    }
}
