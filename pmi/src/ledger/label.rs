//! What a call is named by.

/// The verb that makes a call, and the type of the function that it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label {
    pub(crate) verb: &'static str,
    /// As `type_name` gives it; empty where no function of the user's runs.
    pub(crate) function: &'static str,
}

impl Label {
    /// The function for a reader: of each path in it the last two names, and whether it is a closure in them.
    pub(crate) fn short(&self) -> String {
        let mut out = String::new();
        let mut rest = self.function;
        while !rest.is_empty() {
            let end = rest.find(|c: char| "<>()[],;&* ".contains(c)).unwrap_or(rest.len());
            out += &shortened(&rest[..end]);
            rest = &rest[end..];
            let next = rest.chars().next().map_or(0, char::len_utf8);
            out += &rest[..next];
            rest = &rest[next..];
        }
        out
    }
}

/// The last two names of a path, and the closures behind them.
fn shortened(path: &str) -> String {
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
        assert_eq!(short("a::b::map<f64, (x::y::z, &str)>"), "b::map<f64, (y::z, &str)>");
        assert_eq!((short("main"), short("")), ("main".into(), String::new()));
    }
}
