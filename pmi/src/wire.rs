//! The binary form of arguments, results and commands: serde values in [postcard](https://docs.rs/postcard).

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::thread::LocalKey;

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a value has no binary form, or bytes are not a value.
#[derive(Debug)]
pub(crate) struct Error {
    cause: postcard::Error,
    note: Option<String>,
}

impl Error {
    fn new(cause: postcard::Error) -> Self {
        Self { cause, note: NOTE.take() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.note {
            Some(note) => f.write_str(note),
            None => self.cause.fmt(f),
        }
    }
}

thread_local! {
    /// What a `Serialize` or `Deserialize` of this crate has to say of its failure: postcard drops the texts of
    /// custom errors.
    static NOTE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether the bytes being decoded are what a task of this world has sent.
    static SENT: Cell<bool> = const { Cell::new(false) };
    /// Whether the value being encoded is to be sent to a task.
    static SENDING: Cell<bool> = const { Cell::new(false) };
}

/// Decodes what a task of this world has sent with a verb.
pub(crate) fn decode_sent<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    sent(|| decode(bytes))
}

/// As [`take`], of what a task of this world has sent with a verb.
pub(crate) fn take_sent<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8])> {
    sent(|| take(bytes))
}

fn sent<R>(decode: impl FnOnce() -> R) -> R {
    with(&SENT, decode)
}

/// Runs `f`, during which `flag` is set.
fn with<R>(flag: &'static LocalKey<Cell<bool>>, f: impl FnOnce() -> R) -> R {
    /// Puts back what was, also when a user's `Serialize` or `Deserialize` panics.
    struct Restore(&'static LocalKey<Cell<bool>>, bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            self.0.set(self.1);
        }
    }
    let _restore = Restore(flag, flag.replace(true));
    f()
}

/// Whether the value that this thread deserialises was sent by a verb. For a `Deserialize` that means something else, or nothing, elsewhere.
pub fn reading_what_was_sent() -> bool {
    SENT.get()
}

/// Whether the value that this thread serialises is to be sent to a task. For a `Serialize` that means something else, or
/// nothing, elsewhere.
pub fn writing_what_is_sent() -> bool {
    SENDING.get()
}

/// Says why the value that is being serialised or deserialised fails; returns the text for serde's own error.
pub(crate) fn note(text: String) -> String {
    NOTE.set(Some(text.clone()));
    text
}

/// Appends `value` to `out`.
pub(crate) fn append<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<()> {
    struct Append<'a>(&'a mut Vec<u8>);
    impl Flavor for Append<'_> {
        type Output = ();
        fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
            self.0.push(byte);
            Ok(())
        }
        fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
        fn finalize(self) -> postcard::Result<()> {
            Ok(())
        }
    }
    with(&SENDING, || postcard::serialize_with_flavor(value, Append(out))).map_err(Error::new)
}

/// The bytes of `value`.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    append(value, &mut out)?;
    Ok(out)
}

/// The value whose bytes are exactly `bytes`.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    match take(bytes)? {
        (value, []) => Ok(value),
        _ => Err(Error::new(postcard::Error::DeserializeBadEncoding)),
    }
}

/// The value at the start of `bytes`, and the bytes behind it.
pub(crate) fn take<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8])> {
    postcard::take_from_bytes(bytes).map_err(Error::new)
}

/// Appends `value` so that [`split`] finds it behind whatever stands before it.
pub(crate) fn append_behind<T: Serialize>(value: &T, frame: &mut Vec<u8>) -> Result<()> {
    let before = frame.len();
    append(value, frame)?;
    let len = (frame.len() - before) as u64;
    frame.extend_from_slice(&len.to_le_bytes());
    Ok(())
}

/// The value at the end of a frame, and the bytes before it.
pub(crate) fn split<T: DeserializeOwned>(frame: &[u8]) -> Result<(T, &[u8])> {
    let short = || Error::new(postcard::Error::DeserializeUnexpectedEnd);
    let (rest, len) = frame.split_last_chunk().ok_or_else(short)?;
    let before = rest.len().checked_sub(u64::from_le_bytes(*len) as usize).ok_or_else(short)?;
    let (bytes, value) = rest.split_at(before);
    Ok((decode(value)?, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_leftover_bytes_are_refused() {
        let value = (3.5f64, vec![1u32, 2], Some("text".to_string()));
        let mut bytes = encode(&value).unwrap();
        assert_eq!(decode::<(f64, Vec<u32>, Option<String>)>(&bytes).unwrap(), value);
        bytes.push(0);
        assert!(decode::<(f64, Vec<u32>, Option<String>)>(&bytes).is_err());
        assert_eq!(take::<(f64, Vec<u32>, Option<String>)>(&bytes).unwrap().1, [0]);
    }

    #[test]
    fn a_value_stands_behind_other_bytes() {
        let mut frame = vec![7, 8];
        append_behind(&300u32, &mut frame).unwrap();
        assert_eq!(split::<u32>(&frame).unwrap(), (300, &[7, 8][..]));
        assert!(split::<u32>(&frame[..4]).is_err() && split::<u32>(&[9, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }
}
