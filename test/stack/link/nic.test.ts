import t from 'tap';
import { Timers } from '../../../devices/stack/clock.js';
import { Nic } from '../../../devices/stack/link/nic.js';
import { Port } from '../../../devices/stack/link/port.js';
import { Random } from '../../../devices/stack/random.js';
import { BROADCAST_MAC, type MacAddress } from '../../../devices/stack/wire/address.js';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, type EthernetFrame } from '../../../devices/stack/wire/ethernet.js';
import { packetOf } from '../../support/packets.js';

const OWN = 0x020000000001;
const PEER = 0x020000000002;

function bench() {
  const port = new Port({ name: 'eth0', random: new Random(1), timers: new Timers() });
  const nic = new Nic(port, OWN);
  const sent: Uint8Array[] = [];
  port.transmit = (packet) => sent.push(packet);
  const heard: EthernetFrame[] = [];
  nic.setHandler(ETHERTYPE_IPV4, (frame) => heard.push(frame));
  return { port, nic, sent, heard };
}

function arrive(port: Port, dst: MacAddress, etherType = ETHERTYPE_IPV4): void {
  port.receive(packetOf({ dst, src: PEER, etherType, payload: Uint8Array.of(1, 2, 3) }));
}

t.test('it takes what is for its address and for all', async (t) => {
  const { port, heard } = bench();
  arrive(port, OWN);
  arrive(port, BROADCAST_MAC);
  t.same(
    heard.map(({ dst, src, etherType }) => ({ dst, src, etherType })),
    [
      { dst: OWN, src: PEER, etherType: ETHERTYPE_IPV4 },
      { dst: BROADCAST_MAC, src: PEER, etherType: ETHERTYPE_IPV4 },
    ],
  );
  t.equal(heard[0].payload.length, 46, 'the padding is still there');
  t.same(port.counters.drops(), {});
});

t.test('it drops what is for others, and counts why', async (t) => {
  const { port, heard } = bench();
  arrive(port, PEER);
  arrive(port, 0x01005e000001);
  arrive(port, OWN, ETHERTYPE_ARP);
  arrive(port, OWN, 46);
  t.same(heard, []);
  t.same(port.counters.drops(), { notForUs: 1, multicast: 1, unknownEtherType: 1, ieee8023Length: 1 });
  t.equal(port.counters.framesIn, 4, 'they arrived all the same');
});

t.test('it sends with its own address, padding and FCS', async (t) => {
  const { nic, sent } = bench();
  nic.send(BROADCAST_MAC, 0x88b5, new TextEncoder().encode('hello'));
  t.equal(nic.name, 'eth0');
  t.equal(nic.mtu, 1500);
  t.equal(
    toHex(sent[0]),
    toHex(fromHex(`55555555555555d5 ffffffffffff 020000000001 88b5 68656c6c6f ${'00'.repeat(41)} 05ea074d`)),
  );
});
