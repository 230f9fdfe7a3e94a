/** Hands datagrams from one UDP socket to another and knows nothing of frames: `bare-forwarder IN OUT NEXT`. */
import { createSocket } from 'node:dgram';

const [inPort, outPort, nextPort] = process.argv.slice(2).map(Number);
const out = createSocket('udp4');
out.bind(outPort, '127.0.0.1', () => {
  out.connect(nextPort, '127.0.0.1', () => {
    const incoming = createSocket('udp4', (datagram) => out.send(datagram));
    incoming.bind(inPort, '127.0.0.1', () => {
      incoming.setRecvBufferSize(4 * 1024 * 1024);
      process.stdout.write('ready\n');
    });
  });
});
out.on('error', () => {});
process.stdin.on('end', () => process.exit(0)).resume();
