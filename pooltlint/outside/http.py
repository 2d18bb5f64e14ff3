"""HTTP clients.

Facts: httpx 0.28, requests 2.32, aiohttp 3.14, urllib3 2.5, axios 1.13, got 14, ky 1.14, undici 7, @nestjs/axios 4
(published sources and documentation).
"""

from pooltlint.outside import Outside, names

_WHAT = "an HTTP response"
_VERBS = names("get post put patch delete head options request")

OUTSIDE = (
    Outside(
        _WHAT,
        {
            "requests": _VERBS,
            "requests.Session()": _VERBS | {"send"},
            "requests.session()": _VERBS | {"send"},
            "requests.sessions.Session()": _VERBS | {"send"},
            "httpx": _VERBS | {"stream"},
            "httpx.Client()": _VERBS | {"send", "stream"},
            "urllib.request": names("urlopen urlretrieve"),
            "urllib3": names("request"),
            "urllib3.PoolManager()": names("request urlopen"),
            "cloudscraper.create_scraper()": _VERBS,
            "curl_cffi.requests": _VERBS,
        },
    ),
    Outside(
        _WHAT,
        {
            "httpx.AsyncClient()": _VERBS | {"send", "stream"},
            "aiohttp": names("request"),
            "aiohttp.ClientSession()": _VERBS | {"ws_connect"},
            "aiohttp.client.ClientSession()": _VERBS | {"ws_connect"},
            "fetch": names("()"),
            "node-fetch": names("()"),
            "cross-fetch": names("()"),
            "cross-fetch.fetch": names("()"),
            "isomorphic-fetch": names("()"),
            "undici": names("fetch request stream"),
            "axios": _VERBS | names("() postForm putForm"),
            "axios.create()": _VERBS | {""},
            "got": _VERBS | {""},
            "got.extend()": _VERBS | {""},
            "ky": _VERBS | {""},
            "ky.create()": _VERBS | {""},
            "ofetch.ofetch": names("()"),
            "ofetch.$fetch": names("()"),
            "superagent": _VERBS,
            "@nestjs/axios.HttpService()": _VERBS,
            "gaxios.request": names("()"),
        },
        promises=True,
    ),
)
