//! Who may do what: regions, ages, rewards, keys, liability, corrections.
