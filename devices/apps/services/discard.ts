import type { Service } from './service.js';

/** RFC 863: everything is read and forgotten; no answer. */
export const discard: Service = {
  name: 'discard',
  port: 9,
  converse(socket) {
    socket.on('end', () => socket.end());
    socket.resume();
  },
  answer: () => undefined,
};
