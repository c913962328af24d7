//! Routes with the permit each needs, declared where it is registered: a route can not be added without one, and one whose
//! request reaches its handler without one is refused (`auth`). The document says it as `x-permit`.

use axum::routing::MethodRouter;
use axum::{Extension, Router};
use ingot_domain::permit::Permit;
use utoipa::openapi::OpenApi;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::state::Api;

/// What the document calls it.
const FIELD: &str = "x-permit";

/// Described routes, each with its permit.
pub(crate) struct Permitted(OpenApiRouter<Api>);

impl Permitted {
    /// No routes yet.
    pub(crate) fn new(head: OpenApi) -> Self {
        Self(OpenApiRouter::with_openapi(head))
    }

    /// Adds a route for those who may view.
    pub(crate) fn view(self, route: UtoipaMethodRouter<Api>) -> Self {
        self.add(Permit::View, route)
    }

    /// Adds a route for those who may operate.
    pub(crate) fn operate(self, route: UtoipaMethodRouter<Api>) -> Self {
        self.add(Permit::Operate, route)
    }

    /// Adds a route for those who may administer.
    pub(crate) fn administer(self, route: UtoipaMethodRouter<Api>) -> Self {
        self.add(Permit::Administer, route)
    }

    fn add(self, permit: Permit, route: UtoipaMethodRouter<Api>) -> Self {
        let (schemas, mut paths, handler) = route;
        for item in paths.paths.values_mut() {
            let methods = [
                &mut item.get,
                &mut item.post,
                &mut item.put,
                &mut item.patch,
                &mut item.delete,
            ];
            for operation in methods.into_iter().flatten() {
                let said = ExtensionsBuilder::new().add(FIELD, permit.as_str()).build();
                operation.extensions.get_or_insert_default().merge(said);
            }
        }
        Self(self.0.routes((schemas, paths, needs(permit, handler))))
    }

    /// The routes and their document.
    pub(crate) fn split(self) -> (Router<Api>, OpenApi) {
        self.0.split_for_parts()
    }
}

/// A page for those who may view.
pub(crate) fn view(handler: MethodRouter<Api>) -> MethodRouter<Api> {
    needs(Permit::View, handler)
}

/// A form for those who may operate.
pub(crate) fn operate(handler: MethodRouter<Api>) -> MethodRouter<Api> {
    needs(Permit::Operate, handler)
}

fn needs(permit: Permit, handler: MethodRouter<Api>) -> MethodRouter<Api> {
    handler.layer(Extension(permit))
}
