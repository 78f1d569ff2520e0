//! The machine and its load, and what a process has used of it.

use std::time::Duration;

/// Clock ticks of `/proc` in a second, on every Linux that this runs on.
const TICKS_PER_SECOND: u64 = 100;

/// The processor, how many, and what else is going on.
pub fn describe() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("?", |(_, m)| m.trim());
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{cpus} × {model}, load {}", load())
}

/// The load averages.
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Processor time that a process has used, user and system.
pub fn cpu_of(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is the name in parentheses and may hold anything.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// Memory that this process has resident, in bytes.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    kib.unwrap_or(0u64) * 1024
}

/// What a 4 KiB write and its sync take on a file that was written before, sorted.
pub fn sync_times(folder: &std::path::Path, count: usize) -> std::io::Result<Vec<Duration>> {
    use std::os::unix::fs::FileExt;
    let path = folder.join("sync");
    let file = std::fs::File::create(&path)?;
    let block = [7u8; 4096];
    for at in 0..count as u64 {
        file.write_all_at(&block, at * 4096)?;
    }
    file.sync_all()?;
    let mut times = Vec::with_capacity(count);
    for at in 0..count as u64 {
        let started = std::time::Instant::now();
        file.write_all_at(&block, at * 4096)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    std::fs::remove_file(&path)?;
    times.sort();
    Ok(times)
}
