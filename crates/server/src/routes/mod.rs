//! The endpoints, a file a group. A path and its handler meet in one place: the attribute on the handler.

mod accounts;
mod adjustments;
mod appeals;
mod approvals;
mod balance;
mod batch;
mod books;
mod breaches;
mod calls;
mod closing;
mod compensation;
mod credit_line;
mod debits;
mod dev;
mod disputes;
mod event_stream;
mod events;
mod grants;
mod health;
mod holds;
mod keys;
mod legal_holds;
mod liability;
mod lists;
mod measures;
mod metrics;
mod moves;
mod noop;
mod order_refunds;
mod orders;
mod projections;
mod publishing;
mod queues;
mod refund_answers;
mod refund_lists;
mod refunds;
mod regions;
mod reports;
mod reviews;
mod rewards;
mod standing;
mod statements;
mod subscriptions;
mod top_ups;
mod violations;
mod webhooks;

use std::sync::Arc;

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, Shared};
use crate::problem::{Code, Problem};

/// Every endpoint that is always there.
pub(crate) fn all() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(accounts::open, queues::accounts::list))
        .routes(routes!(accounts::show))
        .routes(routes!(balance::show))
        .routes(routes!(keys::issue, keys::list))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(keys::revoke_for))
        .routes(routes!(top_ups::top_up))
        .routes(routes!(grants::grant))
        .routes(routes!(holds::place, holds::list))
        .routes(routes!(holds::extend))
        .routes(routes!(holds::capture))
        .routes(routes!(holds::void))
        .routes(routes!(debits::debit))
        .routes(routes!(refunds::refund))
        .routes(routes!(subscriptions::subscribe, subscriptions::list))
        .routes(routes!(subscriptions::cancel))
        .routes(routes!(subscriptions::pay))
        .routes(routes!(statements::list))
        .routes(routes!(statements::show))
        .routes(routes!(disputes::open))
        .routes(routes!(disputes::resolve))
        .routes(routes!(disputes::list))
        .routes(routes!(compensation::claim, compensation::list))
        .routes(routes!(compensation::settle))
        .routes(routes!(order_refunds::request))
        .routes(routes!(order_refunds::evidence))
        .routes(routes!(order_refunds::approve))
        .routes(routes!(order_refunds::deny))
        .routes(routes!(order_refunds::paid))
        .routes(routes!(order_refunds::failed))
        .routes(routes!(refund_lists::eligibility))
        .routes(routes!(refund_lists::list))
        .routes(routes!(refund_lists::show))
        .routes(routes!(webhooks::take))
        .routes(routes!(measures::freeze))
        .routes(routes!(measures::thaw))
        .routes(routes!(measures::withdraw))
        .routes(routes!(legal_holds::place))
        .routes(routes!(legal_holds::release))
        .routes(routes!(breaches::notify))
        .routes(routes!(breaches::cure))
        .routes(routes!(appeals::file))
        .routes(routes!(appeals::decide))
        .routes(routes!(closing::close))
        .routes(routes!(credit_line::set))
        .routes(routes!(moves::withdraw))
        .routes(routes!(moves::migrate))
        .routes(routes!(regions::change))
        .routes(routes!(adjustments::adjust))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::reject))
        .routes(routes!(violations::record, violations::list))
        .routes(routes!(reviews::close))
        .routes(routes!(liability::show))
        .routes(routes!(batch::commands))
        .routes(routes!(lists::lots))
        .routes(routes!(orders::list))
        .routes(routes!(lists::entries))
        .routes(routes!(lists::calls))
        .routes(routes!(events::of_account))
        .routes(routes!(events::all))
        .routes(routes!(reports::usage::of_book))
        .routes(routes!(reports::usage::of_account))
        .routes(routes!(reports::balances::show))
        .routes(routes!(reports::windows::show))
        .routes(routes!(queues::refunds::list))
        .routes(routes!(queues::disputes::list))
        .routes(routes!(queues::cases::appeals))
        .routes(routes!(queues::cases::reviews))
        .routes(routes!(queues::cases::approvals))
        .routes(routes!(queues::holds::list))
        .routes(routes!(projections::list))
        .routes(routes!(projections::skip))
        .routes(routes!(projections::rebuild))
        .routes(routes!(reports::deferred::show))
        .routes(routes!(reports::ledger::revenue))
        .routes(routes!(reports::ledger::breakage))
        .routes(routes!(reports::ledger::receivables))
        .routes(routes!(reports::trial_balance::show))
        .routes(routes!(books::list))
        .routes(routes!(books::catalog))
        .routes(routes!(books::policy))
        .routes(routes!(publishing::catalog, books::catalogs))
        .routes(routes!(publishing::policy, books::policies))
        .routes(routes!(publishing::campaign, books::campaigns))
        .routes(routes!(publishing::shutdown))
        .routes(routes!(publishing::close_period))
        .routes(routes!(rewards::claim))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::show))
}

/// What is there for trials and tests only.
pub(crate) fn dev() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(dev::clock))
}

/// What is there for benchmarks only.
pub(crate) fn bench() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(noop::get, noop::post))
}

pub(crate) async fn not_found() -> Problem {
    Problem::new(Code::NOT_FOUND, "there is nothing at this path")
}

pub(crate) async fn method_not_allowed(State(_): Shared) -> Problem {
    Problem::new(Code::METHOD_NOT_ALLOWED, "the path does not take this method")
}
