import t from 'tap';
import { didYouMean, editDistance, nearest } from '../../../devices/stack/wire/nearest.js';

t.test('the distance counts insertions, deletions, changes and swapped neighbours', async (t) => {
  t.equal(editDistance('host', 'host'), 0);
  t.equal(editDistance('hots', 'host'), 1);
  t.equal(editDistance('hst', 'host'), 1);
  t.equal(editDistance('', 'hub'), 3);
  t.equal(editDistance('router', 'switch'), 5);
});

t.test('only what is near is suggested', async (t) => {
  const kinds = ['host', 'switch', 'hub', 'router', 'dns-server'];
  t.equal(nearest('hots', kinds), 'host');
  t.equal(nearest('Host', kinds), 'host');
  t.equal(nearest('dnsserver', kinds), 'dns-server');
  t.equal(nearest('firewall', kinds), undefined);
  t.equal(nearest('b', ['a']), undefined, 'a change of the only letter is no slip');
  t.equal(nearest('x'.repeat(5000), kinds), undefined);
  t.equal(didYouMean('rooter', kinds), ' Did you mean "router"?');
  t.equal(didYouMean('firewall', kinds), '');
});
