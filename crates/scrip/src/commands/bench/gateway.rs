//! The gateway with hold and capture, beside a relay of the same server that does neither.

use scrip_gateway::mock::{Manner, Mock};
use serde_json::json;

use super::Setting;
use super::child::Server;
use super::load::{post, run};
use super::report::{Aim, Report};
use crate::client::Api;

const CONNECTIONS: usize = 16;

pub fn measure(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mock = runtime.block_on(Mock::start(Manner { words: 20, remember: false, ..Manner::default() }))?;
    let server = Server::start(&setting.folder.join("gateway"), &["--upstream", &mock.base_url()])?;
    let gateway = server.address("/gateway")?;
    let (key, model) = runtime.block_on(prepare(&server))?;
    let body = |stream: bool| {
        let message = json!({ "role": "user", "content": "Tell me of ledgers." });
        json!({ "model": model, "max_tokens": 100, "stream": stream, "messages": [message] }).to_string()
    };
    for (name, stream) in [("JSON", false), ("streamed", true)] {
        let [mut bare_cpu, mut paid_cpu, mut cpu_ratio, mut rate_ratio] = [const { Vec::new() }; 4];
        for _ in 0..setting.rounds {
            let measured = |path: &'static str| -> anyhow::Result<(f64, f64)> {
                let request = post(path, &key, "none", &body(stream));
                let before = server.cpu();
                let load = run(gateway, CONNECTIONS, setting.time, move |_, _| request.clone());
                let load = runtime.block_on(load)?;
                let cpu = server.cpu().saturating_sub(before).as_secs_f64() * 1e6;
                Ok((cpu / load.answers.max(1) as f64, load.rate))
            };
            let (bare, bare_rate) = measured("/bare/v1/chat/completions")?;
            let (paid, paid_rate) = measured("/v1/chat/completions")?;
            bare_cpu.push(bare);
            paid_cpu.push(paid);
            cpu_ratio.push(paid / bare);
            rate_ratio.push(paid_rate / bare_rate);
        }
        let aim = (!stream).then_some(Aim::AtMost(2.0));
        report.add(format!("gateway, {name} calls: CPU of a bare relay"), "µs", &bare_cpu, None);
        report.add(format!("gateway, {name} calls: CPU with hold and capture"), "µs", &paid_cpu, None);
        report.add("  ratio of the CPU", "", &cpu_ratio, aim);
        report.add("  ratio of the rates", "", &rate_ratio, None);
    }
    drop(mock);
    Ok(())
}

/// Opens an account with credits and a key; answers the key's secret and a model to call.
async fn prepare(server: &Server) -> anyhow::Result<(String, String)> {
    let api = Api::new(server.text("/listening")?, server.text("/tokens/admin")?);
    api.command("/v1/books/pixapi/accounts", "open", &json!({ "account_id": "caller" })).await?;
    let grant = json!({ "source": "manual", "credits": "10000", "reason": "bench" });
    api.command("/v1/accounts/caller/grants", "grant", &grant).await?;
    let key = api.command("/v1/accounts/caller/keys", "key", &json!({})).await?;
    let catalog = api.get("/v1/books/pixapi/catalog").await?;
    let chat = |rate: &&serde_json::Value| rate["unit"] == "output_tokens";
    let rate =
        catalog["rates"].as_array().and_then(|rates| rates.iter().find(chat).cloned()).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Ok((text(&key["secret"]), text(&rate["model"])))
}
