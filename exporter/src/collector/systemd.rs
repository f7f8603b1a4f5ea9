//! systemd's units: which are active, which failed, and what sockets and timers do. Asked over D-Bus.

mod dbus;

use std::collections::BTreeMap;
use std::io;

use crowsnest_scrape::Family;

use self::dbus::{Body, Call, Connection, Peer, Value};
use super::{Collect, CollectError, NameFilter, Settings, SystemdSettings};
use crate::host::Host;

const NAME: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Where the message bus listens, and where systemd itself does (root only), below the host's root.
const BUS_SOCKET: &str = "run/dbus/system_bus_socket";
const PRIVATE_SOCKET: &str = "run/systemd/private";

/// Calls that are on their way at a time.
const CALLS_AT_A_TIME: usize = 32;
/// Units that are looked at.
const MAX_UNITS: usize = 10_000;

const STATES: [&str; 5] = ["active", "activating", "deactivating", "inactive", "failed"];

/// Remembers the types of services, which do not change while they are loaded.
pub(super) struct Systemd {
    units: NameFilter,
    settings: SystemdSettings,
    types: BTreeMap<String, String>,
}

/// A row of systemd's list of units.
struct Unit {
    name: String,
    load: String,
    active: String,
    path: String,
}

impl Unit {
    fn is(&self, kind: &str) -> bool {
        self.name.rsplit_once('.').is_some_and(|(_, end)| end == kind)
    }
}

/// A property of units, and the metric that it gives.
struct Property {
    /// The end of the names of units that have it; empty for all.
    kind: &'static str,
    interface: &'static str,
    property: &'static str,
    /// What the number is divided by.
    divisor: f64,
    name: &'static str,
    help: &'static str,
    /// Whether it is wanted.
    enabled: fn(&SystemdSettings) -> bool,
}

const SERVICE: &str = "org.freedesktop.systemd1.Service";
const SOCKET: &str = "org.freedesktop.systemd1.Socket";
const TIMER: &str = "org.freedesktop.systemd1.Timer";
const UNIT: &str = "org.freedesktop.systemd1.Unit";

#[rustfmt::skip]
const ROWS: &[Property] = &[
    Property { kind: "", interface: UNIT, property: "ActiveEnterTimestamp", divisor: 1e6, name: "node_systemd_unit_start_time_seconds", help: "Start time of the unit since unix epoch in seconds.", enabled: |settings| settings.start_times },
    Property { kind: "service", interface: SERVICE, property: "NRestarts", divisor: 1.0, name: "node_systemd_service_restart_total", help: "Service unit count of Restart triggers", enabled: |settings| settings.restarts },
    Property { kind: "service", interface: SERVICE, property: "TasksCurrent", divisor: 1.0, name: "node_systemd_unit_tasks_current", help: "Current number of tasks per Systemd unit", enabled: |settings| settings.tasks },
    Property { kind: "service", interface: SERVICE, property: "TasksMax", divisor: 1.0, name: "node_systemd_unit_tasks_max", help: "Maximum number of tasks per Systemd unit", enabled: |settings| settings.tasks },
    Property { kind: "timer", interface: TIMER, property: "LastTriggerUSec", divisor: 1e6, name: "node_systemd_timer_last_trigger_seconds", help: "Seconds since epoch of last trigger.", enabled: |_| true },
    Property { kind: "socket", interface: SOCKET, property: "NAccepted", divisor: 1.0, name: "node_systemd_socket_accepted_connections_total", help: "Total number of accepted socket connections", enabled: |_| true },
    Property { kind: "socket", interface: SOCKET, property: "NConnections", divisor: 1.0, name: "node_systemd_socket_current_connections", help: "Current number of socket connections", enabled: |_| true },
    Property { kind: "socket", interface: SOCKET, property: "NRefused", divisor: 1.0, name: "node_systemd_socket_refused_connections_total", help: "Total number of refused socket connections", enabled: |_| true },
];

impl Systemd {
    pub(super) fn new(settings: &Settings) -> Self {
        let (units, settings) = (settings.systemd_units.clone(), settings.systemd.clone());
        Self { units, settings, types: BTreeMap::new() }
    }

    fn ask(&mut self, host: &Host) -> io::Result<Vec<Family>> {
        let (socket, peer) = match self.settings.private {
            true => (PRIVATE_SOCKET, Peer::Direct),
            false => (BUS_SOCKET, Peer::Bus(NAME)),
        };
        let mut connection = Connection::open(&host.rootfs.join(socket), peer)?;
        let all = list_units(&mut connection)?;
        let mut families = vec![summary(&all)];
        let wanted = |unit: &Unit| unit.load == "loaded" && self.units.admits(&unit.name);
        let units: Vec<Unit> = all.into_iter().filter(wanted).collect();
        self.learn_types(&mut connection, &units)?;
        families.push(self.unit_states(&units));
        for row in ROWS.iter().filter(|row| (row.enabled)(&self.settings)) {
            families.push(numbers(&mut connection, row, &units)?);
        }
        families.extend(manager(&mut connection)?);
        Ok(families)
    }

    /// `simple`, `notify` and so on of services that are new.
    fn learn_types(&mut self, connection: &mut Connection, units: &[Unit]) -> io::Result<()> {
        self.types.retain(|name, _| units.iter().any(|unit| unit.name == *name));
        let unknown: Vec<&Unit> =
            units.iter().filter(|unit| unit.is("service") && !self.types.contains_key(&unit.name)).collect();
        let types = get(connection, SERVICE, "Type", &unknown)?;
        for (unit, kind) in unknown.iter().zip(types) {
            if let Some(Value::Text(kind)) = kind {
                self.types.insert(unit.name.clone(), kind);
            }
        }
        Ok(())
    }

    fn unit_states(&self, units: &[Unit]) -> Family {
        let mut family = Family::gauge("node_systemd_unit_state", "Systemd unit");
        for unit in units {
            let kind = self.types.get(&unit.name).map_or("", String::as_str);
            for state in STATES {
                let labels = [("name", unit.name.as_str()), ("state", state), ("type", kind)];
                family.push(&labels, if unit.active == state { 1.0 } else { 0.0 });
            }
        }
        family
    }
}

impl Collect for Systemd {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        self.ask(host).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => CollectError::Read { path: host.rootfs.join(BUS_SOCKET), source },
            _ => CollectError::Call { call: "asking systemd over D-Bus", source },
        })
    }
}

/// How many units are in which state.
fn summary(units: &[Unit]) -> Family {
    let mut family = Family::gauge("node_systemd_units", "Summary of systemd unit states");
    for state in STATES {
        let count = units.iter().filter(|unit| unit.active == state).count();
        family.push(&[("state", state)], count as f64);
    }
    family
}

/// One property of all units that have it.
fn numbers(connection: &mut Connection, row: &Property, units: &[Unit]) -> io::Result<Family> {
    let mut family = if row.name.ends_with("_total") {
        Family::counter(row.name, row.help)
    } else {
        Family::gauge(row.name, row.help)
    };
    let units: Vec<&Unit> = units.iter().filter(|unit| row.kind.is_empty() || unit.is(row.kind)).collect();
    let values = get(connection, row.interface, row.property, &units)?;
    // The largest number of 64 bits says that there is no count or no limit.
    const NONE: f64 = u64::MAX as f64;
    for (unit, value) in units.iter().zip(values) {
        if let Some(Value::Number(value)) = value
            && value < NONE
        {
            family.push(&[("name", &unit.name)], value / row.divisor);
        }
    }
    Ok(family)
}

/// What systemd says about itself.
fn manager(connection: &mut Connection) -> io::Result<Vec<Family>> {
    let names = ["SystemState", "Version", "Virtualization"];
    let arguments = names.map(|name| [MANAGER, name]);
    let calls: Vec<Call<'_>> =
        arguments.iter().map(|arguments| property_call(MANAGER_PATH, arguments)).collect();
    let mut texts = connection.call(&calls)?.into_iter().map(|body| match value(body) {
        Some(Value::Text(text)) => text,
        _ => String::new(),
    });
    let mut text = || texts.next().unwrap_or_default();
    let (state, version, virtualization) = (text(), text(), text());
    let running = "Whether the system is operational (see 'systemctl is-system-running')";
    let mut families = vec![
        Family::gauge("node_systemd_system_running", running)
            .with(&[], if state == "running" { 1.0 } else { 0.0 }),
    ];
    let number = version.find(|c: char| !c.is_ascii_digit() && c != '.').and_then(|end| version.get(..end));
    if let Ok(number) = number.unwrap_or(&version).trim_end_matches('.').parse::<f64>() {
        let family = Family::gauge("node_systemd_version", "Detected systemd version");
        families.push(family.with(&[("version", &version)], number));
    }
    let kind = if virtualization.is_empty() { "none" } else { &virtualization };
    let family = Family::gauge("node_systemd_virtualization_info", "Detected virtualization technology");
    families.push(family.with(&[("virtualization_type", kind)], 1.0));
    Ok(families)
}

/// The values of one property of units, in order; `None` where one has it not.
fn get(
    connection: &mut Connection,
    interface: &str,
    property: &str,
    units: &[&Unit],
) -> io::Result<Vec<Option<Value>>> {
    let arguments = [interface, property];
    let mut values = Vec::with_capacity(units.len());
    for units in units.chunks(CALLS_AT_A_TIME) {
        let calls: Vec<Call<'_>> = units.iter().map(|unit| property_call(&unit.path, &arguments)).collect();
        values.extend(connection.call(&calls)?.into_iter().map(value));
    }
    Ok(values)
}

fn property_call<'a>(path: &'a str, arguments: &'a [&'a str]) -> Call<'a> {
    Call { path, interface: PROPERTIES, member: "Get", arguments }
}

fn value(body: Option<Body>) -> Option<Value> {
    body?.reader().variant().ok()
}

/// `ListUnits` gives an array of (name, description, load state, active state, sub state, followed unit, path, job's
/// number, job's type, job's path).
fn list_units(connection: &mut Connection) -> io::Result<Vec<Unit>> {
    let call = Call { path: MANAGER_PATH, interface: MANAGER, member: "ListUnits", arguments: &[] };
    let body = connection.call(&[call])?.into_iter().next().flatten();
    let body = body.ok_or_else(|| io::Error::other("systemd did not list its units"))?;
    let mut reader = body.reader();
    // The array's length in bytes; structures start at multiples of 8.
    reader.u32()?;
    reader.align(8);
    let mut units = Vec::new();
    while !reader.is_done() && units.len() < MAX_UNITS {
        reader.align(8);
        let (name, _, load, active) = (reader.text()?, reader.text()?, reader.text()?, reader.text()?);
        let (_, _, path) = (reader.text()?, reader.text()?, reader.text()?);
        let (_, _, _) = (reader.u32()?, reader.text()?, reader.text()?);
        units.push(Unit { name, load, active, path });
    }
    Ok(units)
}
