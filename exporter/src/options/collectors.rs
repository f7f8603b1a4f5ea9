//! The flags of collectors, named as node_exporter names them. Tables say which there are; each row gives a flag, its
//! environment variable and a line of `--help`.

use std::sync::LazyLock;

use clap::builder::FalseyValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use regex_lite::Regex;

use crate::collector::{COLLECTORS, Collectors, DefaultState, NameFilter, Settings};

/// A part of the settings that is on or off: `--collector.NAME` and `--no-collector.NAME`.
struct Switch {
    name: &'static str,
    about: &'static str,
    field: fn(&mut Settings) -> &mut bool,
}

#[rustfmt::skip]
const SWITCHES: &[Switch] = &[
    Switch { name: "bcache.priorityStats", about: "Read bcache's priority statistics, which is slow", field: |settings| &mut settings.bcache_priority_stats },
    Switch { name: "cpu.guest", about: "Time that processors spent running guests", field: |settings| &mut settings.cpu.guest },
    Switch { name: "cpu.info", about: "Models and frequencies from /proc/cpuinfo", field: |settings| &mut settings.cpu.info },
    Switch { name: "interrupts.include-zeros", about: "Report interrupts that never happened", field: |settings| &mut settings.interrupts_include_zeros },
    Switch { name: "netclass.ignore-invalid-speed", about: "Leave out speeds that drivers do not know", field: |settings| &mut settings.ignore_invalid_speed },
    Switch { name: "stat.softirq", about: "Count software interrupts by kind", field: |settings| &mut settings.softirqs },
    Switch { name: "systemd.enable-restarts-metrics", about: "Count restarts of services", field: |settings| &mut settings.systemd.restarts },
    Switch { name: "systemd.enable-start-time-metrics", about: "When units became active", field: |settings| &mut settings.systemd.start_times },
    Switch { name: "systemd.enable-task-metrics", about: "Count tasks of services", field: |settings| &mut settings.systemd.tasks },
    Switch { name: "systemd.private", about: "Ask systemd by its own socket, as root, instead of the message bus", field: |settings| &mut settings.systemd.private },
];

/// A filter: one flag to include, one to exclude, or only one of them.
struct Filter {
    include: Option<&'static str>,
    exclude: Option<&'static str>,
    /// What is excluded unless one of the flags is given.
    default: Option<&'static str>,
    /// Whether the expressions have to match whole names.
    anchored: bool,
    /// What is filtered.
    about: &'static str,
    field: fn(&mut Settings) -> &mut NameFilter,
}

const DISKS: &str = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$";
const MOUNT_POINTS: &str =
    r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
const TYPES: &str = r"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$";
const UNITS: &str = r".+\.(automount|device|mount|scope|slice)";

const NONE: Filter = Filter {
    include: None,
    exclude: None,
    default: None,
    anchored: false,
    about: "",
    field: |settings| &mut settings.net_devices,
};

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter { include: Some("arp.device-include"), exclude: Some("arp.device-exclude"), about: "network devices", field: |settings| &mut settings.arp_devices, ..NONE },
    Filter { include: Some("diskstats.device-include"), exclude: Some("diskstats.device-exclude"), default: Some(DISKS), about: "block devices", field: |settings| &mut settings.disk_devices, ..NONE },
    Filter { include: Some("ethtool.device-include"), exclude: Some("ethtool.device-exclude"), about: "network devices", field: |settings| &mut settings.ethtool_devices, ..NONE },
    Filter { include: Some("ethtool.metrics-include"), about: "statistics of drivers", field: |settings| &mut settings.ethtool_metrics, ..NONE },
    Filter { include: Some("filesystem.mount-points-include"), exclude: Some("filesystem.mount-points-exclude"), default: Some(MOUNT_POINTS), about: "mount points", field: |settings| &mut settings.mount_points, ..NONE },
    Filter { include: Some("filesystem.fs-types-include"), exclude: Some("filesystem.fs-types-exclude"), default: Some(TYPES), about: "filesystem types", field: |settings| &mut settings.filesystem_types, ..NONE },
    Filter { include: Some("hwmon.chip-include"), exclude: Some("hwmon.chip-exclude"), about: "chips", field: |settings| &mut settings.hwmon_chips, ..NONE },
    Filter { include: Some("hwmon.sensor-include"), exclude: Some("hwmon.sensor-exclude"), about: "sensors, as chip;sensor", field: |settings| &mut settings.hwmon_sensors, ..NONE },
    Filter { include: Some("infiniband.device-include"), exclude: Some("infiniband.device-exclude"), about: "adapters", field: |settings| &mut settings.infiniband_devices, ..NONE },
    Filter { include: Some("interrupts.name-include"), exclude: Some("interrupts.name-exclude"), about: "interrupts, as type;info;devices", field: |settings| &mut settings.interrupts, ..NONE },
    Filter { exclude: Some("netclass.ignored-devices"), about: "network devices", field: |settings| &mut settings.netclass_devices, ..NONE },
    Filter { include: Some("netdev.device-include"), exclude: Some("netdev.device-exclude"), about: "network devices", field: |settings| &mut settings.net_devices, ..NONE },
    Filter { exclude: Some("powersupply.ignored-supplies"), about: "batteries and mains", field: |settings| &mut settings.power_supplies, ..NONE },
    Filter { include: Some("slabinfo.slabs-include"), exclude: Some("slabinfo.slabs-exclude"), about: "kernel caches", field: |settings| &mut settings.slabs, ..NONE },
    Filter { include: Some("systemd.unit-include"), exclude: Some("systemd.unit-exclude"), default: Some(UNITS), anchored: true, about: "units", field: |settings| &mut settings.systemd_units },
    Filter { exclude: Some("tapestats.ignored-devices"), about: "tape drives", field: |settings| &mut settings.tape_devices, ..NONE },
];

/// An expression that replaces a choice.
struct Choice {
    name: &'static str,
    about: &'static str,
    field: fn(&mut Settings) -> &mut Option<Regex>,
}

#[rustfmt::skip]
const CHOICES: &[Choice] = &[
    Choice { name: "cpu.info.bugs-include", about: "Flaws of the processor that are reported, with cpu.info", field: |settings| &mut settings.cpu.bugs },
    Choice { name: "cpu.info.flags-include", about: "Flags of the processor that are reported, with cpu.info", field: |settings| &mut settings.cpu.flags },
    Choice { name: "netstat.fields", about: "Counters that netstat reports, as protocol_counter", field: |settings| &mut settings.netstat_fields },
    Choice { name: "vmstat.fields", about: "Lines that vmstat reports", field: |settings| &mut settings.vmstat_fields },
];

const IPVS_LABELS: &str = "ipvs.backend-labels";
const TEXTFILE_FOLDERS: &str = "textfile.directory";

/// `--collector.NAME` or `--no-collector.NAME` with its environment variable; clap keeps references to both.
struct Flag {
    long: String,
    variable: String,
}

impl Flag {
    fn new(prefix: &str, name: &str) -> Self {
        let long = format!("{prefix}.{name}");
        let variable = format!("CROWSNEST_{}", long.replace(['.', '-'], "_").to_ascii_uppercase());
        Self { long, variable }
    }

    fn arg(&'static self, name: &'static str) -> Arg {
        Arg::new(&*self.long)
            .long(&*self.long)
            .env(&*self.variable)
            .value_name(name)
            .help_heading("Collectors")
    }
}

/// Both forms of each flag, by name.
static FLAGS: LazyLock<Vec<(&'static str, Flag, Flag)>> = LazyLock::new(|| {
    let collectors = COLLECTORS.iter().map(|row| row.name);
    let switches = SWITCHES.iter().map(|row| row.name);
    let filters = FILTERS.iter().flat_map(|row| [row.include, row.exclude]).flatten();
    let choices = CHOICES.iter().map(|row| row.name);
    let names = collectors.chain(switches).chain(filters).chain(choices);
    let names = names.chain([IPVS_LABELS, TEXTFILE_FOLDERS, "disable-defaults"]);
    names.map(|name| (name, Flag::new("collector", name), Flag::new("no-collector", name))).collect()
});

fn flags(name: &str) -> Option<(&'static Flag, &'static Flag)> {
    FLAGS.iter().find(|(known, ..)| *known == name).map(|(_, on, off)| (on, off))
}

/// What the flags say.
#[derive(Clone, Debug)]
pub(super) struct CollectorOptions {
    pub(super) settings: Settings,
    pub(super) collectors: Collectors,
}

impl Args for CollectorOptions {
    fn augment_args(mut command: Command) -> Command {
        for row in COLLECTORS {
            let about = format!("{}: {}", row.name, row.about);
            command = add_switch(command, row.name, about, row.default == DefaultState::Enabled);
        }
        let mut defaults = Settings::default();
        for row in SWITCHES {
            command = add_switch(command, row.name, row.about.to_owned(), *(row.field)(&mut defaults));
        }
        for row in FILTERS {
            for (name, what) in [(row.include, "only"), (row.exclude, "left out")] {
                let about = match what {
                    "only" => format!("Regular expression of the only {} that are reported", row.about),
                    _ => format!("Regular expression of {} that are left out", row.about),
                };
                command = add_value(command, name, "REGEX", about, row.default.filter(|_| what != "only"));
            }
        }
        for row in CHOICES {
            command = add_value(command, Some(row.name), "REGEX", row.about.to_owned(), None);
        }
        let about = "Labels by which ipvs tells backends apart, separated by commas".to_owned();
        command = add_value(command, Some(IPVS_LABELS), "LABELS", about, None);
        let about =
            "Folder whose *.prom files textfile reads; may be given again; * stands for any characters";
        command = match flags(TEXTFILE_FOLDERS) {
            Some((on, _)) => command.arg(on.arg("DIR").help(about).action(ArgAction::Append)),
            None => command,
        };
        let about = "Run only those collectors that are named".to_owned();
        add_switch(command, "disable-defaults", about, false)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Both forms of a switch; `--help` shows the one that changes something.
fn add_switch(command: Command, name: &str, about: String, default: bool) -> Command {
    let Some((on, off)) = flags(name) else { return command };
    let arg = |flag: &'static Flag, other: &'static Flag| {
        flag.arg("")
            .action(ArgAction::SetTrue)
            .value_parser(FalseyValueParser::new())
            .overrides_with(&*other.long)
    };
    let about = if default { format!("Leave out: {about}") } else { about };
    let (shown, hidden) = if default { (arg(off, on), arg(on, off)) } else { (arg(on, off), arg(off, on)) };
    command.arg(shown.help(about)).arg(hidden.hide(true))
}

fn add_value(
    command: Command,
    name: Option<&str>,
    value: &'static str,
    about: String,
    default: Option<&'static str>,
) -> Command {
    let Some((on, _)) = name.and_then(flags) else { return command };
    let arg = on.arg(value).help(about);
    command.arg(match default {
        Some(default) => arg.default_value(default),
        None => arg,
    })
}

impl FromArgMatches for CollectorOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut settings = Settings::default();
        for row in SWITCHES {
            let field = (row.field)(&mut settings);
            *field = switched(matches, row.name).unwrap_or(*field);
        }
        for row in FILTERS {
            *(row.field)(&mut settings) = filter(matches, row)?;
        }
        for row in CHOICES {
            *(row.field)(&mut settings) = expression(matches, row.name, false)?;
        }
        settings.cpu.info |= settings.cpu.flags.is_some() || settings.cpu.bugs.is_some();
        let labels = text(matches, IPVS_LABELS).unwrap_or_default();
        settings.ipvs_backend_labels =
            labels.split(',').map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned).collect();
        if let Some((flag, _)) = flags(TEXTFILE_FOLDERS) {
            let folders = matches.get_many::<String>(&flag.long).into_iter().flatten();
            settings.textfile_folders = folders.map(Into::into).collect();
        }
        let defaults = !switched(matches, "disable-defaults").unwrap_or(false);
        let collectors = Collectors::choose(|row| {
            let default = defaults && row.default == DefaultState::Enabled;
            switched(matches, row.name).unwrap_or(default)
        });
        Ok(Self { settings, collectors })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What a switch was set to. The command line beats the environment; of two flags the last counts.
fn switched(matches: &ArgMatches, name: &str) -> Option<bool> {
    let (on, off) = flags(name)?;
    let source = |flag: &Flag| {
        let set = matches.get_flag(&flag.long);
        set.then(|| matches.value_source(&flag.long)).flatten()
    };
    match (source(on), source(off)) {
        (None, None) => None,
        (Some(ValueSource::CommandLine), _) | (Some(_), None) => Some(true),
        (_, Some(_)) => Some(false),
    }
}

fn text<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    let (flag, _) = flags(name)?;
    matches.get_one::<String>(&flag.long).map(String::as_str)
}

/// The expression of a flag; none where it is empty.
fn expression(matches: &ArgMatches, name: &str, anchored: bool) -> Result<Option<Regex>, clap::Error> {
    let Some(text) = text(matches, name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let pattern = if anchored { format!("^(?:{text})$") } else { text.to_owned() };
    let wrong = |error| {
        let message = format!("--collector.{name}: {text:?} is not a regular expression: {error}\n");
        clap::Error::raw(clap::error::ErrorKind::ValueValidation, message)
    };
    Regex::new(&pattern).map(Some).map_err(wrong)
}

/// Whoever says what to include means that, whatever is excluded by default.
fn filter(matches: &ArgMatches, row: &Filter) -> Result<NameFilter, clap::Error> {
    let part = |name: Option<&str>| match name {
        Some(name) => expression(matches, name, row.anchored),
        None => Ok(None),
    };
    let include = part(row.include)?;
    let given = row.exclude.and_then(flags).and_then(|(flag, _)| matches.value_source(&flag.long));
    let exclude = match given {
        Some(ValueSource::DefaultValue) if include.is_some() => None,
        _ => part(row.exclude)?,
    };
    Ok(NameFilter { include, exclude })
}
