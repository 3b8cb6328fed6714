//! Drawing a figure.

use super::data::Image;
use super::{Figure, ticks};
use plotters::backend::BitMapBackend;
use plotters::chart::{ChartBuilder, ChartContext, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, IntoDynElement, PathElement, Rectangle};
use plotters::series::{LineSeries, PointSeries};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, register_font};
use std::sync::OnceLock;

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Chart<'a> = ChartContext<'a, BitMapBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Points = Vec<(f64, f64)>;

const WHITE: RGBColor = RGBColor(255, 255, 255);
const BLACK: RGBColor = RGBColor(0, 0, 0);
const GRID: RGBColor = RGBColor(225, 225, 225);

/// The colours of lines, one after the other: those that Okabe and Ito chose for all eyes.
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Pixels: of text, of margins, and of the room for the numbers beside axes and for the bar of colours.
const TEXT: f64 = 15.0;
const TITLE: f64 = 20.0;
const MARGIN: u32 = 14;
const BELOW: u32 = 46;
const BESIDE: u32 = 68;
const BAR: u32 = 130;

/// The name under which the font is known to the library.
const FONT: &str = "pmi-plot";

fn font(size: f64) -> (&'static str, f64) {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        let font = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
        assert!(font.is_ok(), "the font that is compiled in can be read");
    });
    (FONT, size)
}

/// The pixels of a figure, red, green and blue each. The text says what the library cannot draw.
pub(super) fn draw(figure: &Figure, image: Option<&Image>, lines: &[Points]) -> Result<Vec<u8>, String> {
    let (width, height) = figure.size;
    let mut pixels = vec![0; 3 * width as usize * height as usize];
    let root = BitMapBackend::with_buffer(&mut pixels, figure.size).into_drawing_area();
    draw_all(&root, figure, image, lines).map_err(|error| format!("the figure cannot be drawn: {error}"))?;
    root.present().map_err(|error| error.to_string())?;
    drop(root);
    Ok(pixels)
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw_all(root: &Area, figure: &Figure, image: Option<&Image>, lines: &[Points]) -> Drawn {
    root.fill(&WHITE)?;
    let root = match figure.title.as_str() {
        "" => root.clone(),
        title => root.titled(title, font(TITLE).into_font())?,
    };
    let bar = image.zip(figure.colorbar.as_deref());
    let area = inner(&root, figure, image, bar.is_some());
    let [x, y] = figure.ranges(image, lines);
    let mut chart = ChartBuilder::on(&area)
        .margin(MARGIN)
        .x_label_area_size(BELOW)
        .y_label_area_size(BESIDE)
        .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
    // Lines of the grid would hide an image.
    let grid = if image.is_some() { GRID.mix(0.0) } else { GRID.mix(1.0) };
    chart
        .configure_mesh()
        .light_line_style(GRID.mix(0.0))
        .bold_line_style(grid)
        .x_labels(8)
        .y_labels(8)
        .x_label_formatter(&|x| ticks::text(*x))
        .y_label_formatter(&|y| ticks::text(*y))
        .x_desc(&figure.labels[0])
        .y_desc(&figure.labels[1])
        .label_style(font(TEXT).into_font())
        .axis_desc_style(font(TEXT).into_font())
        .draw()?;
    if let Some(image) = image {
        draw_image(&chart, image, figure.extent.unwrap_or_else(|| image.edges()))?;
    }
    draw_lines(&mut chart, figure, lines)?;
    if let Some((image, label)) = bar {
        // As high as the image.
        let (wide, high) = area.dim_in_pixel();
        draw_bar(&root.split_horizontally(wide).1.split_vertically(high).0, image, label)?;
    }
    Ok(())
}

/// The part of the whole for the axes: what the bar leaves, cut so that the elements of an image are squares.
fn inner<'a>(root: &Area<'a>, figure: &Figure, image: Option<&Image>, bar: bool) -> Area<'a> {
    let (width, height) = root.dim_in_pixel();
    let free = if bar { width.saturating_sub(BAR) } else { width };
    let around = (2 * MARGIN + BESIDE, 2 * MARGIN + BELOW);
    let room = (f64::from(free.saturating_sub(around.0)), f64::from(height.saturating_sub(around.1)));
    let (mut wide, mut high) = (free, height);
    if let Some(image) = image.filter(|_| figure.extent.is_none() && figure.limits == [None; 2]) {
        let scale = room.0.min(room.1 / image.aspect());
        wide = scale as u32 + around.0;
        high = (scale * image.aspect()) as u32 + around.1;
    }
    root.split_horizontally(wide.min(free)).0.split_vertically(high.min(height)).0
}

/// Colours the pixels of a chart that lie on the image.
fn draw_image(chart: &Chart, image: &Image, [left, right, bottom, top]: [f64; 4]) -> Drawn {
    let area = chart.plotting_area();
    let (columns, rows) = area.get_pixel_range();
    let pixels = area.strip_coord_spec();
    let at = |x: f64, y: f64| chart.backend_coord(&(x, y));
    let ((x0, y0), (x1, y1)) = (at(left, top), at(right, bottom));
    for row in rows.clone() {
        for column in columns.clone() {
            let right = (f64::from(column - x0) + 0.5) / f64::from(x1 - x0);
            let down = (f64::from(row - y0) + 0.5) / f64::from(y1 - y0);
            if (0.0..1.0).contains(&right) && (0.0..1.0).contains(&down) {
                let [r, g, b] = image.color(down, right);
                pixels.draw_pixel((column - columns.start, row - rows.start), &RGBColor(r, g, b))?;
            }
        }
    }
    Ok(())
}

fn draw_lines<'a>(chart: &mut Chart<'a>, figure: &Figure, lines: &[Points]) -> Drawn {
    let mut labelled = false;
    for (number, (layer, points)) in figure.layers.iter().zip(lines).enumerate() {
        let color = COLORS[number % COLORS.len()];
        let finite = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
        let drawn = if layer.points {
            let finite = points.iter().filter(finite).copied();
            Some(chart.draw_series(PointSeries::<_, _, Circle<_, _>, _>::new(finite, 3, color.filled()))?)
        } else {
            let mut drawn = None;
            for piece in points.split(|point| !finite(&point)).filter(|piece| !piece.is_empty()) {
                drawn = Some(chart.draw_series(LineSeries::new(piece.iter().copied(), color.stroke_width(2)))?);
            }
            drawn
        };
        let Some(series) = drawn.filter(|_| !layer.label.is_empty()) else { continue };
        labelled = true;
        let series = series.label(&layer.label);
        if layer.points {
            series.legend(move |(x, y)| Circle::new((x + 10, y), 3, color.filled()).into_dyn());
        } else {
            series.legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 20, y)], color.stroke_width(2)).into_dyn());
        }
    }
    if labelled {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .label_font(font(TEXT).into_font())
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK)
            .draw()?;
    }
    Ok(())
}

/// A bar of all colours with their numbers on its right.
fn draw_bar(area: &Area, image: &Image, label: &str) -> Drawn {
    let scale = image.palette.scale;
    let on_axis = |x: f64| if scale.log { x.log10() } else { x };
    let (mut min, mut max) = (on_axis(scale.min), on_axis(scale.max));
    let mut colors = &image.palette.table[..];
    if min == max {
        (min, max) = ticks::with_margin([min].into_iter());
        // That of every number: the scale's only one is in the middle.
        colors = &colors[..1];
    }
    let number = move |place: f64| if scale.log { 10f64.powf(place) } else { place };
    let mut chart = ChartBuilder::on(area)
        .margin_top(MARGIN)
        .margin_bottom(MARGIN + BELOW)
        .margin_right(8)
        .right_y_label_area_size(BESIDE + 20)
        .build_cartesian_2d(0.0..1.0, min..max)?;
    let last = colors.len() as f64;
    let at = |step: f64| min + (max - min) * (step / last);
    chart.draw_series(colors.iter().enumerate().map(|(step, color)| {
        let (from, to) = (at(step as f64), at(step as f64 + 1.0));
        Rectangle::new([(0.0, from), (1.0, to)], RGBColor(color[0], color[1], color[2]).filled())
    }))?;
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_x_axis()
        .y_labels(8)
        .y_label_formatter(&|place| ticks::text(number(*place)))
        .y_desc(label)
        .label_style(font(TEXT).into_font())
        .axis_desc_style(font(TEXT).into_font())
        .draw()?;
    Ok(())
}
