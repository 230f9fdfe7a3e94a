/** DNS servers that answer as a test wants, right or wrong, over UDP and TCP. */
import { DnsFrames, frameDns } from '../../../devices/net/dns-framing.js';
import { parseIpv4 } from '../../../devices/stack/wire/address.js';
import { type DnsMessage, dnsResponse, emitDns, parseDns } from '../../../devices/stack/wire/dns.js';
import { CLASS_IN, type ResourceRecord } from '../../../devices/stack/wire/dns-record.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import type { DnsNet, DnsNode } from './dns-net.js';

export interface ScriptedQuery {
  readonly query: DnsMessage;
  readonly transport: 'udp' | 'tcp';
}

/** Messages, or bytes as they are; `hang up` closes the connection. */
export type Script = (asked: ScriptedQuery) => readonly (DnsMessage | Uint8Array | 'hang up')[];

export interface ScriptedServer {
  readonly node: DnsNode;
  /** In the order in which they came. */
  readonly asked: ScriptedQuery[];
  /** TCP connections so far. */
  connections: number;
}

export function scripted(net: DnsNet, name: string, script: Script): ScriptedServer {
  const node = net.host(name);
  const server: ScriptedServer = { node, asked: [], connections: 0 };
  const answersTo = (bytes: Uint8Array, transport: 'udp' | 'tcp') => {
    const query = parseDns(bytes);
    if (isMalformed(query)) throw new Error(query.malformed);
    server.asked.push({ query, transport });
    return script({ query, transport });
  };
  const datagrams = node.network.createUdpSocket().bind({ port: 53 });
  datagrams.on('message', (bytes, from) => {
    for (const answer of answersTo(bytes, 'udp')) {
      if (answer === 'hang up') continue;
      datagrams.send(answer instanceof Uint8Array ? answer : emitDns(answer), from.port, from.address);
    }
  });
  node.network
    .createServer({ noDelay: true }, (socket) => {
      server.connections += 1;
      const frames = new DnsFrames();
      socket.on('error', () => {});
      socket.on('data', (chunk: Uint8Array) => {
        for (const bytes of frames.push(chunk)) {
          for (const answer of answersTo(bytes, 'tcp')) {
            if (answer === 'hang up') socket.end();
            else socket.write(answer instanceof Uint8Array ? answer : frameDns(emitDns(answer)));
          }
        }
      });
    })
    .listen({ port: 53 });
  return server;
}

/** `address` for the name that was asked for, with AA. */
export function addressAnswer(query: DnsMessage, address: string, more: Partial<DnsMessage> = {}): DnsMessage {
  return dnsResponse(query, { authoritative: true, answers: [a(query.questions[0].name, address)], ...more });
}

export function a(name: string, address: string, ttl = 300): ResourceRecord {
  return { type: 'A', name, class: CLASS_IN, ttl, address: parseIpv4(address) ?? 0 };
}

export function ns(name: string, target: string): ResourceRecord {
  return { type: 'NS', name, class: CLASS_IN, ttl: 300, target };
}
