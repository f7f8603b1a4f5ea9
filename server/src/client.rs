//! The command-line client: `crowsnest query`, `backup`, `render`.

mod backup;
mod connection;
mod print;
mod render;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use crowsnest_api::prometheus::{QueryData, Response};

use crate::clock;
use crate::units::Span;
pub(crate) use backup::{BackupArgs, run as backup};
pub(crate) use connection::{Answer, Server};
pub(crate) use print::table;
pub(crate) use render::{RenderArgs, run as render};

/// The step of a range query when none is given: one that makes about this many points.
const POINTS: u32 = 250;

/// Which server, and as whom.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServerArgs {
    /// URL of the server, with its base path
    #[arg(long, env = "CROWSNEST_URL", value_name = "URL", default_value = "https://127.0.0.1:8443/")]
    url: String,
    /// File with a bearer token
    #[arg(long, env = "CROWSNEST_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// CA to trust besides the system's, PEM
    #[arg(long, env = "CROWSNEST_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl ServerArgs {
    /// Reads the files; connects to nothing yet.
    fn connect(&self) -> anyhow::Result<Server> {
        Server::new(&self.url, self.token_file.as_deref(), self.ca.as_deref())
    }
}

/// `crowsnest query`.
#[derive(Clone, Debug, Args)]
pub(crate) struct QueryArgs {
    /// The query, in PromQL
    #[arg(value_name = "EXPR")]
    expr: String,
    /// Evaluate over this time up to now instead of at one moment, such as 1h
    #[arg(long, value_name = "DURATION")]
    range: Option<Span>,
    /// Time between evaluations of a range; fitting when not given
    #[arg(long, value_name = "DURATION", requires = "range")]
    step: Option<Span>,
    /// Print CSV: a column for each label, a row for each sample
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print the server's JSON as it is
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Asks and prints. Answers go to standard output, warnings to standard error.
pub(crate) fn query(args: &QueryArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = args.server.connect()?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("query", &args.expr);
        let path = match args.range {
            None => "api/v1/query",
            Some(Span(range)) => {
                let end = clock::now();
                let step =
                    args.step.map_or_else(|| (range / POINTS).max(Duration::from_secs(1)), |step| step.0);
                form.append_pair("start", &end.minus(range).to_string());
                form.append_pair("end", &end.to_string());
                form.append_pair("step", &step.as_secs_f64().to_string());
                "api/v1/query_range"
            }
        };
        let body = server.post_form(path, form.finish()).await?;
        if args.json {
            println!("{}", String::from_utf8_lossy(&body));
        }
        match serde_json::from_slice::<Response<QueryData>>(&body)
            .context("the answer is not that of a Prometheus API; is the URL right?")?
        {
            Response::Error { error, .. } => bail!("{}", print::show_fault(&error, &args.expr)),
            Response::Success { data, warnings, infos } => {
                for note in warnings.iter().chain(&infos) {
                    eprintln!("{note}");
                }
                match (args.json, args.csv) {
                    (true, _) => {}
                    (false, true) => print!("{}", print::csv(&data)),
                    (false, false) => print!("{}", print::text(&data)),
                }
                Ok(())
            }
        }
    })
}
