//! The order of the layers, and the length of files.
//!
//! `lib.rs` of each crate lists its modules bottom-up; a module may import those above it in the list, and itself.

use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 4] = ["pmi/macros", "pmi", "pmi-array", "pmi-linalg"];
const LONGEST: usize = 500;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The modules that a `lib.rs` lists, in its order.
fn modules(lib: &str) -> Vec<String> {
    let name = |line: &str| {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_string())
    };
    lib.lines().filter_map(name).collect()
}

/// The imports of `text`, a file of module `of`, that are against the order.
fn wrong_imports(order: &[String], of: &str, text: &str) -> Vec<String> {
    let rank = |module: &str| order.iter().position(|listed| listed == module);
    let own = rank(of).unwrap_or_else(|| panic!("module {of} is not listed in lib.rs"));
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let mut wrong = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
            continue;
        }
        let path = &code[at + "crate::".len()..];
        // `crate::a::b`, or each of `crate::{a::b, c}`.
        let list = match path.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => path.split([';', ' ', '(', ',', ')', '>', '<']).next().unwrap_or_default(),
        };
        for import in list.split(',') {
            let module = import.trim().split("::").next().unwrap_or_default();
            if rank(module).is_some_and(|rank| rank > own) {
                wrong.push(format!("{of} imports {module}, which is above it"));
            }
        }
    }
    wrong
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for name in CRATES {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(name).join("src");
        let order = modules(&fs::read_to_string(source.join("lib.rs")).unwrap());
        assert!(!order.is_empty(), "{name}/src/lib.rs lists no modules");
        for path in sources(&source) {
            let inside = path.strip_prefix(&source).unwrap();
            let module = inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
            if module != "lib" {
                let text = fs::read_to_string(&path).unwrap();
                wrong.extend(
                    wrong_imports(&order, module, &text).into_iter().map(|w| format!("{}: {w}", path.display())),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the order of lib.rs:\n{}", wrong.join("\n"));
}

#[test]
fn an_import_against_the_order_is_found() {
    let order = modules("mod low;\npub mod middle;\nmod high;\n");
    assert_eq!(order, ["low", "middle", "high"]);
    let found = |text: &str| wrong_imports(&order, "middle", text).len();
    assert_eq!(found("use crate::low::A;\nuse crate::middle::B;\n// crate::high is not used\n"), 0);
    assert_eq!(found("use crate::high::A;"), 1);
    assert_eq!(found("use crate::{low::A, high};\nfn f() { crate::high::g() }"), 2);
}

#[test]
fn files_stay_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders =
        CRATES.iter().map(|name| root.join(name)).chain(["examples", "benches", "tests"].map(|f| root.join(f)));
    let lines = |path: &PathBuf| fs::read_to_string(path).unwrap().lines().count();
    let long: Vec<_> = folders.flat_map(|folder| sources(&folder)).filter(|path| lines(path) > LONGEST).collect();
    assert!(long.is_empty(), "files of more than {LONGEST} lines, each wants to be two: {long:?}");
}
