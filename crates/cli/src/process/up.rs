//! `ingot up`: everything in one process on an embedded default: a SQLite file, the in-process doorbell, and AWS or the
//! simulated region. The same rooms as the scaled shape, over the same ledger.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use ingot_api::{Api, Login};
use ingot_client::Client;
use ingot_cloud::Cloud;
use ingot_cloud::aws::{Auth, AwsConfig, Secret};
use ingot_domain::network::Cidr;
use ingot_domain::pace::Pace;
use ingot_domain::request::Limits;
use ingot_engine::{Engine, Parts};
use ingot_entity::Ledger;
use ingot_migration::{Migrator, MigratorTrait};
use ingot_probe::Prober;
use ingot_queue::{Doorbell, LocalBell};
use ingot_sim::{Region, SimConfig};
use ingot_telemetry::{LogFormat, Metrics};
use ingot_throttle::Throttle;
use ingot_worker::{Settings, Tools};
use rand::Rng;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{setup, worker};
use crate::args::process::{CloudChoice, UpArgs};
use crate::demo;
use crate::output::say;

/// "Simulated minutes are seconds."
const SIM_PACE: f64 = 60.0;

/// Runs it until it is over.
pub(crate) async fn run(args: UpArgs) -> anyhow::Result<ExitCode> {
    setup::start_logs(
        LogFormat::Text,
        if args.demo {
            "error"
        } else {
            "warn,ingot=info"
        },
    );
    if !args.listen.ip().is_loopback() {
        bail!(
            "`ingot up` listens on loopback only ({} is not): use `ingot api` behind TLS for others to reach it",
            args.listen
        );
    }
    let data = args.data.path()?;
    std::fs::create_dir_all(&data)
        .with_context(|| format!("cannot make the data directory {}", data.display()))?;
    let simulated = args.cloud == CloudChoice::Sim;
    let usual = if simulated { SIM_PACE } else { 1.0 };
    let pace = args.pace.or_else(|| Pace::new(usual)).unwrap_or_default();
    let stop = setup::until_signal()?;
    let listener = listen(args.listen, args.demo).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let ledger = embedded_ledger(&data, simulated).await?;
    let metrics = Metrics::new()?;
    let region = if simulated {
        Some(
            Region::start(SimConfig {
                pace: pace.factor(),
                ..SimConfig::default()
            })
            .await?,
        )
    } else {
        None
    };
    let config = match &region {
        Some(region) => sim_config(&region.endpoint()),
        None => setup::aws_config()?,
    };
    let token = setup::make_token(&ledger, "ingot up").await?.reveal();
    write_private(&args.data.token_file()?, &token)?;
    write_private(&args.data.url_file()?, &url)?;

    let cloud = setup::aws(config, Throttle::local(args.rates.rates), &metrics).await?;
    let home = cloud.home_region().to_owned();
    let cloud: Arc<dyn Cloud> = cloud;
    let bell = Doorbell::Local(LocalBell::new());
    let ringing = CancellationToken::new();
    let (ringer, rings) = ingot_engine::ringer(&ledger, &bell, ringing.clone());
    let rings = tokio::spawn(rings);
    let mut probe_cidrs: Vec<Cidr> = args.probe_cidrs.clone();
    if simulated {
        // The simulated instances live on loopback.
        probe_cidrs.push("127.0.0.0/8".parse()?);
    }
    let settings = Settings {
        install: setup::install(&ledger).await?,
        pace,
        probe_cidrs: probe_cidrs.clone(),
        reap: args.reap.into(),
    };
    let at = region.as_ref().map(Region::endpoint);
    let prober = Prober::new(probe_cidrs)?.with_simulated_region(at.as_deref())?;
    let batcher = setup::batcher(&cloud, pace);
    let tools = Tools::new(
        ledger.clone(),
        cloud,
        batcher,
        prober,
        metrics.clone(),
        settings,
    );
    let engine = Engine::new(
        ledger.clone(),
        metrics.clone(),
        ringer.clone(),
        Arc::new(tools),
        worker::engine_settings(pace, None),
    );
    let parts = Parts {
        engine: Arc::new(engine),
        bell,
        jobs: ingot_worker::periodic(pace),
        metrics_listener: None,
        shutdown: stop.clone(),
    };
    let (started, health) = tokio::sync::oneshot::channel();
    let working = tokio::spawn(ingot_engine::run(parts, |health| {
        drop(started.send(health))
    }));
    let limits = Limits {
        regions: regions(&home),
    };
    let login = Login {
        code: code(),
        token: token.clone(),
    };
    let link = format!("{url}/login?code={}", login.code);
    let health = health.await.context("the worker did not start")?;
    let api = Api::new(ledger, ringer, metrics, health, limits, stop.clone())
        .at_pace(pace)
        .with_login(login);
    let serving = tokio::spawn(ingot_api::serve(listener, api));
    announce(&url, &link, region.as_ref(), args.demo)?;

    let mut exit = ExitCode::SUCCESS;
    if args.demo {
        let client = Client::new(&url, Some(&token))?;
        let outcome = tokio::select! {
            outcome = demo::play(&client, &link) => outcome?,
            () = stop.cancelled() => bail!("the demo was stopped"),
        };
        if !outcome.ok {
            exit = ExitCode::FAILURE;
        }
        if args.exit {
            stop.cancel();
        }
    }
    stop.cancelled().await;
    serving.await??;
    working.await??;
    ringing.cancel();
    rings.await?;
    if let Some(region) = region {
        region.stop().await;
    }
    Ok(exit)
}

/// The usual address; the demo takes any free one when it is taken.
async fn listen(address: SocketAddr, demo: bool) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(_) if demo => Ok(TcpListener::bind((address.ip(), 0)).await?),
        Err(error) => {
            bail!("cannot listen on {address}: {error}; choose another address with --listen")
        }
    }
}

/// The ledger in the data directory. A simulated region forgets everything when it ends, so its ledger starts afresh.
async fn embedded_ledger(data: &Path, simulated: bool) -> anyhow::Result<Ledger> {
    let file = data.join(if simulated {
        "simulated.sqlite3"
    } else {
        "ingot.sqlite3"
    });
    if simulated {
        for suffix in ["", "-wal", "-shm"] {
            let mut old = file.clone().into_os_string();
            old.push(suffix);
            match std::fs::remove_file(&old) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| {
                        format!("cannot remove the last simulation's ledger {old:?}")
                    });
                }
                _ => {}
            }
        }
    }
    private_file(&file)?;
    let url = format!("sqlite://{}", file.display());
    let ledger = Ledger::connect(&url, 1).await?;
    Migrator::up(ledger.database(), None)
        .await
        .context("the ledger's schema could not be brought up")?;
    setup::store_builtins(&ledger).await?;
    ledger.measure_skew().await?;
    Ok(ledger)
}

/// The ledger holds user data, which may hold secrets: its file is its owner's alone, and SQLite makes those beside it
/// alike.
fn private_file(path: &Path) -> anyhow::Result<()> {
    let made = || -> std::io::Result<()> {
        let options = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .to_owned();
        let file = options.open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))
    };
    made().with_context(|| format!("cannot make the ledger's file {}", path.display()))
}

fn sim_config(endpoint: &str) -> AwsConfig {
    AwsConfig {
        auth: Auth::AccessKeys {
            access_key_id: "AKIASIMULATED".to_owned(),
            secret_access_key: Secret::new("simulated"),
            session_token: None,
        },
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(endpoint.to_owned()),
        ..AwsConfig::default()
    }
}

/// INGOT_REGIONS, else the region of AWS's own settings and those that many accounts use.
fn regions(home: &str) -> Vec<String> {
    let given = setup::variable("INGOT_REGIONS");
    match given {
        Some(list) => list
            .split(',')
            .map(|region| region.trim().to_owned())
            .filter(|region| !region.is_empty())
            .collect(),
        None => {
            let others = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"];
            let others = others.into_iter().filter(|region| *region != home);
            std::iter::once(home)
                .chain(others)
                .map(str::to_owned)
                .collect()
        }
    }
}

fn code() -> String {
    let random: [u8; 16] = rand::rng().random();
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file only its owner can read.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        writeln!(file, "{text}")
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn announce(url: &str, link: &str, region: Option<&Region>, demo: bool) -> anyhow::Result<()> {
    if !demo && !std::io::stdout().is_terminal() {
        eprintln!("console, signed in by this link once: {link}");
        let sim = region.map(Region::endpoint);
        return say(&serde_json::json!({ "listening": url, "sim": sim }).to_string());
    }
    let cloud = if region.is_some() {
        "a simulated region: simulated minutes are seconds"
    } else {
        "your AWS account"
    };
    eprintln!("Ingot works in {cloud}.");
    eprintln!("Console, signed in by this link once: {link}");
    eprintln!(
        "API: {url} (documentation at {url}/docs); `ingot deployments list` finds it by itself."
    );
    Ok(())
}
