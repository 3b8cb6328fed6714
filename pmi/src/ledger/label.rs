//! What a call is named by.

/// The verb that makes a call, and the type of the function that it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label {
    pub(crate) verb: &'static str,
    /// As `type_name` gives it; empty where no function of the user's runs.
    pub(crate) function: &'static str,
}

impl Label {
    /// The function for a reader: the last two names of its path, without type parameters, and whether it is a closure in
    /// them. Where it has a function of another crate for a parameter it is a library's, which runs that for its user:
    /// then the library's name without closures, and the user's in parentheses.
    pub(crate) fn short(&self) -> String {
        let (path, parameters) = split(self.function);
        let home = path.split("::").next();
        let given = parameters.split(|c| "<>()[],;&* ".contains(c)).find(|part| {
            let (mut names, last) = (part.split("::"), part.rsplit("::").next().unwrap_or_default());
            let of = names.next().filter(|of| !of.is_empty() && names.next().is_some());
            of.is_some() && of != home && last.starts_with(|c: char| c == '{' || c.is_lowercase())
        });
        match given {
            Some(given) => format!("{}({})", last_names(path.split("::{{").next().unwrap_or(&path)), last_names(given)),
            None => last_names(&path),
        }
    }
}

/// A path without type parameters, and these. Of `<impl Type>` and `<Type as Trait>` the path has the type's name.
fn split(function: &str) -> (String, String) {
    let (mut path, mut parameters, mut rest) = (String::new(), String::new(), function);
    while let Some(open) = rest.find('<') {
        path += &rest[..open];
        let (inner, behind) = bracketed(&rest[open..]);
        if path.is_empty() || path.ends_with("::") {
            let inner = inner.strip_prefix("impl ").unwrap_or(inner);
            let (of, more) = split(inner.rsplit(" for ").next().unwrap_or(inner));
            path += of.split(" as ").next().and_then(|of| of.rsplit("::").next()).unwrap_or_default();
            parameters += &more;
        } else {
            parameters += inner;
        }
        parameters.push(',');
        rest = behind;
    }
    (path + rest, parameters)
}

/// What stands in the bracket that a text starts with, and what behind it.
fn bracketed(text: &str) -> (&str, &str) {
    let (mut depth, mut before) = (0, ' ');
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            // Not that of an arrow.
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[1..at], &text[at + 1..]);
        }
        before = c;
    }
    (&text[1..], "")
}

/// The last two names of a path, and the closures behind them.
fn last_names(path: &str) -> String {
    let parts: Vec<_> = path.split("::").collect();
    let names = parts.iter().rposition(|part| !part.starts_with("{{")).map_or(0, |last| last.saturating_sub(1));
    parts[names..].join("::").replace("{{", "{").replace("}}", "}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_short() {
        let short = |function| Label { verb: "call", function }.short();
        assert_eq!(short("a::b::c::step"), "c::step");
        assert_eq!(short("a::b::step::{{closure}}"), "b::step::{closure}");
        assert_eq!(short("a::b::step::{{closure}}::{{closure}}"), "b::step::{closure}::{closure}");
        assert_eq!(short("a::b::map<f64, (x::y::Z, fn(u8) -> u8)>::{{closure}}"), "b::map::{closure}");
        assert_eq!((short("main"), short("")), ("main".into(), String::new()));
    }

    #[test]
    fn methods_have_the_name_of_their_type() {
        let short = |function| Label { verb: "call", function }.short();
        assert_eq!(short("a::b::Type<u8>::step<f64>::{{closure}}"), "Type::step::{closure}");
        assert_eq!(short("a::b::<impl a::c::Type<u32, d::E<[usize; 2]>>>::step"), "Type::step");
        assert_eq!(short("<a::b::Type<u8> as c::Trait<a::D>>::step"), "Type::step");
        assert_eq!(short("a::b::<impl c::Trait for a::Type<u8>>::step"), "Type::step");
    }

    #[test]
    fn a_function_of_the_users_is_named() {
        let short = |function| Label { verb: "call", function }.short();
        let map = "lib::map::<impl lib::Array<u8>>::map<f64, lib::Code<app::main::{{closure}}>>::{{closure}}";
        assert_eq!(short(map), "Array::map(app::main::{closure})");
        assert_eq!(short("lib::map<lib::add, app::b::twice<u8>, app::c>"), "lib::map(b::twice)");
        assert_eq!(short("lib::map<lib::sum::{{closure}}>"), "lib::map");
    }
}
