import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { DnsFrames, frameDns } from '../../devices/net/dns-framing.js';
import { concatBytes } from '../../devices/stack/wire/bytes.js';

t.test('messages come out as they went in, however the stream is cut', async () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sent, cuts) => {
      const stream = concatBytes(...sent.map(frameDns), Uint8Array.of(0, 9, 1));
      const frames = new DnsFrames();
      const received: Uint8Array[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = at + cuts[i % cuts.length];
        received.push(...frames.push(stream.subarray(at, end)));
        at = end;
      }
      assert.deepEqual(received, sent);
    }),
  );
});
