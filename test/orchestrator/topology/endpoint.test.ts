import t from 'tap';
import { ethernetIndex, parseEndpoint, parseLink, switchPortIndex } from '../../../orchestrator/topology/endpoint.js';

t.test('a link has two ends, each a device with or without a port', async (t) => {
  t.same(parseLink('client:eth0 -- sw1:3'), {
    left: { device: 'client', port: 'eth0' },
    right: { device: 'sw1', port: '3' },
  });
  t.same(parseLink('a  --  b'), { left: { device: 'a' }, right: { device: 'b' } });
  t.same(parseLink('home-router:eth1 -- isp-router'), {
    left: { device: 'home-router', port: 'eth1' },
    right: { device: 'isp-router' },
  });
});

t.test('anything else is none', async (t) => {
  for (const text of ['', 'a', 'a b', 'a--b', 'a - b', 'a -- b -- c', 'a: -- b', ':1 -- b', 'a:1:2 -- b']) {
    t.equal(parseLink(text), undefined, text);
  }
});

t.test('ports by number', async (t) => {
  t.same(parseEndpoint('sw:1'), { device: 'sw', port: '1' });
  t.equal(ethernetIndex('eth0'), 0);
  t.equal(ethernetIndex('eth12'), 12);
  t.equal(ethernetIndex('eth01'), undefined);
  t.equal(ethernetIndex('1'), undefined);
  t.equal(switchPortIndex('3'), 3);
  t.equal(switchPortIndex('0'), undefined);
  t.equal(switchPortIndex('eth0'), undefined);
});
