//! What cannot be stored: `Some` of what CBOR has as its null, which is `None`, and values deep within others.

use serde::Serialize;
use serde::ser::{
    self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};
use std::fmt::{self, Display};

/// How many values may be around one: stacks have an end.
pub(super) const DEEPEST: usize = 256;

/// Says where in a value there is a `Some` that would come back as `None`, or one within too many others. Goes no deeper
/// than that.
pub(super) fn check<S: Serialize + ?Sized>(value: &S) -> Result<(), String> {
    value.serialize(Look::default()).map(|_| ()).map_err(|found| found.to_string())
}

/// Why a value cannot be stored, and where in it.
#[derive(Debug)]
struct Found {
    path: String,
    text: String,
}

impl Found {
    fn within(mut self, part: impl Display) -> Self {
        self.path.insert_str(0, &part.to_string());
        self
    }
}

impl Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 200;
        match self.path.trim_start_matches('.') {
            "" => f.write_str(&self.text),
            path if path.len() > LONGEST => {
                let start: String = path.chars().take(LONGEST / 5).collect();
                write!(f, "{start}..: {}", self.text)
            }
            path => write!(f, "{path}: {}", self.text),
        }
    }
}

impl std::error::Error for Found {}

impl ser::Error for Found {
    fn custom<T: Display>(text: T) -> Self {
        Self { path: String::new(), text: text.to_string() }
    }
}

/// Goes through a value; whether it is stored as null.
#[derive(Default)]
struct Look {
    /// How many values are around it.
    depth: usize,
    /// How many of what leaves nothing in the file: `Some`, and structs of one value without a name.
    bare: usize,
}

impl Look {
    /// For the parts of a value.
    fn parts(self) -> Parts {
        Parts { depth: self.depth + 1, bare: self.bare, count: 0 }
    }

    /// For the value in one that leaves nothing.
    fn inside(self) -> Result<Self, Found> {
        // Such a one in each, and in each of these another.
        if self.bare == 2 * DEEPEST { Err(too_deep()) } else { Ok(Self { bare: self.bare + 1, ..self }) }
    }
}

fn too_deep() -> Found {
    ser::Error::custom(format!("a value within more than {DEEPEST} others: store a Vec, not a list of links"))
}

/// Goes through the parts of a value, of which it counts those without names.
struct Parts {
    depth: usize,
    bare: usize,
    count: usize,
}

impl Parts {
    fn look(&self) -> Result<Look, Found> {
        if self.depth > DEEPEST { Err(too_deep()) } else { Ok(Look { depth: self.depth, bare: self.bare }) }
    }

    fn next<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Found> {
        let number = self.count;
        self.count += 1;
        value.serialize(self.look()?).map(|_| ()).map_err(|found| found.within(format_args!("[{number}]")))
    }

    fn named<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Found> {
        value.serialize(self.look()?).map(|_| ()).map_err(|found| found.within(format_args!(".{name}")))
    }
}

macro_rules! something {
    ($($method:ident($type:ty))*) => {
        $(fn $method(self, _: $type) -> Result<bool, Found> { Ok(false) })*
    };
}

impl Serializer for Look {
    type Ok = bool;
    type Error = Found;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    something! {
        serialize_bool(bool) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_f32(f32) serialize_f64(f64)
    }

    fn serialize_none(self) -> Result<bool, Found> {
        Ok(true)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<bool, Found> {
        if !value.serialize(self.inside()?)? {
            return Ok(false);
        }
        let text = "a Some(None) or Some(()) would come back as None: say it with an enum of your own";
        Err(ser::Error::custom(text))
    }

    fn serialize_unit(self) -> Result<bool, Found> {
        Ok(true)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<bool, Found> {
        Ok(true)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<bool, Found> {
        Ok(false)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<bool, Found> {
        value.serialize(self.inside()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<bool, Found> {
        self.parts().named(variant, value).map(|()| false)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, Found> {
        Ok(self.parts())
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, Found> {
        Ok(self.parts())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts, Found> {
        Ok(self.parts())
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Parts, Found> {
        // A map of the variant's name to its parts.
        Ok(self.parts().look()?.parts())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts, Found> {
        Ok(self.parts())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts, Found> {
        Ok(self.parts())
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Parts, Found> {
        // A map of the variant's name to its parts.
        Ok(self.parts().look()?.parts())
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! parts {
    ($($trait:ident: $method:ident($($name:ident)?) $next:ident)*) => {$(
        impl $trait for Parts {
            type Ok = bool;
            type Error = Found;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Result<(), Found> {
                self.$next($($name,)? value)
            }

            fn end(self) -> Result<bool, Found> {
                Ok(false)
            }
        }
    )*};
}

parts! {
    SerializeSeq: serialize_element() next
    SerializeTuple: serialize_element() next
    SerializeTupleStruct: serialize_field() next
    SerializeTupleVariant: serialize_field() next
    SerializeStruct: serialize_field(name) named
    SerializeStructVariant: serialize_field(name) named
}

impl SerializeMap for Parts {
    type Ok = bool;
    type Error = Found;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Found> {
        key.serialize(self.look()?).map(|_| ())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Found> {
        self.next(value)
    }

    fn end(self) -> Result<bool, Found> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    enum Kind {
        Pair(u8, Option<Option<u8>>),
        Fields { one: Option<()> },
        New(Option<Unit>),
    }

    #[derive(Serialize)]
    struct State {
        step: u8,
        kinds: Vec<Kind>,
        named: BTreeMap<String, Option<Option<f64>>>,
    }

    #[test]
    fn options_of_nothing_are_found() {
        let state =
            |kind, named| State { step: 1, kinds: vec![Kind::New(None), kind], named: [("x".into(), named)].into() };
        let found = |kind, named| check(&state(kind, named)).unwrap_err();
        assert_eq!(check(&state(Kind::Pair(0, None), Some(Some(1.0)))), Ok(()));
        assert_eq!(check(&state(Kind::Pair(0, Some(Some(2))), None)), Ok(()));
        assert_eq!(check(&(Some("x"), (), Unit, Some([(); 2]), Some(Vec::<u8>::new()))), Ok(()));
        let places = [
            (Kind::Pair(0, Some(None)), None, "kinds[1][1]: a Some(None)"),
            (Kind::Fields { one: Some(()) }, None, "kinds[1].one: "),
            (Kind::New(Some(Unit)), None, "kinds[1].New: "),
            (Kind::Fields { one: None }, Some(None), "named[0]: "),
        ];
        for (kind, named, place) in places {
            let text = found(kind, named);
            assert!(text.starts_with(place), "{text}");
        }
        assert!(check(&Some(())).unwrap_err().starts_with("a Some(None)"));
    }

    #[test]
    fn links_end() {
        #[derive(Serialize)]
        struct Link(Option<Box<Link>>);
        let chain = |len: usize| (1..len).fold(Link(None), |link, _| Link(Some(Box::new(link))));
        assert!(check(&chain(10)).unwrap_err().contains("a Some(None)"));
        // The end of the long one is not for the stack.
        let long = std::mem::ManuallyDrop::new(chain(1_000_000));
        assert!(check(&*long).unwrap_err().contains("more than 256 others"));
        let nested =
            |len: usize| (0..len).fold(ciborium::Value::Array(vec![]), |inner, _| ciborium::Value::Array(vec![inner]));
        assert_eq!(check(&nested(256)), Ok(()));
        let text = check(&nested(257)).unwrap_err();
        assert!(text.starts_with("[0][0]") && text.contains("..: a value within more than 256 others"), "{text}");
    }
}
