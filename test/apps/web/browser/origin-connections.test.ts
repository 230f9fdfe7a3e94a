/** Who gets a connection, and who hears that there is none, when several attempts are under way. */
import t from 'tap';
import { DialError } from '../../../../devices/apps/connect.js';
import {
  MAX_CONNECTIONS_PER_ORIGIN,
  OriginConnections,
} from '../../../../devices/apps/web/browser/origin-connections.js';
import type { HttpConnection } from '../../../../devices/apps/web/client/message.js';

const REFUSED = new DialError({ code: 'ECONNREFUSED', message: 'no', stage: 'tcp' }, { connectStart: 1 });

/** Attempts that the test decides on, each with one place for a request. */
function origin() {
  const attempts: { succeed(): void; fail(): void }[] = [];
  const dial = () =>
    new Promise<HttpConnection>((resolve, reject) => {
      const connection = { protocol: 'HTTP/1.1', remote: '10.0.0.2:80', timing: {}, room: 1, taken: 0, closed: false };
      const reserve = () => Object.assign(connection, { room: 0, taken: connection.taken + 1 });
      attempts.push({
        succeed: () => resolve(Object.assign(connection, { reserve }) as unknown as HttpConnection),
        fail: () => reject(REFUSED),
      });
    });
  const connections = new OriginConnections(false, dial);
  const outcomes: string[] = [];
  const take = (count: number) => {
    for (let index = 0; index < count; index++) {
      connections.take(['10.0.0.2'], 'low').then(
        ({ isFirst }) => outcomes.push(isFirst ? 'first' : 'later'),
        (error: DialError) => outcomes.push(error.timing === undefined ? 'waited' : 'tried'),
      );
    }
  };
  return { attempts, outcomes, take };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

t.test('one attempt fails: who waits is served by the others', async (t) => {
  const { attempts, outcomes, take } = origin();
  take(3);
  t.equal(attempts.length, 3);
  attempts[0].fail();
  await settled();
  t.strictSame(outcomes, [], 'nothing is decided yet');
  t.equal(attempts.length, 3, 'and nothing is tried again');
  for (const attempt of attempts.slice(1)) attempt.succeed();
  await settled();
  t.strictSame(outcomes, ['first', 'first']);
  t.equal(attempts.length, 4, 'the third one gets its own, now that there is somebody');
});

t.test('all attempts fail: all hear of it, and the first one has seen it', async (t) => {
  const { attempts, outcomes, take } = origin();
  take(9);
  t.equal(attempts.length, MAX_CONNECTIONS_PER_ORIGIN);
  for (const attempt of attempts) attempt.fail();
  await settled();
  t.strictSame(outcomes, ['tried', ...Array.from({ length: 8 }, () => 'waited')]);
  t.equal(attempts.length, MAX_CONNECTIONS_PER_ORIGIN, 'nobody tries for ever');
  take(1);
  t.equal(attempts.length, MAX_CONNECTIONS_PER_ORIGIN + 1, 'who comes later tries anew');
});
