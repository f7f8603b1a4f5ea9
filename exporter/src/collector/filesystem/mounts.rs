//! The mount table: `/proc/1/mountinfo`, as proc(5) describes it.

use crate::collector::CollectError;
use crate::host::{Host, SourceFile};

/// One mounted filesystem.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) device: String,
    /// As the host sees it, without the prefix of `--path.rootfs`.
    pub(super) point: String,
    pub(super) fstype: String,
    pub(super) read_only: bool,
    /// Numbers of the device, `8` and `1`.
    pub(super) major: String,
    pub(super) minor: String,
}

/// The mounts that process 1 sees, or those of this process where that is not allowed.
///
/// Below a root other than `/` (an agent in a container with its own mount table) only the mounts below that root are
/// the host's when the table had to be this process's own.
pub(super) fn read(host: &Host) -> Result<Vec<Mount>, CollectError> {
    let file = match host.read_proc("1/mountinfo") {
        Ok(file) => file,
        Err(_) => host.read_proc("self/mountinfo")?,
    };
    let mounts: Vec<Mount> = file.lines().map(|line| parse(&file, line)).collect::<Result<_, _>>()?;
    let root = host.rootfs.to_string_lossy();
    Ok(strip_root(mounts, root.trim_end_matches('/')))
}

/// `36 35 98:0 /root /mount rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue`; there may be any number of
/// optional words before the dash.
fn parse(file: &SourceFile, line: &str) -> Result<Mount, CollectError> {
    let unexpected = || file.unexpected(line);
    let (head, tail) = line.split_once(" - ").ok_or_else(unexpected)?;
    let head: Vec<&str> = head.split(' ').collect();
    let tail: Vec<&str> = tail.split(' ').collect();
    let ([_, _, numbers, _, point, options, ..], [fstype, device, super_options, ..]) =
        (&head[..], &tail[..])
    else {
        return Err(unexpected());
    };
    let (major, minor) = numbers.split_once(':').ok_or_else(unexpected)?;
    let read_only = [options, super_options].iter().any(|list| list.split(',').any(|option| option == "ro"));
    Ok(Mount {
        device: unescape(device),
        point: unescape(point),
        fstype: (*fstype).to_owned(),
        read_only,
        major: major.to_owned(),
        minor: minor.to_owned(),
    })
}

/// Mount points without the root's prefix. If any mount lies below the root, those that do not are this container's.
fn strip_root(mounts: Vec<Mount>, root: &str) -> Vec<Mount> {
    let below = |point: &str| {
        let rest = point.strip_prefix(root)?;
        (rest.is_empty() || rest.starts_with('/'))
            .then(|| if rest.is_empty() { "/" } else { rest }.to_owned())
    };
    if root.is_empty() || !mounts.iter().any(|mount| below(&mount.point).is_some()) {
        return mounts;
    }
    let stripped = |mount: Mount| below(&mount.point).map(|point| Mount { point, ..mount });
    mounts.into_iter().filter_map(stripped).collect()
}

/// Undoes the kernel's octal escapes: `\040` is a blank.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = match (first, tail) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                rest = after;
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => {
                rest = tail;
                None
            }
        };
        bytes.push(escaped.unwrap_or(first));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Mount, CollectError> {
        parse(&SourceFile { path: "mountinfo".into(), text: String::new() }, line)
    }

    fn mount(point: &str) -> Mount {
        Mount {
            device: "d".into(),
            point: point.into(),
            fstype: "ext4".into(),
            read_only: false,
            major: "8".into(),
            minor: "1".into(),
        }
    }

    #[test]
    fn optional_words_and_escapes_are_understood() {
        let line =
            r"36 35 98:0 / /my\040disk rw,noatime shared:1 master:2 - ext4 /dev/sda1 ro,errors=continue";
        let expected = Mount {
            device: "/dev/sda1".into(),
            point: "/my disk".into(),
            fstype: "ext4".into(),
            read_only: true,
            major: "98".into(),
            minor: "0".into(),
        };
        assert_eq!(parse_line(line).unwrap(), expected);
    }

    #[test]
    fn a_line_that_is_too_short_is_an_error() {
        assert!(parse_line("36 35 98:0 / /a rw").is_err());
        assert!(parse_line("36 35 - ext4").is_err());
    }

    #[test]
    fn the_host_root_is_stripped_from_mount_points() {
        let mounts = vec![mount("/"), mount("/host"), mount("/host/data"), mount("/hostile")];
        assert_eq!(strip_root(mounts, "/host"), [mount("/"), mount("/data")]);
        assert_eq!(strip_root(vec![mount("/"), mount("/data")], "/host"), [mount("/"), mount("/data")]);
        assert_eq!(strip_root(vec![mount("/")], ""), [mount("/")]);
    }
}
