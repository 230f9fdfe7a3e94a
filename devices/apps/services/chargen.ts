import type { TcpSocket } from '../../net/tcp-socket.js';
import type { Random } from '../../stack/random.js';
import type { Service } from './service.js';

const LINE_CHARACTERS = 72;
/** Blank to tilde: the printing characters of ASCII. */
const FIRST_CHARACTER = 0x20;
const CHARACTERS = 95;
/** RFC 864: of a datagram. */
const MAX_DATAGRAM_BYTES = 512;

/** Each line begins one character later than the one before; after as many lines as characters it starts over. */
const PATTERN = pattern();

function pattern(): Buffer {
  const line = (start: number): string => {
    const codes = Array.from({ length: LINE_CHARACTERS }, (_, at) => FIRST_CHARACTER + ((start + at) % CHARACTERS));
    return `${String.fromCharCode(...codes)}\r\n`;
  };
  return Buffer.from(Array.from({ length: CHARACTERS }, (_, start) => line(start)).join(''), 'latin1');
}

/** RFC 864: characters without end over TCP, 0 to 512 of them for a datagram. */
export function chargen(random: Random): Service {
  return {
    name: 'chargen',
    port: 19,
    converse(socket) {
      // As inetd's: a peer that has ended only its own direction still hears us, until it closes.
      socket.resume();
      socket.on('drain', () => fill(socket));
      fill(socket);
    },
    answer: () => PATTERN.subarray(0, random.below(MAX_DATAGRAM_BYTES + 1)),
  };
}

/** As much as the connection takes; what it takes next depends on the peer's reading. */
function fill(socket: TcpSocket): void {
  while (socket.writable && socket.write(PATTERN));
}
