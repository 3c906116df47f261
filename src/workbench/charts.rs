//! Charts as SVG. Colours are those of the light page; the style of the page turns them for a dark one.

use std::error::Error;

use plotters::chart::MeshStyle;
use plotters::coord::Shift;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

/// A chart that is drawn.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) id: &'static str,
    pub(super) title: String,
    /// What it shows, for those who do not see it.
    pub(super) words: String,
    pub(super) svg: String,
}

/// What is to be drawn.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) form: Form,
}

/// The kinds of charts.
#[derive(Debug)]
pub(super) enum Form {
    /// A line for each name.
    Lines(Vec<(String, Vec<(f64, f64)>)>),
    /// A bar for each name at each label.
    Bars(Vec<String>, Vec<(String, Vec<f64>)>),
    /// An area for each name, one upon another, at these places.
    Areas(Vec<f64>, Vec<(String, Vec<f64>)>),
    /// Points of up to three names, those of the second joined by a line. The axes begin where points do.
    Points(Vec<(String, Vec<(f64, f64)>)>),
}

type Drawn = Result<(), Box<dyn Error + Send + Sync>>;
type Area<'s> = DrawingArea<SVGBackend<'s>, Shift>;

/// Width and height in units of the picture: on a phone one is nearly a pixel.
const SIZE: (u32, u32) = (420, 300);

/// Colours of two rulesets, and of areas; of text, axes and grid.
pub(super) const SERIES: [RGBColor; 2] = [RGBColor(0x2f, 0x6f, 0xde), RGBColor(0xd9, 0x73, 0x0d)];
pub(super) const AREAS: [RGBColor; 6] = [
    RGBColor(0x2f, 0x6f, 0xde),
    RGBColor(0xd9, 0x73, 0x0d),
    RGBColor(0x2e, 0x8b, 0x57),
    RGBColor(0x8e, 0x44, 0xad),
    RGBColor(0xc0, 0x39, 0x2b),
    RGBColor(0x7a, 0x7a, 0x7a),
];
/// Colours of points, and how large they are.
const POINTS: [RGBColor; 3] = [AREAS[5], SERIES[0], SERIES[1]];
const RADII: [i32; 3] = [2, 4, 6];

const TEXT: RGBColor = RGBColor(0x33, 0x33, 0x33);
const AXIS: RGBColor = RGBColor(0x88, 0x88, 0x88);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// Where a legend begins, how high a line of it is, and how wide a letter at most.
const LEFT: i32 = 60;
const LINE: u32 = 20;
const LINE_STEP: i32 = 18;
const LETTER: i32 = 8;

const FONT: &str = "sans-serif";
const FONT_SIZE: u32 = 16;

impl Drawing {
    /// The picture.
    ///
    /// # Errors
    ///
    /// If it cannot be drawn.
    pub(super) fn svg(&self) -> anyhow::Result<String> {
        let mut svg = String::new();
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let drawn = match &self.form {
            Form::Lines(lines) => {
                let (top, plot) = root.split_vertically(legend_height(lines.len()));
                let names = lines.iter().map(|(name, _)| name);
                legend(&top, names, &SERIES).and_then(|()| self.lines(&plot, lines))
            }
            Form::Bars(labels, bars) => {
                let (top, plot) = root.split_vertically(legend_height(bars.len()));
                let names = bars.iter().map(|(name, _)| name);
                legend(&top, names, &SERIES).and_then(|()| self.bars(&plot, labels, bars))
            }
            Form::Areas(places, areas) => {
                let (top, plot) = root.split_vertically(2 * LINE);
                let names = areas.iter().map(|(name, _)| name);
                legend(&top, names, &AREAS).and_then(|()| self.areas(&plot, places, areas))
            }
            Form::Points(points) => {
                let (top, plot) = root.split_vertically(2 * LINE);
                let names = points.iter().map(|(name, _)| name);
                legend(&top, names, &POINTS).and_then(|()| self.points(&plot, points))
            }
        };
        drawn.map_err(|error| anyhow::anyhow!("{error}"))?;
        root.present()?;
        drop(root);
        Ok(svg)
    }

    fn lines(&self, root: &Area<'_>, lines: &[(String, Vec<(f64, f64)>)]) -> Drawn {
        let points = || lines.iter().flat_map(|(_, points)| points);
        let right = largest(points().map(|(x, _)| *x));
        let top = largest(points().map(|(_, y)| *y));
        let mut chart = builder(root).build_cartesian_2d(0.0..right, 0.0..room_above(top))?;
        let mut mesh = chart.configure_mesh();
        self.mesh(mesh.x_labels(6).x_label_formatter(&|value| plain(*value)))?;
        for ((_, points), colour) in lines.iter().zip(SERIES) {
            let style = colour.stroke_width(2);
            let series = LineSeries::new(points.iter().copied(), style);
            chart.draw_series(series)?;
        }
        Ok(())
    }

    fn bars(&self, root: &Area<'_>, labels: &[String], bars: &[(String, Vec<f64>)]) -> Drawn {
        let top = largest(bars.iter().flat_map(|(_, values)| values).copied());
        let across = -0.5..labels.len() as f64 - 0.5;
        let mut chart = builder(root).build_cartesian_2d(across, 0.0..room_above(top))?;
        let label = |place: &f64| {
            // Between two bars there is nothing to name.
            if place.fract().abs() > 0.01 || *place < 0.0 {
                return String::new();
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a place of the list, or beyond it"
            )]
            let at = place.round() as usize;
            labels.get(at).cloned().unwrap_or_default()
        };
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh()
            .x_labels(labels.len().max(2))
            .x_label_formatter(&label);
        self.mesh(&mut mesh)?;
        let width = 0.8 / bars.len().max(1) as f64;
        for (number, ((_, values), colour)) in bars.iter().zip(SERIES).enumerate() {
            let style = colour.filled();
            let left = number as f64 * width - 0.4;
            let all = values.iter().enumerate().map(|(place, value)| {
                let from = place as f64 + left;
                Rectangle::new([(from, 0.0), (from + width * 0.92, *value)], style)
            });
            chart.draw_series(all)?;
        }
        Ok(())
    }

    fn areas(&self, root: &Area<'_>, places: &[f64], areas: &[(String, Vec<f64>)]) -> Drawn {
        let mut below = vec![0.0; places.len()];
        let sums = (0..places.len()).map(|at| areas.iter().map(|(_, values)| values[at]).sum());
        let top: f64 = largest(sums);
        let right = largest(places.iter().copied());
        let mut chart = builder(root).build_cartesian_2d(0.0..right, 0.0..room_above(top))?;
        let mut mesh = chart.configure_mesh();
        self.mesh(mesh.x_labels(6).x_label_formatter(&|value| plain(*value)))?;
        for ((_, values), colour) in areas.iter().zip(AREAS) {
            let above: Vec<f64> = below.iter().zip(values).map(|(a, b)| a + b).collect();
            let upper = places.iter().copied().zip(above.iter().copied());
            let lower = places.iter().copied().zip(below.iter().copied()).rev();
            let style = colour.filled();
            let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
            chart.draw_series([Polygon::new(outline, style)])?;
            below = above;
        }
        Ok(())
    }

    fn points(&self, root: &Area<'_>, points: &[(String, Vec<(f64, f64)>)]) -> Drawn {
        let all = || points.iter().flat_map(|(_, points)| points);
        let span = |of: fn(&(f64, f64)) -> f64| {
            let low = all().map(of).fold(f64::INFINITY, f64::min).min(1e15);
            let high = largest(all().map(of));
            let room = ((high - low) * 0.08).max(high * 0.01);
            (low - room).max(0.0)..high + room
        };
        let (across, up) = (span(|point| point.0), span(|point| point.1));
        let mut chart = builder(root).build_cartesian_2d(across, up)?;
        let mut mesh = chart.configure_mesh();
        self.mesh(mesh.x_labels(6).x_label_formatter(&|value| plain(*value)))?;
        for (at, (_, points)) in points.iter().enumerate().take(POINTS.len()) {
            let (colour, radius) = (POINTS[at], RADII[at]);
            if at == 1 {
                let style = colour.stroke_width(1);
                chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
            }
            let dot = |point: &(f64, f64)| Circle::new(*point, radius, colour.filled());
            chart.draw_series(points.iter().map(dot))?;
        }
        Ok(())
    }

    fn mesh<X, Y>(&self, mesh: &mut MeshStyle<'_, '_, X, Y, SVGBackend<'_>>) -> Drawn
    where
        X: Ranged + ValueFormatter<X::ValueType>,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        mesh.light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .label_style((FONT, FONT_SIZE).into_font().color(&TEXT))
            .axis_desc_style((FONT, FONT_SIZE).into_font().color(&TEXT))
            .y_labels(6)
            .y_label_formatter(&|value| plain(*value))
            .x_desc(self.x.as_str())
            .y_desc(self.y.as_str())
            .draw()?;
        Ok(())
    }
}

/// How high the strip of a legend is: one ruleset alone needs no name.
fn legend_height(names: usize) -> u32 {
    if names > 1 { LINE } else { 0 }
}

/// Writes names beside their colours, from left to right, in as many lines as they need.
fn legend<'n>(
    strip: &Area<'_>,
    names: impl ExactSizeIterator<Item = &'n String>,
    colours: &[RGBColor],
) -> Drawn {
    let (width, height) = strip.dim_in_pixel();
    if height == 0 {
        return Ok(());
    }
    let style = (FONT, FONT_SIZE).into_font().color(&TEXT);
    let (mut x, mut y) = (LEFT, 6);
    for (name, colour) in names.zip(colours) {
        let letters = i32::try_from(name.chars().count()).unwrap_or(i32::MAX / LETTER);
        let needed = 34 + letters * LETTER;
        if x > LEFT && x + needed > i32::try_from(width).unwrap_or(i32::MAX) {
            (x, y) = (LEFT, y + LINE_STEP);
        }
        strip.draw(&Rectangle::new([(x, y), (x + 10, y + 10)], colour.filled()))?;
        strip.draw(&Text::new(name.clone(), (x + 16, y - 2), style.clone()))?;
        x += needed;
    }
    Ok(())
}

fn builder<'a, 's>(root: &'a Area<'s>) -> ChartBuilder<'a, 's, SVGBackend<'s>> {
    let mut builder = ChartBuilder::on(root);
    builder
        .margin(6)
        .margin_right(14)
        .x_label_area_size(46)
        .y_label_area_size(60);
    builder
}

/// A number on an axis, without digits that say nothing.
fn plain(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    format!("{rounded}")
}

/// The largest number, at least a little.
fn largest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(1e-9, f64::max)
}

/// Where the axis ends, so that the highest value does not touch the edge.
fn room_above(top: f64) -> f64 {
    top * 1.05
}
