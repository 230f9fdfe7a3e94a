import t from 'tap';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import {
  decryptionSecrets,
  enhancedPacket,
  interfaceDescription,
  sectionHeader,
} from '../../../orchestrator/capture/pcapng.js';

const PREAMBLE = '55555555555555d5';

t.test('golden: the section header', async (t) => {
  const golden = `0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff
                  0400 0800 6e6574617269756d 00000000 2c000000`;
  t.equal(toHex(sectionHeader()), toHex(fromHex(golden)));
});

t.test('golden: an interface with a name, a link, an address and a MAC address', async (t) => {
  const bytes = interfaceDescription({
    name: 'a:1',
    description: 'link',
    mac: fromHex('020000000001'),
    ipv4: [fromHex('0a000001ff000000')],
  });
  const golden = `01000000 50000000 0100 0000 00000000
                  0200 0300 613a3100  0300 0400 6c696e6b  0400 0800 0a000001ff000000
                  0600 0600 020000000001 0000  0900 0100 09000000  0d00 0100 04000000  00000000 50000000`;
  t.equal(toHex(bytes), toHex(fromHex(golden)));
});

t.test('golden: a section with a comment, an interface with a speed', async (t) => {
  const section = `0a0d0d0a 34000000 4d3c2b1a 0100 0000 ffffffffffffffff
                   0400 0800 6e6574617269756d  0100 0200 6869 0000  00000000 34000000`;
  t.equal(toHex(sectionHeader('hi')), toHex(fromHex(section)));
  const bytes = interfaceDescription({ name: 'a:1', description: '', ipv4: [], speedBps: 5_000_000_000 });
  const golden = `01000000 40000000 0100 0000 00000000
                  0200 0300 613a3100  0300 0000  0800 0800 00f2052a01000000
                  0900 0100 09000000  0d00 0100 04000000  00000000 40000000`;
  t.equal(toHex(bytes), toHex(fromHex(golden)));
});

t.test('golden: secrets', async (t) => {
  const golden = '0a000000 1c000000 4b534c54 05000000 41204220 0a000000 1c000000';
  t.equal(toHex(decryptionSecrets('A B \n')), toHex(fromHex(golden)));
});

t.test('golden: a packet that came in, without its preamble, padded to four bytes', async (t) => {
  const bytes = enhancedPacket({
    interfaceId: 2,
    timestampNs: 0x0005_1234_5678_9abcn,
    direction: 'in',
    packet: fromHex(`${PREAMBLE} 0102030405`),
  });
  const golden = `06000000 34000000 02000000 34120500 bc9a7856 05000000 05000000 0102030405 000000
                  0200 0400 81000000 00000000 34000000`;
  t.equal(toHex(bytes), toHex(fromHex(golden)));
});

t.test('golden: a packet that was dropped on its way out has a comment', async (t) => {
  const bytes = enhancedPacket({
    interfaceId: 0,
    timestampNs: 1n,
    direction: 'out',
    packet: fromHex(`${PREAMBLE} aabbccdd`),
    comment: 'dropped: x',
  });
  const golden = `06000000 40000000 00000000 00000000 01000000 04000000 04000000 aabbccdd
                  0200 0400 82000000  0100 0a00 64726f707065643a2078 0000  00000000 40000000`;
  t.equal(toHex(bytes), toHex(fromHex(golden)));
});

t.test('a packet shorter than a preamble is an empty frame', async (t) => {
  const bytes = enhancedPacket({ interfaceId: 0, timestampNs: 0n, direction: 'in', packet: fromHex('5555') });
  t.equal(toHex(bytes.subarray(20, 28)), '0000000000000000');
  t.equal(bytes.length % 4, 0);
});
