//! Key pairs: made, imported, described, deleted; a launch may only name one that exists.

use super::done;
use crate::filters::Filters;
use crate::seeds::hash;
use crate::sim::Call;
use crate::state::KeyPair;
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn create(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let name = call.params.need("KeyName")?.to_owned();
    let mut xml = add(call, &name)?;
    // No machine here looks at it, so it is no key.
    xml.text("keyMaterial", "-----BEGIN SIMULATED PRIVATE KEY-----");
    Ok(xml)
}

pub(super) fn import(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let name = call.params.need("KeyName")?.to_owned();
    call.params.need("PublicKeyMaterial")?;
    add(call, &name)
}

fn add(call: &mut Call<'_>, name: &str) -> Result<Xml, ApiError> {
    let pair = KeyPair {
        id: call.world.id("key"),
        fingerprint: format!("{:015x}", hash(name)),
    };
    let pairs = &mut call.place().key_pairs;
    if pairs.contains_key(name) {
        let message = format!("The keypair '{name}' already exists.");
        return Err(ApiError::client("InvalidKeyPair.Duplicate", message));
    }
    let mut xml = Xml::default();
    write(&mut xml, name, &pair);
    call.effects.push(pair.id.clone());
    call.place().key_pairs.insert(name.to_owned(), pair);
    Ok(xml)
}

fn write(xml: &mut Xml, name: &str, pair: &KeyPair) {
    xml.text("keyName", name);
    xml.text("keyFingerprint", &pair.fingerprint);
    xml.text("keyPairId", &pair.id);
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let name = call.params.need("KeyName")?.to_owned();
    // EC2 answers success for a name that is not there.
    call.place().key_pairs.remove(&name);
    Ok(done())
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let names = call.params.list("KeyName");
    let filters = Filters::read(call.params, &["key-name", "key-pair-id", "fingerprint"])?;
    if let Some(name) = names
        .iter()
        .find(|name| !call.place().key_pairs.contains_key(*name))
    {
        return Err(missing(name));
    }
    let pairs = call.place().key_pairs.iter().filter(|(name, pair)| {
        (names.is_empty() || names.contains(name))
            && filters.pass(|filter| match filter {
                "key-name" => vec![(*name).clone()],
                "key-pair-id" => vec![pair.id.clone()],
                _ => vec![pair.fingerprint.clone()],
            })
    });
    let mut xml = Xml::default();
    xml.items("keySet", pairs, |xml, (name, pair)| write(xml, name, pair));
    Ok(xml)
}

pub(super) fn missing(name: &str) -> ApiError {
    ApiError::not_found("InvalidKeyPair.NotFound", "key pair", name)
}
