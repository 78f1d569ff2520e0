//! Rewards that are claimed, by many at once.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::api::client::{Reply, World};

async fn campaign(world: &World, document: Value) -> Reply {
    let key = format!("campaign-{}", document["id"].as_str().unwrap());
    world.post("finance", "/v1/books/pixapi/campaigns", &key, document).await
}

async fn open(world: &World, account: &str, owner: &str) {
    let body = json!({ "account_id": account, "owner": owner });
    world.post("support", "/v1/books/pixapi/accounts", &format!("open-{account}"), body).await.ok();
}

async fn claim(world: &World, account: &str, key: &str, campaign: &str) -> Reply {
    let path = format!("/v1/accounts/{account}/claims");
    world.post("finance", &path, key, json!({ "campaign": campaign })).await
}

/// How many of so many claims brought something, and the codes of the others.
async fn race(
    world: &Arc<World>,
    campaign: &'static str,
    claims: Vec<(String, String)>,
) -> (usize, Vec<String>) {
    let mut workers = JoinSet::new();
    for (account, key) in claims {
        let world = Arc::clone(world);
        workers.spawn(async move { claim(&world, &account, &key, campaign).await });
    }
    let replies = workers.join_all().await;
    let (granted, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    let mut codes: Vec<String> = refused.into_iter().map(Reply::code).collect();
    codes.sort();
    codes.dedup();
    (granted.len(), codes)
}

/// A reward that is claimed once is given to every request that arrives at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reward_is_claimed_twice_at_once() {
    let world = Arc::new(World::start().await);
    let welcome =
        json!({ "id": "welcome", "source": "signup", "credits": "3", "valid_for": "P14D", "clause": "P7" });
    campaign(&world, welcome).await.ok();
    for account in ["a", "b", "c"] {
        open(&world, account, "-").await;
    }
    let claims = (0..30).map(|at| (["a", "b", "c"][at % 3].to_owned(), format!("claim-{at}"))).collect();
    let (granted, codes) = race(&world, "welcome", claims).await;
    assert_eq!((granted, codes), (3, vec!["already_claimed".to_owned()]));
    for account in ["a", "b", "c"] {
        assert_eq!(world.balance(account).await["posted"], "3");
    }
    let again = claim(&world, "a", "once-more", "welcome").await;
    assert_eq!((again.code(), again.text("clause")), ("already_claimed".into(), "P7".into()));
    let lots = world.get("finance", "/v1/accounts/a/lots").await.ok().json();
    assert_eq!(lots["items"][0]["expires_at"], "2026-07-15T00:00:00.000000Z");
    assert_eq!(lots["items"][0]["source"], "signup");
}

/// The budget of a campaign holds, however many claim it at once, and after a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_campaign_gives_more_than_its_budget() {
    let world = Arc::new(World::start().await);
    let spring = json!({ "id": "spring", "source": "promotional", "credits": "3", "budget": "20" });
    campaign(&world, spring).await.ok();
    for at in 0..24 {
        open(&world, &format!("account-{at}"), "-").await;
    }
    let claims = (0..24).map(|at| (format!("account-{at}"), "claim".to_owned() + &at.to_string())).collect();
    let (granted, codes) = race(&world, "spring", claims).await;
    assert_eq!((granted, codes), (6, vec!["campaign_exhausted".to_owned()]), "20 is six times 3, and 2");
    let Ok(world) = Arc::try_unwrap(world) else { panic!("a worker is left") };
    let world = world.restart().await;
    open(&world, "late", "-").await;
    assert_eq!(claim(&world, "late", "late", "spring").await.code(), "campaign_exhausted");
    // A larger budget is a change of the campaign: what was given stays given.
    let spring = json!({ "id": "spring", "source": "promotional", "credits": "3", "budget": "21" });
    world.post("finance", "/v1/books/pixapi/campaigns", "more", spring).await.ok();
    claim(&world, "late", "late", "spring").await.ok();
    open(&world, "later", "-").await;
    assert_eq!(claim(&world, "later", "later", "spring").await.code(), "campaign_exhausted");
}

/// A8: somebody with several accounts takes the reward once for each.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_owner_takes_a_reward_with_every_account() {
    let world = Arc::new(World::start().await);
    let gift =
        json!({ "id": "gift", "source": "promotional", "credits": "5", "once_per": "owner", "clause": "A8" });
    campaign(&world, gift).await.ok();
    for at in 0..8 {
        open(&world, &format!("ann-{at}"), "ann").await;
    }
    open(&world, "bob", "bob").await;
    let claims = (0..8).map(|at| (format!("ann-{at}"), format!("claim-{at}"))).collect();
    let (granted, codes) = race(&world, "gift", claims).await;
    assert_eq!((granted, codes), (1, vec!["already_claimed".to_owned()]));
    claim(&world, "bob", "bob", "gift").await.ok();
}

/// What is granted in a campaign's name is its claim; a name that nobody has announced is a mere tag.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_goes_round_the_rules_of_its_campaign() {
    let world = World::start().await;
    let rules =
        json!({ "id": "spring", "source": "promotional", "credits": "3", "budget": "10", "clause": "P7" });
    campaign(&world, rules).await.ok();
    open(&world, "a", "-").await;
    open(&world, "b", "-").await;
    let grant = async |account: &str, key: &str, campaign: &str, credits: &str| {
        let body = json!({ "source": "promotional", "campaign": campaign, "credits": credits });
        world.post("finance", &format!("/v1/accounts/{account}/grants"), key, body).await
    };
    grant("a", "g-1", "spring", "8").await.ok();
    assert_eq!(claim(&world, "a", "c-1", "spring").await.code(), "already_claimed");
    assert_eq!(grant("a", "g-2", "spring", "1").await.code(), "already_claimed");
    assert_eq!(
        claim(&world, "b", "c-2", "spring").await.code(),
        "campaign_exhausted",
        "8 and 3 are more than 10"
    );
    grant("b", "g-3", "spring", "2").await.ok();
    for key in ["g-4", "g-5"] {
        grant("a", key, "autumn", "100").await.ok();
    }
}

/// A campaign begins and ends at its instants, and is claimed with the holder's own key, for the holder's own account.
#[tokio::test(flavor = "multi_thread")]
async fn a_reward_is_claimed_outside_its_time() {
    let world = World::start().await;
    let summer = json!({
        "id": "summer", "source": "promotional", "credits": "1", "effective_at": "2026-07-02T00:00:00Z",
        "ends_at": "2026-07-03T00:00:00Z", "clause": "P1",
    });
    campaign(&world, summer).await.ok();
    for account in ["a", "b", "c"] {
        open(&world, account, "-").await;
    }
    let (_, secret) = world.key("a").await;
    let at =
        async |now: &str| drop(world.post("admin", "/v1/dev/clock", "-", json!({ "now": now })).await.ok());
    assert_eq!(claim(&world, "a", "k-0", "winter").await.code(), "campaign_not_found");
    at("2026-07-01T23:59:59.999999Z").await;
    assert_eq!(claim(&world, "a", "k-1", "summer").await.code(), "campaign_not_found");
    at("2026-07-02T00:00:00Z").await;
    let own = json!({ "campaign": "summer" });
    let first = world.post_as(&secret, "/v1/accounts/a/claims", "k-2", own.clone()).await.ok();
    let again = world.post_as(&secret, "/v1/accounts/a/claims", "k-2", own.clone()).await.ok();
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
    assert_eq!(world.post_as(&secret, "/v1/accounts/b/claims", "k-3", own).await.status, 403);
    at("2026-07-03T00:00:00Z").await;
    claim(&world, "b", "k-4", "summer").await.ok();
    at("2026-07-03T00:00:00.000001Z").await;
    let late = claim(&world, "c", "k-5", "summer").await;
    assert_eq!((late.code(), late.text("clause")), ("campaign_exhausted".into(), "P1".into()));
}

/// A campaign that cannot be is refused with the place and the reason, and nothing of it is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_cannot_be_is_announced() {
    let world = World::start().await;
    let sound = json!({ "id": "x", "source": "promotional", "credits": "3" });
    for (key, value, pointer) in [
        ("source", json!("manual"), "/source"),
        ("credits", json!("0"), "/credits"),
        ("credits", json!(3), "/credits"),
        ("budget", json!("2.9"), "/budget"),
        ("ends_at", json!("2026-06-30T00:00:00Z"), "/ends_at"),
        ("once_per", json!("household"), "/once_per"),
        ("colour", json!("red"), "/colour"),
        ("valid_for", json!("P1M"), "/valid_for"),
    ] {
        let mut document = sound.clone();
        document[key] = value;
        let refused = campaign(&world, document).await;
        assert_eq!(
            (refused.code(), refused.text("pointer")),
            ("invalid_policy".into(), pointer.into()),
            "{key}"
        );
    }
    let known = world.get("auditor", "/v1/books/pixapi/campaigns").await.ok().json();
    assert_eq!(known["items"], json!([]));
    campaign(&world, sound).await.ok();
    let known = world.get("auditor", "/v1/books/pixapi/campaigns").await.ok().json();
    assert_eq!(known["items"][0]["credits"], "3");
}
