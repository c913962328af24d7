//! `ingot up`: everything in one process on an embedded default: a SQLite file, the in-process doorbell, and AWS or the
//! simulated region. The same rooms as the scaled shape, over the same ledger.

mod calendar;
mod hold;
mod home;
mod samples;

use std::io::IsTerminal;
use std::net::SocketAddr;
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
use ingot_entity::store::RegionEnd;
use ingot_probe::Prober;
use ingot_queue::{Doorbell, LocalBell};
use ingot_sim::{Region, SimConfig};
use ingot_telemetry::{Health, LogFormat, Metrics};
use ingot_throttle::Throttle;
use ingot_worker::{Settings, Teller, Tools};
use rand::Rng;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use home::{Home, Taken};

use super::{setup, worker};
use crate::args::process::{CloudChoice, UpArgs};
use crate::demo;
use crate::failure::Usage;
use crate::output::say;

/// "Simulated minutes are seconds."
const SIM_PACE: f64 = 60.0;
/// How long a process may take to serve all of its parts before one that it does not serve is told.
const BEGINNING: std::time::Duration = std::time::Duration::from_secs(10);

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
        let text = format!(
            "`ingot up` listens on loopback only ({} is not): use `ingot api` behind TLS for others to reach it",
            args.listen
        );
        return Err(Usage(text).into());
    }
    let Taken {
        data,
        mut hold,
        fresh,
    } = home::take(&args)?;
    let simulated = args.cloud == CloudChoice::Sim;
    let stop = setup::until_signal()?;
    let listener = listen(args.listen, args.demo).await?;
    let url = format!("http://{}", listener.local_addr()?);
    hold.at(&url)?;
    let home = home::open(&data.path()?, simulated, fresh).await?;
    tell_ended(&home);
    let Home { ledger, kept, .. } = home;
    if simulated {
        samples::load(&ledger, &data.path()?).await?;
    }
    let metrics = Metrics::new()?;
    let (mut pace, mut lines) = (args.pace.unwrap_or_default(), Vec::new());
    let region = if simulated {
        let sim = SimConfig::default();
        let usual = if args.demo { demo::PACE } else { SIM_PACE };
        let usual = Pace::new(usual).unwrap_or_default();
        // The base images that move in a demo have their days.
        let at = args.at.or(if args.demo {
            Some(demo::BEGINS.parse()?)
        } else {
            None
        });
        let begun = calendar::begin(&ledger, at, args.pace, usual).await?;
        (pace, lines) = (begun.pace, begun.lines);
        Some(
            Region::start(SimConfig {
                pace: pace.factor(),
                begins: Some(begun.begins),
                // Ids of the last region must not come again: the ledger still tells of what had them.
                seed: if kept { rand::rng().random() } else { sim.seed },
                ..sim
            })
            .await?,
        )
    } else {
        None
    };
    let config = match &region {
        Some(region) => sim_config(&region.endpoint()),
        None => {
            let mut config = setup::aws_config()?;
            config.region = config.region.or_else(|| args.regions.first());
            config
        }
    };
    let token = home::local_token(&ledger, &data.token_file()?).await?;
    home::write_private(&data.url_file()?, &url)?;
    match &region {
        Some(region) => home::write_private(&data.sim_file()?, &region.endpoint())?,
        // What an earlier one left leads nowhere.
        None => drop(std::fs::remove_file(data.sim_file()?)),
    }

    let cloud = setup::aws(config, Throttle::local(args.rates.rates), &metrics).await?;
    let first_region = cloud.home_region().to_owned();
    let cloud: Arc<dyn Cloud> = cloud;
    let bell = Doorbell::Local(LocalBell::new());
    let ringing = CancellationToken::new();
    let (ringer, rings) = ingot_engine::ringer(&ledger, &bell, ringing.clone());
    let rings = tokio::spawn(rings);
    let ring = args.keys.ring_in(&data.path()?)?;
    let here: Vec<Cidr> = vec!["127.0.0.0/8".parse()?, "::1/128".parse()?];
    let mut probe_cidrs: Vec<Cidr> = args.reach.probe_cidrs.clone();
    if simulated {
        // The simulated instances live on loopback.
        probe_cidrs.push("127.0.0.0/8".parse()?);
    }
    let limits = Limits {
        regions: args.regions.or(usual_regions(&first_region, simulated)),
    };
    ledger.keep_regions(&limits.regions).await?;
    let settings = Settings {
        install: setup::install(&ledger).await?,
        pace,
        probe_cidrs: probe_cidrs.clone(),
        reap: args.reach.reap.into(),
        feeds: setup::feeds(&args.feeds, simulated, &data.path()?),
    };
    let spool = settings.feeds.as_ref().map(|feeds| feeds.spool.clone());
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
    )
    .telling(Teller::new(
        ring.clone(),
        args.tell.post(if simulated { &here } else { &[] })?,
        Some(url.clone()),
    ));
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
    let login = Login {
        code: code(),
        token: token.clone(),
    };
    let link = format!("{url}/login?code={}", login.code);
    let health = health.await.context("the worker did not start")?;
    tokio::spawn(watch_parts(metrics.clone(), health.clone(), stop.clone()));
    let api = Api::new(ledger, ringer, metrics, health, limits, stop.clone())
        .at_pace(pace)
        .with_ring(ring)
        .with_login(login);
    let serving = tokio::spawn(ingot_api::serve(listener, api));
    announce(&url, &link, region.as_ref(), &lines, args.demo)?;

    let mut exit = ExitCode::SUCCESS;
    if args.demo {
        let client = Client::new(&url, Some(&token))?;
        if args.at.is_some() {
            eprintln!("The second act plays on days of its own: leave --at out to see it.");
        }
        let theatre = region.as_ref().filter(|_| args.at.is_none());
        let theatre = theatre.map(|region| demo::Theatre {
            endpoint: region.endpoint(),
            pace: pace.factor(),
        });
        let outcome = tokio::select! {
            outcome = demo::play(&client, &link, theatre.as_ref()) => outcome?,
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
    if let Some(spool) = spool {
        drop(std::fs::remove_dir_all(spool));
    }
    drop(hold);
    Ok(exit)
}

/// Says every half minute which part is away, once the worker of this process has had time to begin.
async fn watch_parts(metrics: Metrics, health: Health, stop: CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(BEGINNING) => {}
        () = stop.cancelled() => return,
    }
    loop {
        setup::tell_impaired(&metrics, &health).await;
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_secs(30)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Says what the last simulated region took with it.
fn tell_ended(home: &Home) {
    let RegionEnd {
        deployments,
        images,
    } = home.ended;
    if deployments + images > 0 {
        eprintln!(
            "The last simulated region is gone: {deployments} deployments and {images} AMIs ended with it, as their stories \
             say; `--fresh` forgets them, too."
        );
    }
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

/// The region of AWS's own settings, and none that was not named: a region may be closed to the account, or not its owner's
/// to spend in. In the simulated world there are a few more to play with.
fn usual_regions(home: &str, simulated: bool) -> impl Iterator<Item = String> {
    let others = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"];
    let others = others.into_iter().filter(move |_| simulated);
    std::iter::once(home).chain(others).map(str::to_owned)
}

fn code() -> String {
    let random: [u8; 16] = rand::rng().random();
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn announce(
    url: &str,
    link: &str,
    region: Option<&Region>,
    calendar: &[String],
    demo: bool,
) -> anyhow::Result<()> {
    // A demo lives a few minutes, by one it brings itself.
    for line in calendar.iter().filter(|_| !demo) {
        eprintln!("{line}");
    }
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
