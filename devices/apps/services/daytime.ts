import type { Service } from './service.js';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * RFC 867: the time in words, whatever is asked.
 * @param wallClock milliseconds since 1970
 */
export function daytime(wallClock: () => number): Service {
  const line = () => Buffer.from(`${formatTime(wallClock())}\r\n`, 'latin1');
  return {
    name: 'daytime',
    port: 13,
    converse(socket) {
      // What was asked is read, so that the end is no reset.
      socket.resume();
      socket.write(line());
      socket.destroySoon();
    },
    answer: line,
  };
}

/** As asctime(3) writes it, which is what inetd sends, in UTC: `Sun Nov  1 09:05:00 2026`. */
function formatTime(ms: number): string {
  const date = new Date(ms);
  const day = String(date.getUTCDate()).padStart(2);
  const clock = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${clock} ${date.getUTCFullYear()}`;
}
