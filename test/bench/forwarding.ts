/** What one frame costs in a machine that passes it on, without tunnels and processes. */
import { crc32 } from 'node:zlib';
import { createMachine } from '../../devices/apps/kinds/index.js';
import type { Environment, Machine } from '../../devices/apps/machine.js';
import type { DeviceKind, PortConfig } from '../../devices/control/config.js';
import { Timers } from '../../devices/stack/clock.js';
import { Port } from '../../devices/stack/link/port.js';
import type { Impairment } from '../../devices/stack/link-settings.js';
import { Random } from '../../devices/stack/random.js';
import { parseIpv4, parseMac } from '../../devices/stack/wire/address.js';
import { ARP_REPLY, emitArp } from '../../devices/stack/wire/arp.js';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, emitPacket } from '../../devices/stack/wire/ethernet.js';
import { emitIpv4 } from '../../devices/stack/wire/ipv4.js';
import { MemoryFiles } from '../support/memory-files.js';
import { microsPerCall, patternBytes } from './measure.js';
import type { Row } from './results.js';

const SMALL = 26;
const FULL = 1480;
const LEFT = { mac: 0x02000000aa01, ip: 0x0a000001 };
const RIGHT = { mac: 0x02000000aa02, ip: 0x0a010001 };

export function measureForwarding(): Row[] {
  const port = barePort();
  const small = ipPacket(RIGHT.mac, SMALL);
  const bare = (bytes: number) => {
    const packet = ipPacket(RIGHT.mac, bytes);
    return microsPerCall(() => port.receive(packet));
  };
  const base = bare(FULL);
  const rows: Row[] = [
    { what: 'port receives a small frame', value: bare(SMALL), unit: 'µs' },
    { what: 'port receives a full frame', value: base, unit: 'µs' },
    { what: 'port sends a small frame', value: microsPerCall(() => port.send(small)), unit: 'µs' },
    { what: '  through a loss of 1 %', value: sending({ loss: 0.01 }), unit: 'µs' },
    { what: '  through rate and delay', value: sending({ rateBps: 1e9, delayMs: 1 }), unit: 'µs' },
  ];
  for (const [kind, machine] of [
    ['switch', bridge('switch')],
    ['hub', bridge('hub')],
    ['router', router()],
  ] as const) {
    for (const [size, bytes] of [
      ['small', SMALL],
      ['full', FULL],
    ] as const) {
      const to = kind === 'router' ? (parseMac(ROUTER_PORTS[0].mac ?? '') ?? 0) : RIGHT.mac;
      const packet = ipPacket(to, bytes);
      const [first] = machine.ports;
      const sentBefore = machine.ports[1].counters.framesOut;
      let now = 1;
      let frames = 0;
      const value = microsPerCall(() => {
        frames += 1;
        now += 0.01;
        machine.receive(first, packet, now);
      });
      if (machine.ports[1].counters.framesOut - sentBefore !== frames) throw new Error(`the ${kind} did not forward`);
      rows.push({
        what: `${kind} forwards a ${size} frame`,
        value,
        unit: 'µs',
        ratio: value / base,
        of: 'receiving a full frame',
      });
    }
  }
  return rows;
}

/** Microseconds a frame through a port of this impairment, of which about ten are under way at a time. */
function sending(impairment: Impairment): number {
  const timers = new Timers();
  const port = new Port({ name: 'eth0', random: new Random('bench'), timers, crc32, impairment });
  const small = ipPacket(RIGHT.mac, SMALL);
  return microsPerCall(() => {
    port.send(small);
    timers.advance(timers.now + 0.1);
  });
}

function barePort(): Port {
  return new Port({ name: 'eth0', random: new Random('bench'), timers: new Timers(), crc32 });
}

const ROUTER_PORTS: readonly PortConfig[] = [
  { name: 'eth0', mac: '02:00:00:00:bb:01', addresses: ['10.0.0.254/24'] },
  { name: 'eth1', mac: '02:00:00:00:bb:02', addresses: ['10.1.0.254/24'] },
];

function router(): Machine {
  const machine = build('router', ROUTER_PORTS);
  const [, second] = machine.ports;
  // An address that has just been heard is used for a minute, which is longer than the benchmark's own time lasts.
  const arp = {
    operation: ARP_REPLY,
    senderMac: RIGHT.mac,
    senderIp: RIGHT.ip,
    targetMac: parseMac(ROUTER_PORTS[1].mac ?? '') ?? 0,
    targetIp: parseIpv4('10.1.0.254') ?? 0,
  };
  machine.start();
  machine.receive(machine.ports[0], ipPacket(parseMac(ROUTER_PORTS[0].mac ?? '') ?? 0, SMALL), 0);
  const answer = { dst: arp.targetMac, src: RIGHT.mac, etherType: ETHERTYPE_ARP, payload: emitArp(arp) };
  machine.receive(second, emitPacket(answer, crc32), 0);
  return machine;
}

/** A switch that knows where both stations are, or a hub. */
function bridge(kind: 'switch' | 'hub'): Machine {
  const machine = build(kind, [{ name: '1' }, { name: '2' }]);
  machine.start();
  const hello = { dst: LEFT.mac, src: RIGHT.mac, etherType: ETHERTYPE_IPV4, payload: new Uint8Array(0) };
  machine.receive(machine.ports[1], emitPacket(hello, crc32), 0);
  return machine;
}

function build(kind: DeviceKind, ports: readonly PortConfig[]): Machine {
  const silent = () => {};
  const environment: Environment = {
    now: () => 0,
    wallClock: () => 0,
    wake: silent,
    crc32,
    random: new Random('bench'),
    tracer: { enabled: false, emit: silent },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    files: new MemoryFiles(),
  };
  return createMachine({ lab: 'bench', name: kind, kind, seed: 1, control: '', ports }, environment);
}

function ipPacket(dst: number, bytes: number): Uint8Array {
  const payload = emitIpv4({
    src: LEFT.ip,
    dst: RIGHT.ip,
    protocol: 17,
    ttl: 64,
    tos: 0,
    identification: 1,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    options: new Uint8Array(0),
    payload: patternBytes(bytes),
  });
  return emitPacket({ dst, src: LEFT.mac, etherType: ETHERTYPE_IPV4, payload }, crc32);
}
