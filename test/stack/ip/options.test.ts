/** What Linux's kernel was seen to do with the same options. */
import fc from 'fast-check';
import t from 'tap';
import { answerOptions, type OptionWriter, recordWayOut, serveOptions } from '../../../devices/stack/ip/options.js';
import { icmpOf, ipv4Of } from '../../support/packets.js';
import { echoRequest, ip, StackBench } from '../../support/stack-bench.js';

const OWN = '0a000001';
const NOW = '00000007';
const writer: OptionWriter = {
  address: ip('10.0.0.1'),
  isLocal: (address) => address === ip('10.0.0.1'),
  timeOfDayMs: () => 7,
};

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function hex(array: Uint8Array | undefined): string | undefined {
  return array && Buffer.from(array).toString('hex');
}

/** What the options are after they were served, and what an answer carries: "refused" when there is none. */
function served(options: string): [string | undefined, string | undefined] {
  const { options: after, faultAt, sound } = serveOptions(bytes(options), writer);
  t.equal(faultAt, undefined, options);
  return [hex(after), hex(answerOptions(sound, writer)) ?? 'refused'];
}

t.test('record route: once on the way in, once on the way back', async (t) => {
  t.same(served(`070b04${'0'.repeat(16)}00`), [`070b08${OWN}0000000000`, `070b0c${OWN}${OWN}00`]);
  t.same(served(`0707040000000000`), [`070708${OWN}00`, `070708${OWN}00`], 'room for one');
  t.same(served('0707080102030400'), ['0707080102030400', '0707080102030400'], 'no room');
  t.same(served('070b05000000000000000000'), [`070b0900${OWN}00000000`, 'refused'], 'ends in the middle of a slot');
});

t.test('time stamps: alone, with addresses, for named addresses, and how many were missed', async (t) => {
  t.same(served(`440c0500${'0'.repeat(16)}`), [`440c0900${NOW}00000000`, `440c0d00${NOW}${NOW}`]);
  t.same(served(`44140501${'0'.repeat(32)}`), [
    `44140d01${OWN}${NOW}${'0'.repeat(16)}`,
    `44141501${OWN}${NOW}${OWN}${NOW}`,
  ]);
  const named = `44140d03${OWN}${NOW}0a00006300000000`;
  t.same(served(`44140503${OWN}000000000a00006300000000`), [named, named]);
  t.same(served('440c05030a00006300000000'), ['440c05030a00006300000000', '440c05030a00006300000000'], 'for another');
  t.same(served('4408090000000000'), ['4408091000000000', '4408091000000000'], 'no room: counted');
  t.same(served('440c05020000000000000000'), ['440c05020000000000000000', '440c05020000000000000000'], 'unknown flag');
});

t.test('others are left alone and not answered; nothing hides behind the end of the list', async (t) => {
  for (const option of ['01010101', '94040000', '1e040000', '88040005', '820b000000000000000000' + '00']) {
    t.same(served(option), [option, '']);
  }
  t.same(served('00070707'), ['00000000', '']);
});

t.test('both together are answered in this order, without what is between them', async (t) => {
  t.same(served(`0101440c0500${'0'.repeat(16)}0707040000000000`.padEnd(48, '0')), [
    `0101440c0900${NOW}00000000070708${OWN}00`.padEnd(48, '0'),
    `070708${OWN}440c0d00${NOW}${NOW}00`,
  ]);
});

t.test('what is wrong, and where: the octet of the header', async (t) => {
  const faults: [string, number][] = [
    ['07020400', 21],
    ['0707030000000000', 22],
    ['0706040000000000', 22],
    ['071b0400', 20],
    ['44030500', 21],
    ['440c04000000000000000000', 22],
    ['440c06010000000000000000', 22],
    ['440809f000000000', 23],
    ['1e000000', 20],
    ['1e010000', 20],
    ['0101011e', 23],
    ['94030000', 21],
    ['07070400000000070704000000000000', 27],
    ['830304010101830304000000', 26],
    ['83020000', 21],
    ['83030300', 22],
  ];
  for (const [options, at] of faults) t.equal(serveOptions(bytes(options), writer).faultAt, at, options);
  const { sound } = serveOptions(bytes('07070400000000070704000000000000'), writer);
  t.equal(hex(answerOptions(sound, writer)), `070708${OWN}00`, 'those before are answered');
});

t.test('a router writes down the way out in the place of the way back', async (t) => {
  const options = serveOptions(bytes('0707040000000000'), writer);
  recordWayOut(options, ip('192.168.1.1'));
  t.equal(hex(options.options), '070708c0a8010100');
});

t.test('any bytes are served without an exception, and the length stays', async () => {
  const words = fc
    .integer({ min: 0, max: 10 })
    .chain((count) => fc.uint8Array({ minLength: count * 4, maxLength: count * 4 }));
  const likely = fc.array(fc.constantFrom(0, 1, 3, 4, 5, 7, 8, 9, 0x44, 0x83, 0x94, 0xf0), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        words,
        likely.map((list) => Uint8Array.from(list)),
      ),
      (options) => {
        const { options: after, sound } = serveOptions(options, writer);
        const answer = answerOptions(sound, writer);
        return after.length === options.length && (answer?.length ?? 0) <= options.length + 3;
      },
    ),
  );
});

t.test('ping -R: the answer carries the option', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/24' });
  bench.knows('eth0', '10.0.0.2');
  bench.hears('eth0', echoRequest('10.0.0.2', '10.0.0.1', { options: bytes(`070b04${'0'.repeat(16)}00`) }));
  const [reply] = bench.packets();
  t.equal(hex(ipv4Of(reply)?.options), `070b0c${OWN}${OWN}00`);
  t.match(icmpOf(reply), { type: 0 });
});

t.test('ping -T tsonly: without a clock the highest bit says that the time is no time of day', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/24' });
  bench.knows('eth0', '10.0.0.2');
  bench.wait(5);
  bench.hears('eth0', echoRequest('10.0.0.2', '10.0.0.1', { options: bytes(`440c0500${'0'.repeat(16)}`) }));
  t.equal(hex(ipv4Of(bench.packets()[0])?.options), '440c0d008000000580000005');
});

t.test('a parameter problem points at the octet; source routes are refused in silence', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/24', eth1: '192.168.1.1/24' }, { forwarding: true });
  bench.knows('eth0', '10.0.0.2');
  bench.knows('eth1', '192.168.1.2');
  for (const dst of ['10.0.0.1', '192.168.1.2']) {
    bench.hears('eth0', echoRequest('10.0.0.2', dst, { options: bytes('0707030000000000') }));
    const [error] = bench.packets();
    t.match(icmpOf(error), { type: 12, code: 0, rest: 0x16000000 });
    bench.hears('eth0', echoRequest('10.0.0.2', dst, { options: bytes('8307040a00000200') }));
    bench.hears('eth0', echoRequest('10.0.0.2', dst, { options: bytes('8907080a00000200') }));
    t.same(bench.said(), []);
  }
  t.equal(bench.counters.get('ipv4.badOption'), 2);
  t.equal(bench.counters.get('ipv4.sourceRoute'), 4);
});

t.test(
  'a router records the interface by which the packet leaves; errors about it are answered like requests',
  async (t) => {
    const bench = new StackBench({ eth0: '10.0.0.1/24', eth1: '192.168.1.1/24' }, { forwarding: true });
    bench.knows('eth0', '10.0.0.2');
    bench.knows('eth1', '192.168.1.2');
    const options = bytes(`070b04${'0'.repeat(16)}00`);
    bench.hears('eth0', echoRequest('10.0.0.2', '192.168.1.2', { options }));
    t.equal(hex(ipv4Of(bench.packets()[0])?.options), '070b08c0a801010000000000');
    bench.hears('eth0', echoRequest('10.0.0.2', '192.168.1.2', { options, ttl: 1 }));
    const [error] = bench.packets();
    t.equal(hex(ipv4Of(error)?.options), `070b0c${OWN}${OWN}00`);
    t.equal(hex(icmpOf(error)?.body.subarray(20, 32)), `070b08${OWN}0000000000`, 'quoted as it was then');
    bench.hears('eth0', echoRequest('10.0.0.2', '192.168.1.2', { options, ttl: 1 }, 1000));
    t.equal((icmpOf(bench.packets()[0])?.body.length ?? 0) + 8 + 12 + 20, 576, 'the options take from the quote');
  },
);
