//! The `kubernetes` package of PyPI.

use super::{Site, output, tools};

#[tokio::test]
async fn the_python_client_reads_writes_and_watches() {
    let packages = tools().join("python");
    if !packages.join("kubernetes").is_dir() {
        println!("no Python client here: `deploy/setup.sh test` gets it from PyPI");
        return;
    }
    let site = Site::start().await;
    let mut command = site.command("python3");
    command.env("PYTHONPATH", packages).args(["-B", "-c", include_str!("client.py")]);
    let text = output(&mut command).await.unwrap();
    assert_eq!(text.lines().last(), Some("all is well"), "{text}");
}
