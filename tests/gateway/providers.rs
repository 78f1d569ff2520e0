//! The shapes in which providers answer: every file of fixtures/providers passes unchanged, but for a usage that its
//! caller did not ask for, and is charged for what it says and nothing twice.

use scrip_gateway::mock::Script;
use serde_json::json;

use super::world::{World, ask};

/// File, model of pixapi, whether its end is a chunk with usage alone, outcome and lines, provider's id.
#[rustfmt::skip]
const ANSWERS: [(&str, &str, bool, &str, Option<&str>); 8] = [
    ("openai.json", "gpt-5.2", false, "completed input_tokens:86 cached_input_tokens:1920 output_tokens:300", Some("chatcmpl-CZ1b2c3d4e5f6g7h8i9j0")),
    ("openai.sse", "gpt-5.2", true, "completed input_tokens:24 output_tokens:81", Some("chatcmpl-CZabc123")),
    ("azure.sse", "gpt-5.2", true, "completed input_tokens:24 output_tokens:3", Some("chatcmpl-AzX")),
    ("deepseek.sse", "gpt-5.2", false, "completed input_tokens:64 cached_input_tokens:576 output_tokens:12", Some("f7a1b2c3-0000-4000-8000-1234567890ab")),
    ("openrouter.sse", "gpt-5.2", true, "completed input_tokens:24 output_tokens:5", None),
    ("vllm.sse", "gpt-5.2", false, "completed input_tokens:24 output_tokens:3", Some("chatcmpl-0a1b2c3d")),
    ("anthropic-compatible.json", "claude-haiku-4.5", false, "completed input_tokens:500 cached_input_tokens:1000 cache_write_tokens:1500 output_tokens:4", Some("msg_01AbCdEfGhIjKlMnOpQrStUv")),
    ("gemini-compatible.sse", "gemini-3-flash", false, "completed input_tokens:8 output_tokens:9", Some("p2gfabcDEF")),
];

#[tokio::test]
async fn every_shape_passes_unchanged_and_is_charged_once() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/providers");
    let files =
        std::fs::read_dir(folder).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file()).count();
    assert_eq!(files, ANSWERS.len() + 1, "every file but README.md is told here");
    for (file, model, usage_alone, charged, id) in ANSWERS {
        let answer = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let stream = file.ends_with(".sse");
        for wants in [false, true] {
            let world = World::new("pixapi", "10").await;
            let script = if stream { Script::sse(answer.clone()) } else { Script::json(200, answer.clone()) };
            world.provider.script(script);
            let more = match (stream, wants) {
                (true, true) => json!({"stream": true, "stream_options": {"include_usage": true}}),
                (stream, _) => json!({"stream": stream}),
            };
            let reply = world.call(ask(model, more)).await;
            let expected = if usage_alone && !wants { without_usage(&answer) } else { answer.clone() };
            assert_eq!(reply.body, expected, "{file}");
            let charge = world.charges().remove(0);
            let (outcome, _, lines) = world.charge();
            assert_eq!(format!("{outcome} {lines}"), charged, "{file}");
            let provider = charge.provider.unwrap().request_id;
            assert_eq!(provider.as_ref().map(|id| id.as_str()), id, "{file}");
            world.end().await;
        }
    }
}

/// Without the event before `[DONE]`.
fn without_usage(stream: &str) -> String {
    let mut events: Vec<&str> = stream.split_inclusive("\n\n").collect();
    events.remove(events.len() - 2);
    events.concat()
}
