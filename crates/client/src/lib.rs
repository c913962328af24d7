//! The HTTP contract, written once: what the API answers and accepts, what a problem looks like, and a typed client
//! over it. The CLI, the console and the tests use these types, and the OpenAPI document is generated from them.

pub mod advisory;
pub mod affected;
pub mod auto_ami;
pub mod base_image;
pub mod base_update;
pub mod budget;
pub mod build;
pub mod calendar;
pub mod check;
pub mod copy;
pub mod decision;
pub mod deployment;
pub mod doubt;
pub mod event;
pub mod feed;
pub mod finding;
pub mod held;
pub mod http;
pub mod image;
pub mod launched;
pub mod notification;
pub mod operation;
pub mod page;
pub mod plan;
pub mod policy;
pub mod price;
pub mod problem;
pub mod retention;
pub mod scan_interval;
pub mod simulation;
pub mod status;
pub mod system;
pub mod task;
pub mod task_action;
pub mod template;
pub mod wait;
mod wire;

pub use base_image::{
    BaseImage, BaseImageDecision, BaseImageRegion, BaseImageUpdate, NewBaseImage, ScanRequest,
    Scanned,
};
pub use calendar::CalendarSeen;
pub use check::{AwsCheck, AwsFact, AwsPermission, AwsTrial, NewAwsCheck, NewTrial};
pub use decision::{FindingDecision, ImageDecision};
pub use deployment::{CreateDeployment, Deployment, DeploymentFilter};
pub use doubt::Doubt;
pub use event::Event;
pub use finding::{Finding, FindingFilter, InvariantReport};
pub use http::{Client, ClientError};
pub use image::{Image, ImageFilter};
pub use launched::{Base, LaunchedAs};
pub use operation::{
    NewOperation, Operation, OperationFilter, OperationPreview, StopOperation, TasksMeant,
};
pub use page::Page;
pub use problem::{InvalidField, Problem};
pub use retention::RetentionSetting;
pub use scan_interval::ScanIntervalSetting;
pub use status::{AwsCheckSeen, Part, SystemStatus, Waiting, WorkerSeen};
pub use system::{
    Check, PauseQueue, Queue, QueueConcurrency, QueuePause, Ready, ResumeQueue, Statistics,
};
pub use task::{Attempt, Task, TaskFilter};
pub use task_action::{TaskAction, TaskDecision, TaskRefused, TasksActed};
pub use template::{ApplyFilter, RevisionFilter, RevisionsFilter, Template, TemplateRevision};
pub use wait::Wait;
