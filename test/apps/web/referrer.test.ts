import t from 'tap';
import { type ReferrerPolicy, readReferrerPolicy, refererFor } from '../../../devices/apps/web/referrer.js';

const FROM = new URL('https://zss:secret@www.server.com/page?q=1#part');
const FULL = 'https://www.server.com/page?q=1';
const ORIGIN = 'https://www.server.com/';

t.test('what the same origin, another origin, and one without TLS are told', async (t) => {
  const told: Readonly<Record<ReferrerPolicy, readonly (string | undefined)[]>> = {
    'no-referrer': [undefined, undefined, undefined],
    'no-referrer-when-downgrade': [FULL, FULL, undefined],
    'same-origin': [FULL, undefined, undefined],
    origin: [ORIGIN, ORIGIN, ORIGIN],
    'strict-origin': [ORIGIN, ORIGIN, undefined],
    'origin-when-cross-origin': [FULL, ORIGIN, ORIGIN],
    'strict-origin-when-cross-origin': [FULL, ORIGIN, undefined],
    'unsafe-url': [FULL, FULL, FULL],
  };
  const targets = ['https://www.server.com/a', 'https://img.server.com/a', 'http://www.server.com/a'];
  for (const [policy, expected] of Object.entries(told) as [ReferrerPolicy, string[]][]) {
    t.strictSame(
      targets.map((url) => refererFor(FROM, new URL(url), policy)),
      expected,
      policy,
    );
  }
});

t.test('of several policies, the last one that is known', async (t) => {
  t.equal(readReferrerPolicy('no-referrer, strict-origin, some-new-one'), 'strict-origin');
  t.equal(readReferrerPolicy('ORIGIN'), 'origin');
  t.equal(readReferrerPolicy('nonsense'), undefined);
  t.equal(readReferrerPolicy(undefined), undefined);
});
