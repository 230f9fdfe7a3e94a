import type { Service } from './service.js';

/** RFC 862: everything comes back, until the peer has ended and heard the rest. */
export const echo: Service = {
  name: 'echo',
  port: 7,
  converse(socket) {
    // Who sends without reading closes our window, and so its own mouth.
    socket.pipe(socket);
  },
  answer: (datagram) => datagram,
};
