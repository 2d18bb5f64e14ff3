"""Language models and other hosted models.

Facts: openai 2.x and anthropic 0.7x (Python and Node), google-genai 1.x, cohere 5, mistralai 1, groq 0.3x,
litellm 1.8x, langchain 1.x, ai 5 (published sources and documentation).
"""

from pooltlint.outside import Outside, names

_WHAT = "the answer of a language model"
_CREATE = names("create parse stream generate edit transcribe create_and_poll embed retrieve upload")
_CHAT = names("create complete completion generate stream embed embeddings chat")
_CHAIN = names(
    "invoke ainvoke stream astream batch abatch predict apredict embed_query aembed_query embed_documents "
    "aembed_documents embedQuery embedDocuments"
)
_LANGCHAIN = {
    f"{package}.{name}()": _CHAIN
    for package, found in {
        "langchain_openai": ("ChatOpenAI", "AzureChatOpenAI", "OpenAI", "OpenAIEmbeddings"),
        "langchain_anthropic": ("ChatAnthropic",),
        "langchain_google_genai": ("ChatGoogleGenerativeAI", "GoogleGenerativeAIEmbeddings"),
        "langchain_groq": ("ChatGroq",),
        "langchain_community.chat_models": ("ChatOpenAI",),
        "langchain.chat_models": ("init_chat_model",),
        "@langchain/openai": ("ChatOpenAI", "OpenAIEmbeddings"),
        "@langchain/anthropic": ("ChatAnthropic",),
    }.items()
    for name in found
}

OUTSIDE = (
    Outside(
        _WHAT,
        {
            "openai": _CREATE,
            "openai.OpenAI()": _CREATE,
            "openai.AzureOpenAI()": _CREATE,
            "anthropic.Anthropic()": names("create stream parse"),
            "google.genai.Client()": names("generate_content generate_images embed_content"),
            "google.generativeai.GenerativeModel()": names("generate_content generate_content_async"),
            "cohere.Client()": names("chat embed rerank generate"),
            "groq.Groq()": _CREATE,
            "mistralai.Mistral()": _CHAT,
            "litellm": names("completion embedding responses"),
            "ollama": names("chat generate embed embeddings"),
            "replicate": names("run"),
            "together.Together()": _CREATE,
        },
    ),
    Outside(
        _WHAT,
        {
            "openai()": _CREATE,  # the default export of the Node package
            "openai.AsyncOpenAI()": _CREATE,
            "openai.AsyncAzureOpenAI()": _CREATE,
            "anthropic.AsyncAnthropic()": names("create stream parse"),
            "@anthropic-ai/sdk()": names("create parse"),
            "@anthropic-ai/sdk.Anthropic()": names("create parse"),
            "@google/generative-ai.GoogleGenerativeAI()": names("generateContent embedContent"),
            "@google/genai.GoogleGenAI()": names("generateContent embedContent"),
            "groq.AsyncGroq()": _CREATE,
            "groq-sdk()": _CREATE,
            "cohere.AsyncClient()": names("chat embed rerank generate"),
            "cohere-ai.CohereClient()": names("chat embed rerank generate"),
            "litellm.acompletion": names("()"),
            "litellm.aembedding": names("()"),
            "litellm.aresponses": names("()"),
            "ai": names("generateText generateObject embed embedMany"),
            "replicate.Replicate()": names("run"),
        },
        promises=True,
    ),
    Outside(_WHAT, _LANGCHAIN),
)
