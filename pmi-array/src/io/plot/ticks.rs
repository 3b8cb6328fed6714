//! Ends of axes, and the numbers beside them.

/// The ends of an axis for these numbers, with a margin of 5 % on both sides.
pub(super) fn with_margin(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let ends = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), x| (min.min(x), max.max(x)));
    match ends {
        (min, max) if min < max => {
            let margin = (max / 20.0 - min / 20.0).min(f64::MAX / 4.0);
            ((min - margin).max(f64::MIN / 4.0), (max + margin).min(f64::MAX / 4.0))
        }
        (min, max) if min == max => (min - min.abs().max(1.0) / 2.0, max + max.abs().max(1.0) / 2.0),
        _ => (0.0, 1.0),
    }
}

/// A number beside an axis, short.
pub(super) fn text(x: f64) -> String {
    let short = |text: String| match text.split_once('.') {
        Some((whole, part)) => {
            let part = part.trim_end_matches('0');
            if part.is_empty() { whole.into() } else { format!("{whole}.{part}") }
        }
        None => text,
    };
    match x.abs() {
        // What is left of a sum that should be nothing.
        size if size < 1e-300 => "0".into(),
        size if (1e-4..1e6).contains(&size) => {
            let decimals = (5 - size.log10().floor() as i32).max(0) as usize;
            short(format!("{x:.decimals$}"))
        }
        _ => {
            let text = format!("{x:.4e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            format!("{}e{exponent}", short(mantissa.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (-2.5, "-2.5"),
            (1000.0, "1000"),
            (123_456.0, "123456"),
            (2e6, "2e6"),
            (-1.5e-7, "-1.5e-7"),
            (1.0 / 3.0, "0.333333"),
        ];
        for (x, expected) in cases {
            assert_eq!(text(x), expected);
        }
    }

    #[test]
    fn axes_have_ends() {
        assert_eq!(with_margin([0.0, 10.0].into_iter()), (-0.5, 10.5));
        assert_eq!(with_margin([4.0].into_iter()), (2.0, 6.0));
        assert_eq!(with_margin([].into_iter()), (0.0, 1.0));
        let (min, max) = with_margin([f64::MIN, f64::MAX].into_iter());
        assert!((max - min).is_finite());
    }
}
