//! JSON Schemas of the values that are written as strings.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::event::SecretHash;
use crate::{Credits, Currency, Money, Timestamp, Token};

macro_rules! string_schema {
    ($($type:ty = $name:literal, $pattern:literal, $description:literal;)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> { $name.into() }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $description })
            }
        }
    )*};
}

string_schema! {
    Credits = "Credits", r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,9})?$", "An exact amount of credits, at most nine decimal places.";
    Timestamp = "Timestamp", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", "RFC 3339, UTC, microseconds.";
    Token = "Token", "^[A-Za-z0-9_-]{1,64}$", "An id or a code.";
    SecretHash = "SecretHash", "^[0-9a-f]{64}$", "SHA-256 of a secret, in hex.";
    Currency = "Currency", "^[A-Z]{3}$", "An ISO 4217 currency.";
}

impl JsonSchema for Money {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "An amount of money with its currency's minor units.",
            "required": ["currency", "amount"],
            "additionalProperties": false,
            "properties": {
                "currency": generator.subschema_for::<Currency>(),
                "amount": { "type": "string", "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$" }
            }
        })
    }
}
