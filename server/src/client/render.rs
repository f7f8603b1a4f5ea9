//! `crowsnest render`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use super::ServerArgs;

/// `crowsnest render`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RenderArgs {
    /// The dashboard, in any of the forms that are imported
    #[arg(long, value_name = "FILE")]
    dashboard: PathBuf,
    /// The picture to write; its ending says which kind, .png or .svg
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// One panel alone, by its number
    #[arg(long, value_name = "ID")]
    panel: Option<i64>,
    /// Begin of the time range, such as now-6h; the dashboard's own when not given
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// End of the time range, such as now
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Width in pixels
    #[arg(long, value_name = "PIXELS")]
    width: Option<u32>,
    /// Height in pixels; a dashboard is as high as it is when not given
    #[arg(long, value_name = "PIXELS")]
    height: Option<u32>,
    /// Colours on light or on dark ground
    #[arg(long, value_name = "THEME", default_value = "light", value_parser = ["light", "dark"])]
    theme: String,
    /// Pixels of the file for each pixel of the picture, 1 to 3; of PNG alone
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3))]
    scale: u32,
    /// Value of a variable, such as node=demo-1; several for one variable that takes several
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Asks the server for the picture and writes it.
///
/// # Errors
/// When a file cannot be read or written, or the server refuses.
pub(crate) fn run(args: &RenderArgs) -> anyhow::Result<()> {
    let path = path(args)?;
    let dashboard = std::fs::read_to_string(&args.dashboard)
        .with_context(|| format!("cannot read {}", args.dashboard.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let picture = runtime.block_on(async { args.server.connect()?.post_json(&path, dashboard).await })?;
    std::fs::write(&args.out, &picture).with_context(|| format!("cannot write {}", args.out.display()))?;
    println!("{} bytes in {}", picture.len(), args.out.display());
    Ok(())
}

/// What is asked for.
fn path(args: &RenderArgs) -> anyhow::Result<String> {
    let format = match args.out.extension().and_then(|ending| ending.to_str()) {
        Some("png") => "png",
        Some("svg") => "svg",
        _ => bail!("{}: the file's name must end in .png or .svg", args.out.display()),
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("format", format).append_pair("theme", &args.theme);
    query.append_pair("scale", &args.scale.to_string());
    let numbers =
        [("panel", args.panel), ("width", args.width.map(i64::from)), ("height", args.height.map(i64::from))];
    for (name, value) in numbers.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        query.append_pair(name, &value.to_string());
    }
    for (name, value) in [("from", &args.from), ("to", &args.to)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    for variable in &args.variables {
        let Some((name, value)) = variable.split_once('=') else {
            bail!("--var {variable}: a name and a value are needed, such as node=demo-1");
        };
        query.append_pair(&format!("var-{name}"), value);
    }
    Ok(format!("api/crowsnest/v1/render?{}", query.finish()))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: RenderArgs,
    }

    fn asked(words: &[&str]) -> anyhow::Result<String> {
        let line = ["render", "--dashboard", "d.json"].iter().chain(words);
        path(&Line::try_parse_from(line).unwrap().args)
    }

    #[test]
    fn the_command_line_becomes_parameters() {
        let words =
            ["--out", "x.png", "--panel", "3", "--from", "now-1h", "--var", "node=a b", "--theme", "dark"];
        assert_eq!(
            asked(&words).unwrap(),
            "api/crowsnest/v1/render?format=png&theme=dark&scale=1&panel=3&from=now-1h&var-node=a+b"
        );
        assert!(asked(&["--out", "x.gif"]).is_err());
        assert!(asked(&["--out", "x.svg", "--var", "node"]).is_err());
    }
}
