//! How an action is offered: to who may, and to nobody else.

use maud::{Markup, html};

use super::{Action, Field, Kind};
use crate::console::parts::without;
use crate::console::session::secret;
use crate::console::visitor::Visitor;

/// The form of an action on something with an id; nothing for who may not. `known` fills fields in.
pub(in crate::console) fn form(
    visitor: &Visitor,
    action: &Action,
    id: &str,
    known: &[(&str, &str)],
) -> Markup {
    if !visitor.may(action.right) {
        return html! {};
    }
    let shown: Vec<&Field> = action.fields.iter().filter(|field| !is_known(field)).collect();
    let inner = html! {
        (hidden(visitor, action, id, known))
        @for field in &shown { (input(field, id, action, value(known, field.place))) }
        button.primary[action.is_main() || !shown.is_empty()] type="submit" { (action.label) }
    };
    html! {
        @if shown.is_empty() {
            form.act method="post" action={ "/console/actions/" (action.name) } { (inner) }
        } @else {
            details.act {
                summary.button { (action.label) "…" }
                form method="post" action={ "/console/actions/" (action.name) } { (inner) }
            }
        }
    }
}

fn is_known(field: &Field) -> bool {
    matches!(field.kind, Kind::Known | Kind::KnownNumber)
}

fn value<'a>(known: &[(&str, &'a str)], place: &str) -> Option<&'a str> {
    known.iter().find(|(name, _)| *name == place).map(|(_, value)| *value)
}

fn hidden(visitor: &Visitor, action: &Action, id: &str, known: &[(&str, &str)]) -> Markup {
    // 128 bits make a key. Without any the form is refused, since a command needs one.
    let key: String = secret().unwrap_or_default().chars().take(32).collect();
    let back =
        ["done", "waits", "min_position"].iter().fold(visitor.path(), |path, name| without(&path, name));
    let kept = action.fields.iter().filter(|field| is_known(field));
    html! {
        input type="hidden" name="word" value=(visitor.word());
        input type="hidden" name="key" value={ "console-" (key) };
        input type="hidden" name="id" value=(id);
        input type="hidden" name="back" value=(back);
        @for field in kept {
            @if let Some(value) = value(known, field.place) {
                input type="hidden" name=(field.place) value=(value);
            }
        }
    }
}

fn input(field: &Field, id: &str, action: &Action, value: Option<&str>) -> Markup {
    let own = format!("{}-{}-{}", action.name, id, field.place.replace('/', "-"));
    let name = field.place;
    html! {
        label for=(own) { (field.label) @if !field.required { span.hint { " (optional)" } } }
        @match &field.kind {
            Kind::Code => input id=(own) name=(name) value=[value] required[field.required]
                pattern="[A-Za-z0-9_\\-]{1,64}" maxlength="64" autocomplete="off" spellcheck="false"
                title="Letters, digits, _ and -: a code or a reference, no free text";
            Kind::Amount => input id=(own) name=(name) value=[value] required[field.required]
                pattern="-?[0-9]+(\\.[0-9]{1,9})?" inputmode="decimal" autocomplete="off"
                title="An exact decimal, such as 12.50";
            Kind::Time => input id=(own) name=(name) value=[value] required[field.required]
                placeholder="2026-12-31T00:00:00Z" autocomplete="off" title="A time in UTC";
            Kind::Choice(choices) => select id=(own) name=(name) required[field.required] {
                @for (code, shown) in *choices {
                    option value=(code) selected[value == Some(code)] { (shown) }
                }
            },
            Kind::Known | Kind::KnownNumber => {},
        }
    }
}
