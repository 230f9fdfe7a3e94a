import fc from 'fast-check';
import t from 'tap';
import { parseMessage, parseStreamGreeting, streamGreeting } from '../../../devices/apps/iperf/protocol.js';

t.test('messages are taken when they are whole, and refused otherwise', async (t) => {
  const test = { streams: 2, reverse: false, blockBytes: 8192, seconds: 10 };
  t.same(parseMessage(JSON.stringify({ test })), { test });
  t.same(parseMessage('{"start":true}'), { start: true });
  t.same(parseMessage('{"results":[{"bytes":1,"seconds":2,"retransmits":0}]}')?.results?.length, 1);
  for (const wrong of [
    '',
    'null',
    '{}',
    '[]',
    '{"start":false}',
    '{"start":true,"error":""}',
    '{"toString":1}',
    JSON.stringify({ test: { ...test, streams: 0 } }),
    JSON.stringify({ test: { ...test, seconds: -1 } }),
    JSON.stringify({ test: { ...test, more: 1 } }),
    '{"results":[{"bytes":-1,"seconds":2,"retransmits":0}]}',
  ])
    t.equal(parseMessage(wrong), undefined, wrong);
});

t.test('any text is a message or none', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      parseMessage(text);
      parseStreamGreeting(text);
    }),
  );
});

t.test('the greeting of a stream', async (t) => {
  const cookie = '0123456789abcdef';
  t.same(parseStreamGreeting(streamGreeting(cookie, 127)), { cookie, index: 127 });
  t.equal(parseStreamGreeting('netarium-iperf-stream 1 short 0'), undefined);
});
