//! What holds after every line of every table.

use scrip_ledger::{Account, Bucket, Credits};

pub fn check(account: &Account) {
    assert_eq!(account.inconsistency(), None);
    for lot in account.lots() {
        let places = Bucket::ALL.map(|bucket| lot.bucket(bucket));
        assert_eq!(lot.granted, places.into_iter().sum::<Credits>(), "{lot:?}");
    }
    let totals = account.totals();
    assert_eq!(
        totals.charged,
        [totals.from_lots, totals.by_debt, totals.absorbed].into_iter().sum::<Credits>()
    );
}
