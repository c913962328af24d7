//! Feeds of advisories: how they stand, one load, one advisory.

use reqwest::Method;

use super::{Client, ClientError, segment};
use crate::advisory::KnownAdvisory;
use crate::event::{Event, EventFilter};
use crate::feed::{EndFeedLoad, Feed, FeedLoad, FeedPage, NewFeedLoad, SetFeed, SyncAsked};
use crate::page::Page;

impl Client {
    /// `GET /v1/advisories/feeds`
    pub async fn feeds(&self) -> Result<Page<Feed>, ClientError> {
        self.send(self.request(Method::GET, "/v1/advisories/feeds"))
            .await
    }

    /// `POST /v1/advisories/feeds/{feed}/loads`
    pub async fn begin_feed_load(
        &self,
        feed: &str,
        load: &NewFeedLoad,
    ) -> Result<FeedLoad, ClientError> {
        let path = format!("/v1/advisories/feeds/{}/loads", segment(feed));
        self.send(self.request(Method::POST, &path).json(load))
            .await
    }

    /// `PUT /v1/advisories/feeds/{feed}/loads/{generation}/pages/{number}`; the same page again changes nothing.
    pub async fn add_feed_page(
        &self,
        feed: &str,
        generation: i64,
        number: usize,
        page: &FeedPage,
    ) -> Result<FeedLoad, ClientError> {
        let feed = segment(feed);
        let path = format!("/v1/advisories/feeds/{feed}/loads/{generation}/pages/{number}");
        self.send(self.request(Method::PUT, &path).json(page)).await
    }

    /// `POST /v1/advisories/feeds/{feed}/loads/{generation}/end`
    pub async fn end_feed_load(
        &self,
        feed: &str,
        generation: i64,
        end: &EndFeedLoad,
    ) -> Result<Feed, ClientError> {
        let feed = segment(feed);
        let path = format!("/v1/advisories/feeds/{feed}/loads/{generation}/end");
        self.send(self.request(Method::POST, &path).json(end)).await
    }

    /// `POST /v1/advisories/feeds/{feed}/sync`
    pub async fn sync_feed(&self, feed: &str) -> Result<SyncAsked, ClientError> {
        let path = format!("/v1/advisories/feeds/{}/sync", segment(feed));
        self.send(self.request(Method::POST, &path)).await
    }

    /// `PATCH /v1/advisories/feeds/{feed}`
    pub async fn set_feed(&self, feed: &str, set: &SetFeed) -> Result<Feed, ClientError> {
        let path = format!("/v1/advisories/feeds/{}", segment(feed));
        self.send(self.request(Method::PATCH, &path).json(set))
            .await
    }

    /// `GET /v1/advisories/feeds/{feed}/events`
    pub async fn feed_events(
        &self,
        feed: &str,
        filter: &EventFilter,
    ) -> Result<Page<Event>, ClientError> {
        let path = format!("/v1/advisories/feeds/{}/events", segment(feed));
        self.send(self.request(Method::GET, &path).query(filter))
            .await
    }

    /// `GET /v1/advisories/{id}`
    pub async fn advisory(&self, id: &str) -> Result<KnownAdvisory, ClientError> {
        let path = format!("/v1/advisories/{}", segment(id));
        self.send(self.request(Method::GET, &path)).await
    }
}
