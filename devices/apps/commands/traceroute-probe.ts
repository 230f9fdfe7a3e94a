/** The two kinds of probes of `traceroute`: UDP to ports where nobody listens, and ICMP echo requests. */
import type { Network } from '../../net/network.js';
import type { PingSocket } from '../../net/ping-socket.js';
import type { UdpSocket } from '../../net/udp-socket.js';
import type { Instant } from '../../stack/clock.js';
import { ICMP_TIME_EXCEEDED } from '../../stack/wire/icmp.js';

interface Answer {
  readonly from: string;
  readonly roundTripMs: number;
  /** Nothing further away will answer. */
  readonly final: boolean;
}

export type ProbeAnswer =
  | (Answer & { readonly kind: 'reply' })
  | (Answer & { readonly kind: 'error'; readonly type: number; readonly code: number });

export interface Prober {
  /** Told of each probe's first answer, and perhaps of more. */
  onAnswer: (probe: number, answer: ProbeAnswer) => void;
  /** Probes are counted from 0. One that cannot be sent is never answered. */
  send(probe: number, ttl: number): void;
  close(): void;
}

const FIRST_PORT = 33434;
const UDP_HEADERS_BYTES = 28;

export class UdpProber implements Prober {
  onAnswer: Prober['onAnswer'] = () => {};
  private readonly network: Network;
  private readonly address: string;
  private readonly firstPort: number;
  private readonly payload: Uint8Array;
  private readonly socket: UdpSocket;
  private readonly sentAt: Instant[] = [];

  /** `packetBytes` counts the headers too. */
  constructor(network: Network, address: string, packetBytes: number, firstPort = FIRST_PORT) {
    this.network = network;
    this.address = address;
    this.firstPort = firstPort;
    this.payload = Uint8Array.from({ length: packetBytes - UDP_HEADERS_BYTES }, (_, index) => 0x40 + (index & 0x3f));
    this.socket = network.createUdpSocket({ program: 'traceroute' });
    this.socket.on('icmpError', ({ type, code, from, port }) => {
      this.answered(port - this.firstPort, { kind: 'error', from, type, code, final: type !== ICMP_TIME_EXCEEDED });
    });
    // Somebody listens there after all, and answers.
    this.socket.on('message', (_bytes, { address: from, port }) => {
      this.answered(port - this.firstPort, { kind: 'reply', from, final: true });
    });
  }

  send(probe: number, ttl: number): void {
    this.sentAt[probe] = this.network.now();
    this.socket.setTTL(ttl);
    // An error here (no route any more) leaves the probe without an answer.
    this.socket.send(this.payload, this.firstPort + probe, this.address, () => {});
  }

  close(): void {
    this.socket.close();
  }

  private answered(
    probe: number,
    answer:
      | Omit<Extract<ProbeAnswer, { kind: 'error' }>, 'roundTripMs'>
      | Omit<Extract<ProbeAnswer, { kind: 'reply' }>, 'roundTripMs'>,
  ): void {
    const sentAt = this.sentAt[probe];
    if (sentAt !== undefined) this.onAnswer(probe, { ...answer, roundTripMs: this.network.now() - sentAt });
  }
}

export class IcmpProber implements Prober {
  onAnswer: Prober['onAnswer'] = () => {};
  private readonly address: string;
  private readonly data: Uint8Array;
  private readonly socket: PingSocket;

  constructor(network: Network, address: string, packetBytes: number) {
    this.address = address;
    this.data = new Uint8Array(packetBytes - UDP_HEADERS_BYTES);
    this.socket = network.createPingSocket();
    this.socket.on('response', (response) => {
      const { from, roundTripMs, sequence } = response;
      if (response.kind === 'reply') {
        this.onAnswer(sequence - 1, { kind: 'reply', from, roundTripMs, final: true });
      } else {
        const { type, code } = response;
        const final = type !== ICMP_TIME_EXCEEDED;
        this.onAnswer(sequence - 1, { kind: 'error', from, roundTripMs, type, code, final });
      }
    });
  }

  send(probe: number, ttl: number): void {
    try {
      this.socket.send({ address: this.address, sequence: probe + 1, ttl, data: this.data });
    } catch (error) {
      // No route any more: the probe stays without an answer.
      if ((error as { syscall?: string }).syscall !== 'send') throw error;
    }
  }

  close(): void {
    this.socket.close();
  }
}
