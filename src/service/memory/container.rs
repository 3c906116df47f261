//! How much memory the server may use: the limit of the container (the cgroup) that it runs in, or of
//! the shell that started it (`ulimit -v`). Crates that tell the first bring a whole library of system
//! facts along, and look at the root of the mount only.

use std::fs;
use std::path::{Component, Path};

/// Where cgroups are mounted.
const MOUNT: &str = "/sys/fs/cgroup";

/// From here on a number means that there is no limit (cgroup v1 says it with 2^63 less a page).
const NO_LIMIT: u64 = 1 << 60;

/// What the budget is a share of where there is no limit, in bytes.
const WITHOUT_LIMIT: u64 = 2 << 30;

/// The budget unless MAX_MEMORY_BYTES says otherwise, in bytes: 60 % of the container's limit, or of
/// 2 GiB without one. The rest is for the program itself, buffers of connections, the indices of
/// ticks that match, and memory that the allocator keeps for a moment.
pub(in crate::service) fn default_budget() -> u64 {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let of_container = limit(Path::new(MOUNT), &own);
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    // The allocator reserves addresses in large pieces: a third of them is not used.
    let of_shell = address_space(&limits).map(|bytes| bytes / 3 * 2);
    let all = of_container.into_iter().chain(of_shell);
    share(all.min())
}

/// The soft limit of the address space in `/proc/self/limits`, if there is one.
fn address_space(limits: &str) -> Option<u64> {
    let mut lines = limits.lines();
    let line = lines.find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn share(limit: Option<u64>) -> u64 {
    limit.unwrap_or(WITHOUT_LIMIT) / 10 * 6
}

/// The lowest limit of the groups that a process is in, and of those around them. `own` is its
/// `/proc/self/cgroup`, with a line `number:controllers:path` for each hierarchy; that of cgroup v2
/// has no controllers.
fn limit(mount: &Path, own: &str) -> Option<u64> {
    let lines = own.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        rest.split_once(':')
    });
    let limits = lines.filter_map(|(controllers, path)| {
        if controllers.is_empty() {
            lowest(mount, path, "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            lowest(&mount.join("memory"), path, "memory.limit_in_bytes")
        } else {
            None
        }
    });
    limits.min()
}

/// The lowest number in this file, of the group at `path` and of all around it. Groups that cannot
/// be seen are left out: in a container the path may be the host's, while the mount is the
/// container's group.
fn lowest(mount: &Path, path: &str, file: &str) -> Option<u64> {
    let names = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    let mut group = mount.to_owned();
    group.extend(names);
    let around = group.ancestors().take_while(|dir| dir.starts_with(mount));
    around.filter_map(|dir| number(&dir.join(file))).min()
}

fn number(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    // `max` is not a number: no limit.
    let number = text.trim().parse().ok()?;
    (number < NO_LIMIT).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mount with these files.
    fn mount(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
            fs::write(path, text).expect("written");
        }
        folder
    }

    #[test]
    fn the_lowest_limit_of_the_groups_around_counts() {
        let files = [
            ("memory.max", "max\n"),
            ("pods/memory.max", "1000\n"),
            ("pods/one/memory.max", "3000\n"),
            ("pods/one/app/memory.max", "max\n"),
            ("other/memory.max", "10\n"),
        ];
        let folder = mount(&files);
        assert_eq!(limit(folder.path(), "0::/pods/one/app\n"), Some(1000));
        assert_eq!(limit(folder.path(), "0::/other\n"), Some(10));
        assert_eq!(limit(folder.path(), "0::/\n"), None);
    }

    #[test]
    fn version_1_has_a_hierarchy_for_memory() {
        let files = [
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/docker/x/memory.limit_in_bytes", "500\n"),
            ("memory.max", "7\n"),
        ];
        let folder = mount(&files);
        let own = "4:cpuset,memory:/docker/x\n3:cpu:/\n";
        assert_eq!(limit(folder.path(), own), Some(500));
        assert_eq!(limit(folder.path(), "4:memory:/\n"), None);
        assert_eq!(limit(folder.path(), "4:cpu:/docker/x\n"), None);
    }

    #[test]
    fn a_path_of_the_host_leads_to_the_mount() {
        let folder = mount(&[("memory.max", "77")]);
        let below = folder.path().join("below");
        fs::create_dir(&below).expect("a folder");
        assert_eq!(limit(folder.path(), "0::/kubepods/pod1/app"), Some(77));
        assert_eq!(limit(&below, "0::/../../app"), None, "not beyond the mount");
        assert_eq!(limit(folder.path(), "nonsense\n0:\n"), None);
    }

    #[test]
    fn the_limit_of_a_shell_is_that_of_the_address_space() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
            Max open files            1024                 4096                 files\n\
            Max address space         1073741824           unlimited            bytes\n";
        assert_eq!(address_space(limits), Some(1 << 30));
        let unlimited = limits.replace("1073741824", "unlimited ");
        assert_eq!(address_space(&unlimited), None);
        assert_eq!(address_space(""), None);
    }

    #[test]
    fn the_default_is_60_percent() {
        assert_eq!(share(Some(1 << 30)), (1 << 30) / 10 * 6);
        assert_eq!(share(None), (2 << 30) / 10 * 6);
        assert!(default_budget() > 0);
    }
}
