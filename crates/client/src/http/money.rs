//! The policy, budgets and prices.

use reqwest::{Method, header};

use super::{Client, ClientError};
use crate::budget::{Allowance, Budget, BudgetFilter, BudgetPeriod, Budgets};
use crate::event::{Event, EventFilter};
use crate::page::Page;
use crate::policy::{
    InstallationPolicy, PolicyActivation, PolicyDiff, PolicyDiffFilter, PolicyEdit, PolicyFilter,
    PolicyImport, PolicyRevision,
};
use crate::price::{Price, PriceFilter, PriceLoad, PricesLoaded};
use crate::simulation::{PolicySimulation, SimulationDays, SimulationFilter};

impl Client {
    /// `GET /v1/policy`: the one in force, or the revision asked for.
    pub async fn policy(&self, of: PolicyFilter) -> Result<InstallationPolicy, ClientError> {
        self.list("/v1/policy", &of).await
    }

    /// `GET /v1/policy/revisions`
    pub async fn policy_revisions(&self) -> Result<Page<PolicyRevision>, ClientError> {
        self.send(self.request(Method::GET, "/v1/policy/revisions"))
            .await
    }

    /// `GET /v1/policy/diff`
    pub async fn policy_diff(&self, of: PolicyDiffFilter) -> Result<PolicyDiff, ClientError> {
        self.list("/v1/policy/diff", &of).await
    }

    /// `POST /v1/policy`: stores a revision from YAML and puts it in force.
    pub async fn import_policy(
        &self,
        yaml: &str,
        how: &PolicyImport,
    ) -> Result<InstallationPolicy, ClientError> {
        let request = self.request(Method::POST, "/v1/policy").query(how);
        let request = request.header(header::CONTENT_TYPE, "application/yaml");
        self.send(request.body(yaml.to_owned())).await
    }

    /// `PATCH /v1/policy`: the policy in force with some keys changed becomes the next revision.
    pub async fn edit_policy(&self, edit: &PolicyEdit) -> Result<InstallationPolicy, ClientError> {
        let request = self.request(Method::PATCH, "/v1/policy");
        self.send(request.json(edit)).await
    }

    /// `GET /v1/policy/simulation`: a revision played over days that were.
    pub async fn simulate_policy(
        &self,
        filter: SimulationFilter,
    ) -> Result<PolicySimulation, ClientError> {
        self.list("/v1/policy/simulation", &filter).await
    }

    /// `POST /v1/policy/simulation`: a policy in YAML played over days that were; nothing is stored.
    pub async fn simulate_given_policy(
        &self,
        yaml: &str,
        days: SimulationDays,
    ) -> Result<PolicySimulation, ClientError> {
        let request = self.request(Method::POST, "/v1/policy/simulation");
        let request = request.query(&days);
        let request = request.header(header::CONTENT_TYPE, "application/yaml");
        self.send(request.body(yaml.to_owned())).await
    }

    /// `PUT /v1/policy/active`
    pub async fn activate_policy(
        &self,
        wanted: &PolicyActivation,
    ) -> Result<InstallationPolicy, ClientError> {
        let request = self.request(Method::PUT, "/v1/policy/active");
        self.send(request.json(wanted)).await
    }

    /// `GET /v1/budget`
    pub async fn budget(&self) -> Result<Budgets, ClientError> {
        self.send(self.request(Method::GET, "/v1/budget")).await
    }

    /// `GET /v1/budget/history`
    pub async fn budget_history(
        &self,
        filter: &BudgetFilter,
    ) -> Result<Page<BudgetPeriod>, ClientError> {
        self.list("/v1/budget/history", filter).await
    }

    /// `POST /v1/budget/allow`
    pub async fn allow_budget(
        &self,
        more: &Allowance,
        idempotency_key: &str,
    ) -> Result<Budget, ClientError> {
        let request = self.request(Method::POST, "/v1/budget/allow");
        let request = request.header("Idempotency-Key", idempotency_key);
        self.send(request.json(more)).await
    }

    /// `GET /v1/prices`
    pub async fn prices(&self, filter: &PriceFilter) -> Result<Page<Price>, ClientError> {
        self.list("/v1/prices", filter).await
    }

    /// `POST /v1/prices`
    pub async fn load_prices(&self, load: &PriceLoad) -> Result<PricesLoaded, ClientError> {
        let request = self.request(Method::POST, "/v1/prices");
        self.send(request.json(load)).await
    }

    /// `GET /v1/prices/events`
    pub async fn price_events(&self, filter: &EventFilter) -> Result<Page<Event>, ClientError> {
        self.list("/v1/prices/events", filter).await
    }
}
