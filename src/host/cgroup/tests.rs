use super::*;

/// A folder with files in it, as `/` would have them.
fn files(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

const V2: (&str, &str) = (
    "proc/self/mountinfo",
    "31 23 0:28 / /sys rw,relatime - sysfs sysfs rw\n\
     41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
);
const STAT: &str = "anon 100\ninactive_file 300\ninactive_file_x 9\nactive_file 7\n";
const PRESSURE: &str = "some avg10=7.00 avg60=0.00 avg300=0.00 total=1\n";

fn machine() -> HostReading {
    HostReading {
        cpu_percent: 5.0,
        cores: 8,
        memory_bytes: 1 << 30,
        memory_total_bytes: 1 << 33,
        ..HostReading::default()
    }
}

fn near(a: f32, b: f32) -> bool {
    (a - b).abs() < 0.01
}

#[test]
fn the_smallest_limit_above_us_counts() {
    let root = files(&[
        V2,
        ("proc/self/cgroup", "0::/a.slice/b.service\n"),
        ("sys/fs/cgroup/cgroup.procs", ""),
        ("sys/fs/cgroup/a.slice/memory.max", "1000000\n"),
        ("sys/fs/cgroup/a.slice/memory.current", "1300\n"),
        ("sys/fs/cgroup/a.slice/memory.stat", STAT),
        ("sys/fs/cgroup/a.slice/cpu.max", "max 100000\n"),
        ("sys/fs/cgroup/a.slice/b.service/memory.max", "max\n"),
        ("sys/fs/cgroup/a.slice/b.service/memory.current", "55\n"),
        ("sys/fs/cgroup/a.slice/b.service/cpu.max", "150000 100000\n"),
        ("sys/fs/cgroup/a.slice/b.service/cpu.stat", "usage_usec 2000000\nuser_usec 1\n"),
        ("sys/fs/cgroup/a.slice/b.service/cpu.pressure", PRESSURE),
    ]);
    let mut groups = Groups::find(root.path());
    assert_eq!(groups.memory(), Some(Memory { limit: 1_000_000, used: 1_000 }));
    let cpu = groups.cpu().unwrap();
    assert!(near(cpu.quota, 1.5) && cpu.used == Some(Duration::from_secs(2)), "{cpu:?}");

    let mut reading = machine();
    let start = Instant::now();
    groups.apply(start, &mut reading);
    assert!(reading.memory_limited && near(reading.cpu_quota.unwrap(), 1.5));
    assert_eq!((reading.memory_bytes, reading.memory_total_bytes), (1_000, 1_000_000));
    assert!(near(reading.pressure.unwrap().cpu_some, 7.0), "that of our own group");

    fs::write(root.path().join("sys/fs/cgroup/a.slice/b.service/cpu.stat"), "usage_usec 3500000\n").unwrap();
    groups.apply(start + Duration::from_secs(2), &mut reading);
    assert!(near(reading.cpu_percent, 50.0), "1.5 s of 2 s on 1.5 cores: {}", reading.cpu_percent);
}

#[test]
fn without_a_limit_the_figures_are_the_machine_s() {
    let root = files(&[
        V2,
        ("proc/self/cgroup", "0::/user.slice\n"),
        ("sys/fs/cgroup/user.slice/memory.max", "max\n"),
        ("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n"),
        ("sys/fs/cgroup/user.slice/cpu.pressure", PRESSURE),
    ]);
    let mut groups = Groups::find(root.path());
    let mut reading = machine();
    groups.apply(Instant::now(), &mut reading);
    assert_eq!(reading, machine());
    assert_eq!(Groups::find(Path::new("/nowhere/at/all")).memory(), None);
}

#[test]
fn a_limit_above_what_the_machine_has_is_none() {
    let root = files(&[
        V2,
        ("proc/self/cgroup", "0::/\n"),
        ("sys/fs/cgroup/memory.max", "9223372036854771712\n"),
        ("sys/fs/cgroup/cpu.max", "1600000 100000\n"),
    ]);
    let mut reading = machine();
    Groups::find(root.path()).apply(Instant::now(), &mut reading);
    assert_eq!(reading, machine());
}

#[test]
fn a_container_sees_its_own_group_at_the_mount() {
    for (mount_root, path) in [
        ("/docker/abc", "/docker/abc"),
        ("/", "/"),
        // What a process sees of itself that was moved into the container from outside.
        ("/", "/../../other"),
        ("/docker/abc", "/docker/abcdef"),
        ("/docker/abc", "/"),
    ] {
        let mounts = format!("41 31 0:38 {mount_root} /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
        let root = files(&[
            ("proc/self/mountinfo", mounts.as_str()),
            ("proc/self/cgroup", &format!("0::{path}\n")),
            ("sys/fs/cgroup/memory.max", "4096\n"),
        ]);
        let memory = Groups::find(root.path()).memory();
        assert_eq!(memory, Some(Memory { limit: 4_096, used: 0 }), "{mount_root} {path}");
    }
}

#[test]
fn version_one_is_read_where_version_two_has_no_controllers() {
    let root = files(&[
        (
            "proc/self/mountinfo",
            "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
             33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n\
             35 31 0:32 / /sys/fs/cgroup/my\\040memory rw - cgroup cgroup rw,memory\n\
             41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        ),
        ("proc/self/cgroup", "4:memory:/box\n2:cpuacct:/box\n1:cpu:/box\n0::/\n"),
        ("sys/fs/cgroup/unified/cgroup.procs", ""),
        ("sys/fs/cgroup/my memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ("sys/fs/cgroup/my memory/box/memory.limit_in_bytes", "5000\n"),
        ("sys/fs/cgroup/my memory/box/memory.usage_in_bytes", "700\n"),
        ("sys/fs/cgroup/my memory/box/memory.stat", "inactive_file 1\ntotal_inactive_file 200\n"),
        ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
        ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
        ("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "50000\n"),
        ("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n"),
        ("sys/fs/cgroup/cpuacct/box/cpuacct.usage", "3000000000\n"),
    ]);
    let groups = Groups::find(root.path());
    assert_eq!(groups.memory(), Some(Memory { limit: 5_000, used: 500 }));
    let cpu = groups.cpu().unwrap();
    assert!(near(cpu.quota, 0.5) && cpu.used == Some(Duration::from_secs(3)), "{cpu:?}");
}

#[test]
fn text_that_is_not_what_it_should_be_is_no_limit() {
    for text in ["", "max", "max 100000", "1", "1 0", "a b", "-1 100000"] {
        assert_eq!(cpu_max(text), None, "{text:?}");
    }
    assert_eq!(path_of("0::\nx\n1:cpu", Some("cpu")), None);
    assert_eq!(mount_of("a b c\n1 2 3 4 5 - cgroup2\n", None), None);
    assert_eq!(named("usage_usec\nusage_usec x\n", "usage_usec"), None);
}
