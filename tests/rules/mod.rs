//! The rules of the ledger, one by one: a book's files, what each command leads to, what is refused and why.

mod books;
