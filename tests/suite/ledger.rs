//! The ledger: counts against formulas, times, the trace.

use crate::{Case, cases};
use pmi::{Group, Ledger, Task, op};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        verbs_count_commands_and_replies
        collectives_count_as_documented
        messages_count_for_their_sender
        values_and_ragged_data_count_what_they_consist_of
        split_communicators_and_groups_count
        times_are_those_of_the_tasks
        a_wait_that_is_given_up_counts
        functions_have_their_names
        recording_starts_and_stops
        the_trace_is_nested_and_on_one_clock
        a_world_writes_its_trace_when_it_ends
        a_world_that_never_recorded_has_no_ledger
    ]
}

/// What happens in `f`.
fn recorded(f: impl FnOnce()) -> Ledger {
    pmi::record(true).unwrap();
    f();
    let ledger = pmi::ledger().unwrap();
    pmi::record(false).unwrap();
    ledger
}

fn size() -> usize {
    pmi::size().unwrap()
}

fn verbs_count_commands_and_replies() {
    let others = size() as u64 - 1;
    let bytes = |len: usize| {
        let ledger = recorded(|| {
            for _ in 0..5 {
                pmi::exec(|_: &Task, _: Vec<u8>| (), vec![0; len]).unwrap();
            }
            pmi::reduce(|task: &Task, ()| task.rank(), (), op::SUM).unwrap();
        });
        let (exec, reduce) = (ledger.verb("exec"), ledger.verb("reduce"));
        assert_eq!((exec.calls, exec.messages), (5, 5 * 2 * others));
        assert_eq!((reduce.calls, reduce.messages), (1, 2 * others));
        assert!(exec.tasks.iter().all(|task| task.calls == 5));
        assert_eq!((ledger.verb("call").calls, ledger.size()), (0, size()));
        assert!(ledger.operations().is_empty());
        exec.bytes
    };
    // The length of a vector takes one byte up to 127.
    assert_eq!(bytes(101) - bytes(1), 5 * others * 100);
}

fn collectives_count_as_documented() {
    let ledger = recorded(|| {
        let all = |task: &Task, ()| {
            let (comm, rank, size) = (task.comm(), task.rank(), task.size());
            let (mine, root) = (vec![rank as f64; 10], size - 1);
            comm.barrier();
            comm.broadcast(root, &mut [0u8; 7]);
            comm.gather(root, &mine);
            comm.all_gather(&mine);
            comm.scatter_into(root, Some(&vec![0u16; 3 * size]), &mut [0; 3]);
            comm.all_to_all(&vec![0u32; 2 * size]);
            comm.reduce(root, &mine, op::SUM);
            comm.all_reduce(&mine, op::SUM);
            comm.guarded(false).all_reduce(&mine, op::MAX);
            comm.scan(&mine, op::SUM);
            comm.exclusive_scan(&mine, op::SUM);
        };
        pmi::exec(all, ()).unwrap();
    });
    let (p, n) = (size() as u64, 80);
    for (name, calls, messages, bytes) in [
        ("barrier", 1, 2 * (p - 1), 0),
        ("broadcast", 1, p - 1, 7 * (p - 1)),
        ("gather", 1, p - 1, n * (p - 1)),
        ("all_gather", 1, p * (p - 1), n * p * (p - 1)),
        ("scatter", 1, p - 1, 6 * (p - 1)),
        ("all_to_all", 1, p * (p - 1), 8 * p * (p - 1)),
        ("reduce", 1, p - 1, n * (p - 1)),
        ("all_reduce", 2, 4 * (p - 1), 4 * n * (p - 1)),
        ("scan", 1, p - 1, n * (p - 1)),
        ("exclusive_scan", 1, p - 1, n * (p - 1)),
    ] {
        let entry = ledger.of(name);
        assert_eq!((entry.calls, entry.messages, entry.bytes), (calls, messages, bytes), "{name}");
        assert_eq!(entry.compute, Duration::ZERO);
    }
    assert_eq!(ledger.operations().len(), 10);
    // The waits of a verb are those of the operations in it, and that for the replies.
    let waits: Duration = ledger.operations().iter().map(|entry| entry.wait).sum();
    assert!(ledger.verb("exec").wait + Duration::from_micros(1) >= waits);
}

fn messages_count_for_their_sender() {
    let ledger = recorded(|| {
        let ring = |task: &Task, ()| {
            let (rank, size) = (task.rank(), task.size());
            let (next, before) = ((rank + 1) % size, (rank + size - 1) % size);
            task.comm().send(next, 1, &[1u64, 2]);
            task.comm().recv::<u64>(before, 1);
            task.comm().sendrecv(next, &[1u8], before, 2);
            let coming = task.comm().irecv::<u8>(before, 3, 100);
            task.comm().isend(next, 3, vec![0u8; rank]).wait();
            coming.wait();
        };
        pmi::exec(ring, ()).unwrap();
    });
    let (p, of) = (size() as u64, |name| ledger.of(name));
    assert_eq!((of("send").calls, of("send").messages, of("send").bytes), (1, p, 16 * p));
    assert_eq!((of("recv").calls, of("recv").messages, of("recv").bytes), (2, 0, 0));
    assert_eq!((of("isend").calls, of("isend").messages, of("isend").bytes), (2, 2 * p, p + p * (p - 1) / 2));
    assert_eq!((of("irecv").calls, of("irecv").messages), (1, 0));
    for (rank, task) in of("isend").tasks.iter().enumerate() {
        assert_eq!((task.messages, task.bytes), (2, 1 + rank as u64));
    }
}

fn values_and_ragged_data_count_what_they_consist_of() {
    let ledger = recorded(|| {
        let ragged = |task: &Task, ()| {
            task.comm().gather_v(0, &vec![0u8; task.rank()]);
            task.comm().broadcast_object(0, Some("seven".to_string()));
        };
        pmi::exec(ragged, ()).unwrap();
    });
    let others = size() as u64 - 1;
    let (gather, broadcast) = (ledger.of("gather"), ledger.of("broadcast"));
    assert_eq!((gather.calls, gather.messages, gather.bytes), (2, 2 * others, others * 8 + others * (others + 1) / 2));
    assert_eq!((broadcast.calls, broadcast.messages, broadcast.bytes), (2, 2 * others, others * (8 + 6)));
}

fn split_communicators_and_groups_count() {
    let size = size();
    let last = Group::new([size - 1]).unwrap();
    let ledger = recorded(|| {
        let halves = |task: &Task, ()| {
            let part = task.comm().split(Some(task.rank() as u32 % 2), 0).unwrap();
            part.all_gather(&[task.rank() as u64]);
        };
        pmi::exec(halves, ()).unwrap();
        last.exec(|task: &Task, ()| task.comm().barrier(), ()).unwrap();
        pmi::call_on(size - 1, |task: &Task, ()| task.comm().barrier(), ()).unwrap();
        Group::new([0]).unwrap();
    });
    let p = size as u64;
    let (even, odd) = (p.div_ceil(2), p / 2);
    let messages = even * (even - 1) + odd * odd.saturating_sub(1);
    let (split, all_gather) = (ledger.of("split"), ledger.of("all_gather"));
    assert_eq!((split.calls, split.messages), (1, 0));
    assert_eq!((all_gather.calls, all_gather.messages, all_gather.bytes), (1, messages, 8 * messages));
    assert_eq!((ledger.of("barrier").calls, ledger.of("barrier").messages), (2, 0));
    let calls: Vec<_> = ledger.of("barrier").tasks.iter().map(|task| task.calls).collect();
    assert_eq!((calls[size - 1], calls.iter().sum::<u64>()), (2, 2));
    assert_eq!((ledger.verb("call_on").calls, ledger.verb("call_on").messages), (1, if size > 1 { 2 } else { 0 }));
    assert_eq!((ledger.verb("exec").calls, ledger.verb("Group::new").calls), (2, 1));
}

fn busy(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::thread::yield_now();
    }
}

fn times_are_those_of_the_tasks() {
    const LONG: Duration = Duration::from_millis(60);
    let ledger = recorded(|| {
        let lopsided = |task: &Task, ()| {
            if task.rank() == task.size() - 1 {
                busy(LONG);
            }
            task.comm().barrier();
        };
        pmi::exec(lopsided, ()).unwrap();
        pmi::exec(
            |task: &Task, ()| {
                if task.rank() == task.size() - 1 {
                    busy(LONG);
                }
            },
            (),
        )
        .unwrap();
    });
    let (exec, barrier, last) = (ledger.verb("exec"), ledger.of("barrier"), size() - 1);
    assert!(exec.tasks[last].compute >= 2 * LONG, "{ledger}");
    for rank in 0..last {
        assert!(exec.tasks[rank].compute < LONG, "{ledger}");
        assert!(barrier.tasks[rank].wait > LONG / 2 && exec.tasks[rank].wait >= barrier.tasks[rank].wait, "{ledger}");
    }
    if last > 0 {
        assert!(exec.balance() < 0.9 && exec.tasks[0].wait > LONG, "{ledger}");
    } else {
        assert!((exec.balance() - 1.0).abs() < 1e-12);
    }
    let table = ledger.to_string();
    assert!(table.contains("exec") && table.contains("comm.barrier") && table.contains("balance"), "{table}");
}

fn a_wait_that_is_given_up_counts() {
    const LONG: Duration = Duration::from_millis(40);
    let ledger = recorded(|| {
        let stuck = |task: &Task, ()| {
            if task.rank() == 0 {
                busy(LONG);
                panic!("gone");
            }
            task.comm().barrier();
        };
        pmi::exec(stuck, ()).unwrap_err();
        pmi::exec(|task: &Task, ()| task.comm().barrier(), ()).unwrap();
    });
    assert_eq!((ledger.verb("exec").calls, ledger.of("barrier").calls), (2, 1));
    for task in &ledger.verb("exec").tasks[1..] {
        assert!(task.compute < LONG / 2 && task.wait > LONG / 2, "{ledger}");
    }
}

fn functions_have_their_names() {
    fn step(_: &Task, (): ()) {}
    let ledger = recorded(|| {
        pmi::exec(step, ()).unwrap();
        pmi::call(step, ()).unwrap();
        pmi::call(|_: &Task, ()| (), ()).unwrap();
        let numbers = pmi::create(|_: &Task, ()| vec![1], ()).unwrap();
        numbers.call(|_, numbers, ()| numbers.push(1), ()).unwrap();
    });
    let names = |verb| ledger.functions(verb).into_iter().map(|entry| entry.name).collect::<Vec<_>>();
    assert_eq!(names("exec"), ["functions_have_their_names::step"]);
    let call = names("call");
    // Both closures are of this function.
    assert_eq!((call.len(), &call[0]), (2, &names("exec")[0]));
    assert!(call[1].starts_with("ledger::functions_have_their_names::{closure}"), "{call:?}");
    let verbs: Vec<_> = ledger.verbs().into_iter().map(|entry| (entry.name, entry.calls)).collect();
    assert_eq!(verbs, [("exec".into(), 1), ("call".into(), 3), ("create".into(), 1)]);
}

fn recording_starts_and_stops() {
    let exec = || pmi::exec(|task: &Task, ()| task.comm().barrier(), ()).unwrap();
    recorded(exec);
    exec();
    let kept = pmi::ledger().unwrap();
    assert_eq!((kept.verb("exec").calls, kept.of("barrier").calls, kept.dropped()), (1, 1, 0));
    let again = recorded(|| (0..3).for_each(|_| exec()));
    assert_eq!((again.verb("exec").calls, again.of("barrier").calls), (3, 3));
}

/// The spans of a trace: category, name, task, start and end in microseconds.
fn spans(file: &std::path::Path) -> Vec<(String, String, u64, f64, f64)> {
    let trace: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let span = |event: &Value| {
        let start = event["ts"].as_f64().unwrap();
        let end = start + event["dur"].as_f64().unwrap();
        (text(&event["cat"]), text(&event["name"]), event["tid"].as_u64().unwrap(), start, end)
    };
    events.iter().filter(|event| event["ph"] == "X").map(span).collect()
}

/// A file that goes with its name.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(what: &str) -> Self {
        let name = format!("pmi-{what}-{}-{:?}.json", std::process::id(), std::thread::current().id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may not have been written.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn the_trace_is_nested_and_on_one_clock() {
    let file = Scratch::new("nested");
    let ledger = recorded(|| {
        let work = |task: &Task, ()| {
            busy(Duration::from_millis(2));
            task.comm().all_reduce(&[1.0], op::SUM);
        };
        (0..3).for_each(|_| pmi::exec(work, ()).unwrap());
    });
    ledger.write_trace(&file.0).unwrap();
    let spans = spans(&file.0);
    // A verb, its function, and the collective in it.
    assert_eq!(spans.len(), 3 * 3 * size());
    let of = |task, category: &str| {
        spans.iter().filter(move |span| span.2 == task && span.0 == category).collect::<Vec<_>>()
    };
    let controller = of(0, "verb");
    for task in 0..size() as u64 {
        let (verbs, functions, collectives) = (of(task, "verb"), of(task, "function"), of(task, "comm"));
        for call in 0..3 {
            let (verb, function, collective) = (verbs[call], functions[call], collectives[call]);
            assert_eq!((verb.1.as_str(), collective.1.as_str()), ("exec", "all_reduce"));
            assert!(verb.3 <= function.3 && function.4 <= verb.4 + 1e-3);
            assert!(function.3 <= collective.3 && collective.4 <= function.4 + 1e-3);
            // The collective ends nowhere before it has begun everywhere, and so do calls.
            let slack = 2000.0;
            assert!(verb.3 + slack >= controller[call].3 && verb.4 <= controller[call].4 + slack);
            assert!(of(0, "comm")[call].4 + slack >= collective.3);
        }
    }
    let error = ledger.write_trace("/no/such/directory/trace.json").unwrap_err();
    assert!(error.is_file() && error.to_string().contains("/no/such/directory"), "{error}");
}

fn a_world_writes_its_trace_when_it_ends() {
    let file = Scratch::new("end");
    let setup = pmi::Setup::new().tasks(size()).trace(&file.0);
    let work = || pmi::exec(|_: &Task, ()| (), ()).unwrap();
    setup.clone().run(work).unwrap();
    assert_eq!(spans(&file.0).len(), 2 * size());
    let failing = || {
        work();
        work();
        std::panic::resume_unwind(Box::new("the controller fails"));
    };
    catch_unwind(AssertUnwindSafe(|| setup.clone().run(failing))).unwrap_err();
    assert_eq!(spans(&file.0).len(), 4 * size());
    let off = setup.ledger(false).run(pmi::ledger).unwrap();
    assert!(off.unwrap_err().is_misuse());
}

fn a_world_that_never_recorded_has_no_ledger() {
    let error = pmi::Setup::new().tasks(2).ledger(false).run(pmi::ledger).unwrap().unwrap_err();
    assert!(error.is_misuse() && error.to_string().contains("pmi::record(true)"), "{error}");
}
