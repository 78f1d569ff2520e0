# The habits of this house. Each is a line that calls cargo.

# Serve for trial: the first line printed has the addresses and a token of each kind.
run *ARGS:
    cargo run --release -- serve --dev {{ARGS}}

# Everything on this machine, with traffic, to be looked at.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# Every check and every test.
test *FILTER:
    cargo xtask test {{FILTER}}

# The process killed 50 times under load, and 10,000 runs of a disk that fails.
crash *ARGS:
    cargo xtask crash {{ARGS}}

# Measure this machine.
bench *ARGS:
    cargo run --release -- bench {{ARGS}}

# Write schemas/ anew.
schemas:
    cargo xtask schemas

# Format everything.
fmt:
    cargo fmt --all
