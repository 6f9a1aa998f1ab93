"""docs/protocol.md: enough to write another client, and never stale."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import inspect as shape

from beep.errors import CATALOGUE
from messaging.codegen import openapi
from messaging.codegen.shapes import Protocol, Shape

INTRODUCTION: Final = """\
<!-- Generated from messaging/protocol, beep/errors.py and the API's OpenAPI document by `make generate`.
Do not edit. -->

# Protocol

Two ways into the server: an HTTP API for what is rare (sign-in, directory, key packages), and one WebSocket
for conversations. Both refuse with the same codes, and both use the session cookie `__Host-beep`. What the
opaque bodies hold is described in `docs/architecture.md`; the server never needs to know.

## The socket

Connect to `wss://<host>/ws` with the subprotocol `beep.v1`, the session cookie and, from a browser, the
page's own origin. Every message is **binary** and holds one frame: one MessagePack map with the frame's name
under `t`. Ids of things are 16-byte binaries (UUIDv4), hashes 32-byte binaries, integers lie below 2^53,
times are milliseconds since
1970-01-01 UTC. Every key that is listed must be there, and no other.

**Order of talk.** `hello` first, then `resume`, then anything. A request carries an `id` that is larger than
every earlier one on this socket; exactly one answer names it in `re`, or a `refused` does. Answers may
overtake each other, but `send`, `commit` and `begin` are worked through in the order in which they came.
Notes have no `id` and get no answer. Events come unasked, and only after `resume` was answered.

**What is never lost.** `sent` means that the envelope is on disk. Events are hints: a client goes by `seq`,
ignores what it has, and fetches what is missing before a gap. After a reconnect it resumes from its cursors.
A `send` without an answer is repeated with the same counter and the same bytes; the answer then names the
first `seq`.

**Refused, or closed.** A refusal keeps the socket open, stores nothing and consumes no counter. Only a frame
that the protocol does not allow (text, more than `MAX_FRAME` bytes, not MessagePack, an unknown frame or key,
a value out of bounds, an `id` that does not increase, anything before `hello`) is answered with
`protocol_violation` or
`hello_first` and then closed with 4403. `busy` and `rate_limited` say in `retry_after` how many seconds to
wait.
"""


def _polling() -> str:
    from messaging import polling
    from messaging.engine import polls

    return f"""\
## Long-poll

Where no WebSocket gets through, the same frames travel by `POST https://<host>/poll`, with the session
cookie, an `Origin` of ours and `Content-Type: {polling.CONTENT_TYPE.decode()}`. A body is frames one
after the other, each behind its length in four bytes, big-endian: at most {polling.MAX_FRAMES} frames
and {polling.MAX_BYTES:,} bytes. The answer has the same form, and comes when every request in the POST
is answered. `hello` is the first frame of every POST; ids increase within one POST. A device has at
most {polls.MAX_ASKING} POSTs under way in a process.

A POST with `resume` begins to listen: the header `Beep-Poll: <listener>.<number>` of its answer names
the listener and the number of the answer. A **poll** is a POST without frames that shows the last such
header. It is answered with events as soon as there are some ({polls.COMPANY * 1000:.0f} ms later, so
that several share an answer), or with nothing after {polls.HELD:.0f} s; the next poll shows the header
of that answer. `Beep-Hold: <seconds>` asks for another wait, {polls.HELD_AT_MOST:.0f} s at most: for a
client in the background. A poll whose answer was lost is sent again, and brings the same answer byte
for byte, so that what had arrived of it need not be heard again. A listener lives for
{polls.LINGER:.0f} s without a poll, and a second longer for each {polls.SLOWEST:,} bytes of its last
answer. Of two polls of one listener the first is answered with
nothing. Any worker may be asked: they hand listeners over to each other.

A POST without `resume` only asks, and supersedes nothing. A refusal is JSON as over HTTP. When the line
has ended, its `detail.close` is the close code that a WebSocket would have had; so is the header
`Beep-Close` of an answer whose frames were followed by a close. A client then does what the table of
close codes says.
"""


def _waking() -> str:
    from messaging import wake, wake_tokens
    from messaging.engine import limits

    return f"""\
## Waking a shell in the background

`wss://<host>/wake` with the subprotocol `{wake.SUBPROTOCOL}`, and an `Origin` of ours or none. The
first frame is the token of `POST /api/v1/wake`, {wake_tokens.TOKEN_BYTES} bytes, within
{limits.HELLO_PATIENCE:.0f} s; a token stands in no address. The token opens this socket and nothing
else, and ends with its session and device. From then on each frame is one byte:

- `0x{wake.WAITING.hex()}` from the server: an envelope or mail has come for the device since it last
  looked, or waited already. Said once until the client has looked, and at most every {wake.EVERY:.0f}
  s.
- `0x{wake.LOOKED.hex()}` from the client: it has looked; tell it of whatever comes from now on.

Close codes are those of `beep.v1`. A second such socket of a device takes the place of the first; the
device's other socket is not touched.
"""


def render(declared: Protocol, published: Mapping[str, Any]) -> str:
    """The whole document as Markdown; `published` is the OpenAPI document."""
    limits = [c for c in declared.constants if not c.name.startswith("CLOSE_")]
    closes = [c for c in declared.constants if c.name.startswith("CLOSE_")]
    sections = [
        INTRODUCTION,
        "### Limits and constants\n",
        _table(("name", "value", "meaning"), ((f"`{c.name}`", f"{c.value}", _line(c.text)) for c in limits)),
        "### Close codes\n",
        _table(("code", "name", "meaning"), ((str(c.value), f"`{c.name}`", _line(c.text)) for c in closes)),
        "### Requests (client to server, each answered)\n",
        *map(_frame, declared.requests),
        "### Notes (client to server, not answered)\n",
        *map(_frame, declared.notes),
        "### Answers (server to client)\n",
        *map(_frame, declared.answers),
        "### Events (server to client, unasked)\n",
        *map(_frame, declared.events),
        "### Parts (maps inside frames)\n",
        *map(_frame, declared.parts),
        _polling(),
        _waking(),
        "## Refusals\n",
        "The same over HTTP (as the status and a JSON body) and on the socket (as a `refused` frame).\n",
        _table(("code", "HTTP", "meaning"), ((f"`{k}`", str(s), m) for k, (s, m) in CATALOGUE.items())),
        openapi.render(published),
    ]
    return "\n".join(sections).rstrip() + "\n"


def _frame(declared: Shape) -> str:
    title = f"#### `{declared.tag}`" if declared.tag else f"#### {declared.name}"
    rows = ((f"`{field.name}`", describe(field.type)) for field in declared.fields)
    return f"{title}\n\n{declared.text}\n\n{_table(('key', 'value'), rows)}"


def describe(kind: shape.Type) -> str:
    """A field's type in words."""
    match kind:
        case shape.IntType(ge=low, le=high):
            return "integer" if high == (1 << 53) - 1 and not low else f"integer from {low}" + _upto(high)
        case shape.FloatType():
            return "number"
        case shape.StrType():
            return "text"
        case shape.BoolType():
            return "boolean"
        case shape.NoneType():
            return "null"
        case shape.BytesType(min_length=low, max_length=high):
            if high is None:
                return "bytes"
            return f"{high} bytes" if low == high else f"{low} to {high:,} bytes"
        case shape.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case shape.ListType(item_type=item, min_length=low, max_length=high):
            bounds = f" ({low or 0} to {high:,})" if high else ""
            return f"array{bounds} of {describe(item)}"
        case shape.StructType(cls=cls):
            return cls.__name__
        case shape.UnionType(types=members):
            return " or ".join(describe(member) for member in members)
        case shape.DictType(value_type=value):
            return f"map from text to {describe(value)}"
    raise TypeError(f"no words for {kind}")


def _upto(high: int | None) -> str:
    return "" if high is None or high == (1 << 53) - 1 else f" to {high:,}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"
