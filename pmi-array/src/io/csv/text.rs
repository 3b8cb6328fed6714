//! Rows of numbers as text, and back.

use crate::element::Real;
use ::csv::{ByteRecord, ReaderBuilder, Trim};
use std::fmt::Write;
use std::str::FromStr;

/// Appends rows of so many elements, which there may be none of.
pub(super) fn append_rows<T: Real>(elements: &[T], columns: usize, text: &mut String) {
    for row in elements.chunks(columns.max(1)) {
        for (column, x) in row.iter().enumerate() {
            let comma = if column > 0 { "," } else { "" };
            // As short as can be read back exactly.
            write!(text, "{comma}{x:?}").expect("a string can always grow");
        }
        text.push('\n');
    }
}

/// A line of names, quoted where that is needed.
pub(super) fn header(names: &[String]) -> Vec<u8> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(names).expect("memory can always be written");
    writer.into_inner().expect("memory can always be written")
}

/// What lines have.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) elements: Vec<T>,
    /// How many cells each row has; 0 where there are no rows.
    pub(super) columns: usize,
    /// The line of the first row, counted from 0.
    pub(super) first: u64,
}

/// What is wrong in a line, counted from 0.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub(super) line: u64,
    pub(super) what: String,
}

/// The rows of whole lines; empty lines are none.
pub(super) fn parse<T: Real + FromStr>(lines: &[u8]) -> Result<Rows<T>, Wrong> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(lines);
    let mut record = ByteRecord::new();
    let mut rows = Rows { elements: Vec::new(), columns: 0, first: 0 };
    // The position of a record is that of the empty lines before it.
    let line_of = |at: Option<&::csv::Position>| {
        let from = at.map_or(0, |at| at.byte() as usize);
        let empty = lines[from..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        lines[..from + empty].iter().filter(|byte| **byte == b'\n').count() as u64
    };
    loop {
        let more = reader.read_byte_record(&mut record);
        if !more.map_err(|error| Wrong { line: line_of(Some(reader.position())), what: error.to_string() })? {
            return Ok(rows);
        }
        let line = || line_of(record.position());
        if rows.columns == 0 {
            (rows.columns, rows.first) = (record.len(), line());
        }
        if record.len() != rows.columns {
            let what = format!("it has {} cells, the lines before have {}", record.len(), rows.columns);
            return Err(Wrong { line: line(), what });
        }
        for (column, cell) in record.iter().enumerate() {
            let element = element(cell).ok_or_else(|| {
                let (cell, name) = (String::from_utf8_lossy(cell), std::any::type_name::<T>());
                Wrong { line: line(), what: format!("column {}: {cell:?} is no {name}", column + 1) }
            })?;
            rows.elements.push(element);
        }
    }
}

/// The element of a cell: NaN of one that is empty, where there are NaNs.
fn element<T: Real + FromStr>(cell: &[u8]) -> Option<T> {
    if cell.is_empty() {
        return Some(T::from_double(f64::NAN)).filter(|x| x.is_nan());
    }
    let text = std::str::from_utf8(cell).ok()?;
    // Python's True is our true.
    text.parse().or_else(|_| text.to_lowercase().parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_bit_by_bit() {
        let numbers = [0.1, -0.0, 1e300, 5e-324, f64::MAX, f64::INFINITY, 1.0 / 3.0, 12.0];
        let mut text = String::new();
        append_rows(&numbers, 4, &mut text);
        assert!(text.starts_with("0.1,-0.0,1e300,5e-324\n"), "{text}");
        let rows = parse::<f64>(text.as_bytes()).unwrap();
        assert_eq!(rows.columns, 4);
        assert_eq!(rows.elements.map_bits(), numbers.to_vec().map_bits());
    }

    trait Bits {
        fn map_bits(&self) -> Vec<u64>;
    }

    impl Bits for Vec<f64> {
        fn map_bits(&self) -> Vec<u64> {
            self.iter().map(|x| x.to_bits()).collect()
        }
    }

    #[test]
    fn cells_of_other_writers() {
        let rows = parse::<f64>(b"\n\"1.5\", 2 ,\r\n\r\nnan,-inf,+3E2").unwrap();
        assert_eq!((rows.columns, rows.first, rows.elements[..2].to_vec()), (3, 1, vec![1.5, 2.0]));
        assert!(rows.elements[2].is_nan() && rows.elements[3].is_nan());
        assert_eq!(rows.elements[4..], [f64::NEG_INFINITY, 300.0]);
        assert_eq!(parse::<bool>(b"True,false\n").unwrap().elements, [true, false]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let wrong = |text: &str| parse::<i32>(text.as_bytes()).map(|rows| rows.elements).unwrap_err();
        assert_eq!(wrong("1,2\n3,x\n"), Wrong { line: 1, what: "column 2: \"x\" is no i32".into() });
        assert_eq!(wrong("1,2\n\n3,\n"), Wrong { line: 2, what: "column 2: \"\" is no i32".into() });
        assert_eq!(wrong("1,2\n3\n"), Wrong { line: 1, what: "it has 1 cells, the lines before have 2".into() });
        assert_eq!(wrong("1.5\n").what, "column 1: \"1.5\" is no i32");
    }
}
