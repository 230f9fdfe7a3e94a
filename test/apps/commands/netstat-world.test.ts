/** `netstat -s` after things have happened whose number is known. */
import t from 'tap';
import type { StackMachine } from '../../../devices/apps/kinds/stack-machine.js';
import { tcpOf } from '../../support/packets.js';
import { World } from '../../support/world.js';
import { begin } from './begin.js';

function cable(loses: (frame: number) => boolean = () => false): World {
  const world = new World({ seed: 'netstat' });
  for (const [name, address] of [
    ['a', '10.0.0.1/24'],
    ['b', '10.0.0.2/24'],
  ]) {
    world.add({ name, kind: 'host', ports: [{ name: 'eth0', addresses: [address] }] });
  }
  const link = world.link('a:eth0', 'b:eth0', { delayMs: 5 });
  link.fault = ({ n }) => (loses(n) ? 'drop' : 'pass');
  world.start();
  return world;
}

/** The lines of one group. */
async function group(world: World, device: string, name: string): Promise<string[]> {
  const { stdout } = await world.exec(device, 'netstat -s');
  const lines = stdout.split('\n');
  const start = lines.indexOf(`${name}:`) + 1;
  const end = lines.findIndex((line, index) => index >= start && !line.startsWith(' '));
  return lines.slice(start, end).map((line) => line.slice(4));
}

/** Segments on the cable so far, as the machine that sends and the one that receives must have counted them. */
function segmentsFrom(world: World, device: string): number {
  return world.frames.filter(({ from, packet }) => from === `${device}:eth0` && tcpOf(packet) !== undefined).length;
}

t.test('TCP: openings, a refusal, a reset, and each segment that is on the cable', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'nc -l -k 80');
  const { network } = world.machine('a') as StackMachine;
  const clients = [80, 80, 80, 81].map((port) => network.connect({ host: '10.0.0.2', port }));
  for (const client of clients) client.on('error', () => {});
  await world.runFor(100);
  clients[0].resetAndDestroy();
  await world.runFor(100);
  const tcp = (active: number, passive: number, failed: number) => [
    `${active} active connection openings`,
    `${passive} passive connection openings`,
    `${failed} failed connection attempts`,
    '1 connection resets received',
    '2 connections established',
  ];
  const [ofA, ofB] = [await group(world, 'a', 'Tcp'), await group(world, 'b', 'Tcp')];
  t.same(ofA.slice(0, 5), tcp(4, 0, 1));
  t.same(ofB.slice(0, 5), tcp(0, 3, 0));
  const [fromA, fromB] = [segmentsFrom(world, 'a'), segmentsFrom(world, 'b')];
  t.ok(fromA >= 4 + 3 + 1 && fromB >= 4);
  t.same(ofA.slice(5), [
    `${fromB} segments received`,
    `${fromA} segments sent out`,
    '0 segments retransmitted',
    '0 bad segments received',
    '1 resets sent',
  ]);
  t.same(ofB.slice(5), [
    `${fromA} segments received`,
    `${fromB} segments sent out`,
    '0 segments retransmitted',
    '0 bad segments received',
    '1 resets sent',
  ]);
  server.stop();
  await world.until(server.end);
});

t.test('ICMP: by type, in and out; UDP: what came, what nobody wanted', async (t) => {
  const world = cable();
  await world.exec('a', 'ping -c 3 10.0.0.2');
  const { network } = world.machine('a') as StackMachine;
  const open = (world.machine('b') as StackMachine).network.createUdpSocket().bind(7000);
  const socket = network.createUdpSocket();
  for (const port of [7000, 7000, 7001]) socket.send('hello', port, '10.0.0.2');
  await world.runFor(100);
  t.same(await group(world, 'b', 'Icmp'), [
    '3 ICMP messages received',
    '0 input ICMP message failed',
    'ICMP input histogram:',
    '    echo requests: 3',
    '4 ICMP messages sent',
    '0 ICMP messages failed',
    'ICMP output histogram:',
    '    destination unreachable: 1',
    '    echo replies: 3',
    'echoRequestsIn: 3',
    'errorsOut: 1',
  ]);
  t.same((await group(world, 'a', 'Icmp')).slice(0, 9), [
    '4 ICMP messages received',
    '0 input ICMP message failed',
    'ICMP input histogram:',
    '    destination unreachable: 1',
    '    echo replies: 3',
    '3 ICMP messages sent',
    '0 ICMP messages failed',
    'ICMP output histogram:',
    '    echo requests: 3',
  ]);
  const udp = (received: number, unknown: number, sent: number) => [
    `${received} packets received`,
    `${unknown} packets to unknown port received`,
    '0 packet receive errors',
    `${sent} packets sent`,
    '0 receive buffer errors',
  ];
  t.same(await group(world, 'b', 'Udp'), udp(2, 1, 0));
  t.same(await group(world, 'a', 'Udp'), udp(0, 0, 3));
  open.close();
  socket.close();
});

t.test('retransmissions are told apart from what is sent', async (t) => {
  const world = cable((frame) => frame % 20 === 19);
  const server = await begin(world, 'b', 'iperf -s');
  const { stdout } = await world.exec('a', 'iperf -c 10.0.0.2 -n 1M --json');
  const { retransmits } = JSON.parse(stdout).end.sum_sent;
  const lines = await group(world, 'a', 'Tcp');
  const again = Number(lines.find((line) => line.endsWith('retransmitted'))?.split(' ')[0]);
  const sent = Number(lines.find((line) => line.endsWith('sent out'))?.split(' ')[0]);
  t.ok(again >= retransmits && retransmits > 10, 'those of the control connection too');
  t.equal(sent + again, segmentsFrom(world, 'a'));
  server.stop();
  await world.until(server.end);
});
