//! Chrome's trace format: <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>.

use super::recorder::{Event, Record};
use std::fmt;
use std::io::{self, Write};

/// A span of a trace, in nanoseconds.
struct Span<'a> {
    name: &'a str,
    category: &'static str,
    start: u64,
    length: u64,
    bytes: Option<u64>,
}

/// Writes the records as a trace, with one thread for each task.
pub(super) fn write(tasks: &[Record], out: &mut impl Write) -> io::Result<()> {
    let first = |task: &Record| task.events.iter().map(|event| event.start).min().map(|at| time(task, at));
    let zero = tasks.iter().filter_map(first).min().unwrap_or(0);
    let dropped: u64 = tasks.iter().map(|task| task.dropped).sum();
    writeln!(out, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{{\"dropped\":{dropped}}},\"traceEvents\":[")?;
    write!(out, "{{\"ph\":\"M\",\"pid\":0,\"name\":\"process_name\",\"args\":{{\"name\":\"pmi\"}}}}")?;
    for (rank, task) in tasks.iter().enumerate() {
        let meta = format!("\"ph\":\"M\",\"pid\":0,\"tid\":{rank},\"name\"");
        write!(out, ",\n{{{meta}:\"thread_name\",\"args\":{{\"name\":\"task {rank}\"}}}}")?;
        write!(out, ",\n{{{meta}:\"thread_sort_index\",\"args\":{{\"sort_index\":{rank}}}}}")?;
        let mut spans: Vec<_> = task.events.iter().flat_map(|event| spans(task, event)).collect();
        // What contains others comes before them.
        spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.length)));
        for Span { name, category, start, length, bytes } in spans {
            let (name, start, length) = (Text(name), Micros(start - zero), Micros(length));
            write!(out, ",\n{{\"ph\":\"X\",\"pid\":0,\"tid\":{rank},\"ts\":{start},\"dur\":{length},")?;
            write!(out, "\"cat\":\"{category}\",\"name\":{name}")?;
            if let Some(bytes) = bytes {
                write!(out, ",\"args\":{{\"bytes\":{bytes}}}")?;
            }
            out.write_all(b"}")?;
        }
    }
    out.write_all(b"\n]}\n")
}

/// A task's time as one of all tasks.
fn time(task: &Record, at: u64) -> u64 {
    task.start.as_nanos() as u64 + at
}

/// The span of an event, and that of the function it ran.
fn spans<'a>(task: &'a Record, event: &Event) -> impl Iterator<Item = Span<'a>> {
    let row = &task.rows[event.row as usize];
    let category = if row.is_verb { "verb" } else { "comm" };
    let (start, length, bytes) = (time(task, event.start), event.length, Some(event.bytes));
    let whole = Span { name: &row.name, category, start, length, bytes };
    let run = event.run.filter(|_| !row.function.is_empty()).map(|(start, length)| Span {
        name: &row.function,
        category: "function",
        start: time(task, start),
        length,
        bytes: None,
    });
    std::iter::once(whole).chain(run)
}

/// Nanoseconds, written as microseconds.
struct Micros(u64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// A text, written as JSON.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_times_exact() {
        assert_eq!(Text("a\"b\\c\n\u{e9}").to_string(), "\"a\\\"b\\\\c\\u000a\u{e9}\"");
        assert_eq!(Micros(1_002_003).to_string(), "1002.003");
    }
}
