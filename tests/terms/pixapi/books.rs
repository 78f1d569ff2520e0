//! Catalogs and policies: prices, notices, versions.
