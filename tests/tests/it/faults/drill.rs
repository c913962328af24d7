//! A drill: an installation whose workers follow a plan of failpoints, die of it, and are started again.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ingot_client::notification::NewReceiver;
use ingot_tests::{Options, Process, Sink, Stack, ingot};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// SIGABRT, the only death a failpoint deals.
const ABORTED: i32 = 6;
/// 32 bytes in Base64.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// A debug build on two busy cores.
const UP: Duration = Duration::from_secs(60);

/// An installation under drill.
pub(super) struct Drill {
    pub(super) stack: Stack,
    /// Who is told of everything, so that deliveries are drilled, too.
    _hook: Sink,
    /// Where each acting of a point leaves a file.
    folder: TempDir,
    deaths: Arc<AtomicUsize>,
    over: CancellationToken,
    shifts: JoinSet<()>,
}

impl Drill {
    /// Starts the scaled shape with this many workers under a plan, which is completed by the shared folder.
    pub(super) async fn start(workers: usize, plan: &str) -> Self {
        Self::start_at(workers, plan, 600).await
    }

    /// The same, at another pace.
    pub(super) async fn start_at(workers: usize, plan: &str, pace: u32) -> Self {
        let folder = TempDir::new().unwrap();
        let options = Options {
            workers: 0,
            pace,
            environment: vec![
                ("INGOT_KEY".to_owned(), KEY.to_owned()),
                ("INGOT_NOTIFY_CIDRS".to_owned(), "127.0.0.0/8".to_owned()),
            ],
            ..Options::default()
        };
        let stack = Stack::scaled_with(options).await.unwrap();
        let hook = Sink::http().await.unwrap();
        let receiver = NewReceiver {
            name: "drill".to_owned(),
            channel: "webhook".to_owned(),
            url: Some(format!("http://127.0.0.1:{}/", hook.port)),
            ..NewReceiver::default()
        };
        stack.client.add_receiver(&receiver).await.unwrap();
        let mut environment = stack.environment.clone();
        let plan = format!("{plan};shared={}", folder.path().display());
        environment.push(("INGOT_FAILPOINTS".to_owned(), plan));
        // A worker that dies shall take few bystanders with it.
        environment.push(("INGOT_CONCURRENCY".to_owned(), "2".to_owned()));
        let (deaths, over) = (Arc::default(), CancellationToken::new());
        let mut shifts = JoinSet::new();
        for _ in 0..workers {
            shifts.spawn(shift(
                environment.clone(),
                Arc::clone(&deaths),
                over.clone(),
            ));
        }
        Self {
            stack,
            _hook: hook,
            folder,
            deaths,
            over,
            shifts,
        }
    }

    /// What the points did so far: `<point>.<n>`.
    pub(super) fn acted(&self) -> BTreeSet<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// How many workers died.
    pub(super) fn deaths(&self) -> usize {
        self.deaths.load(Ordering::SeqCst)
    }

    /// Fails the test when a shift has: a worker that ended otherwise than by its failpoint.
    pub(super) fn check(&mut self) {
        if let Some(ended) = self.shifts.try_join_next() {
            ended.unwrap();
        }
    }

    /// Ends the shifts; a worker that dies otherwise than by its failpoint fails the test here.
    pub(super) async fn end(mut self) -> (Stack, BTreeSet<String>, usize) {
        let acted = self.acted();
        self.over.cancel();
        while let Some(ended) = self.shifts.join_next().await {
            ended.unwrap();
        }
        (self.stack, acted, self.deaths.load(Ordering::SeqCst))
    }
}

/// One worker after the other, each started when the one before was killed by its failpoint.
async fn shift(
    environment: Vec<(String, String)>,
    deaths: Arc<AtomicUsize>,
    over: CancellationToken,
) {
    let arguments = ["worker", "--metrics-listen", "127.0.0.1:0"];
    loop {
        let mut worker = Process::start(&arguments, &environment).unwrap();
        let ended = tokio::select! {
            ended = worker.wait(Duration::from_secs(600)) => ended.unwrap(),
            () = over.cancelled() => return,
        };
        assert_eq!(ended.signal(), Some(ABORTED), "{}", worker.said());
        let told = |line: &String| line.starts_with("failpoint ");
        assert!(worker.stderr().iter().any(told), "{}", worker.said());
        deaths.fetch_add(1, Ordering::SeqCst);
    }
}

/// Every point of the binary under test that deployments reach.
pub(super) async fn points() -> Vec<String> {
    let mut points = every_point().await;
    // Feeds are fetched from outside, builds are asked for and their images copied, which drills of deployments do not do: `feeds_sync.rs` and
    // `build_points.rs` kill there.
    let elsewhere = ["feed.", "build", "copy_image."];
    points.retain(|point| !elsewhere.iter().any(|begin| point.starts_with(begin)));
    points
}

/// Every point of the binary under test; it is told apart from a build without any.
pub(super) async fn every_point() -> Vec<String> {
    let listed = ingot(&["failpoints", "--json"], &[], UP).await.unwrap();
    assert!(
        listed.status.success(),
        "this `ingot` has no failpoints: it was built without the tests; run `make build` ({})",
        String::from_utf8_lossy(&listed.stderr)
    );
    serde_json::from_slice(&listed.stdout).unwrap()
}
