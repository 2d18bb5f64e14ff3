"""A client that names prepared statements, on a connection string that leads through a transaction pooler."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Client, Runs, Url, deciding
from pooltlint.model.truth import Truth


def check(client: Client) -> Iterator[Finding]:
    """Silent where the pooler tracks statements; less sure where nobody says whether it does."""
    prepared = client.prepared
    if prepared is None or prepared.names is not Truth.YES or not client.opens or client.lifetime.runs is Runs.TEST:
        return
    for url in deciding(client.urls):
        if not url.route.multiplexes or url.route.prepared is Truth.YES:
            continue
        certain = url.route.prepared is Truth.NO
        pooler = url.route.pooler or "the pooler"
        harm = prepared.raised if certain else f"unless {pooler} tracks prepared statements, {prepared.raised}"
        yield Finding(
            client.place_options.get(prepared.at_option, client.at),
            f"`{client.call}` prepares statements behind {pooler} in {url.route.mode.value} mode: {harm}. {prepared.why[:1].upper()}{prepared.why[1:]}.",
            prepared.remedy,
            tuple(_chain(client, url)),
            min(Certainty.HIGH if certain else Certainty.MEDIUM, url.route.certainty),
        )
        return


def _chain(client: Client, url: Url) -> Iterator[Note]:
    if url.at is not None:
        yield Note(f"{url.name or 'the connection string'} leads through {url.route.pooler or 'a pooler'}", url.at)
    for each in url.route.because:
        if each.at != url.at or not each.at:
            yield each
        else:
            yield Note(each.text, each.at)
    yield from client.version_because
