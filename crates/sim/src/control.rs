//! The control endpoints under `/_sim/`: what tests and drills order and read, in JSON.
//!
//! | endpoint | body or query | does |
//! |---|---|---|
//! | `GET /healthz` | | `{"status":"ok"}` |
//! | `GET /_sim/journal` | `?action=GLOB&after=SEQ` | every call: `seq`, `sim_time`, `real_seconds`, `service`, `action`, `region`, `account`, `access_key`, `params`, `outcome`, `status`, `fault`, `effect`; and `last` |
//! | `DELETE /_sim/journal` | | forgets it; `seq` keeps counting |
//! | `POST /_sim/faults` | `{action, region?, times?, after_calls?, match?, kind, …}` | orders a fault for calls of `action` (a glob). `times` is 1 if absent, 0 for all. `kind`: `error` with `code`, `status?`, `message?`; `lost_answer`; `drop`; `delay` with `ms`; `half_answer` |
//! | `GET`, `DELETE /_sim/faults` | | the orders with their counts; forgets them |
//! | `POST /_sim/images/{ami}` | `{state: available, failed, pending or gone, reason?}` | moves an image and its snapshots |
//! | `POST /_sim/next_image` | `{state: "failed", reason?, times?}` or `{hold: true, times?}` | plans the next images |
//! | `POST /_sim/instances/{id}` | `{state?, serve?, installed?, reason?}` | moves an instance, ends (`true`) or undoes its install; `serve`: `ok`, `502`, `wrong_content`, `refuse`, `hang`, `500`, or `auto` for the usual course |
//! | `POST /_sim/next_instance` | `{serve?, ends?, ends_after?, dies_after?, hold_install?, stuck?, spot?, times?}` | plans the next instances; `hold_install`: 502 until `installed` is ordered; `stuck`: never leaves `pending`; `spot`: a Spot instance; `ends`: EC2 ends it by itself for this `CODE` or `CODE: message`, `ends_after` simulated seconds or, without, during its launch; `dies_after` in simulated seconds, as a reclaimed spot instance |
//! | `POST /_sim/guests/{id}` | `{cloud_init?: running, done or error, agent?, first_boot?, answers?, files?}` | changes what is inside an instance. `answers`: `[{command or contains, exit_code?, stdout?, stderr?}]`, before all that are there; `files`: content by path, null for absent |
//! | `GET /_sim/guests/{id}` | | what is inside, when its script ends and `now` in simulated seconds, and every command sent to it |
//! | `POST /_sim/next_guest` | `{agent?, first_boot?, install?, cloud_init?: error, step?, answers?, times?}` | plans the next launches; `install`: how many simulated seconds the installation of a base image takes; `step`: `{number?, exit_code?, output?, hangs?}`, a step of the installation that fails with these lines or never ends; `first_boot` in simulated seconds after the page answers, for launches from finished images; `times` 0: all until reset |
//! | `POST /_sim/agents` | `{image, agent}` | whether an image carries the SSM agent |
//! | `GET /_sim/commands` | `?instance=` | every SendCommand that was taken: who, what, where, when |
//! | `POST /_sim/base_images` | `{parameter, region?, account?}` | a vendor releases a newer base image and moves its parameter; answers `image_id` |
//! | `POST /_sim/releases` | `{owner, filter, architecture, name, parameter?, created?, regions?, withdraw?}` | a vendor publishes the build of this name, or takes it back, in these regions or everywhere; its parameter moves, too; answers `images`: the ids by region |
//! | `POST /_sim/iam` | `{access_key, policy}` and `{profiles: {PROFILE: ROLE}}` | gives a caller (an access key, the ARN of a role for its sessions, or `*`: all others) a policy document, null takes it away; 400 names what is not evaluated |
//! | `POST /_sim/kms` | `{by_default?, default_key?, keys?, region?, account?}` | encryption by default and its key; `keys`: `[{id, alias?, grants?, enabled?}]`: a launch under a key without grants succeeds and dies |
//! | `POST /_sim/credentials` | `{access_key?, error?, seconds?}` | a key (or all) lapses: `ExpiredToken`, `RequestExpired`, `AuthFailure`, `InvalidClientTokenId` or `OptInRequired`, each service in its own words, for simulated seconds or until an order without `error` |
//! | `POST /_sim/regions` | `{region, opt_in}` | `opt-in-not-required`, `opted-in` or `not-opted-in`: knows no key |
//! | `POST /_sim/service_quotas` | `{code, value, region?, account?}` | what Service Quotas says; AMIs, snapshots and standard vCPUs are held to it |
//! | `POST /_sim/network` | `{default_vpc, default_subnets?, region?, account?}` | takes the default VPC away (`false`) or gives it back, with or without its subnets |
//! | `POST /_sim/subnets` | `{zone?, public?, family?, free?, vpc?, region?, account?}` | another subnet; `family`: `ipv4`, `dual` or `ipv6`; `free`: addresses it has; answers `subnet_id`, `vpc_id`, `zone` |
//! | `POST /_sim/subnets/{id}` | `{free?, public?}` | how many addresses it has left; whether it gives public ones |
//! | `POST /_sim/zones/{zone}` | `{without_capacity?, without_offer?, region?, account?}` | instance types (globs) of which the zone has none left, or which it does not offer; replaces what was set |
//! | `POST /_sim/quotas` | `{quotas: {vcpus?, gpu_vcpus?, spot_vcpus?, groups_per_interface?, rules_per_group?, snapshot_copies?}, region?, account?}` | limits; what is not named is as usual |
//! | `POST /_sim/instance_profiles` | `{name, state: missing, no_role or ready, seconds?, region?, account?}` | a profile EC2 does not know yet, for so many simulated seconds or until `ready` |
//! | `POST /_sim/backups` | `{instance, by: aws_backup, dlm or script, name?, copy_tags?}` | a backup AMI with the tags of the instance and its volumes; answers `image_id`, `snapshots`, `name` |
//! | `POST /_sim/public_images` | `{like, owner, name?, alias?}` | another account publishes an image like that one, made now; answers `image_id` |
//! | `POST /_sim/launch_like` | `{instance, client_token?}` | a person launches more like this, tags included; answers `instance_id` |
//! | `POST /_sim/recycle_bin` | `{images?, snapshots?, region?, account?}` | retention in simulated seconds; what is not named is not kept |
//! | `POST /_sim/sts` | `{external_id?, deny?, session_seconds?}` | what roles demand; replaces what was set |
//! | `POST /_sim/reset` | | forgets everything but the clock |
//! | `GET /_sim/way` | `?address=&port=` | where on loopback an instance's port answers: `connect`; or null and, where there is more to say, `why` not |
//! | `GET /_sim/clock` | | what its clock shows, `now`, and how fast it runs, `pace` |
//! | `GET /_sim/state` | `?region=&account=` | instances, images of the account's own, snapshots, groups, with tags; `probe_port`, `now` |

mod account;
mod dump;
mod guests;
mod keys;
mod objects;
mod public;
mod releases;
mod standing;
mod strangers;
mod way;

use std::sync::Arc;

use hyper::{Method, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::iam;
use crate::sim::Sim;
use crate::sts::Trust;
use crate::wire::query::Params;
use crate::wire::reply::{self, Reply};

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// The body is not what the endpoint takes.
    #[error("{0}")]
    Body(String),
    /// Nothing of this name.
    #[error("there is no `{0}`")]
    Missing(String),
}

/// Answers one control request.
pub(crate) fn answer(
    sim: &Arc<Sim>,
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> Response<Reply> {
    match route(sim, method, path, &Params::parse(query), body) {
        Ok(value) => reply::json(200, &value),
        Err(error @ ControlError::Body(_)) => refusal(400, &error),
        Err(error @ ControlError::Missing(_)) => refusal(404, &error),
    }
}

fn refusal(status: u16, error: &ControlError) -> Response<Reply> {
    reply::json(status, &json!({"error": error.to_string()}))
}

fn route(
    sim: &Arc<Sim>,
    method: &Method,
    path: &str,
    query: &Params,
    body: &[u8],
) -> Result<Value, ControlError> {
    let tail = path.trim_start_matches("/_sim/");
    let (head, id) = tail.split_once('/').unwrap_or((tail, ""));
    match (method.as_str(), head, id) {
        ("GET", "journal", "") => journal(sim, query),
        ("DELETE", "journal", "") => {
            sim.journal().clear();
            done()
        }
        ("POST", "faults", "") => {
            sim.faults().add(read::<Fault>(body)?);
            done()
        }
        ("GET", "faults", "") => Ok(json!({"faults": sim.faults().list()})),
        ("DELETE", "faults", "") => {
            sim.faults().clear();
            done()
        }
        ("POST", "images", id) => objects::move_image(sim, id, read(body)?),
        ("POST", "next_image", "") => objects::plan_images(sim, read(body)?),
        ("POST", "instances", id) => objects::move_instance(sim, id, read(body)?),
        ("POST", "next_instance", "") => objects::plan_instances(sim, read(body)?),
        ("POST", "guests", id) => guests::change(sim, id, read(body)?),
        ("GET", "guests", id) => guests::show(sim, id),
        ("POST", "next_guest", "") => guests::plan(sim, read(body)?),
        ("POST", "agents", "") => guests::agents(sim, read(body)?),
        ("GET", "commands", "") => Ok(guests::commands(sim, query)),
        ("POST", "base_images", "") => objects::release_base(sim, read(body)?),
        ("POST", "releases", "") => releases::release(sim, read(body)?),
        ("POST", "iam", "") => {
            let order = read::<iam::IamOrder>(body)?;
            iam::apply(&mut sim.iam(), order).map_err(ControlError::Body)?;
            done()
        }
        ("POST", "kms", "") => keys::apply(sim, read(body)?),
        ("POST", "credentials", "") => standing::credentials(sim, read(body)?),
        ("POST", "regions", "") => standing::region(sim, read(body)?),
        ("POST", "service_quotas", "") => standing::quota(sim, read(body)?),
        ("POST", "network", "") => account::network(sim, read(body)?),
        ("POST", "subnets", "") => account::subnet(sim, read(body)?),
        ("POST", "subnets", id) => account::change_subnet(sim, id, read(body)?),
        ("POST", "zones", name) => account::zone(sim, name, read(body)?),
        ("POST", "quotas", "") => account::quotas(sim, read(body)?),
        ("POST", "instance_profiles", "") => account::profile(sim, read(body)?),
        ("POST", "backups", "") => strangers::backup(sim, read(body)?),
        ("POST", "public_images", "") => public::publish(sim, read(body)?),
        ("POST", "launch_like", "") => strangers::launch_like(sim, read(body)?),
        ("POST", "recycle_bin", "") => strangers::recycle_bin(sim, read(body)?),
        ("POST", "sts", "") => {
            sim.sts().trust = read::<Trust>(body)?;
            done()
        }
        ("POST", "reset", "") => {
            sim.reset();
            done()
        }
        ("GET", "state", "") => Ok(dump::state(sim, query)),
        ("GET", "clock", "") => Ok(dump::clock(sim)),
        ("GET", "way", "") => way::way(sim, query),
        (method, _, _) => Err(ControlError::Missing(format!("{method} {path}"))),
    }
}

fn done() -> Result<Value, ControlError> {
    Ok(json!({"ok": true}))
}

fn journal(sim: &Sim, query: &Params) -> Result<Value, ControlError> {
    let after = query
        .number("after")
        .map_err(|error| ControlError::Body(error.message))?;
    let journal = sim.journal();
    let calls = journal.read(query.get("action"), after.unwrap_or(0));
    Ok(json!({"calls": calls, "last": journal.last()}))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ControlError::Body(error.to_string()))
}
