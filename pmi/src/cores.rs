//! The processor cores a task may use.

/// How many cores fit a mask.
const CORES: usize = 1024;

/// A set of cores, as plain bytes that tasks can exchange.
pub(crate) type Mask = [u8; CORES / 8];

/// The cores this process may run on: its affinity mask, further limited where a container grants less time.
pub(crate) fn allowed() -> Mask {
    let limit = std::thread::available_parallelism().map_or(1, usize::from);
    mask_of(affinity(0).into_iter().take(limit))
}

/// The cores that this process is bound to, whatever time a container grants it.
#[cfg(feature = "mpi")]
pub(crate) fn bound() -> Mask {
    mask_of(affinity(0))
}

/// The cores that the launcher which started this process is bound to.
#[cfg(feature = "mpi")]
pub(crate) fn of_launcher() -> Mask {
    #[cfg(unix)]
    // SAFETY: getppid always succeeds.
    let parent = unsafe { libc::getppid() };
    #[cfg(not(unix))]
    let parent = 0;
    mask_of(affinity(parent))
}

/// How many threads this process has, where the system tells.
#[cfg(feature = "mpi")]
pub(crate) fn threads_of_process() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

fn mask_of(cores: impl IntoIterator<Item = usize>) -> Mask {
    let mut mask = [0; CORES / 8];
    for core in cores {
        mask[core / 8] |= 1 << (core % 8);
    }
    mask
}

#[cfg(target_os = "linux")]
fn affinity(process: i32) -> Vec<usize> {
    // SAFETY: an all-zero cpu_set_t is an empty set; the call writes at most the size it is given, to a live value.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(process, size_of::<libc::cpu_set_t>(), &mut set) != 0 {
            return unbound();
        }
        set
    };
    // SAFETY: CPU_ISSET reads a bit of the live set; the index is below its capacity.
    (0..CORES.min(8 * size_of::<libc::cpu_set_t>())).filter(|core| unsafe { libc::CPU_ISSET(*core, &set) }).collect()
}

#[cfg(not(target_os = "linux"))]
fn affinity(_process: i32) -> Vec<usize> {
    unbound()
}

fn unbound() -> Vec<usize> {
    (0..std::thread::available_parallelism().map_or(1, usize::from).min(CORES)).collect()
}

/// How many cores a mask has.
pub(crate) fn count(mask: &Mask) -> usize {
    mask.iter().map(|byte| byte.count_ones() as usize).sum()
}

/// How many cores the masks have together.
#[cfg(feature = "mpi")]
pub(crate) fn count_of_all(masks: &[Mask]) -> usize {
    let mut all = [0; CORES / 8];
    for mask in masks {
        all.iter_mut().zip(mask).for_each(|(all, byte)| *all |= byte);
    }
    count(&all)
}

/// One task's share of its cores, in cores, where the tasks of its host have these masks.
#[cfg(any(feature = "mpi", test))]
pub(crate) fn share(mine: &Mask, host: &[Mask]) -> f64 {
    let has = |mask: &Mask, core: usize| mask[core / 8] & (1 << (core % 8)) != 0;
    let users = |core| host.iter().filter(|mask| has(mask, core)).count().max(1);
    (0..CORES).filter(|core| has(mine, *core)).map(|core| 1.0 / users(core) as f64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_share_the_cores_they_have_in_common() {
        let mask = |bits: u8| {
            let mut mask = [0; CORES / 8];
            mask[0] = bits;
            mask
        };
        let (both, first, second) = (mask(0b11), mask(0b01), mask(0b10));
        assert_eq!(share(&both, &[both]), 2.0);
        assert_eq!(share(&both, &[both, both]), 1.0);
        assert_eq!(share(&first, &[first, second]), 1.0);
        assert_eq!(share(&both, &[both, first]), 1.5);
        assert!(count(&allowed()) >= 1);
    }
}
