//! Everything that serves, together: the engine, the API and the gateway, each on its own address.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use scrip_engine::Engine;
use scrip_gateway::Gateway;
use scrip_projections::ReadSide;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long the gateway's calls may go on after a stop was asked for: less than connections are given to drain, so
/// that a stream that is ended hears of it.
const GATEWAY_GRACE: Duration = Duration::from_secs(15);

/// A stack that listens and is not served yet.
pub struct Stack {
    engine: Engine,
    read_side: ReadSide,
    api: (TcpListener, scrip_server::Config),
    gateway: (TcpListener, Gateway),
    /// To measure against.
    bare_relay: Option<scrip_gateway::Config>,
}

/// Where a stack listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The API.
    pub api: SocketAddr,
    /// The gateway.
    pub gateway: SocketAddr,
}

impl Stack {
    /// Takes both addresses.
    pub async fn bind(
        engine: Engine,
        read_side: ReadSide,
        (listen, api): (SocketAddr, scrip_server::Config),
        (gateway_listen, gateway): (SocketAddr, scrip_gateway::Config),
    ) -> anyhow::Result<Self> {
        let bind = async |address: SocketAddr| {
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
        };
        let bare_relay = api.bench.then(|| gateway.clone());
        let gateway = Gateway::new(engine.clone(), gateway);
        let (api_listener, gateway_listener) = (bind(listen).await?, bind(gateway_listen).await?);
        Ok(Self {
            engine,
            read_side,
            api: (api_listener, api),
            gateway: (gateway_listener, gateway),
            bare_relay,
        })
    }

    /// Where it listens.
    pub fn addresses(&self) -> anyhow::Result<Addresses> {
        Ok(Addresses { api: self.api.0.local_addr()?, gateway: self.gateway.0.local_addr()? })
    }

    /// Serves until a stop is asked for; then drains the calls and the requests under way, and stops the engine.
    /// Answers whether everything was drained.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> bool {
        let Self { engine, read_side, api, gateway: (gateway_listener, gateway), bare_relay } = self;
        let (api_listener, api) = api;
        let (stopping, _) = watch::channel(false);
        let stopped = || {
            let mut stopping = stopping.subscribe();
            async move {
                let _sender_is_above = stopping.wait_for(|stop| *stop).await;
            }
        };
        let api = scrip_server::serve(
            api_listener,
            scrip_server::router(engine.clone(), read_side.clone(), api),
            stopped(),
        );
        let mut routes = gateway.router();
        if let Some(config) = bare_relay {
            routes = routes.nest("/bare", scrip_gateway::bare_relay(config));
        }
        let calls = async {
            // Both at once: a stream that is drained is told so, one whose connection is cut is a caller that left.
            let drain = async {
                stopped().await;
                gateway.drain(GATEWAY_GRACE).await == 0
            };
            let (served, drained) =
                tokio::join!(scrip_server::serve(gateway_listener, routes, stopped()), drain);
            served && drained
        };
        let stop = async {
            stop.await;
            stopping.send_replace(true);
        };
        let (api, calls, ()) = tokio::join!(api, calls, stop);
        read_side.shutdown().await;
        engine.shutdown().await;
        api && calls
    }
}
