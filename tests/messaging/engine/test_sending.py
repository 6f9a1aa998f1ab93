"""Sends: what is stored, in which order, and what is refused without a trace."""



from messaging import protocol
from messaging.engine.runtime import Engine
from tests.messaging.engine.client import inside
from tests.messaging.engine.factory import Actor, Talk

Pair = tuple[Actor, Actor, Talk]


async def test_a_message_is_stored_and_reaches_both(engine: Engine, pair: Pair) -> None:
    one, two, chat = pair
    async with inside(one) as sender, inside(two) as receiver:
        frame = sender.message(chat)
        await sender.post(frame)
        sent = await sender.answer(frame.id)
        assert sent == protocol.Sent(re=frame.id, seq=2, time=sent.time)
        (envelope,) = await receiver.envelopes(chat.id, until=2)
        assert envelope.body == frame.body
        assert (envelope.generation, envelope.epoch, envelope.kind) == (1, 1, protocol.APPLICATION)
        assert (envelope.device, envelope.counter, envelope.time) == (one.device.bytes, 2, sent.time)
        assert await sender.envelopes(chat.id, until=2) == [envelope]
