import fc from 'fast-check';
import t from 'tap';
import { Timers } from '../../../../devices/stack/clock.js';
import { markCongestion } from '../../../../devices/stack/link/impairment/congestion-mark.js';
import { Port } from '../../../../devices/stack/link/port.js';
import { Random } from '../../../../devices/stack/random.js';
import { internetChecksum } from '../../../../devices/stack/wire/checksum.js';
import { checkPacket, frameOf } from '../../../../devices/stack/wire/ethernet.js';
import { crc32 } from '../../../../devices/stack/wire/fcs.js';
import { emitIpv4 } from '../../../../devices/stack/wire/ipv4.js';
import { packetOf } from '../../../support/packets.js';

const VLAN = Uint8Array.of(0x00, 0x07, 0x08, 0x00);

function ipPacket(tos: number, { tagged = false, bytes = 100, identification = 1 } = {}): Uint8Array {
  const ip = emitIpv4({
    src: 0x0a000001,
    dst: 0x0a000002,
    protocol: 17,
    ttl: 64,
    tos,
    identification,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    options: new Uint8Array(0),
    payload: new Uint8Array(bytes).fill(0x33),
  });
  const payload = tagged ? Uint8Array.of(...VLAN, ...ip) : ip;
  return packetOf({ dst: 1, src: 2, etherType: tagged ? 0x8100 : 0x0800, payload });
}

t.test('senders that know ECN: the packet says CE, and is sound', async () => {
  fc.assert(
    fc.property(
      fc.nat(63),
      fc.constantFrom(1, 2),
      fc.boolean(),
      fc.nat(0xffff),
      (dscp, ecn, tagged, identification) => {
        const packet = ipPacket((dscp << 2) | ecn, { tagged, identification });
        const before = packet.slice();
        const marked = markCongestion(packet, crc32);
        if (marked === undefined || marked === packet) return false;
        const expected = ipPacket((dscp << 2) | 3, { tagged, identification });
        const header = frameOf(marked).subarray(tagged ? 18 : 14, tagged ? 38 : 34);
        return (
          Buffer.compare(packet, before) === 0 &&
          Buffer.compare(marked, expected) === 0 &&
          internetChecksum(header) === 0 &&
          checkPacket(marked, 1500, crc32) === undefined
        );
      },
    ),
  );
});

t.test('one that is marked already is left as it is; what does not know ECN is not marked', async (t) => {
  const marked = ipPacket(3);
  t.equal(markCongestion(marked, crc32), marked);
  t.equal(markCongestion(ipPacket(0), crc32), undefined);
  t.equal(
    markCongestion(packetOf({ dst: 1, src: 2, etherType: 0x0806, payload: new Uint8Array(46) }), crc32),
    undefined,
  );
  t.equal(markCongestion(new Uint8Array(30), crc32), undefined);
  const short = ipPacket(1, { tagged: true, bytes: 40 }).subarray(0, 44);
  t.equal(markCongestion(short, crc32), undefined, 'the header is not whole');
});

t.test('a packet that was damaged stays damaged', async (t) => {
  const damaged = ipPacket(2);
  damaged[60] ^= 4;
  const marked = markCongestion(damaged, crc32);
  t.ok(marked);
  t.equal(checkPacket(marked ?? damaged, 1500, crc32), 'badFcs');
});

t.test('CoDel marks instead of dropping, and goes on by the same law', async (t) => {
  const run = (tos: number, codelEcn: boolean) => {
    const timers = new Timers();
    const impairment = { rateBps: 800_000, queueDiscipline: 'codel', codelEcn } as const;
    const port = new Port({ name: 'a', random: new Random(1), timers, impairment });
    const receiver = new Port({ name: 'b', random: new Random(2), timers });
    let marked = 0;
    receiver.deliver = (packet) => {
      if ((packet[8 + 14 + 1] & 3) === 3) marked += 1;
    };
    port.transmit = (packet) => receiver.receive(packet);
    const packet = ipPacket(tos, { bytes: 54 });
    for (let n = 0; n < 1500; n++) {
      port.send(packet);
      const until = timers.now + 0.85;
      while (timers.nextAt() <= until) timers.advance(timers.nextAt());
      timers.advance(until);
    }
    return { marked, dropped: port.counters.droppedOut, refused: receiver.counters.droppedIn };
  };
  const knowing = run(2, true);
  t.ok(knowing.marked > 10, `${knowing.marked} marked`);
  t.same([knowing.dropped, knowing.refused], [0, 0]);
  const dropping = run(2, false);
  t.equal(dropping.marked, 0);
  t.ok(Math.abs(dropping.dropped - knowing.marked) < 0.4 * knowing.marked, `${dropping.dropped} dropped`);
  t.equal(run(0, true).marked, 0, 'who does not know ECN loses packets');
  t.ok(run(0, true).dropped > 10);
});
