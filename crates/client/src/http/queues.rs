//! Queues and tasks, and what people order of them.

use reqwest::Method;

use super::{Client, ClientError, segment};
use crate::event::{Event, EventFilter};
use crate::page::Page;
use crate::system::{PauseQueue, Queue, QueueConcurrency, ResumeQueue};
use crate::task::Task;
use crate::task_action::{TaskAction, TaskDecision, TasksActed};

impl Client {
    /// `POST /v1/tasks/{id}/{action}`: `retry`, `cancel`, `run-now`, `reschedule` or `discard`.
    pub async fn act_on_task(
        &self,
        id: &str,
        action: &str,
        decision: &TaskDecision,
    ) -> Result<Task, ClientError> {
        let path = format!("/v1/tasks/{}/{}", segment(id), segment(action));
        self.send(self.request(Method::POST, &path).json(decision))
            .await
    }

    /// `POST /v1/tasks/actions`
    pub async fn act_on_tasks(&self, action: &TaskAction) -> Result<TasksActed, ClientError> {
        self.send(self.request(Method::POST, "/v1/tasks/actions").json(action))
            .await
    }

    /// `GET /v1/queues/{name}`
    pub async fn queue(&self, name: &str) -> Result<Queue, ClientError> {
        let path = format!("/v1/queues/{}", segment(name));
        self.send(self.request(Method::GET, &path)).await
    }

    /// `GET /v1/queues/{name}/events`
    pub async fn queue_events(
        &self,
        name: &str,
        filter: &EventFilter,
    ) -> Result<Page<Event>, ClientError> {
        let path = format!("/v1/queues/{}/events", segment(name));
        self.send(self.request(Method::GET, &path).query(filter))
            .await
    }

    /// `POST /v1/queues/{name}/pause`
    pub async fn pause_queue(&self, name: &str, pause: &PauseQueue) -> Result<Queue, ClientError> {
        let path = format!("/v1/queues/{}/pause", segment(name));
        self.send(self.request(Method::POST, &path).json(pause))
            .await
    }

    /// `POST /v1/queues/{name}/resume`
    pub async fn resume_queue(
        &self,
        name: &str,
        resume: &ResumeQueue,
    ) -> Result<Queue, ClientError> {
        let path = format!("/v1/queues/{}/resume", segment(name));
        self.send(self.request(Method::POST, &path).json(resume))
            .await
    }

    /// `PUT /v1/queues/{name}/concurrency`
    pub async fn set_concurrency(
        &self,
        name: &str,
        wanted: &QueueConcurrency,
    ) -> Result<Queue, ClientError> {
        let path = format!("/v1/queues/{}/concurrency", segment(name));
        self.send(self.request(Method::PUT, &path).json(wanted))
            .await
    }
}
