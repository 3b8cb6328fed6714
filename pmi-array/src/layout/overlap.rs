//! What two parts of an array have in common, and where it is in each.

use super::indices::Indices;
use super::part::Part;
use std::ops::Range;

/// Indices that two sets have in common: `len` of them, contiguous in the axis and in both sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The local index of the first in the one set, and in the other.
    pub start: [usize; 2],
    /// How many.
    pub len: usize,
}

impl Span {
    fn moved(&self, step: [usize; 2], times: usize) -> Self {
        let start = [0, 1].map(|side| self.start[side] + times * step[side]);
        Self { start, ..*self }
    }

    /// The span without what is not in `range`, positions counted from the span's first index.
    fn cut(&self, range: Range<usize>) -> Self {
        Self { start: self.start.map(|start| start + range.start), len: range.len() }
    }

    fn scaled(&self, factor: usize) -> Self {
        Self { start: self.start.map(|start| start * factor), len: self.len * factor }
    }
}

/// The overlap of two sets of indices of one axis: spans, ascending.
///
/// Where both sets are periodic, so is their overlap, and its period is stored once: the memory it takes does not grow
/// with the axis.
#[derive(Debug, Clone, Default)]
pub struct Spans {
    sections: Vec<Section>,
    len: usize,
}

/// Spans that are repeated.
#[derive(Debug, Clone)]
struct Section {
    /// How many common indices precede the section.
    before: usize,
    spans: Vec<Span>,
    /// How many common indices precede each span inside the section.
    offsets: Vec<usize>,
    /// Common indices of one repetition.
    each: usize,
    repeat: usize,
    /// How far one repetition lies behind the one before, in both sets.
    step: [usize; 2],
}

/// The spans of two sets in a range of global indices.
struct Merge<'a> {
    sets: [&'a Indices; 2],
    at: usize,
    end: usize,
}

impl Iterator for Merge<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        while self.at < self.end {
            let [a, b] = self.sets.map(|set| set.run_from(self.at));
            let (a, b) = (a?, b?);
            let (start, end) = (a.start.max(b.start), a.end.min(b.end).min(self.end));
            if start < end {
                self.at = end;
                let start = self.sets.map(|set| set.position(start).expect("the run is the set's"));
                return Some(Span { start, len: end - self.sets[0].get(start[0]) });
            }
            self.at = start;
        }
        None
    }
}

impl Spans {
    pub(super) fn between(a: &Indices, b: &Indices) -> Self {
        let merge = |range: Range<usize>| Merge { sets: [a, b], at: range.start, end: range.end };
        let (start, end) = (a.start().max(b.start()), a.end().min(b.end()));
        let period = match (a.period(), b.period()) {
            (Some(a), Some(b)) => Some(common_multiple(a, b)),
            (a, b) => a.or(b),
        };
        let mut all = Self::default();
        // In `start..end` both sets are periodic: the first span is found within a period or nowhere.
        let first_end = period.map_or(end, |period| start.saturating_add(period).min(end));
        let Some(first) = merge(start..first_end).next() else { return all };
        // Periods are counted from the end of the first span: from there on none of them cuts a span in two.
        let origin = a.get(first.start[0]) + first.len;
        all.push(vec![first], 1, [0, 0]);
        let repeat = period.map_or(0, |period| (end - origin) / period);
        let mut rest = origin;
        if let Some(period) = period.filter(|_| repeat > 1) {
            let spans = merge(origin..origin + period).collect();
            all.push(spans, repeat, [a.within(period), b.within(period)]);
            rest += repeat * period;
        }
        all.push(merge(rest..end).collect(), 1, [0, 0]);
        all
    }

    /// The first `len` indices of both sets.
    fn same(len: usize) -> Self {
        let mut all = Self::default();
        all.push(vec![Span { start: [0, 0], len }], 1, [0, 0]);
        all
    }

    fn push(&mut self, mut spans: Vec<Span>, mut repeat: usize, step: [usize; 2]) {
        // Spans with a gap in the axis may have none in either set.
        spans.dedup_by(|next, last| {
            let joined = last.start.map(|start| start + last.len) == next.start;
            last.len += if joined { next.len } else { 0 };
            joined
        });
        if let [only] = &mut spans[..]
            && step == [only.len; 2]
        {
            only.len *= std::mem::replace(&mut repeat, 1);
        }
        let before = self.len;
        let mut each = 0;
        let before_span = |span: &Span| {
            each += span.len;
            each - span.len
        };
        let offsets = spans.iter().map(before_span).collect();
        if each > 0 {
            self.sections.push(Section { before, spans, offsets, each, repeat, step });
            self.len += each * repeat;
        }
    }

    /// How many indices the sets have in common.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether they have none in common.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The spans, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Span> {
        self.sections.iter().flat_map(|section| {
            let repetition = move |times| section.spans.iter().map(move |span| span.moved(section.step, times));
            (0..section.repeat).flat_map(repetition)
        })
    }

    /// The spans of the common indices number `range`, counted from the first of all.
    #[inline]
    fn for_each(&self, range: Range<usize>, mut f: impl FnMut(Span)) {
        for section in &self.sections {
            let end = range.end.min(section.before + section.each * section.repeat);
            let start = range.start.max(section.before);
            if start < end {
                section.for_each(start - section.before..end - section.before, &mut f);
            }
        }
    }

    /// The span, where there is one.
    fn single(&self) -> Option<Span> {
        match &self.sections[..] {
            [Section { spans, repeat: 1, .. }] if spans.len() == 1 => Some(spans[0]),
            _ => None,
        }
    }

    /// Whether the overlap is all of two sets of this length.
    fn is_all(&self, lens: [usize; 2]) -> bool {
        self.len == lens[0] && self.len == lens[1]
    }

    fn scaled(mut self, factor: usize) -> Self {
        for section in &mut self.sections {
            section.spans.iter_mut().for_each(|span| *span = span.scaled(factor));
            section.offsets.iter_mut().for_each(|offset| *offset *= factor);
            section.step = section.step.map(|step| step * factor);
            section.before *= factor;
            section.each *= factor;
        }
        self.len *= factor;
        self
    }
}

impl Section {
    #[inline]
    fn for_each(&self, range: Range<usize>, f: &mut impl FnMut(Span)) {
        if let [only @ Span { len: 1, .. }] = &self.spans[..] {
            // Cards: nothing to cut, and a length known to the compiler.
            let mut card = only.moved(self.step, range.start);
            for _ in range {
                f(Span { start: card.start, len: 1 });
                card = card.moved(self.step, 1);
            }
            return;
        }
        let (first, last) = (range.start / self.each, (range.end - 1) / self.each);
        for times in first..=last {
            let start = range.start.saturating_sub(times * self.each);
            let end = (range.end - times * self.each).min(self.each);
            if end - start == self.each {
                self.spans.iter().for_each(|span| f(span.moved(self.step, times)));
                continue;
            }
            let skip = self.offsets.partition_point(|offset| *offset <= start) - 1;
            for (span, offset) in self.spans[skip..].iter().zip(&self.offsets[skip..]) {
                if *offset >= end {
                    break;
                }
                let part = start.saturating_sub(*offset)..span.len.min(end - offset);
                f(span.cut(part).moved(self.step, times));
            }
        }
    }
}

/// The least common multiple, or more than any axis has where it cannot be counted.
fn common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor).saturating_mul(b)
}

/// The overlap of two parts of an array: the product of the overlaps of their axes. From [`Part::overlap`].
///
/// Its elements have numbers: their places in the C order of the overlap, the order in which they are sent.
#[derive(Debug, Clone)]
pub struct Overlap {
    axes: Vec<Spans>,
    /// What the elements are walked along: the axes without the last ones that are whole on both sides, which
    /// prolong the spans of the axis before them.
    walk: Vec<Level>,
    len: usize,
}

/// One axis of a walk.
#[derive(Debug, Clone)]
struct Level {
    spans: Spans,
    /// The distance of neighbours along the axis in the elements of each side.
    stride: [usize; 2],
    /// Elements of the overlap that one index of the axis stands for.
    inner: usize,
}

impl Overlap {
    pub(super) fn between(a: &Part, b: &Part) -> Self {
        assert!(
            a.axes().len() == b.axes().len(),
            "a part of {} axes and one of {} are not of one array",
            a.axes().len(),
            b.axes().len()
        );
        let axes: Vec<_> = a.axes().iter().zip(b.axes()).map(|(a, b)| a.overlap(b)).collect();
        let len = if a.is_empty() || b.is_empty() { 0 } else { axes.iter().map(Spans::len).product() };
        if len == 0 {
            return Self { axes, walk: Vec::new(), len };
        }
        let lens: Vec<[usize; 2]> = a.axes().iter().zip(b.axes()).map(|(a, b)| [a.len(), b.len()]).collect();
        let (mut divided, mut whole) = (axes.len(), 1);
        while divided > 0 && axes[divided - 1].is_all(lens[divided - 1]) {
            divided -= 1;
            whole *= lens[divided][0];
        }
        let mut walk = Vec::new();
        let (mut stride, mut inner) = ([whole; 2], whole);
        for axis in (0..divided).rev() {
            let last = walk.is_empty();
            let spans = if last { axes[axis].clone().scaled(whole) } else { axes[axis].clone() };
            walk.push(Level { spans, stride: if last { [1, 1] } else { stride }, inner: if last { 1 } else { inner } });
            stride = [0, 1].map(|side| stride[side] * lens[axis][side]);
            inner *= axes[axis].len();
        }
        if walk.is_empty() {
            walk.push(Level { spans: Spans::same(whole), stride: [1, 1], inner: 1 });
        }
        walk.reverse();
        Self { axes, walk, len }
    }

    /// How many elements the parts have in common.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether they have none in common.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The overlap of each axis.
    pub fn axes(&self) -> &[Spans] {
        &self.axes
    }

    /// Calls `f` for the elements number `range`, in runs that are contiguous on both sides: with the places of the
    /// first, in C order of each part, and how many there are.
    ///
    /// # Panics
    /// Where `range` goes beyond [`len`](Overlap::len).
    #[inline]
    pub fn for_each_run(&self, range: Range<usize>, mut f: impl FnMut([usize; 2], usize)) {
        assert!(range.end <= self.len, "elements {range:?} of an overlap of {}", self.len);
        if !range.is_empty() {
            walk(&self.walk, range, [0, 0], &mut f);
        }
    }
}

/// Walks the elements number `range` of the axes given, the outermost first, which begin at the places `base`.
fn walk(levels: &[Level], range: Range<usize>, base: [usize; 2], f: &mut impl FnMut([usize; 2], usize)) {
    let [level, rest @ ..] = levels else { return };
    if rest.is_empty() {
        level.spans.for_each(range, |span| f([base[0] + span.start[0], base[1] + span.start[1]], span.len));
        return;
    }
    let inner = level.inner;
    let (mut index, last) = (range.start / inner, (range.end - 1) / inner);
    let single = if let [only] = rest { only.spans.single() } else { None };
    level.spans.for_each(index..last + 1, |span| {
        for i in 0..span.len {
            let base = [0, 1].map(|side| base[side] + (span.start[side] + i) * level.stride[side]);
            let (start, end) = (range.start.saturating_sub(index * inner), (range.end - index * inner).min(inner));
            match single {
                // One run in each row, as short as an element: the way through the levels would take longer.
                Some(run) => f([base[0] + run.start[0] + start, base[1] + run.start[1] + start], end - start),
                None => walk(rest, start..end, base, f),
            }
            index += 1;
        }
    });
}
