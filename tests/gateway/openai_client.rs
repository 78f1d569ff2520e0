//! A client that nobody here has written: `async-openai` drives the gateway as it would drive OpenAI.

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessageArgs, ChatCompletionStreamOptions, CreateChatCompletionRequest,
    CreateChatCompletionRequestArgs,
};
use futures_util::StreamExt;
use scrip_gateway::mock::{Script, chunk, usage_chunk};

use super::streams::DONE;
use super::world::{KEY, World};

fn client(world: &World, key: &str) -> Client<OpenAIConfig> {
    Client::with_config(OpenAIConfig::new().with_api_base(&world.url).with_api_key(key))
}

fn request(stream_options: Option<ChatCompletionStreamOptions>) -> CreateChatCompletionRequest {
    let message = ChatCompletionRequestUserMessageArgs::default()
        .content("Tell me about the weather.")
        .build()
        .unwrap();
    let mut request = CreateChatCompletionRequestArgs::default();
    request.model("gpt-5-mini").max_completion_tokens(50_u32).messages([message.into()]);
    if let Some(options) = stream_options {
        request.stream_options(options);
    }
    request.build().unwrap()
}

#[tokio::test]
async fn a_real_client_completes_a_call() {
    let world = World::new("pixapi", "1").await;
    let answer = client(&world, KEY).chat().create(request(None)).await.unwrap();
    assert_eq!(answer.choices[0].message.content.as_deref(), Some("word ".repeat(20).as_str()));
    let usage = answer.usage.unwrap();
    let lines = format!("input_tokens:{} output_tokens:20", usage.prompt_tokens);
    // 0.25 and 2 credits a million.
    let charged = f64::from(usage.prompt_tokens) * 0.25e-6 + 20.0 * 2e-6;
    assert_eq!(
        world.charge(),
        ("completed".to_owned(), format!("{charged:.9}").trim_end_matches('0').to_owned(), lines)
    );
    world.end().await;
}

#[tokio::test]
async fn a_real_client_reads_a_stream() {
    for wants in [false, true] {
        let world = World::new("pixapi", "1").await;
        world.provider.script(Script::sse(
            [chunk("Hello"), chunk(", wörld"), usage_chunk(40, 7), DONE.to_owned()].concat(),
        ));
        let options = wants
            .then_some(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None });
        let mut stream = client(&world, KEY).chat().create_stream(request(options)).await.unwrap();
        let (mut text, mut usages) = (String::new(), Vec::new());
        while let Some(part) = stream.next().await {
            let part = part.unwrap();
            text.extend(part.choices.iter().filter_map(|choice| choice.delta.content.as_deref()));
            usages.extend(part.usage.map(|usage| usage.completion_tokens));
        }
        assert_eq!(text, "Hello, wörld");
        assert_eq!(usages, if wants { vec![7] } else { vec![] });
        // 40 × 0.25 + 7 × 2 millionths; durable when the client has seen the end.
        assert_eq!(world.charge().1, "0.000024");
        world.end().await;
    }
}

#[tokio::test]
async fn a_real_client_understands_a_refusal() {
    let world = World::new("pixapi", "0").await;
    let code = |error: OpenAIError| match error {
        OpenAIError::ApiError(answer) => answer.api_error.code.unwrap(),
        other => panic!("{other}"),
    };
    let error = client(&world, KEY).chat().create(request(None)).await.unwrap_err();
    assert_eq!(code(error), "insufficient_credits");
    let error = client(&world, "sk-unknown").chat().create(request(None)).await.unwrap_err();
    assert_eq!(code(error), "unauthenticated");
    world.end().await;
}

#[tokio::test]
async fn a_real_client_lists_models() {
    let world = World::new("aiproxynode", "0").await;
    let models = client(&world, KEY).models().list().await.unwrap();
    assert!(models.data.iter().any(|model| model.id == "qwen3-max" && model.owned_by == "aiproxynode"));
    world.end().await;
}
