//! The header of an `.npy` file: [NEP 1](https://numpy.org/neps/nep-0001-npy-format.html) and the documentation of
//! `numpy.lib.format`.
//!
//! A magic string, a version, the length of what follows, and a dictionary in Python's notation: the type of the
//! elements, whether they are in Fortran's order, and the shape.

use crate::element::Element;
use crate::io::dtype::Dtype;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

const MAGIC: &[u8] = b"\x93NUMPY";
/// The elements begin at a multiple of so many bytes, for those who map the file into memory.
const ALIGNMENT: usize = 64;
/// A longer header is taken for nonsense: that of 32 axes has less than 1 KiB.
const LONGEST: usize = 1 << 20;
/// How the bytes of a number are ordered on this machine.
const NATIVE: char = if cfg!(target_endian = "little") { '<' } else { '>' };

/// What the file says of its array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The type of the elements, such as `<f8`.
    pub(super) descr: String,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
    /// Where the elements begin.
    pub(super) start: u64,
}

impl Header {
    /// The bytes before the elements of an array of `T`.
    pub(super) fn bytes<T: Element>(shape: &[usize], fortran_order: bool) -> Vec<u8> {
        let Dtype { code, word, .. } = Dtype::of::<T>();
        let order = if word == 1 { '|' } else { NATIVE };
        let fortran_order = if fortran_order { "True" } else { "False" };
        let lengths: Vec<_> = shape.iter().map(usize::to_string).collect();
        // A tuple of one has a comma.
        let shape = lengths.join(", ") + if lengths.len() == 1 { "," } else { "" };
        let text = format!("{{'descr': '{order}{code}', 'fortran_order': {fortran_order}, 'shape': ({shape}), }}");
        // Magic string, version, length, text, newline.
        let prefix = MAGIC.len() + 4;
        let total = (prefix + text.len() + 1).next_multiple_of(ALIGNMENT);
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        // An array has too few axes for version 2, which is for texts of 64 KiB and more.
        bytes.extend(u16::try_from(total - prefix).expect("the lengths of an array's axes fit").to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.resize(total - 1, b' ');
        bytes.push(b'\n');
        bytes
    }

    /// The header of a file.
    pub(super) fn read(file: &File) -> io::Result<Self> {
        let mut prefix = [0; 8];
        let read = |bytes: &mut [u8], at| {
            file.read_exact_at(bytes, at).map_err(|cause| match cause.kind() {
                io::ErrorKind::UnexpectedEof => corrupt("it ends in the middle of the header of an .npy file"),
                _ => cause,
            })
        };
        read(&mut prefix, 0)?;
        if !prefix.starts_with(MAGIC) {
            return Err(corrupt("it is no .npy file: it does not begin with \\x93NUMPY"));
        }
        let (len, from) = match prefix[6] {
            1 => {
                let mut len = [0; 2];
                read(&mut len, 8)?;
                (usize::from(u16::from_le_bytes(len)), 10)
            }
            2 | 3 => {
                let mut len = [0; 4];
                read(&mut len, 8)?;
                (u32::from_le_bytes(len) as usize, 12)
            }
            other => return Err(corrupt(format!("it has version {other} of the .npy format; 1 to 3 can be read"))),
        };
        if len > LONGEST {
            return Err(corrupt(format!("its header shall have {len} bytes: it is corrupt")));
        }
        let mut text = vec![0; len];
        read(&mut text, from)?;
        let start = from + len as u64;
        // Version 1 and 2 are in Latin 1; what is not ASCII can only be in names of fields.
        let text = String::from_utf8_lossy(&text);
        let header = Self::parse(&text, start);
        header.ok_or_else(|| corrupt(format!("its header makes no sense: {}", text.trim().escape_debug())))
    }

    fn parse(text: &str, start: u64) -> Option<Self> {
        let mut rest = Text(text).skip('{')?;
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        while rest.skip('}').is_none() {
            let (key, value) = rest.string()?;
            let value = value.skip(':')?;
            rest = match key {
                "descr" => take(value.descr(), &mut descr)?,
                "fortran_order" => take(value.truth(), &mut fortran_order)?,
                "shape" => take(value.lengths(), &mut shape)?,
                _ => return None,
            };
            match rest.skip(',') {
                Some(next) => rest = next,
                None => _ = rest.skip('}')?,
            }
        }
        Some(Self { descr: descr?, fortran_order: fortran_order?, shape: shape?, start })
    }

    /// How to read the elements as `T`: whether the bytes of numbers are to be turned round. The text says why not.
    pub(super) fn swapped<T: Element>(&self) -> Result<bool, String> {
        let (order, code) = self.descr.split_at_checked(1).unwrap_or_default();
        let wanted = Dtype::of::<T>();
        let Some(found) = Dtype::with_code(code).filter(|_| matches!(order, "<" | ">" | "|" | "=")) else {
            let descr = &self.descr;
            return Err(format!("its elements are {descr}, in NumPy's notation, which no element type here is"));
        };
        if let Some(text) = found.is_not(wanted) {
            return Err(text);
        }
        Ok(wanted.word > 1 && matches!(order, "<" | ">") && !order.starts_with(NATIVE))
    }
}

fn take<'a, V>(found: Option<(V, Text<'a>)>, to: &mut Option<V>) -> Option<Text<'a>> {
    let (value, rest) = found?;
    *to = Some(value);
    Some(rest)
}

pub(super) fn corrupt(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// What is still to be read of a dictionary.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// What comes behind a character, and blanks before it.
    fn skip(self, what: char) -> Option<Self> {
        self.0.trim_start().strip_prefix(what).map(Text)
    }

    /// A string without escapes.
    fn string(self) -> Option<(&'a str, Self)> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (string, rest) = text[1..].split_once(quote)?;
        Some((string, Text(rest)))
    }

    /// A string, or the list that describes a record, as it stands.
    fn descr(self) -> Option<(String, Self)> {
        if let Some((string, rest)) = self.string() {
            return Some((string.into(), rest));
        }
        let text = self.0.trim_start();
        let mut depth = 0;
        for (at, c) in text.char_indices() {
            depth += match c {
                '[' | '(' => 1,
                ']' | ')' => -1,
                _ => 0,
            };
            match depth {
                0 if at == 0 => return None,
                0 => return Some((text[..=at].into(), Text(&text[at + 1..]))),
                _ => {}
            }
        }
        None
    }

    fn truth(self) -> Option<(bool, Self)> {
        let text = self.0.trim_start();
        let known = |word, truth| text.strip_prefix(word).map(|rest| (truth, Text(rest)));
        known("True", true).or(known("False", false))
    }

    /// A tuple of lengths, which Python 2 ended with an L.
    fn lengths(self) -> Option<(Vec<usize>, Self)> {
        let (inside, rest) = self.skip('(')?.0.split_once(')')?;
        let mut lengths: Vec<_> = inside.split(',').map(str::trim).collect();
        if lengths.last().is_some_and(|last| last.is_empty()) {
            lengths.pop();
        }
        let length = |text: &str| text.strip_suffix('L').unwrap_or(text).parse().ok();
        Some((lengths.into_iter().map(length).collect::<Option<_>>()?, Text(rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex;

    fn parsed(text: &str) -> Option<(String, bool, Vec<usize>)> {
        Header::parse(text, 0).map(|header| (header.descr, header.fortran_order, header.shape))
    }

    #[test]
    fn headers_are_as_numpy_writes_them() {
        let bytes = Header::bytes::<f64>(&[3, 4], false);
        let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }";
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(bytes.len(), 128);
        assert_eq!(std::str::from_utf8(&bytes[10..]).unwrap(), format!("{text:<117}\n"));
        for shape in [&[][..], &[0], &[7], &[usize::MAX; 40]] {
            let bytes = Header::bytes::<bool>(shape, true);
            assert!(bytes.len().is_multiple_of(64) && bytes.ends_with(b"\n"));
            let text = std::str::from_utf8(&bytes[10..]).unwrap();
            assert_eq!(parsed(text), Some(("|b1".into(), true, shape.to_vec())));
        }
    }

    #[test]
    fn dictionaries_of_other_writers_are_read() {
        let expected = Some((">c16".to_string(), false, vec![5, 6]));
        assert_eq!(parsed(r#"{"shape":(5L,6L),"fortran_order":False,"descr":">c16"}"#), expected);
        assert_eq!(parsed("{ 'fortran_order': False , 'descr': '>c16', 'shape': ( 5 , 6, ) , }  \n"), expected);
        let record = "{'descr': [('a', '<f8'), ('b', '<i4', (2,))], 'fortran_order': False, 'shape': (), }";
        assert_eq!(parsed(record), Some(("[('a', '<f8'), ('b', '<i4', (2,))]".into(), false, vec![])));
        for nonsense in [
            "",
            "{",
            "{}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, -4), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4, }",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (3, 4), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4)",
            "{'descr': '<f8', 'fortran_order': False 'shape': (3, 4)}",
            "{'descr': '<f8, 'fortran_order': False, 'shape': (3, 4)}",
            "{'descr': [('a', '<f8'), 'fortran_order': False, 'shape': (3, 4)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': '<f8', 'fortran_order': False, 'size': (3,)}",
        ] {
            assert_eq!(parsed(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn types_are_those_of_the_file() {
        let of = |descr: &str| Header { descr: descr.into(), fortran_order: false, shape: vec![], start: 0 };
        assert_eq!(of("<f8").swapped::<f64>(), Ok(cfg!(target_endian = "big")));
        assert_eq!(of(">c8").swapped::<Complex<f32>>(), Ok(cfg!(target_endian = "little")));
        assert_eq!(of("|b1").swapped::<bool>(), Ok(false));
        assert_eq!(of("<i1").swapped::<i8>(), Ok(false));
        let other = of("<f4").swapped::<f64>().unwrap_err();
        assert!(other.contains("float32, not f64") && other.contains("astype::<f64>()"), "{other}");
        for unknown in ["", "<", "|O", "<U5", "<M8[ns]", "f8", "[('a', '<f8')]", "é"] {
            let error = of(unknown).swapped::<f64>().unwrap_err();
            assert!(error.contains(&format!("are {unknown},")), "{error}");
        }
    }
}
