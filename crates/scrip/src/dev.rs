//! What trial and test have and production never has: tokens made at the start, shown once on standard output.

use rand::Rng;
use scrip_ledger::Token;
use scrip_server::{Scope, TokenConfig, WebhookConfig, WebhookSecret};
use serde::Serialize;

use crate::commands::hex;
use crate::stack::Addresses;

/// A token of each kind; two for finance, because some decisions need two people.
#[derive(Serialize)]
pub struct Tokens {
    pub proxy: String,
    pub support: String,
    pub finance: String,
    pub finance2: String,
    pub auditor: String,
    pub admin: String,
}

/// What payment providers sign their webhooks with, for every book.
#[derive(Serialize)]
pub struct WebhookSecrets {
    pub stripe: String,
}

fn random(prefix: &str) -> String {
    let mut bytes = [0u8; 24];
    rand::rng().fill_bytes(&mut bytes);
    format!("{prefix}{}", hex(&bytes))
}

/// Makes a new one of each provider.
pub fn webhook_secrets() -> WebhookSecrets {
    WebhookSecrets { stripe: random("whsec_") }
}

impl WebhookSecrets {
    /// As the server takes them.
    pub fn configs(&self) -> Vec<WebhookConfig> {
        let secrets = vec![WebhookSecret::new(&self.stripe)];
        let stripe = Token::new("stripe").map(|provider| WebhookConfig { provider, book: None, secrets });
        stripe.into_iter().collect()
    }
}

/// Makes new ones.
pub fn tokens() -> Tokens {
    let [proxy, support, finance, finance2, auditor, admin] = std::array::from_fn(|_| random("dev-"));
    Tokens { proxy, support, finance, finance2, auditor, admin }
}

impl Tokens {
    /// As the server takes them. The subjects stay the same from start to start, and with them the scope of
    /// idempotency keys.
    pub fn configs(&self) -> Vec<TokenConfig> {
        [
            ("proxy", Scope::Proxy, &self.proxy),
            ("support", Scope::Support, &self.support),
            ("finance", Scope::Finance, &self.finance),
            ("finance2", Scope::Finance, &self.finance2),
            ("auditor", Scope::Auditor, &self.auditor),
            ("admin", Scope::Admin, &self.admin),
        ]
        .into_iter()
        .filter_map(|(subject, scope, token)| {
            Some(TokenConfig::of(Token::new(subject).ok()?, &[scope], token))
        })
        .collect()
    }
}

/// The first line on standard output: where to call, and with what.
pub fn first_line(
    addresses: Addresses,
    tokens: &Tokens,
    webhook_secrets: &WebhookSecrets,
) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct FirstLine<'a> {
        listening: String,
        gateway: String,
        tokens: &'a Tokens,
        webhook_secrets: &'a WebhookSecrets,
    }
    let listening = format!("http://{}", addresses.api);
    let gateway = format!("http://{}", addresses.gateway);
    serde_json::to_string(&FirstLine { listening, gateway, tokens, webhook_secrets })
}
