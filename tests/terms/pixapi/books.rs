//! Catalogs and policies: prices, notices, versions.

use serde_json::{Value, json};

use crate::terms::documents::{catalog, from, publish};
use crate::terms::service::Service;

fn top_up(number: u32, product: &str, amount: &str) -> Value {
    json!({
        "order_id": format!("order-{number}"), "product_id": product,
        "payment": {
            "provider": "stripe", "payment_id": format!("pi_{number}"), "method": "card",
            "currency": "USD", "amount": amount,
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_the_catalog_is_the_source_of_truth_for_what_is_sold() {
    let service = Service::start("pixapi").await;
    service.open("alice").await;
    let path = "/v1/accounts/alice/top-ups";
    service.refused("finance", path, top_up(1, "pack-9", "9.00"), 422, "unknown_product", "").await;
    // What a client sends is checked, not trusted …
    for amount in ["24.99", "25.01", "0.01", "100.00"] {
        let refused =
            service.refused("finance", path, top_up(1, "pack-25", amount), 422, "payment_mismatch", "").await;
        assert_eq!(refused["price"], json!({ "currency": "USD", "amount": "25.00" }));
    }
    let mut in_euro = top_up(1, "pack-25", "25.00");
    in_euro["payment"]["currency"] = json!("EUR");
    service.refused("finance", path, in_euro, 422, "payment_mismatch", "").await;
    // … and credits, prices and validity are not even asked for.
    for (key, value) in [("credits", "1000"), ("price", "0.01"), ("valid_for", "P9999D"), ("expires_at", "-")]
    {
        let mut draft = top_up(1, "pack-25", "25.00");
        draft[key] = json!(value);
        service.refused("finance", path, draft, 422, "unknown_field", "").await;
    }
    let sold = service.read("auditor", "/v1/books/pixapi/catalog").await;
    let product =
        sold["products"].as_array().unwrap().iter().find(|it| it["id"] == "pack-25").unwrap().clone();
    let order = service.done("finance", path, top_up(1, "pack-25", "25.00")).await;
    assert_eq!(order["credits"], product["credits"]);
    assert_eq!(order["catalog_version"], sold["version"]);

    // A change of the catalog changes what is sold from then on, and nothing that was sold before.
    let mut dearer = catalog(&service, "pixapi").await;
    for product in dearer["products"].as_array_mut().unwrap().iter_mut().filter(|it| it["id"] == "pack-25") {
        *product = json!({
            "id": "pack-25", "price": { "currency": "USD", "amount": "27.00" }, "credits": "26", "valid_for": "P10D",
        });
    }
    publish(&service, "pixapi", "catalogs", from(&dearer, "2026-07-02T00:00:00Z")).await.ok();
    service.at("2026-07-01T23:59:59.999999Z").await;
    service.refused("finance", path, top_up(2, "pack-25", "27.00"), 422, "payment_mismatch", "").await;
    service.done("finance", path, top_up(2, "pack-25", "25.00")).await;
    service.at("2026-07-02T00:00:00Z").await;
    service.refused("finance", path, top_up(3, "pack-25", "25.00"), 422, "payment_mismatch", "").await;
    let order = service.done("finance", path, top_up(3, "pack-25", "27.00")).await;
    assert_eq!(
        (&order["credits"], &order["expires_at"]),
        (&json!("26"), &json!("2026-07-12T00:00:00.000000Z"))
    );
    let lots = service.read("auditor", "/v1/accounts/alice/lots").await;
    let granted: Vec<_> =
        lots["items"].as_array().unwrap().iter().map(|lot| lot["granted"].clone()).collect();
    assert_eq!(granted, [product["credits"].clone(), product["credits"].clone(), json!("26")]);
}
